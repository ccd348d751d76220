//! Data sets, checked as they are read.

mod images;
pub mod mnist;
pub mod reviews;
pub mod vocabulary;

pub use images::Images;
