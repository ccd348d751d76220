//! Data sets, checked as they are read.

mod images;
pub mod mnist;

pub use images::Images;
