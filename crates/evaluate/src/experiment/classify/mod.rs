//! Fine-tuning a pretrained encoder on a task of texts: how well does the classifier do that others will smooth?
//!
//! [`run`] fine-tunes, evaluates and saves; [`evaluate`] and [`rounding`] look at a saved model.

mod report;
mod rounding;
mod run;
mod settings;

pub use report::Results;
pub use rounding::rounding;
pub use run::{evaluate, run};
pub use settings::Settings;
