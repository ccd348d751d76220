//! [`Cautious`]: a classifier whose close decisions count for nobody.
//!
//! A certificate is about one function. A network that is computed in single precision is nearly one: the batch, the number of
//! threads, another processor move its logits by rounding, and where two classes are close the answer may turn. If no logit
//! moves by more than `ε`, only answers whose two best logits are within `2ε` can turn. They are set apart here, and counted
//! against whichever class is certified; what is certified then holds for every function within `ε` of the one that was asked.

use crate::{
    Assumption, BoxError, Certificate, Certifier, ClassBounds, ClassId, Classifier, Conditional, Confidence,
    Error, Parameter, ScoringClassifier, Tally, Threat, Votes,
};

/// Sets apart the answers that a change of all logits by up to `ε` could turn: they get a class of their own, the last one.
///
/// The distance of two logits is the logarithm of the quotient of their probabilities, so any classifier that knows its
/// probabilities can be asked with caution.
///
/// ```
/// use steadfast_certify::{BoxError, Cautious, ClassId, Classifier, Probabilities, ScoringClassifier};
///
/// struct Coin;
/// impl Classifier<f32> for Coin {
///     fn class_count(&self) -> usize {
///         2
///     }
///     fn classify(&self, batch: &[f32]) -> Result<Vec<ClassId>, BoxError> {
///         Ok(self.probabilities(batch)?.classes_of_inputs())
///     }
/// }
/// impl ScoringClassifier<f32> for Coin {
///     fn probabilities(&self, batch: &[f32]) -> Result<Probabilities, BoxError> {
///         Ok(Probabilities::new(2, batch.iter().flat_map(|&p| [1.0 - p, p]).collect())?)
///     }
/// }
/// let cautious = Cautious::new(Coin, 0.1)?;
/// assert_eq!(cautious.classify(&[0.2, 0.49, 0.7]).unwrap(), [0, 2, 1]);
/// assert_eq!(cautious.class_count(), 3);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cautious<C> {
    classifier: C,
    margin: f64,
}

impl<C> Cautious<C> {
    /// Distrusts answers that logits moved by up to `epsilon` could turn.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `epsilon` is positive and finite.
    pub fn new(classifier: C, epsilon: f64) -> Result<Self, Error> {
        if epsilon > 0.0 && epsilon.is_finite() {
            return Ok(Self { classifier, margin: 2.0 * epsilon });
        }
        Err(Error::Parameter(Parameter {
            name: "largest change of a logit",
            given: epsilon.to_string(),
            expected: "a positive number",
        }))
    }

    fn decide(&self, row: &[f32], undecided: ClassId) -> ClassId {
        let (mut best, mut second) = ((0, f32::NEG_INFINITY), f32::NEG_INFINITY);
        for (class, &probability) in row.iter().enumerate() {
            if probability > best.1 {
                second = best.1;
                best = (class, probability);
            } else {
                second = second.max(probability);
            }
        }
        // A single class has no rival; a probability of zero is infinitely far away.
        let distance = f64::from(best.1).ln() - f64::from(second.max(0.0)).ln();
        // What single precision does to a difference of logits, its exponential and their sum.
        let rounding = f64::from(f32::EPSILON) * (distance + 8.0);
        if distance - rounding > self.margin || distance == f64::INFINITY { best.0 } else { undecided }
    }
}

impl<X, C: ScoringClassifier<X>> Classifier<X> for Cautious<C> {
    fn class_count(&self) -> usize {
        self.classifier.class_count() + 1
    }

    fn classify(&self, batch: &[X]) -> Result<Vec<ClassId>, BoxError> {
        let undecided = self.classifier.class_count();
        Ok(self.classifier.probabilities(batch)?.rows().map(|row| self.decide(row, undecided)).collect())
    }
}

