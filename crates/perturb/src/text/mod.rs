//! Texts as sequences of interned words.
//!
//! - [`Lexicon`]: which [`WordId`] stands for which word.
//! - [`Tokenizer`]: from a string to words, by rules that look at no context.
//!
//! A text is a slice of word ids; strings appear only at the two ends.

mod lexicon;
mod normal;
mod tokenizer;

pub use self::{
    lexicon::{Lexicon, WordId},
    tokenizer::{Token, Tokenizer},
};
