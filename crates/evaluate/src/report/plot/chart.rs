//! What a chart shows.

use std::path::Path;

use serde::Serialize;

use super::draw;
use crate::{
    Error,
    report::file::{OutputFolder, write_atomically},
};

/// Curves over two axes, with reference lines and single points that stand out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chart {
    pub(super) title: String,
    pub(super) caption: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    pub(super) lines: Vec<(f64, String)>,
}

/// One axis of a [`Chart`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Axis {
    pub(super) label: String,
    pub(super) range: Option<(f64, f64)>,
    pub(super) form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Form {
    Plain,
    Integers,
    Percent,
}

/// One curve of a [`Chart`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
    pub(super) style: Style,
}

/// How a [`Series`] is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub enum Style {
    /// A line from point to point, with markers unless they would touch each other.
    #[default]
    Line,
    /// Each value holds from its point to the next one.
    Step,
    /// A dashed line from point to point, without markers.
    Dashed,
    /// Dashed, and each value holds from its point to the next one.
    DashedStep,
    /// Stars without a line, for points that stand out.
    Star,
}

impl Axis {
    /// An axis that fits its range to the data, with decimal numbers.
    #[must_use]
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), range: None, form: Form::Plain }
    }

    /// Shows `low` to `high`. Points outside are left out: a curve ends at its last point inside.
    #[must_use]
    pub fn with_range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Writes ticks at integers only.
    #[must_use]
    pub fn integers(mut self) -> Self {
        self.form = Form::Integers;
        self
    }

    /// Writes a value of 0.25 as 25%, and shows 0% to 100% when all data lies there and no range is given.
    #[must_use]
    pub fn percent(mut self) -> Self {
        self.form = Form::Percent;
        self
    }
}

impl Series {
    /// A curve through `points`, in the given order. `name` goes into the legend, unless it is empty or no point is shown.
    #[must_use]
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, style: Style::Line }
    }

    /// Draws the curve in another style.
    #[must_use]
    pub fn with_style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }
}

impl Chart {
    /// An empty chart.
    #[must_use]
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self { title: title.into(), caption: String::new(), x, y, series: Vec::new(), lines: Vec::new() }
    }

    /// Puts a smaller line below the title: sample size, confidence, seed.
    #[must_use]
    pub fn with_caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// Adds a curve. Up to seven have a colour each; further ones repeat colours with other markers.
    #[must_use]
    pub fn with_series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Adds a vertical reference line at `x`, with its label above the plot.
    #[must_use]
    pub fn with_line(mut self, x: f64, label: impl Into<String>) -> Self {
        self.lines.push((x, label.into()));
        self
    }

    /// Adds a single point that stands out: a series of one star, with its label in the legend.
    #[must_use]
    pub fn with_point(self, x: f64, y: f64, label: impl Into<String>) -> Self {
        self.with_series(Series::new(label, vec![(x, y)]).with_style(Style::Star))
    }

    /// The chart as an SVG document of 800 pixels' width. Its text is text, in Open Sans or what the viewer has instead.
    ///
    /// # Errors
    ///
    /// [`Error::ChartValue`] for a number that is not finite, [`Error::ChartRange`] for a range that is empty, endless, or
    /// too narrow for its place, [`Error::Drawing`] when a drawing library fails.
    pub fn to_svg(&self) -> Result<String, Error> {
        draw::svg(self)
    }

    /// The chart as a PNG file of 1600 pixels' width.
    ///
    /// # Errors
    ///
    /// As [`Chart::to_svg`].
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        draw::png(self)
    }

    /// Writes the chart to `name.svg` and `name.png` in the folder.
    ///
    /// # Errors
    ///
    /// Those of [`Self::write_svg`] and [`Self::write_png`].
    pub fn write(&self, output: &OutputFolder, name: &str) -> Result<(), Error> {
        self.write_svg(output.join(format!("{name}.svg")))?;
        self.write_png(output.join(format!("{name}.png")))
    }

    /// Writes [`Chart::to_svg`] to a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`Chart::to_svg`], and [`Error::Io`] when the file cannot be written.
    pub fn write_svg(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_atomically(path, self.to_svg()?.as_bytes())
    }

    /// Writes [`Chart::to_png`] to a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`Chart::to_svg`], and [`Error::Io`] when the file cannot be written.
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_atomically(path, &self.to_png()?)
    }
}
