//! Tables and charts of the results.

use super::{PerConfidence, Repeats, Results, Sweep, results::PAPER};
use crate::{
    Error,
    report::{
        Table,
        file::OutputFolder,
        plot::{Axis, Chart, Series, Style},
    },
};

/// A share as a percentage with one decimal.
fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// Backdoors that a radius covers: poisoned training examples of one pixel, each with its label changed, or with clean labels,
/// and the same pixel in the test image: `2m + 1` or `m + 1` changed entries.
fn backdoors(radius: usize) -> (String, String) {
    let word = |count: usize| if count == 0 { "-".to_owned() } else { count.to_string() };
    (word(radius.saturating_sub(1) / 2), word(radius.saturating_sub(1)))
}

/// What stands where not even unanimous votes could certify.
const OUT_OF_REACH: &str = "out of reach";

/// The columns that say what a radius means in backdoors.
const BACKDOORS: [&str; 2] = ["poisoned, label changed", "poisoned, clean label"];

/// The name of the plot's files.
const CHART: &str = "certified-accuracy";

impl Results {
    /// Certified accuracy by radius, beside the paper's figure.
    #[must_use]
    pub fn table(&self) -> Table {
        let settings = &self.settings;
        let mut table = Table::new(
            ["changed entries r", "certified", "certified together", "paper"].into_iter().chain(BACKDOORS),
        )
        .with_title(format!(
            "Certified accuracy on {} test images ({}; {} nets, β = {}, α = {})",
            self.truth.len(),
            self.learner,
            settings.models,
            settings.beta,
            settings.alpha
        ));
        let rows =
            self.certified_accuracy.per_image.iter().zip(&self.certified_accuracy.bonferroni).enumerate();
        for (radius, (single, together)) in rows {
            let beyond = |ceiling: u32, share: f64| {
                if radius as u32 > ceiling { OUT_OF_REACH.to_owned() } else { percent(share) }
            };
            let paper = if radius as u32 == PAPER.0 { percent(PAPER.1) } else { String::new() };
            let (dirty, clean) = backdoors(radius);
            table.push([
                radius.to_string(),
                beyond(self.ceiling.per_image, *single),
                beyond(self.ceiling.bonferroni, *together),
                paper,
                dirty,
                clean,
            ]);
        }
        table
    }

    /// What the table means, in sentences.
    #[must_use]
    pub fn notes(&self) -> String {
        let Self { settings, ceiling, abstained, .. } = self;
        format!(
            "An attacker may change r entries in all: training pixels, training labels, pixels of the test image. \"certified\" \
             is wrong with probability at most {single} for each image, \"certified together\" for all {images} images at once.\n\
             \"poisoned\" is how many training images a one-pixel trigger may be in, with the pixel in the test image counted too.\n\
             Of {images} images {abstained_single} are not certified at all ({abstained_together} together); the majority of nets, \
             without a guarantee, is right on {smoothed}.\n\
             {models} nets reach radius {ceiling_single} ({ceiling_together} together) even if all agree: beyond that, more nets are needed, \
             not better ones.",
            single = settings.alpha,
            images = self.truth.len(),
            abstained_single = percent(abstained.per_image),
            abstained_together = percent(abstained.bonferroni),
            smoothed = percent(self.smoothed_accuracy),
            models = settings.models,
            ceiling_single = ceiling.per_image,
            ceiling_together = ceiling.bonferroni,
        )
    }

    /// Certified accuracy over the radius, with the sampling ceiling and the paper's point.
    #[must_use]
    pub fn chart(&self) -> Chart {
        let settings = &self.settings;
        let caption = format!(
            "{}; {} nets, β = {}, α = {}, {} test images, seed {}",
            self.learner,
            settings.models,
            settings.beta,
            settings.alpha,
            self.truth.len(),
            settings.seed
        );
        with_ceiling(beside_paper(caption, &self.certified_accuracy), &self.ceiling, settings.models)
    }

    /// Writes results, table and charts into the folder.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be written.
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write_json("results.json", self)?;
        output.write("table.md", format!("{}\n\n{}\n", self.table(), self.notes()).as_bytes())?;
        self.chart().write(output, CHART)
    }
}

impl Repeats {
    /// Writes the summary of repeated runs into the folder.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be written.
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write_json("results.json", self)?;
        output.write("table.md", format!("{}\n", repeats_table(self)).as_bytes())?;
        let caption = format!("mean over {} training subsets", self.seeds.len());
        beside_paper(caption, &self.certified_accuracy).write(output, CHART)
    }
}

