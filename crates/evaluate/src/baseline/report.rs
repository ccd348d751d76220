//! [`DefenceReport`]: what a defence is worth.

use super::{
    Defence, Verdict,
    scores::{classes, one_each},
};
use crate::{
    Error,
    metrics::{BackdoorMetrics, Confusion, Share},
};
use serde::{Deserialize, Serialize};
use steadfast_certify::{ClassId, Classifier};
use steadfast_perturb::WordId;

/// How many texts with and without a trigger were flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detection {
    /// The detection rate: triggered texts that were flagged.
    pub triggered: Share,
    /// The false positive rate: clean texts that were flagged.
    pub clean: Share,
}

/// A defence beside the classifier without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefenceReport {
    /// Its name.
    pub defence: String,
    /// What it flags of the test texts. `None` for a defence that judges no single texts; for [`Bki`](super::Bki),
    /// which finds
    /// *training* texts, [`Bki::detection`](super::Bki::detection) can be put here.
    pub detection: Option<Detection>,
    /// The classifier without it.
    pub before: BackdoorMetrics,
    /// The answers of the defence; a text that it refuses is an abstention.
    pub after: BackdoorMetrics,
}

impl DefenceReport {
    /// Asks the undefended classifier and the defence about clean test texts and about texts with a trigger, each
    /// with its true class, where `target` is the class that the attacker wants.
    ///
    /// # Errors
    /// [`Error::PoisonedTarget`] if triggered texts are of the target class, otherwise those of the classifier and
    /// the defence.
    pub fn of(
        defence: &(impl Defence + ?Sized),
        victim: &(impl Classifier<Vec<WordId>> + ?Sized),
        clean: &[(Vec<WordId>, ClassId)],
        triggered: &[(Vec<WordId>, ClassId)],
        target: ClassId,
    ) -> Result<Self, Error> {
        let asked = |part: &[(Vec<WordId>, ClassId)]| {
            let texts: Vec<Vec<WordId>> = part.iter().map(|(text, _)| text.clone()).collect();
            let truth = part.iter().map(|&(_, class)| class);
            let before = Confusion::count(truth.clone().zip(classes(victim, &texts)?.into_iter().map(Some)));
            let verdicts = defence.defend(&texts)?;
            one_each("verdicts", verdicts.len(), texts.len())?;
            let after = Confusion::count(truth.zip(verdicts.iter().map(|verdict| verdict.answer())));
            Ok::<_, Error>((before, after, Share::count(verdicts.into_iter().map(Verdict::flagged))))
        };
        let (clean_before, clean_after, clean) = asked(clean)?;
        let (triggered_before, triggered_after, triggered) = asked(triggered)?;
        Ok(Self {
            defence: defence.name().to_owned(),
            detection: defence.judges_texts().then_some(Detection { triggered, clean }),
            before: BackdoorMetrics::of(&clean_before, &triggered_before, target)?,
            after: BackdoorMetrics::of(&clean_after, &triggered_after, target)?,
        })
    }
}
