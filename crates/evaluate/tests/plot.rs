//! Charts that are odd in some way: every one is drawn or refused, none panics. The good ones are kept where
//! `STEADFAST_PLOT_SAMPLES` says, to be looked at.

use resvg::tiny_skia::{Pixmap, PremultipliedColorU8};
use steadfast_evaluate::{
    Error,
    report::plot::{Axis, Chart, Series, Style},
};

fn radius() -> Axis {
    Axis::new("certified radius r (pixels)").integers().with_range(0.0, 4.0)
}

fn accuracy() -> Axis {
    Axis::new("certified accuracy").percent().with_range(0.0, 1.0)
}

fn curve(start: f64, fall: f64, points: u32) -> Vec<(f64, f64)> {
    let step = 4.0 / f64::from(points - 1);
    (0..points).map(|k| f64::from(k) * step).map(|x| (x, start * (-fall * x * x).exp())).collect()
}

fn two() -> Chart {
    Chart::new("MNIST, 1 against 7: certified accuracy", radius(), accuracy())
        .with_caption("1,000 votes per input, confidence 99.9%, 2,197 inputs, seed 7")
        .with_series(Series::new(
            "exact region bound",
            vec![(0.0, 0.99), (1.0, 0.86), (2.0, 0.52), (3.0, 0.0), (4.0, 0.0)],
        ))
        .with_series(
            Series::new(
                "bound of the paper",
                vec![(0.0, 0.99), (1.0, 0.74), (2.0, 0.36), (3.0, 0.0), (4.0, 0.0)],
            )
            .with_style(Style::Dashed),
        )
        .with_line(2.0, "sampling ceiling")
        .with_point(2.0, 0.36, "Wang et al. 2020: 36% at r = 2")
}

fn six() -> Chart {
    let names = [
        "exact region bound, n = 1,000",
        "exact region bound, n = 10,000",
        "ℓ₀ ball (Levine & Feizi)",
        "ablation, k = 20",
        "empirical attack",
        "α = 0.001, β = 0.9",
    ];
    let styles = [Style::Line, Style::Line, Style::Line, Style::Step, Style::Dashed, Style::Line];
    let mut chart = Chart::new("A long title that says in full what was measured, on which data, and under which attack of the literature", radius(), accuracy())
        .with_caption("A caption that is also long: 10,000 votes per input, confidence 99.9%, 2,197 inputs, seed 7, CPU, and a note on what the curves leave out")
        .with_line(1.6, "ceiling at n = 1,000")
        .with_line(1.7, "ceiling at n = 10,000")
        .with_line(3.95, "ceiling at n = 1,000,000")
        .with_point(2.0, 0.36, "Wang et al. 2020")
        .with_point(0.0, 0.995, "clean accuracy of the base classifier, for comparison")
        .with_point(4.0, 0.02, "nobody");
    for (number, (name, style)) in (0_u32..).zip(names.into_iter().zip(styles)) {
        let points = curve(0.99 - 0.05 * f64::from(number), 0.08 + 0.07 * f64::from(number), 5 + 4 * number);
        chart = chart.with_series(Series::new(name, points).with_style(style));
    }
    chart
}

fn fitted() -> Chart {
    let noise = |k: i32| f64::from(k * 7919 % 101) / 101.0 - 0.5;
    let dense = (0..400)
        .map(|k| (f64::from(k) * 25.0, (f64::from(k) / 60.0).sin() * 0.02 + noise(k) * 0.004))
        .collect();
    Chart::new("Training", Axis::new("step"), Axis::new("loss")).with_series(Series::new("", dense))
}

fn crowded() -> Chart {
    let long = "a name that is longer than a line of the legend has room for, whatever the font and however small it is drawn";
    let axis =
        Axis::new("an axis label that does not fit beside its axis when it is not drawn smaller than usual");
    (0..4).fold(Chart::new("Supercalifragilistic".repeat(5), axis.clone(), axis), |chart, k| {
        let shift = f64::from(k);
        let points = curve(2000.0, 0.4, 9).into_iter().map(|(x, y)| (x * 5e3, y - 500.0 * shift)).collect();
        chart
            .with_series(Series::new(format!("{k} {long}"), points).with_style(Style::Step))
            .with_line(17_000.0 + 900.0 * shift, format!("limit number {k} of four"))
            .with_point(4e3 * shift, 100.0 * shift, "a point")
    })
}

/// The texts of an SVG, each on a line of its own.
fn texts(chart: &Chart) -> Vec<String> {
    let svg = chart.to_svg().unwrap();
    svg.lines().filter(|line| !line.starts_with('<')).map(str::to_owned).collect()
}

#[test]
fn samples_are_drawn_the_same_twice() {
    for (name, chart) in [("two", two()), ("six", six()), ("fitted", fitted()), ("crowded", crowded())] {
        let (svg, png) = (chart.to_svg().unwrap(), chart.to_png().unwrap());
        assert_eq!((&svg, &png), (&chart.to_svg().unwrap(), &chart.to_png().unwrap()));
        let pixels = Pixmap::decode_png(&png).unwrap();
        let shown = format!("<svg width=\"800\" height=\"{}\"", pixels.height() / 2);
        assert!(pixels.width() == 1600 && svg.starts_with(&shown), "{}", svg.lines().next().unwrap());
        let blue =
            |pixel: &&PremultipliedColorU8| (pixel.red(), pixel.green(), pixel.blue()) == (0, 0x72, 0xb2);
        assert!(pixels.pixels().iter().filter(blue).count() > 1000, "{name} lacks its first curve");
        if let Some(folder) = std::env::var_os("STEADFAST_PLOT_SAMPLES") {
            let folder = std::path::PathBuf::from(folder);
            chart.write_svg(folder.join(format!("{name}.svg"))).unwrap();
            chart.write_png(folder.join(format!("{name}.png"))).unwrap();
        }
    }
}

