//! Random streams that depend on a seed and on a text's words, and on nothing else.
//!
//! A text's fingerprint depends on the content of its words, not on their ids, so that its stream is independent of the
//! lexicon's other words and of the batch.

use crate::FuzzError;
use steadfast_certify::{
    Fingerprint, Phase,
    seed::{Generator, Purpose, generator},
};
use steadfast_perturb::{Lexicon, WordId};

/// What a stream is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    /// The mutations of a search.
    Search,
    /// The copies for a voter, by number.
    Voter(u64),
}

/// A hash of the sequence of words; the error names the text by `number`.
pub(crate) fn fingerprint(lexicon: &Lexicon, text: &[WordId], number: usize) -> Result<u64, FuzzError> {
    if let Some(hashes) = lexicon.content_hashes(text) {
        return Ok(Fingerprint::new("fuzzed text", hashes).value());
    }
    let position = text.iter().position(|&word| lexicon.content_hash(word).is_none()).unwrap_or(0);
    let id = text.get(position).map_or(0, |word| word.index());
    Err(FuzzError::UnknownWord { text: number, position, id })
}

/// The generator of one purpose for one text.
pub(crate) fn stream(seed: u64, fingerprint: u64, stream: Stream) -> Generator {
    let (sample, purpose) = match stream {
        Stream::Search => (0, Purpose::Other(0x5EA)),
        Stream::Voter(number) => (number, Purpose::Other(0x707E)),
    };
    // No certificate counts votes on these streams.
    generator(seed, Phase::Training, fingerprint, sample, purpose)
}