impl Certifier {
    /// The certificate that the votes of a [`Cautious`] classifier support: undecided votes count against the class that is
    /// certified, for its strongest rival.
    ///
    /// `classes` is the number of classes of the classifier that [`Cautious`] asks: one less than the tally counts.
    ///
    /// # Guarantee
    /// As [`Self::certify`], for every classifier whose logits are never further than `ε` from those that were asked: each of its
    /// votes for the certified class that could turn is counted as turned. Bounding all rivals as if each had all undecided votes,
    /// or the strongest alone, gives the same largest bound.
    ///
    /// # Errors
    /// As [`Self::certify`], and [`Error::Parameter`] for a plan without votes that choose the class, or a tally of another
    /// number of classes, such as one of a classifier without caution.
    pub fn certify_cautiously(
        &self,
        threat: &dyn Threat,
        tally: &Tally,
        classes: usize,
    ) -> Result<Conditional<Certificate>, Error> {
        let certificate = self.certify(threat, &settled(tally, classes)?)?;
        Ok(Conditional::new(Assumption::LogitsMoveLittle, certificate))
    }

    /// The bounds behind [`Self::certify_cautiously`], such as to stop early.
    ///
    /// # Errors
    /// As [`Self::certify_cautiously`].
    pub fn bounds_cautiously(
        &self,
        tally: &Tally,
        classes: usize,
    ) -> Result<Conditional<ClassBounds>, Error> {
        let bounds = self.bounds(&settled(tally, classes)?)?;
        Ok(Conditional::new(Assumption::LogitsMoveLittle, bounds))
    }

    /// What those bounds would be at the end of the plan if all goes on as it well may: see [`Self::outlook`].
    ///
    /// # Errors
    /// As [`Self::certify_cautiously`].
    pub fn outlook_cautiously(
        &self,
        tally: &Tally,
        classes: usize,
        optimism: Confidence,
    ) -> Result<Conditional<ClassBounds>, Error> {
        let bounds = self.outlook(&settled(tally, classes)?, optimism)?;
        Ok(Conditional::new(Assumption::LogitsMoveLittle, bounds))
    }
}

