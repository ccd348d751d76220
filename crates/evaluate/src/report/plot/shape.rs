//! What a laid-out chart consists of: shapes in logical pixels, and their colours.

use plotters_backend::BackendColor;

/// x to the right and y downwards, in logical pixels.
pub(crate) type Point = (f64, f64);

/// Shapes on a canvas, in painting order.
#[derive(Clone)]
pub(crate) struct Canvas {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
}

#[derive(Clone)]
pub(crate) enum Shape {
    Path { points: Vec<Point>, width: f64, color: BackendColor },
    Fill { points: Vec<Point>, color: BackendColor },
    Text(Text),
}

/// One line of text. `at` is at half the height of a small letter, at the anchor's end.
#[derive(Clone)]
pub(crate) struct Text {
    pub(crate) content: String,
    pub(crate) at: Point,
    /// Pixels per em.
    pub(crate) size: f64,
    pub(crate) color: BackendColor,
    pub(crate) anchor: Anchor,
    /// Reads from the bottom to the top.
    pub(crate) turned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

pub(crate) const fn rgb(color: u32) -> BackendColor {
    let [_, red, green, blue] = color.to_be_bytes();
    BackendColor { alpha: 1.0, rgb: (red, green, blue) }
}

pub(crate) const INK: BackendColor = rgb(0x0022_2222);
pub(crate) const SOFT_INK: BackendColor = rgb(0x0055_5555);
pub(crate) const AXIS: BackendColor = rgb(0x0099_9999);
pub(crate) const GRID: BackendColor = rgb(0x00e6_e6e6);
pub(crate) const PAPER: BackendColor = rgb(0x00ff_ffff);
pub(crate) const VEIL: BackendColor = BackendColor { alpha: 0.8, rgb: (255, 255, 255) };

/// The colours of Okabe and Ito that are dark enough on white, told apart with any colour vision.
const PALETTE: [BackendColor; 7] = [
    rgb(0x0000_72b2),
    rgb(0x00d5_5e00),
    rgb(0x0000_9e73),
    rgb(0x00cc_79a7),
    rgb(0x00e6_9f00),
    rgb(0x0056_b4e9),
    rgb(0x0055_5555),
];

pub(crate) fn color(series: usize) -> BackendColor {
    PALETTE.get(series % PALETTE.len()).copied().unwrap_or(INK)
}

impl Shape {
    pub(crate) fn rectangle((left, top): Point, (right, bottom): Point, color: BackendColor) -> Self {
        Self::Fill { points: vec![(left, top), (right, top), (right, bottom), (left, bottom)], color }
    }

    /// The marker of a series: five forms, so that with seven colours 35 series differ. `grow` widens it all around.
    pub(crate) fn marker(series: usize, at: Point, grow: f64, color: BackendColor) -> Self {
        let points = match series % 5 {
            0 => ring(at, 32, 0.0, &[3.6 + grow]),
            1 => ring(at, 4, 0.125, &[4.6 + grow * 1.3]),
            2 => ring((at.0, at.1 + 0.8), 3, 0.0, &[5.0 + grow * 1.7]),
            3 => ring(at, 4, 0.0, &[5.0 + grow * 1.3]),
            _ => ring((at.0, at.1 - 0.8), 3, 0.5, &[5.0 + grow * 1.7]),
        };
        Self::Fill { points, color }
    }

    /// A star, for a point that stands out.
    pub(crate) fn star(at: Point, grow: f64, color: BackendColor) -> Self {
        Self::Fill { points: ring(at, 10, 0.0, &[8.0 + grow * 1.6, 3.4 + grow]), color }
    }
}

/// Corners around a centre, the first at the top turned by `turn` of a full turn, at the radii in rotation.
fn ring(centre: Point, corners: u32, turn: f64, radii: &[f64]) -> Vec<Point> {
    let corner = |(number, radius): (u32, &f64)| {
        let angle = std::f64::consts::TAU * (f64::from(number) / f64::from(corners) + turn);
        (centre.0 + radius * angle.sin(), centre.1 - radius * angle.cos())
    };
    (0..corners).zip(radii.iter().cycle()).map(corner).collect()
}
