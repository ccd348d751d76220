//! [`Confusion`]: which class was taken for which.

use super::Share;
use crate::report::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use steadfast_certify::ClassId;

/// How often each class got each answer, where an answer may be to abstain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// The pairs of class and answer that occurred, in order.
    pub cells: Vec<Cell>,
}

/// Texts of one class that got one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The true class.
    pub class: ClassId,
    /// The answer; nothing where the classifier abstained.
    pub answer: Option<ClassId>,
    /// How many texts.
    pub texts: u64,
}

impl Confusion {
    /// Counts true classes with the answers that they got.
    #[must_use]
    pub fn count(answers: impl IntoIterator<Item = (ClassId, Option<ClassId>)>) -> Self {
        let mut counts = BTreeMap::<_, u64>::new();
        for pair in answers {
            *counts.entry(pair).or_default() += 1;
        }
        let cells = counts.into_iter().map(|((class, answer), texts)| Cell { class, answer, texts });
        Self { cells: cells.collect() }
    }

    /// Texts that got the right answer. To abstain is none.
    #[must_use]
    pub fn accuracy(&self) -> Share {
        self.share(|cell| cell.answer == Some(cell.class))
    }

    /// Texts that got this answer.
    #[must_use]
    pub fn answered(&self, class: ClassId) -> Share {
        self.share(|cell| cell.answer == Some(class))
    }

    /// Texts that got no answer.
    #[must_use]
    pub fn abstained(&self) -> Share {
        self.share(|cell| cell.answer.is_none())
    }

    fn share(&self, hit: impl Fn(&Cell) -> bool) -> Share {
        let texts = |hits| self.cells.iter().filter(|cell| hit(cell) == hits).map(|cell| cell.texts).sum();
        Share::beside(texts(true), texts(false))
    }

    /// Texts of this class.
    #[must_use]
    pub fn texts(&self, class: ClassId) -> u64 {
        self.cells.iter().filter(|cell| cell.class == class).map(|cell| cell.texts).sum()
    }

    /// A row for each class, a column for each answer.
    #[must_use]
    pub fn table(&self) -> Table {
        let named = self.cells.iter().flat_map(|cell| [Some(cell.class), cell.answer]).flatten();
        let classes = named.max().map_or(0, |class| class + 1);
        let head = ["class".to_owned()].into_iter().chain((0..classes).map(|class| format!("as {class}")));
        let mut table = Table::new(head.chain(["abstained".to_owned()]));
        for class in 0..classes {
            let count = |answer| {
                let cell = self.cells.iter().find(|cell| cell.class == class && cell.answer == answer);
                cell.map_or(0, |cell| cell.texts).to_string()
            };
            let counts = (0..classes).map(Some).chain([None]).map(count);
            table.push([class.to_string()].into_iter().chain(counts));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted() {
        let answers =
            [(0, Some(0)), (1, Some(1)), (0, Some(2)), (1, None), (2, Some(2)), (1, Some(1)), (0, None)];
        let confusion = Confusion::count(answers);
        assert_eq!((confusion.accuracy().hits(), confusion.accuracy().of()), (4, 7));
        assert_eq!((confusion.answered(2).hits(), confusion.answered(3).hits()), (2, 0));
        assert_eq!((confusion.abstained().hits(), confusion.texts(0), confusion.texts(3)), (2, 3, 0));
        assert_eq!(
            confusion.table().to_string(),
            "\
| class | as 0 | as 1 | as 2 | abstained |
|-------|------|------|------|-----------|
|     0 |    1 |    0 |    1 |         1 |
|     1 |    0 |    2 |    0 |         1 |
|     2 |    0 |    0 |    1 |         0 |"
        );
        let json = serde_json::to_string(&confusion).unwrap();
        assert_eq!(serde_json::from_str::<Confusion>(&json).unwrap(), confusion);
    }

    #[test]
    fn nothing_is_counted_as_nothing() {
        let nothing = Confusion::count([]);
        assert_eq!((nothing.accuracy().of(), nothing.table().rows().len()), (0, 0));
    }
}
