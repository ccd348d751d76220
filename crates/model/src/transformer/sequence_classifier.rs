//! [`SequenceClassifier`]: an encoder with a classification head.

use super::{
    Batch, Config, Error, Family, Parameters,
    directory::{self, Precision},
    dropout::{Dropout, Seeded},
    encoder::{Dense, Encoder, new_dense, single},
    weights::Weights,
};
use siphasher::sip::SipHasher13;
use std::{hash::Hasher, path::Path};
use tch::{Device, Tensor, no_grad};

/// An encoder with a classification head on the first token, as in `transformers`: for BERT the pooler and a dense layer, for
/// `RoBERTa` two dense layers, with a hyperbolic tangent between them.
///
/// ```no_run
/// use std::path::Path;
/// use steadfast_model::{tch::Device, transformer::{Precision, SequenceClassifier}};
///
/// let pretrained = Path::new("all-MiniLM-L6-v2");
/// let model = SequenceClassifier::with_new_head(pretrained, 2, 1, Device::Cpu)?;
/// // … fine-tune it, then
/// model.save(Path::new("my-model"), pretrained)?;
/// let again = SequenceClassifier::load(Path::new("my-model"), Device::Cpu, Precision::Single)?;
/// assert_eq!(again.fingerprint()?, model.fingerprint()?);
/// let logits = again.forward(&again.batch(&[&[101, 2307, 2143, 102]])?)?.logits;
/// # Ok::<(), steadfast_model::transformer::Error>(())
/// ```
#[derive(Debug)]
pub struct SequenceClassifier {
    config: Config,
    classes: usize,
    parameters: Parameters,
    encoder: Encoder,
    first: Dense,
    second: Dense,
}

/// Hidden states and logits of a forward pass.
#[derive(Debug)]
#[non_exhaustive]
pub struct Output {
    /// Hidden states after the embedding and after each layer, each `texts × tokens × hidden`.
    pub states: Vec<Tensor>,
    /// Logits of the classes, `texts × classes`, in single precision.
    pub logits: Tensor,
}

impl SequenceClassifier {
    /// Reads a fine-tuned model: `config.json` and `model.safetensors` of a directory in the Hugging Face layout.
    ///
    /// # Errors
    /// Those of [`Config::load`]; [`Error::File`], [`Error::Shape`], [`Error::MissingTensors`] and [`Error::ExtraTensors`] for
    /// weights that are damaged, of another model, or without a classification head.
    pub fn load(directory: &Path, device: Device, precision: Precision) -> Result<Self, Error> {
        let config = Config::load(directory)?;
        let weights = Weights::read(directory, config.family())?;
        let name = format!("{}.weight", names(config.family()).1);
        let classes = weights.shape(&name).and_then(|shape| shape.first().copied()).unwrap_or(0);
        if classes < 1 {
            return Err(Error::MissingTensors { path: weights.path().to_owned(), first: name, count: 1 });
        }
        Self::build(config, weights, classes, None, device, precision)
    }

    /// Reads a pretrained encoder and adds a new head for `classes` classes, drawn from `seed`. An existing pooler is kept, an
    /// existing head is dropped.
    ///
    /// # Errors
    /// As [`Self::load`]; [`Error::Setting`] for fewer than two classes.
    pub fn with_new_head(directory: &Path, classes: usize, seed: u64, device: Device) -> Result<Self, Error> {
        if !(2..=1 << 20).contains(&classes) {
            let expected = "two or more (up to 1,048,576)".to_owned();
            return Err(Error::Setting { name: "number of classes", given: classes.to_string(), expected });
        }
        let config = Config::load(directory)?;
        let weights = Weights::read(directory, config.family())?;
        Self::build(config, weights, classes as i64, Some(seed), device, Precision::Single)
    }

    fn build(
        config: Config,
        mut weights: Weights,
        classes: i64,
        new_head: Option<u64>,
        device: Device,
        precision: Precision,
    ) -> Result<Self, Error> {
        no_grad(|| {
            let mut parameters = Parameters::new(device, precision.kind());
            let encoder = Encoder::read(&mut parameters, &mut weights, &config)?;
            let hidden = config.hidden();
            let (first, second) = names(config.family());
            let seeded = new_head.map(Seeded::new);
            let mut dense = |name: &str, inputs, outputs, keep: bool| -> Result<Dense, Error> {
                if seeded.is_none() {
                    return Dense::read(&mut parameters, &mut weights, name, inputs, outputs);
                }
                let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
                let stored = if keep {
                    weights
                        .take_if_there(&weight, &[outputs, inputs])?
                        .zip(weights.take_if_there(&bias, &[outputs])?)
                } else {
                    None
                };
                let (drawn, zero) = match stored {
                    Some(stored) => stored,
                    None => new_dense(inputs, outputs)?,
                };
                Ok(Dense::new(parameters.add(&weight, &drawn)?, parameters.add(&bias, &zero)?))
            };
            let first = dense(first, hidden, hidden, config.family() == Family::Bert)?;
            let second = dense(second, hidden, classes, false)?;
            weights.finish()?;
            Ok(Self { config, classes: classes as usize, parameters, encoder, first, second })
        })
    }

