//! From a table to the substitution noise with its weights.

use super::SynonymTable;
use crate::SynonymsError;
use std::sync::Arc;
use steadfast_perturb::{Lexicon, Row, Substitution, WordId};

impl SynonymTable {
    /// The noise that replaces each word of the table by a draw from its row, with the integer weights of the table.
    ///
    /// The candidates of w, including w itself and candidates of weight 0, are the set A(w) of the words that an attacker may
    /// substitute for w: [`Substitution::substitutions`] makes the threat from a text. Words without other candidates, and words
    /// outside the table, have no row: neither noise nor attacker replaces them.
    ///
    /// The words of the table are interned in `lexicon`, spelled as in the word vectors. Those of `GloVe` are in lower case, so
    /// texts must be tokenized in lower case as well:
    /// [`Tokenizer::words().lower_case(true)`](steadfast_perturb::Tokenizer). Otherwise `Good` is a word outside the table, which
    /// neither the noise nor the attacker of its certificates replaces.
    ///
    /// ```
    /// use std::{ops::ControlFlow, sync::Arc};
    /// use steadfast_perturb::{Lexicon, Tokenizer};
    /// use steadfast_synonyms::{CandidateSets, Family, Grouping, Neighbors, SynonymTable, Vectors, WEIGHT_TOTAL};
    ///
    /// let vectors = Vectors::new(["good", "fine", "bad"], 2, vec![1.0, 0.0, 0.8, 0.6, -1.0, 0.0])?;
    /// let neighbors = Neighbors::find(&vectors, 0.7, &|_| ControlFlow::Continue(()))?;
    /// let sets = CandidateSets::new(&vectors, &neighbors, Grouping::Closed, 100, &|_| ControlFlow::Continue(()))?;
    /// let table = SynonymTable::new(&sets, &vectors, Family::CrowdComponent.into(), &|_| ControlFlow::Continue(()))?;
    ///
    /// let lexicon = Arc::new(Lexicon::new());
    /// let noise = table.noise(Arc::clone(&lexicon))?;
    /// let text = Tokenizer::words().lower_case(true).tokenize(&lexicon, "A Good film");
    /// let fine = lexicon.intern("fine");
    /// assert!(noise.allowed(text[1]).is_some_and(|words| words.contains(&fine)));
    /// assert_eq!(noise.overlap(text[1], fine), WEIGHT_TOTAL);
    /// # Ok::<(), steadfast_synonyms::SynonymsError>(())
    /// ```
    ///
    /// # Errors
    /// [`SynonymsError::Parameter`] for a table of more than 2³² candidates, and for a lexicon that has run out of ids.
    pub fn noise(&self, lexicon: Arc<Lexicon>) -> Result<Substitution, SynonymsError> {
        let ids: Vec<WordId> = self.rows().map(|row| lexicon.intern(row.word())).collect();
        let id = |position: u32| ids.get(position as usize).copied();
        let rows = ids.iter().enumerate().filter_map(|(position, &word)| {
            let (candidates, _, weights) = self.parts(position);
            (candidates.len() > 1).then(|| {
                Row::new(
                    word,
                    candidates.iter().zip(weights).filter_map(|(&other, &weight)| Some((id(other)?, weight))),
                )
            })
        });
        Ok(Substitution::new(lexicon, rows)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Family, Grouping, WEIGHT_TOTAL, table::tests::built};

    #[test]
    fn the_noise_matches_the_table() {
        for (family, grouping) in [
            (Family::Uniform, Grouping::Mutual),
            (Family::Crowd, Grouping::Nearest),
            (Family::CrowdComponent, Grouping::Closed),
        ] {
            let table = built(family, grouping);
            let lexicon = Arc::new(Lexicon::new());
            // Ids differ from positions.
            lexicon.intern("elsewhere");
            lexicon.intern("w7");
            let noise = table.noise(Arc::clone(&lexicon)).unwrap();
            let id = |word: &str| lexicon.get(word).unwrap();
            for row in table.rows() {
                let word = id(row.word());
                if row.candidates().len() == 1 {
                    assert!(noise.weights(word).is_none());
                    continue;
                }
                let mut expected: Vec<(WordId, u64)> =
                    row.candidates().map(|candidate| (id(candidate.word), candidate.weight)).collect();
                expected.sort_unstable();
                assert_eq!(noise.weights(word).unwrap(), expected);
                assert!(noise.allowed(word).unwrap().iter().eq(expected.iter().map(|(word, _)| word)));
            }
            let shared = (0..table.len()).flat_map(|a| (0..table.len()).map(move |b| (a, b)));
            let word = |position: usize| id(table.rows().nth(position).unwrap().word());
            for (a, b) in shared {
                let (found, expected) = (noise.overlap(word(a), word(b)), table.common(a, b));
                assert_eq!(found, expected, "{family} {a} {b}");
            }
            assert_eq!(noise.overlap(id("elsewhere"), id("elsewhere")), WEIGHT_TOTAL);
            assert_eq!(noise.words().len(), table.statistics().replaceable);
        }
    }
}
