//! Tables of labelled texts, with tabs between columns.
//!
//! The first line names the columns: one is `sentence` or `text`, one is `label` or `class`, in any order and case, others
//! are passed over. SST-2, `OffensEval`, HSOL and AG News are distributed in that form.

use super::texts::LabelledText;
use crate::{Error, FileProblem};
use std::path::Path;

/// Names of the column of texts.
const TEXT: [&str; 2] = ["sentence", "text"];

/// Names of the column of classes.
const CLASS: [&str; 2] = ["label", "class"];

/// Classes are counts, not codes: a larger number in the file is a mistake.
const MOST_CLASSES: usize = 1_000;

/// The texts in a file.
///
/// # Errors
/// [`Error::Io`] for a file that cannot be read, [`Error::File`] as [`read`] says.
pub fn load(path: &Path) -> Result<Vec<LabelledText>, Error> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    read(&bytes).map_err(|problem| Error::File {
        path: path.to_owned(),
        wanted: "a header that names the columns sentence and label, and lines of text, tab, class",
        problem,
    })
}

/// Reads a header and a text on each further line, in UTF-8.
///
/// Classes are numbers from 0 on; spaces around text and class are ignored, and so is a carriage return at the end of a line.
/// Quotes are characters like any other. Where there are only the two columns, a tab too many is one of the text.
///
/// # Errors
/// [`FileProblem::Line`] for a line of another form, [`FileProblem::NoTexts`] for a file without any after the header.
pub fn read(bytes: &[u8]) -> Result<Vec<LabelledText>, FileProblem> {
    let mut lines = rows(bytes);
    let header = lines.next().map(|(line, _)| line).unwrap_or_default();
    let columns = std::str::from_utf8(header).ok().and_then(Columns::of).ok_or_else(|| {
        wrong(1, header, "a header with one column sentence or text and one label or class")
    })?;
    let texts = lines
        .map(|(line, number)| {
            let text = std::str::from_utf8(line).ok().and_then(|line| columns.parse(line));
            text.ok_or_else(|| {
                wrong(number, line, "the columns of the header, a class from 0 to 999 among them, in UTF-8")
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if texts.is_empty() { Err(FileProblem::NoTexts) } else { Ok(texts) }
}

/// The lines of a file with their numbers, from 1.
pub(crate) fn rows(bytes: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    // Some editors begin UTF-8 files with this mark.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.split(|&byte| byte == b'\n').zip(1..)
}

/// The one column that has one of the wanted names.
pub(crate) fn only(names: &[String], wanted: &[&str]) -> Option<usize> {
    let mut found = (0..names.len())
        .filter(|&column| names.get(column).is_some_and(|name| wanted.contains(&name.as_str())));
    found.next().filter(|_| found.next().is_none())
}

pub(crate) fn wrong(line: usize, found: &[u8], expected: &'static str) -> FileProblem {
    FileProblem::Line { line, found: String::from_utf8_lossy(found).chars().take(60).collect(), expected }
}

/// Where text and class are in a line.
struct Columns {
    text: usize,
    class: usize,
    count: usize,
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let names: Vec<String> = header.split('\t').map(|name| name.trim().to_lowercase()).collect();
        Some(Self { text: only(&names, &TEXT)?, class: only(&names, &CLASS)?, count: names.len() })
    }

    fn parse(&self, line: &str) -> Option<LabelledText> {
        let fields: Vec<&str> = line.split('\t').collect();
        let further =
            fields.len().checked_sub(self.count).filter(|&further| further == 0 || self.count == 2)?;
        let text = fields.get(self.text..=self.text + further)?.join("\t");
        let class = fields.get(self.class + if self.class > self.text { further } else { 0 })?;
        let class = class.trim().parse().ok().filter(|&class| class < MOST_CLASSES)?;
        Some(LabelledText { text: text.trim().to_owned(), class })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<const N: usize>(expected: [(&str, usize); N]) -> Vec<LabelledText> {
        expected.map(|(text, class)| LabelledText { text: text.to_owned(), class }).into()
    }

    #[test]
    fn lines_become_labelled_texts() {
        let file = "sentence\tlabel\r\na \"fine\" film \t 1\r\n\t0\nwith\ttab\t2\n'tis\t3";
        let expected = [("a \"fine\" film", 1), ("", 0), ("with\ttab", 2), ("'tis", 3)];
        assert_eq!(read(file.as_bytes()).unwrap(), texts(expected));
    }

    #[test]
    fn the_header_says_which_column_is_which() {
        let expected = texts([("good", 1), ("bad", 0)]);
        for file in [
            "\u{feff}Text\tClass\ngood\t1\nbad\t0\n",
            "label\tsentence\n1\tgood\n0\tbad\n",
            "id\tsentence\tlabel\toriginal\n7\tgood\t1\t0\n8\tbad\t0\t1\n",
        ] {
            assert_eq!(read(file.as_bytes()).unwrap(), expected, "{file}");
        }
        assert_eq!(read(b"label\tsentence\n1\ta\tb\n").unwrap(), texts([("a\tb", 1)]));
    }

    #[test]
    fn other_files_are_refused() {
        for (bad, line) in [
            (&b""[..], 1),
            (b"\n", 1),
            (b"a fine film\t1\nbad\t0\n", 1),
            (b"index\tsentence\n0\tgood\n", 1),
            (b"text\tsentence\tlabel\nx\ty\t0\n", 1),
            (b"sentence,label\ngood,1\n", 1),
            (b"\xff\xfes\0e\0", 1),
            (b"sentence\tlabel\nno tab", 2),
            (b"sentence\tlabel\nx\t1\n\nx\t1", 3),
            (b"sentence\tlabel\nx\t-1", 2),
            (b"sentence\tlabel\nx\t", 2),
            (b"sentence\tlabel\nx\tpositive", 2),
            (b"sentence\tlabel\nx\t99999999999999999999", 2),
            (b"sentence\tlabel\nx\t1000", 2),
            (b"sentence\tlabel\n\xff\t1", 2),
            (b"id\tsentence\tlabel\n1\tx\ty\t1", 2),
        ] {
            let error = read(bad).unwrap_err();
            assert!(matches!(error, FileProblem::Line { line: found, .. } if found == line), "{error}");
        }
        assert!(matches!(read(b"sentence\tlabel\r\n"), Err(FileProblem::NoTexts)));
    }
}
