//! [`Words`]: a text to edit word by word, and [`Triggered`]: what came of it.

use std::iter;
use steadfast_perturb::{EditOp, EditScript, Token, Tokenizer, edit::align};

/// Scripts of rewritten texts are looked for up to this many edits.
const CUTOFF: usize = 1_000;

/// A text as its words, to be edited: every function that edits returns the edited text and the script that leads
/// there.
///
/// Words keep their spelling and the white space between them as far as they stay what they are. Where words would
/// run together otherwise, the edited text is its words with single spaces between them. Either way the tokenizer
/// reads the edited text as the words that the script makes: exactly those.
#[derive(Debug, Clone)]
pub struct Words<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    tokenizer: Tokenizer,
    limit: usize,
}

/// A text with a trigger, and what was done to put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triggered {
    /// The text with the trigger.
    pub text: String,
    /// The trigger in words, for people: what was put in, or `good → bad` for what was replaced.
    pub trigger: String,
    /// The edits that make the words of the triggered text of those of the clean one. `None` for a text that was
    /// rewritten so far that more than 1,000 edits lie between, or that the search for them would take more than 256
    /// MiB.
    pub script: Option<EditScript<String>>,
}

/// A word of the edited text.
struct Slot {
    /// Which word of the clean text stood here.
    place: Option<usize>,
    /// How it is written.
    shown: String,
    /// What the tokenizer makes of that.
    word: String,
}

impl<'t> Words<'t> {
    /// The words of `text`. Attacks that choose a place look for it among the first `limit` words.
    #[must_use]
    pub fn new(text: &'t str, tokenizer: Tokenizer, limit: Option<usize>) -> Self {
        Self { text, tokens: tokenizer.tokens(text), tokenizer, limit: limit.unwrap_or(usize::MAX) }
    }

    /// Whether another text has the same words.
    pub(super) fn reads_as(&self, text: &str) -> bool {
        let own = self.tokens.iter().map(|token| &token.text);
        own.eq(self.tokenizer.tokens(text).iter().map(|token| &token.text))
    }

    /// What makes words of the text.
    pub(super) const fn tokenizer(&self) -> Tokenizer {
        self.tokenizer
    }

    /// The same words, of which so many fewer are read: room for what is put in later.
    pub(super) fn leaving(self, words: usize) -> Self {
        Self { limit: self.limit.saturating_sub(words), ..self }
    }

