//! What a program that certifies with its own classifier needs: `use steadfast_certify::prelude::*`.
//!
//! There is no error type in it, so that it goes with the preludes and errors of other crates.
//!
//! ```
//! use steadfast_certify::prelude::*;
//!
//! let noise = UniformNoise::new(5, Rate::new(0.3)?)?;
//! let classifier = from_fn(2, |answers: &Vec<u32>| usize::from(answers.iter().sum::<u32>() > 20));
//! let smoothed = SmoothedClassifier::new(classifier, noise, Plan::fixed(100, 1_000)?);
//! let answers = [[4, 3, 4, 4, 2, 4, 3, 4, 4, 3], [0, 1, 0, 0, 2, 1, 0, 0, 1, 0]];
//! for certificate in smoothed.certify_all(&answers, UniformNoise::threat).run()? {
//!     println!("{certificate}");
//! }
//! # Ok::<(), steadfast_certify::Error>(())
//! ```

pub use crate::{
    BitFlips, Bits, Certificate, Classifier, Confidence, Event, Noise, Plan, Radius, Rate, SavedVotes,
    ScoringClassifier, SmoothedClassifier, Threat, ThreatModel, UniformNoise, Unit, from_batch_fn, from_fn,
    scoring_from_fn,
};
