//! [`TwoLayerNet`]: the paper's two-layer network, trained by full-batch gradient descent through the Gram matrix.
//!
//! With full-batch gradients the first layer's weights stay in the span of their initial value and the training examples:
//! `W = α W₀ + Xᵀ S`. The activations `X W = α X W₀ + G S` need the Gram matrix `G = X Xᵀ` only, which is counted once per
//! net from bits. So a step costs `n² h` multiplications instead of `2 n d h`, and gradient descent with momentum
//! and weight decay is followed exactly (Adam is not). Input bits enter as ±½, which centres them, and a constant feature of ½
//! serves as the bias.

use super::{
    BaseLearner, BitMatrix, Error, NoisyBatch, NoisyNet,
    bit_matrix::ones,
    sparse::{LANES, SparseRows, fold_mask, sum_rows},
};
use ndarray::{Array2, linalg::general_mat_mul};
use rand_core::Rng;
use steadfast_certify::{BoxError, VoteTable, rand_core};

/// How a [`TwoLayerNet`] is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoLayerSettings {
    /// Hidden units.
    pub width: usize,
    /// Gradient steps over the whole training set.
    pub steps: usize,
    /// Step size.
    pub learning_rate: f32,
    /// Share of the last step that is repeated, in [0, 1).
    pub momentum: f32,
    /// Coefficient of the ℓ2 penalty `λ/2 |W|²` on all weights.
    pub weight_decay: f32,
}

impl Default for TwoLayerSettings {
    fn default() -> Self {
        Self { width: 16, steps: 40, learning_rate: 0.1, momentum: 0.8, weight_decay: 0.5 }
    }
}

/// A network with one hidden layer of rectified units and a softmax output, trained on cross-entropy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoLayerNet {
    settings: TwoLayerSettings,
}

impl TwoLayerNet {
    /// A network that is trained with these settings.
    ///
    /// # Errors
    /// [`Error::Shape`] for a width of zero, a step size that is not positive, momentum outside [0, 1), a negative weight
    /// decay, or values that are not finite.
    pub fn new(settings: TwoLayerSettings) -> Result<Self, Error> {
        let shape = |what, given: String, expected| Err(Error::Shape { what, given, expected });
        let TwoLayerSettings { width, learning_rate, momentum, weight_decay, .. } = settings;
        if !(1..=1 << 14).contains(&width) {
            return shape("width", width.to_string(), "1 to 16,384 hidden units");
        }
        // Each written so that NaN is refused.
        if !(learning_rate > 0.0 && learning_rate.is_finite()) {
            return shape("learning rate", learning_rate.to_string(), "a positive number");
        }
        if !(0.0..1.0).contains(&momentum) {
            return shape("momentum", momentum.to_string(), "a number in [0, 1)");
        }
        if !(weight_decay >= 0.0 && weight_decay.is_finite()) {
            return shape("weight decay", weight_decay.to_string(), "a number that is not negative");
        }
        Ok(Self { settings })
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> TwoLayerSettings {
        self.settings
    }
}

impl BaseLearner for TwoLayerNet {
    fn describe(&self) -> String {
        let TwoLayerSettings { width, steps, learning_rate, momentum, weight_decay } = self.settings;
        format!(
            "two-layer net, {width} hidden units, {steps} steps of gradient descent, learning rate {learning_rate}, \
             momentum {momentum}, weight decay {weight_decay}"
        )
    }

    fn vote(&self, batch: &NoisyBatch<'_>) -> Result<VoteTable, BoxError> {
        let scratch = || Training::new(self.settings, batch.classes as usize);
        batch.vote_by_net(scratch, |net, training, answers| {
            training.train(net);
            training.answer(net, batch.sparse, answers);
        })
    }
}

/// First-layer weights of one block of hidden units, features × lanes.
type Block = Vec<[f32; LANES]>;

/// The state of one net in training; memory is reused from net to net.
#[derive(Debug)]
struct Training {
    settings: TwoLayerSettings,
    classes: usize,
    /// Hidden units rounded up to whole blocks; the units past the width have no weights and stay silent.
    units: usize,
    sparse: SparseRows,
    initial: Vec<Block>,
    /// `W = scale · W₀ + Xᵀ S`.
    scale: f32,
    combination: Array2<f32>,
    output: Output,
}

/// The second layer: `(units + 1) × classes`, the last row being the bias.
#[derive(Debug, Default)]
struct Output {
    weights: Vec<f32>,
    velocity: Vec<f32>,
    gradient: Vec<f32>,
}

impl Training {
    fn new(settings: TwoLayerSettings, classes: usize) -> Self {
        Self {
            settings,
            classes,
            units: settings.width.next_multiple_of(LANES),
            sparse: SparseRows::new(&BitMatrix::default()),
            initial: Vec::new(),
            scale: 1.0,
            combination: Array2::zeros((0, 0)),
            output: Output::default(),
        }
    }

