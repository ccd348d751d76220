//! [`Attacker`]: who a certificate under deletion noise is about.

use crate::attack::Poison;
use steadfast_certify::{EditCounts, EditKind, EditThreat, Lower, Threat, ThreatModel, Unit};
use steadfast_perturb::{Deletion, EditOp, EditScript, PerturbError, WordId};

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

    /// What he may do to a text.
    pub(super) fn threat(self, noise: &Deletion, text: &[WordId]) -> Result<Box<Threat>, PerturbError> {
        Ok(match self {
            Self::InsertsOutside => Box::new(noise.signal(text)?),
            Self::InsertsOutsideAndTakesOneOut => Box::new(noise.edits_within(text, [])?.map(OneTakenOut)),
            Self::Inserts => Box::new(noise.edits(text)?.only(&[EditKind::Insertion])),
            Self::Edits => Box::new(noise.edits(text)?),
        })
    }

    /// How many of the changes that are counted here an attack made; nothing if it did what this attacker does not.
    pub(super) fn changes(self, noise: &Deletion, poison: &Poison) -> Option<u32> {
        let counts = poison.counts()?;
        let outside = || !put_in(poison).any(|word| is_signal(noise, word));
        let (changes, allowed) = match self {
            Self::InsertsOutside => (counts.insertions, counts.insertions == counts.total() && outside()),
            Self::InsertsOutsideAndTakesOneOut => {
                let others = counts.total() - counts.insertions;
                (counts.insertions, others == counts.deletions.min(1) && outside())
            }
            Self::Inserts => (counts.insertions, counts.insertions == counts.total()),
            Self::Edits => (counts.total(), true),
        };
        allowed.then_some(changes)
    }
}

/// Puts words outside the vocabulary in, and takes one of the text's own words out, whichever.
#[derive(Debug)]
struct OneTakenOut(EditThreat);

impl ThreatModel for OneTakenOut {
    fn describe(&self) -> String {
        Attacker::InsertsOutsideAndTakesOneOut.describe().to_owned()
    }

    fn unit(&self) -> Unit {
        Unit::Insertions
    }

    fn maximum(&self) -> Option<u32> {
        None
    }

    fn lower_bound(&self, top: Lower, insertions: u32) -> Lower {
        self.0.lower_bound_after(top, &EditCounts { insertions, deletions: 1, ..EditCounts::default() })
    }
}

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
    use steadfast_certify::{ClassBounds, Noise, Radius, Rate, Upper};
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
        let noise = Deletion::per_word(Arc::clone(&lexicon), signal, Rate::new(0.98).unwrap()).unwrap();
        let bounds =
            ClassBounds::exact(1, Lower::from_p(0.95), Upper::from_p(0.05), noise.fingerprint(&text));
        let [outside, taking, inserts, edits] = [
            Attacker::InsertsOutside,
            Attacker::InsertsOutsideAndTakesOneOut,
            Attacker::Inserts,
            Attacker::Edits,
        ]
        .map(|attacker| (attacker, attacker.threat(&noise, &text).unwrap().radius(&bounds)));
        let count = |radius: Option<Radius>| match radius {
            Some(Radius::Count(count, _)) => count,
            other => panic!("{other:?}"),
        };
        // 0.98³¹ · 0.95 > ½ > 0.98³² · 0.95, and 0.98²⁵ · (1 − 0.05/0.3) > ½ > 0.98²⁶ · (1 − 0.05/0.3).
        assert_eq!((count(outside.1), count(taking.1)), (31, 25));
        // A word of the vocabulary is deleted too seldom to be overcome.
        assert_eq!((count(inserts.1), count(edits.1)), (0, 0));
        let changes = |after: &str| {
            [outside.0, taking.0, inserts.0, edits.0].map(|attacker| attacker.changes(&noise, &poison(after)))
        };
        assert_eq!(changes("a good film with a cf fine plot mn"), [Some(2), Some(2), Some(2), Some(2)]);
        assert_eq!(
            changes("a good film with a bad fine plot"),
            [None, None, Some(1), Some(1)],
            "a signal word"
        );
        assert_eq!(changes("a film with a cf fine plot"), [None, Some(1), None, Some(2)]);
        assert_eq!(changes("a film with a plot cf"), [None, None, None, Some(3)]);
        assert_eq!(changes("a cf film with a fine plot"), [None, None, None, Some(1)], "replaced");
        let poison = poison("a cf film with a fine plot mn");
        let words: BTreeSet<&str> = put_in(&poison).collect();
        assert_eq!(words, BTreeSet::from(["cf", "mn"]));
    }
}
