//! [`Shown`]: a text for people to look at, with its noisy copies, its certificate, and the trigger in it.

use super::{
    Defence,
    noises::Law,
    run::{Scene, TOKENIZER},
};
use crate::{
    Error,
    attack::AttackName,
    experiment::{Decision, TextNoise},
};
use serde::{Deserialize, Serialize};
use std::fmt;
use steadfast_certify::{
    Assumption, ClassId, Conditional, Phase, certify_bounds,
    seed::{Purpose, generator},
};
use steadfast_perturb::{Lexicon, WordId};

/// Texts that are shown of each defence.
const TEXTS: usize = 2;

/// Noisy copies of each.
const COPIES: u64 = 3;

/// A clean test text under one defence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The attack.
    pub attack: AttackName,
    /// What `defence` is: see [`Defence`].
    pub defence: String,
    /// The text and its class.
    pub text: String,
    /// Its class.
    pub class: ClassId,
    /// Some of the noisy copies that voted.
    pub copies: Vec<String>,
    /// What is certified of it.
    pub certificate: String,
    /// The text as the attack leaves it, with its changes in brackets.
    pub triggered: String,
    /// The answer to that.
    pub answer: ClassId,
}

impl Shown {
    /// The first texts that the attack was put into, with the decisions on the clean ones and the answers to the others.
    pub(super) fn first(
        scene: &Scene,
        defence: Defence,
        law: &Law,
        lexicon: &Lexicon,
        decisions: &[Decision],
        answers: &[ClassId],
    ) -> Result<Vec<Self>, Error> {
        let decided = scene.poisons.iter().zip(answers).filter_map(|(poison, answer)| {
            let place = poison.index;
            Some((poison, *answer, scene.clean.get(place)?, decisions.get(place)?))
        });
        let shown = |(poison, answer, (text, class), decision): (_, _, &(Vec<WordId>, _), &Decision)| {
            let poison: &crate::attack::Poison = poison;
            let certificate = certify_bounds(&*law.threat(text), *decision.bounds.statement())?;
            let copies = copies(law.noise(), text, scene.seed, poison.index as u64);
            Ok(Self {
                attack: scene.attack,
                defence: defence.to_string(),
                text: lexicon.detokenize(text),
                class: *class,
                copies: copies.iter().map(|copy| lexicon.detokenize(copy)).collect(),
                certificate: Conditional::new(Assumption::LogitsMoveLittle, certificate).to_string(),
                triggered: poison.marked(TOKENIZER),
                answer,
            })
        };
        decided.take(TEXTS).map(shown).collect()
    }
}

/// The first copies that bounded the class's probability.
fn copies(noise: &TextNoise, text: &[WordId], seed: u64, number: u64) -> Vec<Vec<WordId>> {
    let copy =
        |copy| noise.sample(text, &mut generator(seed, Phase::Estimation, number, copy, Purpose::Noise));
    (0..COPIES).map(copy).collect()
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} against {}, class {}: {}", self.defence, self.attack, self.class, self.text)?;
        for copy in &self.copies {
            writeln!(f, "    copy: {copy}")?;
        }
        writeln!(f, "    certified: {}", self.certificate)?;
        write!(f, "    attacked, answered {}: {}", self.answer, self.triggered)
    }
}
