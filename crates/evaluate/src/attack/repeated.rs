//! [`Repeated`]: a trigger in several places.

use super::{Attack, Triggered, Words};
use rand::Rng;
use std::sync::Arc;
use steadfast_perturb::{EditScript, Tokenizer};

/// Another attack, several times on the same text, each time where it finds it to be.
///
/// A defence that looks for *the* area in which a trigger lies finds one of several: the others are decoys for each other.
#[derive(Debug, Clone)]
pub struct Repeated {
    attack: Arc<dyn Attack>,
    times: usize,
}

impl Repeated {
    /// `attack`, so many times; once at least.
    #[must_use]
    pub fn new(attack: Arc<dyn Attack>, times: usize) -> Self {
        Self { attack, times: times.max(1) }
    }
}

impl Attack for Repeated {
    fn name(&self) -> &str {
        self.attack.name()
    }

    fn added(&self, tokenizer: Tokenizer) -> usize {
        self.times.saturating_mul(self.attack.added(tokenizer))
    }

    fn trigger(&self, text: &Words<'_>, rng: &mut dyn Rng) -> Option<Triggered> {
        // What is put in later must not push what is there out of the words that are read.
        let each = self.attack.added(text.tokenizer());
        let room = |later: usize| later.saturating_mul(each);
        let mut all = self.attack.trigger(&text.reread(text.text()).leaving(room(self.times - 1)), rng)?;
        for later in (0..self.times - 1).rev() {
            let words = text.reread(&all.text).leaving(room(later));
            let Some(next) = self.attack.trigger(&words, rng) else { break };
            let edits = |script: Option<EditScript<String>>| script.into_iter().flatten();
            let known = all.script.is_some() && next.script.is_some();
            let script = edits(all.script).chain(edits(next.script)).collect();
            all = Triggered {
                text: next.text,
                trigger: format!("{} … {}", all.trigger, next.trigger),
                script: known.then_some(script),
            };
        }
        // What is replaced twice may be what it was.
        (!text.reads_as(&all.text)).then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::Insertion;
    use steadfast_certify::{
        Phase,
        seed::{Purpose, generator},
    };

    #[test]
    fn every_trigger_is_put_in_and_recorded() {
        let tokenizer = Tokenizer::words();
        let attack = Repeated::new(Arc::new(Insertion::bad_nets()), 3);
        assert_eq!((attack.name(), attack.added(tokenizer)), ("badnets", 3));
        let words = |text: &str| -> Vec<String> {
            tokenizer.tokens(text).into_iter().map(|token| token.text).collect()
        };
        for seed in 0..50 {
            let text = Words::new("a film of rare charm", tokenizer, Some(4));
            let mut rng = generator(seed, Phase::Training, 0, 0, Purpose::Noise);
            let triggered = attack.trigger(&text, &mut rng).unwrap();
            assert_eq!(triggered.trigger.split(" … ").count(), 3);
            let script = triggered.script.unwrap();
            assert_eq!(script.counts().insertions, 3);
            let read = words(&triggered.text);
            assert_eq!(script.apply(&words(text.text())).unwrap(), read);
            let own = words(text.text());
            let behind = &read[4..];
            assert!(behind.iter().all(|word| own.contains(word)), "within the words that are read: {read:?}");
        }
    }
}
