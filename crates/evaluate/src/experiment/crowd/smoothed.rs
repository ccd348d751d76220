//! Defences by noise: trained under it, asked under it, certified against its attacker.

use super::{
    Attacked, Defence, Figures, Guarantee, Shown,
    run::{Claims, Run, Scene},
};
use crate::{
    Error,
    experiment::{Decision, Labelled, Smoothed},
    metrics::{BackdoorMetrics, Confusion},
};
use std::time::Instant;
use steadfast_certify::{ClassId, Confidence};

/// Noisy copies that are asked about at a time.
const BATCH: usize = 64;

/// The level of the outlook at which sampling gives up.
const OPTIMISM: f64 = 0.03;

/// Texts with a trigger draw from streams of their own.
const TRIGGERED: u64 = 1 << 32;

impl Run<'_> {
    /// Fine-tunes under a noise, and asks and certifies under it.
    pub(super) fn smoothed(&self, scene: &Scene, defence: Defence) -> Result<Claims, Error> {
        let law = self.noises.of(defence)?;
        let task = &scene.poisoned.task;
        let (training, development) = (self.words(&task.training), self.words(&task.development));
        let name = defence.to_string();
        let trained = self.classifier(scene, &name, &training, &development, Some(law.noise()))?;
        let start = Instant::now();
        let smoothed = Smoothed {
            noise: law.noise(),
            classifier: &trained.classifier,
            epsilon: self.settings.epsilon,
            plan: self.settings.plan()?,
            certifier: self.settings.certifier(scene.clean.len())?,
            optimism: Confidence::new(OPTIMISM)?,
            batch: BATCH,
            seed: scene.seed,
        };
        let bar = self.console.bar(&name, (scene.clean.len() + scene.triggered.len()) as u64);
        let step = || {
            if self.console.advance(&bar, 1).is_break() { Err(self.stopped()) } else { Ok(()) }
        };
        let decide = |(number, (text, _)): (u64, &Labelled)| {
            let flow = || self.console.flow();
            step().and_then(|()| smoothed.decide(number, text, &*law.threat(text), &flow))
        };
        let answer =
            |(number, (text, _)): (u64, &Labelled)| step().and_then(|()| smoothed.answer(number, text));
        let decisions: Vec<Decision> = (0..).zip(&scene.clean).map(decide).collect::<Result<_, _>>()?;
        let answers: Vec<ClassId> =
            (TRIGGERED..).zip(&scene.triggered).map(answer).collect::<Result<_, _>>()?;
        bar.finish_and_clear();

        let right = confusion(&scene.clean, decisions.iter().map(Decision::class));
        let wrong = confusion(&scene.triggered, answers.iter().copied());
        let metrics = BackdoorMetrics::of(&right, &wrong, self.settings.target)?;
        let mean = |of: fn(&Decision) -> u64| {
            decisions.iter().map(of).sum::<u64>() as f64 / decisions.len().max(1) as f64
        };
        let attacked = Attacked {
            metrics,
            detection: None,
            questions: mean(|decision| decision.questions),
            samples: mean(|decision| decision.samples),
            training: vec![trained.tuned],
            training_seconds: trained.seconds,
            seconds: start.elapsed().as_secs_f64(),
        };
        let worth = (Guarantee::Empirical, None);
        let mut rows = vec![self.row(scene, defence, scene.threat(), worth, Figures::Attacked(attacked))];
        rows.extend(self.certified(scene, defence, law, &decisions)?);
        let shown = Shown::first(scene, defence, law, &self.noises.lexicon, &decisions, &answers)?;
        Ok(Claims { rows, shown })
    }
}

/// Answers against the truth.
fn confusion(texts: &[Labelled], answers: impl IntoIterator<Item = ClassId>) -> Confusion {
    Confusion::count(texts.iter().zip(answers).map(|((_, class), answer)| (*class, Some(answer))))
}
