//! [`Defended`]: search, randomisation and vote as one classifier.

use crate::{Error, Finding, Fuzzer, Objective, Poll, Randomiser, Verdict};
use steadfast_certify::{BoxError, ClassId, Classifier, Probabilities, ScoringClassifier};
use steadfast_perturb::WordId;

/// A classifier that searches each text, randomises it for every voter, and answers with the majority: FRS as
/// published.
///
/// Alone it is an *empirical* defence. It is also a function of the words of its input: searches and copies are drawn
/// from streams keyed by a hash of exactly these words, no clock limits them, and nothing depends on which other
/// texts are in the batch. So deletion noise may be put around it, and a certificate of that holds whatever happens
/// inside, as it does for any base classifier:
///
/// ```text
/// text ── Deletion ──> noisy texts ── Defended (search, randomise, vote) ──> Votes ── Certifier ──> Certificate
/// ```
///
/// That takes for granted that objective and voters answer each text by itself, and that every text has a valid
/// randomised copy: a text all of whose copies are rejected is an error and ends the run.
#[derive(Clone, Debug)]
pub struct Defended<O, V> {
    fuzzer: Fuzzer,
    randomiser: Randomiser,
    objective: O,
    voters: Vec<V>,
    classes: usize,
}

impl<O: Objective, V: Classifier<Vec<WordId>>> Defended<O, V> {
    /// Searches with `fuzzer` where `objective` is vulnerable, randomises with `randomiser`, asks `voters`.
    ///
    /// # Errors
    /// [`Error::Parameter`] without voters, [`Error::Voters`] if they know different numbers of classes.
    pub fn new(fuzzer: Fuzzer, randomiser: Randomiser, objective: O, voters: Vec<V>) -> Result<Self, Error> {
        let Some(classes) = voters.first().map(Classifier::class_count) else {
            return Err(Error::parameter("number of voters K", 0, "at least 1"));
        };
        let counts = voters.iter().map(Classifier::class_count).enumerate();
        if let Some((voter, given)) = counts.into_iter().find(|&(_, count)| count != classes) {
            return Err(Error::Voters { voter, given, expected: classes });
        }
        Ok(Self { fuzzer, randomiser, objective, voters, classes })
    }

    /// The vote on each text, with the finding that it rests on.
    ///
    /// # Errors
    /// As [`Fuzzer::search`] and [`Poll::ask`].
    pub fn decide(&self, texts: &[Vec<WordId>]) -> Result<Vec<(Finding, Verdict)>, Error> {
        let findings = self.fuzzer.search(&self.objective, texts)?;
        let mut poll = Poll::new(&self.randomiser, &findings);
        self.voters.iter().try_for_each(|voter| poll.ask(voter))?;
        let verdicts = poll.verdicts()?;
        Ok(findings.into_iter().zip(verdicts).collect())
    }
}

impl<O: Objective, V: Classifier<Vec<WordId>>> Classifier<Vec<WordId>> for Defended<O, V> {
    fn class_count(&self) -> usize {
        self.classes
    }

    fn classify(&self, batch: &[Vec<WordId>]) -> Result<Vec<ClassId>, BoxError> {
        Ok(self.decide(batch)?.into_iter().map(|(_, verdict)| verdict.class()).collect())
    }
}

/// The probability of a class is its share of the voters, so that a tie is a close decision.
impl<O: Objective, V: Classifier<Vec<WordId>>> ScoringClassifier<Vec<WordId>> for Defended<O, V> {
    fn probabilities(&self, batch: &[Vec<WordId>]) -> Result<Probabilities, BoxError> {
        let decided = self.decide(batch)?;
        let voters = self.voters.len() as f64;
        let shares = decided.iter().flat_map(|(_, verdict)| verdict.votes());
        Ok(Probabilities::new(self.classes, shares.map(|&votes| (votes as f64 / voters) as f32).collect())?)
    }
}
