//! Movie-review sentences with the mean of human ratings.
//!
//! Pang and Lee's sentences, each rated by about twenty people from −4 to 4 (Hutto and Gilbert 2014, VADER, ICWSM).
//! [`load`] takes them from the cache ([`steadfast_fetch::catalog::MOVIE_REVIEWS`]), [`read`] from any reader.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use flate2::read::GzDecoder;
use steadfast_fetch::{Cache, catalog};

use crate::{Error, FileProblem};

const ARCHIVE: &str = "hutto_ICWSM_2014.tar.gz";
const FILE: &str = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt";
const WANTED: &str = "hutto_ICWSM_2014.tar.gz of the Python package vaderSentiment 3.3.2";

/// One sentence and what people think of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The sentence, without the white space around it.
    pub sentence: String,
    /// The mean rating, −4 (worst) to 4 (best).
    pub rating: f64,
}

impl Review {
    /// 1 for a positive mean rating, 0 for a negative one; `None` for the few that are exactly in the middle.
    #[must_use]
    pub fn label(&self) -> Option<usize> {
        (self.rating != 0.0).then(|| usize::from(self.rating > 0.0))
    }
}

/// The 10,605 sentences of the cache, fetched if need be.
///
/// # Errors
///
/// Those of [`Cache::fetch`]; [`Error::Io`] and [`Error::File`] for an archive that cannot be read or holds other lines.
pub fn load(cache: &Cache, offline: bool) -> Result<Vec<Review>, Error> {
    read_archive(&cache.fetch(&catalog::MOVIE_REVIEWS, offline)?.join(ARCHIVE))
}

/// The sentences in an archive of that form.
///
/// # Errors
///
/// [`Error::Io`] for one that cannot be opened, [`Error::File`] for one that is damaged or does not hold them.
pub fn read_archive(path: &Path) -> Result<Vec<Review>, Error> {
    let refuse = |problem| Error::File { path: path.to_owned(), wanted: WANTED, problem };
    let damaged = |source| refuse(FileProblem::Gzip(source));
    let file = BufReader::new(File::open(path).map_err(Error::io("read", path))?);
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        if *entry.path_bytes() == *FILE.as_bytes() {
            return read(entry).map_err(refuse);
        }
    }
    Err(refuse(FileProblem::Missing { file: FILE }))
}

/// Reads lines of `number<TAB>rating<TAB>sentence` in UTF-8.
///
/// # Errors
///
/// [`FileProblem::Line`] for a line of another form, [`FileProblem::Gzip`] when the reader fails.
pub fn read(mut reader: impl Read) -> Result<Vec<Review>, FileProblem> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(FileProblem::Gzip)?;
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let mut reviews = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let review = std::str::from_utf8(line).ok().and_then(parse);
        reviews.push(review.ok_or_else(|| FileProblem::Line {
            line: index + 1,
            found: String::from_utf8_lossy(line).chars().take(60).collect(),
            expected: "number<TAB>rating from −4 to 4<TAB>sentence, in UTF-8",
        })?);
    }
    Ok(reviews)
}

fn parse(line: &str) -> Option<Review> {
    let mut fields = line.splitn(3, '\t');
    fields.next()?.parse::<u32>().ok()?;
    let rating = fields.next()?.parse::<f64>().ok().filter(|rating| rating.abs() <= 4.0)?;
    let sentence = fields.next()?.trim();
    (!sentence.is_empty()).then(|| Review { sentence: sentence.to_owned(), rating })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_reviews() {
        let text = "1\t2.25\tA clich\u{e9}, but fun.\r\n2\t-0.5\tDull\r\n3\t0\tSo so.";
        let reviews = read(text.as_bytes()).unwrap();
        assert_eq!(reviews.len(), 3);
        assert_eq!(reviews[0].sentence, "A cliché, but fun.");
        assert_eq!(reviews.iter().map(Review::label).collect::<Vec<_>>(), [Some(1), Some(0), None]);
    }

    #[test]
    fn other_lines_are_refused() {
        for (bad, line) in [
            (&b""[..], 1),
            (b"1\t2", 1),
            (b"1\t2\tfine\n\n3\t1\tx", 2),
            (b"1\tnan\tx", 1),
            (b"1\t5\tx", 1),
            (b"x\t1\ty", 1),
            (b"1\t1\t \r\n", 1),
            (b"1\t1\t\xe9", 1),
        ] {
            let error = read(bad).unwrap_err();
            assert!(matches!(error, FileProblem::Line { line: found, .. } if found == line), "{error}");
        }
    }

    #[test]
    fn an_archive_without_the_file_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(ARCHIVE);
        std::fs::write(&path, b"no archive").unwrap();
        assert!(matches!(read_archive(&path), Err(Error::File { .. })));
        assert!(matches!(read_archive(&folder.path().join("none")), Err(Error::Io { .. })));
    }
}
