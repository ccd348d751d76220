//! [`MaskedLanguageModel`]: an encoder that predicts masked tokens.

use super::{
    Activation, Batch, Config, Error, Family, Parameters,
    config::FILE,
    directory::{self, Precision},
    dropout::{Dropout, Seeded},
    encoder::{Dense, Encoder, Norm, activate, new_dense, single},
    weights::Weights,
};
use std::path::Path;
use tch::{Device, Kind, Tensor, no_grad};

/// An encoder with the head of its pretraining: for each token, logits over the vocabulary. The head's last layer is the table
/// of word embeddings.
///
/// ```no_run
/// use std::path::Path;
/// use steadfast_model::{tch::Device, transformer::{MaskedLanguageModel, Precision}};
///
/// let model = MaskedLanguageModel::load(Path::new("roberta-base"), Device::Cpu, Precision::Single)?;
/// let batch = model.batch(&[&[0, 100, 50264, 2]])?;
/// // Logits over the vocabulary at the mask, which is token 2 of the text.
/// let logits = model.forward_at(&batch, &[2])?;
/// # Ok::<(), steadfast_model::transformer::Error>(())
/// ```
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
        Self::build(directory, None, device, precision)
    }

    /// Reads a pretrained encoder and adds a new head, drawn from `seed`, which has to be trained. An existing head is dropped.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn with_new_head(directory: &Path, seed: u64, device: Device) -> Result<Self, Error> {
        Self::build(directory, Some(seed), device, Precision::Single)
    }

    fn build(
        directory: &Path,
        new_head: Option<u64>,
        device: Device,
        precision: Precision,
    ) -> Result<Self, Error> {
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
            let [dense, norm, bias] = names(config.family());
            let (hidden, vocabulary) = (config.hidden(), config.vocabulary());
            if let Some(seed) = new_head {
                let _seeded = Seeded::new(seed);
                let (drawn, zero) = new_dense(hidden, hidden)?;
                weights.put(&format!("{dense}.weight"), drawn);
                weights.put(&format!("{dense}.bias"), zero.shallow_clone());
                weights.put(&format!("{norm}.weight"), zero.f_ones_like()?);
                weights.put(&format!("{norm}.bias"), zero);
                weights.put(bias, Tensor::f_zeros([vocabulary], (Kind::Float, Device::Cpu))?);
            }
            let transform = Dense::read(&mut parameters, &mut weights, dense, hidden, hidden)?;
            let norm = Norm::read(&mut parameters, &mut weights, norm, &config)?;
            let bias = parameters.read(&mut weights, bias, &[vocabulary])?;
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
    /// [`Error::Torch`] if libtorch fails, for example if memory runs out.
    pub fn forward(&self, batch: &Batch) -> Result<Tensor, Error> {
        self.pass(batch, &Dropout::Off)
    }

    /// As [`Self::forward`], but for one token of each text only, `texts × vocabulary`: the head, the larger part of the work, runs
    /// once per text. `positions` has one token per text, counted from the text's first.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails, such as for a position outside of the batch.
    pub fn forward_at(&self, batch: &Batch, positions: &[usize]) -> Result<Tensor, Error> {
        self.predict(batch, &positions.iter().copied().enumerate().collect::<Vec<_>>())
    }

    /// Logits over the vocabulary for the tokens in these rows and columns of a batch.
    pub(crate) fn predict(&self, batch: &Batch, positions: &[(usize, usize)]) -> Result<Tensor, Error> {
        self.pass_at(batch, positions, &Dropout::Off)
    }

    /// As [`Self::predict`], with dropout drawn from `seed`.
    pub(crate) fn predict_with_dropout(
        &self,
        batch: &Batch,
        positions: &[(usize, usize)],
        seed: u64,
    ) -> Result<Tensor, Error> {
        self.pass_at(batch, positions, &Dropout::On(Seeded::new(seed)))
    }

    fn pass_at(
        &self,
        batch: &Batch,
        positions: &[(usize, usize)],
        dropout: &Dropout,
    ) -> Result<Tensor, Error> {
        let index = |numbers: Vec<i64>| -> Result<Tensor, Error> {
            Ok(Tensor::f_from_slice(&numbers)?.f_to_device(self.parameters.device())?)
        };
        let rows = index(positions.iter().map(|&(row, _)| row as i64).collect())?;
        let columns = index(positions.iter().map(|&(_, column)| column as i64).collect())?;
        let (_, last) = self.encoder.forward(batch, dropout)?;
        self.head(&last.f_index(&[Some(rows), Some(columns)])?)
    }

    /// As [`Self::forward`], with dropout drawn from `seed`, for training. libtorch's generator is locked meanwhile.
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

    /// Saves the model into `directory`, in the layout that [`Self::load`] reads, with the tokenizer's files of the directory
    /// `source`. The directory must not exist yet or be empty; it appears when it is complete.
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

/// Names of the head's dense layer, its normalization and its bias.
const fn names(family: Family) -> [&'static str; 3] {
    match family {
        Family::Bert => {
            ["cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"]
        }
        Family::Roberta => ["lm_head.dense", "lm_head.layer_norm", "lm_head.bias"],
    }
}
