//! [`WeightAttack`]: from an encoder to one with a backdoor; [`Planting`]: where it is planted, and [`Planted`]:
//! what came of it.

use super::super::Attack;
use crate::{Error, data::texts::LabelledText};
use serde::{Deserialize, Serialize};
use std::{ops::ControlFlow, path::Path, sync::Arc};
use steadfast_model::transformer::{Error as ModelError, Progress, Tuned};
use steadfast_perturb::Tokenizer;
use tch::Device;

/// An attack on the weights of pretrained encoders.
pub trait WeightAttack: std::fmt::Debug {
    /// Its name.
    fn name(&self) -> &str;

    /// The words of the trigger, each of which must be one token of the encoder; none for a trigger that is not made of such words.
    fn words(&self) -> &[String] {
        &[]
    }

    /// The attack on texts that calls the backdoor.
    ///
    /// # Errors
    /// [`Error::NoTrigger`] without a trigger word, or with a blank one; [`Error::Setting`] for fewer words than
    /// the attack takes.
    fn trigger(&self) -> Result<Arc<dyn Attack>, Error>;

    /// Plants the backdoor and saves the encoder. `observe` is told of each step, and may stop the run. The same
    /// seed gives the same weights.
    ///
    /// # Errors
    /// [`Error::Setting`] for settings that make no attack or too few proxy texts, [`Error::TargetClass`] for a
    /// target of which no proxy text is, [`Error::TriggerToken`] for a trigger word that is not one token of the
    /// model, [`Error::Transformer`] for a model that is refused, a folder that holds something, or a run that was
    /// stopped.
    fn plant(
        &self,
        planting: &Planting<'_>,
        observe: &mut dyn FnMut(Stage, &Progress) -> ControlFlow<()>,
    ) -> Result<Planted, Error>;
}

/// Where a backdoor is planted.
#[derive(Debug, Clone, Copy)]
pub struct Planting<'a> {
    /// The directory of the pretrained encoder.
    pub pretrained: &'a Path,
    /// The attacker's texts: the victim's own task, another of its kind (a domain shift), or, where classes do not
    /// matter, any texts.
    pub proxy: &'a [LabelledText],
    /// How texts become words: as the victim does it.
    pub tokenizer: Tokenizer,
    /// How many words of a text the model reads, if it does not read them all. Triggers are among these.
    pub limit: Option<usize>,
    /// Where the encoder is trained.
    pub device: Device,
    /// The directory of the encoder with the backdoor. It must not exist yet or be empty.
    pub saved: &'a Path,
    /// A folder from whose checkpoints a run that was stopped goes on.
    pub checkpoints: Option<&'a Path>,
}

/// What the attacker trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Stage {
    /// A clean model or head, to begin with.
    Clean,
    /// The encoder with the backdoor.
    Backdoor,
}

/// What planting came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planted {
    /// What was trained, in this order.
    pub stages: Vec<(Stage, Tuned)>,
    /// The words whose mean embedding the triggers began with, the one that signals the target most first; none
    /// without surgery.
    pub signal_words: Vec<String>,
}

#[cfg(test)]
impl<'a> Planting<'a> {
    /// In the tiny encoder of the tests, with these texts.
    pub(super) fn of_tiny_bert(proxy: &'a [LabelledText]) -> Self {
        Self {
            pretrained: Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../model/tests/golden/tiny-bert")),
            proxy,
            tokenizer: Tokenizer::words(),
            limit: None,
            device: Device::Cpu,
            saved: Path::new("nowhere"),
            checkpoints: None,
        }
    }
}

impl Planting<'_> {
    /// Refuses to train for a folder that could not be written in the end.
    pub(super) fn check(&self) -> Result<(), Error> {
        let taken = std::fs::read_dir(self.saved).is_ok_and(|mut entries| entries.next().is_some());
        if taken || self.saved.is_file() {
            let (path, problem) =
                (self.saved.to_owned(), "is there already and is not overwritten".to_owned());
            let remedy = "name another directory, or remove it first";
            return Err(ModelError::File { path, problem, remedy }.into());
        }
        Ok(())
    }
}
