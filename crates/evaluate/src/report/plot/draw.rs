//! From a chart to an SVG document, through plotters, and from that to a PNG file, through resvg.

use std::{f64::consts::TAU, ops::Range, sync::Arc};

use plotters::{
    data::float::pretty_print_float, element::DashedPathElement, prelude::*, style::register_font,
};
use resvg::{tiny_skia, usvg};

use super::{Axis, Chart, Series, Style, chart::Form};
use crate::Error;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Pixel = (i32, i32);

/// Open Sans Regular 3.003, see `assets/OpenSans-LICENSE.txt`.
static FONT: &[u8] = include_bytes!("../../../assets/OpenSans-Regular.ttf");
/// What an SVG asks its viewer for.
const FAMILY: &str = "Open Sans, Helvetica, Arial, sans-serif";
/// plotters measures less than it sets, and a viewer without Open Sans may set a wider font.
const SAFE_WIDTH: f64 = 1.2;

/// Lengths are in half pixels of the SVG, which are the pixels of the PNG.
const FINENESS: u32 = 2;
const WIDTH: i32 = 1600;
const PLOT_HEIGHT: i32 = 760;
const MARGIN: i32 = 44;
const ROW: i32 = 42;
const SWATCH: i32 = 76;
const SMALL: f64 = 25.0;

const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const SOFT_INK: RGBColor = RGBColor(0x55, 0x55, 0x55);
const GRID: RGBColor = RGBColor(0xe6, 0xe6, 0xe6);
/// The colours of Okabe and Ito that are dark enough on white, told apart with any colour vision.
const PALETTE: [u32; 7] =
    [0x0000_72b2, 0x00d5_5e00, 0x0000_9e73, 0x00cc_79a7, 0x00e6_9f00, 0x0056_b4e9, 0x0055_5555];

/// The chart as a PNG file.
pub(super) fn png(chart: &Chart) -> Result<Vec<u8>, Error> {
    let render = |svg: &str| -> Result<Vec<u8>, Failure> {
        let mut fonts = usvg::fontdb::Database::new();
        fonts.load_font_data(FONT.to_vec());
        let options = usvg::Options { fontdb: Arc::new(fonts), ..Default::default() };
        let tree = usvg::Tree::from_str(svg, &options)?;
        let (size, scale) = (tree.size().to_int_size(), FINENESS as f32);
        let pixels = tiny_skia::Pixmap::new(size.width() * FINENESS, size.height() * FINENESS);
        let mut pixels = pixels.ok_or("the chart is too large")?;
        resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
        Ok(pixels.encode_png()?)
    };
    render(&svg(chart)?).map_err(Error::Drawing)
}

/// The chart as an SVG document.
pub(super) fn svg(chart: &Chart) -> Result<String, Error> {
    let points = || chart.series.iter().flat_map(|series| &series.points);
    let ends = chart.lines.iter().map(|(x, _)| *x);
    let (xs, ys) = (points().map(|point| point.0).chain(ends.clone()), points().map(|point| point.1));
    for series in &chart.series {
        let mut values = series.points.iter().flat_map(|(x, y)| [*x, *y]);
        if let Some(value) = values.find(|value| !value.is_finite()) {
            return Err(Error::ChartValue { what: format!("value in the series {:?}", series.name), value });
        }
    }
    if let Some((value, label)) = chart.lines.iter().find(|(value, _)| !value.is_finite()) {
        return Err(Error::ChartValue { what: format!("reference line {label:?}"), value: *value });
    }
    let (x, y) = (shown(&chart.x, 'x', xs)?, shown(&chart.y, 'y', ys)?);
    draw(chart, &x, &y).map_err(Error::Drawing)
}

/// What an axis shows, for these values.
fn shown(axis: &Axis, name: char, values: impl Iterator<Item = f64>) -> Result<Range<f64>, Error> {
    // A range much narrower than its place, or than what plotters tells apart, has no ticks.
    let wide = |low: f64, high: f64| high - low > 1e-12 + low.abs().max(high.abs()) * 1e-9;
    let (low, high) = axis.range.unwrap_or_else(|| {
        match values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v))) {
            (low, high) if low > high => (0.0, 1.0),
            (low, high) if axis.form == Form::Percent && low >= 0.0 && high <= 1.0 => (0.0, 1.0),
            (low, high) if !wide(low, high) => (low - low.abs().max(1.0), high + high.abs().max(1.0)),
            fitted => fitted,
        }
    });
    // Room beyond the ends, so that marks there are whole.
    let room = (high - low) * 0.02;
    let shown = low - room..high + room;
    let drawable = wide(low, high) && (shown.end - shown.start).is_finite();
    if drawable { Ok(shown) } else { Err(Error::ChartRange { axis: name, low, high }) }
}

