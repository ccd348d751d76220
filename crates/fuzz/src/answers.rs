//! [`Answers`]: the objective's responses; each distinct text is asked once, in full batches.

use crate::{FuzzError, Objective};
use std::collections::{HashMap, hash_map::Entry};
use steadfast_perturb::WordId;

/// The largest number of texts whose responses are kept from one group of searches to the next: it bounds the memory of
/// long runs.
const REMEMBERED: usize = 1 << 16;

/// Texts by number, and the responses to them.
pub(crate) struct Answers<'a, O: Objective + ?Sized> {
    objective: &'a O,
    batch: usize,
    numbers: HashMap<Vec<WordId>, usize>,
    texts: Vec<Vec<WordId>>,
    responses: Vec<O::Response>,
}

impl<'a, O: Objective + ?Sized> Answers<'a, O> {
    /// No texts so far; `objective` is asked about at most `batch` texts at a time.
    pub(crate) fn new(objective: &'a O, batch: usize) -> Self {
        Self { objective, batch, numbers: HashMap::new(), texts: Vec::new(), responses: Vec::new() }
    }

    /// Forgets all texts, and their numbers, once there are more than [`REMEMBERED`].
    pub(crate) fn forget_many(&mut self) {
        if self.texts.len() > REMEMBERED {
            *self = Self::new(self.objective, self.batch);
        }
    }

    /// The number of a text. The next [`Self::ask`] asks about it, unless it has a response.
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

    /// Asks about all texts without a response.
    pub(crate) fn ask(&mut self) -> Result<(), FuzzError> {
        let unanswered = self.texts.get(self.responses.len()..).unwrap_or_default();
        for batch in unanswered.chunks(self.batch) {
            let responses = self.objective.respond(batch).map_err(FuzzError::Model)?;
            if responses.len() != batch.len() {
                return Err(FuzzError::Answers { given: responses.len(), expected: batch.len() });
            }
            self.responses.extend(responses);
        }
        Ok(())
    }

    /// The deviation of a changed text from its original, both by number.
    pub(crate) fn deviation(&self, changed: usize, original: usize) -> Result<f64, FuzzError> {
        let (Some(changed), Some(original)) = (self.responses.get(changed), self.responses.get(original))
        else {
            return Err(FuzzError::Answers { given: self.responses.len(), expected: self.texts.len() });
        };
        let deviation = self.objective.deviation(changed, original);
        // Written so that NaN is refused.
        if !(deviation >= 0.0 && deviation.is_finite()) {
            return Err(FuzzError::Deviation { given: deviation });
        }
        Ok(deviation)
    }

    /// A text by number.
    pub(crate) fn text(&self, number: usize) -> &[WordId] {
        self.texts.get(number).map_or(&[], Vec::as_slice)
    }
}