/// The tally without the last class. Its votes go to the leader while a class is chosen, where they certify nothing, and to
/// the strongest rival of the chosen class afterwards.
fn settled(tally: &Tally, classes: usize) -> Result<Tally, Error> {
    let counted = tally.estimation().counts().len();
    if classes < 2 || counted != classes + 1 {
        return Err(Error::Parameter(Parameter {
            name: "classes of a cautious tally",
            given: format!("{counted} for a classifier of {classes}"),
            expected: "those of a classifier of two classes or more, and one for undecided answers",
        }));
    }
    // If the same votes chose the class and bounded it, votes given to a rival could choose the rival.
    let Some(selection) = tally.selection() else {
        return Err(Error::Parameter(Parameter {
            name: "votes that choose the class of a cautious certificate",
            given: "none".to_owned(),
            expected: "a plan with at least one",
        }));
    };
    let give = |votes: &Votes, class_of: &dyn Fn(&[u64]) -> ClassId| {
        let mut counts = votes.counts().to_vec();
        let undecided = counts.pop().unwrap_or(0);
        let class = class_of(&counts);
        if let Some(count) = counts.get_mut(class) {
            *count += undecided;
        }
        Votes::new(votes.ballot().clone(), counts)
    };
    let first_largest = |counts: &[u64], except: Option<ClassId>| {
        let others = counts.iter().enumerate().filter(|(class, _)| Some(*class) != except);
        others.max_by(|(i, a), (j, b)| a.cmp(b).then(j.cmp(i))).map(|(class, _)| class)
    };
    let selection = give(selection, &|counts| first_largest(counts, None).unwrap_or(0))?;
    let chosen = selection.leader();
    // There are two classes or more, so there is a rival.
    let estimation = give(tally.estimation(), &|counts| first_largest(counts, Some(chosen)).unwrap_or(0))?;
    Tally::new(tally.plan().clone(), Some(selection), estimation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Ballot, BitFlips, Bits, Competitors, Confidence, Noise, Phase, Plan, Probabilities, Rate, from_fn,
    };

    fn tally(law: Option<crate::Law>, selection: [u64; 4], estimation: [u64; 4]) -> Tally {
        let votes = |phase, counts: [u64; 4]| {
            let total = counts.iter().sum();
            Votes::new(Ballot::new(law, 1, phase, 0..total), counts.to_vec()).unwrap()
        };
        let plan = Plan::fixed(selection.iter().sum(), estimation.iter().sum()).unwrap();
        let chosen = Some(votes(Phase::Selection, selection));
        Tally::new(plan, chosen, votes(Phase::Estimation, estimation)).unwrap()
    }

    #[test]
    fn undecided_votes_go_to_the_strongest_rival_of_the_chosen_class() {
        // Three classes and the undecided; class 1 is chosen although class 0 leads later.
        let settled = settled(&tally(None, [3, 6, 0, 1], [50, 30, 10, 10]), 3).unwrap();
        assert_eq!(settled.class(), 1);
        assert_eq!(settled.estimation().counts(), [60, 30, 10]);
        assert_eq!(settled.selection().unwrap().counts(), [3, 7, 0]);
    }

    #[test]
    fn each_rival_bounded_with_all_undecided_votes_gives_the_same_largest_bound() {
        let noise = BitFlips::symmetric(Rate::new(0.1).unwrap()).unwrap();
        let law = noise.law(&Bits::zeros(8));
        let certifier = Certifier::new(Confidence::new(0.01).unwrap()).competitors(Competitors::Separately);
        let whole =
            certifier.bounds(&settled(&tally(law, [0, 9, 0, 1], [20, 900, 30, 50]), 3).unwrap()).unwrap();
        for (rival, counts) in [(0, [70, 900, 30]), (2, [20, 900, 80])] {
            let votes = |phase, counts: &[u64]| {
                let total = counts.iter().sum();
                Votes::new(Ballot::new(law, 1, phase, 0..total), counts.to_vec()).unwrap()
            };
            let plan = Plan::fixed(10, 1_000).unwrap();
            let chosen = Some(votes(Phase::Selection, &[0, 10, 0]));
            let one = Tally::new(plan, chosen, votes(Phase::Estimation, &counts)).unwrap();
            let one = certifier.bounds(&one).unwrap();
            assert!(one.runner_up().p() <= whole.runner_up().p(), "{rival}");
            assert_eq!((one.class(), one.top().p()), (1, whole.top().p()));
        }
    }

    #[test]
    fn votes_that_chose_the_class_themselves_are_refused() {
        let votes = Votes::new(Ballot::new(None, 1, Phase::Estimation, 0..10), vec![4, 3, 3]).unwrap();
        let tally = Tally::new(Plan::fixed(0, 10).unwrap(), None, votes).unwrap();
        assert!(matches!(settled(&tally, 2), Err(Error::Parameter(_))));
    }

    #[test]
    fn votes_without_a_class_for_undecided_answers_are_refused() {
        let plain = tally(None, [3, 6, 0, 1], [50, 30, 10, 10]);
        for classes in [0, 1, 2, 4, 5] {
            assert!(matches!(settled(&plain, classes), Err(Error::Parameter(_))), "{classes}");
        }
    }

    /// Gives each input the logits of its bits, moved by at most `shift`.
    struct Shifted(f64);

    impl Classifier<Bits> for Shifted {
        fn class_count(&self) -> usize {
            2
        }
        fn classify(&self, batch: &[Bits]) -> Result<Vec<ClassId>, BoxError> {
            Ok(self.probabilities(batch)?.classes_of_inputs())
        }
    }

    impl ScoringClassifier<Bits> for Shifted {
        fn probabilities(&self, batch: &[Bits]) -> Result<Probabilities, BoxError> {
            let row = |bits: &Bits| {
                let logit = bits.count_ones() as f64 - 4.0 + self.0;
                let p = (1.0 / (1.0 + (-logit).exp())) as f32;
                [1.0 - p, p]
            };
            Ok(Probabilities::new(2, batch.iter().flat_map(row).collect())?)
        }
    }

    #[test]
    fn a_decision_that_stands_stands_for_every_classifier_within_epsilon() {
        let inputs: Vec<Bits> = (0..256_u32).map(|x| (0..8).map(|bit| x >> bit & 1 == 1).collect()).collect();
        let cautious = Cautious::new(Shifted(0.0), 0.3).unwrap().classify(&inputs).unwrap();
        // Exactly the ties are undecided.
        assert_eq!(cautious.iter().filter(|&&class| class == 2).count(), 70);
        for shift in [-0.3, -0.1, 0.2, 0.3] {
            let other = Shifted(shift).classify(&inputs).unwrap();
            for (cautious, other) in cautious.iter().zip(other) {
                assert!(*cautious == 2 || *cautious == other);
            }
        }
        assert!(Cautious::new(from_fn(2, |_: &Bits| 0), 0.0).is_err());
        assert!(Cautious::new(from_fn(2, |_: &Bits| 0), f64::NAN).is_err());
    }
}
