//! [`Subwords`]: from words to the token ids of a model.
//!
//! Noise makes thousands of copies of a text from the same few words. A tokenizer that first splits at white space encodes
//! each word by itself, so the encoding of a copy is the concatenation of its words' encodings: each word is encoded once and
//! copied from then on. With another tokenizer, texts are encoded as strings.

use super::{Config, Error};
use serde_json::Value;
use siphasher::sip::SipHasher13;
use std::{
    cell::RefCell,
    collections::{BTreeSet, HashSet},
    fmt::Display,
    fs,
    hash::Hasher,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast_perturb::{Lexicon, WordId};
use tokenizers::Tokenizer;

/// The file's name in a model directory.
pub(crate) const FILE: &str = "tokenizer.json";

/// A model's tokenizer over the words of a lexicon.
///
/// ```no_run
/// use std::{path::Path, sync::Arc};
/// use steadfast_model::transformer::{Config, Subwords};
/// use steadfast_perturb::{Lexicon, Tokenizer};
///
/// let (folder, lexicon) = (Path::new("my-model"), Arc::new(Lexicon::new()));
/// let subwords = Subwords::load(folder, &Config::load(folder)?, Arc::clone(&lexicon))?;
/// let text = Tokenizer::words().tokenize(&lexicon, "a fine film");
/// let tokens = subwords.encode(&text)?;
/// # Ok::<(), steadfast_model::transformer::Error>(())
/// ```
#[derive(Debug)]
pub struct Subwords {
    path: PathBuf,
    tokenizer: Tokenizer,
    lexicon: Arc<Lexicon>,
    context: Context,
    /// The tokens before and after a text, such as `[CLS]` and `[SEP]`.
    before: Vec<u32>,
    after: Vec<u32>,
    mask: Option<u32>,
    unknown: u32,
    special: HashSet<u32>,
    longest: usize,
    fingerprint: u64,
    cache: RefCell<Cache>,
}

/// The context on which the encoding of a word depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    /// Nothing.
    None,
    /// Whether there is a space before it, as in byte-level BPE. The first word of a text has one if `first` is true.
    Space { first: bool },
    /// Possibly the whole text.
    Text,
}

/// Encodings of words by index, one table for words after a space and one for the others.
#[derive(Debug, Default)]
struct Cache {
    ids: Vec<u32>,
    words: [Vec<Word>; 2],
}

#[derive(Clone, Debug, Default)]
enum Word {
    #[default]
    New,
    Known(Range<usize>),
    /// Empty, or with white space inside, at which a tokenizer would split it.
    Irregular,
}

impl Subwords {
    /// Reads `tokenizer.json` of a model directory, for the model of `config` and texts of the words of `lexicon`.
    ///
    /// Special tokens are escaped: a literal `[CLS]` in a text is text. Padding and truncation in the file are ignored; the
    /// model does both.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::File`] for a file that cannot be read, [`Error::OtherTokenizer`] if it has tokens that the
    /// model does not have, or pads with another one.
    pub fn load(directory: &Path, config: &Config, lexicon: Arc<Lexicon>) -> Result<Self, Error> {
        let path = directory.join(FILE);
        let text = fs::read(&path).map_err(Error::io("read", &path))?;
        Self::parse(&text, path, config, lexicon)
    }

    fn parse(text: &[u8], path: PathBuf, config: &Config, lexicon: Arc<Lexicon>) -> Result<Self, Error> {
        let broken = |problem: String| Error::File {
            path: path.clone(),
            problem,
            remedy: "take it from the same Hugging Face model; one with a fast tokenizer has it",
        };
        // Parsed as JSON first: the tokenizer's own parser panics on truncated text.
        let unreadable = |error: &dyn Display| broken(format!("is no tokenizer that can be read: {error}"));
        let rules: Value = serde_json::from_slice(text).map_err(|error| unreadable(&error))?;
        let mut tokenizer = Tokenizer::from_bytes(text).map_err(|error| unreadable(&error))?;
        let other = |problem: String| Error::OtherTokenizer { path: path.clone(), problem };
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| broken(error.to_string()))?;
        tokenizer.set_encode_special_tokens(true);

