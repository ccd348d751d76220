//! [`Trainable`]: weights, and the loss that they are trained for.

use super::{
    super::{
        Error, Parameters, SequenceClassifier,
        inference::{self, BatchLimit},
    },
    Example,
};
use tch::{Reduction, Tensor};

/// What [`fine_tune`](super::fine_tune) trains: weights, the texts that they learn from, and the loss of those.
///
/// [`SequenceClassifier`] learns classes and [`MaskedLanguageModel`](crate::transformer::MaskedLanguageModel)
/// hidden tokens. A loss of one's own is a type around such a model.
pub trait Trainable {
    /// A text, and what is to be learned from it.
    type Text;

    /// All weights of the model.
    fn parameters(&self) -> &Parameters;

    /// Tokens of a text. Texts of similar length share a batch.
    fn length(&self, text: &Self::Text) -> usize;

    /// How many losses a text has, at least one. The loss of a step is the mean of all losses in it.
    fn losses(&self, _text: &Self::Text) -> usize {
        1
    }

    /// Numbers that tell a text apart from others, by which a run that goes on knows its texts.
    fn numbers(&self, text: &Self::Text) -> Vec<u64>;

    /// Refuses texts that the model cannot learn.
    ///
    /// # Errors
    /// Whatever is wrong with them.
    fn check(&self, texts: &[Self::Text]) -> Result<(), Error>;

    /// The *summed* losses of texts that go through the model together, as a tensor to call for gradients. Whatever
    /// is random, such as dropout, is drawn from `seed`.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails, such as for want of memory.
    fn loss(&self, texts: &[&Self::Text], seed: u64) -> Result<Tensor, Error>;

    /// Whether the losses of the parts of a batch add up to that of the batch. If they do, a batch that does not
    /// fit into memory is computed in parts.
    fn adds_up(&self) -> bool {
        true
    }

    /// How much of `texts` the model gets right, from 0 to 1.
    ///
    /// # Errors
    /// [`Error::Undefined`] if the model answers with what is no number; [`Error::Torch`] if libtorch fails.
    fn accuracy(&self, texts: &[Self::Text]) -> Result<f64, Error>;
}

/// Cross-entropy of the class.
impl Trainable for SequenceClassifier {
    type Text = Example;

    fn parameters(&self) -> &Parameters {
        self.parameters()
    }

    fn length(&self, text: &Example) -> usize {
        text.tokens.len()
    }

    fn numbers(&self, text: &Example) -> Vec<u64> {
        let head = [text.tokens.len() as u64, text.class as u64];
        head.into_iter().chain(text.tokens.iter().map(|&token| token.into())).collect()
    }

    /// Refuses classes that the head does not have.
    fn check(&self, texts: &[Example]) -> Result<(), Error> {
        match texts.iter().map(|text| text.class).max() {
            Some(largest) if largest >= self.classes() => {
                Err(Error::Classes { found: self.classes(), expected: largest + 1 })
            }
            _ => Ok(()),
        }
    }

    fn loss(&self, texts: &[&Example], seed: u64) -> Result<Tensor, Error> {
        let rows: Vec<&[u32]> = texts.iter().map(|text| text.tokens.as_slice()).collect();
        let classes: Vec<i64> = texts.iter().map(|text| text.class as i64).collect();
        let classes = Tensor::f_from_slice(&classes)?.f_to_device(self.parameters().device())?;
        let batch = self.batch(&rows)?;
        let output = self.forward_with_dropout(&batch, seed)?;
        let none: Option<Tensor> = None;
        Ok(output.logits.f_cross_entropy_loss(&classes, none, Reduction::Sum, -100, 0.0)?)
    }

    fn accuracy(&self, texts: &[Example]) -> Result<f64, Error> {
        let rows: Vec<&[u32]> = texts.iter().map(|text| text.tokens.as_slice()).collect();
        let logits = inference::logits(self, &rows, &BatchLimit::new(inference::TOKENS))?;
        let answers = logits.chunks_exact(self.classes()).map(inference::largest);
        let right = answers.zip(texts).filter(|(answer, text)| *answer == text.class).count();
        Ok(right as f64 / texts.len().max(1) as f64)
    }
}
