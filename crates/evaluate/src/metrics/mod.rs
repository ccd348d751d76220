//! How well a classifier does, with what chance leaves open.
//!
//! - [`Share`]: a count and its total, with a confidence interval.
//! - [`Confusion`]: which class was taken for which, abstentions included; accuracy.
//! - [`BackdoorMetrics`]: clean accuracy, poisoned accuracy and attack success rate.
//! - [`CertifiedCurve`]: certified accuracy by radius.
//! - [`Paired`]: two classifiers on the same texts.
//! - [`Spread`]: a share over runs with several seeds.
//!
//! # Assumption
//! Intervals and p-values take the test texts for independent draws from one distribution, and the classifier for fixed. They
//! say what other texts of that kind would give. They do not cover another training run or another trigger: repeat these to learn
//! what they change. Texts that were made from one another, or counted several times, are not independent.

mod backdoor;
mod certified;
mod confusion;
mod paired;
mod share;
mod spread;

pub use backdoor::BackdoorMetrics;
pub use certified::CertifiedCurve;
pub use confusion::{Cell, Confusion};
pub use paired::Paired;
pub use share::Share;
pub use spread::Spread;
