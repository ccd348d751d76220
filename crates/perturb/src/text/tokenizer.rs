//! [`Tokenizer`]: from a string to words and back.
//!
//! Certificates for partitions, and every count of the words that an attacker may change, need tokens that do not depend on
//! their neighbors; the rules and their consequences are stated with the type. Linear time.

use super::{
    Lexicon, WordId,
    normal::{Piece, normalize},
};
use std::ops::Range;
use unicode_normalization::char::is_combining_mark;

/// A token and its position in the original.
///
/// ```
/// use steadfast_perturb::Tokenizer;
///
/// let text = "A  FILM!";
/// let tokens = Tokenizer::words().lower_case(true).tokens(text);
/// assert_eq!((tokens[1].text.as_str(), &text[tokens[1].span.clone()]), ("film", "FILM"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token in its normal form.
    pub text: String,
    /// Its bytes in the original, always at character boundaries. Tokens that normalization made from the same characters
    /// have the same span.
    pub span: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    WhiteSpace,
    Words,
}

/// Splits strings into words, by fixed context-free rules.
///
/// A text is split at white space (Unicode `White_Space`) into chunks; each chunk is normalized (NFC, then lower case if
/// requested) and split further by rules that use that chunk alone:
///
/// - [`Self::white_space`]: a chunk is a token. For texts that are already tokenized.
/// - [`Self::words`]: a token is a run of letters and digits (`char::is_alphanumeric`) with their combining marks. Between
///   two such characters one apostrophe (`'`, `’`), hyphen (`-`, U+2010, U+2011) or zero-width joiner or non-joiner is kept
///   inside. Every other character, with the combining marks after it, is a token by itself: punctuation, symbols, emoji,
///   control characters. Writing systems without spaces between words are not segmented.
///
/// Three properties follow; certificates need the first (a word inserted into a text must not change other tokens):
///
/// 1. `tokens(a + " " + b) = tokens(a) ++ tokens(b)`.
/// 2. A single token is tokenized to itself, since normal forms are closed under substrings and the rules do not look beyond
///    the token. So joining tokens by single spaces and tokenizing again is the identity.
/// 3. The concatenated tokens are the normalized text without its white space: nothing is dropped, and each token has its
///    byte range in the original, so unedited parts can be reproduced verbatim.
///
/// Lower-casing follows Unicode, independent of the language, with the final sigma.
///
/// ```
/// use steadfast_perturb::{Lexicon, Tokenizer};
///
/// let (lexicon, tokenizer) = (Lexicon::new(), Tokenizer::words().lower_case(true));
/// let text = tokenizer.tokenize(&lexicon, "A well-made film, isn't it?");
/// assert_eq!(lexicon.detokenize(&text), "a well-made film , isn't it ?");
/// assert_eq!(tokenizer.tokenize(&lexicon, &lexicon.detokenize(&text)), text);
///
/// let tokens = tokenizer.tokens("Good  film!");
/// assert_eq!((tokens[1].text.as_str(), tokens[1].span.clone()), ("film", 6..10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokenizer {
    rules: Rules,
    lower_case: bool,
}

impl Tokenizer {
    /// Tokens are separated by white space.
    #[must_use]
    pub const fn white_space() -> Self {
        Self { rules: Rules::WhiteSpace, lower_case: false }
    }

    /// Tokens are words, and single characters that belong to no word.
    #[must_use]
    pub const fn words() -> Self {
        Self { rules: Rules::Words, lower_case: false }
    }

    /// Sets whether texts are lower-cased; by default they are not.
    #[must_use]
    pub const fn lower_case(self, lower_case: bool) -> Self {
        Self { lower_case, ..self }
    }

