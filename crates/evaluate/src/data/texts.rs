//! Texts with classes, to train on, to choose by and to test on: any task of one's own, movie reviews, or mail.

use super::{
    mail,
    reviews::{self, Review},
    tsv,
};
use crate::Error;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::{collections::BTreeMap, hash::Hasher, path::Path};
use steadfast_certify::{ClassId, Fingerprint};
use steadfast_fetch::Cache;
use steadfast_perturb::{Lexicon, Tokenizer, WordId};

/// A text and its class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelledText {
    /// The text.
    pub text: String,
    /// Its class.
    pub class: ClassId,
}

/// Texts in three parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTask {
    /// What to learn from.
    pub training: Vec<LabelledText>,
    /// What to choose settings by, such as the best epoch.
    pub development: Vec<LabelledText>,
    /// What to report on, and to certify.
    pub test: Vec<LabelledText>,
}

impl TextTask {
    /// The task in `data`, or else the movie reviews of the cache, fetched if need be.
    ///
    /// # Errors
    /// Those of [`Self::load`] and [`reviews::load`].
    pub fn open(data: Option<&Path>, cache: &Cache, offline: bool, seed: u64) -> Result<Self, Error> {
        match data {
            Some(folder) => Self::load(folder, seed),
            None => Self::of_reviews(&reviews::load(cache, offline)?, 0.0, seed),
        }
    }

    /// The task in a folder with `train.tsv`, `test.tsv` and, if there is one, `dev.tsv`: see [`tsv`].
    ///
    /// The parts are taken as they are, with texts that are in two of them: data sets are published so, and
    /// [`TaskSummary`](super::TaskSummary) counts them. Without `dev.tsv` a tenth of the training texts, chosen by `seed`, is for
    /// development; no text is then in both.
    ///
    /// # Errors
    /// Those of [`tsv::load`].
    pub fn load(folder: &Path, seed: u64) -> Result<Self, Error> {
        let training = tsv::load(&folder.join("train.tsv"))?;
        let test = tsv::load(&folder.join("test.tsv"))?;
        let (development, training) = match tsv::load(&folder.join("dev.tsv")) {
            Ok(development) => (development, training),
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                training.into_iter().partition(|text| place(&text.text, seed) < TENTH)
            }
            Err(error) => return Err(error),
        };
        Ok(Self { training, development, test })
    }

    /// Reviews as texts of class 0 (negative) and 1 (positive), [split](Self::split) by `seed`. Those whose mean rating is exactly
    /// in the middle, or less than `least` away from it, are left out.
    ///
    /// # Errors
    /// [`Error::Setting`] unless `least` is from 0 to 4.
    pub fn of_reviews(reviews: &[Review], least: f64, seed: u64) -> Result<Self, Error> {
        if !(0.0..=4.0).contains(&least) {
            return Err(Error::Setting {
                name: "the least rating",
                given: least.to_string(),
                expected: "a distance from the middle, 0 to 4".to_owned(),
            });
        }
        let labelled = |review: &Review| {
            let class = review.label().filter(|_| review.rating.abs() >= least)?;
            Some(LabelledText { text: review.sentence.clone(), class })
        };
        Ok(Self::split(reviews.iter().filter_map(labelled), seed))
    }

    /// The mails of the cache, fetched if need be and [split](Self::split) by `seed`: class 0 are wanted ones, class 1 is spam.
    ///
    /// # Errors
    /// Those of [`mail::load`].
    pub fn of_mail(cache: &Cache, offline: bool, seed: u64) -> Result<Self, Error> {
        Ok(Self::split(mail::load(cache, offline)?, seed))
    }

    /// About eight tenths for training, one for development and one for testing.
    ///
    /// The part of a text, and its place there, depend on `seed` and on the text alone, in lower case and with single spaces:
    /// not on the other texts, nor on their order. So a text never changes sides when others are left out. Of texts that are
    /// equal in this sense the first one stands.
    #[must_use]
    pub fn split(texts: impl IntoIterator<Item = LabelledText>, seed: u64) -> Self {
        let mut placed = BTreeMap::new();
        for text in texts {
            placed.entry(place(&text.text, seed)).or_insert(text);
        }
        let training = placed.split_off(&(2 * TENTH));
        let development = placed.split_off(&TENTH);
        let part = |texts: BTreeMap<u64, LabelledText>| texts.into_values().collect();
        Self { training: part(training), development: part(development), test: part(placed) }
    }

    /// What tells tasks apart: 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = |text: &LabelledText| Fingerprint::new(&text.text, [text.class as u64]).value();
        let sizes = self.parts().map(|(_, texts)| texts.len() as u64);
        let texts = self.parts().into_iter().flat_map(|(_, texts)| texts).map(hash);
        Fingerprint::new("task", sizes.into_iter().chain(texts)).to_string()
    }

    /// The number of classes: one more than the largest.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.parts().iter().flat_map(|(_, texts)| *texts).map(|text| text.class + 1).max().unwrap_or(0)
    }

    /// The parts with their names, training texts first.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, &[LabelledText]); 3] {
        [("training", &self.training), ("development", &self.development), ("test", &self.test)]
    }
}

/// A tenth of all places.
const TENTH: u64 = u64::MAX / 10;