    /// Draws initial weights uniformly with the variance of He et al. 2015 (`2/d` for inputs of unit size, so `8/d` for ±½).
    fn initialise(&mut self, net: &NoisyNet) {
        let mut rng = net.generator();
        let features = net.features().columns();
        let width = self.settings.width;
        let limit = (24.0 / features as f32).sqrt();
        self.initial.resize(self.units / LANES, Vec::new());
        for (index, block) in self.initial.iter_mut().enumerate() {
            block.clear();
            let used = width.saturating_sub(index * LANES).min(LANES);
            block.extend((0..features).map(|_| {
                let mut row = [0.0; LANES];
                row.iter_mut()
                    .take(used)
                    .zip(uniform(&mut rng))
                    .for_each(|(slot, value)| *slot = limit * value);
                row
            }));
        }
        let limit = (6.0 / width as f32).sqrt();
        let classes = self.classes;
        self.output.weights.clear();
        for unit in 0..=self.units {
            let draws: Vec<f32> =
                (0..classes.div_ceil(LANES)).flat_map(|_| uniform(&mut rng)).take(classes).collect();
            let scale = if unit < width { limit } else { 0.0 };
            self.output.weights.extend(draws.into_iter().map(|value| scale * value));
        }
        self.output.velocity.clear();
        self.output.velocity.resize(self.output.weights.len(), 0.0);
    }

    fn train(&mut self, net: &NoisyNet) {
        self.initialise(net);
        self.sparse.refill(net.features());
        let (examples, units) = (net.features().rows(), self.units);
        let TwoLayerSettings { steps, learning_rate, momentum, weight_decay, .. } = self.settings;
        let gram = gram(net.features());
        let start = self.initial_activations(examples);
        let mut combination = Array2::<f32>::zeros((examples, units));
        let mut velocity = Array2::<f32>::zeros((examples, units));
        let (mut scale, mut scale_velocity) = (1.0_f32, 0.0_f32);
        let mut hidden = Array2::<f32>::zeros((examples, units));
        let mut gradient = Array2::<f32>::zeros((examples, units));
        for _ in 0..steps {
            hidden.clone_from(&start);
            general_mat_mul(1.0, &gram, &combination, scale, &mut hidden);
            self.backward(net.labels(), &mut hidden, &mut gradient);
            let terms = velocity.iter_mut().zip(combination.iter_mut()).zip(&gradient);
            for ((velocity, combination), gradient) in terms {
                *velocity = momentum * *velocity + gradient + weight_decay * *combination;
                *combination -= learning_rate * *velocity;
            }
            scale_velocity = momentum * scale_velocity + weight_decay * scale;
            scale -= learning_rate * scale_velocity;
            let output = &mut self.output;
            let terms = output.weights.iter_mut().zip(&mut output.velocity).zip(&output.gradient);
            for ((weight, velocity), gradient) in terms {
                *velocity = momentum * *velocity + gradient + weight_decay * *weight;
                *weight -= learning_rate * *velocity;
            }
        }
        self.scale = scale;
        self.combination = combination;
    }

    /// `X W₀`, with bits as ±½: the sum of the selected rows less half the sum of all.
    fn initial_activations(&self, examples: usize) -> Array2<f32> {
        let mut start = Array2::<f32>::zeros((examples, self.units));
        for (index, block) in self.initial.iter().enumerate() {
            let offset = half_sum(block);
            for (mut row, positions) in start.rows_mut().into_iter().zip(self.sparse.iter()) {
                let sum = sum_rows(offset, positions, block);
                row.iter_mut().skip(index * LANES).zip(sum).for_each(|(slot, value)| *slot = value);
            }
        }
        start
    }

    /// Turns pre-activations into the loss's gradient by them, and leaves the second layer's gradient in `output`.
    fn backward(&mut self, labels: &[u32], hidden: &mut Array2<f32>, gradient: &mut Array2<f32>) {
        let Output { weights, gradient: output_gradient, .. } = &mut self.output;
        let classes = self.classes;
        let share = 1.0 / labels.len() as f32;
        output_gradient.clear();
        output_gradient.resize(weights.len(), 0.0);
        let mut errors = vec![0.0_f32; classes];
        let rows = hidden.rows_mut().into_iter().zip(gradient.rows_mut());
        for ((mut hidden, mut gradient), &label) in rows.zip(labels) {
            hidden.mapv_inplace(|value| value.max(0.0));
            let units = hidden.as_slice().unwrap_or_default();
            scores(units, weights, &mut errors);
            softmax(&mut errors);
            if let Some(error) = errors.get_mut(label as usize) {
                *error -= 1.0;
            }
            for error in &mut errors {
                *error *= share;
            }
            let with_bias = units.iter().chain(std::iter::once(&1.0));
            for (unit, slots) in with_bias.zip(output_gradient.chunks_exact_mut(classes)) {
                slots.iter_mut().zip(&errors).for_each(|(slot, error)| *slot += unit * error);
            }
            for ((slot, unit), weights) in gradient.iter_mut().zip(units).zip(weights.chunks_exact(classes)) {
                let sum: f32 = weights.iter().zip(&errors).map(|(weight, error)| weight * error).sum();
                *slot = if *unit > 0.0 { sum } else { 0.0 };
            }
        }
    }

