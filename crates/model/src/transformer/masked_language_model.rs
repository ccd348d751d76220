//! [`MaskedLanguageModel`]: an encoder that fills gaps.

use super::{
    Activation, Batch, Config, Error, Family, Parameters,
    config::FILE,
    directory::{self, Precision},
    dropout::{Dropout, Seeded},
    encoder::{Dense, Encoder, Norm, activate, single},
    weights::Weights,
};
use std::path::Path;
use tch::{Device, Kind, Tensor, no_grad};

/// An encoder with the head that it was pretrained with: for each token, logits over the vocabulary. The head's last layer is the
/// table of word embeddings.
#[derive(Debug)]
pub struct MaskedLanguageModel {
    config: Config,
    parameters: Parameters,
    encoder: Encoder,
    transform: Dense,
    norm: Norm,
    bias: Tensor,
}

impl MaskedLanguageModel {
    /// Reads `config.json` and `model.safetensors` of a directory in the Hugging Face layout.
    ///
    /// # Errors
    /// Those of [`Config::load`]; [`Error::File`], [`Error::Shape`], [`Error::MissingTensors`] and [`Error::ExtraTensors`] for
    /// weights that are damaged, of another model, or without this head.
    pub fn load(directory: &Path, device: Device, precision: Precision) -> Result<Self, Error> {
        let config = Config::load(directory)?;
        if !config.is_tied() {
            return Err(Error::Config {
                path: directory.join(FILE),
                field: "tie_word_embeddings",
                found: "false".to_owned(),
                expected: "true: a last layer that is the table of word embeddings".to_owned(),
            });
        }
        let mut weights = Weights::read(directory, config.family())?;
        no_grad(|| {
            let mut parameters = Parameters::new(device, precision.kind());
            let encoder = Encoder::read(&mut parameters, &mut weights, &config)?;
            let (dense, norm, bias) = match config.family() {
                Family::Bert => (
                    "cls.predictions.transform.dense",
                    "cls.predictions.transform.LayerNorm",
                    "cls.predictions.bias",
                ),
                Family::Roberta => ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),
            };
            let hidden = config.hidden();
            let transform = Dense::read(&mut parameters, &mut weights, dense, hidden, hidden)?;
            let norm = Norm::read(&mut parameters, &mut weights, norm, &config)?;
            let bias = parameters.read(&mut weights, bias, &[config.vocabulary()])?;
            weights.finish()?;
            Ok(Self { config, parameters, encoder, transform, norm, bias })
        })
    }

    /// The encoder's settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// All weights by name.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Texts of token ids, special tokens included, as a batch for this model.
    ///
    /// # Errors
    /// [`Error::Input`] for a text that is empty, longer than the model's positions, or of another vocabulary.
    pub fn batch(&self, texts: &[&[u32]]) -> Result<Batch, Error> {
        Batch::new(texts, &self.config, self.parameters.device())
    }

    /// Logits over the vocabulary for every token, `texts × tokens × vocabulary`, in single precision, without dropout.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails, such as for want of memory.
    pub fn forward(&self, batch: &Batch) -> Result<Tensor, Error> {
        self.pass(batch, &Dropout::Off)
    }

    /// As [`Self::forward`], but for one token of each text only, `texts × vocabulary`: the head, the larger part of the work, runs
    /// once per text. `positions` are the tokens' places, one per text, counted from the text's first token.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails, such as for a position outside of the batch.
    pub fn forward_at(&self, batch: &Batch, positions: &[usize]) -> Result<Tensor, Error> {
        let positions: Vec<i64> = positions.iter().map(|&position| position as i64).collect();
        let rows = Tensor::f_arange(positions.len() as i64, (Kind::Int64, self.parameters.device()))?;
        let columns = Tensor::f_from_slice(&positions)?.f_to_device(self.parameters.device())?;
        let (_, last) = self.encoder.forward(batch, &Dropout::Off)?;
        self.head(&last.f_index(&[Some(rows), Some(columns)])?)
    }

    /// As [`Self::forward`], with dropout drawn from `seed`, for training. libtorch's generator is held meanwhile.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn forward_with_dropout(&self, batch: &Batch, seed: u64) -> Result<Tensor, Error> {
        self.pass(batch, &Dropout::On(Seeded::new(seed)))
    }

    fn pass(&self, batch: &Batch, dropout: &Dropout) -> Result<Tensor, Error> {
        let (_, last) = self.encoder.forward(batch, dropout)?;
        self.head(&last)
    }

    /// Logits over the vocabulary from hidden states, whose last dimension is `hidden`.
    fn head(&self, state: &Tensor) -> Result<Tensor, Error> {
        // BERT's head has the encoder's non-linearity, RoBERTa's is always this one.
        let activation = match self.config.family() {
            Family::Bert => self.config.activation(),
            Family::Roberta => Activation::Gelu,
        };
        let state = self.norm.forward(&activate(&self.transform.forward(state)?, activation)?)?;
        single(&state.f_linear(self.encoder.words(), Some(&self.bias))?)
    }

    /// Saves the model into `directory`, in the layout that it is read from; `source` is the directory whose tokenizer files are
    /// copied along. The directory must not exist yet or be empty; it appears when it is complete.
    ///
    /// # Errors
    /// [`Error::File`] if the directory holds something, [`Error::Io`] if it cannot be written.
    pub fn save(&self, directory: &Path, source: &Path) -> Result<(), Error> {
        let (architecture, head) = match self.config.family() {
            Family::Bert => ("BertForMaskedLM", "cls."),
            Family::Roberta => ("RobertaForMaskedLM", "lm_head."),
        };
        let text = self.config.text(architecture, None);
        let inside = |name: &str| !name.starts_with(head);
        directory::save(directory, source, &text, self.config.family(), &self.parameters, inside)
    }
}
