//! [`TaskSummary`]: how many texts of which class there are, and how long they are.

use super::{
    TextTask,
    texts::{LabelledText, same_if_equal},
};
use crate::report::Table;
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, fmt};
use steadfast_perturb::Tokenizer;

/// The parts of a task in numbers. Its `Display` is a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// Training, development and test texts.
    pub parts: Vec<PartSummary>,
}

/// One part of a task in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartSummary {
    /// Which part.
    pub name: String,
    /// Texts of each class, from class 0 on.
    pub classes: Vec<usize>,
    /// Texts that are also among those for training, up to case and white space: 0 for training itself. More than a few make a
    /// test too easy.
    pub seen: usize,
    /// Words of a text; nothing where there are no texts.
    pub lengths: Option<Lengths>,
}

/// How many words the texts of a part have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// The mean.
    pub mean: f64,
    /// The median; of an even number of texts the mean of the two in the middle.
    pub median: f64,
    /// The longest text's.
    pub maximum: usize,
}

impl PartSummary {
    /// The number of texts.
    #[must_use]
    pub fn texts(&self) -> usize {
        self.classes.iter().sum()
    }
}

impl Lengths {
    fn of(mut lengths: Vec<usize>) -> Option<Self> {
        lengths.sort_unstable();
        let (texts, words) = (lengths.len(), lengths.iter().sum::<usize>());
        let maximum = *lengths.last()?;
        let (lower, upper) = (*lengths.get((texts - 1) / 2)?, *lengths.get(texts / 2)?);
        let median = (lower + upper) as f64 / 2.0;
        Some(Self { mean: words as f64 / texts as f64, median, maximum })
    }
}

impl TaskSummary {
    /// The numbers of a task, its words being those of `tokenizer`.
    #[must_use]
    pub fn of(task: &TextTask, tokenizer: Tokenizer) -> Self {
        let training: HashSet<String> = task.training.iter().map(|text| same_if_equal(&text.text)).collect();
        let summarise = |(name, texts): (&str, &[LabelledText])| {
            let of_class = |class| texts.iter().filter(|text| text.class == class).count();
            let seen = texts.iter().filter(|text| training.contains(&same_if_equal(&text.text))).count();
            let lengths = texts.iter().map(|text| tokenizer.tokens(&text.text).len());
            PartSummary {
                name: name.to_owned(),
                classes: (0..task.classes()).map(of_class).collect(),
                seen: if name == "training" { 0 } else { seen },
                lengths: Lengths::of(lengths.collect()),
            }
        };
        Self { parts: task.parts().map(summarise).into() }
    }

    /// A row for each part.
    #[must_use]
    pub fn table(&self) -> Table {
        let classes = self.parts.iter().map(|part| part.classes.len()).max().unwrap_or(0);
        let header = ["texts for", "number"].map(str::to_owned).into_iter();
        let header = header.chain((0..classes).map(|class| format!("class {class}")));
        let last = ["seen in training", "words: mean", "median", "maximum"].map(str::to_owned);
        let mut table = Table::new(header.chain(last));
        for part in &self.parts {
            let texts = part.texts();
            let share = |&count: &usize| match texts {
                0 => "-".to_owned(),
                _ => format!("{count} ({:.1}%)", 100.0 * count as f64 / texts as f64),
            };
            let lengths = part.lengths.map_or(["-".to_owned(), "-".to_owned(), "-".to_owned()], |lengths| {
                [format!("{:.1}", lengths.mean), lengths.median.to_string(), lengths.maximum.to_string()]
            });
            let seen = if part.name == "training" { "-".to_owned() } else { part.seen.to_string() };
            let row =
                [part.name.clone(), texts.to_string()].into_iter().chain(part.classes.iter().map(share));
            table.push(row.chain([seen]).chain(lengths));
        }
        table
    }
}

impl fmt::Display for TaskSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<const N: usize>(texts: [(&str, usize); N]) -> Vec<LabelledText> {
        texts.map(|(text, class)| LabelledText { text: text.to_owned(), class }).into()
    }

    #[test]
    fn parts_are_counted() {
        let task = TextTask {
            training: texts([("A fine film", 1), ("dull", 0), ("so so , as it were", 2), ("good", 1)]),
            development: vec![],
            test: texts([("a  fine FILM", 1), ("", 0), ("fine", 1)]),
        };
        let summary = TaskSummary::of(&task, Tokenizer::white_space());
        let [training, development, test] = &summary.parts[..] else { panic!("three parts") };
        assert_eq!((training.texts(), &training.classes[..], training.seen), (4, &[1, 2, 1][..], 0));
        assert_eq!(training.lengths, Some(Lengths { mean: 11.0 / 4.0, median: 2.0, maximum: 6 }));
        assert_eq!((development.texts(), development.lengths), (0, None));
        assert_eq!((&test.classes[..], test.seen), (&[1, 2, 0][..], 1));
        assert_eq!(test.lengths, Some(Lengths { mean: 4.0 / 3.0, median: 1.0, maximum: 3 }));
        assert_eq!(
            summary.to_string().lines().nth(2),
            Some(
                "| training    |      4 | 1 (25.0%) | 2 (50.0%) | 1 (25.0%) |                - |         2.8 |      2 |       6 |"
            )
        );
        let json = serde_json::to_string(&summary).unwrap();
        assert_eq!(serde_json::from_str::<TaskSummary>(&json).unwrap(), summary);
    }

    #[test]
    fn a_task_without_texts_has_a_summary() {
        let nothing = TextTask { training: vec![], development: vec![], test: vec![] };
        let summary = TaskSummary::of(&nothing, Tokenizer::words());
        assert_eq!(summary.to_string().lines().count(), 5);
    }
}
