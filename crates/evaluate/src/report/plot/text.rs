//! The font that comes with this crate: widths, line breaks and the pixels of glyphs.

use std::sync::OnceLock;

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};

use crate::Error;

/// What an SVG asks its viewer for.
pub(crate) const FAMILY: &str = "Open Sans, Helvetica, Arial, sans-serif";

/// Viewers without Open Sans set an SVG in another font; the widest of the usual ones takes this much more.
const OTHER_FONTS: f64 = 1.15;

/// Open Sans Regular 3.003, see `assets/OpenSans-LICENSE.txt`.
static BYTES: &[u8] = include_bytes!("../../../assets/OpenSans-Regular.ttf");

fn font() -> Result<&'static FontRef<'static>, Error> {
    static FONT: OnceLock<Result<FontRef<'static>, ab_glyph::InvalidFont>> = OnceLock::new();
    let font = FONT.get_or_init(|| FontRef::try_from_slice(BYTES)).as_ref();
    font.map_err(|_| Error::Drawing(Box::new(ab_glyph::InvalidFont)))
}

/// `ab_glyph` measures from ascender to descender where everyone else measures ems.
fn scale(font: &FontRef<'_>, size: f64) -> PxScale {
    PxScale::from(size as f32 * font.height_unscaled() / font.units_per_em().unwrap_or(1000.0))
}

/// The width of a line of text of `size` pixels per em, with some room for other fonts.
pub(crate) fn width(text: &str, size: f64) -> Result<f64, Error> {
    let font = font()?.as_scaled(scale(font()?, size));
    let advance: f32 = text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum();
    Ok(f64::from(advance) * OTHER_FONTS)
}

/// Line breaks between words; a word that is wider than a line is cut.
pub(crate) fn lines(text: &str, size: f64, room: f64) -> Result<Vec<String>, Error> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if let Some(line) = lines.last_mut() {
            let longer = format!("{line} {word}");
            if width(&longer, size)? <= room {
                *line = longer;
                continue;
            }
        }
        lines.push(shortened(word, size, room)?);
    }
    Ok(lines)
}

/// One line that fits into `room`, with an ellipsis where it is cut.
pub(crate) fn shortened(text: &str, size: f64, room: f64) -> Result<String, Error> {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if width(&text, size)? <= room {
        return Ok(text);
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept, size)? + width("…", size)? > room {
            kept.pop();
            break;
        }
    }
    Ok(kept.trim_end().to_owned() + "…")
}

/// Calls `draw` with the offset from the start of the baseline and the coverage of every pixel of a line of text, after
/// `start` with the line's width and the height of a small letter, which gives the offset of the whole line.
pub(crate) fn rasterise<E>(
    text: &str,
    size: f64,
    start: impl FnOnce(f64, f64) -> (f64, f64),
    mut draw: impl FnMut(i32, i32, f64) -> Result<(), E>,
) -> Result<Result<(), E>, Error> {
    let font = font()?;
    let scale = scale(font, size);
    let scaled = font.as_scaled(scale);
    let advance: f32 = text.chars().map(|c| scaled.h_advance(scaled.glyph_id(c))).sum();
    let letter = font.outline(font.glyph_id('x')).map_or(0.5, |outline| {
        outline.bounds.max.y.max(outline.bounds.min.y) / font.units_per_em().unwrap_or(1000.0)
    });
    let (mut x, y) = start(f64::from(advance), f64::from(letter) * size);
    for c in text.chars() {
        let id = scaled.glyph_id(c);
        if let Some(glyph) = font.outline_glyph(id.with_scale_and_position(scale, point(x as f32, y as f32)))
        {
            let corner = glyph.px_bounds().min;
            let mut result = Ok(());
            glyph.draw(|column, row, coverage| {
                if result.is_ok() && coverage > 0.0 {
                    let at = (corner.x as i32 + column.cast_signed(), corner.y as i32 + row.cast_signed());
                    result = draw(at.0, at.1, f64::from(coverage.min(1.0)));
                }
            });
            if result.is_err() {
                return Ok(result);
            }
        }
        x += f64::from(scaled.h_advance(id));
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_and_shortened_to_fit() {
        let text = "certified accuracy of the smoothed classifier";
        let lines = lines(text, 12.0, 120.0).unwrap();
        assert!(lines.len() > 1 && lines.iter().all(|line| width(line, 12.0).unwrap() <= 120.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        let cut = shortened(text, 12.0, 120.0).unwrap();
        assert!(cut.ends_with('…') && width(&cut, 12.0).unwrap() <= 120.0, "{cut}");
        assert_eq!(shortened("a\nb", 12.0, 120.0).unwrap(), "a b");
        assert!(super::lines("", 12.0, 10.0).unwrap().is_empty());
    }

    #[test]
    fn the_font_has_the_signs_of_the_field() {
        let font = font().unwrap();
        for c in "αβδερσℓ₀₁₂≤≥×±−–—…π·∞".chars() {
            assert_ne!(font.glyph_id(c).0, 0, "{c}");
        }
    }
}
