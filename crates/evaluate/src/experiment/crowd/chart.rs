//! The plots: certified accuracy over the number of changes, attack success over the rate of poisoned texts.

use super::{Results, Row, certified::PRODUCT};
use crate::{
    experiment::{Guarantee, row},
    report::plot::{Axis, Chart, Series, Style},
};

/// How far the axis of changes goes.
const CHANGES: u32 = 10;

/// The plots of a run, by file name.
pub(super) fn charts(results: &Results) -> Vec<(&'static str, Chart)> {
    let certified = certified_accuracy(results).map(|chart| ("certified-accuracy", chart));
    let success = attack_success(results).map(|chart| ("attack-success", chart));
    certified.into_iter().chain(success).collect()
}

/// Of the first attack and rate. Rules that others improve on are in the table only.
fn certified_accuracy(results: &Results) -> Option<Chart> {
    let first = results.rows.first()?;
    let mut chart = Chart::new(
        "Certified accuracy against changes of a text",
        Axis::new("changes of the kind that the certificate is about").integers(),
        Axis::new("certified accuracy").percent(),
    )
    .with_caption(format!(
        "{} at rate {}; {} clean texts; α = {}; {}",
        first.setting.attack,
        first.setting.rate,
        first.n,
        results.settings.extent.alpha,
        results.settings.extent.seed_names()
    ));
    let groups = row::certified(&results.rows);
    if groups.is_empty() {
        return None;
    }
    for group in groups {
        let scene = |row: &Row| (row.setting.attack, row.setting.rate.to_bits());
        let Some(name) = group.figures.first().map(|certified| certified.curve.name.as_str()) else {
            continue;
        };
        if scene(group.row) != scene(first) || name.ends_with(PRODUCT) {
            continue;
        }
        let at = |radius| group.share(|certified| certified.curve.at(radius)).mean();
        let points = (0..=CHANGES).map(|radius| (f64::from(radius), at(radius))).collect();
        let refuted = group.row.guarantee == Guarantee::Refuted;
        let name = if refuted { format!("{name} (refuted)") } else { name.to_owned() };
        let style = if refuted { Style::DashedStep } else { Style::Step };
        chart = chart.with_series(Series::new(name, points).with_style(style));
    }
    Some(chart)
}

/// Of the first attack with more than one rate.
fn attack_success(results: &Results) -> Option<Chart> {
    let groups = row::attacked(&results.rows);
    let attack = groups.iter().map(|group| group.row.setting.attack).find(|attack| {
        let mut rates =
            groups.iter().map(|group| group.row.setting).filter(|setting| setting.attack == *attack);
        let first = rates.next().map(|setting| setting.rate.to_bits());
        rates.any(|setting| Some(setting.rate.to_bits()) != first)
    })?;
    let mut curves: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for group in groups.iter().filter(|group| group.row.setting.attack == attack) {
        let name = group.row.setting.defence.to_string();
        let point = (group.row.setting.rate, group.share(|attacked| attacked.metrics.success).mean());
        match curves.iter_mut().find(|(known, _)| *known == name) {
            Some((_, points)) => points.push(point),
            None => curves.push((name, vec![point])),
        }
    }
    let chart = Chart::new(
        "Attack success against poisoned training texts",
        Axis::new("poisoned share of the training texts"),
        Axis::new("attack success").percent(),
    )
    .with_caption(format!(
        "{attack}, {}, {}",
        results.settings.labels,
        results.settings.extent.seed_names()
    ));
    Some(curves.into_iter().fold(chart, |chart, (name, points)| chart.with_series(Series::new(name, points))))
}
