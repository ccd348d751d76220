//! [`Comparison`]: what each law does over a vocabulary, in one table.

use super::{Prepared, prepared::stop_if_asked};
use crate::{
    Error,
    experiment::Console,
    report::{Table, file::OutputFolder},
};
use serde::Serialize;
use steadfast_synonyms::{Family, Grouping, Quartiles, Statistics, Weighting};

/// One law on one kind of candidate sets at one threshold.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Words are neighbors from this cosine on.
    pub threshold: f64,
    /// The law.
    pub law: Family,
    /// Its temperature.
    pub temperature: f64,
    /// How candidates come out of the neighbors.
    pub grouping: Grouping,
    /// What the law does.
    #[serde(flatten)]
    pub statistics: Statistics,
}

/// All laws at several thresholds.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Words of the vocabulary.
    pub words: usize,
    /// The lines of the table.
    pub lines: Vec<Line>,
}

/// The temperature of the line between the released law and the uniform one.
const BETWEEN: f64 = 4.0;

impl Comparison {
    /// Builds every table once and keeps its statistics.
    ///
    /// # Errors
    /// [`Error::Perturb`] for a threshold that is none, and after Ctrl-C.
    pub fn of(prepared: &Prepared, thresholds: &[f64], console: &Console) -> Result<Self, Error> {
        let mut lines = Vec::new();
        for &threshold in thresholds {
            let neighbors = prepared.neighbors(threshold, console)?;
            for (grouping, laws) in [
                (
                    Grouping::Nearest,
                    &[(Family::Uniform, 1.0), (Family::Crowd, 1.0), (Family::Crowd, BETWEEN)][..],
                ),
                (Grouping::Mutual, &[(Family::Crowd, 1.0)]),
                (
                    Grouping::Closed,
                    &[
                        (Family::Uniform, 1.0),
                        (Family::Crowd, 1.0),
                        (Family::CrowdComponent, 1.0),
                        (Family::CrowdComponent, BETWEEN),
                    ],
                ),
            ] {
                let sets = prepared.sets(&neighbors, grouping, console)?;
                for &(law, temperature) in laws {
                    stop_if_asked(console)?;
                    let table = prepared.table(&sets, Weighting::new(law, temperature)?, console)?;
                    let statistics = table.statistics();
                    lines.push(Line { threshold, law, temperature, grouping, statistics });
                }
            }
        }
        Ok(Self { words: prepared.raw().len(), lines })
    }

    /// The table for people.
    #[must_use]
    pub fn table(&self) -> Table {
        let header = ["cosine from", "law", "candidates", "words", "sizes", "kept", "mean cosine", "overlap"];
        let title = format!(
            "{} words; medians, with quartiles in brackets, over the words that have a synonym",
            self.words
        );
        let mut table = Table::new(header).with_title(title);
        for line in &self.lines {
            let law = match line.temperature {
                1.0 => line.law.to_string(),
                temperature => format!("{}, T = {temperature}", line.law),
            };
            let percent = |quartiles: Quartiles| {
                let [lower, median, upper] =
                    [quartiles.lower, quartiles.median, quartiles.upper].map(|x| 100.0 * x);
                format!("{median:.0} % ({lower:.0}–{upper:.0})")
            };
            let shares = |q: Quartiles| format!("{:.3} ({:.3}–{:.3})", q.median, q.lower, q.upper);
            let Statistics { replaceable, candidates, kept, cosine, overlap, .. } = line.statistics;
            table.push([
                line.threshold.to_string(),
                law,
                format!("{:?}", line.grouping).to_lowercase(),
                replaceable.to_string(),
                format!("{:.0} ({:.0}–{:.0})", candidates.median, candidates.lower, candidates.upper),
                percent(kept),
                shares(cosine),
                shares(overlap),
            ]);
        }
        table
    }

    /// Writes `comparison.md` and `comparison.json`.
    ///
    /// # Errors
    /// Those of [`OutputFolder::write`].
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write("comparison.md", format!("{}\n", self.table()).as_bytes())?;
        output.write_json("comparison.json", self)?;
        Ok(())
    }
}
