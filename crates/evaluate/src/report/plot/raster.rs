//! A bitmap with smooth lines and well-set text.

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform, text_anchor::HPos,
};
use plotters_bitmap::BitMapBackend;

use super::text::rasterise;

/// [`BitMapBackend`] with its own text, drawn with the font of this crate, and with lines that join round.
pub(crate) struct Raster<'a>(pub(crate) BitMapBackend<'a>);

type Result<'a, T = ()> =
    std::result::Result<T, DrawingErrorKind<<BitMapBackend<'a> as DrawingBackend>::ErrorType>>;

impl<'a> DrawingBackend for Raster<'a> {
    type ErrorType = <BitMapBackend<'a> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.0.get_size()
    }

    fn ensure_prepared(&mut self) -> Result<'a> {
        self.0.ensure_prepared()
    }

    fn present(&mut self) -> Result<'a> {
        self.0.present()
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Result<'a> {
        let (width, height) = self.get_size();
        let inside = u32::try_from(x).is_ok_and(|x| x < width) && u32::try_from(y).is_ok_and(|y| y < height);
        if inside { self.0.draw_pixel((x, y), color) } else { Ok(()) }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<'a> {
        let (color, half) = (style.color(), f64::from(style.stroke_width()) / 2.0);
        let mut last: Option<BackendCoord> = None;
        for point in path {
            if half > 1.0 {
                self.draw_circle(point, half.floor() as u32, &color, true)?;
            }
            if let Some(from) = last.filter(|from| *from != point) {
                let (dx, dy) = (f64::from(point.0 - from.0), f64::from(point.1 - from.1));
                let length = dx.hypot(dy);
                let side = (-dy / length * half, dx / length * half);
                let corner = |(x, y): BackendCoord, sign: f64| {
                    (
                        (f64::from(x) + sign * side.0).round() as i32,
                        (f64::from(y) + sign * side.1).round() as i32,
                    )
                };
                let corners =
                    [corner(from, 1.0), corner(point, 1.0), corner(point, -1.0), corner(from, -1.0)];
                self.fill_polygon(corners, &color)?;
            }
            last = Some(point);
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        position: BackendCoord,
    ) -> Result<'a> {
        let (color, transform, anchor) = (style.color(), style.transform(), style.anchor().h_pos);
        let start = |width: f64, letter: f64| {
            let x = match anchor {
                HPos::Left => 0.0,
                HPos::Center => -width / 2.0,
                HPos::Right => -width,
            };
            (x, letter / 2.0)
        };
        let draw = |x: i32, y: i32, coverage: f64| {
            let (x, y) = match transform {
                FontTransform::None => (x, y),
                FontTransform::Rotate90 => (-y, x),
                FontTransform::Rotate180 => (-x, -y),
                FontTransform::Rotate270 => (y, -x),
            };
            let color = BackendColor { alpha: color.alpha * coverage, ..color };
            self.draw_pixel((position.0 + x, position.1 + y), color)
        };
        rasterise(text, style.size() / super::paint::SIZE_FACTOR, start, draw)
            .unwrap_or_else(|error| Err(DrawingErrorKind::FontError(Box::new(error))))
    }
}
