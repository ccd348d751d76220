//! Files: their binary form, and what all readers and writers share.

pub(crate) mod binary;
pub(crate) mod input;
