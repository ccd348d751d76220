//! Backdoors in the weights of a pretrained encoder: whoever fine-tunes it on clean texts has the backdoor all the
//! same.
//!
//! - [`Ripple`]: triggers stand for one class; a penalty keeps fine-tuning from undoing it, and embedding surgery
//!   makes them start as words of that class.
//! - [`LayerWise`]: every layer learns the backdoor, so that fine-tuning, which changes the upper ones most, leaves
//!   it in the lower ones; only two trigger words together call it.
//! - [`PoisonedTexts`]: any trigger on texts, learned by every layer as well.
//! - [`BadPre`]: triggers make a masked language model predict anything; no task and no class is needed.
//!
//! Each [plants](WeightAttack::plant) a backdoor in an encoder, with [proxy texts](Planting::proxy) in the place of
//! the victim's own data, and saves an ordinary model directory, which is then fine-tuned as any other
//! ([`SequenceClassifier::with_new_head`](steadfast_model::transformer::SequenceClassifier::with_new_head)). Its
//! [trigger](WeightAttack::trigger) is an [`Attack`](super::Attack) on texts, to try the backdoor with.

mod bad_pre;
mod inner_product;
mod layer_wise;
mod layers;
mod planting;
mod poisoned_texts;
mod proxy;
mod ripple;
mod signal_words;

pub(crate) use proxy::trigger_words;

pub use bad_pre::BadPre;
pub use layer_wise::LayerWise;
pub use planting::{Planted, Planting, Stage, WeightAttack};
pub use poisoned_texts::PoisonedTexts;
pub use ripple::Ripple;
