//! Certified robustness against backdoors and other edits, for text and discrete data.
#![forbid(unsafe_code)]

pub use steadfast_certify as certify;
pub use steadfast_model as model;
