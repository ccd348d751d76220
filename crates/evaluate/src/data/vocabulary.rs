//! Which words a collection of texts uses, and how often.

use std::collections::HashMap;

/// The words of `texts` with their counts, most frequent first; equally frequent ones in the order of their spelling.
///
/// A word is a maximal run of letters (Unicode's alphabetic characters), in lower case: `don't` counts `don` and `t`, digits
/// and punctuation count nothing. This is coarser than a tokenizer, and meant for choosing the words of a synonym table.
///
/// ```
/// use steadfast_evaluate::data::vocabulary::count_words;
///
/// let counts = count_words(["Good, good fun.", "Not good"]);
/// assert_eq!(counts[0], ("good".to_owned(), 3));
/// assert_eq!(counts.len(), 3);
/// ```
pub fn count_words<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<(String, u64)> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for text in texts {
        for word in text.as_ref().split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_counts_go_by_spelling() {
        let counts = count_words(["b a 1990 b's", "", "É é"]);
        let words: Vec<&str> = counts.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, ["b", "é", "a", "s"]);
        assert!(count_words::<&str>([]).is_empty());
    }
}