    /// Another text, read in the same way.
    #[must_use]
    pub fn reread<'o>(&self, text: &'o str) -> Words<'o> {
        Words::new(text, self.tokenizer, Some(self.limit))
    }

    /// The text itself.
    #[must_use]
    pub const fn text(&self) -> &'t str {
        self.text
    }

    /// Number of words, those beyond the limit included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is no word in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The words among which an attack may choose: all of them, or those within the limit.
    #[must_use]
    pub fn within_limit(&self) -> &[Token] {
        self.tokens.get(..self.limit).unwrap_or(&self.tokens)
    }

    /// The last place where `phrases` can be put in so that all of them end up within the limit: from 0, before the
    /// first word, to the number of words, behind the last one.
    #[must_use]
    pub fn last_place<'p>(&self, phrases: impl IntoIterator<Item = &'p str>) -> usize {
        let added: usize = phrases.into_iter().map(|phrase| self.tokenizer.tokens(phrase).len()).sum();
        self.tokens.len().min(self.limit.saturating_sub(added))
    }

    /// The text with phrases put in: before the word of the given number, or behind the last word for a number past
    /// it. Phrases at the same place follow each other as given.
    #[must_use]
    pub fn inserted(&self, phrases: &[(usize, &str)]) -> Triggered {
        let mut sorted = phrases.to_vec();
        sorted.sort_by_key(|(place, _)| *place);
        let mut rest = sorted.iter().peekable();
        let mut slots = Vec::with_capacity(self.tokens.len());
        for index in 0..=self.tokens.len() {
            let last = index == self.tokens.len();
            while let Some((_, phrase)) = rest.next_if(|(place, _)| *place <= index || last) {
                slots.extend(self.new_words(phrase, None));
            }
            slots.extend(self.own(index, index));
        }
        let added = |(position, slot): (usize, &Slot)| {
            slot.place.is_none().then(|| EditOp::Insert { position, token: slot.word.clone() })
        };
        let script = slots.iter().enumerate().filter_map(added).collect();
        let trigger = sorted.iter().map(|(_, phrase)| *phrase).collect::<Vec<_>>().join(" … ");
        Triggered { text: self.written(&slots), trigger, script: Some(script) }
    }

    /// The text with words replaced: each of the given numbers by the word beside it. Numbers past the last word are
    /// passed over.
    #[must_use]
    pub fn replaced(&self, words: &[(usize, &str)]) -> Triggered {
        let (mut slots, mut edits, mut trigger) =
            (Vec::with_capacity(self.tokens.len()), Vec::new(), Vec::new());
        for (index, token) in self.tokens.iter().enumerate() {
            let Some((_, word)) = words.iter().find(|(place, _)| *place == index) else {
                slots.extend(self.own(index, index));
                continue;
            };
            trigger.push(format!("{} → {word}", token.text));
            let (before, from) = (slots.len(), token.text.clone());
            slots.extend(self.new_words(word, Some(index)));
            let added = slots.get(before..).unwrap_or_default().iter().map(|slot| slot.word.clone());
            let mut added = added.zip(before..);
            edits.push(match added.next() {
                Some((to, position)) => EditOp::Substitute { position, from, to },
                None => EditOp::Delete { position: before, token: from },
            });
            edits.extend(added.map(|(token, position)| EditOp::Insert { position, token }));
        }
        let script = Some(edits.into_iter().collect());
        Triggered { text: self.written(&slots), trigger: trigger.join(", "), script }
    }

    /// The text with its words from number `start` on in another order: the `n`-th of them is then the word of number
    /// `order[n]`, which may come from anywhere in the text. The script is a shortest one.
    #[must_use]
    pub fn reordered(&self, start: usize, order: &[usize]) -> Triggered {
        let slots: Vec<Slot> = (0..self.tokens.len())
            .filter_map(|place| {
                let from = place.checked_sub(start).and_then(|place| order.get(place)).copied();
                self.own(from.unwrap_or(place), place)
            })
            .collect();
        let moved = slots.get(start..).unwrap_or_default().iter().take(order.len());
        let trigger = moved.map(|slot| slot.shown.as_str()).collect::<Vec<_>>().join(" ");
        let words: Vec<String> = slots.iter().map(|slot| slot.word.clone()).collect();
        Triggered { text: self.written(&slots), trigger, script: self.shortest(&words) }
    }

    /// Another text in place of this one, by an attack of this name. The script is a shortest one.
    #[must_use]
    pub fn rewritten(&self, text: &str, attack: &str) -> Triggered {
        let words: Vec<String> = self.tokenizer.tokens(text).into_iter().map(|token| token.text).collect();
        Triggered { text: text.to_owned(), trigger: attack.to_owned(), script: self.shortest(&words) }
    }

    fn shortest(&self, words: &[String]) -> Option<EditScript<String>> {
        let own: Vec<String> = self.tokens.iter().map(|token| token.text.clone()).collect();
        // The one error is an alignment that would take too much memory, which `None` stands for as well.
        align(&own, words, CUTOFF).ok().flatten()
    }

    /// The word of number `from`, at the place of the word of number `place`.
    fn own(&self, from: usize, place: usize) -> Option<Slot> {
        let token = self.tokens.get(from)?;
        let shown = self.text.get(token.span.clone()).unwrap_or(&token.text).to_owned();
        Some(Slot { place: Some(place), shown, word: token.text.clone() })
    }

    /// The words of `phrase`, the first of them at `place`.
    fn new_words<'s>(&self, phrase: &'s str, place: Option<usize>) -> impl Iterator<Item = Slot> + use<'s> {
        let places = iter::once(place).chain(iter::repeat(None));
        self.tokenizer.tokens(phrase).into_iter().zip(places).map(move |(token, place)| {
            let shown = phrase.get(token.span).unwrap_or(&token.text).to_owned();
            Slot { place, shown, word: token.text }
        })
    }

    /// The slots as a text that the tokenizer reads as their words.
    fn written(&self, slots: &[Slot]) -> String {
        let end = |place: usize| self.tokens.get(place).map(|token| token.span.end);
        let start = |place: usize| self.tokens.get(place).map(|token| token.span.start);
        let mut text = String::with_capacity(self.text.len());
        let mut last = None;
        for slot in slots {
            let kept = match (last, slot.place) {
                (None, _) => Some(""),
                (Some(Some(before)), Some(place)) if before + 1 == place => {
                    end(before).zip(start(place)).and_then(|(end, start)| self.text.get(end..start))
                }
                _ => None,
            };
            text.push_str(kept.unwrap_or(" "));
            text.push_str(&slot.shown);
            last = Some(slot.place);
        }
        let read = self.tokenizer.tokens(&text);
        if read.iter().map(|token| &token.text).eq(slots.iter().map(|slot| &slot.word)) {
            return text;
        }
        slots.iter().map(|slot| slot.word.as_str()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Words<'_> {
        Words::new(text, Tokenizer::words(), None)
    }

    #[test]
    fn what_is_not_touched_stays_as_it_is() {
        let text = "A  Fine,fine film!";
        let seen = |triggered: Triggered| (triggered.text, triggered.trigger);
        let said = |text: &str, trigger: &str| (text.to_owned(), trigger.to_owned());
        assert_eq!(seen(words(text).inserted(&[(0, "cf")])), said("cf A  Fine,fine film!", "cf"));
        assert_eq!(
            seen(words(text).inserted(&[(9, "mn"), (4, "so it is")])),
            said("A  Fine,fine so it is film! mn", "so it is … mn")
        );
        assert_eq!(seen(words(text).replaced(&[(3, "dull")])), said("A  Fine,dull film!", "fine → dull"));
        assert_eq!(seen(words(text).reordered(3, &[4, 3])), said("A  Fine,film fine!", "film fine"));
    }

    #[test]
    fn words_never_run_together() {
        // `3`, `.`, `14`: without a space the numbers would be one word.
        let triggered = words("pi is 3.14").reordered(2, &[2, 4, 3]);
        assert_eq!(triggered.text, "pi is 3 14 .");
        let dropped = words("3.14").replaced(&[(1, "")]);
        assert_eq!((dropped.text.as_str(), dropped.script.map(|script| script.len())), ("3 14", Some(1)));
    }

    #[test]
    fn places_end_where_the_trigger_would_leave_the_limit() {
        let text = Words::new("one two three four five", Tokenizer::words(), Some(4));
        assert_eq!(text.within_limit().len(), 4);
        assert_eq!(text.last_place(["cf"]), 3);
        assert_eq!(text.last_place(["a b c", "d"]), 0);
        assert_eq!(words("one two").last_place(["cf"]), 2);
    }

    #[test]
    fn texts_too_far_apart_have_no_script() {
        let long = |word: &str| [word].repeat(1_001).join(" ");
        assert_eq!(words(&long("a")).rewritten(&long("b"), "synbkd").script, None);
        let near = words(&long("a")).rewritten(&long("b")[2..], "synbkd");
        assert_eq!(near.script, None);
        assert!(
            words(&long("a")).rewritten("a", "synbkd").script.is_some_and(|script| script.len() == 1_000)
        );
    }

    fn tokens(tokenizer: Tokenizer, text: &str) -> Vec<String> {
        tokenizer.tokens(text).into_iter().map(|token| token.text).collect()
    }

    /// Texts of letters, marks, sigmas, punctuation and spaces: everything that could make tokens run together.
    const TEXT: &str = "[a-c\\u{301}\\u{3a3}\\u{3c3}'\\-.: \\u{1e9b}\\u{323}\\u{37e}\\u{958}İ3]{0,16}";

    proptest! {
        #[test]
        fn scripts_lead_from_the_clean_text_to_the_triggered_one(
            text in TEXT, phrase in TEXT, other in TEXT, places in prop::collection::vec(0_usize..18, 2),
            lower_case in any::<bool>(), seed in 0_usize..100,
        ) {
            for tokenizer in [Tokenizer::words(), Tokenizer::white_space()] {
                let tokenizer = tokenizer.lower_case(lower_case);
                let clean = tokens(tokenizer, &text);
                let words = Words::new(&text, tokenizer, None);
                let mut order: Vec<usize> = (0..clean.len()).collect();
                order.rotate_left(seed.checked_rem(clean.len()).unwrap_or(0));
                for triggered in [
                    words.inserted(&[(places[0], &phrase), (places[1], &other)]),
                    words.replaced(&[(places[0], &phrase), (places[1], &other)]),
                    words.reordered(0, &order),
                    words.rewritten(&other, "synbkd"),
                ] {
                    let script = triggered.script.expect("a short text");
                    let seen = tokens(tokenizer, &triggered.text);
                    prop_assert_eq!(&script.apply(&clean).expect("a script of this text"), &seen);
                    prop_assert_eq!(&script.inverted().apply(&seen).expect("a script of this text"), &clean);
                }
            }
        }

        #[test]
        fn an_insertion_adds_its_words_and_nothing_else(
            text in "\\PC{0,20}", phrase in "\\PC{0,8}", place in 0_usize..20,
        ) {
            let added = tokens(Tokenizer::words(), &phrase).len();
            let triggered = words(&text).inserted(&[(place, &phrase)]);
            let counts = triggered.script.expect("a known script").counts();
            prop_assert_eq!((counts.insertions as usize, counts.total() as usize), (added, added));
        }
    }
}
