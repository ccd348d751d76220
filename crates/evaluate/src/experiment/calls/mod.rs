//! How many model queries one certificate takes: fixed numbers of samples against stopping early.

mod report;
mod run;
mod settings;

pub use self::{
    report::Results,
    run::{Cell, run},
    settings::Settings,
};
