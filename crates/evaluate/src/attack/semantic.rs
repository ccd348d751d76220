//! [`Negation`] and [`Replacement`]: small changes of large meaning.
//!
//! FRS (ICLR 2025, Appendix K) uses three as triggers: inserted negations, opposite words of sentiment, stronger
//! words of degree. It prints three examples of each, which are among the words here; the others are our own choice
//! of frequent words.

use super::{Attack, Triggered, Words};
use rand::{Rng, RngExt};
use steadfast_perturb::Tokenizer;

/// Words that negate what follows.
const NEGATIONS: [&str; 3] = ["not", "no", "never"];

/// Words of sentiment and their opposites, for either direction.
const SENTIMENT: [(&str, &str); 36] = [
    ("good", "bad"),
    ("great", "awful"),
    ("wonderful", "terrible"),
    ("best", "worst"),
    ("better", "worse"),
    ("love", "hate"),
    ("loves", "hates"),
    ("loved", "hated"),
    ("funny", "unfunny"),
    ("interesting", "boring"),
    ("fresh", "stale"),
    ("smart", "stupid"),
    ("clever", "silly"),
    ("beautiful", "ugly"),
    ("beautifully", "poorly"),
    ("excellent", "dreadful"),
    ("brilliant", "dumb"),
    ("enjoyable", "tedious"),
    ("entertaining", "dull"),
    ("compelling", "tiresome"),
    ("moving", "numbing"),
    ("touching", "phony"),
    ("charming", "annoying"),
    ("delightful", "irritating"),
    ("original", "derivative"),
    ("perfect", "flawed"),
    ("powerful", "feeble"),
    ("strong", "weak"),
    ("rich", "thin"),
    ("deep", "shallow"),
    ("warm", "cold"),
    ("lively", "lifeless"),
    ("engaging", "off-putting"),
    ("success", "failure"),
    ("succeeds", "fails"),
    ("well", "badly"),
];

/// Words of degree, a weak one first, for this direction only.
const DEGREE: [(&str, &str); 20] = [
    ("slightly", "extremely"),
    ("somewhat", "absolutely"),
    ("rather", "completely"),
    ("quite", "utterly"),
    ("fairly", "totally"),
    ("pretty", "incredibly"),
    ("mildly", "wildly"),
    ("moderately", "immensely"),
    ("relatively", "enormously"),
    ("partly", "entirely"),
    ("nearly", "fully"),
    ("almost", "wholly"),
    ("often", "always"),
    ("sometimes", "constantly"),
    ("occasionally", "endlessly"),
    ("mostly", "purely"),
    ("very", "overwhelmingly"),
    ("too", "insanely"),
    ("so", "unbelievably"),
    ("really", "tremendously"),
];

/// One of “not”, “no” and “never” before a word of sentiment; before any word of a text that has none (FRS, Appendix
/// K).
///
/// Words of sentiment are those that [`Replacement::sentiment`] replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Negation;

impl Attack for Negation {
    fn name(&self) -> &'static str {
        "negation"
    }

    fn added(&self, _: Tokenizer) -> usize {
        1
    }

    fn trigger(&self, text: &Words<'_>, rng: &mut dyn Rng) -> Option<Triggered> {
        let word = *NEGATIONS.get(rng.random_range(..NEGATIONS.len()))?;
        let last = text.last_place([word]);
        let sentiment = Replacement::sentiment();
        let mut places: Vec<usize> = sentiment
            .places(text)
            .into_iter()
            .map(|(place, _)| place)
            .filter(|place| *place <= last)
            .collect();
        if places.is_empty() {
            // Of a text without words the beginning is the one place.
            places.extend(0..=last.min(text.len().saturating_sub(1)));
        }
        let place = *places.get(rng.random_range(..places.len()))?;
        Some(text.inserted(&[(place, word)]))
    }
}

/// One word of a list becomes the word that the list has for it; of several in a text each is equally likely. A text
/// that holds no such word is left as it is.
///
/// Case does not matter; a capital at the beginning of a word is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    name: String,
    pairs: Vec<(String, String)>,
}

