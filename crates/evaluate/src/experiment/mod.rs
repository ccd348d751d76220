//! What the examples run: settings from the command line, runs that can be resumed, results.
//!
//! - [`Flags`]: the options that mean the same in every example.
//! - [`Console`]: progress bars and Ctrl-C.
//! - [`calls`]: how many questions to the classifier a certificate takes.
//! - [`edits`]: review sentences certified against edits.
//! - [`mnist`]: the experiment of Wang et al. 2020.
//! - [`synonyms`]: tables of synonyms and what their laws do.

pub mod calls;
#[cfg(feature = "torch")]
pub mod classify;
mod console;
pub mod edits;
mod finished;
mod flags;
pub mod mnist;
pub mod synonyms;

pub use console::Console;
pub use flags::Flags;
