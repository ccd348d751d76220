//! Defences by noise: trained under it, asked under it, certified against its attacker.

use super::{
    Defence, Shown,
    run::{Claims, Run, Scene},
};
use crate::{
    Error,
    experiment::{
        Figures, Guarantee, Smoothed,
        asked::{Asked, BATCH, optimism},
    },
};

impl Run<'_> {
    /// Fine-tunes under a noise, and asks and certifies under it.
    pub(super) fn smoothed(&self, scene: &Scene, defence: Defence) -> Result<Claims, Error> {
        let law = self.noises.of(defence)?;
        let task = &scene.poisoned.task;
        let (training, development) = (self.words(&task.training), self.words(&task.development));
        let name = defence.to_string();
        let trained = self.classifier(scene, &name, &training, &development, Some(law.noise()))?;
        let smoothed = Smoothed {
            noise: law.noise(),
            classifier: &trained.classifier,
            epsilon: self.settings.extent.epsilon,
            plan: self.settings.extent.plan()?,
            certifier: self.settings.extent.certifier(scene.clean.len())?,
            optimism: optimism()?,
            batch: BATCH,
            seed: scene.seed,
        };
        let asked = Asked::of(
            &smoothed,
            &trained,
            [&scene.clean, &scene.triggered],
            self.settings.extent.target,
            &|text| Ok(vec![law.threat(text)?]),
            &self.workshop,
            &name,
        )?;
        let worth = (Guarantee::Empirical, None);
        let mut rows =
            vec![self.row(scene, defence, scene.threat(), worth, Figures::Attacked(asked.attacked.clone()))];
        rows.extend(self.certified(scene, defence, law, &smoothed, &asked)?);
        let shown =
            Shown::first(scene, defence, law, &self.noises.lexicon, &asked.decisions, &asked.answers)?;
        Ok(Claims { rows, shown })
    }
}
