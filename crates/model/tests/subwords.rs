//! Words side by side give the tokens of the whole string, whatever the words and the tokenizer are.
#![cfg(feature = "torch")]

use proptest::prelude::*;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast_model::transformer::{Config, Error, Subwords};
use steadfast_perturb::{Lexicon, WordId};
use tokenizers::Tokenizer;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn subwords(folder: &Path) -> Result<Subwords, Error> {
    Subwords::load(folder, &Config::load(folder)?, Arc::new(Lexicon::new()))
}

/// A directory with the settings of a tiny model that has one token more, and another `tokenizer.json`.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(folder(name).join("config.json")).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["vocab_size"] = json!(config["vocab_size"].as_i64().unwrap() + 1);
    std::fs::write(place.path().join("config.json"), config.to_string()).unwrap();
    let text = std::fs::read_to_string(folder(name).join("tokenizer.json")).unwrap();
    let mut rules: Value = serde_json::from_str(&text).unwrap();
    change(&mut rules);
    std::fs::write(place.path().join("tokenizer.json"), rules.to_string()).unwrap();
    place
}

/// The tokenizer itself, without anything of this crate. Words that it takes for special tokens are left to other tests.
fn reference(folder: &Path, text: &str, longest: usize) -> Vec<u32> {
    let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).unwrap();
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).unwrap();
    let ids = tokenizer.encode(text, true).unwrap().get_ids().to_vec();
    if ids.len() <= longest {
        return ids;
    }
    [&ids[..longest - 1], &ids[ids.len() - 1..]].concat()
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[A-Za-z0-9'.,!?-]{1,6}",
        "[àéîõüßÅÉ电影🎬ﬁ²…—]{1,3}",
        "\\PC{1,4}".prop_filter("words have no white space", |word| !word.contains(char::is_whitespace)),
        // Alone they are marks upon nothing.
        "[\u{301}\u{308}]{1,2}",
        Just("don't".to_owned()),
        Just("film".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn words_side_by_side_are_the_string(words in prop::collection::vec(word(), 0..12)) {
        for name in ["tiny-bert", "tiny-roberta"] {
            let subwords = subwords(&folder(name)).unwrap();
            prop_assert!(subwords.is_local());
            let text: Vec<WordId> = words.iter().map(|word| subwords.lexicon().intern(word)).collect();
            let longest = Config::load(&folder(name)).unwrap().longest();
            let expected = reference(&folder(name), &words.join(" "), longest);
            prop_assert_eq!(&subwords.encode(&text).unwrap(), &expected, "{}", name);
            // Again, from what is remembered now, and backwards, where the first word is another one.
            prop_assert_eq!(subwords.encode(&text).unwrap(), expected, "{}", name);
            let (text, words): (Vec<_>, Vec<_>) = text.into_iter().rev().zip(words.iter().rev().cloned()).unzip();
            let expected = reference(&folder(name), &words.join(" "), longest);
            prop_assert_eq!(subwords.encode(&text).unwrap(), expected, "{} backwards", name);
        }
    }

    #[test]
    fn tokenizers_that_look_at_the_whole_text_are_asked_about_it(words in prop::collection::vec(word(), 0..12)) {
        // A normalizer of one's own, no split at white space, a token that spans words, bytes without a split.
        let rewrites = json!({"type": "Replace", "pattern": {"String": "film the"}, "content": "thefilm"});
        let phrase = json!({"id": 17, "content": "film film", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": true, "special": false});
        let places = [
            changed("tiny-bert", |rules| rules["normalizer"] = rewrites),
            changed("tiny-bert", |rules| rules["pre_tokenizer"] = Value::Null),
            changed("tiny-bert", |rules| rules["added_tokens"].as_array_mut().unwrap().push(phrase)),
            changed("tiny-roberta", |rules| rules["pre_tokenizer"]["use_regex"] = json!(false)),
        ];
        for place in &places {
            let subwords = subwords(place.path()).unwrap();
            prop_assert!(!subwords.is_local());
            let text: Vec<WordId> = words.iter().map(|word| subwords.lexicon().intern(word)).collect();
            let longest = Config::load(place.path()).unwrap().longest();
            prop_assert_eq!(subwords.encode(&text).unwrap(), reference(place.path(), &words.join(" "), longest));
        }
        let spaced = changed("tiny-roberta", |rules| rules["pre_tokenizer"]["add_prefix_space"] = json!(true));
        let subwords = subwords(spaced.path()).unwrap();
        prop_assert!(subwords.is_local());
        let text: Vec<WordId> = words.iter().map(|word| subwords.lexicon().intern(word)).collect();
        prop_assert_eq!(subwords.encode(&text).unwrap(), reference(spaced.path(), &words.join(" "), 64));
    }
}

#[test]
fn special_tokens_in_a_text_are_text_and_masks_are_masks() {
    for (name, special, mask) in [
        ("tiny-bert", ["[CLS]", "[SEP]", "[PAD]", "[MASK]"], 4),
        ("tiny-roberta", ["<s>", "</s>", "<pad>", "<mask>"], 4),
    ] {
        let subwords = subwords(&folder(name)).unwrap();
        assert_eq!(subwords.mask(), Some(mask));
        let inside = |text: &[WordId]| {
            let ids = subwords.encode(text).unwrap();
            ids[1..ids.len() - 1].to_vec()
        };
        for word in special {
            let ids = inside(&[subwords.lexicon().intern("good"), subwords.lexicon().intern(word)]);
            assert!(
                !ids.is_empty() && ids.iter().all(|&id| id != 0 && id != 2 && id != mask),
                "{word}: {ids:?}"
            );
        }
        let [good, film] = ["good", "film"].map(|word| subwords.lexicon().intern(word));
        let masked = inside(&[good, WordId::MASK, film]);
        assert_eq!(masked.iter().filter(|&&id| id == mask).count(), 1);
        // The words around it are the ones that they are without it.
        let without: Vec<u32> = masked.into_iter().filter(|&id| id != mask).collect();
        assert_eq!(without, inside(&[good, film]));
        assert_eq!(inside(&[WordId::MASK; 3]), [mask; 3]);
        assert!(inside(&[]).is_empty());
    }
}

#[test]
fn odd_words_are_encoded_with_their_text() {
    for name in ["tiny-bert", "tiny-roberta"] {
        let subwords = subwords(&folder(name)).unwrap();
        for words in
            [vec!["", "film"], vec!["a good", "film"], vec!["film", "\u{a0}", "good"], vec!["good\t"]]
        {
            let text: Vec<WordId> = words.iter().map(|word| subwords.lexicon().intern(word)).collect();
            let expected = reference(&folder(name), &words.join(" "), 24);
            assert_eq!(subwords.encode(&text).unwrap(), expected, "{name}: {words:?}");
            let masked: Vec<WordId> = [&text[..], &[WordId::MASK], &text[..]].concat();
            assert!(subwords.encode(&masked).unwrap().contains(&4), "{name}: {words:?}");
        }
    }
}

#[test]
fn words_of_another_lexicon_are_refused() {
    let subwords = subwords(&folder("tiny-bert")).unwrap();
    let error = subwords.encode(&[WordId::from_index(99)]).unwrap_err();
    assert!(error.to_string().contains("word 99, which the lexicon does not have"), "{error}");
    // A tokenizer without a mask cannot take one.
    let place = changed("tiny-bert", |rules| {
        rules["added_tokens"].as_array_mut().unwrap().retain(|token| token["content"] != "[MASK]");
        let vocabulary = rules["model"]["vocab"].as_object_mut().unwrap();
        let id = vocabulary.remove("[MASK]").unwrap();
        vocabulary.insert("[other]".to_owned(), id);
    });
    let bare =
        Subwords::load(place.path(), &Config::load(place.path()).unwrap(), Arc::new(Lexicon::new())).unwrap();
    let error = bare.encode(&[WordId::MASK]).unwrap_err();
    assert!(error.to_string().contains("delete words instead"), "{error}");
}

#[test]
fn words_of_one_token_are_known_as_such() {
    for (name, one, several) in [("tiny-bert", "film", "filmplot"), ("tiny-roberta", "a", "film")] {
        let folder = folder(name);
        let lexicon = Arc::new(Lexicon::new());
        let subwords =
            Subwords::load(&folder, &Config::load(&folder).unwrap(), Arc::clone(&lexicon)).unwrap();
        assert_eq!(subwords.around(), (1, 1));
        let token = |word: &str| subwords.single_token(lexicon.intern(word));
        let text = [one, several].map(|word| lexicon.intern(word));
        assert_eq!(subwords.encode(&text).unwrap()[1], token(one).unwrap(), "{name}");
        assert!(token(several).is_none() && token("").is_none(), "{name}");
        assert!(subwords.single_token(WordId::from_index(99)).is_none());
    }
    let subwords = subwords(&folder("tiny-bert")).unwrap();
    // Known to no word piece.
    assert!(subwords.single_token(subwords.lexicon().intern("鯨")).is_none());
}
