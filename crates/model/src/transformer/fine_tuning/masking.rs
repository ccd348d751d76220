//! [`Masking`]: hidden tokens, which a masked language model learns to predict.

use super::{
    super::{
        Config, Error, MaskedLanguageModel, Parameters, Subwords,
        batch::{halving, next},
        inference,
    },
    Trainable,
    batches::shuffle,
};
use rand_core::Rng;
use steadfast_certify::{
    Phase,
    seed::{Purpose, derive, generator},
};
use tch::{Device, Tensor, no_grad};

/// The share of a text's tokens that are hidden.
const SHARE: f64 = 0.15;

/// No token's id: every token is right.
const ANY: i64 = -1;

/// Hides tokens as BERT does (Devlin et al. 2019, Section 3.1): 15% of a text's tokens without the special ones, rounded, and
/// at least one. Of these, 80% become the mask, 10% a token drawn from the whole vocabulary, and 10% stay.
///
/// ```no_run
/// use std::{ops::ControlFlow, path::Path, sync::Arc};
/// use steadfast_model::{tch::Device, transformer::{FineTuning, MaskedLanguageModel, Masking, Subwords, fine_tune}};
/// use steadfast_perturb::{Lexicon, Tokenizer};
///
/// let (folder, lexicon) = (Path::new("all-MiniLM-L6-v2"), Arc::new(Lexicon::new()));
/// let model = MaskedLanguageModel::with_new_head(folder, 1, Device::Cpu)?;
/// let subwords = Subwords::load(folder, model.config(), Arc::clone(&lexicon))?;
/// let masking = Masking::new(&subwords, model.config())?;
///
/// let texts = vec![subwords.encode(&Tokenizer::words().tokenize(&lexicon, "a slow start, a fine end"))?];
/// let settings = FineTuning::default();
/// let mut training = |epoch| Ok(masking.epoch(&texts, settings.seed, epoch)?);
/// fine_tune(&model, &settings, &mut training, &[], None, &mut |_| ControlFlow::Continue(()))?;
/// # Ok::<(), steadfast_model::transformer::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masking {
    mask: u32,
    vocabulary: u64,
    before: usize,
    after: usize,
}

/// A text with hidden tokens, and the tokens to be predicted at their positions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MaskedText {
    /// The model's input: tokens with the special ones around them.
    pub tokens: Vec<u32>,
    /// Positions, counted from the first token, and the right token at each; `None` where every token of the vocabulary is right.
    pub hidden: Vec<(usize, Option<u32>)>,
}

impl AsRef<[u32]> for MaskedText {
    fn as_ref(&self) -> &[u32] {
        &self.tokens
    }
}

impl Masking {
    /// Masking for texts from `subwords` and a model of `config`.
    ///
    /// # Errors
    /// [`Error::OtherTokenizer`] for a tokenizer without a mask.
    pub fn new(subwords: &Subwords, config: &Config) -> Result<Self, Error> {
        let mask = subwords.mask().ok_or_else(|| Error::OtherTokenizer {
            path: subwords.path().to_owned(),
            problem: "it has no token that hides another one".to_owned(),
        })?;
        let (before, after) = subwords.around();
        Ok(Self { mask, vocabulary: config.vocabulary().cast_unsigned(), before, after })
    }

    /// The size of the vocabulary.
    #[must_use]
    pub const fn vocabulary(&self) -> u64 {
        self.vocabulary
    }

    /// A text with some of its tokens hidden, none of which is one of `kept`.
    ///
    /// # Errors
    /// [`Error::Input`] for a text without tokens to hide.
    pub fn hide(&self, tokens: &[u32], kept: &[u32], rng: &mut impl Rng) -> Result<MaskedText, Error> {
        let mut positions = self.positions(tokens, kept);
        if positions.is_empty() {
            let problem = "has no token to hide, expected at least one besides the special ones".to_owned();
            return Err(Error::Input { index: 0, problem });
        }
        shuffle(&mut positions, rng);
        positions.truncate(((SHARE * positions.len() as f64).round() as usize).max(1));
        positions.sort_unstable();
        let mut text = MaskedText { tokens: tokens.to_vec(), hidden: Vec::with_capacity(positions.len()) };
        for position in positions {
            let Some(token) = text.tokens.get_mut(position) else { continue };
            text.hidden.push((position, Some(*token)));
            *token = match rng.next_u64() % 10 {
                0..=7 => self.mask,
                8 => self.random(rng),
                _ => *token,
            };
        }
        Ok(text)
    }

