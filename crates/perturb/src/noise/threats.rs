//! The threats that noises make of a text: sampler and certificate read the same rates and weights.

use super::{Deletion, ExactMasking, Masking, Substitution, alias::TOTAL};
use crate::{PerturbError, WordId};
use std::collections::HashMap;
use steadfast_certify::{
    AblationThreat, EditThreat, Interval, MaskingThreat, Noise, SignalThreat, SubstitutionPair,
    SynonymThreat, Threat, ThreatModel,
};

/// The threat to `text` of an attacker of this model.
///
/// # Errors
/// [`PerturbError::Parameter`] for a text of words that the noise's lexicon does not know: it has no certificate.
fn bound<M: ThreatModel>(
    noise: &impl Noise<Input = [WordId]>,
    text: &[WordId],
    model: M,
) -> Result<Threat<M>, PerturbError> {
    let noise = noise.fingerprint(text).ok_or_else(|| {
        PerturbError::parameter(
            "text",
            format_args!("{} words, some of another lexicon", text.len()),
            "words of the noise's lexicon: share one lexicon between tokenizer, noise and classifier",
        )
    })?;
    Ok(Threat::new(noise, model))
}

impl Deletion {
    /// An attacker who edits `text`: insertions, deletions, substitutions and transpositions of words, with any words
    /// whatsoever, known or not.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] for words that the noise's lexicon does not know.
    pub fn edits(&self, text: &[WordId]) -> Result<Threat<EditThreat>, PerturbError> {
        let model = match self.uniform_rate() {
            Some(rate) => EditThreat::uniform(rate.into(), text.len()),
            None => EditThreat::per_token(self.intervals(text), self.smallest_rate().into()),
        };
        bound(self, text, model)
    }

    /// An attacker who edits `text` and puts in words of `vocabulary` only.
    ///
    /// The vocabulary is an assumption about the attacker, and the certificate says so: it names the smallest rate at which
    /// a word that is put in may be deleted. [`EditThreat::survives_edits`] sees counts, not words: ask it about edits that
    /// put in words of the vocabulary only.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] for words that the noise's lexicon does not know.
    pub fn edits_within(
        &self,
        text: &[WordId],
        vocabulary: impl IntoIterator<Item = WordId>,
    ) -> Result<Threat<EditThreat>, PerturbError> {
        // Without a word to put in nothing is put in, for which any rate will do.
        let smallest =
            vocabulary.into_iter().map(|word| self.rate(word)).min().unwrap_or(self.default_rate());
        bound(self, text, EditThreat::per_token(self.intervals(text), smallest.into()))
    }

    /// An attacker of `text` that is told apart by its words: the *signal vocabulary* is every word that is deleted at a
    /// smaller rate than words without a rate of their own.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] for words that the noise's lexicon does not know.
    pub fn signal(&self, text: &[WordId]) -> Result<Threat<SignalThreat>, PerturbError> {
        let [outside, inside] = [self.default_rate(), self.smallest_rate()].map(Interval::from);
        bound(self, text, SignalThreat::new(self.intervals(text), outside, inside))
    }

    fn intervals<'a>(&'a self, text: &'a [WordId]) -> impl Iterator<Item = Interval> + 'a {
        self.rates(text).map(Interval::from)
    }
}

impl Masking {
    /// An attacker who replaces words of `text` by any words. Insertions and deletions shift places and are not covered.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] for words that the noise's lexicon does not know.
    pub fn substitutions(&self, text: &[WordId]) -> Result<Threat<MaskingThreat>, PerturbError> {
        bound(self, text, MaskingThreat::new(self.rate().into(), text.len()))
    }
}

impl ExactMasking {
    /// An attacker who replaces words of `text` by any words. Insertions and deletions shift places and are not covered.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] for a text of 2³² words or more, or for words that the noise's lexicon does not know.
    pub fn substitutions(&self, text: &[WordId]) -> Result<Threat<AblationThreat>, PerturbError> {
        let count = |words: usize| {
            u32::try_from(words).map_err(|_| {
                PerturbError::parameter("text", format_args!("{words} words"), "fewer than 2³² words")
            })
        };
        bound(self, text, AblationThreat::new(count(text.len())?, count(self.kept(text.len()))?)?)
    }
}

impl Substitution {
    /// An attacker who replaces words of `text`, each word `w` of the clean text by a word of its set `A(w)`, once.
    ///
    /// Replacing a replacement again may leave `A(w)`, unless the sets are closed.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] for words that the noise's lexicon does not know.
    pub fn substitutions(&self, text: &[WordId]) -> Result<Threat<SynonymThreat>, PerturbError> {
        let mut known: HashMap<WordId, Vec<SubstitutionPair>> = HashMap::new();
        let pairs = text.iter().map(|&word| known.entry(word).or_insert_with(|| self.pairs_of(word)).clone());
        bound(self, text, SynonymThreat::new(pairs))
    }

    /// Every substitution that an attacker may make in the place of one word.
    fn pairs_of(&self, word: WordId) -> Vec<SubstitutionPair> {
        let replacements = self.allowed(word).unwrap_or_default().iter().filter(|&&other| other != word);
        replacements
            .map(|&other| {
                SubstitutionPair::new(&self.outcomes(word, other))
                    .unwrap_or_else(|_| SubstitutionPair::disjoint())
            })
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
