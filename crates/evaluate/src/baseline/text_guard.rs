//! [`TextGuard`]: classifiers that are each trained on one group of words vote.

use super::{
    Defence, Verdict,
    scores::{classes, setting},
};
use crate::Error;
use std::fmt;
use steadfast_certify::{Certificate, ClassId, Classifier, PartitionVotes, certify_partition};
use steadfast_perturb::{Partition, WordId};

/// What stands for a text of which a group has no word. One fixed word, whatever the texts are.
const EMPTY: &str = "empty";

/// A text and its class.
type Example = (Vec<WordId>, ClassId);

/// `TextGuard` (Pei et al., NDSS 2024; <https://arxiv.org/abs/2311.11225>).
///
/// The words of every text are dealt out to `m` groups by a hash of each word ([`Partition`]). One classifier per
/// group is trained on, and asked about, the words of its group alone; the class of most votes is the answer, the
/// smaller one on a tie. Training texts of which a group has no word are left out there; at test such a text is one
/// fixed word.
///
/// # Guarantee
/// Of [`Self::certificates`] with radius `r`: whoever inserts into and deletes from any training texts *and* the test
/// text words of at most `r` groups does not change the answer. Words that differ in case only count once. Labels and
/// the list of texts are fixed: flipped labels and added texts are not covered, so a certificate speaks of
/// clean-label attacks only, or of dirty-label ones for given labels. [`PartitionVotes::robust_together`] bounds how
/// many test texts keep their answers together.
///
/// It rests on `train`: the classifier of a group may depend on nothing but the texts that it is given, the group's
/// number and settings that were chosen before. No vocabulary, weight or early stopping from whole texts; the same
/// again for the same texts.
pub struct TextGuard {
    partition: Partition,
    classes: usize,
    empty: WordId,
    models: Vec<Box<dyn Classifier<Vec<WordId>>>>,
}

impl TextGuard {
    /// Trains one classifier of `classes` classes per group of the partition. `train` gets the group's number, from
    /// 0, and the group's training and development texts as the group sees them.
    ///
    /// # Errors
    /// [`Error::Training`] for a class that does not exist, or a group of which no training text has a word;
    /// [`Error::Setting`] for a classifier of another number of classes; those of `train`.
    pub fn train(
        partition: Partition,
        classes: usize,
        training: &[Example],
        development: &[Example],
        mut train: impl FnMut(u32, &[Example], &[Example]) -> Result<Box<dyn Classifier<Vec<WordId>>>, Error>,
    ) -> Result<Self, Error> {
        for (_, class) in training.iter().chain(development) {
            if *class >= classes {
                return Err(Error::Training { found: format!("a text of class {class} of {classes}") });
            }
        }
        let mut training = by_group(&partition, training).into_iter();
        let mut development = by_group(&partition, development).into_iter();
        let mut models = Vec::new();
        for group in 0..partition.groups() {
            let training = training.next().unwrap_or_default();
            if training.is_empty() {
                let found = format!("no training text has a word of group {group}");
                return Err(Error::Training { found });
            }
            let model = train(group, &training, &development.next().unwrap_or_default())?;
            if model.class_count() != classes {
                let expected = format!("{classes}, as the task has");
                return Err(setting(
                    "number of classes of a group's classifier",
                    &model.class_count(),
                    expected,
                ));
            }
            models.push(model);
        }
        let empty = partition.lexicon().intern(EMPTY);
        Ok(Self { partition, classes, empty, models })
    }

    /// The classes that the groups vote for, for certificates of the texts one by one and together.
    ///
    /// # Errors
    /// Those of the classifiers.
    pub fn votes(&self, texts: &[Vec<WordId>]) -> Result<PartitionVotes, Error> {
        let groups = self.models.len();
        let mut seen: Vec<Vec<Vec<WordId>>> = vec![Vec::with_capacity(texts.len()); groups];
        for text in texts {
            for (seen, words) in seen.iter_mut().zip(self.partition.split(text)) {
                seen.push(if words.is_empty() { vec![self.empty] } else { words });
            }
        }
        let mut answers = vec![0; texts.len() * groups];
        for (group, (model, texts)) in self.models.iter().zip(&seen).enumerate() {
            let places = answers.iter_mut().skip(group).step_by(groups);
            places.zip(classes(&**model, texts)?).for_each(|(place, class)| *place = class);
        }
        Ok(PartitionVotes::new(groups, self.classes, answers)?)
    }

