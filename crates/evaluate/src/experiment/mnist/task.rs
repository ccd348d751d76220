//! [`Task`]: which digits are trained on and which are certified.

use super::Settings;
use crate::{Error, data::Images};
use rand::seq::SliceRandom;
use steadfast_certify::{
    ClassId, Phase,
    seed::{Purpose, generator},
};
use steadfast_model::ensemble::{BitMatrix, TrainingSet};

/// The two digits; class 0 and class 1.
const DIGITS: [u8; 2] = [1, 7];

/// Pixels are set from this value on: half of 255 and above, as the paper binarises at 0.5.
const SET_FROM: u8 = 128;

/// Training and test images of two digits, binarised.
#[derive(Debug, Clone)]
pub struct Task {
    training: TrainingSet,
    test: BitMatrix,
    truth: Vec<ClassId>,
}

impl Task {
    /// Chooses training and test images among the ones and sevens, at random by the seed.
    ///
    /// # Errors
    /// [`Error::Setting`] if there are fewer such images than are asked for.
    pub fn choose(images: &Images, settings: &Settings) -> Result<Self, Error> {
        let mut candidates: Vec<(&[u8], ClassId)> = images
            .iter()
            .filter_map(|(pixels, label)| Some((pixels, DIGITS.iter().position(|&digit| digit == label)?)))
            .collect();
        let wanted = settings.training.checked_add(settings.limit);
        let enough = wanted.is_some_and(|wanted| wanted <= candidates.len());
        if settings.training == 0 || settings.limit == 0 || !enough {
            return Err(Error::Setting {
                name: "--training and --limit",
                given: format!("{} and {}", settings.training, settings.limit),
                expected: format!(
                    "at least 1 each, and together at most the {} ones and sevens in the data",
                    candidates.len()
                ),
            });
        }
        candidates.shuffle(&mut generator(settings.seed, Phase::Training, 0, 0, Purpose::Other(1)));
        let (training, rest) = candidates.split_at(settings.training);
        let test = rest.get(..settings.limit).unwrap_or(rest);
        let bits = |part: &[(&[u8], ClassId)]| {
            let rows = part
                .iter()
                .map(|(pixels, _)| pixels.iter().map(|&value| value >= SET_FROM).collect::<Vec<_>>());
            BitMatrix::from_rows(images.rows() * images.columns(), rows)
        };
        let labels = training.iter().map(|&(_, class)| u32::from(class == 1)).collect();
        let truth = test.iter().map(|&(_, class)| class).collect();
        let training = TrainingSet::new(bits(training)?, labels, 2)?;
        Ok(Self { training, test: bits(test)?, truth })
    }

    /// The training images as bits.
    #[must_use]
    pub const fn training(&self) -> &TrainingSet {
        &self.training
    }

    /// The test images as bits.
    #[must_use]
    pub const fn test(&self) -> &BitMatrix {
        &self.test
    }

    /// The true class of each test image.
    #[must_use]
    pub fn truth(&self) -> &[ClassId] {
        &self.truth
    }
}