/// How many ticks an axis has at most, and the text of one; none for a fraction among integers.
fn ticks(form: Form, range: &Range<f64>) -> (usize, impl Fn(&f64) -> String + use<>) {
    let most = if form == Form::Integers { range.end.floor() - range.start.ceil() + 1.0 } else { 9.0 };
    let span = range.end - range.start;
    let write = move |value: &f64| {
        let value = if value.abs() < span * 1e-6 { 0.0 } else { *value };
        let print = |value: f64| pretty_print_float(value, !(1e-4..1e7).contains(&span)).replace('-', "−");
        match form {
            Form::Percent => print(value * 100.0) + "%",
            Form::Integers if (value - value.round()).abs() > 1e-6 => String::new(),
            Form::Integers | Form::Plain => print(value),
        }
    };
    (most.clamp(1.0, 9.0) as usize, write)
}

/// Text of that many half pixels per em; plotters counts otherwise.
fn style(em: f64, color: RGBColor) -> TextStyle<'static> {
    (FAMILY, em * 1.24).into_font().color(&color)
}

fn width(text: &str, em: f64) -> Result<i32, Failure> {
    let (wide, _) = style(em, INK).font.box_size(text)?;
    Ok((f64::from(wide) * SAFE_WIDTH).ceil() as i32)
}

/// The style and width of a line of text, smaller where it would not fit.
fn fitted(text: &str, em: f64, color: RGBColor, room: i32) -> Result<(TextStyle<'static>, i32), Failure> {
    let wide = width(text, em)?;
    let shrunk = em * (f64::from(room) / f64::from(wide.max(1))).min(1.0);
    Ok((style(shrunk, color), wide.min(room)))
}

/// Line breaks between words.
fn wrapped(text: &str, em: f64, room: i32) -> Result<Vec<String>, Failure> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), em)? <= room => *line = format!("{line} {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    Ok(lines)
}

fn color(series: usize) -> RGBColor {
    let [_, red, green, blue] =
        PALETTE.iter().cycle().nth(series).map_or([0; 4], |color| color.to_be_bytes());
    RGBColor(red, green, blue)
}

/// A mark with a white rim: a star, or one of three forms in rotation.
fn mark(area: &Area<'_>, (x, y): Pixel, number: usize, style: Style) -> Result<(), Failure> {
    for (size, color) in [(11, WHITE), (8, color(number))] {
        let star = (0..10).map(|corner| {
            let radius = f64::from(size + 3) * if corner % 2 == 0 { 1.6 } else { 0.7 };
            let (sine, cosine) = (TAU / 10.0 * f64::from(corner)).sin_cos();
            (x + (radius * sine).round() as i32, y - (radius * cosine).round() as i32)
        });
        match (style, number % 3) {
            (Style::Star, _) => area.draw(&Polygon::new(star.collect::<Vec<_>>(), color.filled())),
            (_, 0) => area.draw(&Circle::new((x, y), size, color.filled())),
            (_, 1) => {
                area.draw(&Rectangle::new([(x - size, y - size), (x + size, y + size)], color.filled()))
            }
            _ => area.draw(&TriangleMarker::new((x, y), size + 3, color.filled())),
        }?;
    }
    Ok(())
}

fn stroke(area: &Area<'_>, path: Vec<Pixel>, number: usize, style: Style) -> Result<(), Failure> {
    let stroke = color(number).stroke_width(4);
    match style {
        Style::Dashed | Style::DashedStep => area.draw(&DashedPathElement::new(path, 16, 11, stroke))?,
        Style::Line | Style::Step => area.draw(&PathElement::new(path, stroke))?,
        Style::Star => {}
    }
    Ok(())
}

/// A series where its points have a place.
fn curve(
    area: &Area<'_>,
    number: usize,
    series: &Series,
    place: impl Fn(&(f64, f64)) -> Option<Pixel>,
) -> Result<(), Failure> {
    let mut path = Vec::new();
    let mut last = None;
    let steps = matches!(series.style, Style::Step | Style::DashedStep);
    for &(x, y) in &series.points {
        path.extend(last.filter(|_| steps).map(|last| place(&(x, last))));
        path.push(place(&(x, y)));
        last = Some(y);
    }
    for part in path.split(Option::is_none).filter(|part| part.len() > 1) {
        stroke(area, part.iter().copied().flatten().collect(), number, series.style)?;
    }
    let marked: Vec<_> = series.points.iter().filter_map(place).collect();
    // A single point has no line, whatever the style; many markers would touch each other.
    let sparse = series.style == Style::Line && marked.len() <= 60;
    if sparse || series.style == Style::Star || marked.len() == 1 {
        marked.into_iter().try_for_each(|at| mark(area, at, number, series.style))?;
    }
    Ok(())
}

