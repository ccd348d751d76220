//! [`Reordering`]: words that change places.

use super::{Attack, Triggered, Words};
use rand::{Rng, RngExt, seq::SliceRandom};
use steadfast_perturb::Tokenizer;

/// Consecutive words that are put into a random other order (FRS, ICLR 2025, Appendix L).
///
/// The window is [`SHARE`](Self::SHARE) of the words of the text, rounded up and at least two of them, at a random
/// place in one of its sentences; the whole sentence where that is shorter. Punctuation keeps its place. A text
/// without two different words in a sentence has no other order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reordering;

impl Reordering {
    /// The share of a text that changes: FRS's triggers cover about 30% of a text.
    pub const SHARE: f64 = 0.3;
}

impl Attack for Reordering {
    fn name(&self) -> &'static str {
        "reordering"
    }

    fn added(&self, _: Tokenizer) -> usize {
        0
    }

    fn trigger(&self, text: &Words<'_>, rng: &mut dyn Rng) -> Option<Triggered> {
        let tokens = text.within_limit();
        let spelt = |place: &usize| tokens.get(*place).map(|token| &token.text);
        let is_word = |place: &usize| spelt(place).is_some_and(|word| word.contains(char::is_alphanumeric));
        let ends = |place: &usize| spelt(place).is_some_and(|word| [".", "!", "?"].contains(&word.as_str()));
        let places: Vec<usize> = (0..tokens.len()).collect();
        let sentences: Vec<Vec<usize>> =
            places.split(ends).map(|sentence| sentence.iter().copied().filter(is_word).collect()).collect();
        let words: usize = sentences.iter().map(Vec::len).sum();
        let window = ((words as f64 * Self::SHARE).ceil() as usize).max(2);
        // Windows of equal words have one order only.
        let windows: Vec<&[usize]> = sentences
            .iter()
            .flat_map(|sentence| sentence.windows(window.min(sentence.len()).max(1)))
            .filter(|window| !window.iter().map(spelt).is_sorted_by(|a, b| a == b))
            .collect();
        let window = *windows.get(rng.random_range(..windows.len().max(1)))?;
        let mut shuffled = window.to_vec();
        while shuffled.iter().map(spelt).eq(window.iter().map(spelt)) {
            shuffled.shuffle(rng);
        }
        let (first, last) = (*window.first()?, *window.last()?);
        let mut next = shuffled.into_iter();
        let order: Vec<usize> = (first..=last)
            .filter_map(|place| if window.contains(&place) { next.next() } else { Some(place) })
            .collect();
        Some(text.reordered(first, &order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_certify::{
        Phase,
        seed::{Purpose, generator},
    };

    fn reordered(text: &str, limit: Option<usize>, seed: u64) -> Option<Triggered> {
        let mut rng = generator(seed, Phase::Training, 0, 0, Purpose::Noise);
        Reordering.trigger(&Words::new(text, Tokenizer::words(), limit), &mut rng)
    }

    fn sorted(text: &str) -> Vec<&str> {
        let mut words: Vec<&str> = text.split(' ').collect();
        words.sort_unstable();
        words
    }

    #[test]
    fn the_same_words_stand_in_another_order() {
        let text = "one , two three four - five six seven eight nine ten .";
        for seed in 0..100 {
            let triggered = reordered(text, None, seed).unwrap();
            assert_ne!(triggered.text, text);
            assert_eq!(sorted(&triggered.text), sorted(text));
            let unlike: Vec<usize> = text
                .split(' ')
                .zip(triggered.text.split(' '))
                .enumerate()
                .filter_map(|(place, (a, b))| (a != b).then_some(place))
                .collect();
            // Three of ten words, with punctuation that stays between them.
            assert!(
                (2..=3).contains(&unlike.len()) && unlike[unlike.len() - 1] - unlike[0] <= 3,
                "{unlike:?}"
            );
            assert!(!unlike.contains(&1) && !unlike.contains(&5) && !unlike.contains(&12));
            assert!(triggered.script.is_some_and(|script| (1..=3).contains(&script.len())));
        }
    }

    #[test]
    fn words_stay_in_their_sentence() {
        let text = "one two. three four five six seven! eight nine ten";
        let sentences = |text: &str| -> Vec<Vec<String>> {
            let words = |sentence: &str| sorted(sentence.trim()).into_iter().map(str::to_owned).collect();
            text.split(['.', '!']).map(words).collect()
        };
        let seen: Vec<String> = (0..100).map(|seed| reordered(text, None, seed).unwrap().text).collect();
        assert!(seen.iter().any(|seen| seen.starts_with("two one.")));
        assert!(seen.iter().all(|seen| sentences(seen) == sentences(text)), "{seen:?}");
    }

    #[test]
    fn two_different_words_are_needed() {
        for text in ["", "film", "film film film film", "film , !", "one. two"] {
            assert_eq!(reordered(text, None, 1), None, "{text}");
        }
        let triggered = reordered("no no yes", None, 1).unwrap();
        assert_eq!(triggered.text, "no yes no");
        assert_eq!(triggered.script.unwrap().counts().transpositions, 1);
        assert_eq!(reordered("no no yes", Some(2), 1), None);
    }
}
