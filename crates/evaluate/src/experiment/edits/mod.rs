//! Certified accuracy of review sentences against edits, under deletion noise: one rate for all words, or a signal vocabulary.

mod report;
mod run;
mod settings;

pub use self::{report::Results, run::run, settings::Settings};
