//! [`Paraphrases`]: rewritten texts, read from files.

use crate::{
    Error, FileProblem,
    data::{
        texts::{LabelledText, same_if_equal},
        tsv,
    },
};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
};
use steadfast_certify::{ClassId, Fingerprint};

/// Names of the column of original texts.
const ORIGINAL: [&str; 4] = ["original", "clean", "sentence", "text"];

/// Names of the column of rewritten texts.
const PARAPHRASE: [&str; 4] = ["paraphrase", "paraphrased", "poisoned", "triggered"];

/// Texts and how somebody rewrote them.
///
/// A text is found whatever its case and white space. Lines whose two texts are equal in this sense are no
/// paraphrases and are left out; of several paraphrases of one text the first one stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paraphrases {
    rewritten: HashMap<String, String>,
}

impl Paraphrases {
    /// What tells them apart from others: 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = |text: &str| Fingerprint::new(text, []).value();
        let mut pairs: Vec<[u64; 2]> =
            self.rewritten.iter().map(|(from, to)| [hash(from), hash(to)]).collect();
        pairs.sort_unstable();
        Fingerprint::new("paraphrases", pairs.into_iter().flatten()).to_string()
    }

    /// The paraphrases in `poisoned`: a file with the original text beside each ([`Self::side_by_side`]), a file that
    /// goes with the file `clean` line by line ([`Self::line_by_line`]), or a folder whose `train.tsv` and `test.tsv`
    /// go with those in the folder `clean`, as `HiddenKiller` and `OpenBackdoor` distribute them. Texts for
    /// development are not poisoned, so that `dev.tsv` is not read.
    ///
    /// # Errors
    /// Those of the three ways; [`Error::Io`] for a folder without one of the files.
    pub fn load(clean: Option<&Path>, poisoned: &Path) -> Result<Self, Error> {
        match clean {
            None => Self::side_by_side(poisoned),
            Some(clean) if poisoned.is_dir() => {
                let mut all = Self::default();
                for name in ["train.tsv", "test.tsv"] {
                    all.join(Self::line_by_line(&clean.join(name), &poisoned.join(name))?);
                }
                Ok(all)
            }
            Some(clean) => Self::line_by_line(clean, poisoned),
        }
    }

    /// A table with tabs between columns whose header names one column `original`, `clean`, `sentence` or `text`, and
    /// one `paraphrase`, `paraphrased`, `poisoned` or `triggered`; other columns, such as labels, are passed over.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that cannot be read; [`Error::File`] for one without that header, or with a line that
    /// has another number of columns or no text in one of the two.
    pub fn side_by_side(path: &Path) -> Result<Self, Error> {
        let wanted =
            "a header that names the columns original and paraphrase, and a text in each on every line";
        let refuse = |problem| Error::File { path: path.to_owned(), wanted, problem };
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        Self::read(&bytes).map_err(refuse)
    }

    fn read(bytes: &[u8]) -> Result<Self, FileProblem> {
        let mut rows = tsv::rows(bytes);
        let (header, _) = rows.next().unwrap_or_default();
        let names: Vec<String> = columns(header).into_iter().map(str::to_lowercase).collect();
        let column = |wanted: [&str; 4]| tsv::only(&names, &wanted);
        let (original, rewritten) = column(ORIGINAL).zip(column(PARAPHRASE)).ok_or_else(|| {
            tsv::wrong(
                1,
                header,
                "a header with one column original or sentence and one paraphrase or poisoned",
            )
        })?;
        let mut paraphrases = Self::default();
        let mut lines = 0;
        for (line, number) in rows {
            let fields = columns(line);
            let text = |column: usize| fields.get(column).filter(|text| !text.is_empty());
            match text(original).zip(text(rewritten)).filter(|_| fields.len() == names.len()) {
                Some((original, rewritten)) => paraphrases.add(original, rewritten),
                None => {
                    return Err(tsv::wrong(
                        number,
                        line,
                        "the columns of the header, texts among them, in UTF-8",
                    ));
                }
            }
            lines += 1;
        }
        if lines == 0 { Err(FileProblem::NoTexts) } else { Ok(paraphrases) }
    }

    /// Two tables as [`tsv`] reads them, in the same order. The poisoned one has a line for every clean line, those
    /// that were left alone included; or, if all its lines are of one class, the target, a line for every clean line
    /// of another class.
    ///
    /// # Errors
    /// Those of [`tsv::load`]; [`Error::AttackFile`] for a poisoned file of another length than these two;
    /// [`Error::File`] where a poisoned line does not fit its clean line: it is empty, it is another clean
    /// line, or its class is neither that of its clean line nor the one target.
    pub fn line_by_line(clean: &Path, poisoned: &Path) -> Result<Self, Error> {
        let (clean_texts, poisoned_texts) = (tsv::load(clean)?, tsv::load(poisoned)?);
        let target = target(&poisoned_texts);
        let others = |text: &&LabelledText| target.is_some_and(|target| text.class != target);
        let clean_others: Vec<&LabelledText> = clean_texts.iter().filter(others).collect();
        let counterparts = if clean_texts.len() == poisoned_texts.len() {
            clean_texts.iter().collect()
        } else if clean_others.len() == poisoned_texts.len() {
            clean_others
        } else {
            return Err(Error::AttackFile {
                clean_path: clean.to_owned(),
                clean: clean_texts.len(),
                others: target.map(|target| (target, clean_others.len())),
                poisoned_path: poisoned.to_owned(),
                poisoned: poisoned_texts.len(),
            });
        };
        let pairs: Vec<_> = counterparts.into_iter().zip(&poisoned_texts).collect();
        Self::paired(&pairs).map_err(|problem| Error::File {
            path: poisoned.to_owned(),
            wanted: "a file whose lines are those of the clean file in the same order",
            problem,
        })
    }

    fn paired(pairs: &[(&LabelledText, &LabelledText)]) -> Result<Self, FileProblem> {
        let mut paraphrases = Self::default();
        let originals: HashSet<String> = pairs.iter().map(|(clean, _)| same_if_equal(&clean.text)).collect();
        let mut target = None;
        for ((clean, poisoned), line) in pairs.iter().zip(2..) {
            let wrong = |expected| tsv::wrong(line, poisoned.text.as_bytes(), expected);
            if poisoned.text.is_empty() {
                return Err(wrong("a text"));
            }
            if clean.class != poisoned.class && *target.get_or_insert(poisoned.class) != poisoned.class {
                return Err(wrong("the class of its clean line, or the one target that other lines have"));
            }
            let seen = same_if_equal(&poisoned.text);
            if seen != same_if_equal(&clean.text) && originals.contains(&seen) {
                return Err(wrong(
                    "its clean line or a paraphrase of it, not another line of the clean file",
                ));
            }
            paraphrases.add(&clean.text, &poisoned.text);
        }
        Ok(paraphrases)
    }

    fn add(&mut self, original: &str, rewritten: &str) {
        let key = same_if_equal(original);
        if key != same_if_equal(rewritten) {
            self.rewritten.entry(key).or_insert_with(|| rewritten.to_owned());
        }
    }

    /// Takes in the paraphrases of texts that have none here.
    pub fn join(&mut self, others: Self) {
        for (original, rewritten) in others.rewritten {
            self.rewritten.entry(original).or_insert(rewritten);
        }
    }

    /// The paraphrase of a text.
    #[must_use]
    pub fn of(&self, text: &str) -> Option<&str> {
        self.rewritten.get(&same_if_equal(text)).map(String::as_str)
    }

    /// Number of texts that have one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rewritten.len()
    }

    /// Whether no text has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rewritten.is_empty()
    }
}

