//! Any two strings: tokens do not depend on what stands beside them, and nothing is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steadfast_perturb::{Lexicon, Tokenizer};

fuzz_target!(|texts: (&str, &str)| {
    let (a, b) = texts;
    for rules in [Tokenizer::white_space(), Tokenizer::words()] {
        for tokenizer in [rules, rules.lower_case(true)] {
            let lexicon = Lexicon::new();
            let (mut words, spans) = tokenizer.tokenize_with_spans(&lexicon, a);
            for span in spans {
                assert!(!a[span].is_empty());
            }
            assert_eq!(tokenizer.tokenize(&lexicon, &lexicon.detokenize(&words)), words);
            for token in tokenizer.tokens(a) {
                let alone = tokenizer.tokens(&token.text);
                assert_eq!(alone.len(), 1);
                assert_eq!(alone[0].text, token.text);
            }
            words.extend(tokenizer.tokenize(&lexicon, b));
            assert_eq!(tokenizer.tokenize(&lexicon, &format!("{a} {b}")), words);
        }
    }
});
