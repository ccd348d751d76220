//! The binary file format: magic bytes, a version, sections of little-endian numbers, a checksum.
//!
//! ```text
//! magic (8 bytes) · version (u32) · 0 (u32) · sections · checksum (u64)
//! ```
//!
//! The checksum is 64-bit FNV-1a over eight bytes at a time. Each step is a bijection of the state for a given word and of the
//! word for a given state, so every change within one word is detected, and other changes with probability 1 − 2⁻⁶⁴. It
//! detects damage, not tampering.
//!
//! Memory grows with the bytes that were read, never with the counts in a header.

use super::input::{malformed, unreadable};
use crate::SynonymsError;
use std::io::{self, Read, Write};

const CHUNK: usize = 1 << 18;

struct Checksum {
    state: u64,
    pending: [u8; 8],
    filled: usize,
}

impl Checksum {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    fn new() -> Self {
        Self { state: Self::OFFSET, pending: [0; 8], filled: 0 }
    }

    fn word(&mut self, word: [u8; 8]) {
        self.state = (self.state ^ u64::from_le_bytes(word)).wrapping_mul(Self::PRIME);
    }

    fn update(&mut self, mut bytes: &[u8]) {
        while self.filled > 0 || bytes.len() < 8 {
            let Some((first, rest)) = bytes.split_first() else { return };
            if let Some(place) = self.pending.get_mut(self.filled) {
                *place = *first;
            }
            self.filled += 1;
            bytes = rest;
            if self.filled == 8 {
                self.filled = 0;
                self.word(self.pending);
            }
        }
        let words = bytes.chunks_exact(8);
        let rest = words.remainder();
        for word in words {
            self.word(word.try_into().unwrap_or_default());
        }
        if !rest.is_empty() {
            self.update(rest);
        }
    }

    /// The length is included, so that trailing zeros count.
    fn finish(mut self) -> u64 {
        let filled = self.filled as u64;
        self.update(&[0; 7]);
        (self.state ^ filled).wrapping_mul(Self::PRIME)
    }
}

/// Writes one file.
pub(crate) struct BinaryWriter<'a> {
    inner: &'a mut dyn Write,
    checksum: Checksum,
}

impl<'a> BinaryWriter<'a> {
    pub(crate) fn new(inner: &'a mut dyn Write, magic: [u8; 8], version: u32) -> io::Result<Self> {
        let mut writer = Self { inner, checksum: Checksum::new() };
        writer.bytes(&magic)?;
        writer.bytes(&version.to_le_bytes())?;
        writer.bytes(&[0; 4])?;
        Ok(writer)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.checksum.update(bytes);
        self.inner.write_all(bytes)
    }

    pub(crate) fn number(&mut self, number: u64) -> io::Result<()> {
        self.bytes(&number.to_le_bytes())
    }

    /// Writes each item as `N` bytes.
    pub(crate) fn all<T, const N: usize>(
        &mut self,
        items: &[T],
        to_bytes: impl Fn(&T) -> [u8; N],
    ) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(CHUNK);
        for part in items.chunks(CHUNK / N) {
            buffer.clear();
            buffer.extend(part.iter().flat_map(&to_bytes));
            self.bytes(&buffer)?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> io::Result<()> {
        self.inner.write_all(&self.checksum.finish().to_le_bytes())
    }
}

/// Reads one file, section by section.
pub(crate) struct BinaryReader<R> {
    inner: R,
    checksum: Checksum,
    position: u64,
}

impl<R: Read> BinaryReader<R> {
    /// Reads and checks magic bytes and version.
    pub(crate) fn new(
        inner: R,
        magic: [u8; 8],
        version: u32,
        expected: &'static str,
    ) -> Result<Self, SynonymsError> {
        let mut reader = Self { inner, checksum: Checksum::new(), position: 0 };
        let found = reader.array::<8>()?;
        if found != magic {
            return Err(malformed("byte 0", format!("{:?}", String::from_utf8_lossy(&found)), expected));
        }
        let found = u32::from_le_bytes(reader.array()?);
        if found != version {
            let expected = "the version that this release writes; delete the file and create it again";
            return Err(malformed("byte 8", format!("version {found}"), expected));
        }
        reader.array::<4>()?;
        Ok(reader)
    }

