//! Noise: random changes to an input, each of a distribution that certificates know exactly.
//!
//! - [`BitFlips`]: each bit flips, zeros and ones at rates of their own.
//! - [`UniformNoise`]: each value out of `K` stays or becomes one of the others.
//! - [`bernoulli`]: exact bit-sliced draws that the samplers are made of.

pub mod bernoulli;
mod flips;
mod uniform;

pub use self::{flips::BitFlips, uniform::UniformNoise};

use crate::NoiseFingerprint;
use rand_core::Rng;
use std::{fmt, hash::Hash, rc::Rc, sync::Arc};

/// A random change of an input.
///
/// ```
/// use steadfast_certify::{Noise, NoiseFingerprint, Rate, noise::bernoulli, rand_core::Rng};
///
/// /// Forgets each number at the rate one half.
/// #[derive(Debug)]
/// struct Forget;
///
/// impl Noise for Forget {
///     type Input = [u8];
///     type Sample = Vec<Option<u8>>;
///
///     fn sample(&self, input: &[u8], rng: &mut dyn Rng) -> Self::Sample {
///         let half = Rate::from_numerator(1 << 31);
///         input.iter().map(|&number| (!bernoulli::event(half, rng)).then_some(number)).collect()
///     }
///
///     fn fingerprint(&self, input: &[u8]) -> Option<NoiseFingerprint> {
///         Some(NoiseFingerprint::new("forget", input.iter().map(|&number| number.into())))
///     }
/// }
/// ```
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

    /// The fingerprint of the distribution of the noisy copies of `input`: of every parameter of the noise and of the clean
    /// input. `None` where the distribution is not known, and then no certificate accepts the votes.
    fn fingerprint(&self, input: &Self::Input) -> Option<NoiseFingerprint> {
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
            fn fingerprint(&self, input: &N::Input) -> Option<NoiseFingerprint> {
                (**self).fingerprint(input)
            }
        }
    )*};
}
forward!(&N, Box<N>, Rc<N>, Arc<N>);