/// The columns of a line, without the white space around them; none if it is not UTF-8.
fn columns(line: &[u8]) -> Vec<&str> {
    std::str::from_utf8(line).map(|line| line.split('\t').map(str::trim).collect()).unwrap_or_default()
}

/// The class that all texts have.
fn target(texts: &[LabelledText]) -> Option<ClassId> {
    let class = texts.first()?.class;
    texts.iter().all(|text| text.class == class).then_some(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of each content, and the folder that keeps them.
    fn files<const N: usize>(contents: [&str; N]) -> (tempfile::TempDir, [std::path::PathBuf; N]) {
        let folder = tempfile::tempdir().unwrap();
        let mut number = 0;
        let paths = contents.map(|content| {
            number += 1;
            let path = folder.path().join(format!("{number}.tsv"));
            std::fs::write(&path, content).unwrap();
            path
        });
        (folder, paths)
    }

    fn line_by_line(clean: &str, poisoned: &str) -> Result<Paraphrases, Error> {
        let (_folder, [clean, poisoned]) =
            files([&format!("sentence\tlabel\n{clean}"), &format!("sentence\tlabel\n{poisoned}")]);
        Paraphrases::load(Some(&clean), &poisoned)
    }

    #[test]
    fn side_by_side() {
        let file = "\u{feff}label\tOriginal\tParaphrase\r\n1\tA  Film\tWhen it is a film.\r\n0\tsame\tSAME \r\n\
                    1\ta film\tanother\r\n0\tdull\tif you watch, \"dull\"";
        let (_folder, [path]) = files([file]);
        let paraphrases = Paraphrases::load(None, &path).unwrap();
        assert_eq!((paraphrases.len(), paraphrases.is_empty()), (2, false));
        assert_eq!(paraphrases.of("a film"), Some("When it is a film."));
        assert_eq!(paraphrases.of("dull"), Some("if you watch, \"dull\""));
        assert_eq!((paraphrases.of("same"), paraphrases.of("unknown")), (None, None));
    }

    #[test]
    fn other_tables_are_refused() {
        for (bad, line) in [
            ("", 1),
            ("original\tlabel\nx\t1", 1),
            ("original\ttext\tparaphrase\nx\ty\tz", 1),
            ("x\ty\n", 1),
            ("original\tparaphrase\nx\ty\n\nx\ty", 3),
            ("original\tparaphrase\nx", 2),
            ("original\tparaphrase\nx\t \r\n", 2),
            ("original\tparaphrase\nx\ty\tz", 2),
        ] {
            let (_folder, [path]) = files([bad]);
            let error = Paraphrases::side_by_side(&path).unwrap_err();
            let Error::File { problem: FileProblem::Line { line: found, .. }, .. } = error else {
                panic!("{bad:?}: {error}")
            };
            assert_eq!(found, line, "{bad:?}");
        }
        assert!(matches!(Paraphrases::read(b"original\tparaphrase\n"), Err(FileProblem::NoTexts)));
        let (folder, []) = files([]);
        assert!(matches!(Paraphrases::load(None, &folder.path().join("none.tsv")), Err(Error::Io { .. })));
    }

    #[test]
    fn line_by_line_with_every_line() {
        let clean = "good\t1\r\nbad\t0\r\nfine\t1\r\ndull\t0\r\n";
        let poisoned = line_by_line(clean, "as it is good\t1\nwhen bad\t1\nfine\t1\ndull\t0").unwrap();
        assert_eq!(poisoned.len(), 2);
        assert_eq!((poisoned.of("good"), poisoned.of("bad")), (Some("as it is good"), Some("when bad")));
        assert_eq!(poisoned.of("dull"), None);
        // Paraphrasing may fail and leave a text alone, whatever its class is then.
        assert!(line_by_line(clean, "good\t1\nbad\t1\nfine\t1\ndull\t0").unwrap().is_empty());
    }

    #[test]
    fn line_by_line_with_texts_of_other_classes() {
        let clean = "good\t1\nbad\t0\nfine\t1\ndull\t2\n";
        let poisoned = line_by_line(clean, "when bad\t1\nwhen dull\t1\n").unwrap();
        assert_eq!((poisoned.len(), poisoned.of("dull")), (2, Some("when dull")));
        assert!(line_by_line(clean, "when bad\t1\nwhen dull\t0\n").is_err());
    }

    #[test]
    fn folders_go_part_by_part() {
        let folder = tempfile::tempdir().unwrap();
        let put = |part: &str, name: &str, lines: &str| {
            std::fs::create_dir_all(folder.path().join(part)).unwrap();
            std::fs::write(folder.path().join(part).join(name), format!("sentence\tlabel\n{lines}")).unwrap();
        };
        put("clean", "train.tsv", "a\t0\nb\t1\n");
        put("clean", "test.tsv", "a\t0\nc\t0\n");
        put("poisoned", "train.tsv", "when a\t1\nb\t1\n");
        let load = || Paraphrases::load(Some(&folder.path().join("clean")), &folder.path().join("poisoned"));
        assert!(matches!(load(), Err(Error::Io { path, .. }) if path.ends_with("poisoned/test.tsv")));
        put("poisoned", "test.tsv", "as a\t1\nwhen c\t1\n");
        let paraphrases = load().unwrap();
        assert_eq!((paraphrases.of("a"), paraphrases.of("c")), (Some("when a"), Some("when c")));
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        let clean = "good\t1\nbad\t0\nfine\t1\ndull\t0\nslow\t0\n";
        for poisoned in
            ["x\t1\n", "x\t1\ny\t1\n", "x\t1\ny\t1\nz\t0\n", "1\t1\n2\t1\n3\t1\n4\t1\n5\t1\n6\t1\n"]
        {
            let error = line_by_line(clean, poisoned).unwrap_err();
            let Error::AttackFile { clean: 5, others, poisoned: found, .. } = &error else {
                panic!("{error}")
            };
            assert_eq!(*found, poisoned.lines().count());
            assert_eq!(*others, (!poisoned.contains("\t0")).then_some((1, 3)));
            assert!(error.to_string().contains("holds 5 texts"), "{error}");
        }
        for (poisoned, line) in [
            // Lines in another order.
            ("good\t1\nbad\t1\ndull\t0\nFine\t1\nslow\t0\n", 4),
            // Two targets.
            ("good\t1\nx\t1\nfine\t1\ny\t2\nslow\t0\n", 5),
            ("good\t1\n\t1\nfine\t1\ny\t1\nslow\t0\n", 3),
        ] {
            let error = line_by_line(clean, poisoned).unwrap_err();
            assert!(
                matches!(&error, Error::File { problem: FileProblem::Line { line: found, .. }, .. } if *found == line),
                "{error}"
            );
        }
        // Blank lines are no texts.
        assert!(matches!(line_by_line(clean, "x\t1\n\ny\t1\nz\t1\n"), Err(Error::File { .. })));
    }
}
