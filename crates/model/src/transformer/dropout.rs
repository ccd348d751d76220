//! [`Dropout`]: off, or drawn from libtorch's generator under a seed of its own.

use super::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tch::Tensor;

/// libtorch has one generator per device and process. It is locked and seeded before each use, so that draws depend on the
/// seed and not on other threads.
static GENERATOR: Mutex<()> = Mutex::new(());

/// libtorch's generator, seeded and held until this is dropped.
#[derive(Debug)]
pub(crate) struct Seeded(#[expect(dead_code, reason = "it is held, not read")] MutexGuard<'static, ()>);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        let guard = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        tch::manual_seed(seed.cast_signed());
        Self(guard)
    }
}

/// Dropout in a forward pass.
#[derive(Debug)]
pub(crate) enum Dropout {
    /// None: the model answers.
    Off,
    /// Masks from the seeded generator: the model is trained.
    On(#[expect(dead_code, reason = "it is held, not read")] Seeded),
    /// As [`Self::On`], by operations that can be differentiated twice, which libtorch's fused attention cannot.
    Twice(#[expect(dead_code, reason = "it is held, not read")] Seeded),
}

impl Dropout {
    /// Elements become 0 with probability `rate`, and the others grow by `1/(1 − rate)`.
    pub(crate) fn apply(&self, input: &Tensor, rate: f64) -> Result<Tensor, Error> {
        match self {
            Self::On(_) | Self::Twice(_) if rate > 0.0 => Ok(input.f_dropout(rate, true)?),
            _ => Ok(input.shallow_clone()),
        }
    }

    /// Scaled-dot-product attention (Vaswani et al. 2017, Eq. 1), `texts × heads × tokens × width`, with dropout of its weights.
    pub(crate) fn attention(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        mask: Option<&Tensor>,
        rate: f64,
    ) -> Result<Tensor, Error> {
        if let Self::Twice(_) = self {
            let width = query.size().last().copied().unwrap_or(1) as f64;
            let mut scores = query.f_matmul(&key.f_transpose(-2, -1)?)?.f_div_scalar(width.sqrt())?;
            if let Some(mask) = mask {
                scores = scores.f_masked_fill(&mask.f_logical_not()?, f64::NEG_INFINITY)?;
            }
            let weights = self.apply(&scores.f_softmax(-1, query.kind())?, rate)?;
            return Ok(weights.f_matmul(value)?);
        }
        let rate = if matches!(self, Self::On(_)) { rate } else { 0.0 };
        Ok(Tensor::f_scaled_dot_product_attention(query, key, value, mask, rate, false, None, false)?)
    }
}
