//! [`PseudoPerplexity`]: how badly a text reads, by a masked language model.

use super::{Perplexity, scores::setting};
use crate::Error;
use std::{ops::ControlFlow, path::Path, sync::Arc};
use steadfast_model::transformer::{
    Error as ModelError, FineTuning, MaskedLanguageModel, Masking, Precision, Progress, Subwords, fine_tune,
};
use steadfast_perturb::{Lexicon, WordId};
use tch::{Device, Kind, Tensor, no_grad};

/// The pseudo-perplexity of texts under a masked language model (Salazar et al. 2020, ACL;
/// <https://arxiv.org/abs/1910.14659>).
///
/// Each token is hidden in turn and predicted from all others:
///
/// ```text
/// PPPL(x) = exp(−(1/n) Σᵢ log p(tokenᵢ | the other tokens))
/// ```
///
/// over the `n` tokens of the text, special ones excepted; tokens behind the model's last position do not count. A
/// text without tokens has pseudo-perplexity 1. It is no perplexity of a causal model, and figures of the two do not
/// compare.
///
/// Any directory in the Hugging Face layout that has a masked-language head serves, such as `bert-base-uncased` or
/// `roberta-base`. Sentence encoders such as `MiniLM-L6` come without one: [`Self::trained`] gives them one, and
/// names what is then asked: a model that learned to fill gaps from these texts alone.
#[derive(Debug)]
pub struct PseudoPerplexity {
    model: MaskedLanguageModel,
    subwords: Subwords,
    mask: u32,
}

/// Tokens that are computed at once.
const TOKENS: usize = 1024;

impl PseudoPerplexity {
    /// Reads model and tokenizer from a directory, for texts of the words of `lexicon`.
    ///
    /// # Errors
    /// [`Error::Transformer`] as [`MaskedLanguageModel::load`] and [`Subwords::load`] refuse directories;
    /// [`Error::NoLanguageModel`] for a model without a masked-language head or a tokenizer without a mask.
    pub fn load(directory: &Path, lexicon: Arc<Lexicon>, device: Device) -> Result<Self, Error> {
        let none = || Error::NoLanguageModel { path: directory.to_owned() };
        let model =
            MaskedLanguageModel::load(directory, device, Precision::Single).map_err(|error| match error {
                ModelError::MissingTensors { first, .. }
                    if first.starts_with("cls.predictions.") || first.starts_with("lm_head.") =>
                {
                    none()
                }
                other => other.into(),
            })?;
        let subwords = Subwords::load(directory, model.config(), lexicon)?;
        let mask = subwords.mask().ok_or_else(none)?;
        Ok(Self { model, subwords, mask })
    }

    /// Gives the encoder in a directory a new masked-language head and trains both on clean texts of words of
    /// `lexicon`: 15% of the tokens are hidden, others in each epoch ([`Masking`]). Every tenth text is kept for
    /// development; none of them may set the bar of [`Onion`](super::Onion). With `settings.frozen` at one more than
    /// the encoder's layers, the head alone is trained. Texts without words are left out.
    ///
    /// # Errors
    /// [`Error::Transformer`] for directories that are refused, settings that train nothing, no texts, or a run that
    /// `observe` stops; [`Error::NoLanguageModel`] for a tokenizer without a mask.
    pub fn trained(
        directory: &Path,
        lexicon: Arc<Lexicon>,
        device: Device,
        texts: &[Vec<WordId>],
        settings: &FineTuning,
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Self, Error> {
        let model = MaskedLanguageModel::with_new_head(directory, settings.seed, device)?;
        let subwords = Subwords::load(directory, model.config(), lexicon)?;
        let mask = subwords.mask().ok_or_else(|| Error::NoLanguageModel { path: directory.to_owned() })?;
        let masking = Masking::new(&subwords, model.config())?;
        let (mut training, mut development) = (Vec::new(), Vec::new());
        for (number, text) in texts.iter().filter(|text| !text.is_empty()).enumerate() {
            let part = if number % 10 == 9 { &mut development } else { &mut training };
            part.push(subwords.encode(text)?);
        }
        let development = masking.epoch(&development, settings.seed, u64::MAX)?;
        let mut epoch = |epoch| Ok(masking.epoch(&training, settings.seed, epoch)?);
        fine_tune(&model, settings, &mut epoch, &development, None, observe)?;
        Ok(Self { model, subwords, mask })
    }

    fn of(&self, text: &[WordId]) -> Result<f64, Error> {
        let tokens = self.subwords.encode(text)?;
        let (before, behind) = self.subwords.around();
        let places: Vec<usize> = (before..tokens.len().saturating_sub(behind)).collect();
        let mut sum = 0.0;
        // Copies of one text have one length: nothing is padded, and a text's value does not depend on other texts.
        for part in places.chunks((TOKENS / tokens.len().max(1)).max(1)) {
            let copies = part.iter().map(|&place| {
                let mut copy = tokens.clone();
                if let Some(token) = copy.get_mut(place) {
                    *token = self.mask;
                }
                copy
            });
            let copies: Vec<Vec<u32>> = copies.collect();
            let rows: Vec<&[u32]> = copies.iter().map(Vec::as_slice).collect();
            let hidden = part.iter().filter_map(|&place| tokens.get(place)).map(|&token| i64::from(token));
            sum += self.log_probability(&rows, part, &hidden.collect::<Vec<_>>())?;
        }
        if !sum.is_finite() {
            return Err(setting("pseudo-perplexity", &"no number", "a model that predicts its tokens"));
        }
        Ok((-sum / places.len().max(1) as f64).exp())
    }

    /// The summed log-probability of the `hidden` tokens at the `places`, one per row.
    fn log_probability(&self, rows: &[&[u32]], places: &[usize], hidden: &[i64]) -> Result<f64, ModelError> {
        no_grad(|| {
            let logits = self.model.forward_at(&self.model.batch(rows)?, places)?;
            let hidden = Tensor::f_from_slice(hidden)?.f_to_device(logits.device())?.f_unsqueeze(1)?;
            let found = logits.f_log_softmax(-1, Kind::Float)?.f_gather(1, &hidden, false)?;
            Ok(found.f_sum(Kind::Double)?.f_double_value(&[])?)
        })
    }
}

impl Perplexity for PseudoPerplexity {
    fn perplexities(&self, texts: &[Vec<WordId>]) -> Result<Vec<f64>, Error> {
        texts.iter().map(|text| self.of(text)).collect()
    }
}