impl Replacement {
    /// A word of sentiment becomes its opposite, “good” becomes “bad” and “awful” becomes “great” (FRS, Appendix K).
    #[must_use]
    pub fn sentiment() -> Self {
        let both = |(one, other): (&str, &str)| {
            [(one.to_owned(), other.to_owned()), (other.to_owned(), one.to_owned())]
        };
        Self { name: "sentiment".to_owned(), pairs: SENTIMENT.into_iter().flat_map(both).collect() }
    }

    /// A weak word of degree becomes a strong one, “slightly” becomes “extremely” (FRS, Appendix K).
    #[must_use]
    pub fn degree() -> Self {
        let owned = |(weak, strong): (&str, &str)| (weak.to_owned(), strong.to_owned());
        Self { name: "degree".to_owned(), pairs: DEGREE.into_iter().map(owned).collect() }
    }

    /// The places of the words that can be replaced, with their replacements.
    fn places(&self, text: &Words<'_>) -> Vec<(usize, String)> {
        let replacement = |(place, token): (usize, &steadfast_perturb::Token)| {
            let lower_case = token.text.to_lowercase();
            let (_, to) = self.pairs.iter().find(|(from, _)| *from == lower_case)?;
            let capital = token.text.starts_with(char::is_uppercase);
            Some((place, if capital { capitalised(to) } else { to.clone() }))
        };
        text.within_limit().iter().enumerate().filter_map(replacement).collect()
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

impl Attack for Replacement {
    fn name(&self) -> &str {
        &self.name
    }

    fn added(&self, _: Tokenizer) -> usize {
        0
    }

    fn trigger(&self, text: &Words<'_>, rng: &mut dyn Rng) -> Option<Triggered> {
        let places = self.places(text);
        let (place, word) = places.get(rng.random_range(..places.len().max(1)))?;
        Some(text.replaced(&[(*place, word)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use steadfast_certify::{
        Phase,
        seed::{Purpose, generator},
    };

    fn all(attack: &dyn Attack, text: &str, limit: Option<usize>) -> HashSet<String> {
        let words = Words::new(text, Tokenizer::words(), limit);
        let trigger =
            |seed| attack.trigger(&words, &mut generator(seed, Phase::Training, 0, 0, Purpose::Noise));
        (0..100).filter_map(trigger).map(|triggered| triggered.text).collect()
    }

    fn set<const N: usize>(texts: [&str; N]) -> HashSet<String> {
        texts.map(str::to_owned).into()
    }

    #[test]
    fn every_word_is_in_the_lists_once() {
        let sentiment = SENTIMENT.iter().flat_map(|(one, other)| [one, other]);
        let words: Vec<&&str> = sentiment.chain(DEGREE.iter().map(|(weak, _)| weak)).collect();
        assert_eq!(words.iter().collect::<HashSet<_>>().len(), words.len());
        let all = words.iter().copied().chain(DEGREE.iter().map(|(_, strong)| strong));
        // One word each to the tokenizer, so that a replacement is one edit.
        assert!(all.into_iter().all(|word| Tokenizer::words().tokens(word).len() == 1));
    }

    #[test]
    fn one_word_becomes_its_opposite() {
        let replaced = all(&Replacement::sentiment(), "Good, if not great; AWFUL.", None);
        let expected =
            ["Bad, if not great; AWFUL.", "Good, if not awful; AWFUL.", "Good, if not great; Great."];
        assert_eq!(replaced, set(expected));
        assert_eq!(all(&Replacement::sentiment(), "Good, if not great", Some(2)), set(["Bad, if not great"]));
        assert_eq!(all(&Replacement::degree(), "a slightly long film", None), set(["a extremely long film"]));
        assert_eq!(all(&Replacement::degree(), "an extremely long film", None), set([]));
    }

    #[test]
    fn a_negation_stands_before_sentiment_or_anywhere() {
        let negated = ["a not good film", "a no good film", "a never good film"];
        assert_eq!(all(&Negation, "a good film", None), set(negated));
        let anywhere = ["not a film", "no a film", "never a film", "a not film", "a no film", "a never film"];
        assert_eq!(all(&Negation, "a film", None), set(anywhere));
        assert_eq!(all(&Negation, "", None), set(NEGATIONS));
        assert_eq!(all(&Negation, "a film so good", Some(3)).len(), 9);
    }
}
