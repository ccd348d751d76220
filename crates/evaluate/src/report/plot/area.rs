//! The plot itself: axes, curves, and points with their labels.

use super::{
    Chart, Series, Style,
    axis::Scale,
    geometry::Frame,
    labels::{Obstacles, Placed, place},
    layout::{INSET, LABEL, MARGIN, Page, SMALL},
    shape::{AXIS, Anchor, GRID, INK, PAPER, Point, SOFT_INK, Shape, Text, VEIL},
    text::{lines, shortened, width},
};
use crate::Error;

/// The plot itself: its scales and its place.
pub(crate) struct Area {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) frame: Frame,
}

impl Area {
    fn pixel(&self, (x, y): Point) -> Point {
        let Frame { low, high } = self.frame;
        let share = |value: f64, scale: &Scale| (value - scale.low) / (scale.high - scale.low);
        (
            low.0 + INSET + share(x, &self.x) * (high.0 - low.0 - 2.0 * INSET),
            high.1 - INSET - share(y, &self.y) * (high.1 - low.1 - 2.0 * INSET),
        )
    }

    fn range(&self) -> Frame {
        Frame { low: (self.x.low, self.y.low), high: (self.x.high, self.y.high) }
    }

    pub(crate) fn axes(
        &self,
        chart: &Chart,
        y_ticks: &[(f64, String)],
        page: &mut Page,
    ) -> Result<(), Error> {
        let Frame { low: (left, top), high: (right, bottom) } = self.frame;
        for (value, text) in y_ticks {
            let (_, y) = self.pixel((self.x.low, *value));
            page.shapes.push(Shape::Path { points: vec![(left, y), (right, y)], width: 1.0, color: GRID });
            page.text(text.clone(), (left - 8.0, y), SMALL, INK, Anchor::End);
        }
        for (value, text) in self.x.ticks() {
            let (x, _) = self.pixel((value, self.y.low));
            page.shapes.push(Shape::Path { points: vec![(x, top), (x, bottom)], width: 1.0, color: GRID });
            page.text(text, (x, bottom + SMALL * 1.1), SMALL, INK, Anchor::Middle);
        }
        let axes = vec![(left, top), (left, bottom), (right, bottom)];
        page.shapes.push(Shape::Path { points: axes, width: 1.2, color: AXIS });

        let centre = f64::midpoint(left, right);
        let label = shortened(&chart.x.label, LABEL, right - left)?;
        page.text(label, (centre, bottom + SMALL * 2.0 + LABEL), LABEL, INK, Anchor::Middle);
        let content = shortened(&chart.y.label, LABEL, bottom - top)?;
        let at = (MARGIN + LABEL * 0.4, f64::midpoint(top, bottom));
        page.shapes.push(Shape::Text(Text {
            content,
            at,
            size: LABEL,
            color: INK,
            anchor: Anchor::Middle,
            turned: true,
        }));
        Ok(())
    }

    pub(crate) fn curve(&self, number: usize, series: &Series, page: &mut Page, obstacles: &mut Obstacles) {
        let path = if series.style == Style::Step { steps(&series.points) } else { series.points.clone() };
        for part in self.range().cut_path(&path) {
            let part: Vec<Point> = part.into_iter().map(|point| self.pixel(point)).collect();
            page.stroke(number, series.style, &part);
            obstacles.paths.push(part);
        }
    }

    pub(crate) fn markers(&self, number: usize, series: &Series, page: &mut Page) {
        let shown: Vec<Point> = series
            .points
            .iter()
            .filter(|point| self.range().contains(**point))
            .map(|point| self.pixel(*point))
            .collect();
        let apart = (self.frame.high.0 - self.frame.low.0) / shown.len().max(1) as f64 >= 12.0;
        // A single point has no line, whatever the style.
        if shown.len() == 1 || (series.style == Style::Line && apart) {
            for point in shown {
                page.marker(number, point);
            }
        }
    }

    /// Stars first, then labels, so that no label is placed on a star.
    pub(crate) fn points(
        &self,
        chart: &Chart,
        page: &mut Page,
        obstacles: &mut Obstacles,
    ) -> Result<(), Error> {
        const ROOM: f64 = 230.0;
        let shown: Vec<(Point, &str)> = chart
            .points
            .iter()
            .filter(|(x, y, _)| self.range().contains((*x, *y)))
            .map(|(x, y, label)| (self.pixel((*x, *y)), label.as_str()))
            .collect();
        for (x, _) in chart.lines.iter().filter(|(x, _)| (self.x.low..=self.x.high).contains(x)) {
            let (x, _) = self.pixel((*x, self.y.low));
            obstacles.paths.push(vec![(x, self.frame.low.1), (x, self.frame.high.1)]);
        }
        for (at, _) in &shown {
            page.shapes.push(Shape::star(*at, 2.0, PAPER));
            page.shapes.push(Shape::star(*at, 0.0, INK));
            obstacles.boxes.push(Frame { low: *at, high: *at }.grown(9.0));
        }
        for (at, label) in shown {
            let lines = lines(label, SMALL, ROOM)?;
            let mut wide: f64 = 0.0;
            for line in &lines {
                wide = wide.max(width(line, SMALL)?);
            }
            let high = lines.len() as f64 * SMALL * 1.3;
            let Placed { frame, leader } = place(at, (wide, high), &self.frame, obstacles);
            if let Some((from, to)) = leader {
                page.shapes.push(Shape::Path { points: vec![from, to], width: 1.0, color: SOFT_INK });
            }
            page.shapes.push(Shape::rectangle(frame.low, frame.high, VEIL));
            // Set from the side of the point, so that the gap is the same in a narrower font.
            let (x, anchor) = if frame.low.0 >= at.0 {
                (frame.low.0, Anchor::Start)
            } else if frame.high.0 <= at.0 {
                (frame.high.0, Anchor::End)
            } else {
                (f64::midpoint(frame.low.0, frame.high.0), Anchor::Middle)
            };
            for (row, line) in (0..).zip(lines) {
                let y = frame.low.1 + (f64::from(row) + 0.5) * SMALL * 1.3;
                page.text(line, (x, y), SMALL, INK, anchor);
            }
            obstacles.boxes.push(frame);
        }
        Ok(())
    }
}

/// Each value held to the next point.
fn steps(points: &[Point]) -> Vec<Point> {
    let corners = points.iter().zip(points.iter().skip(1)).flat_map(|(a, b)| [*a, (b.0, a.1)]);
    corners.chain(points.last().copied()).collect()
}
