//! Lines cut to a rectangle, into dashes, and against labels.

use super::shape::Point;

/// A rectangle, also in the coordinates of the data: `low` is less than `high` in both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    pub(crate) low: Point,
    pub(crate) high: Point,
}

impl Frame {
    pub(crate) fn contains(&self, (x, y): Point) -> bool {
        (self.low.0..=self.high.0).contains(&x) && (self.low.1..=self.high.1).contains(&y)
    }

    /// The area that two rectangles share.
    pub(crate) fn shared(&self, other: &Self) -> f64 {
        let width = self.high.0.min(other.high.0) - self.low.0.max(other.low.0);
        let height = self.high.1.min(other.high.1) - self.low.1.max(other.low.1);
        width.max(0.0) * height.max(0.0)
    }

    pub(crate) fn area(&self) -> f64 {
        (self.high.0 - self.low.0) * (self.high.1 - self.low.1)
    }

    pub(crate) fn grown(&self, by: f64) -> Self {
        Self { low: (self.low.0 - by, self.low.1 - by), high: (self.high.0 + by, self.high.1 + by) }
    }

    /// The part of the segment from `a` to `b` inside, after Liang and Barsky.
    pub(crate) fn cut(&self, a: Point, b: Point) -> Option<(Point, Point)> {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (step, room) in [
            (-dx, a.0 - self.low.0),
            (dx, self.high.0 - a.0),
            (-dy, a.1 - self.low.1),
            (dy, self.high.1 - a.1),
        ] {
            if step == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if step < 0.0 {
                enter = enter.max(room / step);
            } else {
                leave = leave.min(room / step);
            }
        }
        let at = |t: f64| {
            let clamp = |value: f64, low: f64, high: f64| value.max(low).min(high);
            (clamp(a.0 + t * dx, self.low.0, self.high.0), clamp(a.1 + t * dy, self.low.1, self.high.1))
        };
        (enter <= leave).then(|| (at(enter), at(leave)))
    }

    /// The parts of a path inside.
    pub(crate) fn cut_path(&self, path: &[Point]) -> Vec<Vec<Point>> {
        let mut parts: Vec<Vec<Point>> = Vec::new();
        for (a, b) in path.iter().zip(path.iter().skip(1)) {
            let Some((from, to)) = self.cut(*a, *b) else { continue };
            match parts.last_mut() {
                Some(part) if part.last() == Some(&from) => part.push(to),
                _ => parts.push(vec![from, to]),
            }
        }
        parts
    }
}

/// Cuts a path into dashes of `on` pixels with gaps of `off`.
pub(crate) fn dashes(path: &[Point], on: f64, off: f64) -> Vec<Vec<Point>> {
    let mut dashes = Vec::new();
    let mut dash: Vec<Point> = path.first().copied().into_iter().collect();
    let (mut drawing, mut left) = (true, on);
    for (&a, &b) in path.iter().zip(path.iter().skip(1)) {
        let length = (b.0 - a.0).hypot(b.1 - a.1);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let at = (a.0 + (b.0 - a.0) * done / length, a.1 + (b.1 - a.1) * done / length);
            if drawing {
                dash.push(at);
                dashes.push(std::mem::take(&mut dash));
            } else {
                dash = vec![at];
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        left -= length - done;
        if drawing {
            dash.push(b);
        }
    }
    if dash.len() > 1 {
        dashes.push(dash);
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Frame = Frame { low: (0.0, 0.0), high: (1.0, 1.0) };

    #[test]
    fn segments_are_cut_at_the_frame() {
        assert_eq!(UNIT.cut((-1.0, 0.5), (2.0, 0.5)), Some(((0.0, 0.5), (1.0, 0.5))));
        assert_eq!(UNIT.cut((0.25, 0.5), (0.5, 0.75)), Some(((0.25, 0.5), (0.5, 0.75))));
        assert_eq!(UNIT.cut((-1.0, 0.0), (0.0, 2.0)), None);
        assert_eq!(UNIT.cut((2.0, 0.0), (2.0, 1.0)), None);
        let path = [(0.0, 0.5), (0.5, 0.5), (0.5, 2.0), (0.75, 2.0), (0.75, 0.0)];
        let parts = [vec![(0.0, 0.5), (0.5, 0.5), (0.5, 1.0)], vec![(0.75, 1.0), (0.75, 0.0)]];
        assert_eq!(UNIT.cut_path(&path), parts);
    }

    #[test]
    fn dashes_go_round_corners() {
        let dashes = dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 3.0)], 2.0, 0.5);
        assert_eq!(dashes[0], [(0.0, 0.0), (2.0, 0.0)]);
        assert_eq!(dashes[1], [(2.5, 0.0), (3.0, 0.0), (3.0, 1.5)]);
        assert_eq!(dashes[2], [(3.0, 2.0), (3.0, 3.0)]);
        assert!(super::dashes(&[], 1.0, 1.0).is_empty() && super::dashes(&[(0.0, 0.0)], 1.0, 1.0).is_empty());
    }
}
