//! From a chart to shapes: what goes where.

use plotters_backend::BackendColor;

use super::{
    Chart, Series, Style,
    area::Area,
    axis::Scale,
    geometry::{Frame, dashes},
    labels::Obstacles,
    shape::{Anchor, Canvas, INK, PAPER, Point, SOFT_INK, Shape, Text, color},
    text::{lines, shortened, width},
};
use crate::Error;

/// Logical pixels.
const WIDTH: f64 = 800.0;
const PLOT_HEIGHT: f64 = 360.0;
pub(crate) const MARGIN: f64 = 22.0;
/// Between the axes and the ends of their ranges, so that markers at the ends are whole.
pub(crate) const INSET: f64 = 12.0;
const TITLE: f64 = 19.0;
pub(crate) const LABEL: f64 = 13.5;
pub(crate) const SMALL: f64 = 12.5;
const LINE: f64 = 2.2;

/// Lays a chart out.
pub(crate) fn layout(chart: &Chart) -> Result<Canvas, Error> {
    check(chart)?;
    let points = || chart.series.iter().flat_map(|series| series.points.iter().copied());
    let marked = || chart.points.iter().map(|(x, y, _)| (*x, *y));
    let y_values = points().chain(marked()).map(|(_, y)| y);
    let y = chart.y.scale('y', y_values, 6)?;
    let y_ticks = y.ticks();
    let mut tick_width: f64 = 0.0;
    for (_, text) in &y_ticks {
        tick_width = tick_width.max(width(text, SMALL)?);
    }
    let left = MARGIN + if chart.y.label.is_empty() { 0.0 } else { LABEL * 1.7 } + tick_width + 8.0;
    let right = WIDTH - MARGIN - 8.0;
    let x = x_scale(chart, right - left)?;

    let mut page = Page { shapes: Vec::new(), left, right, cursor: MARGIN };
    page.heading(chart)?;
    page.legend(&chart.series)?;
    let strip = page.cursor;
    let (labels, rows) = line_labels(chart, &x, &page)?;
    page.cursor += rows as f64 * SMALL * 1.5 + 6.0;
    let top = page.cursor;
    let plot = Area { x, y, frame: Frame { low: (left, top), high: (right, top + PLOT_HEIGHT) } };

    plot.axes(chart, &y_ticks, &mut page)?;
    let label_row = |row: usize| strip + (row as f64 + 0.5) * SMALL * 1.5;
    for label in &labels {
        let path = [(label.centre, label_row(label.row)), (label.centre, top + PLOT_HEIGHT)];
        for points in dashes(&path, 5.0, 4.0) {
            page.shapes.push(Shape::Path { points, width: 1.3, color: SOFT_INK });
        }
    }
    for LineLabel { text, left, row, wide, .. } in labels {
        let (y, half) = (label_row(row), SMALL * 0.65);
        page.shapes.push(Shape::rectangle((left - 3.0, y - half), (left + wide + 3.0, y + half), PAPER));
        page.text(text, (left + wide / 2.0, y), SMALL, SOFT_INK, Anchor::Middle);
    }
    let mut obstacles = Obstacles::default();
    for (number, series) in chart.series.iter().enumerate() {
        plot.curve(number, series, &mut page, &mut obstacles);
    }
    for (number, series) in chart.series.iter().enumerate() {
        plot.markers(number, series, &mut page);
    }
    plot.points(chart, &mut page, &mut obstacles)?;
    let axis_label = if chart.x.label.is_empty() { 0.0 } else { LABEL * 1.9 };
    let height = top + PLOT_HEIGHT + SMALL * 2.0 + axis_label + MARGIN * 0.7;
    Ok(Canvas { width: WIDTH, height: height.ceil(), shapes: page.shapes })
}

/// Only finite numbers have a place.
fn check(chart: &Chart) -> Result<(), Error> {
    let refuse = |what: String, value: f64| Err(Error::ChartValue { what, value });
    for series in &chart.series {
        for &(x, y) in &series.points {
            if !x.is_finite() || !y.is_finite() {
                let value = if x.is_finite() { y } else { x };
                return refuse(format!("value in the series {:?}", series.name), value);
            }
        }
    }
    for (x, label) in &chart.lines {
        if !x.is_finite() {
            return refuse(format!("reference line {label:?}"), *x);
        }
    }
    for (x, y, label) in &chart.points {
        if !x.is_finite() || !y.is_finite() {
            return refuse(format!("point {label:?}"), if x.is_finite() { *y } else { *x });
        }
    }
    Ok(())
}

