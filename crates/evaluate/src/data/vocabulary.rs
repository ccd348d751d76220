//! Which words a collection of texts uses, and how often.

use std::collections::HashMap;
use steadfast_perturb::Tokenizer;

/// The words of `texts` with their counts, most frequent first; equally frequent ones in the order of their spelling.
///
/// Words are those of [`Tokenizer::words`] in lower case that hold a letter: `don't` and `well-made` are one word each, numbers
/// and punctuation are none. Texts that are tokenized by the same rules have the same words.
///
/// ```
/// use steadfast_evaluate::data::vocabulary::count_words;
///
/// let counts = count_words(["Good, good fun.", "Not good"]);
/// assert_eq!(counts[0], ("good".to_owned(), 3));
/// assert_eq!(counts.len(), 3);
/// ```
pub fn count_words<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<(String, u64)> {
    let tokenizer = Tokenizer::words().lower_case(true);
    let mut counts: HashMap<String, u64> = HashMap::new();
    for text in texts {
        for token in tokenizer.tokens(text.as_ref()) {
            if token.text.contains(char::is_alphabetic) {
                *counts.entry(token.text).or_default() += 1;
            }
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
        assert_eq!(words, ["é", "a", "b", "b's"]);
        assert!(count_words::<&str>([]).is_empty());
    }
}