    /// One class per test input, each seen through the net's flip mask.
    fn answer(&self, net: &NoisyNet, test: &SparseRows, answers: &mut Vec<u32>) {
        let inputs = test.len();
        let mut hidden = vec![0.0_f32; inputs * self.units];
        for (index, initial) in self.initial.iter().enumerate() {
            let mut weights = self.trained_block(index, initial, net.features());
            let bias = self.bias(index);
            let offset = half_sum(&weights);
            let mut start = [0.0; LANES];
            start.iter_mut().zip(offset).zip(bias).for_each(|((slot, offset), bias)| *slot = offset + bias);
            let base = fold_mask(net.mask(), &mut weights, start);
            for (row, positions) in hidden.chunks_exact_mut(self.units).zip(test.iter()) {
                let sum = sum_rows(base, positions, &weights);
                row.iter_mut().skip(index * LANES).zip(sum).for_each(|(slot, value)| *slot = value.max(0.0));
            }
        }
        let mut errors = vec![0.0; self.classes];
        for row in hidden.chunks_exact(self.units) {
            scores(row, &self.output.weights, &mut errors);
            let mut best = (f32::NEG_INFINITY, 0);
            for (class, &score) in (0..).zip(&errors) {
                if score > best.0 {
                    best = (score, class);
                }
            }
            answers.push(best.1);
        }
    }

    /// `W = α W₀ + Xᵀ S` for one block of units, with bits as ±½.
    fn trained_block(&self, index: usize, initial: &Block, features: &BitMatrix) -> Block {
        let mut weights: Block = initial.iter().map(|row| row.map(|value| self.scale * value)).collect();
        let mut half = [0.0; LANES];
        for (example, combination) in features.iter_rows().zip(self.combination.rows()) {
            let mut lane = [0.0; LANES];
            lane.iter_mut()
                .zip(combination.iter().skip(index * LANES))
                .for_each(|(slot, value)| *slot = *value);
            half.iter_mut().zip(lane).for_each(|(half, value)| *half += 0.5 * value);
            for position in ones(example) {
                if let Some(row) = weights.get_mut(position) {
                    row.iter_mut().zip(lane).for_each(|(weight, value)| *weight += value);
                }
            }
        }
        for row in &mut weights {
            row.iter_mut().zip(half).for_each(|(weight, half)| *weight -= half);
        }
        weights
    }

    /// The weights of the constant feature, times its value: it starts at zero and follows `½ Σ S · ½`.
    fn bias(&self, index: usize) -> [f32; LANES] {
        let mut bias = [0.0; LANES];
        for combination in self.combination.rows() {
            let lanes = combination.iter().skip(index * LANES);
            bias.iter_mut().zip(lanes).for_each(|(slot, value)| *slot += 0.25 * value);
        }
        bias
    }
}

/// Minus half of the sum of all rows: what inputs of ±½ add to a sum over selected rows.
fn half_sum(block: &[[f32; LANES]]) -> [f32; LANES] {
    let mut sum = [0.0; LANES];
    for row in block {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    sum.map(|value| -0.5 * value)
}

/// `G = X Xᵀ` of inputs ±½ with the constant feature ½: a quarter of agreements less disagreements, plus a quarter.
fn gram(features: &BitMatrix) -> Array2<f32> {
    let (examples, columns) = (features.rows(), features.columns());
    let mut gram = Array2::zeros((examples, examples));
    for (i, left) in features.iter_rows().enumerate() {
        for (j, right) in features.iter_rows().enumerate().take(i + 1) {
            let different: u32 = left.iter().zip(right).map(|(a, b)| (a ^ b).count_ones()).sum();
            let value = 0.25 * (columns as f32 - 2.0 * different as f32 + 1.0);
            for index in [(i, j), (j, i)] {
                if let Some(slot) = gram.get_mut(index) {
                    *slot = value;
                }
            }
        }
    }
    gram
}

/// `hidden · weights + bias`, the last row of `weights` being the bias.
fn scores(hidden: &[f32], weights: &[f32], scores: &mut [f32]) {
    let classes = scores.len();
    let rows = weights.chunks_exact(classes);
    scores.fill(0.0);
    for (unit, row) in hidden.iter().chain(std::iter::once(&1.0)).zip(rows) {
        scores.iter_mut().zip(row).for_each(|(score, weight)| *score += unit * weight);
    }
}

fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
    }
    let sum: f32 = scores.iter().sum();
    for score in scores.iter_mut() {
        *score /= sum;
    }
}

/// Sixteen numbers uniform in (−1, 1), from 16 bits each.
fn uniform(rng: &mut impl Rng) -> [f32; LANES] {
    let mut values = [0.0; LANES];
    for four in values.chunks_exact_mut(4) {
        let mut bits = rng.next_u64();
        for value in four {
            *value = (f32::from(bits as u16) - 32_767.5) / 32_768.0;
            bits >>= 16;
        }
    }
    values
}
