//! [`Error`]: what can go wrong with a transformer, and the way out of each.

use crate::device::DeviceError;
use std::{io, path::PathBuf};
use steadfast_certify::BoxError;
use tch::TchError;

/// Why a model could not be read, run, fine-tuned or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A file or folder could not be read or written.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was attempted, such as `read`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A file of a model is invalid.
    #[error("{} {problem}; {remedy}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A setting of `config.json` is missing or is not supported.
    #[error("{}: {field} is {found}, expected {expected}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The setting.
        field: &'static str,
        /// Its value.
        found: String,
        /// What is supported.
        expected: String,
    },
    /// Tensors are missing.
    #[error(
        "{} holds no tensor {first} (and {} more are missing); it belongs to another architecture or size than config.json says",
        path.display(), count - 1
    )]
    MissingTensors {
        /// The file of weights.
        path: PathBuf,
        /// The name of the first.
        first: String,
        /// How many are missing.
        count: usize,
    },
    /// The file has tensors that the model has not.
    #[error(
        "{} holds {count} tensors that the model of config.json does not have, such as {first}; take config.json and weights \
         from the same model",
        path.display()
    )]
    ExtraTensors {
        /// The file of weights.
        path: PathBuf,
        /// The name of the first.
        first: String,
        /// How many there are.
        count: usize,
    },
    /// A tensor has another shape.
    #[error("{}: {name} has the shape {found:?}, expected {expected:?}; take config.json and weights from the same model",
        path.display())]
    Shape {
        /// The file of weights.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<i64>,
        /// The shape that `config.json` asks for.
        expected: Vec<i64>,
    },
    /// The classification head has fewer classes than the task.
    #[error(
        "the model has {found} classes, but {expected} are needed; give it a new head for them, or omit the other classes"
    )]
    Classes {
        /// Classes of the head.
        found: usize,
        /// Classes of the task.
        expected: usize,
    },
    /// The tokenizer belongs to another model.
    #[error("{} does not fit the model: {problem}; take tokenizer.json and weights from the same model", path.display())]
    OtherTokenizer {
        /// The tokenizer's file.
        path: PathBuf,
        /// The mismatch.
        problem: String,
    },
    /// A setting of fine-tuning or smoothing.
    #[error("{name} is {given}, expected {expected}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What was given.
        given: String,
        /// What is accepted.
        expected: String,
    },
    /// An invalid input.
    #[error("text {index} of the batch {problem}")]
    Input {
        /// Its index in the batch.
        index: usize,
        /// What is wrong with it, and what was expected.
        problem: String,
    },
    /// The model computes values that are not finite.
    #[error(
        "the logits of text {index} of the batch are {logits:?}, expected finite numbers; its weights are damaged, or too \
         large for the precision"
    )]
    Undefined {
        /// The text's index in the batch.
        index: usize,
        /// Its logits.
        logits: Vec<f32>,
    },
    /// The training texts could not be generated.
    #[error("the training texts of epoch {epoch} could not be generated")]
    Data {
        /// The epoch, from 0.
        epoch: u64,
        /// The error of the caller's function.
        #[source]
        source: BoxError,
    },
    /// The checkpoints belong to a run with other settings or texts.
    #[error(
        "{} holds checkpoints of another run: its {what} differ; name another folder, or give the settings and texts of that run",
        path.display()
    )]
    OtherRun {
        /// The folder of checkpoints.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The loss or the gradient is not finite.
    #[error(
        "the {what} is {value} in step {step} of epoch {epoch}; nothing was saved since the last checkpoint: lower the learning \
         rate ({learning_rate}) or clip gradients to a smaller norm"
    )]
    Diverged {
        /// The epoch, from 0.
        epoch: u64,
        /// The step within it, from 0.
        step: u64,
        /// `loss` or `norm of the gradient`.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The learning rate of that step.
        learning_rate: f64,
    },
    /// The observer asked to stop.
    #[error("stopped in epoch {epoch} after {step} steps")]
    Stopped {
        /// The epoch, from 0.
        epoch: u64,
        /// Steps done in it.
        step: u64,
    },
    /// There is not enough memory even for one text at a time.
    #[error(
        "not enough memory on {device} for one text of {tokens} tokens; use shorter texts, another device or a smaller model"
    )]
    OutOfMemory {
        /// The device.
        device: String,
        /// Tokens of the text.
        tokens: usize,
    },
    /// The name is no id of a model on the hub.
    #[error(
        "{given:?} is no id of a model on the hub, since {problem}; expected owner/name or name, with or without @revision, or an \
         existing folder"
    )]
    HubId {
        /// What was given.
        given: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A model cannot be fetched from the hub, or, offline, from its cache.
    #[error("cannot get the model {id} from the hub: {problem}; {remedy}")]
    Hub {
        /// The model's id.
        id: String,
        /// What was found and what was expected.
        problem: String,
        /// What to do.
        remedy: &'static str,
        /// The client's error, if the client failed.
        #[source]
        source: Option<BoxError>,
    },
    /// libtorch failed.
    #[error(
        "libtorch could not compute: {reason}; if the model was read without an error, this is a bug of this library"
    )]
    Torch {
        /// The first line of its reason.
        reason: String,
        /// Whether it ran out of memory.
        memory: bool,
    },
}

impl From<TchError> for Error {
    fn from(error: TchError) -> Self {
        let text = error.to_string();
        let memory = ["out of memory", "not enough memory", "can't allocate memory", "bad_alloc"];
        Self::Torch {
            memory: memory.iter().any(|sign| text.contains(sign)),
            // The other lines are a C++ backtrace.
            reason: text
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("Internal torch error: ")
                .to_owned(),
        }
    }
}

impl Error {
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// The same error for the input with this index.
    pub(crate) fn of_input(self, index: usize) -> Self {
        match self {
            Self::Input { problem, .. } => Self::Input { index, problem },
            other => other,
        }
    }
}
