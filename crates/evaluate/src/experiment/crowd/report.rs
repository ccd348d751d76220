//! [`Results`]: the rows as a table, as plots and as files.

use super::{Guarantee, Row, Settings, run::FILE};
use crate::{
    Error,
    metrics::Share,
    report::{
        Table,
        file::OutputFolder,
        plot::{Axis, Chart, Series, Style},
    },
};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// All attacks against all defences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The settings.
    pub settings: Settings,
    /// The fingerprint of the texts, in hexadecimal.
    pub task: String,
    /// One row for each attack, rate and defence.
    pub rows: Vec<Row>,
}

/// Radii in the table.
const RADII: [u32; 4] = [0, 1, 2, 5];

fn percent(share: Share) -> String {
    format!("{:.1}%", 100.0 * share.value())
}

impl Results {
    /// What attacks do to each defence, and what it costs.
    #[must_use]
    pub fn attacks(&self) -> Table {
        let columns = ["attack", "rate", "defence", "CA", "PA", "ASR", "copies asked", "votes", "training"];
        let mut table = Table::new(columns).with_title(format!(
            "Accuracy on clean texts (CA), accuracy (PA) and attack success (ASR) on triggered texts of other classes than {}; \
             {}, seed {}; texts: {}",
            self.settings.target,
            self.settings.labels,
            self.settings.seed,
            self.rows.first().map_or(0, |row| row.metrics.clean.of())
        ));
        for row in &self.rows {
            let metrics = &row.metrics;
            table.push([
                row.attack.to_string(),
                row.rate.to_string(),
                row.defence.to_string(),
                metrics.clean.to_string(),
                percent(metrics.poisoned),
                percent(metrics.success),
                format!("{:.0}", row.questions),
                format!("{:.0}", row.samples),
                format!("{:.0} s", row.training_seconds),
            ]);
        }
        table
    }

    /// What is certified, against whom, and what that is worth.
    #[must_use]
    pub fn certificates(&self) -> Table {
        let radii = RADII.map(|radius| format!("r = {radius}"));
        let head = ["attack", "rate", "defence", "an attacker who …", "guarantee"].map(str::to_owned);
        let last = ["all words", "covers this attack"].map(str::to_owned);
        let mut table = Table::new(head.into_iter().chain(radii).chain(last)).with_title(format!(
            "Clean test texts that are certified with their true class against r changes; each certificate is false with probability \
             at most {}, for classifiers whose logits are within {:e} of those computed",
            self.settings.alpha, self.settings.epsilon
        ));
        for row in &self.rows {
            for certified in &row.certified {
                let guarantee = match certified.guarantee {
                    Guarantee::Sound => "sound",
                    Guarantee::Refuted => "refuted",
                    Guarantee::Empirical => "empirical",
                };
                // The numbers of words differ from text to text.
                let threat = certified.threat.split(" of ").next().unwrap_or_default().to_owned();
                let head =
                    [row.attack.to_string(), row.rate.to_string(), certified.curve.name.clone(), threat];
                let radii = RADII.map(|radius| percent(certified.curve.at(radius)));
                let covered = certified.covered.map_or_else(|| "-".to_owned(), percent);
                let last = [percent(certified.all_words), covered];
                table.push(head.into_iter().chain([guarantee.to_owned()]).chain(radii).chain(last));
            }
        }
        table
    }

    /// Everything as text.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = self.attacks().to_string();
        let _ = write!(text, "\n\n{}", self.certificates());
        text
    }

    /// Certified accuracy over the number of changes, of the first attack and rate.
    fn chart(&self) -> Option<Chart> {
        let first = self.rows.first()?;
        let mut chart = Chart::new(
            "Certified accuracy against changed words",
            Axis::new("changed words").integers(),
            Axis::new("certified accuracy").percent(),
        )
        .with_caption(format!(
            "{} at rate {}; {} clean texts; α = {}, seed {}",
            first.attack,
            first.rate,
            first.metrics.clean.of(),
            self.settings.alpha,
            self.settings.seed
        ));
        let same = |row: &&Row| (row.attack, row.rate.to_bits()) == (first.attack, first.rate.to_bits());
        for certified in self.rows.iter().filter(same).flat_map(|row| &row.certified) {
            let points = (0..=10).map(|radius| (f64::from(radius), certified.curve.at(radius).value()));
            let name = match certified.guarantee {
                Guarantee::Refuted => format!("{} (refuted)", certified.curve.name),
                _ => certified.curve.name.clone(),
            };
            chart = chart.with_series(Series::new(&name, points.collect()).with_style(Style::Step));
        }
        Some(chart)
    }

    /// Writes `results.json`, `crowd.md`, and the plots.
    ///
    /// # Errors
    /// Those of [`OutputFolder`] and [`Chart`].
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write("crowd.md", format!("{}\n", self.report()).as_bytes())?;
        if let Some(chart) = self.chart() {
            chart.write_svg(output.join("certified-accuracy.svg"))?;
            chart.write_png(output.join("certified-accuracy.png"))?;
        }
        output.write_json(FILE, self).map(drop)
    }
}