#[test]
fn all_that_a_chart_says_is_in_it() {
    let found = texts(&two());
    for text in [
        "MNIST, 1 against 7: certified accuracy",
        "1,000 votes per input, confidence 99.9%, 2,197 inputs, seed 7",
        "exact region bound",
        "bound of the paper",
        "sampling ceiling",
        "Wang et al. 2020: 36% at r = 2",
        "certified radius r (pixels)",
        "certified accuracy",
    ] {
        assert!(found.iter().any(|line| line == text), "{text} not in {found:?}");
    }
    let six = texts(&six());
    let title = six.iter().position(|line| line.starts_with("A long title")).unwrap();
    assert_eq!(six[title + 1], "under which attack of the literature");
    let json = serde_json::to_value(two()).unwrap();
    assert_eq!(json["series"][1]["points"][1], serde_json::json!([1.0, 0.74]));
}

#[test]
fn ticks_are_round_numbers() {
    let ticks = |axis: Axis, values: &[f64]| {
        let points = values.iter().map(|value| (*value, 0.0)).collect();
        let y = Axis::new("").percent().with_range(0.0, 1.0);
        let chart = Chart::new("", axis, y).with_series(Series::new("", points));
        texts(&chart).into_iter().filter(|text| !text.is_empty() && !text.ends_with('%')).collect::<Vec<_>>()
    };
    let plain = || Axis::new("");
    assert_eq!(ticks(plain(), &[0.0, 1.0]), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
    assert_eq!(
        ticks(plain(), &[-0.018, 0.02]),
        ["−0.015", "−0.01", "−0.005", "0", "0.005", "0.01", "0.015", "0.02"]
    );
    assert_eq!(ticks(plain(), &[0.0, 3e9]), ["0", "5e8", "1e9", "1.5e9", "2e9", "2.5e9", "3e9"]);
    assert_eq!(ticks(plain().integers(), &[0.0, 4.0]), ["0", "1", "2", "3", "4"]);
    assert_eq!(ticks(plain().integers().with_range(0.2, 0.9), &[0.5]), [""; 0]);
    let percent = Chart::new("", plain(), plain().percent()).with_point(0.0, 0.3, "");
    let percent: Vec<_> = texts(&percent).into_iter().filter(|text| text.ends_with('%')).collect();
    assert_eq!(percent, ["0%", "20%", "40%", "60%", "80%", "100%"]);
}

#[test]
fn the_font_has_the_signs_of_the_field() {
    let drawn = |c: char| Chart::new(c, Axis::new(""), Axis::new("")).to_png().unwrap();
    let (missing, nothing) = (drawn('\u{e000}'), drawn(' '));
    for c in "αβδερσℓ₀₁₂≤≥×±−–—…π·∞".chars() {
        assert!(drawn(c) != missing && drawn(c) != nothing, "{c}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let path = std::env::temp_dir().join("no such folder/chart.png");
    for error in [two().write_png(&path).unwrap_err(), two().write_svg(&path).unwrap_err()] {
        assert!(matches!(error, Error::Io { .. }) && error.to_string().contains("no such folder"), "{error}");
    }
}

#[test]
fn odd_charts_are_drawn() {
    let plain = || Chart::new("", Axis::new(""), Axis::new(""));
    let charts = [
        plain(),
        plain().with_series(Series::new("empty", vec![])),
        plain().with_series(Series::new("one", vec![(3.0, 3.0)]).with_style(Style::Step)),
        plain().with_series(
            Series::new("twice the same", vec![(1.0, 1.0), (1.0, 1.0)]).with_style(Style::Dashed),
        ),
        plain().with_series(Series::new("large", vec![(-1e15, 1e300), (1e15, -1e300)])),
        two().with_point(9.0, 9.0, "outside").with_line(-1.0, "outside"),
        two().with_series(Series::new("through the frame", vec![(-10.0, -5.0), (10.0, 5.0), (1.0, 99.0)])),
        plain().with_point(1.0, 1.0, "<&\"'> \u{0}\u{7}\u{ffff} \n line").with_line(1.0, "x".repeat(500)),
        plain().with_series(Series::new("small", vec![(1e-300, 5e-324), (2e-300, 1e-323)])),
        (0..40).fold(plain(), |chart, k| {
            chart.with_series(Series::new(format!("{k}"), curve(1.0, f64::from(k), 3)))
        }),
    ];
    for chart in charts {
        let svg = chart.to_svg().unwrap();
        assert!(!svg.contains('\u{0}') && !svg.contains("NaN") && !svg.contains("outside"), "{svg}");
        chart.to_png().unwrap();
    }
}

#[test]
fn numbers_without_a_place_are_refused() {
    let bad = [f64::NAN, f64::INFINITY];
    for value in bad {
        for chart in [
            two().with_series(Series::new("s", vec![(0.0, value)])),
            two().with_series(Series::new("s", vec![(value, 0.0)])),
            two().with_line(value, "l"),
            two().with_point(value, 0.0, "p"),
            two().with_point(0.0, value, "p"),
        ] {
            assert!(matches!(chart.to_svg(), Err(Error::ChartValue { .. })));
        }
    }
    for (low, high) in [
        (1.0, 1.0),
        (2.0, 1.0),
        (f64::NAN, 1.0),
        (0.0, f64::INFINITY),
        (-1e308, 1.7e308),
        (1e17, 1e17 + 64.0),
    ] {
        let flat = Chart::new("", Axis::new("").with_range(low, high), Axis::new(""));
        assert!(matches!(flat.to_png(), Err(Error::ChartRange { axis: 'x', .. })), "{low} to {high}");
    }
}
