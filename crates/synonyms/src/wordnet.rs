//! [`WordNet`]: synonyms and antonyms.
//!
//! Reads the `data` files of the database (format: manual page wndb(5WN)). A line is a synset: its offset, its words with a
//! number each, and pointers to other synsets. Words of one synset are synonyms; a pointer `!` names a pair of antonyms by its
//! synset and the numbers of the words in both synsets. Only single words are used, in lower case, without the marker `(a)`,
//! `(p)` or `(ip)` of some adjectives. All senses count, frequent or not.
//!
//! Source: G. A. Miller, *`WordNet`: a lexical database for English*, CACM 38 (1995), doi:10.1145/219717.219748.

use crate::{
    SynonymsError, Vectors,
    storage::input::{in_file, malformed, open, unreadable},
};
use std::{collections::HashMap, io::BufRead, path::Path};

/// The four parts of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartOfSpeech {
    /// `data.noun`.
    Noun,
    /// `data.verb`.
    Verb,
    /// `data.adj`, satellites included.
    Adjective,
    /// `data.adv`.
    Adverb,
}

impl PartOfSpeech {
    /// All four, with the names of their files.
    const FILES: [(Self, &'static str); 4] = [
        (Self::Noun, "data.noun"),
        (Self::Verb, "data.verb"),
        (Self::Adjective, "data.adj"),
        (Self::Adverb, "data.adv"),
    ];

    fn from_letter(letter: &str) -> Option<Self> {
        match letter {
            "n" => Some(Self::Noun),
            "v" => Some(Self::Verb),
            "a" | "s" => Some(Self::Adjective),
            "r" => Some(Self::Adverb),
            _ => None,
        }
    }
}

type SynsetId = (PartOfSpeech, u64);

/// The synsets of the database and the antonyms between their words.
///
/// ```
/// use steadfast_synonyms::{PartOfSpeech, Vectors, WordNet};
///
/// let data = "00000010 00 a 02 good 0 fine 0 001 ! 00000020 a 0101 | of quality\n\
///             00000020 00 a 01 bad 0 001 ! 00000010 a 0101 | of no quality\n";
/// let database = WordNet::read([(PartOfSpeech::Adjective, data.as_bytes())])?;
/// let vectors = Vectors::new(["good", "fine", "bad"], 1, vec![1.0; 3])?;
/// let pairs = database.pairs(&vectors);
/// assert_eq!((pairs.synonyms, pairs.antonyms), (vec![(0, 1)], vec![(0, 2)]));
/// # Ok::<(), steadfast_synonyms::SynonymsError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct WordNet {
    synsets: HashMap<SynsetId, Vec<String>>,
    antonyms: Vec<Antonyms>,
}

/// A pointer `!`; word numbers start at 1, and 0 means all words of the synset.
#[derive(Clone, Debug)]
struct Antonyms {
    source: SynsetId,
    target: SynsetId,
    source_word: usize,
    target_word: usize,
}

/// Pairs of positions in a vocabulary, the smaller position first, each pair once, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordPairs {
    /// Words that are synonyms in one of their senses, and antonyms in none.
    pub synonyms: Vec<(u32, u32)>,
    /// Words that are antonyms in one of their senses.
    pub antonyms: Vec<(u32, u32)>,
}

