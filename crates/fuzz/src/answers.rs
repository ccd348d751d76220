//! What the objective answered: each distinct text is asked once, in full batches.

use crate::{Error, Objective};
use std::collections::{HashMap, hash_map::Entry};
use steadfast_perturb::WordId;

/// Texts whose responses are remembered from one group of searches to the next, at most; bounds the memory of long runs.
const REMEMBERED: usize = 1 << 16;

/// The texts that were asked, by number, and the responses to them.
pub(crate) struct Answers<'a, O: Objective + ?Sized> {
    objective: &'a O,
    batch: usize,
    numbers: HashMap<Vec<WordId>, usize>,
    texts: Vec<Vec<WordId>>,
    responses: Vec<O::Response>,
}

impl<'a, O: Objective + ?Sized> Answers<'a, O> {
    /// Nothing asked so far; `objective` gets at most `batch` texts at a time.
    pub(crate) fn new(objective: &'a O, batch: usize) -> Self {
        Self { objective, batch, numbers: HashMap::new(), texts: Vec::new(), responses: Vec::new() }
    }

    /// Forgets all texts if they have become many. Their numbers mean nothing from then on.
    pub(crate) fn forget_many(&mut self) {
        if self.texts.len() > REMEMBERED {
            *self = Self::new(self.objective, self.batch);
        }
    }

    /// The number of a text, which the next [`Self::ask`] asks unless it was asked before.
    pub(crate) fn enqueue(&mut self, text: Vec<WordId>) -> usize {
        match self.numbers.entry(text) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let number = self.texts.len();
                self.texts.push(new.key().clone());
                *new.insert(number)
            }
        }
    }

    /// Asks all texts that have no response yet.
    pub(crate) fn ask(&mut self) -> Result<(), Error> {
        let unanswered = self.texts.get(self.responses.len()..).unwrap_or_default();
        for batch in unanswered.chunks(self.batch) {
            let responses = self.objective.respond(batch).map_err(Error::Model)?;
            if responses.len() != batch.len() {
                return Err(Error::Answers { given: responses.len(), expected: batch.len() });
            }
            self.responses.extend(responses);
        }
        Ok(())
    }

    /// The deviation of one text that was asked from another.
    pub(crate) fn deviation(&self, changed: usize, original: usize) -> Result<f64, Error> {
        let (Some(changed), Some(original)) = (self.responses.get(changed), self.responses.get(original))
        else {
            return Err(Error::Answers { given: self.responses.len(), expected: self.texts.len() });
        };
        let deviation = self.objective.deviation(changed, original);
        // Written so that NaN is refused.
        if !(deviation >= 0.0 && deviation.is_finite()) {
            return Err(Error::Deviation { given: deviation });
        }
        Ok(deviation)
    }

    /// A text by number.
    pub(crate) fn text(&self, number: usize) -> &[WordId] {
        self.texts.get(number).map_or(&[], Vec::as_slice)
    }
}
