//! [`EnsembleNoise`]: noise on training features, training labels and test features.

use super::{BitMatrix, Error, NoisyCopy, TrainingSet, bit_matrix::last_word_mask};
use rand_core::Rng;
use steadfast_certify::{
    BitFlips, Group, GroupsThreat, Interval, Noise, NoiseFingerprint, Phase, Rate, Threat, UniformNoise,
    noise::bernoulli,
    seed::{Purpose, generator},
};

/// Independent noise on every coordinate of a [`TrainingSet`] and of test inputs: feature bits flip at one rate, labels
/// become another class at another (Wang et al. 2020, Eq. 2 and 6, with `1 − β` as the rates).
///
/// ```
/// use std::ops::ControlFlow;
/// use steadfast_certify::{Certifier, Confidence, Phase, Plan, Rate, VoteCounts};
/// use steadfast_model::ensemble::{
///     BitMatrix, Ensemble, EnsembleNoise, NearestCentroid, TrainingSet,
/// };
///
/// let rows = |count: usize| (0..count).map(|row| (0..30).map(move |bit| bit % 2 == row % 2));
/// let labels = (0..20).map(|row| row % 2).collect();
/// let training = TrainingSet::new(BitMatrix::from_rows(30, rows(20))?, labels, 2)?;
/// let test = BitMatrix::from_rows(30, rows(4))?;
///
/// let noise = EnsembleNoise::new(Rate::new(0.1)?, Rate::new(0.1)?, 2)?;
/// let ensemble = Ensemble::new(&training, &test, noise, &NearestCentroid, 1, 0)?;
/// let votes = ensemble.votes(Phase::Estimation, 0..1_000, |_| ControlFlow::Continue(()))?;
/// let counts = VoteCounts::new(Plan::fixed(0, 1_000)?, None, votes.votes(3).unwrap())?;
///
/// let certifier = Certifier::new(Confidence::alpha(0.001)?);
/// let certificate = certifier.certify(&noise.threat(&training, &test, 3)?, &counts)?;
/// assert!(certificate.certifies(1, 1), "{certificate}");
/// // The votes are about test input 3 and no other.
/// assert!(certifier.certify(&noise.threat(&training, &test, 2)?, &counts).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnsembleNoise {
    features: BitFlips,
    labels: UniformNoise,
}

impl EnsembleNoise {
    /// Feature bits of training and test flip at the rate `features`. A label changes at the rate `labels`, to each other
    /// class with equal probability.
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

    /// The fingerprint of one model's noisy copy of all data: that of a [`VoteTable`](steadfast_certify::VoteTable). Votes on one
    /// input have the fingerprint [`of_input`](NoiseFingerprint::of_input).
    #[must_use]
    pub fn fingerprint(&self, training: &TrainingSet, test: &BitMatrix) -> NoiseFingerprint {
        let rates = [self.feature_rate(), self.label_rate()].map(|rate| rate.numerator().into());
        let [features, labels] = rates;
        NoiseFingerprint::new(
            "ensemble",
            [features, labels, self.labels.values().into(), training.fingerprint(test)],
        )
    }

    /// The attack on test input number `input`: training features, training labels and the features of this input may all
    /// change. Coordinates with the same noise are one group.
    ///
    /// Votes on another input are refused: each input has its own noise.
    ///
    /// # Errors
    /// [`Error::Shape`] if the noise is for another number of classes, the test inputs have another number of bits, or
    /// there are not as many.
    pub fn threat(
        &self,
        training: &TrainingSet,
        test: &BitMatrix,
        input: usize,
    ) -> Result<Threat<GroupsThreat>, Error> {
        self.check(training)?;
        training.check_test(test)?;
        if input >= test.rows() {
            return Err(Error::Shape {
                what: "test input",
                given: format!("number {input} of {}", test.rows()),
                expected: "a number below that of the test inputs",
            });
        }
        let cap = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let keep = |rate: Rate| Interval::from(rate).complement();
        let (examples, bits) = (training.features().rows(), test.columns());
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
        Ok(Threat::new(self.fingerprint(training, test).of_input(input as u64), GroupsThreat::new(groups)?))
    }

    /// Refuses labels that take other values than this noise draws, for which the certificate would be wrong.
    pub(crate) fn check(&self, training: &TrainingSet) -> Result<(), Error> {
        let classes = self.labels.values();
        if classes == training.classes() {
            return Ok(());
        }
        Err(Error::Shape {
            what: "label noise",
            given: format!("{classes} classes for a training set with {}", training.classes()),
            expected: "noise for the number of classes of the training set",
        })
    }

    /// The noisy data of model number `model`, from its own random stream.
    pub(crate) fn draw(&self, training: &TrainingSet, seed: u64, phase: Phase, model: u64) -> NoisyCopy {
        let mut rng = generator(seed, phase, 0, model, Purpose::Noise);
        let rate = self.feature_rate();
        let mut features = training.features().clone();
        features.flip_words(|| bernoulli::word(rate, &mut rng));
        let labels = self.labels.sample(training.labels(), &mut rng as &mut dyn Rng);
        let mut mask = vec![0; training.features().words_per_row()];
        bernoulli::fill(rate, &mut rng, &mut mask);
        if let Some(last) = mask.last_mut() {
            *last &= last_word_mask(training.features().columns());
        }
        NoisyCopy::new(features, labels, mask, generator(seed, phase, 0, model, Purpose::Learner))
    }
}
