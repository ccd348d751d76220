//! [`Smoothed`]: a classifier under a noise, asked about one text after the other, no longer than it has to be.

use crate::Error;
use std::ops::ControlFlow;
use steadfast_certify::{
    Certifier, ClassBounds, ClassId, Classifier, Confidence, Noise, PartialVotes, Phase, Plan, Progress,
    Radius, RoundingTolerant, ScoringClassifier, SmoothedClassifier, Threat, Tolerance, VoteCounts,
    confidence::{clopper_pearson_lower, clopper_pearson_upper},
};
use steadfast_perturb::WordId;

/// Noise on texts, of whatever kind.
pub type TextNoise = dyn Noise<Input = [WordId], Sample = Vec<WordId>> + Sync;

/// A classifier of texts under a noise, and how its votes are counted.
#[derive(Debug)]
pub struct Smoothed<'a, C> {
    /// The noise.
    pub noise: &'a TextNoise,
    /// The base classifier.
    pub classifier: &'a C,
    /// How far its logits may move by rounding: closer decisions count for nobody (see [`RoundingTolerant`]).
    pub epsilon: f64,
    /// How many votes, and when they may be read. There must be some that choose the class.
    pub plan: Plan,
    /// The confidence of each text's bounds.
    pub certifier: Certifier,
    /// When to give up: once not even the share of votes that the class could have, at this level, would change the radius.
    pub optimism: Confidence,
    /// Noisy copies that are asked about at a time.
    pub batch: usize,
    /// Draws the noise.
    pub seed: u64,
}

/// What the votes on one text came to.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The bounds of the class that was chosen.
    pub bounds: ClassBounds,
    /// The radius against the threat that was asked about; `None` if the class is not ahead for certain.
    pub radius: Option<Radius>,
    /// The share of the class among the votes that bound it.
    pub share: f64,
    /// Votes that were counted, those that chose the class included.
    pub samples: u64,
    /// Distinct noisy copies that the classifier answered.
    pub model_queries: u64,
}

impl Decision {
    /// The class that was chosen: what the smoothed classifier answers, certified or not.
    #[must_use]
    pub const fn class(&self) -> ClassId {
        self.bounds.class()
    }
}

impl<C: ScoringClassifier<Vec<WordId>>> Smoothed<'_, C> {
    /// Counts votes on `text`, the `number`-th of the run, until the radius against each of the threats is what it would be in the
    /// best case at the end of the plan; the radius against the first one is told. To stop for that reason costs no confidence.
    ///
    /// # Errors
    /// [`Error::Certify`] if the classifier fails, for a plan without votes that choose the class, and, with
    /// [`Stopped`](steadfast_certify::Error::Stopped) inside, when `flow` breaks.
    pub fn decide(
        &self,
        number: u64,
        text: &[WordId],
        threats: &[Box<Threat>],
        flow: &dyn Fn() -> ControlFlow<()>,
    ) -> Result<Decision, Error> {
        let tolerant = RoundingTolerant::new(self.classifier, Tolerance::new(self.epsilon)?);
        let radii = |bounds: &ClassBounds| -> Vec<Option<Radius>> {
            threats.iter().map(|threat| threat.radius(bounds)).collect()
        };
        let should_stop = |votes: &VoteCounts| {
            let projected = self.certifier.projected_bounds(votes, self.optimism)?;
            Ok(radii(&self.certifier.bounds(votes)?) == radii(&projected))
        };
        let (mut samples, mut model_queries) = (0, 0);
        let observe = |progress: Progress| {
            (samples, model_queries) = (progress.done, progress.model_queries);
            flow()
        };
        let mut votes = PartialVotes::default();
        let votes = self.smoothed(tolerant).count_until(number, text, &mut votes, should_stop, observe)?;
        let bounds = self.certifier.bounds(&votes)?;
        let votes = votes.estimation();
        let chosen = votes.counts().get(bounds.class()).copied().unwrap_or(0);
        let share = chosen as f64 / votes.total().max(1) as f64;
        let radius = radii(&bounds).first().copied().flatten();
        Ok(Decision { bounds, radius, share, samples, model_queries })
    }

    /// The class that the votes choose, without a bound.
    ///
    /// # Errors
    /// [`Error::Certify`] if the classifier fails.
    pub fn answer(&self, number: u64, text: &[WordId]) -> Result<ClassId, Error> {
        let samples = 0..self.plan.selection();
        let votes = self.smoothed(self.classifier).votes(number, text, Phase::Selection, samples)?;
        Ok(votes.leader())
    }

    /// Whether another class than this one gets more of all noisy copies of `text`, with the confidence of a certificate. Some votes
    /// for another class do not say so, nor does their majority: a certificate is about all copies.
    ///
    /// # Errors
    /// [`Error::Certify`] if the classifier fails.
    pub fn majority_differs(&self, number: u64, text: &[WordId], class: ClassId) -> Result<bool, Error> {
        let samples = 0..self.plan.maximum();
        let votes = self.smoothed(self.classifier).votes(number, text, Phase::Estimation, samples)?;
        outvoted(votes.counts(), class, self.certifier.confidence())
    }

    fn smoothed<D: Classifier<Vec<WordId>>>(&self, classifier: D) -> SmoothedClassifier<D, &TextNoise> {
        SmoothedClassifier::new(classifier, self.noise, self.plan.clone())
            .batch(self.batch)
            .threads(1)
            .seed(self.seed)
    }
}

