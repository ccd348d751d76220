//! From shapes to an SVG document and to a PNG file.

use std::convert::Infallible;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, FontFamily, FontTransform,
    text_anchor::{HPos, Pos, VPos},
};
use plotters_bitmap::BitMapBackend;
use plotters_svg::SVGBackend;

use super::{
    raster::Raster,
    shape::{Anchor, Canvas, PAPER, Point, Shape, Text},
    text::FAMILY,
};
use crate::Error;

/// Backends take integer coordinates: both are given four for each logical pixel.
const FINENESS: u32 = 4;

/// The PNG has two pixels for each logical one, each the mean of `FINENESS / 2` squared.
const MEAN: usize = 2;

/// What plotters calls the size of a text is this many ems.
pub(crate) const SIZE_FACTOR: f64 = 1.24;

/// The canvas as an SVG document.
pub(crate) fn svg(canvas: &Canvas) -> Result<String, Error> {
    let (width, height) = size(canvas);
    let mut document = String::new();
    paint(canvas, SVGBackend::with_string(&mut document, (width, height)))?;
    // The view box stays as fine as it is; what the document is shown at is its logical size.
    let fine = format!("width=\"{width}\" height=\"{height}\"");
    let shown = format!("width=\"{}\" height=\"{}\"", width / FINENESS, height / FINENESS);
    Ok(document.replacen(&fine, &shown, 1))
}

/// The canvas as a PNG file.
pub(crate) fn png(canvas: &Canvas) -> Result<Vec<u8>, Error> {
    let (width, height) = size(canvas);
    let mut fine = vec![255; width as usize * height as usize * 3];
    paint(canvas, Raster(BitMapBackend::with_buffer(&mut fine, (width, height))))?;
    let (columns, rows) = (width / MEAN as u32, height / MEAN as u32);
    let pixels = halved(&fine, width as usize * 3);

    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, columns, rows);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let failed = |error| Error::Drawing(Box::new(error));
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

fn size(canvas: &Canvas) -> (u32, u32) {
    (canvas.width.ceil() as u32 * FINENESS, canvas.height.ceil() as u32 * FINENESS)
}

/// Every two by two pixels as one. `stride` is the bytes of a row.
fn halved(fine: &[u8], stride: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(fine.len() / (MEAN * MEAN));
    for rows in fine.chunks_exact(stride * MEAN) {
        let (upper, lower) = rows.split_at(stride);
        for (upper, lower) in upper.chunks_exact(3 * MEAN).zip(lower.chunks_exact(3 * MEAN)) {
            let (left, right) = (upper.iter().zip(lower), upper.iter().zip(lower).skip(3));
            let sum = |(above, below): (&u8, &u8)| u16::from(*above) + u16::from(*below);
            pixels.extend(left.zip(right).map(|(left, right)| ((sum(left) + sum(right) + 2) / 4) as u8));
        }
    }
    pixels
}

fn paint<B: DrawingBackend>(canvas: &Canvas, mut backend: B) -> Result<(), Error>
where
    B::ErrorType: 'static,
{
    let failed = |error| Error::Drawing(Box::new(error));
    let fine = |(x, y): Point| -> BackendCoord {
        let scale = |value: f64| (value * f64::from(FINENESS)).round() as i32;
        (scale(x), scale(y))
    };
    backend.ensure_prepared().map_err(failed)?;
    let corner = fine((canvas.width, canvas.height));
    backend.draw_rect((0, 0), corner, &PAPER, true).map_err(failed)?;
    for shape in &canvas.shapes {
        match shape {
            Shape::Path { points, width, color } => {
                let mut points: Vec<BackendCoord> = points.iter().copied().map(fine).collect();
                points.dedup();
                let width = (width * f64::from(FINENESS)).round().max(1.0) as u32;
                backend.draw_path(points, &Stroke { color: *color, width })
            }
            Shape::Fill { points, color } => backend.fill_polygon(points.iter().copied().map(fine), color),
            Shape::Text(text) => backend.draw_text(&text.content, &Set(text), fine(text.at)),
        }
        .map_err(failed)?;
    }
    backend.present().map_err(failed)
}

struct Stroke {
    color: BackendColor,
    width: u32,
}

impl BackendStyle for Stroke {
    fn color(&self) -> BackendColor {
        self.color
    }

    fn stroke_width(&self) -> u32 {
        self.width
    }
}

/// A text as backends see it. They set it themselves, so it has neither a layout nor pixels of its own.
struct Set<'a>(&'a Text);

impl BackendTextStyle for Set<'_> {
    type FontError = Infallible;

    fn color(&self) -> BackendColor {
        self.0.color
    }

    fn size(&self) -> f64 {
        self.0.size * SIZE_FACTOR * f64::from(FINENESS)
    }

    fn transform(&self) -> FontTransform {
        if self.0.turned { FontTransform::Rotate270 } else { FontTransform::None }
    }

    fn anchor(&self) -> Pos {
        let horizontal = match self.0.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        Pos::new(horizontal, VPos::Center)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::Name(FAMILY)
    }

    fn layout_box(&self, _: &str) -> Result<((i32, i32), (i32, i32)), Infallible> {
        Ok(((0, 0), (0, 0)))
    }

    fn draw<E, F: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        _: &str,
        _: BackendCoord,
        _: F,
    ) -> Result<Result<(), E>, Infallible> {
        Ok(Ok(()))
    }
}
