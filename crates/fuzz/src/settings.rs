//! [`Settings`] of a search.

use crate::{Error, tree::SearchTree};
use std::f64::consts::SQRT_2;

/// How texts are searched. Values that FRS does not state are marked so; the defaults are ours then.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Settings {
    /// Steps per text: mutations that are drawn and measured. 10, from which on the paper sees no change.
    pub budget: u32,
    /// `C` of the upper confidence bound (Eq. 6), not stated in the paper: √2.
    pub exploration: f64,
    /// Steps of one text that are under way at once, with virtual losses: 1. More fill the model's batches where
    /// texts are few, and each step then knows less of those before it.
    pub leaves: u32,
    /// Stop a text once its area was the same, and not empty, after this many steps in a row; never, unless set.
    pub patience: Option<u32>,
    /// The area consists of the best segment, and of every other that overlaps no better one and has at least this
    /// share of its value. 1: the best one alone, and equals (Eq. 51). Less finds triggers in several places.
    pub area_share: f64,
    /// Texts that the model is asked about at a time, at most: 256. It has no influence on results.
    pub batch: usize,
    /// All mutations are drawn from this seed and the text: 0.
    pub seed: u64,
}

impl Default for Settings {
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

impl Settings {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let at_least_one = [
            ("budget of a search", u64::from(self.budget)),
            ("steps under way at once", u64::from(self.leaves)),
            ("patience of a search", self.patience.map_or(1, u64::from)),
            ("texts in a batch", self.batch as u64),
        ];
        for (name, given) in at_least_one {
            if given == 0 {
                return Err(Error::parameter(name, given, "at least 1"));
            }
        }
        if !(self.exploration >= 0.0 && self.exploration.is_finite()) {
            return Err(Error::parameter("exploration C", self.exploration, "a finite number, 0 or more"));
        }
        if !(self.area_share > 0.0 && self.area_share <= 1.0) {
            return Err(Error::parameter("share of the best value", self.area_share, "above 0, at most 1"));
        }
        Ok(())
    }
}

/// Whether a search may end before its budget is spent.
#[derive(Debug, Default)]
pub(crate) struct Convergence {
    area: Vec<std::ops::Range<usize>>,
    unchanged: u32,
}

impl Convergence {
    /// Looks at the tree after a step; true once the area has stayed the same as often as `settings` ask.
    pub(crate) fn reached(&mut self, settings: &Settings, tree: &SearchTree) -> bool {
        let Some(patience) = settings.patience else { return false };
        let area = tree.most_valuable(settings.area_share);
        let found = !area.is_empty();
        self.unchanged = if found && area == self.area { self.unchanged + 1 } else { 0 };
        self.area = area;
        self.unchanged >= patience
    }
}
