//! [`Partition`]: assigns the words of a text to groups.
//!
//! The word `w` belongs to the group `hash(lower case of w) mod m`, with SipHash-1-3 under the zero key, the same on every
//! platform and in every run. A classifier that is trained and tested on the words of one group alone is not affected by words
//! of the others, so a vote over groups bounds the effect of a few words that are inserted into training texts, the test text
//! or both (Pei et al., `TextGuard`, NDSS 2024, <https://arxiv.org/abs/2311.11225>). Split the full text: truncating it first
//! would let a word of one group displace words of another.
//!
//! A partition is not a noise: nothing is random and there is no law.

use crate::{Lexicon, PerturbError, WordId};
use siphasher::sip::SipHasher13;
use std::{hash::Hasher, num::NonZeroU32, sync::Arc};

/// `m` groups of words, by a stable hash of the lower-cased word.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_perturb::{Lexicon, Partition, Tokenizer};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let partition = Partition::new(Arc::clone(&lexicon), 3)?;
/// assert_eq!(partition.group("Film"), partition.group("film"));
/// let text = Tokenizer::words().tokenize(&lexicon, "a film of rare charm");
/// let groups = partition.split(&text);
/// assert_eq!(groups.len(), 3);
/// assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), text.len());
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Partition {
    lexicon: Arc<Lexicon>,
    groups: NonZeroU32,
}

impl Partition {
    /// A partition into `groups` groups. A single group is allowed: it holds the sorted words of the text.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] for no groups.
    pub fn new(lexicon: Arc<Lexicon>, groups: u32) -> Result<Self, PerturbError> {
        let groups = NonZeroU32::new(groups)
            .ok_or_else(|| PerturbError::parameter("number of groups m", 0, "at least 1"))?;
        Ok(Self { lexicon, groups })
    }

    /// The number of groups `m`.
    #[must_use]
    pub const fn groups(&self) -> u32 {
        self.groups.get()
    }

    /// The group of a word, below [`Self::groups`]; case is ignored.
    ///
    /// Words of a [`Tokenizer`](crate::Tokenizer) are in NFC. Normalize other words first: forms that look the same may be in
    /// different groups.
    #[must_use]
    pub fn group(&self, word: &str) -> u32 {
        let mut hasher = SipHasher13::new();
        hasher.write(word.to_lowercase().as_bytes());
        (hasher.finish() % u64::from(self.groups.get())) as u32
    }

    /// The words of each group, with repetitions, sorted by bytes and not by id, since ids depend on the texts that the
    /// lexicon saw before. Words that are not in this lexicon are left out.
    #[must_use]
    pub fn split(&self, text: &[WordId]) -> Vec<Vec<WordId>> {
        let mut groups = vec![Vec::new(); self.groups.get() as usize];
        let mut words: Vec<(Arc<str>, WordId)> =
            text.iter().filter_map(|&id| Some((self.lexicon.word(id)?, id))).collect();
        words.sort_unstable();
        for (word, id) in words {
            if let Some(group) = groups.get_mut(self.group(&word) as usize) {
                group.push(id);
            }
        }
        groups
    }

    /// The lexicon of the partition.
    #[must_use]
    pub const fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }
}
