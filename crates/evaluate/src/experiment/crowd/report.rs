//! [`Results`]: the rows as tables and as files.

use super::{Row, Setting, Settings, Shown, certified::PRODUCT, chart, run::FILE, shown::by_text};
use crate::{
    Error,
    experiment::{
        Certified,
        row::{self, Repeated},
    },
    metrics::{Share, Spread},
    report::{Table, file::OutputFolder},
};
use serde::{Deserialize, Serialize};

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

impl Results {
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
        let groups = row::attacked(&self.rows);
        let mut table = Table::new(columns).with_title(format!(
            "Accuracy on {} clean texts (CA), accuracy (PA) and attack success (ASR) on triggered texts of other classes than {}; \
             {}, {}. Copies: noisy copies per clean text that the encoder answered.",
            groups.first().map_or(0, |group| group.row.n),
            self.settings.extent.target,
            self.settings.labels,
            self.settings.extent.seed_names()
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
                format!("{:.0}", group.mean(|attacked| attacked.model_queries)),
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
        let mut table = Table::new(head.into_iter().chain(radii).chain(last)).with_title(format!(
            "Clean test texts that are certified with their true class; {} (those of textguard \
             for certain), for classifiers whose logits are within {:e} of those computed. Covers the attack: triggered texts whose \
             certificate includes what the attack did; labels of training texts are taken as given.",
            self.settings.extent.reservation(),
            self.settings.extent.epsilon
        ));
        let groups = row::certified(&self.rows);
        for (number, group) in groups.iter().enumerate() {
            // The product of overlaps is shown where it certifies less than the rule before it.
            let before = number.checked_sub(1).and_then(|before| groups.get(before));
            if before.is_some_and(|before| is_same_product(group, before)) {
                continue;
            }
            let Row { setting, threat, guarantee, .. } = group.row;
            let name = group.figures.first().map_or("", |certified| &certified.curve.name);
            let radii =
                RADII.map(|radius| format!("{:#}", group.share(|certified| certified.curve.at(radius))));
            let covered = Spread::of(group.figures.iter().filter_map(|certified| certified.covered));
            let head =
                [setting.attack.to_string(), setting.rate.to_string(), name.to_owned(), threat.clone()];
            let last =
                [format!("{:#}", group.share(|certified| certified.at_share(1.0))), format!("{covered:#}")];
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
            chart.write(output, name)?;
        }
        output.write_json(FILE, self).map(drop)
    }
}

/// Whether these are certificates by the product of overlaps, and the same as those before.
fn is_same_product(
    group: &Repeated<'_, Setting, Certified>,
    before: &Repeated<'_, Setting, Certified>,
) -> bool {
    let curves = || group.figures.iter().zip(&before.figures).map(|(own, other)| (&own.curve, &other.curve));
    let product = curves().all(|(own, _)| own.name.ends_with(PRODUCT));
    product && curves().all(|(own, other)| own.radii == other.radii)
}
