//! Noise: random changes to an input, each with a law that certificates can read.
//!
//! - [`BitFlips`]: each bit flips, zeros and ones at rates of their own.
//! - [`UniformNoise`]: each value out of `K` stays or becomes one of the others.
//! - [`bernoulli`]: exact bit-sliced draws that the samplers are made of.

pub mod bernoulli;
mod flips;
mod uniform;

pub use self::{flips::BitFlips, uniform::UniformNoise};

use crate::Law;
use rand_core::Rng;
use std::{fmt, hash::Hash, rc::Rc, sync::Arc};

/// A random change of an input.
///
/// The trait is object-safe. Randomized smoothing samples it, hands the samples to a classifier and certifies what the
/// majority answers.
pub trait Noise: fmt::Debug {
    /// The clean input.
    type Input: ?Sized;
    /// A noisy copy. Equal samples are classified once.
    type Sample: Clone + Eq + Hash + Send + Sync;

    /// Draws one noisy copy of `input`.
    fn sample(&self, input: &Self::Input, rng: &mut dyn Rng) -> Self::Sample;

    /// The fingerprint of the law of the noisy copies of `input`: of every parameter of the noise and of the clean input.
    /// `None` where no law is known, and then no certificate accepts the votes.
    fn law(&self, input: &Self::Input) -> Option<Law> {
        let _ = input;
        None
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<N: Noise + ?Sized> Noise for $pointer {
            type Input = N::Input;
            type Sample = N::Sample;
            fn sample(&self, input: &N::Input, rng: &mut dyn Rng) -> N::Sample {
                (**self).sample(input, rng)
            }
            fn law(&self, input: &N::Input) -> Option<Law> {
                (**self).law(input)
            }
        }
    )*};
}
forward!(&N, Box<N>, Rc<N>, Arc<N>);
