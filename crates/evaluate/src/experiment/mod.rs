//! What the examples run: settings from the command line, runs that can be resumed, results.
//!
//! - [`Flags`]: the options that mean the same in every example.
//! - [`Console`]: progress bars and Ctrl-C.
//! - [`Smoothed`]: a classifier under a noise, asked no longer than it has to be.
//! - `Encoder` (feature `torch`): a pretrained encoder, fine-tuned on texts as they are or under noise.
//! - `Pretrained` (feature `torch`): which encoder, and on which device.
//! - `Extent` (feature `torch`): how much of everything, how sure, and from which seed.
//! - `Row` (feature `torch`): one claim about one defence under one attack, and what it is worth.
//! - [`calls`]: how many model queries a certificate takes.
//! - [`edits`]: review sentences certified against edits.
//! - `crowd` (feature `torch`): the experiment of CROWD.
//! - `frs` (feature `torch`): the experiment of FRS.
//! - [`mnist`]: the experiment of Wang et al. 2020.
//! - [`synonyms`]: tables of synonyms and what their laws do.

#[cfg(feature = "torch")]
mod asked;
pub mod calls;
#[cfg(feature = "torch")]
pub mod classify;
mod console;
#[cfg(feature = "torch")]
pub mod crowd;
pub mod edits;
#[cfg(feature = "torch")]
mod encoder;
#[cfg(feature = "torch")]
mod extent;
mod finished;
mod flags;
#[cfg(feature = "torch")]
pub mod frs;
pub mod mnist;
#[cfg(feature = "torch")]
mod pretrained;
#[cfg(feature = "torch")]
mod row;
mod smoothed;
pub mod synonyms;
#[cfg(feature = "torch")]
mod workshop;

pub use console::Console;
#[cfg(feature = "torch")]
pub use encoder::{Encoder, Labelled};
#[cfg(feature = "torch")]
pub use extent::Extent;
pub use flags::Flags;
#[cfg(feature = "torch")]
pub use pretrained::Pretrained;
#[cfg(feature = "torch")]
pub use row::{Attacked, Certified, Figures, Guarantee, Row, Setting};
pub use smoothed::{Decision, Smoothed, TextNoise};
