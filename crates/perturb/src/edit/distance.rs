//! Edit distances between sequences.
//!
//! - *Damerau–Levenshtein*, unrestricted: the least number of insertions, deletions, substitutions and transpositions of
//!   neighbors that turn one into the other, in any order. A metric, and the distance of edit certificates.
//! - *Optimal string alignment*: no token is edited twice. Never smaller, and not a metric: `ca` and `ac` are 1 apart, `ac`
//!   and `abc` 1, but `ca` and `abc` 3 (2 for Damerau–Levenshtein).
//!
//! Without a cutoff, and with a large one, the band grows (8, 16, 32, …) until the distance fits: `O(d · length)` time for
//! sequences `d` apart, memory a few numbers per token.

use super::band::{banded, trimmed};

/// The first cutoff that is tried.
const FIRST: usize = 8;

/// The Damerau–Levenshtein distance of `a` and `b`, unrestricted: the least number of insertions, deletions, substitutions
/// and transpositions of neighbors, in any order, that turn one into the other. A metric.
///
/// `O(d · length)` time for sequences `d` apart, memory a few numbers per token.
///
/// ```
/// use steadfast_perturb::edit::{damerau_levenshtein, damerau_levenshtein_within};
///
/// assert_eq!(damerau_levenshtein(b"ca", b"abc"), 2);
/// assert_eq!(damerau_levenshtein_within(b"ca", b"abc", 1), None);
/// ```
#[must_use]
pub fn damerau_levenshtein<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let longer = a.len().max(b.len());
    within::<false, T>(a, b, longer).unwrap_or(longer)
}

/// [`damerau_levenshtein`] if it is at most `cutoff`, else `None`.
#[must_use]
pub fn damerau_levenshtein_within<T: PartialEq>(a: &[T], b: &[T], cutoff: usize) -> Option<usize> {
    within::<false, T>(a, b, cutoff)
}

/// The optimal string alignment distance of `a` and `b`: as [`damerau_levenshtein`], but no token is edited twice.
///
/// Never smaller, and not a metric: `ca` and `ac` are 1 apart, `ac` and `abc` 1, but `ca` and `abc` 3.
#[must_use]
pub fn optimal_string_alignment<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let longer = a.len().max(b.len());
    within::<true, T>(a, b, longer).unwrap_or(longer)
}

/// [`optimal_string_alignment`] if it is at most `cutoff`, else `None`.
#[must_use]
pub fn optimal_string_alignment_within<T: PartialEq>(a: &[T], b: &[T], cutoff: usize) -> Option<usize> {
    within::<true, T>(a, b, cutoff)
}

/// [`damerau_levenshtein`] of the characters (Unicode scalar values) of two strings.
#[must_use]
pub fn damerau_levenshtein_characters(a: &str, b: &str) -> usize {
    characters_within::<false>(a, b, usize::MAX).unwrap_or(usize::MAX)
}

/// [`damerau_levenshtein_characters`] if it is at most `cutoff`, else `None`.
#[must_use]
pub fn damerau_levenshtein_characters_within(a: &str, b: &str, cutoff: usize) -> Option<usize> {
    characters_within::<false>(a, b, cutoff)
}

/// [`optimal_string_alignment`] of the characters (Unicode scalar values) of two strings.
#[must_use]
pub fn optimal_string_alignment_characters(a: &str, b: &str) -> usize {
    characters_within::<true>(a, b, usize::MAX).unwrap_or(usize::MAX)
}

/// [`optimal_string_alignment_characters`] if it is at most `cutoff`, else `None`.
#[must_use]
pub fn optimal_string_alignment_characters_within(a: &str, b: &str, cutoff: usize) -> Option<usize> {
    characters_within::<true>(a, b, cutoff)
}

/// The Damerau–Levenshtein distance over the length of the longer sequence: a number from 0 (equal, or both empty) to 1.
///
/// The distance never exceeds that length. The quotient is symmetric, but not a metric.
#[must_use]
pub fn normalized_damerau_levenshtein<T: PartialEq>(a: &[T], b: &[T]) -> f64 {
    normalized(damerau_levenshtein(a, b), a.len().max(b.len()))
}

/// The optimal string alignment distance over the length of the longer sequence; 0 if both are empty.
#[must_use]
pub fn normalized_optimal_string_alignment<T: PartialEq>(a: &[T], b: &[T]) -> f64 {
    normalized(optimal_string_alignment(a, b), a.len().max(b.len()))
}

fn normalized(distance: usize, length: usize) -> f64 {
    if length == 0 { 0.0 } else { distance as f64 / length as f64 }
}

fn within<const RESTRICTED: bool, T: PartialEq>(a: &[T], b: &[T], cutoff: usize) -> Option<usize> {
    let (a, b, _) = trimmed(a, b);
    let (longer, difference) = (a.len().max(b.len()), a.len().abs_diff(b.len()));
    if difference > cutoff {
        return None;
    }
    if a.is_empty() || b.is_empty() {
        return Some(longer);
    }
    // No distance exceeds the longer length, so a band of that width is the whole table.
    let cutoff = cutoff.min(longer);
    let mut band = FIRST.max(difference).min(cutoff);
    loop {
        let distance = banded::<RESTRICTED, T>(a, b, band, &mut ());
        if distance.is_some() || band == cutoff {
            return distance;
        }
        band = band.saturating_mul(2).min(cutoff);
    }
}

fn characters_within<const RESTRICTED: bool>(a: &str, b: &str, cutoff: usize) -> Option<usize> {
    if a.is_ascii() && b.is_ascii() {
        return within::<RESTRICTED, u8>(a.as_bytes(), b.as_bytes(), cutoff);
    }
    let characters = |text: &str| {
        // The iterator's size hint is a quarter of the bytes, which would reallocate the vector twice.
        let mut characters = Vec::with_capacity(text.len());
        characters.extend(text.chars());
        characters
    };
    within::<RESTRICTED, char>(&characters(a), &characters(b), cutoff)
}
