//! Data sets, checked as they are read.
//!
//! - [`TextTask`]: labelled texts in three parts, from a folder of [`tsv`] files, of [`reviews`] or of [`mail`].
//! - [`TaskSummary`]: how many texts of which class there are, and how long they are.
//! - [`vocabulary`]: the words of texts and how often each occurs.
//! - [`Images`]: labelled images, such as those of [`mnist`].

mod images;
pub mod mail;
pub mod mnist;
pub mod reviews;
mod summary;
pub mod texts;
pub mod tsv;
pub mod vocabulary;

pub use images::Images;
pub use summary::{Lengths, PartSummary, TaskSummary};
pub use texts::TextTask;
