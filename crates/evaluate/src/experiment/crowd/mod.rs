//! The experiment of CROWD (Sun, Sen, Ruan 2024): backdoors in texts against classifiers that are trained and asked under
//! noise that replaces words.
//!
//! [`run`] poisons a task, fine-tunes an encoder for each attack and [`Defence`], and certifies; [`Results`] are its rows.

mod defence;
mod report;
mod row;
mod run;
mod settings;

pub use defence::{Defence, Noises};
pub use report::Results;
pub use row::{Certified, Guarantee, Row};
pub use run::run;
pub use settings::Settings;