/// The place of a text in the order that a seed puts all texts into: uniform over `u64`, the same for texts that only differ in
/// case and white space.
fn place(text: &str, seed: u64) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(seed, 0);
    hasher.write(same_if_equal(text).as_bytes());
    hasher.finish()
}

/// The text in lower case, with single spaces.
pub(crate) fn same_if_equal(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Words and class of each text.
#[must_use]
pub fn tokenized(
    texts: &[LabelledText],
    lexicon: &Lexicon,
    tokenizer: Tokenizer,
) -> Vec<(Vec<WordId>, ClassId)> {
    texts.iter().map(|text| (tokenizer.tokenize(lexicon, &text.text), text.class)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn folder<const N: usize>(files: [(&str, &str); N]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, lines) in files {
            std::fs::write(folder.path().join(name), format!("sentence\tlabel\n{lines}")).unwrap();
        }
        folder
    }

    fn keys(texts: &[LabelledText]) -> HashSet<String> {
        texts.iter().map(|text| same_if_equal(&text.text)).collect()
    }

    #[test]
    fn a_folder_is_a_task() {
        let parts = [("train.tsv", "x\t0\ny\t2\n"), ("dev.tsv", "x\t0\n"), ("test.tsv", "z\t1\n")];
        let task = TextTask::load(folder(parts).path(), 1).unwrap();
        assert_eq!(task.parts().map(|(_, texts)| texts.len()), [2, 1, 1]);
        assert_eq!(task.classes(), 3);
        let unlike =
            TextTask { development: task.test.clone(), test: task.development.clone(), ..task.clone() };
        assert_ne!(task.fingerprint(), unlike.fingerprint());
    }

    #[test]
    fn a_tenth_of_the_training_texts_develops_if_nothing_else_does() {
        let lines = (0..1_000).map(|number| format!("text {}\t{}\n", number / 2, number % 2));
        let lines = lines.collect::<Vec<_>>().concat();
        let folder = folder([("train.tsv", &lines), ("test.tsv", "z\t1\n")]);
        let task = TextTask::load(folder.path(), 1).unwrap();
        assert_eq!(task.training.len() + task.development.len(), 1_000);
        assert!((60..=140).contains(&task.development.len()), "{}", task.development.len());
        assert!(keys(&task.training).is_disjoint(&keys(&task.development)));
        assert_ne!(task.development, TextTask::load(folder.path(), 2).unwrap().development);
    }

    #[test]
    fn folders_that_are_no_task_say_what_is_wrong() {
        let refused = |folder: tempfile::TempDir| TextTask::load(folder.path(), 1).unwrap_err();
        let (train, test) = (("train.tsv", "x\t0\n"), ("test.tsv", "z\t1\n"));
        let missing = refused(folder([]));
        assert!(missing.to_string().contains("train.tsv") && matches!(missing, Error::Io { .. }));
        assert!(refused(folder([train])).to_string().contains("test.tsv"));
        assert!(refused(folder([train, ("test.tsv", "z")])).to_string().contains("test.tsv"));
        assert!(refused(folder([train, test, ("dev.tsv", "z\tgood")])).to_string().contains("dev.tsv"));
    }

    fn reviews() -> Vec<Review> {
        let sentence = |number: i32| format!("Sentence  number {number}");
        (-500..=500)
            .map(|number| Review { sentence: sentence(number), rating: f64::from(number) / 125.0 })
            .collect()
    }

    #[test]
    fn reviews_are_split_by_the_seed() {
        let task = TextTask::of_reviews(&reviews(), 0.0, 1).unwrap();
        let [training, development, test] = task.parts().map(|(_, texts)| texts.len());
        assert_eq!((training + development + test, task.classes()), (1_000, 2));
        assert!((60..=140).contains(&development) && (60..=140).contains(&test), "{development} {test}");
        assert_eq!(task, TextTask::of_reviews(&reviews(), 0.0, 1).unwrap());
        assert_ne!(task, TextTask::of_reviews(&reviews(), 0.0, 2).unwrap());
    }

    #[test]
    fn a_text_never_changes_sides() {
        let mut shuffled = reviews();
        shuffled.reverse();
        // Equal but for case and space.
        shuffled.extend(reviews().into_iter().map(|mut review| {
            review.sentence = format!(" {} ", review.sentence.to_uppercase());
            review
        }));
        let all = TextTask::of_reviews(&reviews(), 0.0, 1).unwrap();
        assert_eq!(all, TextTask::of_reviews(&shuffled, 0.0, 1).unwrap());
        let clear = TextTask::of_reviews(&shuffled, 2.0, 1).unwrap();
        for ((_, few), (_, many)) in clear.parts().into_iter().zip(all.parts()) {
            assert!(few.len() < many.len() && keys(few).is_subset(&keys(many)));
        }
        assert_eq!(clear.parts().map(|(_, texts)| texts.len()).iter().sum::<usize>(), 502);
    }

    #[test]
    fn a_least_rating_that_is_none_is_refused() {
        for least in [-1.0, 4.5, f64::NAN] {
            assert!(matches!(TextTask::of_reviews(&reviews(), least, 1), Err(Error::Setting { .. })));
        }
    }
}