/// Whether these votes, by class, show that more of all possible votes are for another class than for this one.
pub(super) fn outvoted(votes: &[u64], class: ClassId, confidence: Confidence) -> Result<bool, Error> {
    let total = votes.iter().sum();
    let each = confidence.shared_by(votes.len() as u64);
    let own = votes.get(class).copied().unwrap_or(0);
    let others = votes.iter().enumerate().filter(|(other, _)| *other != class);
    let most = others.map(|(_, count)| *count).max().unwrap_or(0);
    Ok(clopper_pearson_lower(most, total, each)?.exceeds(clopper_pearson_upper(own, total, each)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use steadfast_certify::{BoxError, Classifier, Probabilities, Rate, confidence::Prior};
    use steadfast_perturb::{Deletion, Lexicon, Tokenizer};

    /// Finds a text good for its share of the word numbered 1; close decisions are close to a half.
    struct Share;

    impl Classifier<Vec<WordId>> for Share {
        fn class_count(&self) -> usize {
            2
        }
        fn classify(&self, batch: &[Vec<WordId>]) -> Result<Vec<ClassId>, BoxError> {
            Ok(self.probabilities(batch)?.classes_of_inputs())
        }
    }

    impl ScoringClassifier<Vec<WordId>> for Share {
        fn probabilities(&self, batch: &[Vec<WordId>]) -> Result<Probabilities, BoxError> {
            let good = |text: &Vec<WordId>| {
                let good = text.iter().filter(|word| word.index() == 1).count();
                (good as f32 + 0.5) / (text.len() as f32 + 1.0)
            };
            Ok(Probabilities::new(2, batch.iter().flat_map(|text| [1.0 - good(text), good(text)]).collect())?)
        }
    }

    fn decide(sentence: &str, plan: Plan, epsilon: f64) -> Result<Decision, Error> {
        let lexicon = Arc::new(Lexicon::new());
        lexicon.intern("good");
        let text = Tokenizer::words().tokenize(&lexicon, sentence);
        let noise = Deletion::uniform(Arc::clone(&lexicon), Rate::new(0.8).unwrap()).unwrap();
        let smoothed = Smoothed {
            noise: &noise,
            classifier: &Share,
            epsilon,
            plan,
            certifier: Certifier::new(Confidence::alpha(0.01).unwrap()),
            optimism: Confidence::alpha(0.03).unwrap(),
            batch: 50,
            seed: 1,
        };
        smoothed.decide(0, &text, &[Box::new(noise.edits(&text).unwrap())], &|| ControlFlow::Continue(()))
    }

    #[test]
    fn it_stops_once_the_radius_is_settled_and_says_the_same_as_all_votes() {
        let anytime = |most| Plan::anytime(50, most, Prior::default()).unwrap();
        for sentence in [
            "good good good good good good good good good good",
            "bad bad bad bad good bad bad bad bad bad bad",
            "good bad good bad good bad good bad",
        ] {
            let early = decide(sentence, anytime(4_000), 1e-4).unwrap();
            let all = decide(sentence, Plan::fixed(50, 4_000).unwrap(), 1e-4).unwrap();
            assert_eq!(early.class(), all.class(), "{sentence}");
            assert!(early.samples <= all.samples && early.model_queries <= early.samples, "{sentence}");
            assert!(early.radius.is_none() || all.radius.is_some(), "{sentence}");
        }
        let clear =
            decide("good good good good good good good good good good", anytime(40_000), 1e-4).unwrap();
        assert!(clear.radius.is_some() && clear.samples < 40_000, "{}", clear.samples);
    }

    #[test]
    fn a_majority_against_a_class_may_be_chance() {
        let confidence = Confidence::alpha(0.01).unwrap();
        let outvoted = |votes: &[u64]| outvoted(votes, 0, confidence).unwrap();
        assert!(!outvoted(&[9, 11]) && !outvoted(&[5, 15]) && outvoted(&[3, 17]));
        assert!(!outvoted(&[20, 0]) && !outvoted(&[470, 530]) && outvoted(&[400, 600]));
        // No class has half of them.
        assert!(outvoted(&[200, 450, 350]) && !outvoted(&[400, 350, 250]));
    }

    #[test]
    fn close_decisions_certify_nothing() {
        let plan = Plan::fixed(50, 2_000).unwrap();
        let sentence = "good good good good good good good good good good";
        assert!(decide(sentence, plan.clone(), 1e-4).unwrap().radius.is_some());
        assert!(decide(sentence, plan, 30.0).unwrap().radius.is_none());
        // Votes that bound the class may not choose it as well.
        assert!(decide(sentence, Plan::fixed(0, 2_000).unwrap(), 1e-4).is_err());
    }
}
