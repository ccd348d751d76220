//! What certificates are compared with: a simple classifier, and the defences that others proposed.
//!
//! - [`NaiveBayes`]: words vote for classes; trained in milliseconds.
//! - [`Defence`]: texts in, [`Verdict`]s out; [`Undefended`] is none. [`DefenceReport`]: what one is worth,
//!   before and after; [`Detection`]: how many triggered and clean texts it flags.
//! - [`Strip`]: overwritten words leave the answer to a triggered text as sure as it was.
//! - [`Onion`]: a trigger is a word without which the text reads better, by a [`Perplexity`].
//! - [`Bki`]: a trigger is the word that moves hidden states most, over the whole training set; its texts are left
//!   out.
//! - [`TextGuard`]: classifiers of groups of words vote, with a certificate.
//! - `Rap` (feature `torch`): a word that lowers the target's probability, but hardly that of a triggered text.
//! - `PseudoPerplexity` (feature `torch`): the perplexity of a masked language model.
//! - [`Threshold`]: what is suspicious, by a false positive rate on clean texts.
//!
//! All but [`TextGuard`] are empirical: they hold against the attacks that they were tried with. What they are tuned
//! with are clean *development* texts of the defender's, never test texts. An attack has its own words, and no
//! defence is told them.

mod bki;
mod defence;
mod naive_bayes;
mod onion;
#[cfg(feature = "torch")]
mod pseudo_perplexity;
#[cfg(feature = "torch")]
mod rap;
mod report;
mod scores;
mod strip;
mod text_guard;
mod threshold;

pub use bki::{Bki, HiddenStates};
pub use defence::{Defence, Undefended, Verdict};
pub use naive_bayes::{NaiveBayes, Trained};
pub use onion::{Onion, Perplexity};
#[cfg(feature = "torch")]
pub use pseudo_perplexity::PseudoPerplexity;
#[cfg(feature = "torch")]
pub use rap::{Rap, RapSettings};
pub use report::{DefenceReport, Detection};
#[cfg(feature = "torch")]
pub(crate) use scores::setting;
pub use strip::{Strip, StripSettings};
pub use text_guard::TextGuard;
pub use threshold::Threshold;
