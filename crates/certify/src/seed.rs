//! Random streams: who draws what, from which key.
//!
//! There is no global generator. Each sample has a `ChaCha8` generator of its own whose 256-bit key spells out
//! seed, phase, input number and sample number, so that no two samples share a key and a sample's noise depends on nothing
//! else: not on threads, batches, or the order of work. Purposes within one sample (noise, initial weights, …) use
//! the cipher's separate stream number.

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::fmt;

/// What a sample is drawn for. Samples of different phases are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Phase {
    /// Choosing the class that a certificate will be about.
    Selection,
    /// Bounding that class's probability.
    Estimation,
    /// Training with noise; never counted.
    Training,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Selection => "selection",
            Self::Estimation => "estimation",
            Self::Training => "training",
        })
    }
}

/// What a stream of random numbers within one sample is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// The noise that the certificate is about.
    Noise,
    /// Everything that a learner draws for itself: initial weights, the order of a batch.
    Learner,
    /// A user's own purpose, by number.
    Other(u32),
}

impl Purpose {
    const fn stream(self) -> u64 {
        match self {
            Self::Noise => 0,
            Self::Learner => 1,
            Self::Other(number) => (1 << 32) | number as u64,
        }
    }
}

/// The generator behind every stream.
pub type Generator = ChaCha8Rng;

/// The generator of one purpose of one sample.
///
/// `input` numbers the certified input. For ensembles that are trained on noise, one model serves every input: `input` is then
/// zero and `sample` is the model's number.
#[must_use]
pub fn generator(seed: u64, phase: Phase, input: u64, sample: u64, purpose: Purpose) -> Generator {
    let phase = match phase {
        Phase::Selection => 0_u64,
        Phase::Estimation => 1,
        Phase::Training => 2,
    };
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, phase, input, sample]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(purpose.stream());
    generator
}

/// A seed of its own for the use `name`, derived from `numbers` (an outer seed first, as a rule): uses do not share streams.
///
/// ```
/// use steadfast_certify::seed;
///
/// assert_ne!(seed::derive("attacker", [1]), seed::derive("victim", [1]));
/// ```
#[must_use]
pub fn derive(name: &str, numbers: impl IntoIterator<Item = u64>) -> u64 {
    crate::fingerprint::hash(name, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::Rng;
    use std::collections::HashSet;

    #[test]
    fn streams_differ_in_every_argument_and_repeat() {
        let mut first = HashSet::new();
        for seed in [0, 1] {
            for phase in [Phase::Selection, Phase::Estimation, Phase::Training] {
                for input in [0, 1, 1 << 40] {
                    for sample in [0, 1, 1 << 40] {
                        for purpose in
                            [Purpose::Noise, Purpose::Learner, Purpose::Other(0), Purpose::Other(1)]
                        {
                            let draw = generator(seed, phase, input, sample, purpose).next_u64();
                            assert!(first.insert(draw));
                            assert_eq!(draw, generator(seed, phase, input, sample, purpose).next_u64());
                        }
                    }
                }
            }
        }
    }
}
