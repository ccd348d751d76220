//! The properties of the tokenizer that certificates need, on arbitrary strings.

use proptest::prelude::*;
use steadfast_perturb::{Lexicon, Tokenizer};
use unicode_normalization::UnicodeNormalization;

fn tokenizers() -> [Tokenizer; 4] {
    [
        Tokenizer::white_space(),
        Tokenizer::words(),
        Tokenizer::white_space().lower_case(true),
        Tokenizer::words().lower_case(true),
    ]
}

fn texts(tokenizer: Tokenizer, text: &str) -> Vec<String> {
    tokenizer.tokens(text).into_iter().map(|token| token.text).collect()
}

/// Arbitrary strings, and strings with many characters that combine, join, change case or change under normalization.
fn strings() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        'a', 'B', 'Σ', 'ς', 'İ', 'ẞ', 'ﬁ', 'Ǆ', '\'', '’', '-', ' ', '\n', '\u{2000}', '\u{85}', '\u{301}',
        '\u{307}', '\u{323}', '\u{345}', '\u{344}', '\u{F73}', '\u{FE0F}', '\u{20E3}', '\u{200C}',
        '\u{200D}', '\u{1100}', '\u{1161}', '\u{11A8}', '가', '👩', '1', '\0', '\u{FEFF}', '\u{202E}',
        '\u{1FEF}', '\u{212A}', '\u{2ADC}', '\u{9BE}', '\u{9C7}', 'é', 'ש', '\u{5C1}', '你',
    ]);
    prop_oneof![any::<String>(), prop::collection::vec(nasty, 0..12).prop_map(String::from_iter)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_context(a in strings(), b in strings()) {
        for tokenizer in tokenizers() {
            let mut apart = texts(tokenizer, &a);
            apart.extend(texts(tokenizer, &b));
            prop_assert_eq!(texts(tokenizer, &format!("{a} {b}")), apart);
        }
    }

    #[test]
    fn detokenizing_is_lossless(text in strings()) {
        for tokenizer in tokenizers() {
            for token in texts(tokenizer, &text) {
                prop_assert!(!token.is_empty() && !token.contains(char::is_whitespace));
                prop_assert_eq!(texts(tokenizer, &token), [token.as_str()]);
            }
            let lexicon = Lexicon::new();
            let words = tokenizer.tokenize(&lexicon, &text);
            prop_assert_eq!(tokenizer.tokenize(&lexicon, &lexicon.detokenize(&words)), words);
        }
    }

    #[test]
    fn tokens_are_the_normalized_text(text in strings()) {
        let composed: String = text.nfc().collect();
        let lowered: String = composed.to_lowercase().nfc().collect();
        for tokenizer in tokenizers() {
            let expected = if tokenizer == tokenizer.lower_case(true) { &lowered } else { &composed };
            let expected: String = expected.chars().filter(|character| !character.is_whitespace()).collect();
            prop_assert_eq!(texts(tokenizer, &text).concat(), expected);
        }
    }

    #[test]
    fn spans_cover_all_but_white_space_in_order(text in strings()) {
        for tokenizer in tokenizers() {
            let mut covered = vec![false; text.len()];
            let mut start = 0;
            for token in tokenizer.tokens(&text) {
                prop_assert!(token.span.start >= start && token.span.start < token.span.end);
                start = token.span.start;
                // The bytes of a token normalize to it: unedited parts can be reproduced verbatim. (The final sigma
                // depends on the chunk, so this is checked without lower-casing.)
                let verbatim = text.get(token.span.clone());
                prop_assert!(verbatim.is_some());
                if tokenizer == tokenizer.lower_case(false) {
                    prop_assert!(verbatim.unwrap().nfc().collect::<String>().contains(&token.text));
                }
                covered[token.span].fill(true);
            }
            for (index, character) in text.char_indices() {
                prop_assert_eq!(covered[index], !character.is_whitespace(), "{:?} at {}", character, index);
            }
        }
    }
}

#[test]
fn long_texts() {
    let text = "Word, ".repeat(100_000);
    let lexicon = Lexicon::new();
    assert_eq!(Tokenizer::words().tokenize(&lexicon, &text).len(), 200_000);
    // One chunk without a break, and one letter with very many marks.
    assert_eq!(texts(Tokenizer::words(), &"é".repeat(100_000)).len(), 1);
    assert_eq!(texts(Tokenizer::words(), &format!("a{}", "\u{301}".repeat(100_000))).len(), 1);
}
