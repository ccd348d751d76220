//! What a chart shows.

use std::path::Path;

use super::{Axis, layout::layout, paint};
use crate::{Error, report::file::write_atomically};

/// Curves over two axes, with reference lines and single points that stand out.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub(crate) title: String,
    pub(crate) caption: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
    pub(crate) lines: Vec<(f64, String)>,
    pub(crate) points: Vec<(f64, f64, String)>,
}

/// One curve of a [`Chart`].
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) style: Style,
}

/// How a [`Series`] is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Style {
    /// A line from point to point, with markers unless they would touch each other.
    #[default]
    Line,
    /// Each value holds from its point to the next one.
    Step,
    /// A dashed line from point to point, without markers.
    Dashed,
}

impl Series {
    /// A curve through `points`, in the given order. `name` goes into the legend; an empty one does not.
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
        let (title, caption) = (title.into(), String::new());
        Self { title, caption, x, y, series: Vec::new(), lines: Vec::new(), points: Vec::new() }
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

    /// Adds a single point that stands out, with its label beside it.
    #[must_use]
    pub fn with_point(mut self, x: f64, y: f64, label: impl Into<String>) -> Self {
        self.points.push((x, y, label.into()));
        self
    }

    /// The chart as an SVG document of 800 pixels' width. Its text is text, in Open Sans or what the viewer has instead.
    ///
    /// # Errors
    ///
    /// [`Error::ChartValue`] for a number that is not finite, [`Error::ChartRange`] for an axis without extent,
    /// [`Error::Drawing`] when the drawing library fails.
    pub fn to_svg(&self) -> Result<String, Error> {
        paint::svg(&layout(self)?)
    }

    /// The chart as a PNG file of 1600 pixels' width.
    ///
    /// # Errors
    ///
    /// As [`Chart::to_svg`].
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        paint::png(&layout(self)?)
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
