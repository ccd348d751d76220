//! [`Results`]: the rows as tables and as files.

use super::{Attacked, Certified, Figures, Row, Settings, Shown, chart, run::FILE, shown::by_text};
use crate::{
    Error,
    metrics::{Share, Spread},
    report::{Table, file::OutputFolder},
};
use serde::{Deserialize, Serialize};
use statrs::statistics::Statistics;

/// All attacks against all defences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The settings.
    pub settings: Settings,
    /// The fingerprint of the texts, in hexadecimal.
    pub task: String,
    /// What was observed and what is certified, for each seed, attack, rate and defence.
    pub rows: Vec<Row>,
    /// A few texts of each defence with noise.
    pub shown: Vec<Shown>,
}

/// Radii in the table.
const RADII: [u32; 4] = [0, 1, 2, 5];

/// Rows that differ in nothing but the seed, the first of them named.
pub(super) struct Repeated<'a, F> {
    pub(super) row: &'a Row,
    pub(super) figures: Vec<&'a F>,
}

impl<F> Repeated<'_, F> {
    pub(super) fn share(&self, of: impl Fn(&F) -> Share) -> Spread {
        Spread::of(self.figures.iter().map(|figures| of(figures)))
    }

    fn mean(&self, of: impl Fn(&F) -> f64) -> f64 {
        self.figures.iter().map(|figures| of(figures)).mean()
    }
}

/// Rows by what they are about, in the order of their first occurrence; `same` tells the figures of one row apart.
fn repeated<'a, F>(
    rows: &'a [Row],
    figures: impl Fn(&'a Row) -> Option<&'a F>,
    same: impl Fn(&F, &F) -> bool,
) -> Vec<Repeated<'a, F>> {
    let mut found: Vec<Repeated<'a, F>> = Vec::new();
    for (row, own) in rows.iter().filter_map(|row| Some((row, figures(row)?))) {
        let repeats = |group: &&mut Repeated<'a, F>| {
            row.setting.repeats(&group.row.setting)
                && group.figures.first().is_some_and(|first| same(first, own))
        };
        match found.iter_mut().find(repeats) {
            Some(group) => group.figures.push(own),
            None => found.push(Repeated { row, figures: vec![own] }),
        }
    }
    found
}

impl Results {
    pub(super) fn attacked(&self) -> Vec<Repeated<'_, Attacked>> {
        fn pick(row: &Row) -> Option<&Attacked> {
            match &row.figures {
                Figures::Attacked(attacked) => Some(attacked),
                Figures::Certified(_) => None,
            }
        }
        repeated(&self.rows, pick, |_, _| true)
    }

    pub(super) fn certified(&self) -> Vec<Repeated<'_, Certified>> {
        fn pick(row: &Row) -> Option<&Certified> {
            match &row.figures {
                Figures::Certified(certified) => Some(certified),
                Figures::Attacked(_) => None,
            }
        }
        repeated(&self.rows, pick, |a, b| a.curve.name == b.curve.name)
    }

    /// The seeds, for people.
    pub(super) fn seeds(&self) -> String {
        let seeds: Vec<String> = self.settings.seeds().map(|seed| seed.to_string()).collect();
        format!("{} {}", if seeds.len() == 1 { "seed" } else { "seeds" }, seeds.join(", "))
    }

    /// What attacks do to each defence, and what it costs.
    #[must_use]
    pub fn attacks_table(&self) -> Table {
        let columns = [
            "attack",
            "rate",
            "defence",
            "CA",
            "PA",
            "ASR",
            "flagged",
            "false flags",
            "copies",
            "votes",
            "training",
        ];
        let groups = self.attacked();
        let mut table = Table::new(columns).with_title(format!(
            "Accuracy on {} clean texts (CA), accuracy (PA) and attack success (ASR) on triggered texts of other classes than {}; \
             {}, {}. Copies: noisy copies per clean text that the encoder answered.",
            groups.first().map_or(0, |group| group.row.n),
            self.settings.target,
            self.settings.labels,
            self.seeds()
        ));
        for group in &groups {
            let flagged = |of: fn(&crate::baseline::Detection) -> Share| {
                let shares = group.figures.iter().filter_map(|attacked| attacked.detection.as_ref());
                format!("{:#}", Spread::of(shares.map(of)))
            };
            let setting = &group.row.setting;
            table.push([
                setting.attack.to_string(),
                setting.rate.to_string(),
                setting.defence.to_string(),
                group.share(|attacked| attacked.metrics.clean).to_string(),
                format!("{:#}", group.share(|attacked| attacked.metrics.poisoned)),
                format!("{:#}", group.share(|attacked| attacked.metrics.success)),
                flagged(|detection| detection.triggered),
                flagged(|detection| detection.clean),
                format!("{:.0}", group.mean(|attacked| attacked.questions)),
                format!("{:.0}", group.mean(|attacked| attacked.samples)),
                format!("{:.0} s", group.mean(|attacked| attacked.training_seconds)),
            ]);
        }
        table
    }

    /// What is certified, against whom, what that is worth, and whether it covers the attack.
    #[must_use]
    pub fn certificates_table(&self) -> Table {
        let radii = RADII.map(|radius| format!("r = {radius}"));
        let head = ["attack", "rate", "certificate", "an attacker who …", "guarantee"].map(str::to_owned);
        let last = ["all words", "covers the attack"].map(str::to_owned);
        let certificates =
            if self.settings.simultaneous { "all certificates hold" } else { "each certificate holds" };
        let mut table = Table::new(head.into_iter().chain(radii).chain(last)).with_title(format!(
            "Clean test texts that are certified with their true class; {certificates} with probability {} or more (those of textguard \
             for certain), for classifiers whose logits are within {:e} of those computed. Covers the attack: triggered texts whose \
             certificate includes what the attack did; labels of training texts are taken as given.",
            1.0 - self.settings.alpha, self.settings.epsilon
        ));
        for group in self.certified() {
            let Row { setting, threat, guarantee, .. } = group.row;
            let name = group.figures.first().map_or("", |certified| &certified.curve.name);
            let radii =
                RADII.map(|radius| format!("{:#}", group.share(|certified| certified.curve.at(radius))));
            let covered = Spread::of(group.figures.iter().filter_map(|certified| certified.covered));
            let head =
                [setting.attack.to_string(), setting.rate.to_string(), name.to_owned(), threat.clone()];
            let last =
                [format!("{:#}", group.share(|certified| certified.all_words)), format!("{covered:#}")];
            table.push(head.into_iter().chain([guarantee.to_string()]).chain(radii).chain(last));
        }
        table
    }

    /// Everything as text.
    #[must_use]
    pub fn report(&self) -> String {
        let certificates = self.certificates_table();
        let certificates =
            if certificates.rows().is_empty() { String::new() } else { certificates.to_string() };
        let parts = [self.attacks_table().to_string(), certificates, by_text(&self.shown)];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    /// Writes `results.json`, `crowd.md`, and the plots: `certified-accuracy` over the number of changes and, where there are several
    /// rates, `attack-success` over the rate, both as SVG and PNG.
    ///
    /// # Errors
    /// Those of [`OutputFolder`] and of the charts.
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write("crowd.md", format!("{}\n", self.report()).as_bytes())?;
        for (name, chart) in chart::charts(self) {
            chart.write_svg(output.join(format!("{name}.svg")))?;
            chart.write_png(output.join(format!("{name}.png")))?;
        }
        output.write_json(FILE, self).map(drop)
    }
}