fn draw(chart: &Chart, x: &Range<f64>, y: &Range<f64>) -> Result<String, Failure> {
    register_font(FAMILY, FontStyle::Normal, FONT).map_err(|_| "the font cannot be read")?;
    let ((most_x, write_x), (most_y, write_y)) = (ticks(chart.x.form, x), ticks(chart.y.form, y));
    let mut left = MARGIN;
    for tick in plotters::coord::types::RangedCoordf64::from(y.clone()).key_points(most_y) {
        left = left.max(MARGIN + 80 + width(&write_y(&tick), SMALL)?);
    }
    let (right, room) = (WIDTH - MARGIN, WIDTH - MARGIN - left);
    let inside = |(at, to): &&(f64, f64)| x.contains(at) && y.contains(to);

    // Stars come last: in the legend, in colours, and on top.
    let mut all: Vec<_> = chart.series.iter().collect();
    all.sort_by_key(|series| series.style == Style::Star);

    // Above the plot, from the top: title, caption, legend, and the labels of the reference lines.
    let (mut texts, mut cursor) = (Vec::new(), MARGIN);
    for (text, em, color, row) in [(&chart.title, 38.0, INK, 54), (&chart.caption, SMALL, SOFT_INK, 36)] {
        for line in wrapped(text, em, room)? {
            let (style, _) = fitted(&line, em, color, room)?;
            texts.push((line, style, (left, cursor)));
            cursor += row;
        }
    }
    let (mut keys, mut at) = (Vec::new(), WIDTH);
    for (number, series) in all.iter().enumerate() {
        if series.name.is_empty() || !series.points.iter().any(|point| inside(&point)) {
            continue;
        }
        let (style, wide) = fitted(&series.name, SMALL, INK, room - SWATCH)?;
        if at + SWATCH + wide > right {
            (at, cursor) = (left, cursor + ROW);
        }
        keys.push((number, series.style, (at, cursor - ROW + 24)));
        texts.push((series.name.clone(), style, (at + SWATCH, cursor - ROW + 10)));
        at += SWATCH + wide + 20;
    }
    let mut labels = Vec::new();
    for (at, label) in chart.lines.iter().filter(|(at, _)| x.contains(at)) {
        let (style, wide) = fitted(label, SMALL, SOFT_INK, room)?;
        let at = left + ((at - x.start) / (x.end - x.start) * f64::from(room)) as i32;
        let turned = at + wide > right;
        let start = if turned { (at + 10 - wide).max(left) } else { at - 10 };
        // Down and away from where labels start, so that lines come down beside the labels below them.
        labels.push(((turned, if turned { -at } else { at }), at, start..start + wide, label, style));
    }
    labels.sort_by_key(|label| label.0);
    let (mut dashes, mut row) = (Vec::new(), 0..WIDTH);
    for (_, at, taken, label, style) in labels {
        if taken.start < row.end + 20 && row.start < taken.end + 20 {
            (cursor, row) = (cursor + ROW, taken.clone());
        }
        row = row.start.min(taken.start)..row.end.max(taken.end);
        dashes.push((at, cursor));
        texts.push((label.clone(), style, (taken.start, cursor - ROW + 10)));
    }

    let (top, bottom) = (cursor + 14, cursor + 14 + PLOT_HEIGHT);
    let (mut document, size) = (String::new(), (WIDTH as u32, (bottom + 130) as u32));
    let area = SVGBackend::with_string(&mut document, size).into_drawing_area();
    area.fill(&WHITE)?;
    let mut plot = ChartBuilder::on(&area)
        .margin_top(top)
        .margin_right(MARGIN)
        .margin_bottom(30)
        .margin_left(MARGIN)
        .x_label_area_size(100)
        .y_label_area_size(left - MARGIN)
        .build_cartesian_2d(x.clone(), y.clone())?;
    let longer = [&chart.x.label, &chart.y.label].into_iter().max_by_key(|label| label.len());
    let (label_style, _) = fitted(longer.map_or("", |label| label), 28.0, INK, PLOT_HEIGHT)?;
    plot.configure_mesh()
        .x_labels(most_x)
        .y_labels(most_y)
        .x_label_formatter(&write_x)
        .y_label_formatter(&write_y)
        .x_desc(&chart.x.label)
        .y_desc(&chart.y.label)
        .label_style(style(SMALL, INK))
        .axis_desc_style(label_style)
        .axis_style(SOFT_INK.stroke_width(2))
        .bold_line_style(GRID.stroke_width(2))
        .max_light_lines(0)
        .set_all_tick_mark_size(8)
        .draw()?;

    for (at, top) in dashes {
        area.draw(&DashedPathElement::new([(at, top), (at, bottom)], 10, 8, SOFT_INK.stroke_width(3)))?;
    }
    for (text, style, at) in texts {
        area.draw_text(&text, &style, at)?;
    }
    for (number, style, (at, middle)) in keys {
        let end = at + SWATCH - 16;
        stroke(&area, vec![(at, middle), (end, middle)], number, style)?;
        if matches!(style, Style::Line | Style::Star) {
            mark(&area, (i32::midpoint(at, end), middle), number, style)?;
        }
    }
    let place = |point: &(f64, f64)| inside(&point).then(|| plot.backend_coord(point));
    for (number, series) in all.into_iter().enumerate() {
        curve(&area, number, series, place)?;
    }
    area.present()?;
    drop((plot, area));
    // What XML does not allow.
    document.retain(|c| c == '\n' || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')));
    // What the document is shown at is half of what it was drawn at.
    let written = |(width, height): (u32, u32)| format!("width=\"{width}\" height=\"{height}\"");
    Ok(document.replacen(&written(size), &written((size.0 / FINENESS, size.1 / FINENESS)), 1))
}
