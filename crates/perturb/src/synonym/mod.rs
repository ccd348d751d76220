//! Words and what they may be replaced by.
