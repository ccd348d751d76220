//! Where is this text vulnerable? Monte Carlo tree search over the segments of a text.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

mod answers;
mod boundaries;
mod defended;
mod drawing;
mod error;
mod finding;
mod fuzzer;
mod key;
mod marked;
pub mod objective;
mod randomisation;
mod rates;
mod settings;
mod tree;
mod vote;

pub use boundaries::Boundaries;
pub use defended::Defended;
pub use drawing::Drawing;
pub use error::{Error, Parameter};
pub use finding::Finding;
pub use fuzzer::{Fuzzer, SegmentNoise, Step};
pub use marked::MarkedText;
pub use objective::{Divergence, Objective};
pub use randomisation::{Coin, Randomisation, Randomiser};
pub use rates::{Rates, Weights};
pub use settings::Settings;
pub use tree::{Node, NodeId, SearchTree};
pub use vote::{Poll, Verdict};
