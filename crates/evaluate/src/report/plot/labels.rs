//! Where the label of a point goes: beside it, on as little as possible.

use super::{geometry::Frame, shape::Point};

/// What labels keep clear of.
#[derive(Debug, Default)]
pub(crate) struct Obstacles {
    /// Curves, in pixels.
    pub(crate) paths: Vec<Vec<Point>>,
    /// Stars and labels that are placed already.
    pub(crate) boxes: Vec<Frame>,
}

/// The best place for a box of that size beside `at`, inside of `plot`.
pub(crate) fn place(at: Point, (width, height): Point, plot: &Frame, obstacles: &Obstacles) -> Frame {
    let mut best: Option<(f64, Frame)> = None;
    for (order, (direction_x, direction_y)) in
        [(1.0, 0.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 0.0), (-1.0, -1.0), (-1.0, 1.0), (0.0, -1.0), (0.0, 1.0)]
            .into_iter()
            .enumerate()
    {
        for distance in [12.0, 28.0, 52.0] {
            // Sideways the box starts at the distance; above and below it is centred or starts beside the point.
            let reach = if direction_y == 0.0 || direction_x == 0.0 { distance } else { distance * 0.75 };
            let left = match direction_x {
                x if x > 0.0 => at.0 + reach,
                x if x < 0.0 => at.0 - reach - width,
                _ => at.0 - width / 2.0,
            };
            let top = at.1 - height / 2.0 + direction_y * (reach + height / 2.0);
            let frame = Frame { low: (left, top), high: (left + width, top + height) };
            let cost = cost(&frame, plot, obstacles) + order as f64 + distance * 0.4;
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, frame));
            }
        }
    }
    best.map_or(Frame { low: at, high: at }, |(_, frame)| frame)
}

fn cost(frame: &Frame, plot: &Frame, obstacles: &Obstacles) -> f64 {
    let outside = frame.area() - frame.shared(plot);
    let covered: f64 = obstacles.boxes.iter().map(|other| frame.grown(2.0).shared(other)).sum();
    let grown = frame.grown(4.0);
    let crossed: f64 = obstacles
        .paths
        .iter()
        .flat_map(|path| path.iter().zip(path.iter().skip(1)))
        .filter_map(|(a, b)| grown.cut(*a, *b))
        .map(|(a, b)| 10.0 + (b.0 - a.0).hypot(b.1 - a.1))
        .sum();
    outside * 10.0 + covered * 2.0 + crossed * 2.0
}