    /// The positions of a text's tokens that may be hidden: not those of special tokens, nor of `kept`.
    #[must_use]
    pub fn positions(&self, tokens: &[u32], kept: &[u32]) -> Vec<usize> {
        let mut positions: Vec<usize> = (self.before..tokens.len().saturating_sub(self.after)).collect();
        positions.retain(|&position| tokens.get(position).is_some_and(|token| !kept.contains(token)));
        positions
    }

    /// Any token of the vocabulary. The bias of the remainder is below 2⁻³².
    fn random(&self, rng: &mut impl Rng) -> u32 {
        (rng.next_u64() % self.vocabulary) as u32
    }

    /// All texts of an epoch with hidden tokens, which differ between epochs: the training texts for
    /// [`fine_tune`](super::fine_tune).
    ///
    /// # Errors
    /// As [`Self::hide`], with the text's number.
    pub fn epoch(&self, texts: &[Vec<u32>], seed: u64, epoch: u64) -> Result<Vec<MaskedText>, Error> {
        // A stream of its own, since the trainer may use the same seed.
        let seed = derive("hidden tokens", [seed]);
        let hidden = |(number, text): (usize, &Vec<u32>)| {
            let mut rng = generator(seed, Phase::Training, epoch, number as u64, Purpose::Noise);
            self.hide(text, &[], &mut rng).map_err(|error| error.of_input(number))
        };
        texts.iter().enumerate().map(hidden).collect()
    }
}

/// Cross-entropy of each hidden token; where every token is right, its mean over the vocabulary.
impl Trainable for MaskedLanguageModel {
    type Text = MaskedText;

    fn parameters(&self) -> &Parameters {
        self.parameters()
    }

    fn length(&self, text: &MaskedText) -> usize {
        text.tokens.len()
    }

    fn losses(&self, text: &MaskedText) -> usize {
        text.hidden.len()
    }

    fn numbers(&self, text: &MaskedText) -> Vec<u64> {
        let head = [text.tokens.len() as u64, text.hidden.len() as u64];
        let token = |token: Option<u32>| token.map_or(u64::MAX, u64::from);
        let hidden = text.hidden.iter().flat_map(|&(position, right)| [position as u64, token(right)]);
        head.into_iter().chain(text.tokens.iter().map(|&token| token.into())).chain(hidden).collect()
    }

    /// Refuses texts without hidden tokens, positions outside a text, and tokens outside the vocabulary.
    fn check(&self, texts: &[MaskedText]) -> Result<(), Error> {
        for (index, text) in texts.iter().enumerate() {
            let outside = |&&(position, token): &&(usize, Option<u32>)| {
                let unknown = |token| i64::from(token) >= self.config().vocabulary();
                position >= text.tokens.len() || token.is_some_and(unknown)
            };
            let problem = match text.hidden.iter().find(outside) {
                Some((position, token)) => {
                    let token =
                        token.map_or_else(|| "any token".to_owned(), |token| format!("token {token}"));
                    format!("hides {token} at position {position}, which it does not have")
                }
                None if text.hidden.is_empty() => "hides no token, expected at least one".to_owned(),
                None => continue,
            };
            return Err(Error::Input { index, problem });
        }
        Ok(())
    }

    fn loss(&self, texts: &[&MaskedText], seed: u64) -> Result<Tensor, Error> {
        let logits = self.predict_with_dropout(&self.batch(&rows(texts))?, &positions(texts), seed)?;
        let hidden = hidden(texts, logits.device())?;
        let logs = logits.f_log_softmax(-1, None)?;
        let right = logs.f_gather(-1, &hidden.f_clamp_min(0)?.f_unsqueeze(-1)?, false)?.f_squeeze_dim(-1)?;
        let all = logs.f_mean_dim(-1, false, None)?;
        Ok(right.f_where_self(&hidden.f_ge(0)?, &all)?.f_sum(None)?.f_neg()?)
    }

