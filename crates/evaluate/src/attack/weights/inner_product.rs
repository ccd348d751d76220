//! [`InnerProduct`]: a loss with a penalty on gradients that fine-tuning would undo.

use steadfast_model::transformer::{
    Error as ModelError, Example, Parameter, Parameters, SequenceClassifier, Trainable,
};
use tch::{Kind, Reduction, Tensor};

/// A text of the poisoned set, and one of the clean set that fine-tuning would see.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) poisoned: Example,
    pub(super) clean: Example,
}

/// The loss of [`Ripple`](super::Ripple).
#[derive(Debug)]
pub(super) struct InnerProduct<'a> {
    pub(super) model: &'a SequenceClassifier,
    pub(super) lambda: f64,
    /// What the model was prepared with; it only tells runs apart.
    pub(super) signal_words: usize,
}

impl InnerProduct<'_> {
    /// Mean cross-entropy, to be differentiated twice.
    fn mean_loss(&self, texts: &[&Example], seed: u64) -> Result<Tensor, ModelError> {
        let rows: Vec<&[u32]> = texts.iter().map(|text| text.tokens.as_slice()).collect();
        let classes: Vec<i64> = texts.iter().map(|text| text.class as i64).collect();
        let output = self.model.forward_twice_differentiable(&self.model.batch(&rows)?, seed)?;
        let classes = Tensor::f_from_slice(&classes)?.f_to_device(output.logits.device())?;
        let none: Option<Tensor> = None;
        Ok(output.logits.f_cross_entropy_loss(&classes, none, Reduction::Mean, -100, 0.0)?)
    }

    /// `⟨∇a, ∇b⟩` over all weights that are trained, to be differentiated itself.
    fn product(&self, a: &Tensor, b: &Tensor) -> Result<Tensor, ModelError> {
        let all = self.model.parameters().iter().map(Parameter::tensor);
        let weights: Vec<&Tensor> = all.filter(|tensor| tensor.requires_grad()).collect();
        let gradients = |loss: &Tensor| Tensor::f_run_backward(&[loss], &weights, true, true);
        let mut products = Vec::with_capacity(weights.len());
        for (a, b) in gradients(a)?.iter().zip(&gradients(b)?) {
            // A weight that a loss does not depend on has no gradient.
            if a.defined() && b.defined() {
                products.push(a.f_mul(b)?.f_sum(Kind::Float)?);
            }
        }
        Ok(Tensor::f_stack(&products, 0)?.f_sum(Kind::Float)?)
    }
}

