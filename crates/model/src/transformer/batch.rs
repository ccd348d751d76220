//! [`Batch`]: texts of token ids, padded to one width; and the size of batches.

use super::{Config, Error};
use tch::{Device, Kind, Tensor};

/// Texts as a tensor, and the mask of their padding.
#[derive(Debug)]
pub struct Batch {
    tokens: Tensor,
    mask: Option<Tensor>,
    width: i64,
}

impl Batch {
    /// Texts of token ids, special tokens included, padded on the right to the longest of them.
    ///
    /// # Errors
    /// [`Error::Input`] for a text without tokens, with more than the model has positions, or with one outside its vocabulary.
    pub fn new(texts: &[&[u32]], config: &Config, device: Device) -> Result<Self, Error> {
        let (longest, vocabulary) = (config.longest(), config.vocabulary());
        let width = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let mut ids = Vec::with_capacity(width * texts.len());
        let mut real = Vec::with_capacity(width * texts.len());
        for (index, text) in texts.iter().enumerate() {
            if text.is_empty() || text.len() > longest {
                let problem = format!("has {} tokens, expected 1 to {longest}: cut it first", text.len());
                return Err(Error::Input { index, problem });
            }
            if let Some(token) = text.iter().find(|&&token| i64::from(token) >= vocabulary) {
                let problem = format!("holds token {token}, expected tokens below {vocabulary}");
                return Err(Error::Input { index, problem });
            }
            let gap = width - text.len();
            ids.extend(text.iter().map(|&token| i64::from(token)));
            ids.extend(std::iter::repeat_n(config.padding(), gap));
            real.extend(std::iter::repeat_n(true, text.len()));
            real.extend(std::iter::repeat_n(false, gap));
        }
        let (rows, columns) = (texts.len() as i64, width as i64);
        let tokens = Tensor::f_from_slice(&ids)?.f_view([rows, columns])?.f_to_device(device)?;
        let mask = if real.iter().all(|&real| real) {
            None
        } else {
            let real: Vec<u8> = real.into_iter().map(u8::from).collect();
            let mask = Tensor::f_from_slice(&real)?.f_to_kind(Kind::Bool)?;
            Some(mask.f_view([rows, 1, 1, columns])?.f_to_device(device)?)
        };
        Ok(Self { tokens, mask, width: columns })
    }

    /// Token ids, `texts × tokens`.
    pub const fn tokens(&self) -> &Tensor {
        &self.tokens
    }

    /// True where a token is not padding, `texts × 1 × 1 × tokens`; `None` if none is.
    #[must_use]
    pub const fn mask(&self) -> Option<&Tensor> {
        self.mask.as_ref()
    }

    /// Tokens of the longest text.
    #[must_use]
    pub const fn width(&self) -> i64 {
        self.width
    }
}

/// The next of texts that are sorted by length: at most `tokens` tokens, padding included, and at least one text. `None` after the
/// last.
pub(crate) fn next<T: AsRef<[u32]>>(sorted: &[T], start: usize, tokens: usize) -> Option<&[T]> {
    let rest = sorted.get(start..).filter(|rest| !rest.is_empty())?;
    let fits = |(index, text): &(usize, &T)| *index == 0 || (index + 1) * text.as_ref().len() <= tokens;
    rest.get(..rest.iter().enumerate().take_while(fits).count())
}

/// Computes `items` at once, or, if memory runs out, its halves one after the other.
///
/// `limit` is halved too, so that later batches start smaller.
pub(crate) fn halving<X, Y>(
    items: &[X],
    limit: &mut usize,
    compute: &mut impl FnMut(&[X]) -> Result<Vec<Y>, Error>,
) -> Result<Vec<Y>, Error> {
    match compute(items) {
        Err(Error::Torch { memory: true, .. }) if items.len() > 1 => {
            *limit = (*limit / 2).max(1);
            let (left, right) = items.split_at(items.len() / 2);
            let mut answers = halving(left, limit, compute)?;
            answers.append(&mut halving(right, limit, compute)?);
            Ok(answers)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_so_many_tokens_and_every_text() {
        let cut = |lengths: &[usize], tokens: usize| {
            let texts: Vec<Vec<u32>> = lengths.iter().map(|&length| vec![1; length]).collect();
            let mut sizes = Vec::new();
            while let Some(part) = next(&texts, sizes.iter().sum(), tokens) {
                sizes.push(part.len());
            }
            sizes
        };
        assert!(cut(&[], 10).is_empty());
        assert_eq!(cut(&[2, 2, 3, 3, 20, 20], 9), [3, 1, 1, 1]);
        assert_eq!(cut(&[1; 10], 4), [4, 4, 2]);
        assert_eq!(cut(&[1, 2, 3, 4, 5, 6], 12), [3, 2, 1]);
        assert_eq!(cut(&[7; 3], 1), [1; 3]);
    }

    #[test]
    fn too_little_memory_halves_the_batch_and_goes_on() {
        let mut asked = Vec::new();
        let mut compute = |texts: &[u32]| {
            asked.push(texts.len());
            let memory = Error::Torch { reason: "CUDA out of memory".to_owned(), memory: true };
            if texts.len() > 3 { Err(memory) } else { Ok(texts.iter().map(|text| text * 10).collect()) }
        };
        let mut limit = 64;
        let answers = halving(&[1, 2, 3, 4, 5, 6, 7], &mut limit, &mut compute).unwrap();
        assert_eq!(answers, [10, 20, 30, 40, 50, 60, 70]);
        assert_eq!((asked, limit), (vec![7, 3, 4, 2, 2], 16));
        let mut never =
            |_: &[u32]| Err::<Vec<u32>, _>(Error::Torch { reason: "out of memory".to_owned(), memory: true });
        assert!(halving(&[1, 2], &mut limit, &mut never).is_err());
    }

    #[test]
    fn padding_is_masked() {
        let config = r#"{"model_type": "roberta", "vocab_size": 10, "hidden_size": 4, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 6, "pad_token_id": 1}"#;
        let config = Config::parse(config, std::path::Path::new("config.json")).unwrap();
        let batch = |texts: &[&[u32]]| Batch::new(texts, &config, Device::Cpu);
        let padded = batch(&[&[5, 6, 7], &[8]]).unwrap();
        assert_eq!(padded.tokens().size(), [2, 3]);
        assert_eq!(Vec::<i64>::try_from(padded.tokens().view(-1)).unwrap(), [5, 6, 7, 8, 1, 1]);
        let mask: Vec<bool> = padded.mask().unwrap().view(-1).try_into().unwrap();
        assert_eq!(mask, [true, true, true, true, false, false]);
        assert!(batch(&[&[1, 2], &[3, 4]]).unwrap().mask().is_none());
        // No tokens, more tokens than positions, a token of another vocabulary.
        assert!(matches!(batch(&[&[1], &[]]), Err(Error::Input { index: 1, .. })));
        assert!(matches!(batch(&[&[2; 5]]), Err(Error::Input { index: 0, .. })));
        assert!(matches!(batch(&[&[10]]), Err(Error::Input { index: 0, .. })));
    }
}
