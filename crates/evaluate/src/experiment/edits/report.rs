//! [`Results`]: certified accuracy by number of edits.

use super::{Settings, run::FILE};
use crate::{
    Error,
    data::TaskSummary,
    metrics::{CertifiedCurve, Share},
    report::{
        Table,
        file::OutputFolder,
        plot::{Axis, Chart, Series, Style},
    },
};
use serde::{Deserialize, Serialize};

/// Accuracy and certified accuracy of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The settings.
    pub settings: Settings,
    /// The fingerprint of the texts, in hexadecimal.
    pub task: String,
    /// The texts in numbers.
    pub summary: TaskSummary,
    /// Test texts that the classifier itself gets right, without noise.
    pub plain: Share,
    /// Test texts that the smoothed classifiers get right: one rate, signal vocabulary.
    pub smoothed: [Share; 2],
    /// Certified radii against each attacker.
    pub curves: Vec<CertifiedCurve>,
}

/// The numbers of edits in the table.
const EDITS: [u32; 8] = [0, 1, 2, 3, 5, 10, 20, 30];

impl Results {
    /// Certified accuracy by number of edits.
    #[must_use]
    pub fn table(&self) -> Table {
        let head =
            std::iter::once("edits".to_owned()).chain(self.curves.iter().map(|curve| curve.name.clone()));
        let [uniform, signal] = self.smoothed;
        let mut table = Table::new(head).with_title(format!(
            "Certified accuracy on {} texts, each certificate false with probability at most {}; accuracy without \
             noise {}, smoothed {uniform} (one rate) and {signal} (signal vocabulary); 95% intervals for each number in \
             brackets",
            self.plain.of(),
            self.settings.alpha,
            self.plain,
        ));
        for edits in EDITS {
            let shares = self.curves.iter().map(|curve| curve.at(edits).to_string());
            table.push(std::iter::once(edits.to_string()).chain(shares));
        }
        table
    }

    /// The same as a chart.
    #[must_use]
    pub fn chart(&self) -> Chart {
        let settings = &self.settings;
        let mut chart = Chart::new(
            "Certified accuracy against edits",
            Axis::new("edits").integers(),
            Axis::new("certified accuracy").percent(),
        )
        .with_caption(format!(
            "{} texts; one rate {}; signal vocabulary of {} words at {}, others at {}; α = {}, seed {}",
            self.plain.of(),
            settings.rate,
            settings.signal,
            settings.signal_rate,
            settings.other_rate,
            settings.alpha,
            settings.seed
        ));
        for curve in &self.curves {
            let points = (0..=35).map(|edits| (f64::from(edits), curve.at(edits).value()));
            chart = chart.with_series(Series::new(&curve.name, points.collect()).with_style(Style::Step));
        }
        chart
    }

    /// Writes `edits.json`, `edits.md`, `edits.svg` and `edits.png`.
    ///
    /// # Errors
    /// Those of [`OutputFolder`] and [`Chart`].
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write("edits.md", format!("{}\n\n{}\n", self.table(), self.summary).as_bytes())?;
        output.write_json(FILE, self)?;
        self.chart().write(output, "edits")
    }
}
