//! [`Workshop`]: encoders fine-tuned under a name, kept until the scene that they belong to is done.

use super::{Console, Encoder, Labelled, TextNoise, finished::finished};
use crate::{Error, report::file::OutputFolder};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};
use steadfast_model::{
    device::Device,
    transformer::{FineTuning, Precision, TextClassifier, Tuned},
};
use steadfast_perturb::{Lexicon, Tokenizer};

/// Words as tables of synonyms have them, in lower case.
pub(super) const TOKENIZER: Tokenizer = Tokenizer::words().lower_case(true);

/// The folder of the encoders of a run, by scene and name.
const MODELS: &str = "models";

/// Where encoders are fine-tuned.
#[derive(Debug)]
pub(super) struct Workshop<'a> {
    pub(super) lexicon: &'a Arc<Lexicon>,
    pub(super) device: Device,
    pub(super) output: &'a OutputFolder,
    pub(super) console: &'a Console,
}

/// What an encoder is fine-tuned from, on what, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lesson<'a> {
    pub(super) pretrained: &'a Path,
    pub(super) classes: usize,
    pub(super) training: &'a [Labelled],
    pub(super) development: &'a [Labelled],
    /// Its seed draws the head as well.
    pub(super) tuning: &'a FineTuning,
}

/// A fine-tuned encoder.
#[derive(Debug)]
pub(super) struct Trained {
    pub(super) classifier: TextClassifier,
    pub(super) tuned: Tuned,
    pub(super) seconds: f64,
}

impl Workshop<'_> {
    /// The encoder of this name in this scene, fine-tuned under the noise, if there is one: the saved one of a run that goes on, or a
    /// new one.
    ///
    /// # Errors
    /// [`Error::Transformer`] for an encoder or settings that are refused, [`Error::Interrupted`] after Ctrl-C, [`Error::Io`].
    pub(super) fn classifier(
        &self,
        scene: &str,
        name: &str,
        lesson: Lesson<'_>,
        noise: Option<&TextNoise>,
    ) -> Result<Trained, Error> {
        let lexicon = || Arc::clone(self.lexicon);
        let (place, log) = (self.place(scene, name), format!("{MODELS}/{scene}/{name}.json"));
        if let Some((tuned, seconds)) = finished(self.output, &log, true)? {
            return Ok(Trained { classifier: self.load(&place)?, tuned, seconds });
        }
        let start = Instant::now();
        let Lesson { pretrained, classes, training, development, tuning } = lesson;
        let encoder = Encoder::new(pretrained, classes, tuning.seed, self.device, lexicon())?;
        let (classifier, tuned) = encoder.tune(
            &format!("{scene} {name}"),
            tuning,
            training,
            development,
            noise,
            self.output,
            &Path::new(MODELS).join(scene).join(format!("{name}-checkpoints")),
            self.console,
        )?;
        let seconds = start.elapsed().as_secs_f64();
        // It may have been saved just before the run was killed.
        remove(&place)?;
        classifier.model().save(&place, pretrained)?;
        self.output.write_json(&log, &(&tuned, seconds))?;
        remove(&self.place(scene, &format!("{name}-checkpoints")))?;
        Ok(Trained { classifier, tuned, seconds })
    }

    /// The saved encoder in a folder.
    ///
    /// # Errors
    /// [`Error::Transformer`] for one that is refused.
    pub(super) fn load(&self, place: &Path) -> Result<TextClassifier, Error> {
        let device = self.device.open().map_err(steadfast_model::transformer::Error::from)?;
        Ok(TextClassifier::load(place, Arc::clone(self.lexicon), device, Precision::Single)?)
    }

    /// The folder of this name in this scene.
    pub(super) fn place(&self, scene: &str, name: &str) -> PathBuf {
        self.output.join(MODELS).join(scene).join(name)
    }

    /// Makes the folder of a scene.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn open(&self, scene: &str) -> Result<(), Error> {
        let folder = self.place(scene, "");
        fs::create_dir_all(&folder).map_err(Error::io("create", folder))
    }

    /// Removes the encoders of a scene that is done, and the folder of all scenes with the last one.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn close(&self, scene: &str) -> Result<(), Error> {
        remove(&self.place(scene, ""))?;
        // Encoders of another scene stay.
        let _ = fs::remove_dir(self.output.join(MODELS));
        Ok(())
    }

    /// The error of a run that was stopped, in the place of one that says so of a part of it; any other error as it is.
    pub(super) fn stopped_or(&self, error: Error) -> Error {
        let by_hand = matches!(
            &error,
            Error::Certify(steadfast_certify::Error::Stopped { .. })
                | Error::Fuzz(steadfast_fuzz::FuzzError::Stopped { .. })
                | Error::Transformer(steadfast_model::transformer::Error::Stopped { .. })
        );
        if by_hand { self.stopped() } else { error }
    }

    /// The error of a run that was stopped.
    pub(super) fn stopped(&self) -> Error {
        Error::Paused { path: self.output.path().to_owned() }
    }
}

/// Removes a folder that may not be there.
pub(super) fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(Error::io("remove", folder)),
    }
}
