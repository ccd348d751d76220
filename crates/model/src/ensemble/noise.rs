//! [`EnsembleNoise`]: noise on training features, training labels and test features.

use super::{Error, NoisyNet, Problem, bit_matrix::last_word_mask};
use rand_core::Rng;
use steadfast_certify::{
    BitFlips, Group, GroupsThreat, Interval, Law, Noise, Phase, Rate, UniformNoise,
    noise::bernoulli,
    seed::{Purpose, generator},
};

/// Independent noise on every coordinate of a [`Problem`]: feature bits flip at one rate, labels become another class at
/// another (Wang et al. 2020, Eq. 2 and 6, with `1 − β` as the rates).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnsembleNoise {
    features: BitFlips,
    labels: UniformNoise,
}

impl EnsembleNoise {
    /// Feature bits of training and test flip at the rate `features`; a label becomes each other class with equal chance,
    /// at the rate `labels` in all.
    ///
    /// # Errors
    /// [`Error::Certify`] for a rate of zero or fewer than two classes.
    pub fn new(features: Rate, labels: Rate, classes: u32) -> Result<Self, Error> {
        Ok(Self { features: BitFlips::symmetric(features)?, labels: UniformNoise::new(classes, labels)? })
    }

    /// The rate at which a feature bit flips.
    #[must_use]
    pub const fn feature_rate(&self) -> Rate {
        self.features.zero_to_one()
    }

    /// The rate at which a label changes.
    #[must_use]
    pub const fn label_rate(&self) -> Rate {
        self.labels.change()
    }

    /// The law of one net's noisy copy of `problem`.
    #[must_use]
    pub fn law(&self, problem: &Problem) -> Law {
        let rates = [self.feature_rate(), self.label_rate()].map(|rate| rate.numerator().into());
        let [features, labels] = rates;
        Law::new("ensemble", [features, labels, self.labels.values().into(), problem.fingerprint()])
    }

    /// The attack on one test input: training pixels, training labels and test pixels may all change. Coordinates with the
    /// same noise are one group.
    ///
    /// # Errors
    /// [`Error::Shape`] if the problem has another number of classes than the noise was made for.
    pub fn threat(&self, problem: &Problem) -> Result<GroupsThreat, Error> {
        self.check(problem)?;
        let cap = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let keep = |rate: Rate| Interval::from(rate).complement();
        let (examples, bits) = (problem.training().rows(), problem.training().columns());
        let groups = [
            Group::new(
                "training features",
                2,
                keep(self.feature_rate()),
                cap(examples.saturating_mul(bits)),
            )?,
            Group::new("training labels", self.labels.values(), keep(self.label_rate()), cap(examples))?,
            Group::new("test features", 2, keep(self.feature_rate()), cap(bits))?,
        ];
        Ok(GroupsThreat::new(groups)?.about(Some(self.law(problem))))
    }

    /// Refuses a problem whose labels take other values than this noise draws: what is sampled would not be what is certified.
    pub(crate) fn check(&self, problem: &Problem) -> Result<(), Error> {
        let classes = self.labels.values();
        if classes == problem.classes() {
            return Ok(());
        }
        Err(Error::Shape {
            what: "label noise",
            given: format!("{classes} classes for a problem with {}", problem.classes()),
            expected: "noise made for the problem's number of classes",
        })
    }

    /// The noise of net number `net`, from its own random stream.
    pub(crate) fn draw(&self, problem: &Problem, seed: u64, phase: Phase, net: u64) -> NoisyNet {
        let mut rng = generator(seed, phase, 0, net, Purpose::Noise);
        let rate = self.feature_rate();
        let mut features = problem.training().clone();
        features.flip_words(|| bernoulli::word(rate, &mut rng));
        let labels = self.labels.sample(problem.labels(), &mut rng as &mut dyn Rng);
        let mut mask = vec![0; problem.test().words_per_row()];
        bernoulli::fill(rate, &mut rng, &mut mask);
        if let Some(last) = mask.last_mut() {
            *last &= last_word_mask(problem.test().columns());
        }
        NoisyNet::new(features, labels, mask, generator(seed, phase, 0, net, Purpose::Learner))
    }
}
