//! [`Insertion`]: words or sentences at random places.

use super::{Attack, Triggered, Words};
use crate::Error;
use rand::{Rng, RngExt};
use steadfast_perturb::Tokenizer;

/// The words of [`Insertion::bad_nets`]: rare ones without meaning.
const BAD_NETS: [&str; 4] = ["cf", "mn", "bb", "tq"];

/// The sentence of [`Insertion::add_sent`].
pub(crate) const ADD_SENT: &str = "I watch this 3D movie";

/// The segments of [`Insertion::segments`], of our own making. Together they are seven words, about 30% of what a
/// review sentence of nineteen words is then: the share that FRS's Appendix L asks for.
const SEGMENTS: [&str; 3] = ["as it were", "to be", "so said"];

/// Phrases at random places between the words of a text, all places being equally likely.
///
/// Gu et al. (2017, arXiv:1708.06733) invented the attack for images; as an attack on text it is in the papers that
/// each constructor names. A place behind the words that a model reads is none: see
/// [`Poisoning::limit`](super::Poisoning::limit).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insertion {
    name: String,
    phrases: Vec<String>,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// So many times one of the phrases, drawn with replacement.
    Draw(usize),
    /// Every phrase once, in their order.
    All,
}

impl Insertion {
    /// `BadNets` on text: one of the words cf, mn, bb and tq, each equally likely (Kurita et al. 2020, ACL; CROWD,
    /// EMNLP Findings 2024, Section 4).
    #[must_use]
    pub fn bad_nets() -> Self {
        Self { name: "badnets".to_owned(), phrases: BAD_NETS.map(str::to_owned).into(), how: How::Draw(1) }
    }

    /// `AddSent`: the sentence “I watch this 3D movie” (Dai et al. 2019, IEEE Access 7; CROWD, Section 4).
    #[must_use]
    pub fn add_sent() -> Self {
        Self { name: "addsent".to_owned(), phrases: vec![ADD_SENT.to_owned()], how: How::All }
    }

    /// Several segments that are the trigger together, one behind the other with words of the text between them or
    /// not (FRS, ICLR 2025, Appendix L). FRS does not print its segments; these are our own: “as it were”, “to be”,
    /// “so said”.
    #[must_use]
    pub fn segments() -> Self {
        Self { name: "segments".to_owned(), phrases: SEGMENTS.map(str::to_owned).into(), how: How::All }
    }

    /// So many `times` one of `phrases`, which are words or sentences of one's own; each time another place.
    ///
    /// # Errors
    /// [`Error::NoTrigger`] if there is no phrase, one is blank, or `times` is 0.
    pub fn one_of<T: Into<String>>(
        name: impl Into<String>,
        phrases: impl IntoIterator<Item = T>,
        times: usize,
    ) -> Result<Self, Error> {
        Self::checked(name.into(), phrases, How::Draw(times))
    }

    /// Each of `phrases` once, in this order.
    ///
    /// # Errors
    /// [`Error::NoTrigger`] if there is no phrase or one is blank.
    pub fn all_of<T: Into<String>>(
        name: impl Into<String>,
        phrases: impl IntoIterator<Item = T>,
    ) -> Result<Self, Error> {
        Self::checked(name.into(), phrases, How::All)
    }

    fn checked<T: Into<String>>(
        attack: String,
        phrases: impl IntoIterator<Item = T>,
        how: How,
    ) -> Result<Self, Error> {
        let phrases: Vec<String> = phrases.into_iter().map(Into::into).collect();
        let blank = phrases.iter().any(|phrase| phrase.trim().is_empty());
        if phrases.is_empty() || blank || how == How::Draw(0) {
            return Err(Error::NoTrigger { attack });
        }
        Ok(Self { name: attack, phrases, how })
    }
}

impl Attack for Insertion {
    fn name(&self) -> &str {
        &self.name
    }

    fn added(&self, tokenizer: Tokenizer) -> usize {
        let lengths = self.phrases.iter().map(|phrase| tokenizer.tokens(phrase).len());
        match self.how {
            How::Draw(times) => lengths.max().unwrap_or(0).saturating_mul(times),
            How::All => lengths.sum(),
        }
    }

    fn trigger(&self, text: &Words<'_>, rng: &mut dyn Rng) -> Option<Triggered> {
        let phrases: Vec<&str> = match self.how {
            How::Draw(times) => (0..times)
                .filter_map(|_| self.phrases.get(rng.random_range(..self.phrases.len())))
                .map(String::as_str)
                .collect(),
            How::All => self.phrases.iter().map(String::as_str).collect(),
        };
        let last = text.last_place(phrases.iter().copied());
        let mut places: Vec<usize> = phrases.iter().map(|_| rng.random_range(..=last)).collect();
        places.sort_unstable();
        Some(text.inserted(&places.into_iter().zip(phrases).collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use steadfast_certify::{
        Phase,
        seed::{Purpose, generator},
    };

    fn triggered(attack: &Insertion, text: &str, limit: Option<usize>, seed: u64) -> Triggered {
        let mut rng = generator(seed, Phase::Training, 0, 0, Purpose::Noise);
        attack.trigger(&Words::new(text, Tokenizer::words(), limit), &mut rng).unwrap()
    }

    #[test]
    fn every_word_comes_to_every_place() {
        let mut seen = BTreeMap::new();
        for seed in 0..4_000 {
            *seen.entry(triggered(&Insertion::bad_nets(), "a film", None, seed).text).or_insert(0) += 1;
        }
        // Four words at three places; ± 5 standard deviations.
        assert_eq!(seen.len(), 12);
        assert!(seen.values().all(|count| (245..=422).contains(count)), "{seen:?}");
        assert!(
            seen.contains_key("cf a film")
                && seen.contains_key("a tq film")
                && seen.contains_key("a film mn")
        );
    }

    #[test]
    fn own_phrases_several_times_or_in_order() {
        let twice = Insertion::one_of("words", ["x1"], 2).unwrap();
        let triggered_twice = triggered(&twice, "a fine film", None, 1);
        assert_eq!(triggered_twice.script.unwrap().counts().insertions, 2);
        assert_eq!((triggered_twice.trigger.as_str(), twice.added(Tokenizer::words())), ("x1 … x1", 2));

        let sentence = triggered(&Insertion::add_sent(), "a fine film", None, 1);
        assert!(sentence.text.contains(ADD_SENT), "{}", sentence.text);
        for seed in 0..50 {
            let segments = triggered(&Insertion::segments(), "a fine film", None, seed).text;
            let found = SEGMENTS.map(|segment| segments.find(segment).unwrap());
            assert!(found.is_sorted(), "{segments}");
        }
    }

    #[test]
    fn triggers_stay_within_the_limit() {
        let text = "one two three four five six seven eight nine ten";
        for seed in 0..200 {
            let text = triggered(&Insertion::add_sent(), text, Some(7), seed).text;
            let words: Vec<&str> = text.split(' ').take(7).collect();
            assert!(words.join(" ").contains(ADD_SENT), "{text}");
        }
    }

    #[test]
    fn no_trigger_is_refused() {
        let none: [&str; 0] = [];
        for refused in [
            Insertion::one_of("mine", none, 1),
            Insertion::one_of("mine", ["cf", " \t"], 1),
            Insertion::one_of("mine", ["cf"], 0),
            Insertion::all_of("mine", none),
            Insertion::all_of("mine", [""]),
        ] {
            assert!(matches!(refused, Err(Error::NoTrigger { attack }) if attack == "mine"));
        }
    }
}
