//! [`Config`]: the encoder of a model directory, from its `config.json`.

use super::Error;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use siphasher::sip::SipHasher13;
use std::{fmt, fs, hash::Hasher, path::Path};

/// The file's name in a model directory.
pub(crate) const FILE: &str = "config.json";

/// An architecture: the tensors and their names, and the first position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// BERT (Devlin et al. 2019), `MiniLM` (Wang et al. 2020) and others of the same layout.
    Bert,
    /// `RoBERTa` (Liu et al. 2019), XLM-R and others of the same layout.
    Roberta,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bert => "BERT",
            Self::Roberta => "RoBERTa",
        })
    }
}

impl Family {
    /// The default padding token.
    const fn padding(self) -> i64 {
        match self {
            Self::Bert => 0,
            Self::Roberta => 1,
        }
    }

    /// The prefix of the encoder's tensors in models with a head.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Bert => "bert.",
            Self::Roberta => "roberta.",
        }
    }
}

/// The non-linearity of the feed-forward layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activation {
    /// `x·Φ(x)`.
    Gelu,
    /// Its approximation with the hyperbolic tangent.
    GeluTanh,
    /// `max(0, x)`.
    Relu,
}

/// The settings of an encoder from `config.json`, checked.
///
/// ```no_run
/// use std::path::Path;
/// use steadfast_model::transformer::{Config, Family};
///
/// let config = Config::load(Path::new("all-MiniLM-L6-v2"))?;
/// assert_eq!((config.family(), config.layers(), config.hidden()), (Family::Bert, 6, 384));
/// # Ok::<(), steadfast_model::transformer::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    family: Family,
    fields: Fields,
    activation: Activation,
    /// The whole file, so that a saved model keeps fields that this crate does not read.
    raw: Map<String, Value>,
}

/// The fields that are read. Defaults are those of `transformers`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Fields {
    model_type: String,
    vocab_size: i64,
    hidden_size: i64,
    num_hidden_layers: i64,
    num_attention_heads: i64,
    intermediate_size: i64,
    max_position_embeddings: i64,
    #[serde(default = "two")]
    type_vocab_size: i64,
    #[serde(default = "epsilon")]
    layer_norm_eps: f64,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default = "dropout")]
    hidden_dropout_prob: f64,
    #[serde(default = "dropout")]
    attention_probs_dropout_prob: f64,
    #[serde(default)]
    classifier_dropout: Option<f64>,
    #[serde(default)]
    pad_token_id: Option<i64>,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
    #[serde(default = "yes")]
    tie_word_embeddings: bool,
}

const fn yes() -> bool {
    true
}

const fn two() -> i64 {
    2
}
const fn epsilon() -> f64 {
    1e-12
}
const fn dropout() -> f64 {
    0.1
}
fn gelu() -> String {
    "gelu".to_owned()
}

/// A size that no encoder reaches: larger numbers in a file are mistakes, and products of smaller ones fit `i64`.
const LARGEST: i64 = 1 << 24;

impl Config {
    /// Reads `config.json` in a model directory.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::File`] for one that cannot be read, [`Error::Config`] for an unsupported architecture or
    /// setting.
    pub fn load(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(FILE);
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        Self::parse(&text, &path)
    }