    /// The encoder's settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The number of classes.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// All weights by name.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// A hash of everything on which answers depend: the weights with their precision, and `config.json`. A model that is
    /// saved and loaded in the same precision has the same.
    ///
    /// It is computed again only after a weight was written to.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails.
    pub fn fingerprint(&self) -> Result<u64, Error> {
        let mut hasher = SipHasher13::new();
        hasher.write_u64(self.parameters.fingerprint()?);
        hasher.write_u64(self.config.fingerprint());
        Ok(hasher.finish())
    }

    /// The table of word embeddings, `vocabulary × hidden`.
    pub const fn word_embeddings(&self) -> &Tensor {
        self.encoder.words()
    }

    /// Texts of token ids, special tokens included, as a batch for this model.
    ///
    /// # Errors
    /// [`Error::Input`] for a text that is empty, longer than the model's positions, or of another vocabulary.
    pub fn batch(&self, texts: &[&[u32]]) -> Result<Batch, Error> {
        Batch::new(texts, &self.config, self.parameters.device())
    }

    /// Hidden states and logits of a batch, without dropout. Gradients flow where libtorch tracks them.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails, for example if memory runs out.
    pub fn forward(&self, batch: &Batch) -> Result<Output, Error> {
        self.pass(batch, &Dropout::Off)
    }

    /// As [`Self::forward`], with dropout drawn from `seed`, for training. libtorch's generator is locked meanwhile.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn forward_with_dropout(&self, batch: &Batch, seed: u64) -> Result<Output, Error> {
        self.pass(batch, &Dropout::On(Seeded::new(seed)))
    }

    /// As [`Self::forward_with_dropout`], by operations that can be differentiated twice: for losses that contain gradients.
    /// It is slower and draws other dropout from the same seed, and is otherwise equal up to rounding.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn forward_twice_differentiable(&self, batch: &Batch, seed: u64) -> Result<Output, Error> {
        self.pass(batch, &Dropout::Twice(Seeded::new(seed)))
    }

    fn pass(&self, batch: &Batch, dropout: &Dropout) -> Result<Output, Error> {
        let (states, last) = self.encoder.forward(batch, dropout)?;
        let logits = self.head(&last.f_select(1, 0)?, dropout)?;
        Ok(Output { states, logits })
    }

    /// The last hidden states of the first token, `texts × hidden`, without dropout: the input of [`Self::logits`]. It is cheaper than
    /// [`Self::forward`], which computes the last layer for every token, and equal up to rounding.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails, for example if memory runs out.
    pub fn first_token(&self, batch: &Batch) -> Result<Tensor, Error> {
        self.encoder.first_token(batch)
    }

    /// Logits from hidden states of the first token, `texts × hidden`: the head alone. Attacks and probes apply it to other layers.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails.
    pub fn logits(&self, first_token: &Tensor) -> Result<Tensor, Error> {
        self.head(first_token, &Dropout::Off)
    }

    fn head(&self, first_token: &Tensor, dropout: &Dropout) -> Result<Tensor, Error> {
        let rate = self.config.head_dropout();
        // BERT has dropout after its pooler only, RoBERTa before both layers.
        let input = match self.config.family() {
            Family::Bert => first_token.shallow_clone(),
            Family::Roberta => dropout.apply(first_token, rate)?,
        };
        let between = dropout.apply(&self.first.forward(&input)?.f_tanh()?, rate)?;
        single(&self.second.forward(&between)?)
    }

    /// Saves the model into `directory`, in the layout that [`Self::load`] and `transformers` read, with the tokenizer's files
    /// of the directory `source`.
    ///
    /// The directory must not exist yet or be empty. It appears when it is complete.
    ///
    /// # Errors
    /// [`Error::File`] if the directory holds something, [`Error::Io`] if it cannot be written.
    pub fn save(&self, directory: &Path, source: &Path) -> Result<(), Error> {
        let architecture = match self.config.family() {
            Family::Bert => "BertForSequenceClassification",
            Family::Roberta => "RobertaForSequenceClassification",
        };
        let text = self.config.text(architecture, Some(self.classes));
        // The pooler counts as part of the encoder.
        let inside = |name: &str| !name.starts_with("classifier.");
        directory::save(directory, source, &text, self.config.family(), &self.parameters, inside)
    }
}

/// Names of the head's two layers.
const fn names(family: Family) -> (&'static str, &'static str) {
    match family {
        Family::Bert => ("pooler.dense", "classifier"),
        Family::Roberta => ("classifier.dense", "classifier.out_proj"),
    }
}