impl WordNet {
    /// Reads `data.noun`, `data.verb`, `data.adj` and `data.adv` of a folder.
    ///
    /// # Errors
    /// [`SynonymsError::Io`] and those of [`WordNet::read`], with the file's name.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, SynonymsError> {
        let folder = folder.as_ref();
        let mut database = Self::default();
        for (part, name) in PartOfSpeech::FILES {
            let path = folder.join(name);
            database.read_part(part, open(&path)?).map_err(in_file(&path))?;
        }
        database.check().map_err(in_file(folder))?;
        Ok(database)
    }

    /// Reads parts of the database, in the format of its `data` files.
    ///
    /// # Errors
    /// [`SynonymsError::Format`] with the line for one that is not a synset, and for antonyms of missing words; [`SynonymsError::Io`]
    /// when a reader fails.
    pub fn read<R: BufRead>(
        parts: impl IntoIterator<Item = (PartOfSpeech, R)>,
    ) -> Result<Self, SynonymsError> {
        let mut database = Self::default();
        for (part, reader) in parts {
            database.read_part(part, reader)?;
        }
        database.check()?;
        Ok(database)
    }

    fn read_part(&mut self, part: PartOfSpeech, mut reader: impl BufRead) -> Result<(), SynonymsError> {
        let mut line = Vec::new();
        for number in 1u64.. {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            // The license is at the top, indented.
            if text.is_empty() || text.starts_with(' ') {
                continue;
            }
            let known = std::str::from_utf8(&line).is_ok() && self.read_synset(part, text).is_some();
            if !known {
                return Err(malformed(
                    format!("line {number}"),
                    text,
                    "a synset of the WordNet database, each synset once",
                ));
            }
        }
        Ok(())
    }

    fn read_synset(&mut self, part: PartOfSpeech, line: &str) -> Option<()> {
        let mut fields = line.split(' ');
        let source = (part, fields.next()?.parse().ok()?);
        fields.next()?;
        if PartOfSpeech::from_letter(fields.next()?)? != part {
            return None;
        }
        let mut words = Vec::new();
        for _ in 0..usize::from_str_radix(fields.next()?, 16).ok().filter(|count| *count > 0)? {
            let word = fields.next().filter(|word| !word.is_empty())?;
            fields.next()?;
            words.push(word.split('(').next().unwrap_or_default().to_lowercase());
        }
        for _ in 0..fields.next()?.parse::<usize>().ok()? {
            let (kind, offset) = (fields.next()?, fields.next()?.parse().ok()?);
            let target = (PartOfSpeech::from_letter(fields.next()?)?, offset);
            let numbers = fields.next().filter(|numbers| numbers.len() == 4)?;
            let source_word = usize::from_str_radix(numbers.get(..2)?, 16).ok()?;
            let target_word = usize::from_str_radix(numbers.get(2..)?, 16).ok()?;
            if kind == "!" {
                self.antonyms.push(Antonyms { source, target, source_word, target_word });
            }
        }
        self.synsets.insert(source, words).is_none().then_some(())
    }

    /// Checks that every antonym is a word of the database.
    fn check(&self) -> Result<(), SynonymsError> {
        let dangling = |pointer: &&Antonyms| {
            self.chosen(pointer.source, pointer.source_word).is_none()
                || self.chosen(pointer.target, pointer.target_word).is_none()
        };
        self.antonyms.iter().find(dangling).map_or(Ok(()), |pointer| {
            let at = format!("{:?} synset {:08}", pointer.source.0, pointer.source.1);
            let found = format!("an antonym in {:?} synset {:08}", pointer.target.0, pointer.target.1);
            Err(malformed(at, found, "a pointer to a word of the database"))
        })
    }

    fn chosen(&self, synset: SynsetId, number: usize) -> Option<&[String]> {
        let words = self.synsets.get(&synset)?;
        match number.checked_sub(1) {
            None => Some(words),
            Some(index) => words.get(index..=index),
        }
    }

    /// The number of synsets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.synsets.len()
    }

    /// Whether there are no synsets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.synsets.is_empty()
    }

    /// The pairs whose words both have a vector, as positions in `vectors`.
    ///
    /// A pair that is both, in different senses, counts as antonyms only, since attraction would cancel repulsion.
    #[must_use]
    pub fn pairs(&self, vectors: &Vectors) -> WordPairs {
        // Multi-word terms contain underscores.
        let position = |word: &String| {
            vectors.position(word).filter(|_| !word.contains('_')).and_then(|place| u32::try_from(place).ok())
        };
        let mut antonyms = Vec::new();
        for pointer in &self.antonyms {
            let ends = self
                .chosen(pointer.source, pointer.source_word)
                .zip(self.chosen(pointer.target, pointer.target_word));
            let Some((sources, targets)) = ends else { continue };
            for source in sources.iter().filter_map(position) {
                antonyms
                    .extend(targets.iter().filter_map(position).filter_map(|target| ordered(source, target)));
            }
        }
        let antonyms = distinct(antonyms);
        let mut synonyms = Vec::new();
        for words in self.synsets.values() {
            let positions: Vec<u32> = words.iter().filter_map(position).collect();
            for (index, &first) in positions.iter().enumerate() {
                let others = positions.iter().skip(index + 1);
                synonyms.extend(others.filter_map(|&second| ordered(first, second)));
            }
        }
        let mut synonyms = distinct(synonyms);
        synonyms.retain(|pair| antonyms.binary_search(pair).is_err());
        WordPairs { synonyms, antonyms }
    }
}

