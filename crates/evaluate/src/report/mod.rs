//! What an experiment hands to people: tables, plots, files.

pub mod file;

mod table;

pub use table::Table;
