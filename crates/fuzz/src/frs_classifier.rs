//! [`FrsClassifier`]: search, randomization and vote as one classifier.

use crate::{FuzzError, Fuzzer, MajorityVote, Objective, Randomizer, Verdict, VulnerableArea};
use steadfast_certify::{BoxError, ClassId, Classifier, Probabilities, ScoringClassifier};
use steadfast_perturb::WordId;

/// FRS as published: it searches each text, randomizes it for every voter, and answers with the majority.
///
/// Alone it is an *empirical* defense. It is also a function of the words of its input: searches and copies are drawn
/// from streams keyed by a hash of these words, there is no time limit, and nothing depends on which other texts share
/// the batch. So deletion noise may be put around it and certified like that around any base classifier:
///
/// ```text
/// text ── Deletion ──> noisy texts ── FrsClassifier (search, randomize, vote) ──> Votes ── Certifier ──> Certificate
/// ```
///
/// This requires that objective and voters answer each text by itself, and that every text has a valid randomized
/// copy: a text all of whose copies are rejected is an error and ends the run.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::{Classifier, Rate, scoring_from_fn};
/// use steadfast_fuzz::{
///     Divergence, FrsClassifier, Fuzzer, Randomization, Randomizer, Rates, SearchSettings,
/// };
/// use steadfast_perturb::{Lexicon, MutationWeights, SegmentMutation, Tokenizer, WordId, WordList};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let text = Tokenizer::words().tokenize(&lexicon, "a slow film of cf little charm");
/// let trigger = lexicon.intern("cf");
/// let backdoored = scoring_from_fn(2, |text: &Vec<WordId>| {
///     if text.contains(&trigger) { [0.02, 0.98] } else { [0.9, 0.1] }
/// });
/// let mutation = SegmentMutation::new(MutationWeights::default(), WordList::new(text.clone()))?;
/// let fuzzer = Fuzzer::new(Arc::clone(&lexicon), mutation.clone(), SearchSettings::default().budget(40))?;
/// let rates = Rates::new(Rate::new(0.3)?, Rate::new(0.95)?)?;
/// let randomizer = Randomizer::new(mutation, Randomization::new(rates))?;
///
/// let voters = vec![&backdoored; 21];
/// let frs = FrsClassifier::new(fuzzer, randomizer, Divergence::new(&backdoored), voters)?;
/// let (area, verdict) = frs.decide(&[text.clone()])?.remove(0);
/// println!("{}: {:?}", area.marked(&lexicon), verdict.votes());
/// # Ok::<(), steadfast_fuzz::FuzzError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrsClassifier<O, V> {
    fuzzer: Fuzzer,
    randomizer: Randomizer,
    objective: O,
    voters: Vec<V>,
    classes: usize,
}

impl<O: Objective, V: Classifier<Vec<WordId>>> FrsClassifier<O, V> {
    /// Searches `objective` with `fuzzer`, randomizes with `randomizer`, asks `voters`.
    ///
    /// # Errors
    /// [`FuzzError::Parameter`] without voters, [`FuzzError::Voters`] if their numbers of classes differ.
    pub fn new(
        fuzzer: Fuzzer,
        randomizer: Randomizer,
        objective: O,
        voters: Vec<V>,
    ) -> Result<Self, FuzzError> {
        let Some(classes) = voters.first().map(Classifier::class_count) else {
            return Err(FuzzError::parameter("number of voters K", 0, "at least 1"));
        };
        let counts = voters.iter().map(Classifier::class_count).enumerate();
        if let Some((voter, given)) = counts.into_iter().find(|&(_, count)| count != classes) {
            return Err(FuzzError::Voters { voter, given, expected: classes });
        }
        Ok(Self { fuzzer, randomizer, objective, voters, classes })
    }

    /// The vulnerable area of each text, and the vote that it leads to.
    ///
    /// # Errors
    /// As [`Fuzzer::search`] and [`MajorityVote::ask`].
    pub fn decide(&self, texts: &[Vec<WordId>]) -> Result<Vec<(VulnerableArea, Verdict)>, FuzzError> {
        let areas = self.fuzzer.search(&self.objective, texts)?;
        let mut vote = MajorityVote::new(&self.randomizer, &areas);
        self.voters.iter().try_for_each(|voter| vote.ask(voter))?;
        let verdicts = vote.verdicts()?;
        Ok(areas.into_iter().zip(verdicts).collect())
    }
}

impl<O: Objective, V: Classifier<Vec<WordId>>> Classifier<Vec<WordId>> for FrsClassifier<O, V> {
    fn class_count(&self) -> usize {
        self.classes
    }

    fn classify(&self, batch: &[Vec<WordId>]) -> Result<Vec<ClassId>, BoxError> {
        Ok(self.decide(batch)?.into_iter().map(|(_, verdict)| verdict.class()).collect())
    }
}

/// The probability of a class is its share of the votes.
impl<O: Objective, V: Classifier<Vec<WordId>>> ScoringClassifier<Vec<WordId>> for FrsClassifier<O, V> {
    fn probabilities(&self, batch: &[Vec<WordId>]) -> Result<Probabilities, BoxError> {
        let decided = self.decide(batch)?;
        let voters = self.voters.len() as f64;
        let shares = decided.iter().flat_map(|(_, verdict)| verdict.votes());
        Ok(Probabilities::new(self.classes, shares.map(|&votes| (votes as f64 / voters) as f32).collect())?)
    }
}
