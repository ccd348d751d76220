//! Texts as sequences of interned words.
//!
//! - [`Lexicon`]: maps words to [`WordId`]s and back.
//! - [`Tokenizer`]: from a string to words, by context-free rules.
//!
//! A text is a slice of word ids; strings are used for input and output only.

mod lexicon;
mod normal;
mod tokenizer;

pub use self::{
    lexicon::{Lexicon, WordId},
    tokenizer::{Token, Tokenizer},
};
