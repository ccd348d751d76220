//! Defences by noise: trained under it, asked under it, certified against its attacker.

use super::{
    Attacked, Certified, Defence, Figures, Guarantee, Shown,
    chart::PRODUCT,
    noises::Law,
    run::{Claims, Run, Scene},
};
use crate::{
    Error,
    attack::Poison,
    experiment::{Decision, Labelled, Smoothed},
    metrics::{BackdoorMetrics, CertifiedCurve, Confusion, Share},
};
use std::time::Instant;
use steadfast_certify::{ClassId, Confidence, DiscreteThreat, Lower, Radius, Threat, Unit, WordThreat};
use steadfast_perturb::{Substitution, WordId, edit::EditOp};

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

    /// What is certified about the clean texts, by each rule.
    fn certified(
        &self,
        scene: &Scene,
        defence: Defence,
        law: &Law,
        decisions: &[Decision],
    ) -> Result<Vec<super::Row>, Error> {
        let texts = || decisions.iter().zip(&scene.clean);
        let right = |decision: &Decision, class: &ClassId| decision.class() == *class;
        let row = |name: &str, threat: &str, guarantee, radii: Vec<Option<Radius>>, covered| {
            let all_words = |(radius, (text, _)): (&Option<Radius>, &Labelled)| {
                radius.is_some_and(|radius| radius.covers(u32::try_from(text.len()).unwrap_or(u32::MAX)))
            };
            let certified = Certified {
                all_words: Share::count(radii.iter().zip(&scene.clean).map(all_words)),
                curve: CertifiedCurve::of_radii(name, radii),
                covered,
                epsilon: self.settings.epsilon,
            };
            let confidence = (guarantee == Guarantee::Sound).then_some(1.0 - self.settings.alpha);
            let threat = threat.to_owned();
            self.row(scene, defence, threat, (guarantee, confidence), Figures::Certified(certified))
        };
        let radii = |radius: &dyn Fn(&Decision, &[WordId]) -> Option<Radius>| -> Vec<Option<Radius>> {
            let of = |(decision, (text, class)): (&Decision, &Labelled)| {
                radius(decision, text).filter(|_| right(decision, class))
            };
            texts().map(of).collect()
        };
        // Poisoned texts are numbered as the clean ones that they were made of.
        let covered = scene.poisons.iter().filter_map(|poison| {
            let (decision, (text, class)) = decisions.get(poison.index).zip(scene.clean.get(poison.index))?;
            Some(right(decision, class) && law.covers(text, decision, poison))
        });
        let covered = Some(Share::count(covered));
        let tight = radii(&|decision, _| decision.radius);
        let Law::Replaces(noise) = law else {
            let threat = "inserts, deletes, substitutes or transposes up to r words";
            return Ok(vec![row(&defence.to_string(), threat, Guarantee::Sound, tight, covered)]);
        };
        let swaps = "replaces up to r words by words of their sets";
        let mut rows = vec![row(&defence.to_string(), swaps, Guarantee::Sound, tight, covered)];
        let product =
            radii(&|decision, text| Product(&noise.swaps(text)).radius(decision.bounds.statement()));
        rows.push(row(&format!("{defence}{PRODUCT}"), swaps, Guarantee::Sound, product, covered));
        if defence == Defence::Crowd {
            let Law::Replaces(uniform) = self.noises.of(Defence::Uniform)? else { return Ok(rows) };
            let published = radii(&|decision, text| as_published(decision, uniform, text));
            rows.push(row("crowd as published", swaps, Guarantee::Refuted, published, None));
        }
        Ok(rows)
    }
}

impl Law {
    /// Whether the certificate of the clean `text` covers what the attack made of it.
    fn covers(&self, text: &[WordId], decision: &Decision, poison: &Poison) -> bool {
        let Some(script) = &poison.script else { return false };
        match self {
            Self::Deletes(noise) => {
                noise.edits(text).survives_edits(decision.bounds.statement(), &script.counts())
            }
            Self::Replaces(noise) => {
                let swapped = |edit: &EditOp<String>| match edit {
                    EditOp::Substitute { from, to, .. } => allows(noise, from, to),
                    _ => false,
                };
                let count = u32::try_from(script.len()).unwrap_or(u32::MAX);
                script.edits().iter().all(swapped)
                    && decision.radius.is_some_and(|radius| radius.covers(count))
            }
        }
    }
}

/// Whether an attacker may put `to` in the place of `from`.
fn allows(noise: &Substitution, from: &str, to: &str) -> bool {
    let word = |word| noise.lexicon().get(word);
    let found = word(from).and_then(|from| noise.allowed(from)).zip(word(to));
    found.is_some_and(|(allowed, to)| allowed.contains(&to))
}

/// Replaced words by the product of overlaps alone (SAFER, Ye et al. 2020).
#[derive(Debug)]
struct Product<'a>(&'a WordThreat);

impl DiscreteThreat for Product<'_> {
    fn law(&self) -> Option<steadfast_certify::Law> {
        DiscreteThreat::law(self.0)
    }
    fn describe(&self) -> String {
        DiscreteThreat::describe(self.0)
    }
    fn unit(&self) -> Unit {
        self.0.unit()
    }
    fn maximum(&self) -> Option<u32> {
        self.0.maximum()
    }
    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        self.0.overlap_bound(top, r)
    }
}

/// The rule of CROWD's paper and code: the overlap of the uniform law on the same candidates, all words at once, a margin of 0.01.
fn as_published(decision: &Decision, uniform: &Substitution, text: &[WordId]) -> Option<Radius> {
    let words = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let overlap = uniform.swaps(text).overlap_bound(Lower::ONE, words).p();
    (decision.share - 1.0 + overlap >= 0.51).then_some(Radius::Count(words, Unit::Words))
}

/// Answers against the truth.
fn confusion(texts: &[Labelled], answers: impl IntoIterator<Item = ClassId>) -> Confusion {
    Confusion::count(texts.iter().zip(answers).map(|((_, class), answer)| (*class, Some(answer))))
}
