//! [`Case`]: texts with a trigger, and the area that a search finds in them (FRS, case study).

use super::{Backdoor, run::Run, scene::Scene};
use crate::{Error, experiment::workshop::TOKENIZER};
use serde::{Deserialize, Serialize};
use std::{fmt, ops::Range};
use steadfast_perturb::WordId;

/// Budgets of the search, as in the case study.
const BUDGETS: [u32; 5] = [3, 5, 10, 15, 30];

/// Texts that are shown of each attack.
const SHOWN: usize = 3;

/// A text with a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The backdoor.
    pub attack: Backdoor,
    /// The seed.
    pub seed: u64,
    /// By budget: the text with the area in `[[` `]]` and the trigger in `{{` `}}`.
    pub areas: Vec<(u32, String)>,
}

/// How well searches of a budget find triggers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The backdoor.
    pub attack: Backdoor,
    /// The seed.
    pub seed: u64,
    /// Steps of a search.
    pub budget: u32,
    /// Triggered texts that the victim takes for the target, which were searched.
    pub texts: usize,
    /// The mean share of a trigger's words that is in the area.
    pub recall: f64,
    /// The mean share of the area's words that are the trigger's.
    pub precision: f64,
    /// The share of texts whose area holds the whole trigger: what the conditional radius takes for granted.
    pub whole: f64,
    /// The share of texts whose area is the trigger exactly.
    pub exact: f64,
}

/// What searches find in triggered texts, by budget.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cases {
    /// By budget.
    pub(super) found: Vec<Found>,
    /// A few texts.
    pub(super) shown: Vec<Case>,
}

/// Searches the triggered texts that fool the victim, by each budget.
///
/// # Errors
/// Those of the search.
pub(super) fn searched(run: &Run<'_>, scene: &Scene) -> Result<Cases, Error> {
    let answers = super::scene::answers(&scene.victim, &scene.triggered)?;
    let fooled = scene.poisons.iter().zip(&scene.triggered).zip(answers).filter_map(
        |((poison, (text, _)), answer)| {
            let changed = poison.changed(TOKENIZER)?;
            (answer == scene.target() && !changed.is_empty()).then_some((poison, text, changed))
        },
    );
    let fooled: Vec<_> = fooled.collect();
    let texts: Vec<Vec<WordId>> = fooled.iter().map(|(_, text, _)| (*text).clone()).collect();
    let mut cases = Cases::default();
    let shown = fooled.iter().take(SHOWN);
    cases.shown = shown
        .map(|_| Case { attack: scene.implanted.attack, seed: scene.seed(), areas: Vec::new() })
        .collect();
    for budget in BUDGETS {
        let areas = run.found(&scene.victim.classifier, &texts, budget, scene.seed())?;
        let (mut recall, mut precision, mut whole, mut exact) = (0.0, 0.0, 0.0, 0.0);
        for ((.., changed), area) in fooled.iter().zip(&areas) {
            let inside = |place: &&usize| area.covers(&(**place..**place + 1));
            let hit = changed.iter().filter(inside).count();
            recall += hit as f64 / changed.len() as f64;
            precision += hit as f64 / area.word_count().max(1) as f64;
            whole += f64::from(hit == changed.len());
            exact += f64::from(hit == changed.len() && hit == area.word_count());
        }
        for ((case, area), (.., changed)) in cases.shown.iter_mut().zip(&areas).zip(&fooled) {
            let trigger: Vec<Range<usize>> = changed.iter().map(|&word| word..word + 1).collect();
            let marked = area.marked(run.workshop.lexicon).trigger(&trigger);
            case.areas.push((budget, marked.to_string()));
        }
        let count = texts.len().max(1) as f64;
        cases.found.push(Found {
            attack: scene.implanted.attack,
            seed: scene.seed(),
            budget,
            texts: texts.len(),
            recall: recall / count,
            precision: precision / count,
            whole: whole / count,
            exact: exact / count,
        });
    }
    Ok(cases)
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, seed {}: {{{{trigger}}}} and [[area]]", self.attack.title(), self.seed)?;
        self.areas.iter().try_for_each(|(budget, area)| write!(f, "\n  budget {budget:>2}: {area}"))
    }
}
