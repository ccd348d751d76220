//! Plots: curves over an axis, as SVG and as PNG.
//!
//! A [`Chart`] is drawn once, by `plotters`, as an SVG document; the PNG is that document rendered by `resvg` at twice the
//! size. Title, legend and the labels of reference lines stand above the plot, so that they never cover data. The same
//! chart gives the same bytes on every machine: the PNG's text is set in the Open Sans that comes with this crate
//! (`assets/`, SIL Open Font License 1.1), whatever fonts are there.
//!
//! ```
//! use steadfast_evaluate::report::plot::{Axis, Chart, Series};
//!
//! let chart = Chart::new("Certified accuracy", Axis::new("radius").integers(), Axis::new("inputs").percent())
//!     .with_series(Series::new("ours", vec![(0.0, 0.99), (1.0, 0.7), (2.0, 0.4)]))
//!     .with_line(2.0, "sampling ceiling")
//!     .with_point(2.0, 0.36, "paper");
//! assert!(chart.to_svg()?.contains("sampling ceiling"));
//! assert!(chart.to_png()?.starts_with(b"\x89PNG"));
//! # Ok::<(), steadfast_evaluate::Error>(())
//! ```

mod chart;
mod draw;

pub use chart::{Axis, Chart, Series, Style};
