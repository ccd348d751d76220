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

/// A label's box, and the line that ties it to its point where it is not right beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub(crate) frame: Frame,
    pub(crate) leader: Option<(Point, Point)>,
}

/// The best place for a box of that size around `at`, inside of `plot`: near, and on no curve and no other label.
pub(crate) fn place(at: Point, size: Point, plot: &Frame, obstacles: &Obstacles) -> Placed {
    let mut best: Option<(f64, Placed)> = None;
    for (liking, frame) in around(at, size).chain(all_over(size, plot)) {
        let placed = Placed { frame, leader: leader(at, &frame) };
        let cost = cost(at, &placed, plot, obstacles) + liking;
        if best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, placed));
        }
    }
    best.map_or(Placed { frame: Frame { low: at, high: at }, leader: None }, |(_, placed)| placed)
}

/// Places around a point, with how little each is liked.
fn around(at: Point, (width, height): Point) -> impl Iterator<Item = (f64, Frame)> {
    const DIRECTIONS: u32 = 16;
    let place = move |distance: f64, number: u32| {
        // To the right first, then ever further from it.
        let turn = f64::from(number.div_ceil(2)) * if number.is_multiple_of(2) { 1.0 } else { -1.0 };
        let (sine, cosine) = (std::f64::consts::TAU * turn / f64::from(DIRECTIONS)).sin_cos();
        // The box lies outside of the circle of that distance: an edge or a corner touches the ray's end.
        let side = |direction: f64, size: f64| ((direction * 2.6).clamp(-1.0, 1.0) - 1.0) * size / 2.0;
        let low =
            (at.0 + cosine * distance + side(cosine, width), at.1 + sine * distance + side(sine, height));
        (f64::from(number), Frame { low, high: (low.0 + width, low.1 + height) })
    };
    [13.0, 20.0, 30.0, 45.0, 65.0, 90.0]
        .into_iter()
        .flat_map(move |distance| (0..DIRECTIONS).map(move |number| place(distance, number)))
}

/// Places all over the plot, for points among many curves.
fn all_over((width, height): Point, plot: &Frame) -> impl Iterator<Item = (f64, Frame)> {
    const COLUMNS: u32 = 24;
    const ROWS: u32 = 20;
    const EDGE: f64 = 6.0;
    let (first, last) = (plot.low, (plot.high.0 - width, plot.high.1 - height));
    let share = |from: f64, to: f64, number: u32, count: u32| {
        from + EDGE + (to - from - 2.0 * EDGE) * f64::from(number) / f64::from(count - 1)
    };
    (0..COLUMNS * ROWS).map(move |number| {
        let low = (
            share(first.0, last.0, number % COLUMNS, COLUMNS),
            share(first.1, last.1, number / COLUMNS, ROWS),
        );
        (DISLIKE_OF_FAR, Frame { low, high: (low.0 + width, low.1 + height) })
    })
}

/// Against places all over the plot where one around the point does.
const DISLIKE_OF_FAR: f64 = 16.0;

/// The line between a point and its label, if they are further apart than the eye jumps.
fn leader(at: Point, frame: &Frame) -> Option<(Point, Point)> {
    const STAR: f64 = 9.0;
    let nearest = |value: f64, low: f64, high: f64, gap: f64| value.max(low - gap).min(high + gap);
    let end = (nearest(at.0, frame.low.0, frame.high.0, 3.0), nearest(at.1, frame.low.1, frame.high.1, 0.0));
    let (dx, dy) = (end.0 - at.0, end.1 - at.1);
    let distance = dx.hypot(dy);
    (distance > 22.0).then(|| ((at.0 + dx / distance * STAR, at.1 + dy / distance * STAR), end))
}

fn cost(at: Point, placed: &Placed, plot: &Frame, obstacles: &Obstacles) -> f64 {
    let frame = &placed.frame;
    let outside = frame.area() - frame.shared(plot);
    let covered: f64 = obstacles.boxes.iter().map(|other| frame.grown(2.0).shared(other)).sum();
    let segments = || obstacles.paths.iter().flat_map(|path| path.iter().zip(path.iter().skip(1)));
    let grown = frame.grown(4.0);
    let crossed: f64 = segments()
        .filter_map(|(a, b)| grown.cut(*a, *b))
        .map(|(a, b)| 40.0 + 2.0 * (b.0 - a.0).hypot(b.1 - a.1))
        .sum();
    let over = placed.leader.map_or(0.0, |(from, to)| {
        let curves = segments().filter(|(a, b)| meet(from, to, **a, **b)).count();
        let boxes =
            obstacles.boxes.iter().filter(|other| !other.contains(at) && other.cut(from, to).is_some());
        25.0 * curves as f64
            + 100.0 * boxes.count() as f64
            + 10.0
            + 0.5 * (to.0 - from.0).hypot(to.1 - from.1)
    });
    outside * 10.0 + covered * 2.0 + crossed + over
}

/// Whether two segments cross or touch.
fn meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    let side = |p: Point, q: Point, r: Point| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0);
    side(a, b, c) * side(a, b, d) <= 0.0 && side(c, d, a) * side(c, d, b) <= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Frame = Frame { low: (0.0, 0.0), high: (600.0, 300.0) };

    #[test]
    fn a_label_stays_inside_and_clear() {
        let nothing = Obstacles::default();
        let free = place((300.0, 150.0), (100.0, 16.0), &PLOT, &nothing);
        assert!(free.frame.low.0 > 300.0 && free.leader.is_none(), "{free:?}");
        for corner in [(0.0, 0.0), (600.0, 0.0), (0.0, 300.0), (600.0, 300.0)] {
            let placed = place(corner, (100.0, 16.0), &PLOT, &nothing);
            assert!(PLOT.contains(placed.frame.low) && PLOT.contains(placed.frame.high), "{placed:?}");
        }
        let curve = vec![(0.0, 0.0), (600.0, 300.0)];
        let other = free.frame;
        let obstacles = Obstacles { paths: vec![curve], boxes: vec![other] };
        let placed = place((300.0, 150.0), (100.0, 16.0), &PLOT, &obstacles).frame;
        assert!(
            placed.cut((0.0, 0.0), (600.0, 300.0)).is_none() && placed.shared(&other) == 0.0,
            "{placed:?}"
        );
    }
}