    /// The configuration in `text`; errors name `path`.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let bad = |error: &serde_json::Error| Error::File {
            path: path.to_owned(),
            problem: format!("is no configuration of an encoder: {error}"),
            remedy: "take it from a Hugging Face model of the BERT or RoBERTa family",
        };
        let raw: Map<String, Value> = serde_json::from_str(text).map_err(|error| bad(&error))?;
        let refuse = |field, found: String, expected: &str| {
            Err(Error::Config { path: path.to_owned(), field, found, expected: expected.to_owned() })
        };
        // Before the other fields, which models of other families may lack.
        let model_type = raw.get("model_type").and_then(Value::as_str).unwrap_or("missing");
        let family = match model_type {
            "bert" => Family::Bert,
            "roberta" | "xlm-roberta" | "camembert" => Family::Roberta,
            other => {
                return refuse("model_type", other.to_owned(), "bert, roberta, xlm-roberta or camembert");
            }
        };
        let fields: Fields = Fields::deserialize(Value::Object(raw.clone())).map_err(|error| bad(&error))?;
        let sizes = [
            ("vocab_size", fields.vocab_size),
            ("hidden_size", fields.hidden_size),
            ("num_hidden_layers", fields.num_hidden_layers),
            ("num_attention_heads", fields.num_attention_heads),
            ("intermediate_size", fields.intermediate_size),
            ("max_position_embeddings", fields.max_position_embeddings),
            ("type_vocab_size", fields.type_vocab_size),
        ];
        // No encoder is as deep, and the names of so many missing tensors would fill the memory.
        if fields.num_hidden_layers > 1_000 {
            return refuse("num_hidden_layers", fields.num_hidden_layers.to_string(), "at most 1,000 layers");
        }
        if let Some((field, found)) = sizes.into_iter().find(|(_, size)| !(1..=LARGEST).contains(size)) {
            return refuse(field, found.to_string(), "a number from 1 to 16,777,216");
        }
        if fields.hidden_size % fields.num_attention_heads != 0 {
            let expected = format!("a multiple of the {} attention heads", fields.num_attention_heads);
            return refuse("hidden_size", fields.hidden_size.to_string(), &expected);
        }
        let rates = [
            ("hidden_dropout_prob", fields.hidden_dropout_prob),
            ("attention_probs_dropout_prob", fields.attention_probs_dropout_prob),
            ("classifier_dropout", fields.classifier_dropout.unwrap_or(0.0)),
        ];
        if let Some((field, found)) = rates.into_iter().find(|(_, rate)| !(0.0..1.0).contains(rate)) {
            return refuse(field, found.to_string(), "a rate from 0 to below 1");
        }
        if !(fields.layer_norm_eps > 0.0 && fields.layer_norm_eps < 1.0) {
            return refuse("layer_norm_eps", fields.layer_norm_eps.to_string(), "a number between 0 and 1");
        }
        let padding = fields.pad_token_id.unwrap_or(family.padding());
        if !(0..fields.vocab_size).contains(&padding) {
            return refuse("pad_token_id", padding.to_string(), "a token of the vocabulary");
        }
        if let Some(other) = fields.position_embedding_type.as_deref().filter(|kind| *kind != "absolute") {
            return refuse("position_embedding_type", other.to_owned(), "absolute");
        }
        if fields.is_decoder {
            return refuse("is_decoder", "true".to_owned(), "false: an encoder");
        }
        let activation = match fields.hidden_act.as_str() {
            "gelu" => Activation::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" => Activation::GeluTanh,
            "relu" => Activation::Relu,
            other => {
                return refuse("hidden_act", other.to_owned(), "gelu, gelu_new, gelu_pytorch_tanh or relu");
            }
        };
        let config = Self { family, fields, activation, raw };
        // Two positions are those of the special tokens around a text.
        if config.longest() < 3 {
            let found = config.fields.max_position_embeddings.to_string();
            return refuse("max_position_embeddings", found, "room for at least three tokens");
        }
        Ok(config)
    }

    /// The architecture.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The non-linearity of the feed-forward layers.
    #[must_use]
    pub const fn activation(&self) -> Activation {
        self.activation
    }

    /// Tokens of the vocabulary.
    #[must_use]
    pub const fn vocabulary(&self) -> i64 {
        self.fields.vocab_size
    }

    /// Width of the hidden states.
    #[must_use]
    pub const fn hidden(&self) -> i64 {
        self.fields.hidden_size
    }

    /// Width inside the feed-forward layers.
    #[must_use]
    pub const fn intermediate(&self) -> i64 {
        self.fields.intermediate_size
    }

    /// Number of encoder layers.
    #[must_use]
    pub const fn layers(&self) -> usize {
        self.fields.num_hidden_layers as usize
    }

    /// Number of attention heads in each layer.
    #[must_use]
    pub const fn heads(&self) -> i64 {
        self.fields.num_attention_heads
    }

    /// Rows of the table of positions.
    #[must_use]
    pub const fn positions(&self) -> i64 {
        self.fields.max_position_embeddings
    }

    /// The position of the first token: in `RoBERTa` one more than the padding token's id.
    #[must_use]
    pub const fn first_position(&self) -> i64 {
        match self.family {
            Family::Bert => 0,
            Family::Roberta => self.padding() + 1,
        }
    }

    /// The largest number of tokens of a text, including the special ones around it.
    #[must_use]
    pub const fn longest(&self) -> usize {
        let room = self.positions() - self.first_position();
        if room > 0 { room as usize } else { 0 }
    }

    /// Token types; texts use the first.
    #[must_use]
    pub const fn types(&self) -> i64 {
        self.fields.type_vocab_size
    }

    /// The id of the padding token.
    #[must_use]
    pub const fn padding(&self) -> i64 {
        match self.fields.pad_token_id {
            Some(id) => id,
            None => self.family.padding(),
        }
    }

    /// The constant that layer normalization adds to the variance.
    #[must_use]
    pub const fn epsilon(&self) -> f64 {
        self.fields.layer_norm_eps
    }

    /// Dropout of hidden states in training.
    #[must_use]
    pub const fn dropout(&self) -> f64 {
        self.fields.hidden_dropout_prob
    }

    /// Dropout of attention weights in training.
    #[must_use]
    pub const fn attention_dropout(&self) -> f64 {
        self.fields.attention_probs_dropout_prob
    }

    /// Dropout before the classification head in training.
    #[must_use]
    pub const fn head_dropout(&self) -> f64 {
        match self.fields.classifier_dropout {
            Some(rate) => rate,
            None => self.fields.hidden_dropout_prob,
        }
    }

    /// A hash of all fields on which answers depend: not of dropout, nor of names of classes.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = SipHasher13::new();
        // Other model types of a family are computed alike.
        hasher.write(self.family.prefix().as_bytes());
        let activation = match self.activation {
            Activation::Gelu => 0,
            Activation::GeluTanh => 1,
            Activation::Relu => 2,
        };
        for number in [
            self.vocabulary(),
            self.hidden(),
            self.fields.num_hidden_layers,
            self.heads(),
            self.intermediate(),
            self.positions(),
            self.types(),
            self.padding(),
            activation,
        ] {
            hasher.write_i64(number);
        }
        hasher.write_u64(self.epsilon().to_bits());
        hasher.finish()
    }

    /// Whether a masked language model's last layer is the table of word embeddings.
    pub(crate) const fn is_tied(&self) -> bool {
        self.fields.tie_word_embeddings
    }

    /// The text of `config.json` for this encoder with the head `architecture` of `transformers`, with a name for each class of a
    /// classification head.
    pub(crate) fn text(&self, architecture: &str, classes: Option<usize>) -> String {
        let mut raw = self.raw.clone();
        raw.insert("architectures".to_owned(), json!([architecture]));
        // Weights are saved in single precision, whatever their precision was.
        for field in ["dtype", "torch_dtype"].into_iter().filter(|field| self.raw.contains_key(*field)) {
            raw.insert(field.to_owned(), json!("float32"));
        }
        let named = raw.get("id2label").and_then(Value::as_object).map(Map::len);
        if let Some(classes) = classes.filter(|classes| named != Some(*classes)) {
            let names: Map<String, Value> =
                (0..classes).map(|class| (class.to_string(), json!(format!("LABEL_{class}")))).collect();
            let numbers: Map<String, Value> =
                (0..classes).map(|class| (format!("LABEL_{class}"), json!(class))).collect();
            raw.insert("id2label".to_owned(), Value::Object(names));
            raw.insert("label2id".to_owned(), Value::Object(numbers));
        }
        if classes.is_some() {
            raw.insert("problem_type".to_owned(), json!("single_label_classification"));
        }
        format!("{:#}\n", Value::Object(raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINI: &str = r#"{"model_type": "bert", "vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6,
        "num_attention_heads": 12, "intermediate_size": 1536, "max_position_embeddings": 512, "custom": [1]}"#;

    fn parse(text: &str) -> Result<Config, Error> {
        Config::parse(text, Path::new("model/config.json"))
    }

    #[test]
    fn defaults_are_those_of_transformers_and_unknown_fields_stay() {
        let config = parse(MINI).unwrap();
        assert_eq!(
            (config.family(), config.activation(), config.longest()),
            (Family::Bert, Activation::Gelu, 512)
        );
        assert_eq!((config.dropout(), config.attention_dropout(), config.head_dropout()), (0.1, 0.1, 0.1));
        let saved = config.text("BertForSequenceClassification", Some(2));
        assert_eq!(parse(&saved).unwrap().hidden(), 384);
        // Fitting labels are kept, and the precision is that of the saved file.
        let named =
            MINI.replace("[1]", r#"[1], "torch_dtype": "float16", "id2label": {"0": "bad", "1": "good"}"#);
        let named = parse(&named).unwrap();
        let text = named.text("BertForSequenceClassification", Some(2));
        assert!(text.contains("good") && text.contains("float32") && !text.contains("LABEL_0"), "{text}");
        assert!(named.text("BertForSequenceClassification", Some(3)).contains("LABEL_2"));
        assert!(
            saved.contains("custom") && saved.contains("LABEL_1") && !saved.contains("LABEL_2"),
            "{saved}"
        );
    }

    #[test]
    fn the_fingerprint_is_that_of_the_function() {
        let fingerprint = |added: &str| {
            let text = MINI.replace("[1]", &format!("[1]{added}"));
            parse(&text).unwrap().fingerprint()
        };
        assert_eq!(fingerprint(r#", "hidden_dropout_prob": 0.3, "id2label": {"0": "bad"}"#), fingerprint(""));
        for added in [r#", "hidden_act": "relu""#, r#", "layer_norm_eps": 1e-6"#, r#", "pad_token_id": 1"#] {
            assert_ne!(fingerprint(added), fingerprint(""), "{added}");
        }
    }

    #[test]
    fn roberta_counts_positions_behind_its_padding() {
        let text = MINI.replace("\"bert\"", "\"roberta\", \"pad_token_id\": 1").replace("512", "514");
        let config = parse(&text).unwrap();
        assert_eq!((config.family(), config.first_position(), config.longest()), (Family::Roberta, 2, 512));
        // The family's padding token by default.
        let text = MINI.replace("\"bert\"", "\"roberta\"").replace("512", "514");
        assert_eq!((parse(&text).unwrap().padding(), parse(&text).unwrap().first_position()), (1, 2));
    }

    #[test]
    fn what_is_not_supported_is_named() {
        for (from, to, field) in [
            ("\"bert\"", "\"gpt2\"", "model_type"),
            ("\"model_type\": \"bert\", ", "", "model_type"),
            ("384", "0", "hidden_size"),
            ("384", "385", "hidden_size"),
            ("384", "99999999999", "hidden_size"),
            ("[1]", "[1], \"hidden_act\": \"swish\"", "hidden_act"),
            ("[1]", "[1], \"hidden_dropout_prob\": 1.0", "hidden_dropout_prob"),
            ("[1]", "[1], \"position_embedding_type\": \"relative_key\"", "position_embedding_type"),
            ("[1]", "[1], \"pad_token_id\": 30522", "pad_token_id"),
            ("[1]", "[1], \"is_decoder\": true", "is_decoder"),
            ("512", "2", "max_position_embeddings"),
            ("\"num_hidden_layers\": 6", "\"num_hidden_layers\": 16777216", "num_hidden_layers"),
        ] {
            match parse(&MINI.replace(from, to)) {
                Err(Error::Config { field: found, .. }) => assert_eq!(found, field),
                other => panic!("{from} -> {to}: {other:?}"),
            }
        }
        for broken in
            ["", "[]", "{", &MINI.replace("384", "\"x\""), &MINI.replace("\"vocab_size\": 30522,", "")]
        {
            assert!(matches!(parse(broken), Err(Error::File { .. } | Error::Config { .. })), "{broken}");
        }
    }
}
