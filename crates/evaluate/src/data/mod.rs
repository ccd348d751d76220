//! Data sets, checked as they are read.

mod images;
pub mod mnist;
pub mod reviews;
pub mod texts;
pub mod vocabulary;

pub use images::Images;
pub use texts::TextTask;
