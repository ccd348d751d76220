//! Simple classifiers to try certificates on.
//!
//! - [`NaiveBayes`]: words vote for classes; trained in milliseconds.

mod naive_bayes;

pub use naive_bayes::{NaiveBayes, Trained};
