//! [`SearchSettings`]: budget, exploration, stopping.

use crate::{FuzzError, tree::SearchTree};
use std::f64::consts::SQRT_2;

/// How texts are searched. FRS does not state all of these values; the defaults are ours where it does not.
///
/// ```
/// use steadfast_fuzz::SearchSettings;
///
/// let settings = SearchSettings::default().budget(15).patience(Some(5)).seed(1);
/// assert_eq!((settings.budget, settings.leaves), (15, 1));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct SearchSettings {
    /// Steps per text, each of which draws a mutation and measures its deviation. 10 by default: the paper sees no
    /// change beyond.
    pub budget: u32,
    /// `C` of the upper confidence bound (Eq. 6), not stated in the paper. √2 by default.
    pub exploration: f64,
    /// Steps of one text that are under way at the same time, with virtual losses. 1 by default. With more, few texts
    /// fill the model's batches, and each step uses fewer results of earlier ones.
    pub leaves: u32,
    /// The search of a text ends once its area was the same, and not empty, after this many steps in a row. Never by
    /// default.
    pub patience: Option<u32>,
    /// The area consists of the best segment, and of every other that overlaps no better one and has at least this
    /// share of its value. 1 by default: the best segment and its equals (Eq. 51). Smaller shares find triggers in
    /// several places.
    pub area_share: f64,
    /// The largest number of texts in a batch, 256 by default. Results do not depend on it.
    pub batch: usize,
    /// The seed of all mutations, 0 by default.
    pub seed: u64,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            budget: 10,
            exploration: SQRT_2,
            leaves: 1,
            patience: None,
            area_share: 1.0,
            batch: 256,
            seed: 0,
        }
    }
}

impl SearchSettings {
    crate::setters! {
        /// Sets the number of steps per text.
        budget: u32,
        /// Sets `C` of the upper confidence bound.
        exploration: f64,
        /// Sets the number of steps of one text that are under way at the same time.
        leaves: u32,
        /// Ends a search after this many steps that left its area unchanged.
        patience: Option<u32>,
        /// Sets the share of the best value from which on a segment belongs to the area.
        area_share: f64,
        /// Sets the largest number of texts in a batch.
        batch: usize,
        /// Sets the seed.
        seed: u64,
    }

    pub(crate) fn check(&self) -> Result<(), FuzzError> {
        let at_least_one = [
            ("budget of a search", u64::from(self.budget)),
            ("number of steps under way", u64::from(self.leaves)),
            ("patience of a search", self.patience.map_or(1, u64::from)),
            ("number of texts in a batch", self.batch as u64),
        ];
        for (name, given) in at_least_one {
            if given == 0 {
                return Err(FuzzError::parameter(name, given, "at least 1"));
            }
        }
        // Both written so that NaN is refused.
        if !(self.exploration >= 0.0 && self.exploration.is_finite()) {
            return Err(FuzzError::parameter(
                "exploration C",
                self.exploration,
                "a finite number, 0 or more",
            ));
        }
        if !(self.area_share > 0.0 && self.area_share <= 1.0) {
            return Err(FuzzError::parameter(
                "share of the best value",
                self.area_share,
                "above 0, at most 1",
            ));
        }
        Ok(())
    }
}

/// Decides whether a search ends before its budget is spent.
#[derive(Debug, Default)]
pub(crate) struct Convergence {
    area: Vec<std::ops::Range<usize>>,
    unchanged: u32,
}

impl Convergence {
    /// Takes in the tree after a step; true once the area has stayed the same for the patience of `settings`.
    pub(crate) fn reached(&mut self, settings: &SearchSettings, tree: &SearchTree) -> bool {
        let Some(patience) = settings.patience else { return false };
        let area = tree.most_valuable(settings.area_share);
        let found = !area.is_empty();
        self.unchanged = if found && area == self.area { self.unchanged + 1 } else { 0 };
        self.area = area;
        self.unchanged >= patience
    }
}
