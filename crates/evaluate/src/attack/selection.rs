//! Which texts are poisoned: an order of texts that depends on a seed and on each text, and on nothing else.

use crate::data::texts::LabelledText;
use siphasher::sip::SipHasher13;
use std::{collections::HashMap, hash::Hasher};
use steadfast_certify::{
    ClassId, Phase,
    seed::{Generator, Purpose, generator},
};

/// The second half of the hash's key: apart from the key by which texts are split into parts.
const ORDER: u64 = 1;
const CONTENT: u64 = 2;

/// A text with its number, told apart from equal ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'t> {
    pub(super) index: usize,
    pub(super) text: &'t LabelledText,
    /// How many equal texts of the same class come before it.
    copy: u64,
}

impl Candidate<'_> {
    /// What an attack on this text draws from.
    pub(super) fn generator(&self, seed: u64, phase: Phase) -> Generator {
        generator(seed, phase, hash(self.text, 0, 0, CONTENT), self.copy, Purpose::Noise)
    }
}

/// The texts with their numbers, in their own order.
pub(super) fn candidates<'t>(texts: &'t [LabelledText]) -> Vec<Candidate<'t>> {
    let mut seen: HashMap<(&str, ClassId), u64> = HashMap::new();
    let candidate = |(index, text): (usize, &'t LabelledText)| {
        let copies = seen.entry((&text.text, text.class)).or_default();
        *copies += 1;
        Candidate { index, text, copy: *copies - 1 }
    };
    texts.iter().enumerate().map(candidate).collect()
}

/// The texts in the order in which they are poisoned.
pub(super) fn in_order(mut texts: Vec<Candidate<'_>>, seed: u64) -> Vec<Candidate<'_>> {
    texts.sort_by_cached_key(|candidate| {
        let Candidate { text, copy, .. } = *candidate;
        // The text itself only decides between equal hashes.
        (hash(text, copy, seed, ORDER), text.text.as_str(), text.class, copy)
    });
    texts
}

fn hash(text: &LabelledText, copy: u64, seed: u64, purpose: u64) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(seed, purpose);
    hasher.write_u64(text.class as u64);
    hasher.write_u64(copy);
    hasher.write(text.text.as_bytes());
    hasher.finish()
}
