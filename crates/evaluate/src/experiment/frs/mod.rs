//! The experiment of FRS (He et al., ICLR 2025): backdoors in pretrained encoders, against search, randomisation and vote, and against
//! deletion noise with a certificate that holds.
//!
//! [`run`] plants backdoors, lets a victim fine-tune on clean texts for each [`Defence`], asks and certifies; [`Results`] are its rows.

mod attacker;
mod backdoor;
mod cases;
mod chart;
mod defence;
mod paper;
mod partitioned;
mod report;
mod run;
mod scene;
mod setting;
mod settings;
mod smoothed;
mod vocabulary;
mod voted;

pub use backdoor::Backdoor;
pub use cases::{Case, Found};
pub use defence::Defence;
pub use report::Results;
pub use run::run;
pub use scene::Implanted;
pub use setting::Setting;
pub use settings::Settings;
pub use vocabulary::Vocabulary;

/// One claim of this experiment.
pub type Row = super::Row<Setting>;
