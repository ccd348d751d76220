//! [`Shown`]: a text for people to look at, with its noisy copies, its certificate, and the trigger in it.

use super::{Defence, noises::Law, run::Scene};
use crate::{
    Error,
    attack::AttackName,
    experiment::{Decision, TextNoise, workshop::TOKENIZER},
};
use serde::{Deserialize, Serialize};
use std::fmt;
use steadfast_certify::{
    ClassId, Phase, certify_bounds,
    seed::{Purpose, generator},
};
use steadfast_perturb::{Lexicon, WordId};

/// Texts that are shown of each attack.
const TEXTS: usize = 2;

/// Noisy copies of each.
const COPIES: u64 = 2;

/// A clean test text under one defence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// The attack.
    pub attack: AttackName,
    /// The defence.
    pub defence: Defence,
    /// The text.
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
            let certificate = certify_bounds(&*law.threat(text)?, decision.bounds)?;
            let copies = copies(law.noise(), text, scene.seed, poison.index as u64);
            Ok(Self {
                attack: scene.attack,
                defence,
                text: lexicon.detokenize(text),
                class: *class,
                copies: copies.iter().map(|copy| lexicon.detokenize(copy)).collect(),
                certificate: certificate.to_string(),
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
        writeln!(f, "under {}:", self.defence)?;
        for copy in &self.copies {
            writeln!(f, "  copy: {copy}")?;
        }
        writeln!(f, "  {}", self.certificate)?;
        write!(f, "  with the trigger the answer is class {}", self.answer)
    }
}

/// For people: each text once, with the trigger marked, and what each defence makes of it.
pub(super) fn by_text(shown: &[Shown]) -> String {
    let mut texts: Vec<(&Shown, Vec<String>)> = Vec::new();
    for one in shown {
        match texts
            .iter_mut()
            .find(|(first, _)| (&first.text, &first.triggered) == (&one.text, &one.triggered))
        {
            Some((_, under)) => under.push(one.to_string()),
            None => texts.push((one, vec![one.to_string()])),
        }
    }
    let block = |(first, under): (&Shown, Vec<String>)| {
        let Shown { class, text, attack, triggered, .. } = first;
        format!("Class {class}: {text}\nAttacked by {attack}: {triggered}\n{}", under.join("\n"))
    };
    texts.into_iter().map(block).collect::<Vec<_>>().join("\n\n")
}
