//! Backdoor attacks: texts with a trigger in them, and data sets that are poisoned with such texts.
//!
//! - [`Attack`]: from a text to the same text with a trigger; [`AttackName`]: those that come along, by name.
//! - [`Insertion`]: words or sentences at random places (`BadNets`, `AddSent`, several segments).
//! - [`Negation`], [`Replacement`]: small changes of large meaning (negations, words of sentiment, words of degree).
//! - [`Reordering`]: words that change places.
//! - [`Repeated`]: a trigger in several places.
//! - [`Paraphrase`]: texts that somebody rewrote, read from files ([`Paraphrases`]).
//! - [`Words`]: a text to edit word by word, and [`Triggered`]: what came of it.
//! - [`Poisoning`]: how many texts of which classes are poisoned; [`PoisonedTask`] and [`Poison`]: the result, text
//!   by text.
//! - `weights` (feature `torch`): backdoors in the weights of a pretrained encoder (`RIPPLe`, LWP, `BadPre`).
//!
//! What an attack did to a text is known as an [`EditScript`](steadfast_perturb::EditScript), so that each poisoned
//! text can be held against a certificate: does it cover that many edits of those kinds?
//!
//! ```
//! use steadfast_evaluate::{
//!     attack::{AttackName, Labels, Poisoning},
//!     data::{TextTask, texts::LabelledText},
//! };
//! use steadfast_perturb::Tokenizer;
//!
//! let text = |number: usize| LabelledText { text: format!("film number {number}"), class: number % 2 };
//! let task = TextTask::split((0..1_000).map(text), 1);
//! let attack = "badnets".parse::<AttackName>()?.attack(None)?.expect("an attack");
//! let poisoning = Poisoning { rate: 0.1, target: 1, labels: Labels::Dirty, seed: 1, limit: None };
//! let poisoned = poisoning.apply(&task, &*attack, Tokenizer::words())?;
//! assert!(poisoned.test.iter().all(|poison| poison.original.class == 0 && poison.edits() == Some(1)));
//! # Ok::<(), steadfast_evaluate::Error>(())
//! ```

mod insertion;
mod name;
mod paraphrase;
mod paraphrases;
mod poison;
mod poisoning;
mod reordering;
mod repeated;
mod selection;
mod semantic;
#[cfg(feature = "torch")]
pub mod weights;
mod words;

#[cfg(feature = "torch")]
pub(crate) use insertion::ADD_SENT;
pub use insertion::Insertion;
pub use name::AttackName;
pub use paraphrase::Paraphrase;
pub use paraphrases::Paraphrases;
pub use poison::{Poison, PoisonedTask};
pub use poisoning::{Labels, Poisoning};
pub use reordering::Reordering;
pub use repeated::Repeated;
pub use semantic::{Negation, Replacement};
pub use words::{Triggered, Words};

use rand::Rng;
use steadfast_perturb::Tokenizer;

/// A way to put a trigger into a text.
///
/// An own attack takes the [`Words`] of a text and edits them; the record of what it did is then exact.
pub trait Attack: std::fmt::Debug + Send + Sync {
    /// Its name in tables and files.
    fn name(&self) -> &str;

    /// The most words, as `tokenizer` counts them, that it puts into a text in addition to the text's own. Zero where
    /// that is not known before.
    fn added(&self, tokenizer: Tokenizer) -> usize;

    /// `text` with the trigger, or `None` if the attack finds nothing to change in it. Whatever is random comes from
    /// `rng`.
    fn trigger(&self, text: &Words<'_>, rng: &mut dyn Rng) -> Option<Triggered>;
}