    /// Reads `count` bytes in parts of at most [`CHUNK`].
    fn parts(&mut self, count: u64, mut take: impl FnMut(&[u8])) -> Result<(), SynonymsError> {
        let mut buffer = vec![0; CHUNK.min(usize::try_from(count).unwrap_or(CHUNK))];
        let mut left = count;
        while left > 0 {
            let length = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let part = buffer.get_mut(..length).unwrap_or_default();
            self.inner.read_exact(part).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    let expected =
                        "more bytes, by its header; the file was cut short: delete it and create it again";
                    malformed(format!("after byte {}", self.position), "the file ends", expected)
                }
                _ => unreadable(error),
            })?;
            self.checksum.update(part);
            take(part);
            self.position += length as u64;
            left -= length as u64;
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SynonymsError> {
        let mut array = [0; N];
        self.parts(N as u64, |part| array.copy_from_slice(part))?;
        Ok(array)
    }

    pub(crate) fn number(&mut self) -> Result<u64, SynonymsError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn bytes(&mut self, count: u64) -> Result<Vec<u8>, SynonymsError> {
        let mut bytes = Vec::new();
        self.parts(count, |part| bytes.extend_from_slice(part))?;
        Ok(bytes)
    }

    /// `count` items of `N` bytes each; `N` divides [`CHUNK`].
    pub(crate) fn all<T, const N: usize>(
        &mut self,
        count: u64,
        from_bytes: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, SynonymsError> {
        let bytes = count.checked_mul(N as u64).ok_or_else(|| {
            malformed(
                format!("byte {}", self.position),
                format!("{count} items"),
                "fewer items: the file is short",
            )
        })?;
        let mut items = Vec::new();
        self.parts(bytes, |part| {
            items.extend(part.as_chunks::<N>().0.iter().map(|bytes| from_bytes(*bytes)));
        })?;
        Ok(items)
    }

    /// Checks the checksum, and that it is the end of the file.
    pub(crate) fn finish(mut self) -> Result<(), SynonymsError> {
        let sum = std::mem::replace(&mut self.checksum, Checksum::new()).finish();
        let at = self.position;
        if self.number()? != sum {
            let expected = "the checksum of the content; the file is damaged: delete it and create it again";
            return Err(malformed(format!("byte {at}"), "another checksum", expected));
        }
        match self.inner.read(&mut [0]).map_err(unreadable)? {
            0 => Ok(()),
            _ => Err(malformed(format!("byte {}", self.position), "more bytes", "the end of the file")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer = BinaryWriter::new(&mut file, *b"TESTFILE", 3).unwrap();
        writer.number(bytes.len() as u64).unwrap();
        writer.bytes(bytes).unwrap();
        writer.all(&[1.5f32, -2.0], |value| value.to_le_bytes()).unwrap();
        writer.finish().unwrap();
        file
    }

    fn read(file: &[u8]) -> Result<(Vec<u8>, Vec<f32>), SynonymsError> {
        let mut reader = BinaryReader::new(file, *b"TESTFILE", 3, "a test file")?;
        let count = reader.number()?;
        let content = (reader.bytes(count)?, reader.all(2, f32::from_le_bytes)?);
        reader.finish()?;
        Ok(content)
    }

    #[test]
    fn changed_and_truncated_files_are_refused() {
        for length in [0, 1, 7, 8, 9, 100] {
            let bytes: Vec<u8> = (0..length).collect();
            let file = written(&bytes);
            assert_eq!(read(&file).unwrap(), (bytes, vec![1.5, -2.0]));
            for place in (0..file.len()).filter(|place| !(12..16).contains(place)) {
                let mut changed = file.clone();
                changed[place] ^= 0x10;
                assert!(read(&changed).is_err(), "byte {place} of {length}");
                assert!(read(&file[..place]).is_err(), "cut at {place} of {length}");
            }
            assert!(read(&[&file[..], b"x"].concat()).is_err());
        }
    }

    #[test]
    fn a_header_with_a_large_count_allocates_no_memory() {
        let mut file = Vec::new();
        let mut writer = BinaryWriter::new(&mut file, *b"TESTFILE", 3).unwrap();
        writer.number(u64::MAX).unwrap();
        writer.finish().unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("cut short"));
        let mut reader = BinaryReader::new(&file[..], *b"TESTFILE", 3, "a test file").unwrap();
        assert!(reader.all(u64::MAX, u64::from_le_bytes).is_err());
    }
}
