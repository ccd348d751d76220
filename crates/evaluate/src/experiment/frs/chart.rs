//! The plots: certified accuracy over the number of changes, and what searches find over their budget.

use super::Results;
use crate::{
    experiment::{Guarantee, row},
    report::plot::{Axis, Chart, Series, Style},
};
use std::collections::BTreeSet;

/// How far the axis of changes goes.
const CHANGES: u32 = 40;

/// The plots of a run, by file name.
pub(super) fn charts(results: &Results) -> Vec<(&'static str, Chart)> {
    let certified = certified_accuracy(results).map(|chart| ("certified-accuracy", chart));
    certified.into_iter().chain(searches(results).map(|chart| ("searches", chart))).collect()
}

/// Of the first attack, each defence against the first attacker of those that it is certified against.
fn certified_accuracy(results: &Results) -> Option<Chart> {
    let first = results.rows.first()?;
    let groups = row::certified(&results.rows);
    let mut defenders = BTreeSet::new();
    let groups: Vec<_> = groups
        .into_iter()
        .filter(|group| group.row.setting.attack == first.setting.attack)
        .filter(|group| defenders.insert(group.row.setting.defender()))
        .collect();
    if groups.is_empty() {
        return None;
    }
    let chart = Chart::new(
        "Certified accuracy against changes of a text",
        Axis::new("changes of the kind that the certificate is about").integers(),
        Axis::new("certified accuracy").percent(),
    )
    .with_caption(format!(
        "{}; {} clean texts; α = {}; {}",
        first.setting.attack.title(),
        first.n,
        results.settings.extent.alpha,
        results.settings.extent.seed_names()
    ));
    Some(groups.into_iter().fold(chart, |chart, group| {
        let at = |radius| group.share(|certified| certified.curve.at(radius)).mean();
        let points = (0..=CHANGES).map(|radius| (f64::from(radius), at(radius))).collect();
        let conditional = group.row.guarantee == Guarantee::Conditional;
        let (defence, threat, n) = (group.row.setting.defender(), &group.row.threat, group.row.n);
        let about = if conditional { " (conditional)".to_owned() } else { format!(": {threat}") };
        let fewer = if n < first.n { format!(" ({n} texts)") } else { String::new() };
        let name = format!("{defence}{about}{fewer}");
        let style = if conditional { Style::DashedStep } else { Style::Step };
        chart.with_series(Series::new(name, points).with_style(style))
    }))
}

/// Of each attack, the first seed.
fn searches(results: &Results) -> Option<Chart> {
    let mut curves: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    let seed = results.settings.extent.seed;
    for found in results.found.iter().filter(|found| found.texts > 0 && found.seed == seed) {
        for (what, value) in [("found", found.recall), ("exactly", found.exact)] {
            let name = format!("{}, {what}", found.attack.title());
            let point = (f64::from(found.budget), value);
            match curves.iter_mut().find(|(known, _)| *known == name) {
                Some((_, points)) => points.push(point),
                None => curves.push((name, vec![point])),
            }
        }
    }
    if curves.is_empty() {
        return None;
    }
    let chart = Chart::new(
        "Triggers that a search finds",
        Axis::new("steps of the search").integers(),
        Axis::new("trigger words in the area; texts whose area is the trigger").percent(),
    )
    .with_caption(format!("seed {seed}"));
    Some(curves.into_iter().fold(chart, |chart, (name, points)| chart.with_series(Series::new(name, points))))
}