impl Sweep {
    /// Radii from 0 to the first one at which nothing is certified at any noise level.
    fn shown(&self) -> usize {
        let reached = |accuracy: &PerConfidence<Vec<f64>>| {
            accuracy.per_image.iter().take_while(|&&share| share > 0.0).count()
        };
        1 + self.certified_accuracy.iter().map(reached).max().unwrap_or(0)
    }

    /// Writes the summary of a sweep into the folder.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be written.
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write_json("results.json", self)?;
        output.write("table.md", format!("{}\n", sweep_table(self)).as_bytes())?;
        sweep_chart(self).write(output, CHART)
    }
}

/// Mean and standard deviation over training subsets.
#[must_use]
pub fn repeats_table(repeats: &Repeats) -> Table {
    let mut table =
        Table::new(["changed entries r", "certified", "certified together", "paper"]).with_title(format!(
            "Certified accuracy, mean ± standard deviation over {} training subsets",
            repeats.seeds.len()
        ));
    let cell = |values: &[f64], deviations: &[f64], ceiling: u32, radius: usize| match (
        values.get(radius),
        deviations.get(radius),
    ) {
        (Some(mean), Some(deviation)) if radius as u32 <= ceiling => {
            format!("{} ± {}", percent(*mean), percent(*deviation))
        }
        _ => OUT_OF_REACH.to_owned(),
    };
    let Repeats { certified_accuracy: mean, standard_deviation: deviation, ceiling, .. } = repeats;
    for radius in 0..mean.per_image.len() {
        let single = cell(&mean.per_image, &deviation.per_image, ceiling.per_image, radius);
        let together = cell(&mean.bonferroni, &deviation.bonferroni, ceiling.bonferroni, radius);
        let paper = if radius as u32 == PAPER.0 { percent(PAPER.1) } else { String::new() };
        table.push([radius.to_string(), single, together, paper]);
    }
    table
}

/// Certified accuracy (each image) by noise level and radius.
#[must_use]
pub fn sweep_table(sweep: &Sweep) -> Table {
    let radii = sweep.shown();
    let header = std::iter::once("β".to_owned()).chain((0..radii).map(|radius| format!("r = {radius}")));
    let mut table = Table::new(header).with_title("Certified accuracy (each image) by noise level");
    for ((beta, accuracy), ceiling) in sweep.betas.iter().zip(&sweep.certified_accuracy).zip(&sweep.ceiling) {
        let share = |radius: usize| match accuracy.per_image.get(radius) {
            Some(&share) if radius as u32 <= ceiling.per_image => percent(share),
            _ => OUT_OF_REACH.to_owned(),
        };
        table.push(std::iter::once(beta.to_string()).chain((0..radii).map(share)));
    }
    table
}

/// One curve for each noise level.
#[must_use]
pub fn sweep_chart(sweep: &Sweep) -> Chart {
    let chart = accuracy_chart("MNIST 1/7: stronger noise certifies more changes of fewer images");
    let series = sweep.betas.iter().zip(&sweep.certified_accuracy);
    series.fold(
        chart.with_caption("certified accuracy, each image, by the probability β of keeping an entry"),
        |chart, (beta, accuracy)| {
            chart.with_series(Series::new(
                format!("β = {beta}"),
                points(accuracy.per_image.get(..sweep.shown()).unwrap_or(&accuracy.per_image)),
            ))
        },
    )
}

/// Both forms of certified accuracy, and the paper's point.
fn beside_paper(caption: String, accuracy: &PerConfidence<Vec<f64>>) -> Chart {
    accuracy_chart("MNIST 1/7: certified accuracy against backdoors")
        .with_caption(caption)
        .with_series(Series::new("each image", points(&accuracy.per_image)))
        .with_series(
            Series::new("all images together", points(&accuracy.bonferroni)).with_style(Style::Dashed),
        )
        .with_point(f64::from(PAPER.0), PAPER.1, format!("Wang et al. 2020: {:.0}%", 100.0 * PAPER.1))
}

fn accuracy_chart(title: &str) -> Chart {
    Chart::new(
        title,
        Axis::new("changed entries r (training pixels, training labels, test pixels)").integers(),
        Axis::new("certified accuracy").percent().with_range(0.0, 1.0),
    )
}

fn points(by_radius: &[f64]) -> Vec<(f64, f64)> {
    by_radius.iter().enumerate().map(|(radius, &share)| (radius as f64, share)).collect()
}

fn with_ceiling(chart: Chart, ceiling: &PerConfidence<u32>, models: u64) -> Chart {
    if ceiling.per_image == ceiling.bonferroni {
        return chart.with_line(f64::from(ceiling.per_image), format!("ceiling of {models} nets"));
    }
    chart
        .with_line(f64::from(ceiling.per_image), format!("ceiling of {models} nets"))
        .with_line(f64::from(ceiling.bonferroni), "together")
}
