//! [`BackdoorMetrics`]: what a backdoor does to a classifier, or to a defence.

use super::{Confusion, Share};
use crate::Error;
use serde::{Deserialize, Serialize};
use std::fmt;
use steadfast_certify::ClassId;

/// Clean accuracy, poisoned accuracy and attack success rate (FRS, ICLR 2025, Equations 43–45).
///
/// The poisoned texts carry the trigger and are of other classes than the target. A defence that abstains on one of them is not
/// right about it, and neither has the attack succeeded. With abstentions, or with more than two classes, poisoned accuracy and
/// success rate may therefore add up to less than one; to more than one they never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackdoorMetrics {
    /// CA: clean texts that are classified right.
    pub clean: Share,
    /// PA: poisoned texts that are classified right.
    pub poisoned: Share,
    /// ASR: poisoned texts that are classified as the target.
    pub success: Share,
    /// Poisoned texts that get no answer.
    pub abstained: Share,
}

impl BackdoorMetrics {
    /// The metrics of the answers on clean and on poisoned texts.
    ///
    /// # Errors
    /// [`Error::PoisonedTarget`] if poisoned texts are of the target class: an attack cannot succeed on them.
    pub fn of(clean: &Confusion, poisoned: &Confusion, target: ClassId) -> Result<Self, Error> {
        match poisoned.texts(target) {
            0 => Ok(Self {
                clean: clean.accuracy(),
                poisoned: poisoned.accuracy(),
                success: poisoned.answered(target),
                abstained: poisoned.abstained(),
            }),
            texts => Err(Error::PoisonedTarget { target, texts }),
        }
    }
}

impl fmt::Display for BackdoorMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clean, poisoned, success, abstained } = self;
        write!(f, "CA {clean}, PA {poisoned}, ASR {success}")?;
        if abstained.hits() > 0 { write!(f, ", abstained {abstained}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_right_nor_the_target_counts_for_nobody() {
        let clean = Confusion::count([(0, Some(0)), (1, Some(1)), (2, Some(2)), (1, Some(0))]);
        let poisoned = [(0, Some(0)), (0, Some(1)), (0, None), (2, Some(1)), (2, Some(0))];
        let metrics = BackdoorMetrics::of(&clean, &Confusion::count(poisoned), 1).unwrap();
        let counts = [metrics.clean, metrics.poisoned, metrics.success, metrics.abstained];
        assert_eq!(counts.map(|share| (share.hits(), share.of())), [(3, 4), (1, 5), (2, 5), (1, 5)]);
        let shown =
            "CA 75.0% [19.4, 99.4], PA 20.0% [0.5, 71.6], ASR 40.0% [5.3, 85.3], abstained 20.0% [0.5, 71.6]";
        assert_eq!(metrics.to_string(), shown);
    }

    #[test]
    fn poisoned_texts_of_the_target_are_refused() {
        let poisoned = Confusion::count([(0, Some(0)), (1, Some(1))]);
        let error = BackdoorMetrics::of(&poisoned, &poisoned, 1).unwrap_err();
        assert!(error.to_string().contains("1 of the poisoned texts"), "{error}");
    }
}