        let vocabulary = tokenizer.get_vocab(true);
        if let Some((token, id)) = vocabulary.iter().find(|(_, id)| i64::from(**id) >= config.vocabulary()) {
            let count = config.vocabulary();
            return Err(other(format!(
                "it has the token {token:?} as number {id}, the model has {count} tokens"
            )));
        }
        let named = |names: [&str; 2]| names.iter().find_map(|name| vocabulary.get(*name).copied());
        if let Some(id) = named(["[PAD]", "<pad>"]).filter(|&id| i64::from(id) != config.padding()) {
            let expected = config.padding();
            return Err(other(format!("it pads with token {id}, the model with {expected}")));
        }
        let unknown =
            named(["[UNK]", "<unk>"]).ok_or_else(|| other("it has no token for unknown words".to_owned()))?;

        // The tokens around any word are those around every text.
        let encode = |special| {
            let encoding = tokenizer.encode_fast("a", special).map_err(|error| broken(error.to_string()))?;
            Ok::<_, Error>(encoding.get_ids().to_vec())
        };
        let (bare, whole) = (encode(false)?, encode(true)?);
        let start = whole.windows(bare.len().max(1)).position(|window| *window == *bare);
        let (before, after) = match start.map(|start| (whole.get(..start), whole.get(start + bare.len()..))) {
            Some((Some(before), Some(after))) if !bare.is_empty() => (before.to_vec(), after.to_vec()),
            _ => {
                return Err(other(
                    "it does not put special tokens around a text, but changes the text".to_owned(),
                ));
            }
        };
        if before.is_empty() {
            return Err(other(
                "it puts no token before a text; classification reads the first one".to_owned(),
            ));
        }
        let longest = config.longest();
        if before.len() + after.len() >= longest {
            return Err(other(format!("its special tokens fill the {longest} positions of the model")));
        }
        let added = tokenizer.get_added_tokens_decoder();
        let special = added.iter().filter(|(_, token)| token.special).map(|(id, _)| *id).collect();
        // A token that was added may match across words.
        let context = if added.values().all(|token| token.special) { context(&rules) } else { Context::Text };
        let mask = named(["[MASK]", "<mask>"]);
        let cache = RefCell::default();
        Ok(Self {
            path,
            tokenizer,
            lexicon,
            context,
            before,
            after,
            mask,
            unknown,
            special,
            longest,
            fingerprint: hash(text),
            cache,
        })
    }

    /// The words of texts.
    #[must_use]
    pub const fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }

    /// The tokenizer's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A hash of the tokenizer's file.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The directory of the tokenizer's file, if that is unchanged since it was read.
    pub(crate) fn unchanged(&self) -> Result<&Path, Error> {
        let text = fs::read(&self.path).map_err(Error::io("read", &self.path))?;
        if hash(&text) == self.fingerprint {
            return Ok(self.path.parent().unwrap_or_else(|| Path::new("")));
        }
        Err(Error::File {
            path: self.path.clone(),
            problem: "has changed since it was read".to_owned(),
            remedy: "load the model again, or put the file back",
        })
    }

    /// The token that hides a word, if the model has one.
    #[must_use]
    pub const fn mask(&self) -> Option<u32> {
        self.mask
    }

    /// The single token of a word at the start of a text. `None` for a word of several tokens, an unknown word, and one outside
    /// the lexicon.
    #[must_use]
    pub fn single_token(&self, word: WordId) -> Option<u32> {
        let tokens = self.encode(&[word]).ok()?;
        match *tokens.get(self.before.len()..tokens.len() - self.after.len())? {
            [token] if token != self.unknown => Some(token),
            _ => None,
        }
    }

    /// The words of letters that are a single token of the model, in alphabetical order. They are not added to the lexicon.
    #[must_use]
    pub fn single_words(&self) -> Vec<String> {
        let word = |token: String| {
            // Byte-level BPE writes the space before a word into its token.
            let word = token.strip_prefix('Ġ').unwrap_or(&token).to_owned();
            word.chars().all(char::is_alphabetic).then_some(word)
        };
        let words: BTreeSet<String> = self.tokenizer.get_vocab(false).into_keys().filter_map(word).collect();
        let alone = |word: &String| {
            let tokens = self.tokenizer.encode_fast(word.as_str(), false);
            tokens.is_ok_and(|tokens| matches!(*tokens.get_ids(), [token] if token != self.unknown))
        };
        words.into_iter().filter(alone).collect()
    }

    /// The number of tokens before the words of a text, such as one for `[CLS]`, and after them.
    #[must_use]
    pub const fn around(&self) -> (usize, usize) {
        (self.before.len(), self.after.len())
    }

    /// Whether each word is encoded by itself, so that copies of known words need no tokenizer.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        !matches!(self.context, Context::Text)
    }

    /// Tokens of a text, with the special ones around it, truncated to the model's positions. They are those of the words joined
    /// by single spaces; a mask becomes the model's mask token.
    ///
    /// # Errors
    /// [`Error::Input`] for a word outside the lexicon, or a mask if the model has no token for it.
    pub fn encode(&self, text: &[WordId]) -> Result<Vec<u32>, Error> {
        let mut ids = self.before.clone();
        let room = self.longest - self.after.len();
        if !self.is_local() || !self.append_words(text, room, &mut ids)? {
            ids.truncate(self.before.len());
            self.append_encoded(text, &mut ids)?;
        }
        ids.truncate(room);
        ids.extend_from_slice(&self.after);
        Ok(ids)
    }

    /// Tokens of a string as it stands, in the same form as [`Self::encode`].
    ///
    /// # Errors
    /// [`Error::Input`] if the tokenizer refuses it.
    pub fn encode_string(&self, text: &str) -> Result<Vec<u32>, Error> {
        let mut ids = self.before.clone();
        ids.append(&mut self.encoded(text)?);
        ids.truncate(self.longest - self.after.len());
        ids.extend_from_slice(&self.after);
        Ok(ids)
    }

    /// Appends the encodings of words until there are at least `room` tokens; false for words that need the whole text.
    fn append_words(&self, text: &[WordId], room: usize, ids: &mut Vec<u32>) -> Result<bool, Error> {
        let mut cache = self.cache.borrow_mut();
        for (position, &word) in text.iter().enumerate() {
            if ids.len() >= room {
                break;
            }
            if word == WordId::MASK {
                ids.push(self.mask_token()?);
                continue;
            }
            let spaced = match self.context {
                Context::Space { first } => first || position > 0,
                Context::None | Context::Text => false,
            };
            match cache.get(word, spaced) {
                Word::Known(range) => ids.extend_from_slice(cache.ids.get(range).unwrap_or_default()),
                Word::Irregular => return Ok(false),
                Word::New => {
                    let Some(string) = self.lexicon.word(word) else { return Err(foreign(word)) };
                    if string.is_empty() || string.contains(char::is_whitespace) {
                        cache.put(word, spaced, Word::Irregular);
                        return Ok(false);
                    }
                    let encoded =
                        if spaced { self.encoded(&format!(" {string}"))? } else { self.encoded(&string)? };
                    ids.extend_from_slice(&encoded);
                    cache.keep(word, spaced, &encoded);
                }
            }
        }
        Ok(true)
    }

    /// Appends the encoding of the text as a string, masks apart.
    fn append_encoded(&self, text: &[WordId], ids: &mut Vec<u32>) -> Result<(), Error> {
        let known = self.lexicon.len();
        if let Some(&word) = text.iter().find(|word| word.index() as usize >= known) {
            return Err(foreign(word));
        }
        let mut start = true;
        for part in text.split(|&word| word == WordId::MASK) {
            if !std::mem::take(&mut start) {
                ids.push(self.mask_token()?);
            }
            let mut string = self.lexicon.detokenize(part);
            // The first word after a mask is not the first of the text.
            if ids.len() > self.before.len()
                && !part.is_empty()
                && matches!(self.context, Context::Space { .. })
            {
                string.insert(0, ' ');
            }
            ids.append(&mut self.encoded(&string)?);
        }
        Ok(())
    }

    /// The tokenizer's own encoding without special tokens. Special tokens in the text itself become unknown ones.
    fn encoded(&self, string: &str) -> Result<Vec<u32>, Error> {
        let encoding = self.tokenizer.encode_fast(string, false).map_err(|error| Error::Input {
            index: 0,
            problem: format!("cannot be encoded by {}: {error}", self.path.display()),
        })?;
        let escape = |&id| if self.special.contains(&id) { self.unknown } else { id };
        Ok(encoding.get_ids().iter().map(escape).collect())
    }

    fn mask_token(&self) -> Result<u32, Error> {
        self.mask.ok_or_else(|| Error::Input {
            index: 0,
            problem: format!(
                "holds a mask, for which {} has no token; delete words instead",
                self.path.display()
            ),
        })
    }
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(text);
    hasher.finish()
}

