//! Certified robustness against backdoors and other edits.
