//! Fine-tuning: `AdamW`, warm-up and decay, clipping, fresh noise each epoch, checkpoints.
//!
//! [`FineTuning`] holds the settings, [`fine_tune`] does the work on what is [`Trainable`]: classifiers of
//! [`Example`]s, and masked language models, which learn the tokens that [`Masking`] hides.

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
