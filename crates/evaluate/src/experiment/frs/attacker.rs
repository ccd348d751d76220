//! [`Attacker`]: who a certificate under deletion noise is about.

use crate::attack::Poison;
use steadfast_certify::{ClassBounds, EditCounts, EditKind, Radius, Threat, Unit};
use steadfast_perturb::{Deletion, EditOp, EditScript, WordId};

/// An attacker of a text under deletion noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attacker {
    /// Puts in words outside the signal vocabulary.
    InsertsOutside,
    /// The same, and takes out one of the text's own words.
    InsertsOutsideAndTakesOneOut,
    /// Puts in any words.
    Inserts,
    /// Edits as he likes.
    Edits,
}

impl Attacker {
    /// For people: what he does.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::InsertsOutside => "inserts up to r words outside the signal vocabulary",
            Self::InsertsOutsideAndTakesOneOut => {
                "inserts up to r words outside the signal vocabulary, and takes out one word of the text"
            }
            Self::Inserts => "inserts up to r words",
            Self::Edits => "inserts, deletes, substitutes or transposes up to r words",
        }
    }

    /// What he may do to a text, where that is a threat with a radius of its own.
    pub(super) fn threat(self, noise: &Deletion, text: &[WordId]) -> Option<Box<dyn Threat>> {
        Some(match self {
            Self::InsertsOutside => Box::new(noise.signal(text)),
            Self::InsertsOutsideAndTakesOneOut => return None,
            Self::Inserts => Box::new(noise.edits(text).only(&[EditKind::Insertion])),
            Self::Edits => Box::new(noise.edits(text)),
        })
    }

    /// How many words of a text he may put in, or edit, without changing an answer with these bounds.
    pub(super) fn radius(self, noise: &Deletion, text: &[WordId], bounds: &ClassBounds) -> Option<Radius> {
        if let Some(threat) = self.threat(noise, text) {
            return threat.radius(bounds);
        }
        let threat = noise.edits_within(text, []);
        let survives = |insertions| {
            let edits = EditCounts { insertions, deletions: 1, ..EditCounts::default() };
            threat.survives_edits(bounds, &edits)
        };
        // The more words are put in, the less survives.
        let (mut most, mut too_many) = (0, MOST);
        while most + 1 < too_many {
            let middle = most.midpoint(too_many);
            if survives(middle) { most = middle } else { too_many = middle }
        }
        survives(0).then_some(Radius::Count(most, Unit::Insertions))
    }

    /// Whether a class with these bounds on the clean `text` survives what an attack made of it.
    pub(super) fn survived(
        self,
        noise: &Deletion,
        text: &[WordId],
        bounds: &ClassBounds,
        poison: &Poison,
    ) -> bool {
        let Some(counts) = poison.counts() else { return false };
        match self {
            Self::InsertsOutside | Self::InsertsOutsideAndTakesOneOut => {
                let taken_out = u32::from(self == Self::InsertsOutsideAndTakesOneOut).min(counts.deletions);
                counts.insertions + taken_out == counts.total()
                    && !put_in(poison).any(|word| is_signal(noise, word))
                    && noise.edits_within(text, []).survives_edits(bounds, &counts)
            }
            Self::Inserts if counts.insertions < counts.total() => false,
            Self::Inserts | Self::Edits => noise.edits(text).survives_edits(bounds, &counts),
        }
    }
}

/// More inserted words than anyone will put in.
const MOST: u32 = 1 << 20;

/// The words that an attack put in, alone or in the place of others.
pub(super) fn put_in(poison: &Poison) -> impl Iterator<Item = &str> {
    let edits = poison.script.iter().flat_map(EditScript::edits);
    edits.filter_map(|edit| match edit {
        EditOp::Insert { token: word, .. } | EditOp::Substitute { to: word, .. } => Some(word.as_str()),
        EditOp::Delete { .. } | EditOp::Transpose { .. } => None,
    })
}

/// Whether a word is deleted at a smaller rate than those without a rate of their own.
pub(super) fn is_signal(noise: &Deletion, word: &str) -> bool {
    noise.lexicon().get(word).is_some_and(|word| noise.rate(word) < noise.default_rate())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::texts::LabelledText;
    use std::{collections::BTreeSet, sync::Arc};
    use steadfast_certify::{Lower, Noise, Rate, Upper};
    use steadfast_perturb::{Lexicon, Tokenizer, edit::align};

    const TEXT: &str = "a good film with a fine plot";

    fn poison(after: &str) -> Poison {
        let words = |text: &str| -> Vec<String> {
            Tokenizer::words().tokens(text).into_iter().map(|token| token.text).collect()
        };
        let script = align(&words(TEXT), &words(after), 9).unwrap();
        assert!(script.is_some());
        let text = |text: &str| LabelledText { text: text.to_owned(), class: 1 };
        Poison { index: 0, original: text(TEXT), poisoned: text(after), trigger: String::new(), script }
    }

    #[test]
    fn each_attacker_is_held_to_what_he_may_do() {
        let lexicon = Arc::new(Lexicon::new());
        let text = Tokenizer::words().tokenize(&lexicon, TEXT);
        let signal = ["good", "fine", "bad"].map(|word| (lexicon.intern(word), Rate::new(0.3).unwrap()));
        let noise = Deletion::per_word(Arc::clone(&lexicon), Rate::new(0.98).unwrap(), signal).unwrap();
        let bounds = ClassBounds::exact(1, Lower::from_p(0.95), Upper::from_p(0.05), noise.law(&text));
        let [outside, taking, inserts, edits] = [
            Attacker::InsertsOutside,
            Attacker::InsertsOutsideAndTakesOneOut,
            Attacker::Inserts,
            Attacker::Edits,
        ]
        .map(|attacker| (attacker, attacker.radius(&noise, &text, &bounds)));
        let count = |radius: Option<Radius>| match radius {
            Some(Radius::Count(count, _)) => count,
            other => panic!("{other:?}"),
        };
        // 0.98³¹ · 0.95 > ½ > 0.98³² · 0.95, and 0.98²⁵ · (1 − 0.05/0.3) > ½ > 0.98²⁶ · (1 − 0.05/0.3).
        assert_eq!((count(outside.1), count(taking.1)), (31, 25));
        // A word of the vocabulary is deleted too seldom to be overcome.
        assert_eq!((count(inserts.1), count(edits.1)), (0, 0));
        let survived = |after: &str| {
            [outside.0, taking.0, inserts.0, edits.0]
                .map(|attacker| attacker.survived(&noise, &text, &bounds, &poison(after)))
        };
        assert_eq!(survived("a good film with a cf fine plot mn"), [true, true, false, false]);
        assert_eq!(survived("a good film with a bad fine plot"), [false; 4]);
        assert_eq!(survived("a film with a cf fine plot"), [false, true, false, false]);
        assert_eq!(survived("a film with a plot cf"), [false; 4]);
        assert_eq!(survived("a cf film with a fine plot"), [false; 4], "replaced by a word outside");
        let poison = poison("a cf film with a fine plot mn");
        let words: BTreeSet<&str> = put_in(&poison).collect();
        assert_eq!(words, BTreeSet::from(["cf", "mn"]));
    }
}
