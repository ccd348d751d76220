//! What an experiment hands to people: tables, plots, files.

pub mod file;
pub mod plot;

mod table;

pub use table::Table;
