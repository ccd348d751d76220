//! [`Results`]: the rows as tables and as files.

use super::{Case, Found, Implanted, Row, Setting, Settings, Vocabulary, chart, paper, run::FILE};
use crate::{
    Error,
    experiment::{
        Certified, Guarantee,
        row::{self, Repeated},
    },
    metrics::Spread,
    report::{Table, file::OutputFolder},
};
use serde::{Deserialize, Serialize};
use statrs::statistics::Statistics;
use std::collections::BTreeSet;

/// All backdoors against all defences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The settings.
    pub settings: Settings,
    /// The fingerprint of the texts, in hexadecimal.
    pub task: String,
    /// What was planted, and how well it works.
    pub backdoors: Vec<Implanted>,
    /// What was observed and what is claimed, for each seed, attack and defence.
    pub rows: Vec<Row>,
    /// The signal vocabularies.
    pub vocabularies: Vec<Vocabulary>,
    /// How well searches find triggers.
    pub found: Vec<Found>,
    /// A few triggered texts and what searches find in them.
    pub cases: Vec<Case>,
}

/// What a certificate is about, in tables.
const HEAD: [&str; 5] = ["attack", "certificate", "an attacker who …", "guarantee", "n"];

/// Numbers of words in the table.
const WORDS: [u32; 7] = [0, 1, 2, 5, 10, 20, 40];

/// Shares of a text's words in the table (FRS, Table 5).
const SHARES: [f64; 5] = [0.1, 0.2, 0.3, 0.4, 0.5];

impl Results {
    /// Results without rows.
    pub(super) fn new(settings: Settings, task: String) -> Self {
        let (backdoors, rows, vocabularies) = (Vec::new(), Vec::new(), Vec::new());
        Self { settings, task, backdoors, rows, vocabularies, found: Vec::new(), cases: Vec::new() }
    }

    /// What backdoors do to a victim without a defence.
    #[must_use]
    pub fn backdoors_table(&self) -> Table {
        let columns = [
            "attack",
            "seed",
            "target",
            "right",
            "of triggered texts, to the target",
            "of other classes, to the target",
            "flipped",
            "signal words",
        ];
        let mut table = Table::new(columns).with_title(
            "Encoders with a backdoor, after a victim's fine-tuning on clean texts without a defence: clean texts answered rightly; triggered \
             texts of all classes and of other classes (the attack's success) that are taken for the target; answers that the trigger turns.",
        );
        for implanted in &self.backdoors {
            table.push([
                implanted.attack.to_string(),
                implanted.seed.to_string(),
                implanted.target.to_string(),
                implanted.accuracy.to_string(),
                format!("{:#}", Spread::of([implanted.one_class])),
                Spread::of([implanted.success]).to_string(),
                format!("{:#}", Spread::of([implanted.flipped])),
                implanted.signal_words.join(" "),
            ]);
        }
        table
    }

