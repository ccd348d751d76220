//! The experiment of CROWD (Sun, Sen, Ruan 2024): backdoors in texts against classifiers that are trained and asked under
//! noise that replaces words.
//!
//! [`run`] poisons a task, fine-tunes an encoder for each attack and [`Defence`], and certifies; [`Results`] are its rows.

mod certified;
mod chart;
mod defence;
mod judged;
mod noises;
mod report;
mod run;
mod setting;
mod settings;
mod shown;
mod smoothed;

pub use defence::Defence;
pub use noises::{Law, Noises};
pub use report::Results;
pub use run::run;
pub use setting::Setting;
pub use settings::Settings;
pub use shown::Shown;

/// One claim of this experiment.
pub type Row = super::Row<Setting>;
