//! Certified robustness against backdoors on MNIST 1/7 (Wang et al. 2020).
//!
//! Pixels of the training images, labels of the training images and pixels of the test image are one vector; noise flips its
//! entries, one net is trained for each noisy copy and gives one vote per test image. Votes bound how many entries of that
//! vector an attacker may change without changing the smoothed answer.
//!
//! The steps, in order: [`Settings`] → [`Task`] (digits, chosen at random) → [`Run`] (votes, in shards on disk) → [`Results`]
//! (certificates, table, chart).

mod report;
mod results;
mod run;
mod settings;
mod task;

pub use report::{repeats_table, sweep_chart, sweep_table};
pub use results::{PerConfidence, Repeats, Results, Sweep};
pub use run::{Run, check_summary_folder};
pub use settings::{Backend, Learner, Settings};
pub use task::Task;
