//! [`Trainable`]: weights, and the loss that training minimizes.

use super::{
    super::{
        Error, Parameters, SequenceClassifier,
        inference::{self, BatchLimit},
    },
    Example,
};
use tch::{Reduction, Tensor};

/// A model for [`fine_tune`](super::fine_tune): weights, training texts, and their loss.
///
/// [`SequenceClassifier`] learns classes and [`MaskedLanguageModel`](crate::transformer::MaskedLanguageModel)
/// hidden tokens. For another loss, wrap such a model in a type of your own.
pub trait Trainable {
    /// A text with its target.
    type Text;

    /// All weights of the model.
    fn parameters(&self) -> &Parameters;

    /// Tokens of a text. Texts of similar length share a batch.
    fn length(&self, text: &Self::Text) -> usize;

    /// The number of losses of a text, at least one. The loss of a step is the mean of all losses in it.
    fn losses(&self, _text: &Self::Text) -> usize {
        1
    }

    /// Numbers that identify a text, by which a resumed run checks its texts.
    fn numbers(&self, text: &Self::Text) -> Vec<u64>;

    /// Refuses texts that the model cannot learn.
    ///
    /// # Errors
    /// The first problem.
    fn check(&self, texts: &[Self::Text]) -> Result<(), Error>;

    /// The *sum* of the losses of a batch, as a tensor with gradients. All randomness, such as dropout, is drawn from `seed`.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails, for example if memory runs out.
    fn loss(&self, texts: &[&Self::Text], seed: u64) -> Result<Tensor, Error>;

    /// Whether the losses of the parts of a batch add up to that of the batch. If they do, a batch that does not
    /// fit into memory is computed in parts.
    fn adds_up(&self) -> bool {
        true
    }

    /// The model's accuracy on `texts`, from 0 to 1.
    ///
    /// # Errors
    /// [`Error::Undefined`] if the logits are not finite; [`Error::Torch`] if libtorch fails.
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