    /// The tokens of `text`, in order.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.for_each(text, |token, span| tokens.push(Token { text: token.to_owned(), span }));
        tokens
    }

    /// The ids of the words of `text`; unknown words are interned.
    #[must_use]
    pub fn tokenize(&self, lexicon: &Lexicon, text: &str) -> Vec<WordId> {
        let mut words = Vec::new();
        self.for_each(text, |token, _| words.push(lexicon.intern(token)));
        words
    }

    /// The ids of the words of `text`, and the byte range of each in `text`.
    #[must_use]
    pub fn tokenize_with_spans(&self, lexicon: &Lexicon, text: &str) -> (Vec<WordId>, Vec<Range<usize>>) {
        let (mut words, mut spans) = (Vec::new(), Vec::new());
        self.for_each(text, |token, span| {
            words.push(lexicon.intern(token));
            spans.push(span);
        });
        (words, spans)
    }

    fn for_each(self, text: &str, mut emit: impl FnMut(&str, Range<usize>)) {
        let (mut pieces, mut token) = (Vec::new(), String::new());
        let mut offset = 0;
        for separated in text.split_inclusive(char::is_whitespace) {
            let chunk = separated.trim_end_matches(char::is_whitespace);
            normalize(chunk, offset, self.lower_case, &mut pieces);
            offset += separated.len();
            let mut rest = pieces.as_slice();
            while let [first, ..] = rest {
                let (head, tail) = rest.split_at_checked(self.length(rest)).unwrap_or((rest, &[]));
                token.clear();
                token.extend(head.iter().map(|piece| piece.character));
                let end = head.iter().map(|piece| piece.end).max().unwrap_or(first.end);
                emit(&token, first.start..end);
                rest = tail;
            }
        }
    }

    /// The number of characters of the first token of a chunk; at least one.
    fn length(self, chunk: &[Piece]) -> usize {
        let mut characters = chunk.iter().map(|piece| piece.character).peekable();
        let (Rules::Words, Some(first)) = (self.rules, characters.next()) else { return chunk.len() };
        let mut length = 1;
        let word = first.is_alphanumeric();
        while let Some(character) = characters.next() {
            if marks(character) || (word && character.is_alphanumeric()) {
                length += 1;
            } else if word && joins(character) && characters.peek().is_some_and(|next| begins_word(*next)) {
                // The letter after it is counted in the next iteration.
                length += 1;
            } else {
                break;
            }
        }
        length
    }
}

/// Whether a character is a combining mark. Most characters are ASCII, which needs no table.
fn marks(character: char) -> bool {
    !character.is_ascii() && is_combining_mark(character)
}

fn begins_word(character: char) -> bool {
    character.is_alphanumeric() && !marks(character)
}

/// Characters that may join two parts of a word, one at a time.
const fn joins(character: char) -> bool {
    matches!(character, '\'' | '\u{2019}' | '-' | '\u{2010}' | '\u{2011}' | '\u{200C}' | '\u{200D}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Tokenizer::words().tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_and_punctuation() {
        assert_eq!(
            words("don't “well-made” rock-'n'-roll 3.14"),
            ["don't", "“", "well-made", "”", "rock", "-", "'", "n", "'", "-", "roll", "3", ".", "14"]
        );
        assert_eq!(words("-a a- a--b 'tis"), ["-", "a", "a", "-", "a", "-", "-", "b", "'", "tis"]);
        assert_eq!(words("e\u{301}te\u{301}"), ["été"]);
        assert_eq!(words("[MASK] [CLS]"), ["[", "MASK", "]", "[", "CLS", "]"]);
    }

    #[test]
    fn combining_marks_stay_with_their_base() {
        assert_eq!(words("❤\u{FE0F}ok"), ["❤\u{FE0F}", "ok"]);
        assert_eq!(words("\u{301}\u{302}a"), ["\u{301}\u{302}", "a"]);
        assert_eq!(words("a'\u{301}b"), ["a", "'\u{301}", "b"]);
        // The joiner between two emoji is a token of its own.
        assert_eq!(words("👩\u{200D}👧").len(), 3);
        assert_eq!(words("می\u{200C}خواهم"), ["می\u{200C}خواهم"]);
        assert_eq!(words("שלום, עולם"), ["שלום", ",", "עולם"]);
    }

    #[test]
    fn spans_are_in_the_original() {
        let text = "\tE\u{301}TE\u{301}  İx\0\u{85}";
        let tokenizer = Tokenizer::words().lower_case(true);
        let seen: Vec<_> =
            tokenizer.tokens(text).into_iter().map(|token| (token.text, &text[token.span])).collect();
        assert_eq!(
            seen,
            [
                ("été".to_owned(), "E\u{301}TE\u{301}"),
                ("i\u{307}x".to_owned(), "İx"),
                ("\0".to_owned(), "\0")
            ]
        );
    }

    #[test]
    fn empty_texts_have_no_tokens() {
        for tokenizer in [Tokenizer::words(), Tokenizer::white_space()] {
            assert!(tokenizer.tokens("").is_empty());
            assert!(tokenizer.tokens(" \n\u{2003}\u{85}").is_empty());
        }
        assert_eq!(Tokenizer::white_space().tokens(" a,b  c ").len(), 2);
    }
}
