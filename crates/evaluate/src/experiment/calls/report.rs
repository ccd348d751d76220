//! [`Results`]: the tables and the chart.

use super::{
    Cell, Settings,
    run::{FILE, Spent},
};
use crate::{
    Error,
    report::{
        Table,
        file::OutputFolder,
        plot::{Axis, Chart, Series},
    },
};
use serde::{Deserialize, Serialize};

/// All cells of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// What was compared.
    pub settings: Settings,
    /// The fingerprint of the texts, in hexadecimal.
    pub task: String,
    /// One per rate, range of lengths and fixed number.
    pub cells: Vec<Cell>,
}

/// The ways of stopping early.
const WAYS: [(&str, Way); 3] = [
    ("any time", |cell| cell.anytime),
    ("after enumeration", |cell| cell.enumerated),
    ("five looks", |cell| cell.looks),
];

type Way = fn(&Cell) -> Spent;

impl Results {
    /// Questions per certificate for each rate and range of lengths.
    #[must_use]
    pub fn table(&self) -> Table {
        let head = [
            "δ",
            "edits",
            "words",
            "texts",
            "fixed n",
            "certified",
            "any time",
            "after enumeration",
            "five looks",
        ];
        let mut table = Table::new(head).with_title(
            "Questions to the classifier per decision; in brackets decisions that the fixed plan certifies and this one \
             does not, then the opposite",
        );
        for cell in &self.cells {
            let spent = |spent: Spent| format!("{:.0} (−{} +{})", spent.calls, spent.lost, spent.won);
            table.push([
                cell.rate.to_string(),
                cell.radius.to_string(),
                format!("{}–{}", cell.lengths.0, cell.lengths.1),
                cell.texts.to_string(),
                cell.fixed.to_string(),
                cell.certified.to_string(),
                spent(cell.anytime),
                spent(cell.enumerated),
                spent(cell.looks),
            ]);
        }
        table
    }

    /// The same over all rates and lengths.
    #[must_use]
    pub fn summary(&self) -> Table {
        let head = ["fixed n", "way", "questions", "times fewer", "lost", "won"];
        let mut table = Table::new(head).with_title("Over all rates and lengths");
        for &fixed in &self.settings.fixed {
            let cells: Vec<&Cell> = self.cells.iter().filter(|cell| cell.fixed == fixed).collect();
            let texts: usize = cells.iter().map(|cell| cell.texts).sum();
            for (way, of) in WAYS {
                let calls =
                    cells.iter().map(|cell| of(cell).calls * cell.texts as f64).sum::<f64>() / texts as f64;
                let share = |count: fn(Spent) -> usize| {
                    let count: usize = cells.iter().map(|cell| count(of(cell))).sum();
                    format!("{:.2}%", 100.0 * count as f64 / texts as f64)
                };
                table.push([
                    fixed.to_string(),
                    way.to_owned(),
                    format!("{calls:.0}"),
                    format!("{:.1}", fixed as f64 / calls),
                    share(|spent| spent.lost),
                    share(|spent| spent.won),
                ]);
            }
        }
        table
    }

    /// Questions by length, a curve for each rate, against the smallest fixed number.
    #[must_use]
    pub fn chart(&self) -> Chart {
        let fixed = self.settings.fixed.iter().copied().min().unwrap_or(0);
        let mut chart = Chart::new(
            format!("Questions per decision; a fixed plan asks {fixed}"),
            Axis::new("words of the text (middle of the range)"),
            Axis::new("mean number of questions"),
        )
        .with_caption(format!("any time, α = {}, seed {}", self.settings.alpha, self.settings.seed));
        for &rate in &self.settings.rates {
            let cells = self.cells.iter().filter(|cell| cell.fixed == fixed && cell.rate == rate);
            let points = cells.map(|cell| {
                let (shortest, longest) = cell.lengths;
                ((shortest + longest) as f64 / 2.0, cell.anytime.calls)
            });
            chart = chart.with_series(Series::new(format!("δ = {rate}"), points.collect()));
        }
        chart
    }

    /// Writes `calls.json`, `calls.md`, `calls.svg` and `calls.png`.
    ///
    /// # Errors
    /// Those of [`OutputFolder`] and [`Chart`].
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write("calls.md", format!("{}\n\n{}\n", self.table(), self.summary()).as_bytes())?;
        output.write_json(FILE, self)?;
        self.chart().write(output, "calls")
    }
}
