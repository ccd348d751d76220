//! Texts with classes, for training and for testing: any task of one's own, or the movie reviews.
//!
//! A task is a folder with `train.tsv` and `test.tsv`: a header, then lines of `text<TAB>class` in UTF-8, classes counted
//! from 0. Many data sets are distributed in that form (SST-2, `OffensEval`, AG News).

use super::reviews::{self, Review};
use crate::{Error, FileProblem};
use rand::seq::SliceRandom;
use std::path::Path;
use steadfast_certify::{
    ClassId, Law, Phase,
    seed::{Purpose, generator},
};
use steadfast_fetch::Cache;
use steadfast_perturb::{Lexicon, Tokenizer, WordId};

/// A text and its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledText {
    /// The text.
    pub text: String,
    /// Its class.
    pub class: ClassId,
}

/// Texts to train on and others to test on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTask {
    /// What to learn from.
    pub training: Vec<LabelledText>,
    /// What to certify.
    pub test: Vec<LabelledText>,
}

impl TextTask {
    /// The task in `data`, or else the movie reviews of the cache, fetched if need be and split by `seed`.
    ///
    /// # Errors
    /// Those of [`Self::load`] and [`reviews::load`].
    pub fn open(data: Option<&Path>, cache: &Cache, offline: bool, seed: u64) -> Result<Self, Error> {
        match data {
            Some(folder) => Self::load(folder),
            None => Ok(Self::of_reviews(&reviews::load(cache, offline)?, seed)),
        }
    }

    /// The task in a folder with `train.tsv` and `test.tsv`.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that cannot be read, [`Error::File`] with its line for one of another form.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let load = |name: &str| {
            let path = folder.join(name);
            let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
            read(&bytes).map_err(|problem| Error::File {
                path,
                wanted: "a header and lines of text, tab, class",
                problem,
            })
        };
        Ok(Self { training: load("train.tsv")?, test: load("test.tsv")? })
    }

    /// Reviews as texts of class 0 (negative) and 1 (positive), half of them for testing; those in the middle are left out.
    #[must_use]
    pub fn of_reviews(reviews: &[Review], seed: u64) -> Self {
        let labelled =
            |review: &Review| Some(LabelledText { text: review.sentence.clone(), class: review.label()? });
        let mut test: Vec<LabelledText> = reviews.iter().filter_map(labelled).collect();
        test.shuffle(&mut generator(seed, Phase::Training, 0, 0, Purpose::Other(0)));
        let training = test.split_off(test.len() / 2);
        Self { training, test }
    }

    /// What tells tasks apart: 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = |text: &LabelledText| Law::new(&text.text, [text.class as u64]).fingerprint();
        let sizes = [self.training.len() as u64, self.test.len() as u64];
        Law::new("task", sizes.into_iter().chain(self.training.iter().chain(&self.test).map(hash)))
            .to_string()
    }

    /// The number of classes: one more than the largest.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.training.iter().chain(&self.test).map(|text| text.class + 1).max().unwrap_or(0)
    }
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

/// Classes are counts, not codes: a larger number in the file is a mistake.
const MOST_CLASSES: usize = 1_000;

/// Reads a header and lines of `text<TAB>class`. Spaces around the class are ignored, and tabs within the text are kept.
///
/// # Errors
/// [`FileProblem::Line`] for a line of another form.
pub fn read(bytes: &[u8]) -> Result<Vec<LabelledText>, FileProblem> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines = bytes.split(|&byte| byte == b'\n').enumerate().skip(1);
    lines
        .map(|(index, line)| {
            std::str::from_utf8(line).ok().and_then(parse).ok_or_else(|| FileProblem::Line {
                line: index + 1,
                found: String::from_utf8_lossy(line).chars().take(60).collect(),
                expected: "a text, a tab and its class from 0 on, in UTF-8",
            })
        })
        .collect()
}

fn parse(line: &str) -> Option<LabelledText> {
    let (text, class) = line.rsplit_once('\t')?;
    let class = class.trim().parse().ok().filter(|&class| class < MOST_CLASSES)?;
    Some(LabelledText { text: text.trim().to_owned(), class })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_labelled_texts() {
        let texts = read("sentence\tlabel\na fine film \t 1\r\n\t0\nwith\ttab\t2\n".as_bytes()).unwrap();
        let expected = [("a fine film", 1), ("", 0), ("with\ttab", 2)];
        let expected = expected.map(|(text, class)| LabelledText { text: text.to_owned(), class });
        assert_eq!(texts, expected);
        assert!(read(b"sentence\tlabel\n").unwrap().is_empty() && read(b"").unwrap().is_empty());
    }

    #[test]
    fn other_lines_are_refused() {
        for (bad, line) in [
            (&b"h\th\nno tab"[..], 2),
            (b"h\th\nx\t1\n\nx\t1", 3),
            (b"h\th\nx\t-1", 2),
            (b"h\th\nx\tpositive", 2),
            (b"h\th\nx\t99999999999999999999", 2),
            (b"h\th\nx\t1000", 2),
            (b"h\th\n\xff\t1", 2),
        ] {
            let error = read(bad).unwrap_err();
            assert!(matches!(error, FileProblem::Line { line: found, .. } if found == line), "{error}");
        }
    }

    #[test]
    fn a_folder_is_a_task() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(TextTask::load(folder.path()), Err(Error::Io { .. })));
        for (name, lines) in [("train.tsv", "t\tc\nx\t0\ny\t2\n"), ("test.tsv", "t\tc\nz\t1\n")] {
            std::fs::write(folder.path().join(name), lines).unwrap();
        }
        let task = TextTask::load(folder.path()).unwrap();
        assert_eq!((task.training.len(), task.test.len(), task.classes()), (2, 1, 3));
        std::fs::write(folder.path().join("test.tsv"), "t\tc\nz").unwrap();
        let error = TextTask::load(folder.path()).unwrap_err();
        assert!(error.to_string().contains("test.tsv"), "{error}");
    }

    #[test]
    fn reviews_are_split_in_half_by_the_seed() {
        let reviews: Vec<Review> = (0..21)
            .map(|number| Review { sentence: number.to_string(), rating: f64::from(number - 10) })
            .collect();
        let task = TextTask::of_reviews(&reviews, 1);
        assert_eq!((task.training.len(), task.test.len(), task.classes()), (10, 10, 2));
        assert_eq!(task, TextTask::of_reviews(&reviews, 1));
        assert_ne!(task, TextTask::of_reviews(&reviews, 2));
        assert!(task.training.iter().all(|text| !task.test.contains(text)));
    }
}
