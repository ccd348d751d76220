//! [`TrainingSet`]: bits with labels.

use super::{BitMatrix, Error};
use steadfast_certify::Fingerprint;

/// Training examples of bits, and their labels.
///
/// ```
/// use steadfast_model::ensemble::{BitMatrix, TrainingSet};
///
/// let features = BitMatrix::from_rows(3, [[true, true, false], [false, false, true]])?;
/// let training = TrainingSet::new(features, vec![0, 1], 2)?;
/// assert_eq!(training.labels(), [0, 1]);
/// # Ok::<(), steadfast_model::ensemble::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainingSet {
    features: BitMatrix,
    labels: Vec<u32>,
    classes: u32,
}

impl TrainingSet {
    /// Features (examples × bits) with their labels, which are below `classes`.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is at least one example, one label for each, and at least two classes.
    pub fn new(features: BitMatrix, labels: Vec<u32>, classes: u32) -> Result<Self, Error> {
        let shape = |what, given: String, expected| Err(Error::Shape { what, given, expected });
        if classes < 2 {
            return shape("classes", classes.to_string(), "at least 2");
        }
        if features.rows() == 0 || features.rows() != labels.len() {
            let given = format!("{} examples and {} labels", features.rows(), labels.len());
            return shape("training set", given, "at least one example, and one label for each");
        }
        if let Some(label) = labels.iter().find(|&&label| label >= classes) {
            return shape("label", label.to_string(), "a class below the number of classes");
        }
        Ok(Self { features, labels, classes })
    }

    /// Features, examples × bits.
    #[must_use]
    pub const fn features(&self) -> &BitMatrix {
        &self.features
    }

    /// One label per example.
    #[must_use]
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The number of classes.
    #[must_use]
    pub const fn classes(&self) -> u32 {
        self.classes
    }

    /// Refuses test inputs of another number of bits.
    pub(crate) fn check_test(&self, test: &BitMatrix) -> Result<(), Error> {
        let (training, test) = (self.features.columns(), test.columns());
        if training == test {
            return Ok(());
        }
        Err(Error::Shape {
            what: "features",
            given: format!("{training} training and {test} test features"),
            expected: "as many in training as in test",
        })
    }

    /// A hash of this training set and the test inputs.
    pub(crate) fn fingerprint(&self, test: &BitMatrix) -> u64 {
        let shape = [self.features.rows(), self.features.columns(), test.rows(), self.classes as usize];
        let numbers = shape.into_iter().map(|n| n as u64);
        let labels = self.labels.iter().map(|&label| u64::from(label));
        let bits = self.features.words().iter().chain(test.words()).copied();
        Fingerprint::new("problem", numbers.chain(labels).chain(bits)).value()
    }
}
