//! The threats that noises make of a text: sampler and certificate read the same rates and weights.

use super::{Deletion, ExactMasking, Masking, Substitution, alias::TOTAL};
use crate::{PerturbError, WordId};
use std::collections::HashMap;
use steadfast_certify::{
    AblationThreat, EditThreat, Interval, MaskingThreat, Noise, SignalThreat, Swap, WordThreat,
};

impl Deletion {
    /// An attacker who edits `text`: insertions, deletions, substitutions and transpositions of words, with any words
    /// whatsoever, known or not.
    #[must_use]
    pub fn edits(&self, text: &[WordId]) -> EditThreat {
        let threat = match self.uniform_rate() {
            Some(rate) => EditThreat::uniform(rate.into(), text.len()),
            None => EditThreat::per_token(self.intervals(text), self.smallest_rate().into()),
        };
        threat.about(self.law(text))
    }

    /// An attacker who edits `text` and puts in words of `vocabulary` only.
    ///
    /// The vocabulary is an assumption about the attacker, and the certificate says so: it names the smallest rate at which
    /// a word that is put in may be deleted. [`EditThreat::survives_edits`] sees counts, not words: ask it about edits that
    /// put in words of the vocabulary only.
    #[must_use]
    pub fn edits_within(&self, text: &[WordId], vocabulary: impl IntoIterator<Item = WordId>) -> EditThreat {
        // Without a word to put in nothing is put in, for which any rate will do.
        let smallest =
            vocabulary.into_iter().map(|word| self.rate(word)).min().unwrap_or(self.default_rate());
        EditThreat::per_token(self.intervals(text), smallest.into()).about(self.law(text))
    }

    /// An attacker of `text` that is told apart by its words: the *signal vocabulary* is every word that is deleted at a
    /// smaller rate than words without a rate of their own.
    #[must_use]
    pub fn signal(&self, text: &[WordId]) -> SignalThreat {
        SignalThreat::new(self.intervals(text), self.default_rate().into(), self.smallest_rate().into())
            .about(self.law(text))
    }

    fn intervals<'a>(&'a self, text: &'a [WordId]) -> impl Iterator<Item = Interval> + 'a {
        self.rates(text).map(Interval::from)
    }
}

impl Masking {
    /// An attacker who replaces words of `text` by any words. Insertions and deletions shift places and are not covered.
    #[must_use]
    pub fn substitutions(&self, text: &[WordId]) -> MaskingThreat {
        MaskingThreat::new(self.rate().into(), text.len()).about(self.law(text))
    }
}

impl ExactMasking {
    /// An attacker who replaces words of `text` by any words. Insertions and deletions shift places and are not covered.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] for a text of 2³² words or more.
    pub fn substitutions(&self, text: &[WordId]) -> Result<AblationThreat, PerturbError> {
        let count = |words: usize| {
            u32::try_from(words).map_err(|_| {
                PerturbError::parameter("text", format_args!("{words} words"), "fewer than 2³² words")
            })
        };
        let threat = AblationThreat::new(count(text.len())?, count(self.kept(text.len()))?)?;
        Ok(threat.about(self.law(text)))
    }
}

impl Substitution {
    /// An attacker who replaces words of `text`, each word `w` of the clean text by a word of its set `A(w)`, once.
    ///
    /// Replacing a replacement again may leave `A(w)`, unless the sets are closed.
    #[must_use]
    pub fn substitutions(&self, text: &[WordId]) -> WordThreat {
        let mut known: HashMap<WordId, Vec<Swap>> = HashMap::new();
        let swaps = text.iter().map(|&word| known.entry(word).or_insert_with(|| self.swaps_of(word)).clone());
        WordThreat::new(swaps).about(self.law(text))
    }

    /// Every swap that an attacker may make in the place of one word.
    fn swaps_of(&self, word: WordId) -> Vec<Swap> {
        let replacements = self.allowed(word).unwrap_or_default().iter().filter(|&&other| other != word);
        replacements
            .map(|&other| Swap::new(&self.outcomes(word, other)).unwrap_or_else(|_| Swap::disjoint()))
            .collect()
    }

    /// The weights of what `clean` and `adversarial` may become, side by side.
    fn outcomes(&self, clean: WordId, adversarial: WordId) -> Vec<(u64, u64)> {
        let alone = |word| [(word, TOTAL)];
        let (alone_clean, alone_adversarial) = (alone(clean), alone(adversarial));
        let clean = self.weights(clean).unwrap_or(&alone_clean);
        let adversarial = self.weights(adversarial).unwrap_or(&alone_adversarial);
        if clean == adversarial {
            return vec![(TOTAL, TOTAL)];
        }
        // Both are ordered by word.
        let mut others = adversarial.iter().copied().peekable();
        let mut outcomes = Vec::with_capacity(clean.len() + adversarial.len());
        for &(word, weight) in clean {
            while let Some((_, other)) = others.next_if(|other| other.0 < word) {
                outcomes.push((0, other));
            }
            let other = others.next_if(|other| other.0 == word).map_or(0, |other| other.1);
            outcomes.push((weight, other));
        }
        outcomes.extend(others.map(|(_, other)| (0, other)));
        outcomes
    }
}
