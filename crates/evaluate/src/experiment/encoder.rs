//! [`Encoder`]: a pretrained encoder, fine-tuned on texts as they are or under noise.

use super::{Console, smoothed::TextNoise};
use crate::{Error, attack::weights::trigger_words, report::file::OutputFolder};
use std::{path::Path, sync::Arc};
use steadfast_certify::{
    ClassId, Phase,
    seed::{Purpose, derive, generator},
};
use steadfast_model::{
    device::Device,
    transformer::{
        Error as ModelError, Example, FineTuning, SequenceClassifier, Subwords, TextClassifier, Tuned,
        fine_tune,
    },
};
use steadfast_perturb::{Lexicon, Tokenizer, WordId};

/// Words and class of a text.
pub type Labelled = (Vec<WordId>, ClassId);

/// A pretrained encoder with a new head, not yet trained.
#[derive(Debug)]
pub struct Encoder {
    model: SequenceClassifier,
    subwords: Subwords,
}

impl Encoder {
    /// Reads the encoder in the folder `pretrained` and draws a head for `classes` classes from `seed`, two at least.
    ///
    /// # Errors
    /// [`Error::Transformer`] for a model that is refused, or a device that is not there.
    pub fn new(
        pretrained: &Path,
        classes: usize,
        seed: u64,
        device: Device,
        lexicon: Arc<Lexicon>,
    ) -> Result<Self, Error> {
        let device = device.open().map_err(ModelError::from)?;
        let model = SequenceClassifier::with_new_head(pretrained, classes.max(2), seed, device)?;
        let subwords = Subwords::load(pretrained, model.config(), lexicon)?;
        Ok(Self { model, subwords })
    }

    /// Refuses trigger words that are not one token of the encoder; they are read into its lexicon.
    ///
    /// # Errors
    /// [`Error::TriggerToken`].
    pub(super) fn check_triggers(&self, tokenizer: Tokenizer, triggers: &[String]) -> Result<(), Error> {
        trigger_words(&self.subwords, tokenizer, triggers).map(drop)
    }

    /// What tells it apart from other encoders and heads, in hexadecimal.
    ///
    /// # Errors
    /// [`Error::Transformer`] if libtorch fails.
    pub fn fingerprint(&self) -> Result<String, Error> {
        Ok(format!("{:016x}", self.model.parameters().fingerprint()?))
    }

    /// Fine-tunes it. Under noise, every epoch sees a fresh noisy copy of each training text, and the epoch is kept that does
    /// best on a noisy copy of each development text, always the same one.
    ///
    /// A run that is stopped goes on from the checkpoints in this folder of the output folder.
    ///
    /// # Errors
    /// [`Error::Transformer`] for settings or texts that are refused, [`Error::Interrupted`] after Ctrl-C.
    #[expect(clippy::too_many_arguments, reason = "what to train on, how, and where it goes")]
    pub fn tune(
        self,
        title: &str,
        settings: &FineTuning,
        training: &[Labelled],
        development: &[Labelled],
        noise: Option<&TextNoise>,
        output: &OutputFolder,
        checkpoints: &Path,
        console: &Console,
    ) -> Result<(TextClassifier, Tuned), Error> {
        // A stream of its own: the trainer draws from the same seed.
        let seed = derive("noise on texts", [settings.seed]);
        let copies = |texts: &[Labelled], phase, copy| -> Result<Vec<Example>, ModelError> {
            let example = |(number, (words, class)): (usize, &Labelled)| {
                let tokens = match noise {
                    Some(noise) => {
                        let mut rng = generator(seed, phase, number as u64, copy, Purpose::Noise);
                        self.subwords.encode(&noise.sample(words, &mut rng))?
                    }
                    None => self.subwords.encode(words)?,
                };
                Ok(Example { tokens, class: *class })
            };
            texts.iter().enumerate().map(example).collect()
        };
        let development = copies(development, Phase::Selection, 0)?;
        let steps = training.len().div_ceil(settings.batch.max(1)) as u64;
        let bar = console.bar(title, settings.epochs * steps);
        let mut epoch_texts = |epoch| Ok(copies(training, Phase::Training, epoch)?);
        let checkpoints = output.join(checkpoints);
        let mut observe = |progress: &steadfast_model::transformer::Progress| {
            bar.set_position(progress.epoch * progress.steps + progress.step);
            if let Some(accuracy) = progress.accuracy {
                let (epoch, loss, percent) = (progress.epoch + 1, progress.loss, 100.0 * accuracy);
                bar.println(format!(
                    "{title}, epoch {epoch}: loss {loss:.3}, {percent:.1}% right on development texts"
                ));
            }
            console.flow()
        };
        let tuned = fine_tune(
            &self.model,
            settings,
            &mut epoch_texts,
            &development,
            Some(&checkpoints),
            &mut observe,
        );
        let tuned = tuned.map_err(|error| match error {
            ModelError::Stopped { epoch, step } => Error::Interrupted {
                what: "steps",
                done: epoch * steps + step,
                total: settings.epochs * steps,
                path: output.path().to_owned(),
            },
            other => other.into(),
        })?;
        bar.finish_and_clear();
        Ok((TextClassifier::new(self.model, self.subwords), tuned))
    }
}
