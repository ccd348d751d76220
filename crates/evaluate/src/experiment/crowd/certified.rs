//! What votes certify, by each rule, and whether that covers the attack that was made.

use super::{
    Defence, Row,
    noises::Law,
    run::{Run, Scene},
};
use crate::{
    Error,
    attack::Poison,
    experiment::{
        Certified, Decision, Figures, Guarantee, Labelled, Smoothed, asked::Asked, row::assumptions,
    },
    metrics::CertifiedCurve,
};
use steadfast_certify::{Lower, Radius, SynonymThreat, ThreatModel, Unit};
use steadfast_model::transformer::TextClassifier;
use steadfast_perturb::{Substitution, WordId, edit::EditOp};

/// The end of the name of certificates by the product of overlaps alone.
pub(super) const PRODUCT: &str = ", overlap product";

impl Run<'_> {
    /// What is certified about the clean texts, by each rule.
    pub(super) fn certified(
        &self,
        scene: &Scene,
        defence: Defence,
        law: &Law,
        smoothed: &Smoothed<'_, TextClassifier>,
        asked: &Asked,
    ) -> Result<Vec<Row>, Error> {
        let texts = || asked.decisions.iter().zip(&scene.clean);
        let threat = law.attacker(scene.clean.iter().map(|(text, _)| &text[..]));
        let row = |name: &str, guarantee, radii: Vec<Option<Radius>>| {
            let sound = guarantee == Guarantee::Sound;
            // What is refuted covers nothing.
            let covered = asked.checked(smoothed, &scene.triggered, &self.workshop, |index| {
                // Poisoned texts are numbered as the clean ones that they were made of.
                let poison = scene.poisons.get(index).filter(|_| sound)?;
                Some(radii.get(poison.index)?.is_some_and(|radius| law.covers(radius, poison)))
            })?;
            let curve = CertifiedCurve::of_radii(name, radii);
            let certified = Certified {
                assumptions: assumptions(
                    asked.decisions.iter().flat_map(|decision| decision.bounds.assumptions()),
                ),
                ..Certified::checked(curve, &scene.clean, &covered, self.settings.extent.epsilon)
            };
            let certified =
                if sound { certified } else { Certified { covered: None, broken: None, ..certified } };
            let confidence = sound.then_some(1.0 - self.settings.extent.alpha);
            let figures = Figures::Certified(certified);
            Ok::<_, Error>(self.row(scene, defence, threat.clone(), (guarantee, confidence), figures))
        };
        let radii = |radius: &dyn Fn(&Decision, &[WordId]) -> Option<Radius>| -> Vec<Option<Radius>> {
            let of = |(decision, (text, class)): (&Decision, &Labelled)| {
                radius(decision, text).filter(|_| decision.class() == *class)
            };
            texts().map(of).collect()
        };
        let tight = radii(&|decision, _| decision.radius);
        let mut rows = vec![row(&defence.to_string(), Guarantee::Sound, tight)?];
        let Law::Replaces(noise) = law else { return Ok(rows) };
        let product = radii(&|decision, text| {
            Product(noise.substitutions(text).ok()?.model()).radius(&decision.bounds)
        });
        rows.push(row(&format!("{defence}{PRODUCT}"), Guarantee::Sound, product)?);
        if defence == Defence::Crowd {
            let Law::Replaces(uniform) = self.noises.of(Defence::Uniform)? else { return Ok(rows) };
            let published = radii(&|decision, text| as_published(decision, uniform, text));
            rows.push(row("crowd as published", Guarantee::Refuted, published)?);
        }
        Ok(rows)
    }
}

impl Law {
    /// The attacker of these texts, with how many words may replace theirs.
    fn attacker<'t>(&self, texts: impl Iterator<Item = &'t [WordId]>) -> String {
        let Self::Replaces(noise) = self else {
            return "inserts, deletes, substitutes or transposes up to r words".to_owned();
        };
        let (mut words, mut others) = (0_u64, Vec::new());
        for word in texts.flatten() {
            words += 1;
            others.extend(
                noise
                    .allowed(*word)
                    .map(|allowed| allowed.len().saturating_sub(1))
                    .filter(|others| *others > 0),
            );
        }
        let mean = others.iter().sum::<usize>() as f64 / others.len().max(1) as f64;
        let share = 100.0 * others.len() as f64 / words.max(1) as f64;
        format!(
            "replaces up to r words by words of their sets ({share:.0}% of the words have a set, of {mean:.1} others)"
        )
    }

    /// Whether a clean text's certificate of this `radius` covers what the attack made of the text.
    fn covers(&self, radius: Radius, poison: &Poison) -> bool {
        let Some(script) = &poison.script else { return false };
        let allowed = |edit: &EditOp<String>| match (self, edit) {
            (Self::Deletes(_), _) => true,
            (Self::Replaces(noise), EditOp::Substitute { from, to, .. }) => allows(noise, from, to),
            (Self::Replaces(_), _) => false,
        };
        let count = u32::try_from(script.len()).unwrap_or(u32::MAX);
        script.edits().iter().all(allowed) && radius.covers(count)
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
struct Product<'a>(&'a SynonymThreat);

impl ThreatModel for Product<'_> {
    fn describe(&self) -> String {
        self.0.describe()
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
    let overlap = uniform.substitutions(text).ok()?.overlap_bound(Lower::ONE, words).p();
    (decision.share - 1.0 + overlap >= 0.51).then_some(Radius::Unlimited(Unit::Words))
}
