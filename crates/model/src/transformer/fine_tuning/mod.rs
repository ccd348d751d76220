//! Fine-tuning: `AdamW`, warm-up and decay, clipping, fresh noise each epoch, checkpoints.
//!
//! [`fine_tune`] trains a [`Trainable`] model by [`FineTuning`]'s settings: classifiers on [`Example`]s, masked language models
//! on texts from [`Masking`].

mod adam;
mod batches;
mod checkpoint;
mod masking;
mod run;
mod schedule;
mod settings;
mod trainable;

pub use batches::Example;
pub use masking::{MaskedText, Masking};
pub use run::{Epoch, Progress, Tuned, fine_tune};
pub use settings::FineTuning;
pub use trainable::Trainable;
