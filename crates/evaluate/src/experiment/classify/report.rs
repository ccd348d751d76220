//! [`Results`]: accuracy before anything is smoothed.

use super::{Settings, run::FILE};
use crate::{
    Error,
    data::TaskSummary,
    metrics::Confusion,
    report::{
        Table,
        file::OutputFolder,
        plot::{Axis, Chart, Series, Style},
    },
};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use steadfast_model::transformer::Tuned;

/// What one fine-tuning, or one look at a saved model, came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The settings of the fine-tuning, if this was one.
    pub settings: Option<Settings>,
    /// The fingerprint of the texts, in hexadecimal.
    pub task: String,
    /// The fingerprint of the pretrained weights and the new head, in hexadecimal, if this was a fine-tuning.
    pub pretrained: Option<String>,
    /// Of a saved model: whether it was tuned on this task with this split into parts, so that the test texts are new to it; nothing if
    /// it does not say.
    pub unseen: Option<bool>,
    /// The texts in numbers.
    pub summary: TaskSummary,
    /// Architecture, size, precision and device.
    pub encoder: String,
    /// Training texts that were used.
    pub texts_trained_on: usize,
    /// Loss and accuracy of each epoch.
    pub training: Option<Tuned>,
    /// How long the fine-tuning took since it was last started, in seconds.
    pub training_seconds: Option<f64>,
    /// Answers to the test texts.
    pub test: Confusion,
    /// How long the test texts took, in seconds.
    pub test_seconds: f64,
}

impl Results {
    /// Loss and accuracy by epoch; nothing for a model that was only looked at.
    #[must_use]
    pub fn epochs(&self) -> Option<Table> {
        let (tuned, settings) = (self.training.as_ref()?, self.settings.as_ref()?);
        let mut table = Table::new(["epoch", "loss", "right on development texts"]).with_title(format!(
            "Fine-tuned on {} texts, learning rate {}, {} a step, seed {}; the best epoch is kept",
            self.texts_trained_on, settings.learning_rate, settings.batch, settings.seed
        ));
        for (number, epoch) in tuned.epochs.iter().enumerate() {
            let kept = if number == tuned.best { " (kept)" } else { "" };
            let accuracy = format!("{:.1}%{kept}", 100.0 * epoch.accuracy);
            table.push([(number + 1).to_string(), format!("{:.3}", epoch.loss), accuracy]);
        }
        Some(table)
    }

    /// Everything as text: the data, the training, the answers.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = format!("{}\n\n{}\n", self.encoder, self.summary);
        if let Some(epochs) = self.epochs() {
            let _ = writeln!(text, "\n{epochs}");
        }
        let _ = write!(text, "\n{}\n\nAccuracy {}", self.test.table(), self.test.accuracy());
        let texts = self.test.accuracy().of();
        let _ = write!(text, " on {texts} test texts, {:.0} a second", texts as f64 / self.test_seconds);
        if self.settings.is_none() && self.unseen != Some(true) {
            let why = if self.unseen.is_some() { "was tuned on another" } else { "does not say on which" };
            let _ =
                write!(text, "\nThe model {why} task or seed of the split: it may know some of these texts.");
        }
        if let Some(seconds) = self.training_seconds {
            let _ = write!(text, "; fine-tuning took {seconds:.0} s");
        }
        text
    }

    /// Accuracy by epoch.
    fn chart(&self) -> Option<Chart> {
        let tuned = self.training.as_ref()?;
        let points = tuned.epochs.iter().enumerate();
        let points: Vec<_> = points.map(|(number, epoch)| (number as f64 + 1.0, epoch.accuracy)).collect();
        let kept = (tuned.best as f64 + 1.0, self.test.accuracy().value());
        let chart = Chart::new("Fine-tuning", Axis::new("epoch").integers(), Axis::new("accuracy").percent())
            .with_caption(format!("{}; {} training texts", self.encoder, self.texts_trained_on))
            .with_series(Series::new("development texts", points))
            .with_series(Series::new("test texts, kept epoch", vec![kept]).with_style(Style::Star));
        Some(chart)
    }

    /// Writes `classify.json`, `classify.md` and, of a training, `classify.svg` and `classify.png`.
    ///
    /// # Errors
    /// Those of [`OutputFolder`] and [`Chart`].
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write("classify.md", format!("{}\n", self.report()).as_bytes())?;
        if let Some(chart) = self.chart() {
            chart.write(output, "classify")?;
        }
        // Last: whoever finds it finds all.
        output.write_json(FILE, self).map(drop)
    }
}