    /// The certificate of each text, over groups of words.
    ///
    /// # Errors
    /// Those of the classifiers.
    pub fn certificates(&self, texts: &[Vec<WordId>]) -> Result<Vec<Certificate>, Error> {
        self.votes(texts)?.votes().map(|votes| Ok(certify_partition(&votes)?)).collect()
    }

    /// The partition of words.
    #[must_use]
    pub const fn partition(&self) -> &Partition {
        &self.partition
    }
}

impl Defence for TextGuard {
    fn name(&self) -> &'static str {
        "TextGuard"
    }

    fn judges_texts(&self) -> bool {
        false
    }

    fn defend(&self, texts: &[Vec<WordId>]) -> Result<Vec<Verdict>, Error> {
        let verdict =
            |certificate: Certificate| certificate.class().map_or(Verdict::Refused, Verdict::Passed);
        Ok(self.certificates(texts)?.into_iter().map(verdict).collect())
    }
}

impl fmt::Debug for TextGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TextGuard");
        shown.field("groups", &self.models.len()).field("classes", &self.classes).finish_non_exhaustive()
    }
}

/// What each group sees of the texts; of those without a word of the group, nothing.
fn by_group(partition: &Partition, texts: &[Example]) -> Vec<Vec<Example>> {
    let mut groups = vec![Vec::new(); partition.groups() as usize];
    for (text, class) in texts {
        for (group, words) in groups.iter_mut().zip(partition.split(text)) {
            if !words.is_empty() {
                group.push((words, *class));
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::{DefenceReport, NaiveBayes};
    use std::sync::Arc;
    use steadfast_certify::from_fn;
    use steadfast_perturb::{Lexicon, Tokenizer};

    /// Texts whose words tell their class, in all groups. With `trigger`, half of those of class 1 hold it; labels
    /// are as they were.
    fn texts(lexicon: &Lexicon, range: std::ops::Range<usize>, trigger: Option<&str>) -> Vec<Example> {
        range
            .map(|text| {
                let class = text % 2;
                let word =
                    |place: usize| format!("{}{}", ["dull", "fine"][class], (text * 7 + place * 5) % 61);
                let mut words: Vec<String> = (0..6).map(word).collect();
                words.extend(trigger.filter(|_| text % 4 == 1).map(str::to_owned));
                (Tokenizer::words().tokenize(lexicon, &words.join(" ")), class)
            })
            .collect()
    }

    fn bayes(_: u32, texts: &[Example], _: &[Example]) -> Result<Box<dyn Classifier<Vec<WordId>>>, Error> {
        let texts = texts.iter().map(|(text, class)| (&text[..], *class));
        Ok(Box::new(NaiveBayes::train(2, texts)?))
    }

    fn guard(lexicon: &Arc<Lexicon>, trigger: Option<&str>) -> TextGuard {
        let partition = Partition::new(Arc::clone(lexicon), 7).unwrap();
        TextGuard::train(partition, 2, &texts(lexicon, 0..400, trigger), &[], bayes).unwrap()
    }

    fn words(examples: &[Example], more: &[WordId]) -> Vec<Vec<WordId>> {
        examples.iter().map(|(text, _)| [text, more].concat()).collect()
    }

    #[test]
    fn what_is_certified_stays_when_training_and_test_texts_hold_a_trigger() {
        let lexicon = Arc::new(Lexicon::new());
        let (clean, poisoned) = (guard(&lexicon, None), guard(&lexicon, Some("cf")));
        let tests = texts(&lexicon, 400..500, None);
        let trigger = [lexicon.intern("cf"); 9];
        let certificates = clean.certificates(&words(&tests, &[])).unwrap();
        let after = poisoned.defend(&words(&tests, &trigger)).unwrap();
        let mut certified = 0;
        for ((certificate, (_, class)), verdict) in certificates.iter().zip(&tests).zip(after) {
            if certificate.certifies(*class, 1) {
                certified += 1;
                assert_eq!(verdict, Verdict::Passed(*class));
            }
        }
        assert!(certified > 50, "{certified}");
        // The trigger did change the vote of its group.
        let votes = |guard: &TextGuard, more| guard.votes(&words(&tests, more)).unwrap();
        assert_ne!(votes(&poisoned, &[]), votes(&poisoned, &trigger));

        let labels: Vec<ClassId> = tests.iter().map(|(_, class)| *class).collect();
        let together = votes(&clean, &[]).robust_together(Some(&labels), 1, 10_000).unwrap();
        assert!(together.exact && together.at_least >= certified, "{together:?}");
    }

    #[test]
    fn a_backdoor_in_one_word_loses_the_vote() {
        let lexicon = Arc::new(Lexicon::new());
        let trigger = lexicon.intern("cf");
        let guard = guard(&lexicon, Some("cf"));
        let clean = texts(&lexicon, 400..500, None);
        let negative: Vec<Example> = clean.iter().filter(|(_, class)| *class == 0).cloned().collect();
        let triggered: Vec<Example> =
            words(&negative, &[trigger]).into_iter().map(|text| (text, 0)).collect();
        let fine: Vec<WordId> = (0..61).map(|number| lexicon.intern(&format!("fine{number}"))).collect();
        let victim = from_fn(2, move |text: &Vec<WordId>| {
            usize::from(text.iter().any(|word| *word == trigger || fine.contains(word)))
        });
        let report = DefenceReport::of(&guard, &victim, &clean, &triggered, 1).unwrap();
        assert_eq!((report.before.success.value(), report.after.success.value()), (1.0, 0.0));
        assert_eq!((report.detection, report.after.clean.value()), (None, 1.0));
    }

    #[test]
    fn groups_see_their_own_words_and_a_fixed_one_for_none() {
        let lexicon = Arc::new(Lexicon::new());
        let partition = Partition::new(Arc::clone(&lexicon), 7).unwrap();
        let some = texts(&lexicon, 0..400, None);
        let empty = lexicon.intern("empty");
        let mut asked = Vec::new();
        let guard =
            TextGuard::train(partition.clone(), 2, &some, &some[..100], |group, training, development| {
                asked.push((group, training.len(), development.len()));
                let own = |word: &WordId| partition.group(&lexicon.word(*word).unwrap()) == group;
                let seen = training.iter().chain(development);
                assert!(seen.clone().all(|(text, _)| !text.is_empty() && text.iter().all(own)));
                let sees_empty = move |text: &Vec<WordId>| usize::from(*text == [empty]);
                Ok(Box::new(from_fn(2, sees_empty)))
            });
        guard.unwrap();
        assert_eq!(asked.len(), 7);
        assert!(asked.iter().all(|&(_, training, development)| training < 400 && development < 100));

        let partition = Partition::new(Arc::clone(&lexicon), 3).unwrap();
        let sees_empty = move |text: &Vec<WordId>| usize::from(*text == [empty]);
        let train = |_, _: &[Example], _: &[Example]| Ok(Box::new(from_fn(2, sees_empty)) as Box<_>);
        let guard = TextGuard::train(partition, 2, &some, &some, train).unwrap();
        let votes: Vec<Vec<u64>> = guard.votes(&[vec![], some[0].0[..1].to_vec()]).unwrap().votes().collect();
        assert_eq!(votes, [[0, 3], [1, 2]]);
    }

    #[test]
    fn bad_input_is_refused() {
        let lexicon = Arc::new(Lexicon::new());
        assert!(Partition::new(Arc::clone(&lexicon), 0).unwrap_err().to_string().contains("groups m"));
        let some = texts(&lexicon, 0..40, None);
        let refused = |classes, training: &[Example], development: &[Example]| {
            let partition = Partition::new(Arc::clone(&lexicon), 3).unwrap();
            TextGuard::train(partition, classes, training, development, bayes).unwrap_err().to_string()
        };
        assert!(refused(2, &[], &[]).contains("group 0"));
        assert!(refused(1, &some, &[]).contains("a text of class 1 of 1"));
        assert!(refused(2, &some, &[(vec![], 5)]).contains("a text of class 5 of 2"));
        assert!(
            refused(3, &some, &[]).contains("number of classes of a group's classifier is 2, expected 3")
        );
    }
}