    /// What attacks do to each defence, and what it costs (FRS, Tables 1, 3 and 6 to 8).
    #[must_use]
    pub fn attacks_table(&self) -> Table {
        let columns = [
            "attack",
            "defence",
            "voters",
            "σ",
            "n",
            "CA",
            "triggered",
            "PA",
            "ASR",
            "paper: CA, PA, ASR",
            "questions",
            "texts/s",
            "training",
        ];
        let groups = row::attacked(&self.rows);
        let mut table = Table::new(columns).with_title(format!(
            "Accuracy on n clean texts (CA), accuracy (PA) and attack success (ASR) on so many triggered texts of other classes than the target; {}. \
             Questions: texts that the encoder is asked about for each clean text, in the mean (of search, votes and around: at most); texts/s: \
             with search and votes, of both kinds. Paper: FRS, Tables 1 and 3, SST-2 and BERT-base; for search and randomisation alone it has \
             200 to 211 texts/s on eight A6000 (Table 7).",
            self.settings.extent.seed_names()
        ));
        for group in &groups {
            let setting = &group.row.setting;
            let speed = group.mean(|attacked| {
                let texts = attacked.metrics.clean.of() + attacked.metrics.poisoned.of();
                texts as f64 / attacked.seconds.max(1e-9)
            });
            table.push([
                setting.attack.to_string(),
                setting.defence.to_string(),
                setting.voters.map_or_else(String::new, |voters| voters.to_string()),
                setting.deviation.map_or_else(String::new, |deviation| deviation.to_string()),
                group.row.n.to_string(),
                group.share(|attacked| attacked.metrics.clean).to_string(),
                group.figures.first().map_or(0, |attacked| attacked.metrics.poisoned.of()).to_string(),
                format!("{:#}", group.share(|attacked| attacked.metrics.poisoned)),
                format!("{:#}", group.share(|attacked| attacked.metrics.success)),
                paper::cell(paper::attacked(setting.attack, setting.defence)),
                format!("{:.0}", group.mean(|attacked| attacked.model_queries)),
                format!("{speed:.1}"),
                format!("{:.0} s", group.mean(|attacked| attacked.training_seconds)),
            ]);
        }
        table
    }

    /// What is claimed for so many changes, against whom, and what that is worth.
    #[must_use]
    pub fn certificates_table(&self) -> Table {
        let head = HEAD.map(str::to_owned);
        let words = WORDS.map(|words| format!("r = {words}"));
        let last = ["covers the attack", "of these refuted"].map(str::to_owned);
        let mut table = Table::new(head.into_iter().chain(words).chain(last)).with_title(format!(
            "Of n clean test texts, those that are certified with their true class; {} (those of textguard for certain), given what the guarantee \
             says. {}Sound: for \
             classifiers whose logits stay within {:e} of those computed (signal, deletion), or as they were computed (around, textguard). \
             Covers the attack: of the triggered texts whose clean text was asked about, those for which the attack kept to what the row \
             is about and to the radius; of these refuted: those for which votes show, with confidence {}, that another class is ahead all the \
             same.",
            self.settings.extent.reservation(),
            self.assumptions(),
            self.settings.extent.epsilon,
            1.0 - self.settings.extent.alpha,
        ));
        for group in row::certified(&self.rows) {
            let words =
                WORDS.map(|words| format!("{:#}", group.share(|certified| certified.curve.at(words))));
            let last =
                [group.count(|certified| certified.covered), group.count(|certified| certified.broken)];
            table.push(head_of(&group).into_iter().chain(words).chain(last));
        }
        table
    }

    /// What the conditional rows take for granted, if there are some.
    fn assumptions(&self) -> String {
        let groups = row::certified(&self.rows);
        let all: BTreeSet<&str> = groups
            .iter()
            .filter(|group| group.row.guarantee == Guarantee::Conditional)
            .flat_map(|group| &group.figures)
            .flat_map(|certified| &certified.assumptions)
            .map(String::as_str)
            .collect();
        if all.is_empty() {
            return String::new();
        }
        let all = all.into_iter().collect::<Vec<_>>().join(", ");
        format!(
            "Conditional (FRS, Theorem 1): provided that {all}; an attacker can see to it that this is not so. "
        )
    }