fn foreign(word: WordId) -> Error {
    let number = word.index();
    Error::Input {
        index: 0,
        problem: format!(
            "holds word {number}, which the lexicon does not have; share one lexicon between texts and model"
        ),
    }
}

impl Cache {
    fn get(&self, word: WordId, spaced: bool) -> Word {
        let [plain, after_space] = &self.words;
        let table = if spaced { after_space } else { plain };
        table.get(word.index() as usize).cloned().unwrap_or_default()
    }

    fn put(&mut self, word: WordId, spaced: bool, entry: Word) {
        let [plain, after_space] = &mut self.words;
        let table = if spaced { after_space } else { plain };
        let index = word.index() as usize;
        if table.len() <= index {
            table.resize(index + 1, Word::New);
        }
        if let Some(slot) = table.get_mut(index) {
            *slot = entry;
        }
    }

    fn keep(&mut self, word: WordId, spaced: bool, ids: &[u32]) {
        let start = self.ids.len();
        self.ids.extend_from_slice(ids);
        let range = start..self.ids.len();
        self.put(word, spaced, Word::Known(range));
    }
}

/// The context on which a word's encoding depends, by the rules in the tokenizer's file. Unknown rules may depend on the whole
/// text.
fn context(rules: &Value) -> Context {
    let kind = |rule: &Value| rule.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let all = |rule: &Value, list: &str, local: &dyn Fn(&Value) -> bool| match rule.get(list) {
        Some(Value::Array(rules)) if kind(rule) == "Sequence" => rules.iter().all(local),
        _ => local(rule),
    };
    let (normalizer, splitter) = (rules.get("normalizer"), rules.get("pre_tokenizer"));
    // These work on one character at a time, or on marks, which do not combine with white space.
    let by_character = ["BertNormalizer", "Lowercase", "StripAccents", "NFC", "NFD", "NFKC", "NFKD"];
    let normalizer_is_local = match normalizer {
        None | Some(Value::Null) => true,
        Some(rule) => all(rule, "normalizers", &|rule| by_character.contains(&kind(rule).as_str())),
    };
    let Some(splitter) = splitter.filter(|_| normalizer_is_local) else { return Context::Text };
    let flag = |name: &str| splitter.get(name).and_then(Value::as_bool);
    if kind(splitter) == "ByteLevel" && flag("use_regex") != Some(false) {
        return match (normalizer, flag("add_prefix_space")) {
            (None | Some(Value::Null), Some(first)) => Context::Space { first },
            _ => Context::Text,
        };
    }
    let at_space =
        |rule: &Value| ["BertPreTokenizer", "Whitespace", "WhitespaceSplit"].contains(&kind(rule).as_str());
    let within = |rule: &Value| at_space(rule) || ["Punctuation", "Digits"].contains(&kind(rule).as_str());
    let splits = match splitter.get("pretokenizers") {
        Some(Value::Array(rules)) if kind(splitter) == "Sequence" => {
            rules.first().is_some_and(at_space) && rules.iter().all(within)
        }
        _ => at_space(splitter),
    };
    if splits { Context::None } else { Context::Text }
}
