//! Logits and hidden states of many texts at once: equal texts computed once, sorted by length, in batches that fit
//! into memory.

use super::{Error, SequenceClassifier, batch};
use std::{cell::Cell, collections::HashMap};
use tch::{Kind, Tensor, no_grad};

/// Tokens of a batch, padding included: enough to keep two cores busy. More take memory and are hardly faster.
pub(crate) const TOKENS: usize = 1024;

/// The largest number of tokens in a batch. It shrinks when memory runs out.
#[derive(Debug)]
pub(crate) struct BatchLimit(Cell<usize>);

impl BatchLimit {
    pub(crate) const fn new(tokens: usize) -> Self {
        Self(Cell::new(tokens))
    }
}

/// Logits, `texts × classes`, of texts of token ids with their special tokens. libtorch tracks no gradients meanwhile.
pub(crate) fn logits(
    model: &SequenceClassifier,
    texts: &[impl AsRef<[u32]>],
    limit: &BatchLimit,
) -> Result<Vec<f32>, Error> {
    rows(model, texts, limit, model.classes(), |state| model.logits(state))
}

/// The last hidden state of the first token, `texts × hidden`, otherwise as [`logits`].
pub(crate) fn first_token_states(
    model: &SequenceClassifier,
    texts: &[impl AsRef<[u32]>],
    limit: &BatchLimit,
) -> Result<Vec<f32>, Error> {
    rows(model, texts, limit, model.config().hidden() as usize, |state| Ok(state.f_to_kind(Kind::Float)?))
}

/// The output of `read` on the last hidden states of the first tokens, `width` numbers for each text.
fn rows(
    model: &SequenceClassifier,
    texts: &[impl AsRef<[u32]>],
    limit: &BatchLimit,
    width: usize,
    read: impl Fn(&Tensor) -> Result<Tensor, Error>,
) -> Result<Vec<f32>, Error> {
    let mut distinct: HashMap<&[u32], usize> = HashMap::with_capacity(texts.len());
    let mut order: Vec<&[u32]> = Vec::new();
    for text in texts {
        distinct.entry(text.as_ref()).or_insert_with_key(|text| {
            order.push(text);
            order.len() - 1
        });
    }
    // A total order, so that the batches do not depend on the order of the texts.
    order.sort_unstable_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    let mut answers: HashMap<&[u32], Vec<f32>> = HashMap::with_capacity(order.len());
    let mut compute = |part: &[&[u32]]| -> Result<Vec<Vec<f32>>, Error> {
        let found = no_grad(|| read(&model.first_token(&model.batch(part)?)?))?;
        let count = part.len() * width;
        let mut values = vec![0.0_f32; count];
        found.f_to_device(tch::Device::Cpu)?.f_contiguous()?.f_copy_data(&mut values, count)?;
        match part.iter().zip(values.chunks_exact(width)).find(|(_, row)| row.iter().any(|x| !x.is_finite()))
        {
            Some((text, row)) => {
                let index = texts.iter().position(|other| other.as_ref() == *text).unwrap_or(0);
                Err(Error::Undefined { index, logits: row.to_vec() })
            }
            None => Ok(values.chunks_exact(width).map(<[f32]>::to_vec).collect()),
        }
    };
    let mut start = 0;
    while let Some(part) = batch::next(&order, start, limit.0.get()) {
        start += part.len();
        let mut tokens = limit.0.get();
        let rows = batch::halving(part, &mut tokens, &mut compute);
        // Later batches start smaller, whether this one succeeded or not.
        limit.0.set(tokens);
        let rows = rows.map_err(|error| match error {
            Error::Torch { memory: true, .. } => Error::OutOfMemory {
                device: format!("{:?}", model.parameters().device()),
                tokens: part.last().map_or(0, |text| text.len()),
            },
            other => other,
        })?;
        answers.extend(part.iter().copied().zip(rows));
    }
    Ok(texts.iter().flat_map(|text| answers.get(text.as_ref()).into_iter().flatten().copied()).collect())
}

/// The class with the largest logit, the smaller one on a tie.
pub(crate) fn largest(row: &[f32]) -> usize {
    let best = row.iter().enumerate().max_by(|(i, a), (j, b)| a.total_cmp(b).then(j.cmp(i)));
    best.map_or(0, |(class, _)| class)
}