    /// The same by share of a text's words (FRS, Tables 2 and 5).
    #[must_use]
    pub fn shares_table(&self) -> Table {
        let radii = ["average radius", "largest", "paper: average, largest", "Corollary 1"];
        let head = HEAD.into_iter().chain(radii).map(str::to_owned);
        let shares = SHARES.map(|share| format!("{:.0}% of the words", 100.0 * share));
        let mut table = Table::new(head.chain(shares)).with_title(
            "Radii as shares of a text's words, at most 100%: their mean over all clean texts and the largest, and those of FRS, Table 2, SST-2, \
             at 95% confidence; how many times as large as under uniform randomisation the radius is by Corollary 1, conditional as the \
             radius is; and the texts that are certified for changes to such a share of their words.",
        );
        for group in row::certified(&self.rows) {
            let percent = |share: f64| format!("{:.1}%", 100.0 * share);
            let shares =
                SHARES.map(|share| format!("{:#}", group.share(|certified| certified.at_share(share))));
            let largest = group.figures.iter().map(|certified| certified.maximum()).fold(0.0, f64::max);
            let enlargements: Vec<f64> =
                group.figures.iter().filter_map(|certified| certified.enlargement).collect();
            let radii = [
                percent(group.mean(Certified::average)),
                percent(largest),
                paper::cell(paper::radii(group.row.setting.defence)),
                if enlargements.is_empty() {
                    String::new()
                } else {
                    format!("× {:.2}", enlargements.mean())
                },
            ];
            table.push(head_of(&group).into_iter().chain(radii).chain(shares));
        }
        table
    }

    /// How well searches find triggers, by budget (FRS, case study).
    #[must_use]
    pub fn searches_table(&self) -> Table {
        let columns = [
            "attack",
            "budget",
            "texts",
            "trigger words found",
            "of the area, trigger words",
            "the whole trigger",
            "exactly the trigger",
        ];
        let mut table = Table::new(columns).with_title(
            "Searches in triggered texts that fool the victim: mean shares of the trigger's words that are in the area, and of the area's \
             words that are the trigger's; texts whose area holds the whole trigger, as the conditional radius takes for granted, and those \
             whose area is the trigger and nothing else.",
        );
        let mut groups: Vec<Vec<&Found>> = Vec::new();
        for found in self.found.iter().filter(|found| found.texts > 0) {
            let same = |group: &&mut Vec<&Found>| {
                group
                    .first()
                    .is_some_and(|first| (first.attack, first.budget) == (found.attack, found.budget))
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(found),
                None => groups.push(vec![found]),
            }
        }
        for group in groups {
            let Some(first) = group.first() else { continue };
            let mean =
                |of: fn(&Found) -> f64| format!("{:.0}%", 100.0 * group.iter().map(|found| of(found)).mean());
            table.push([
                first.attack.to_string(),
                first.budget.to_string(),
                group.iter().map(|found| found.texts).sum::<usize>().to_string(),
                mean(|found| found.recall),
                mean(|found| found.precision),
                mean(|found| found.whole),
                mean(|found| found.exact),
            ]);
        }
        table
    }

    /// Everything as text.
    #[must_use]
    pub fn report(&self) -> String {
        let tables = [
            self.backdoors_table(),
            self.attacks_table(),
            self.certificates_table(),
            self.shares_table(),
            self.searches_table(),
        ];
        let tables = tables.iter().filter(|table| !table.rows().is_empty()).map(ToString::to_string);
        let vocabularies = self.vocabularies.iter().map(ToString::to_string);
        let cases = self.cases.iter().map(ToString::to_string);
        tables.chain(vocabularies).chain(cases).collect::<Vec<_>>().join("\n\n")
    }

    /// Writes `results.json`, `frs.md`, and the plots as SVG and PNG: `certified-accuracy` over the number of changes, and `searches`, what
    /// searches find by their budget.
    ///
    /// # Errors
    /// Those of [`OutputFolder`] and of the charts.
    pub fn write(&self, output: &OutputFolder) -> Result<(), Error> {
        output.write("frs.md", format!("{}\n", self.report()).as_bytes())?;
        for (name, chart) in chart::charts(self) {
            chart.write(output, name)?;
        }
        output.write_json(FILE, self).map(drop)
    }
}

/// What certificates are about.
fn head_of(group: &Repeated<'_, Setting, Certified>) -> [String; 5] {
    let Row { setting, threat, guarantee, n, .. } = group.row;
    [setting.attack.to_string(), setting.defender(), threat.clone(), guarantee.to_string(), n.to_string()]
}
