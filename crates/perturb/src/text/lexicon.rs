//! [`Lexicon`]: words and their ids.
//!
//! Words are numbered in the order in which they are first seen, so an id has no meaning outside its lexicon and may differ
//! from run to run. Values that must be reproducible (fingerprints of laws, groups of words, sort orders) are computed
//! from the word itself: [`Lexicon::content_hash`] is SipHash-1-3 of its bytes, stable across platforms and versions.

use siphasher::sip::SipHasher13;
use std::{
    collections::HashMap,
    fmt,
    hash::Hasher,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

/// The id of a word in a [`Lexicon`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WordId(u32);

impl WordId {
    /// The mask, which stands for a hidden word. It is not a word: a literal `"[MASK]"` in a text has an id of its own.
    pub const MASK: Self = Self(0);

    /// The word numbered `index`, in the order in which a lexicon first saw its words; the mask is 0.
    #[must_use]
    pub const fn from_index(index: u32) -> Self {
        Self(index)
    }

    /// The index of the word.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.0
    }
}

/// The mask as a string.
const MASK: &str = "[MASK]";

/// A bijection between words and ids. It only grows, and is shared between threads as `Arc<Lexicon>`.
///
/// ```
/// use steadfast_perturb::{Lexicon, WordId};
///
/// let lexicon = Lexicon::new();
/// let film = lexicon.intern("film");
/// assert_eq!(lexicon.intern("film"), film);
/// assert_eq!(lexicon.word(film).as_deref(), Some("film"));
/// assert_eq!(lexicon.get("plot"), None);
/// assert_ne!(lexicon.intern("[MASK]"), WordId::MASK);
/// ```
pub struct Lexicon {
    words: RwLock<Words>,
}

#[derive(Default)]
struct Words {
    ids: HashMap<Arc<str>, WordId>,
    entries: Vec<Entry>,
}

struct Entry {
    word: Arc<str>,
    hash: u64,
}

impl Lexicon {
    /// An empty lexicon: it contains the mask and no words.
    #[must_use]
    pub fn new() -> Self {
        let mask = Entry { word: Arc::from(MASK), hash: hash(MASK, Kind::Mask) };
        Self { words: RwLock::new(Words { ids: HashMap::new(), entries: vec![mask] }) }
    }

    /// The id of `word`; an unknown word gets a new id.
    ///
    /// Ids are 32 bits wide. Past 2³² − 1 distinct words (hundreds of gigabytes) new words share the last id.
    pub fn intern(&self, word: &str) -> WordId {
        if let Some(id) = self.get(word) {
            return id;
        }
        let mut words = self.words.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have interned it between the two locks.
        if let Some(&id) = words.ids.get(word) {
            return id;
        }
        let Ok(index) = u32::try_from(words.entries.len()) else { return WordId(u32::MAX) };
        let shared: Arc<str> = Arc::from(word);
        words.entries.push(Entry { word: Arc::clone(&shared), hash: hash(word, Kind::Word) });
        words.ids.insert(shared, WordId(index));
        WordId(index)
    }

    /// The id of `word`; `None` if it is unknown.
    #[must_use]
    pub fn get(&self, word: &str) -> Option<WordId> {
        self.read().ids.get(word).copied()
    }

    /// The word with this id; `None` for an unknown id.
    #[must_use]
    pub fn word(&self, id: WordId) -> Option<Arc<str>> {
        self.read().entries.get(id.0 as usize).map(|entry| Arc::clone(&entry.word))
    }

    /// The words of a text, under one lock; `None` if one of the ids is unknown.
    #[must_use]
    pub fn words(&self, text: &[WordId]) -> Option<Vec<Arc<str>>> {
        let words = self.read();
        text.iter().map(|id| words.entries.get(id.0 as usize).map(|entry| Arc::clone(&entry.word))).collect()
    }

    /// The text as a string: its words joined by single spaces. Unknown ids are written as U+FFFD.
    ///
    /// The [`Tokenizer`](crate::Tokenizer) that made the text reads that string as the same text, unless it contains masks.
    #[must_use]
    pub fn detokenize(&self, text: &[WordId]) -> String {
        let words = self.read();
        let mut string = String::new();
        for (position, id) in text.iter().enumerate() {
            if position > 0 {
                string.push(' ');
            }
            string.push_str(words.entries.get(id.0 as usize).map_or("\u{FFFD}", |entry| &entry.word));
        }
        string
    }

    /// A 64-bit hash of the word itself, stable across lexica, platforms and versions; `None` for an unknown id.
    ///
    /// The hash of the mask is that of no word.
    #[must_use]
    pub fn content_hash(&self, id: WordId) -> Option<u64> {
        self.read().entries.get(id.0 as usize).map(|entry| entry.hash)
    }

    /// [`Self::content_hash`] of every word of a text, under one lock; `None` if one of the ids is unknown.
    #[must_use]
    pub fn content_hashes(&self, text: &[WordId]) -> Option<Vec<u64>> {
        let words = self.read();
        text.iter().map(|id| words.entries.get(id.0 as usize).map(|entry| entry.hash)).collect()
    }

    /// The number of ids, including that of the mask: every id is below it.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a lexicon always contains the mask")]
    pub fn len(&self) -> usize {
        self.read().entries.len()
    }

    fn read(&self) -> RwLockReadGuard<'_, Words> {
        // Words are only added, so the lexicon stays consistent if a thread panics.
        self.words.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Lexicon {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lexicon({} words)", self.len() - 1)
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Word,
    Mask,
}

/// SipHash-1-3 under the zero key. The final byte occurs in no UTF-8, so no word is hashed like the mask.
fn hash(word: &str, kind: Kind) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(word.as_bytes());
    hasher.write_u8(match kind {
        Kind::Word => 0xFF,
        Kind::Mask => 0xFE,
    });
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shared_between_threads() {
        let lexicon = Lexicon::new();
        let ids: Vec<Vec<WordId>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..2_000).map(|i| lexicon.intern(&i.to_string())).collect()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(lexicon.len(), 2_001);
        assert_eq!(format!("{lexicon:?}"), "Lexicon(2000 words)");
    }

    #[test]
    fn content_hashes_are_stable() {
        let (a, b) = (Lexicon::new(), Lexicon::new());
        b.intern("other");
        let (x, y) = (a.intern("film"), b.intern("film"));
        assert_ne!(x, y);
        assert_eq!(a.content_hash(x), b.content_hash(y));
        // Fingerprints that were written to files depend on this value.
        assert_eq!(a.content_hash(x), Some(0xa914_88bd_9ad4_6d2d));
        assert_ne!(a.content_hash(WordId::MASK), a.content_hash(a.intern("[MASK]")));
        assert_eq!(a.content_hash(WordId(99)), None);
        assert_eq!(a.content_hashes(&[x, WordId(99)]), None);
    }

    #[test]
    fn any_string_is_a_word() {
        let lexicon = Lexicon::new();
        for word in ["", " ", "\0", "👩‍👧", "[MASK]"] {
            let id = lexicon.intern(word);
            assert_eq!(lexicon.word(id).as_deref(), Some(word));
            assert_ne!(id, WordId::MASK);
        }
        assert_eq!(lexicon.detokenize(&[]), "");
        assert_eq!(lexicon.detokenize(&[WordId::MASK, WordId(99)]), "[MASK] \u{FFFD}");
    }
}