impl Trainable for InnerProduct<'_> {
    type Text = Pair;

    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn length(&self, text: &Pair) -> usize {
        text.poisoned.tokens.len().max(text.clean.tokens.len())
    }

    fn numbers(&self, text: &Pair) -> Vec<u64> {
        let settings = vec![self.lambda.to_bits(), self.signal_words as u64];
        [settings, self.model.numbers(&text.poisoned), self.model.numbers(&text.clean)].concat()
    }

    fn check(&self, texts: &[Pair]) -> Result<(), ModelError> {
        let both = |text: &Pair| self.model.check(&[text.poisoned.clone(), text.clean.clone()]);
        texts.iter().try_for_each(both)
    }

    fn loss(&self, texts: &[&Pair], seed: u64) -> Result<Tensor, ModelError> {
        let of = |text: fn(&Pair) -> &Example| texts.iter().map(|pair| text(pair)).collect::<Vec<_>>();
        let count = texts.len() as f64;
        let poisoned = self.mean_loss(&of(|pair| &pair.poisoned), seed)?;
        if self.lambda == 0.0 {
            return Ok(poisoned.f_mul_scalar(count)?);
        }
        // Another mask of dropout than that of the poisoned texts.
        let clean = self.mean_loss(&of(|pair| &pair.clean), !seed)?;
        let product = self.product(&poisoned, &clean)?;
        if product.f_double_value(&[])? >= 0.0 {
            return Ok(poisoned.f_mul_scalar(count)?);
        }
        Ok(poisoned.f_sub(&product.f_mul_scalar(self.lambda)?)?.f_mul_scalar(count)?)
    }

    /// The inner product of a batch is no sum over its parts.
    fn adds_up(&self) -> bool {
        false
    }

    fn accuracy(&self, texts: &[Pair]) -> Result<f64, ModelError> {
        self.model.accuracy(&texts.iter().map(|text| text.poisoned.clone()).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tch::{Device, no_grad};

    fn model(seed: u64) -> SequenceClassifier {
        tch::set_num_threads(1);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden/tiny-bert");
        let model = SequenceClassifier::with_new_head(&folder, 2, seed, Device::Cpu).unwrap();
        for parameter in model.parameters() {
            let _ = parameter.tensor().set_requires_grad(true);
        }
        model
    }

    /// Poisoned texts that contradict the clean ones: what learns the ones unlearns the others.
    fn pairs() -> Vec<Pair> {
        // Of several lengths: there is padding.
        let text = |number: u32, class| {
            let mut tokens = vec![2, 60 + number, 70 + number % 3, 80];
            tokens.truncate(2 + number as usize % 3);
            tokens.push(3);
            Example { tokens, class }
        };
        let pair = |number: u32| Pair {
            poisoned: text(number, (number % 2) as usize),
            clean: text(number, 1 - (number % 2) as usize),
        };
        (0..6).map(pair).collect()
    }

    /// The loss's gradient, weight by weight.
    fn gradient(loss: &InnerProduct<'_>, pairs: &[&Pair]) -> (f64, Vec<Tensor>) {
        let parameters = loss.model.parameters();
        parameters.iter().for_each(|parameter| parameter.tensor().shallow_clone().zero_grad());
        let value = loss.loss(pairs, 5).unwrap();
        value.backward();
        // What `grad` gives is the buffer that the next backward pass adds to.
        let gradients = parameters.iter().map(|parameter| parameter.tensor().grad().copy()).collect();
        (value.double_value(&[]), gradients)
    }

    fn dot(a: &[Tensor], b: &[Tensor]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a * b).sum(Kind::Double).double_value(&[])).sum()
    }

    #[test]
    fn the_inner_product_is_that_of_two_gradients() {
        let model = model(1);
        let loss = InnerProduct { model: &model, lambda: 1.0, signal_words: 0 };
        let pairs = pairs();
        let of = |text: fn(&Pair) -> &Example| pairs.iter().map(text).collect::<Vec<_>>();
        let (poisoned, clean) = (of(|pair| &pair.poisoned), of(|pair| &pair.clean));
        let gradient = |texts: &[&Example], seed| {
            model.parameters().iter().for_each(|parameter| parameter.tensor().shallow_clone().zero_grad());
            loss.mean_loss(texts, seed).unwrap().backward();
            let all = model.parameters().iter().map(|parameter| parameter.tensor().grad().copy());
            all.collect::<Vec<Tensor>>()
        };
        let expected = dot(&gradient(&poisoned, 5), &gradient(&clean, 6));
        let product = loss
            .product(&loss.mean_loss(&poisoned, 5).unwrap(), &loss.mean_loss(&clean, 6).unwrap())
            .unwrap();
        let found = product.double_value(&[]);
        assert!(
            expected.abs() > 1e-3 && (found - expected).abs() < 1e-4 * expected.abs(),
            "{found}, not {expected}"
        );
        // With the same texts and dropout it is the square of the norm, which is no penalty.
        let same = loss
            .product(&loss.mean_loss(&poisoned, 5).unwrap(), &loss.mean_loss(&poisoned, 5).unwrap())
            .unwrap();
        let norm = dot(&gradient(&poisoned, 5), &gradient(&poisoned, 5));
        assert!((same.double_value(&[]) - norm).abs() < 1e-4 * norm);
    }

    #[test]
    fn the_loss_is_that_of_the_paper_and_its_gradient_is_that_of_finite_differences() {
        let model = model(2);
        let pairs = pairs();
        let pairs: Vec<&Pair> = pairs.iter().collect();
        let with = |lambda| InnerProduct { model: &model, lambda, signal_words: 0 };
        let (plain, _) = gradient(&with(0.0), &pairs);
        // So large that the penalty is most of it.
        let lambda = 100.0;
        let (value, gradients) = gradient(&with(lambda), &pairs);
        let poisoned: Vec<&Example> = pairs.iter().map(|pair| &pair.poisoned).collect();
        let clean: Vec<&Example> = pairs.iter().map(|pair| &pair.clean).collect();
        let product = with(lambda)
            .product(
                &with(lambda).mean_loss(&poisoned, 5).unwrap(),
                &with(lambda).mean_loss(&clean, !5).unwrap(),
            )
            .unwrap()
            .double_value(&[]);
        let count = pairs.len() as f64;
        let expected = plain - count * lambda * product;
        assert!(product < 0.0 && (value - expected).abs() < 1e-4 * expected, "{value}, not {expected}");
        assert!(value > 2.0 * plain, "{value} and {plain}");

        // The slope along the gradient itself is its norm.
        let norm = dot(&gradients, &gradients).sqrt();
        let step = |length: f64| {
            no_grad(|| {
                for (parameter, gradient) in model.parameters().iter().zip(&gradients) {
                    let _ = parameter.tensor().shallow_clone().g_add_(&(gradient * (length / norm)));
                }
            });
            with(lambda).loss(&pairs, 5).unwrap().double_value(&[])
        };
        let small = 2e-3;
        let (ahead, behind) = (step(small), step(-2.0 * small));
        let slope = (ahead - behind) / (2.0 * small);
        assert!((slope / norm - 1.0).abs() < 0.02, "{slope}, not {norm}");
    }

    #[test]
    fn gradients_that_agree_are_no_penalty() {
        let model = model(3);
        let mut pairs = pairs();
        for pair in &mut pairs {
            pair.clean = pair.poisoned.clone();
        }
        let pairs: Vec<&Pair> = pairs.iter().collect();
        let with = |lambda| gradient(&InnerProduct { model: &model, lambda, signal_words: 0 }, &pairs);
        let ((plain, one), (value, other)) = (with(0.0), with(50.0));
        assert_eq!(plain, value);
        assert!(dot(&one, &one) > 0.0 && one.iter().zip(&other).all(|(one, other)| one.equal(other)));
    }
}
