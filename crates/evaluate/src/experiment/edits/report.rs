//! [`Results`]: certified accuracy by number of edits.

use super::{Settings, run::FILE};
use crate::{
    Error,
    report::{
        Table,
        file::OutputFolder,
        plot::{Axis, Chart, Series, Style},
    },
};
use serde::{Deserialize, Serialize};

/// The certified radii of all texts against one attacker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Noise and attacker.
    pub name: String,
    /// By text: the radius at which its label is certified; nothing if it is not.
    pub radii: Vec<Option<u32>>,
}

impl Curve {
    pub(super) fn new(name: &str, radii: Vec<Option<u32>>) -> Self {
        Self { name: name.to_owned(), radii }
    }

    /// The share of texts whose label is certified against `edits` edits.
    #[must_use]
    pub fn certified(&self, edits: u32) -> f64 {
        let certified =
            self.radii.iter().filter(|radius| radius.is_some_and(|radius| radius >= edits)).count();
        certified as f64 / self.radii.len().max(1) as f64
    }
}

/// Accuracy and certified accuracy of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The settings.
    pub settings: Settings,
    /// The fingerprint of the texts, in hexadecimal.
    pub task: String,
    /// Test texts.
    pub texts: usize,
    /// Accuracy of the classifier itself, without noise.
    pub plain: f64,
    /// Accuracy of the smoothed classifiers: one rate, signal vocabulary.
    pub smoothed: [f64; 2],
    /// Certified radii against each attacker.
    pub curves: Vec<Curve>,
}

/// The numbers of edits in the table.
const EDITS: [u32; 8] = [0, 1, 2, 3, 5, 10, 20, 30];

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

impl Results {
    /// Certified accuracy by number of edits.
    #[must_use]
    pub fn table(&self) -> Table {
        let head =
            std::iter::once("edits".to_owned()).chain(self.curves.iter().map(|curve| curve.name.clone()));
        let [uniform, signal] = self.smoothed.map(percent);
        let mut table = Table::new(head).with_title(format!(
            "Certified accuracy on {} texts, each certificate false with probability at most {}; accuracy without \
             noise {}, smoothed {uniform} (one rate) and {signal} (signal vocabulary)",
            self.texts,
            self.settings.alpha,
            percent(self.plain),
        ));
        for edits in EDITS {
            let shares = self.curves.iter().map(|curve| percent(curve.certified(edits)));
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
            self.texts,
            settings.rate,
            settings.signal,
            settings.signal_rate,
            settings.other_rate,
            settings.alpha,
            settings.seed
        ));
        for curve in &self.curves {
            let points = (0..=35).map(|edits| (f64::from(edits), curve.certified(edits)));
            chart = chart.with_series(Series::new(&curve.name, points.collect()).with_style(Style::Step));
        }
        chart
    }

    /// Writes `edits.json`, `edits.md`, `edits.svg` and `edits.png`.
    ///
    /// # Errors
    /// Those of [`OutputFolder`] and [`Chart`].
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write("edits.md", format!("{}\n", self.table()).as_bytes())?;
        output.write_json(FILE, self)?;
        self.chart().write_svg(output.join("edits.svg"))?;
        self.chart().write_png(output.join("edits.png"))
    }
}