fn ordered(a: u32, b: u32) -> Option<(u32, u32)> {
    (a != b).then(|| (a.min(b), a.max(b)))
}

fn distinct(mut pairs: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAMPLE: &str = "  1 This is the license.\n\
        00000010 00 a 03 Good(a) 0 well_made 0 fine 1 002 & 00000020 a 0000 ! 00000020 a 0101 | of quality\n\
        00000020 00 s 02 bad 0 poor 0 001 ! 00000010 a 0101 | of no quality\n\
        00000030 00 a 03 good 0 upright 0 fine 0 000 | moral\n\
        00000040 00 a 02 fine 0 poor 2 001 ! 00000020 a 0002 | odd\n";

    fn read(text: &str) -> Result<WordNet, SynonymsError> {
        WordNet::read([(PartOfSpeech::Adjective, text.as_bytes())])
    }

    #[test]
    fn pairs_are_those_of_the_vocabulary() {
        let vectors = Vectors::new(["good", "fine", "bad", "poor", "other"], 1, vec![1.0; 5]).unwrap();
        let database = read(SAMPLE).unwrap();
        assert_eq!(database.len(), 4);
        let pairs = database.pairs(&vectors);
        // "fine" and "poor" share a synset, but the pointer 0002 makes all words of it antonyms of "poor".
        assert_eq!(pairs.antonyms, [(0, 2), (1, 3)]);
        assert_eq!(pairs.synonyms, [(0, 1), (2, 3)]);
    }

    #[test]
    fn malformed_synsets_are_named() {
        for (bad, part) in [
            ("00000010 00 a 01 good", "line 1"),
            ("x 00 a 01 good 0 000 | x", "line 1"),
            ("00000010 00 n 01 good 0 000 | x", "line 1"),
            ("00000010 00 a 00 000 | x", "line 1"),
            ("00000010 00 a zz good 0 000 | x", "line 1"),
            ("00000010 00 a 01 good 0 001 ! 00000010 a 01é | x", "line 1"),
            ("00000010 00 a 01 good 0 001 ! 00000010 a 010 | x", "line 1"),
            ("00000010 00 a 01 good 0 000 |\n00000010 00 a 01 good 0 000 |", "line 2"),
            ("00000010 00 a 01 good 0 001 ! 00000011 a 0101 | x", "00000011"),
            ("00000010 00 a 01 good 0 001 ! 00000010 a 0102 | x", "00000010"),
        ] {
            let error = read(bad).unwrap_err().to_string();
            assert!(error.contains(part), "{bad}: {error}");
        }
        assert!(read("").unwrap().is_empty());
        assert!(WordNet::load("no/such/folder").is_err());
        assert!(WordNet::read([(PartOfSpeech::Noun, &b"00 00 n 01 \xff 0 000 |"[..])]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            place in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let _ = WordNet::read([(PartOfSpeech::Noun, &bytes[..])]);
            let mut changed = SAMPLE.as_bytes().to_vec();
            let place = place.index(changed.len());
            changed[place] = byte;
            let _ = WordNet::read([(PartOfSpeech::Adjective, &changed[..])]);
        }
    }
}
