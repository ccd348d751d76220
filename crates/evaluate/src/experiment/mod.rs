//! What the examples run: settings from the command line, runs that can be resumed, results.
//!
//! - [`Flags`]: the options that mean the same in every example.
//! - [`Console`]: progress bars and Ctrl-C.
//! - [`Smoothed`]: a classifier under a noise, asked no longer than it has to be.
//! - `Encoder` (feature `torch`): a pretrained encoder, fine-tuned on texts as they are or under noise.
//! - `Pretrained` (feature `torch`): which encoder, and on which device.
//! - [`calls`]: how many questions to the classifier a certificate takes.
//! - [`edits`]: review sentences certified against edits.
//! - [`mnist`]: the experiment of Wang et al. 2020.
//! - [`synonyms`]: tables of synonyms and what their laws do.

pub mod calls;
#[cfg(feature = "torch")]
pub mod classify;
mod console;
#[cfg(feature = "torch")]
pub mod crowd;
pub mod edits;
#[cfg(feature = "torch")]
mod encoder;
mod finished;
mod flags;
pub mod mnist;
#[cfg(feature = "torch")]
mod pretrained;
mod smoothed;
pub mod synonyms;

pub use console::Console;
#[cfg(feature = "torch")]
pub use encoder::{Encoder, Labelled};
pub use flags::Flags;
#[cfg(feature = "torch")]
pub use pretrained::Pretrained;
pub use smoothed::{Decision, Smoothed, TextNoise};
