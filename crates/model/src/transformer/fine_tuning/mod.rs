//! Fine-tuning: `AdamW`, warm-up and decay, clipping, fresh noise each epoch, checkpoints.
//!
//! [`FineTuning`] holds the settings, [`fine_tune`] does the work.

mod adam;
mod batches;
mod checkpoint;
mod run;
mod schedule;
mod settings;

pub use batches::Example;
pub use run::{Epoch, Progress, Tuned, fine_tune};
pub use settings::FineTuning;
