//! [`Problem`]: the clean training set and the clean test inputs.

use super::{BitMatrix, Error};
use steadfast_certify::Law;

/// A training set of bits with labels, and test inputs of as many bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    training: BitMatrix,
    labels: Vec<u32>,
    classes: u32,
    test: BitMatrix,
}

impl Problem {
    /// Training features (examples × bits), their labels below `classes`, and test features (inputs × bits).
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes do not fit together, there is no training example, or there are fewer than two classes.
    pub fn new(training: BitMatrix, labels: Vec<u32>, classes: u32, test: BitMatrix) -> Result<Self, Error> {
        let shape = |what, given: String, expected| Err(Error::Shape { what, given, expected });
        if classes < 2 {
            return shape("classes", classes.to_string(), "at least 2");
        }
        if training.rows() == 0 || training.rows() != labels.len() {
            let given = format!("{} examples and {} labels", training.rows(), labels.len());
            return shape("training set", given, "at least one example, and one label for each");
        }
        if let Some(label) = labels.iter().find(|&&label| label >= classes) {
            return shape("label", label.to_string(), "a class below the number of classes");
        }
        if training.columns() != test.columns() {
            let given = format!("{} training and {} test features", training.columns(), test.columns());
            return shape("features", given, "as many in training as in test");
        }
        Ok(Self { training, labels, classes, test })
    }

    /// Training features, examples × bits.
    #[must_use]
    pub const fn training(&self) -> &BitMatrix {
        &self.training
    }

    /// One label per training example.
    #[must_use]
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Number of classes.
    #[must_use]
    pub const fn classes(&self) -> u32 {
        self.classes
    }

    /// Test features, inputs × bits.
    #[must_use]
    pub const fn test(&self) -> &BitMatrix {
        &self.test
    }

    /// A number that tells problems apart.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let shape = [self.training.rows(), self.training.columns(), self.test.rows(), self.classes as usize];
        let numbers = shape.into_iter().map(|n| n as u64);
        let labels = self.labels.iter().map(|&label| u64::from(label));
        let bits = self.training.words().iter().chain(self.test.words()).copied();
        Law::new("problem", numbers.chain(labels).chain(bits)).fingerprint()
    }
}