/// The x axis, with as many ticks as there is room for their texts.
fn x_scale(chart: &Chart, room: f64) -> Result<Scale, Error> {
    let mut target = 11;
    loop {
        let series = chart.series.iter().flat_map(|series| series.points.iter().map(|(x, _)| *x));
        let values =
            series.chain(chart.points.iter().map(|(x, ..)| *x)).chain(chart.lines.iter().map(|(x, _)| *x));
        let scale = chart.x.scale('x', values, target)?;
        let ticks = scale.ticks();
        let mut widest: f64 = 0.0;
        for (_, text) in &ticks {
            widest = widest.max(width(text, SMALL)? + 14.0);
        }
        if target <= 2 || ticks.len() as f64 * widest <= room {
            return Ok(scale);
        }
        target -= 1;
    }
}

/// The label of a reference line: its place in the strip above the plot.
struct LineLabel {
    text: String,
    wide: f64,
    centre: f64,
    left: f64,
    row: usize,
}

/// Places the labels of the lines that are in range, each in the first row where it is clear of the others.
fn line_labels(chart: &Chart, x: &Scale, page: &Page) -> Result<(Vec<LineLabel>, usize), Error> {
    const GAP: f64 = 10.0;
    let mut lines: Vec<&(f64, String)> =
        chart.lines.iter().filter(|(at, _)| (x.low..=x.high).contains(at)).collect();
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut rows: Vec<f64> = Vec::new();
    let mut labels: Vec<LineLabel> = Vec::new();
    for (at, label) in lines {
        let text = shortened(label, SMALL, page.right - MARGIN)?;
        let wide = width(&text, SMALL)?;
        let centre =
            page.left + INSET + (at - x.low) / (x.high - x.low) * (page.right - page.left - 2.0 * INSET);
        let rightmost = WIDTH - MARGIN / 2.0 - wide;
        let mut left = (centre - wide / 2.0).min(rightmost).max(MARGIN / 2.0);
        let row = rows.iter().position(|end| *end + GAP <= left).unwrap_or(rows.len());
        // The lines of higher labels come down past this one, which moves to their right if it can.
        for higher in labels.iter().filter(|higher| higher.row < row && higher.centre < centre) {
            left = left.max(higher.centre + 7.0).min(rightmost);
        }
        match rows.get_mut(row) {
            Some(end) => *end = left + wide,
            None => rows.push(left + wide),
        }
        labels.push(LineLabel { text, wide, centre, left, row });
    }
    Ok((labels, rows.len()))
}

/// What has been laid out above the plot so far.
pub(crate) struct Page {
    pub(crate) shapes: Vec<Shape>,
    left: f64,
    right: f64,
    cursor: f64,
}

impl Page {
    pub(crate) fn text(
        &mut self,
        content: String,
        at: Point,
        size: f64,
        color: BackendColor,
        anchor: Anchor,
    ) {
        self.shapes.push(Shape::Text(Text { content, at, size, color, anchor, turned: false }));
    }

    fn heading(&mut self, chart: &Chart) -> Result<(), Error> {
        for (text, size, color) in [(&chart.title, TITLE, INK), (&chart.caption, SMALL, SOFT_INK)] {
            for line in lines(text, size, self.right - self.left)? {
                self.cursor += size * 0.7;
                self.text(line, (self.left, self.cursor), size, color, Anchor::Start);
                self.cursor += size * 0.7;
            }
        }
        self.cursor += 6.0;
        Ok(())
    }

    /// The legend, in rows. A single series without a name has none.
    fn legend(&mut self, series: &[Series]) -> Result<(), Error> {
        const SWATCH: f64 = 30.0;
        const GAP: f64 = 14.0;
        const ROW: f64 = SMALL * 1.65;
        let mut x = self.left;
        let mut any = false;
        for (number, series) in series.iter().enumerate().filter(|(_, series)| !series.name.is_empty()) {
            let name = shortened(&series.name, SMALL, self.right - self.left - SWATCH - 8.0)?;
            let wide = SWATCH + 8.0 + width(&name, SMALL)?;
            if any && x + wide > self.right {
                (x, self.cursor) = (self.left, self.cursor + ROW);
            }
            any = true;
            let y = self.cursor + ROW / 2.0;
            self.stroke(number, series.style, &[(x, y), (x + SWATCH, y)]);
            if series.style == Style::Line {
                self.marker(number, (x + SWATCH / 2.0, y));
            }
            self.text(name, (x + SWATCH + 8.0, y), SMALL, INK, Anchor::Start);
            x += wide + GAP;
        }
        if any {
            self.cursor += ROW + 4.0;
        }
        Ok(())
    }

    pub(crate) fn stroke(&mut self, number: usize, style: Style, path: &[Point]) {
        let parts = if style == Style::Dashed { dashes(path, 7.0, 5.0) } else { vec![path.to_vec()] };
        for points in parts {
            self.shapes.push(Shape::Path { points, width: LINE, color: color(number) });
        }
    }

    pub(crate) fn marker(&mut self, number: usize, at: Point) {
        self.shapes.push(Shape::marker(number, at, 1.0, PAPER));
        self.shapes.push(Shape::marker(number, at, 0.0, color(number)));
    }
}