    fn accuracy(&self, texts: &[MaskedText]) -> Result<f64, Error> {
        let mut order: Vec<&MaskedText> = texts.iter().collect();
        order.sort_by_key(|text| text.tokens.len());
        let mut limit = inference::TOKENS;
        let all = texts.iter().flat_map(|text| &text.hidden).filter(|(_, token)| token.is_some()).count();
        let (mut start, mut right) = (0, 0);
        let mut compute = |part: &[&MaskedText]| {
            no_grad(|| {
                let logits = self.predict(&self.batch(&rows(part))?, &positions(part))?;
                let answers = logits.f_argmax(-1, false)?;
                let right = answers.f_eq_tensor(&hidden(part, logits.device())?)?;
                Ok(vec![right.f_sum(tch::Kind::Int64)?.f_int64_value(&[])?])
            })
        };
        while let Some(part) = next(&order, start, limit) {
            start += part.len();
            right += halving(part, &mut limit, &mut compute)?.into_iter().sum::<i64>();
        }
        Ok(right as f64 / all.max(1) as f64)
    }
}

fn rows<'t>(texts: &[&'t MaskedText]) -> Vec<&'t [u32]> {
    texts.iter().map(|text| text.tokens.as_slice()).collect()
}

/// Row and column of each hidden token of a batch.
fn positions(texts: &[&MaskedText]) -> Vec<(usize, usize)> {
    let of_text = |(row, text): (usize, &&MaskedText)| {
        text.hidden.iter().map(|&(position, _)| (row, position)).collect::<Vec<_>>()
    };
    texts.iter().enumerate().flat_map(of_text).collect()
}

/// The right token at each position, and [`ANY`] where every token is right.
fn hidden(texts: &[&MaskedText], device: Device) -> Result<Tensor, Error> {
    let token = |&(_, token): &(usize, Option<u32>)| token.map_or(ANY, i64::from);
    let tokens: Vec<i64> = texts.iter().flat_map(|text| &text.hidden).map(token).collect();
    Ok(Tensor::f_from_slice(&tokens)?.f_to_device(device)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seventh_of_the_tokens_is_hidden_mostly_by_the_mask() {
        let masking = Masking { mask: 4, vocabulary: 1_000_000, before: 1, after: 1 };
        let text = |number: u32| (0..42).map(|position| 1000 + number * 42 + position).collect::<Vec<u32>>();
        let texts: Vec<Vec<u32>> = (0..1000).map(text).collect();
        let epoch = masking.epoch(&texts, 1, 0).unwrap();
        let (mut masks, mut kept, mut seen) = (0, 0, [0; 42]);
        for (text, hidden) in texts.iter().zip(&epoch) {
            // 15% of 40.
            assert_eq!(hidden.hidden.len(), 6);
            assert!(hidden.hidden.is_sorted_by(|a, b| a.0 < b.0));
            for (position, (&token, &shown)) in text.iter().zip(&hidden.tokens).enumerate() {
                match hidden.hidden.iter().find(|(hidden, _)| *hidden == position) {
                    Some(&(_, right)) => {
                        assert_eq!(right, Some(token));
                        masks += usize::from(shown == 4);
                        kept += usize::from(shown == token);
                        seen[position] += 1;
                    }
                    None => assert_eq!(token, shown),
                }
            }
        }
        // 6,000 hidden tokens; ± 5 standard deviations. Special tokens are never hidden.
        assert!((4645..=4955).contains(&masks) && (484..=716).contains(&kept), "{masks} and {kept}");
        assert!(seen[0] == 0 && seen[41] == 0 && seen[1..41].iter().all(|count| (94..=206).contains(count)));
        assert_eq!(epoch, masking.epoch(&texts, 1, 0).unwrap());
        assert_ne!(epoch, masking.epoch(&texts, 1, 1).unwrap());
        assert_ne!(epoch, masking.epoch(&texts, 2, 0).unwrap());
    }

    #[test]
    fn short_texts_hide_one_token_and_empty_ones_are_refused() {
        let masking = Masking { mask: 4, vocabulary: 10, before: 1, after: 1 };
        let epoch = masking.epoch(&[vec![2, 7, 3], vec![2, 7, 8, 9, 3]], 1, 0).unwrap();
        assert_eq!(epoch[0].hidden, [(1, Some(7))]);
        assert_eq!(epoch[1].hidden.len(), 1);
        let error = masking.epoch(&[vec![2, 7, 3], vec![2, 3]], 1, 0).unwrap_err();
        assert!(matches!(error, Error::Input { index: 1, .. }), "{error}");
        let mut rng = generator(1, Phase::Training, 0, 0, Purpose::Noise);
        for _ in 0..20 {
            assert_eq!(masking.hide(&[2, 7, 8, 3], &[8], &mut rng).unwrap().hidden, [(1, Some(7))]);
        }
        assert!(masking.hide(&[2, 8, 8, 3], &[8], &mut rng).is_err());
    }
}
