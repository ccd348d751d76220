//! Full-batch gradient descent on a two-layer network through the Gram matrix.
//!
//! With full-batch gradients the first layer's weights stay in the span of their initial value and the training examples:
//! `W = α W₀ + Xᵀ S`. The activations `X W = α X W₀ + G S` need only the Gram matrix `G = X Xᵀ`, which is counted once per
//! model from bits. So a step costs `n² h` multiplications instead of `2 n d h` (n examples, d features, h hidden units), and
//! gradient descent with momentum and weight decay is followed exactly (Adam is not). Input bits enter as ±½, which
//! centers them, and a constant feature of ½ serves as the bias.
//!
//! Matrices are row-major and padded to whole blocks of [`LANES`] hidden units; padded units have zero weights.

use super::{
    BitMatrix, NoisyCopy, TwoLayerSettings,
    bit_matrix::ones,
    sparse::{LANES, MaskedProduct, SparseRows, sum_rows},
};
use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};
use rand_core::Rng;
use steadfast_certify::rand_core;

type Lanes = [f32; LANES];

/// First-layer weights of one block of hidden units, a row per feature.
type Block = Vec<Lanes>;

/// One model in training; memory is reused from model to model.
#[derive(Debug)]
pub(super) struct Training {
    settings: TwoLayerSettings,
    /// Hidden units in whole blocks.
    units: usize,
    sparse: SparseRows,
    initial: Vec<Block>,
    /// `α` in `W = α W₀ + Xᵀ S`.
    scale: f32,
    /// `S`, examples × units.
    combination: Vec<f32>,
    output: Layer,
}

impl Training {
    pub(super) fn new(settings: TwoLayerSettings, classes: usize) -> Self {
        let units = settings.width.next_multiple_of(LANES);
        Self {
            settings,
            units,
            sparse: SparseRows::new(&BitMatrix::default()),
            initial: vec![Block::new(); units / LANES],
            scale: 1.0,
            combination: Vec::new(),
            output: Layer::new(units, classes),
        }
    }

    /// Trains on the model's noisy training set, from its own initial weights.
    pub(super) fn train(&mut self, copy: &NoisyCopy) {
        self.initialize(copy);
        self.sparse.refill(copy.features());
        let (examples, units) = (copy.features().rows(), self.units);
        let TwoLayerSettings { steps, learning_rate, momentum, weight_decay, .. } = self.settings;
        let gram = gram(copy.features());
        let start = self.initial_activations(examples);
        let zeros = || vec![0.0_f32; examples * units];
        let (mut combination, mut velocity, mut hidden, mut gradient) = (zeros(), zeros(), zeros(), zeros());
        let (mut scale, mut scale_velocity) = (1.0_f32, 0.0_f32);
        for _ in 0..steps {
            hidden.copy_from_slice(&start);
            accumulate(&gram, &combination, scale, &mut hidden, examples, units);
            self.output.backward(copy.labels(), &mut hidden, &mut gradient);
            descend(&mut combination, &mut velocity, &gradient, self.settings);
            scale_velocity = momentum * scale_velocity + weight_decay * scale;
            scale -= learning_rate * scale_velocity;
            self.output.descend(self.settings);
        }
        self.scale = scale;
        self.combination = combination;
    }

    /// Trained weights and biases of both layers: units × features, units, classes × units, classes.
    #[cfg(all(test, feature = "torch"))]
    pub(super) fn layers(&self, copy: &NoisyCopy) -> [Vec<f32>; 4] {
        let (mut first, mut bias) = (Vec::new(), Vec::new());
        for (index, initial) in self.initial.iter().enumerate() {
            let weights = self.trained(index, initial, copy.features());
            first.extend((0..LANES).flat_map(|unit| weights.iter().map(move |row| row[unit])));
            bias.extend(self.bias(index));
        }
        [first, bias, self.output.weights.clone(), self.output.bias.clone()]
    }

    /// One class per test input, each seen through the model's flip mask.
    pub(super) fn answer(&self, copy: &NoisyCopy, test: &SparseRows, answers: &mut Vec<u32>) {
        let mut scores = vec![self.output.bias.clone(); test.len()].concat();
        let classes = self.output.bias.len();
        for (index, initial) in self.initial.iter().enumerate() {
            let weights = self.trained(index, initial, copy.features());
            let offset = add(half_sum(&weights), self.bias(index));
            let product = MaskedProduct::new(copy.mask(), &weights, offset);
            for (scores, positions) in scores.chunks_exact_mut(classes).zip(test.iter()) {
                let hidden = product.of(positions).map(|value| value.max(0.0));
                for (score, rows) in scores.iter_mut().zip(self.output.rows()) {
                    *score += rows.get(index).map_or(0.0, |row| dot(&hidden, row));
                }
            }
        }
        answers.extend(scores.chunks_exact(classes).map(|scores| {
            let better = |best: (f32, u32), (class, &score): (u32, &f32)| {
                if score > best.0 { (score, class) } else { best }
            };
            (0..).zip(scores).fold((f32::NEG_INFINITY, 0), better).1
        }));
    }

    /// Writes the model's initial weights: the first layer's as blocks of features × [`LANES`] units, the second's as
    /// classes × units.
    #[cfg(feature = "torch")]
    pub(super) fn copy_initial(&mut self, copy: &NoisyCopy, first: &mut [f32], second: &mut [f32]) {
        self.initialize(copy);
        for (place, row) in first.as_chunks_mut::<LANES>().0.iter_mut().zip(self.initial.iter().flatten()) {
            *place = *row;
        }
        second.copy_from_slice(&self.output.weights);
    }

    /// Draws initial weights uniformly, with the variance of He et al. 2015 (`2/d` for inputs of unit size, so `8/d` for ±½).
    fn initialize(&mut self, copy: &NoisyCopy) {
        let mut rng = copy.generator();
        let features = copy.features().columns();
        let limit = (24.0 / features as f32).sqrt();
        for (index, block) in self.initial.iter_mut().enumerate() {
            let used = self.settings.width.saturating_sub(index * LANES).min(LANES);
            block.clear();
            block.extend((0..features).map(|_| uniform(&mut rng, limit, used)));
        }
        self.output.initialize(&mut rng, self.settings.width);
    }

    /// `X W₀`, with bits as ±½: the sum of the selected rows less half the sum of all.
    fn initial_activations(&self, examples: usize) -> Vec<f32> {
        let mut start = vec![0.0; examples * self.units];
        let (rows, _) = start.as_chunks_mut::<LANES>();
        for (index, block) in self.initial.iter().enumerate() {
            let offset = half_sum(block);
            let own = rows.iter_mut().skip(index).step_by(self.initial.len());
            for (row, positions) in own.zip(self.sparse.iter()) {
                *row = sum_rows(offset, positions, block);
            }
        }
        start
    }

    /// The rows of `S` that belong to one block of units.
    fn combination(&self, index: usize) -> impl Iterator<Item = &Lanes> {
        self.combination.as_chunks::<LANES>().0.iter().skip(index).step_by(self.initial.len())
    }

    /// `W = α W₀ + Xᵀ S` for one block of units, with bits as ±½.
    fn trained(&self, index: usize, initial: &Block, features: &BitMatrix) -> Block {
        let half =
            self.combination(index).fold([0.0; LANES], |sum, row| add(sum, row.map(|value| -0.5 * value)));
        let mut weights: Block =
            initial.iter().map(|row| add(half, row.map(|value| self.scale * value))).collect();
        for (example, combination) in features.iter_rows().zip(self.combination(index)) {
            for position in ones(example) {
                if let Some(row) = weights.get_mut(position) {
                    *row = add(*row, *combination);
                }
            }
        }
        weights
    }

    /// The contribution of the constant feature ½ to one block: its weights start at zero and are ½ `Σ S`.
    fn bias(&self, index: usize) -> Lanes {
        self.combination(index).fold([0.0; LANES], |sum, row| add(sum, row.map(|value| 0.25 * value)))
    }
}

/// The second layer: for each class one weight per hidden unit, and a bias.
#[derive(Debug)]
struct Layer {
    /// Classes × units.
    weights: Vec<f32>,
    velocity: Vec<f32>,
    gradient: Vec<f32>,
    bias: Vec<f32>,
    bias_velocity: Vec<f32>,
    bias_gradient: Vec<f32>,
    units: usize,
}

impl Layer {
    fn new(units: usize, classes: usize) -> Self {
        let (weights, bias) = (vec![0.0; units * classes], vec![0.0; classes]);
        Self {
            velocity: weights.clone(),
            gradient: weights.clone(),
            weights,
            bias_velocity: bias.clone(),
            bias_gradient: bias.clone(),
            bias,
            units,
        }
    }

    /// The blocks of weights of each class.
    fn rows(&self) -> impl Iterator<Item = &[Lanes]> {
        self.weights.chunks_exact(self.units).map(|row| row.as_chunks::<LANES>().0)
    }

    fn initialize(&mut self, rng: &mut impl Rng, width: usize) {
        let limit = (6.0 / width as f32).sqrt();
        for row in self.weights.chunks_exact_mut(self.units) {
            for (index, block) in row.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                *block = uniform(rng, limit, width.saturating_sub(index * LANES).min(LANES));
            }
        }
        for zero in [&mut self.velocity, &mut self.bias, &mut self.bias_velocity] {
            zero.fill(0.0);
        }
    }

    /// Turns pre-activations into the gradient of the mean cross-entropy by them, and keeps the layer's own gradients.
    fn backward(&mut self, labels: &[u32], hidden: &mut [f32], gradient: &mut [f32]) {
        let share = 1.0 / labels.len() as f32;
        self.gradient.fill(0.0);
        self.bias_gradient.fill(0.0);
        let mut errors = self.bias.clone();
        let rows = hidden.chunks_exact_mut(self.units).zip(gradient.chunks_exact_mut(self.units));
        for ((hidden, gradient), &label) in rows.zip(labels) {
            let (hidden, gradient) = (hidden.as_chunks_mut::<LANES>().0, gradient.as_chunks_mut::<LANES>().0);
            for block in hidden.iter_mut() {
                *block = block.map(|value| value.max(0.0));
            }
            for ((error, bias), weights) in
                errors.iter_mut().zip(&self.bias).zip(self.weights.chunks_exact(self.units))
            {
                let blocks = weights.as_chunks::<LANES>().0;
                *error = hidden
                    .iter()
                    .zip(blocks)
                    .fold(*bias, |sum, (hidden, weights)| sum + dot(hidden, weights));
            }
            softmax(&mut errors);
            if let Some(error) = errors.get_mut(label as usize) {
                *error -= 1.0;
            }
            gradient.fill([0.0; LANES]);
            let own = self.weights.chunks_exact(self.units).zip(self.gradient.chunks_exact_mut(self.units));
            for (((weights, own), bias), error) in own.zip(&mut self.bias_gradient).zip(&errors) {
                let error = share * error;
                *bias += error;
                let blocks = weights.as_chunks::<LANES>().0.iter().zip(own.as_chunks_mut::<LANES>().0);
                for ((hidden, gradient), (weights, own)) in hidden.iter().zip(gradient.iter_mut()).zip(blocks)
                {
                    *own = add(*own, hidden.map(|value| error * value));
                    *gradient = add(*gradient, weights.map(|weight| error * weight));
                }
            }
            for (hidden, gradient) in hidden.iter().zip(gradient) {
                for (gradient, hidden) in gradient.iter_mut().zip(hidden) {
                    *gradient = if *hidden > 0.0 { *gradient } else { 0.0 };
                }
            }
        }
    }

    fn descend(&mut self, settings: TwoLayerSettings) {
        descend(&mut self.weights, &mut self.velocity, &self.gradient, settings);
        descend(&mut self.bias, &mut self.bias_velocity, &self.bias_gradient, settings);
    }
}

/// One step of gradient descent with momentum and weight decay.
fn descend(values: &mut [f32], velocity: &mut [f32], gradient: &[f32], settings: TwoLayerSettings) {
    let TwoLayerSettings { learning_rate, momentum, weight_decay, .. } = settings;
    for ((value, velocity), gradient) in values.iter_mut().zip(velocity).zip(gradient) {
        *velocity = momentum * *velocity + gradient + weight_decay * *value;
        *value -= learning_rate * *velocity;
    }
}

/// `hidden ← scale · hidden + gram · combination`.
fn accumulate(
    gram: &[f32],
    combination: &[f32],
    scale: f32,
    hidden: &mut [f32],
    examples: usize,
    units: usize,
) {
    let views = (
        ArrayView2::from_shape((examples, examples), gram),
        ArrayView2::from_shape((examples, units), combination),
        ArrayViewMut2::from_shape((examples, units), hidden),
    );
    // The shapes fit by construction.
    if let (Ok(gram), Ok(combination), Ok(mut hidden)) = views {
        general_mat_mul(1.0, &gram, &combination, scale, &mut hidden);
    }
}

/// `G = X Xᵀ` of inputs ±½ with the constant feature ½: a quarter of agreements less disagreements, plus a quarter.
fn gram(features: &BitMatrix) -> Vec<f32> {
    let (examples, columns) = (features.rows(), features.columns() as f32);
    let mut gram = vec![0.0; examples * examples];
    for ((i, left), row) in features.iter_rows().enumerate().zip(gram.chunks_exact_mut(examples)) {
        for (right, slot) in features.iter_rows().zip(row.iter_mut()).take(i + 1) {
            let different: u32 = left.iter().zip(right).map(|(a, b)| (a ^ b).count_ones()).sum();
            *slot = 0.25 * (columns - 2.0 * different as f32 + 1.0);
        }
    }
    // The upper triangle mirrors the lower one.
    for i in 0..examples {
        for j in 0..i {
            if let Some(&value) = gram.get(i * examples + j)
                && let Some(slot) = gram.get_mut(j * examples + i)
            {
                *slot = value;
            }
        }
    }
    gram
}

fn add(mut left: Lanes, right: Lanes) -> Lanes {
    left.iter_mut().zip(right).for_each(|(left, right)| *left += right);
    left
}

/// The dot product, summed in four interleaved parts so that it runs on vector units.
fn dot(left: &Lanes, right: &Lanes) -> f32 {
    let mut parts = [0.0_f32; 4];
    for (left, right) in left.as_chunks::<4>().0.iter().zip(right.as_chunks::<4>().0) {
        for (part, (left, right)) in parts.iter_mut().zip(left.iter().zip(right)) {
            *part += left * right;
        }
    }
    parts.iter().sum()
}

/// Minus half of the sum of all rows: the difference between inputs of ±½ and a sum over selected rows.
fn half_sum(block: &[Lanes]) -> Lanes {
    block.iter().fold([0.0; LANES], |sum, row| add(sum, *row)).map(|value| -0.5 * value)
}

fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
        sum += *score;
    }
    for score in scores.iter_mut() {
        *score /= sum;
    }
}

/// Numbers uniform in (−limit, limit) in the first `used` lanes, from 16 bits each.
fn uniform(rng: &mut impl Rng, limit: f32, used: usize) -> Lanes {
    let mut values = [0.0; LANES];
    for four in values.as_chunks_mut::<4>().0 {
        let bits = rng.next_u64();
        for (value, shift) in four.iter_mut().zip([0, 16, 32, 48]) {
            *value = (f32::from((bits >> shift) as u16) - 32_767.5) * (limit / 32_768.0);
        }
    }
    for value in values.iter_mut().skip(used) {
        *value = 0.0;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::{EnsembleNoise, TrainingSet};
    use steadfast_certify::{Phase, Rate};

    /// The same network, trained in double precision on explicit weights, without the Gram matrix: inputs ±½ and a
    /// constant ½, one row of `first` per feature and one for the constant.
    struct Plain {
        first: Vec<Vec<f64>>,
        second: Vec<Vec<f64>>,
        bias: Vec<f64>,
    }

    impl Plain {
        fn hidden(&self, input: &[f64]) -> Vec<f64> {
            let sum = |unit: usize| input.iter().zip(&self.first).map(|(x, row)| x * row[unit]).sum::<f64>();
            (0..self.second[0].len()).map(|unit| sum(unit).max(0.0)).collect()
        }

        fn scores(&self, hidden: &[f64]) -> Vec<f64> {
            let dot = |row: &Vec<f64>| row.iter().zip(hidden).map(|(w, h)| w * h).sum::<f64>();
            self.second.iter().zip(&self.bias).map(|(row, bias)| dot(row) + bias).collect()
        }

        fn train(&mut self, inputs: &[Vec<f64>], labels: &[u32], settings: TwoLayerSettings) {
            let (rate, momentum, decay) = (
                f64::from(settings.learning_rate),
                f64::from(settings.momentum),
                f64::from(settings.weight_decay),
            );
            let zeros = |rows: &[Vec<f64>]| rows.iter().map(|row| vec![0.0; row.len()]).collect::<Vec<_>>();
            let (mut v1, mut v2, mut vb) =
                (zeros(&self.first), zeros(&self.second), vec![0.0; self.bias.len()]);
            for _ in 0..settings.steps {
                let (mut g1, mut g2, mut gb) =
                    (zeros(&self.first), zeros(&self.second), vec![0.0; self.bias.len()]);
                for (input, &label) in inputs.iter().zip(labels) {
                    let hidden = self.hidden(input);
                    let scores = self.scores(&hidden);
                    let total: f64 = scores.iter().map(|score| score.exp()).sum();
                    for (class, score) in scores.iter().enumerate() {
                        let truth = if class == label as usize { 1.0 } else { 0.0 };
                        let error = (score.exp() / total - truth) / inputs.len() as f64;
                        gb[class] += error;
                        for unit in 0..hidden.len() {
                            g2[class][unit] += error * hidden[unit];
                            if hidden[unit] > 0.0 {
                                for (feature, x) in input.iter().enumerate() {
                                    g1[feature][unit] += error * self.second[class][unit] * x;
                                }
                            }
                        }
                    }
                }
                let step = |value: &mut f64, velocity: &mut f64, gradient: f64| {
                    *velocity = momentum * *velocity + gradient + decay * *value;
                    *value -= rate * *velocity;
                };
                for ((rows, velocities), gradients) in
                    [(&mut self.first, &mut v1), (&mut self.second, &mut v2)].into_iter().zip([&g1, &g2])
                {
                    for ((row, velocity), gradient) in rows.iter_mut().zip(velocities).zip(gradients) {
                        for ((value, velocity), gradient) in row.iter_mut().zip(velocity).zip(gradient) {
                            step(value, velocity, *gradient);
                        }
                    }
                }
                for ((value, velocity), gradient) in self.bias.iter_mut().zip(&mut vb).zip(&gb) {
                    step(value, velocity, *gradient);
                }
            }
        }
    }

    #[test]
    fn the_gram_matrix_gives_the_steps_of_plain_gradient_descent() {
        let bits = |rows: usize, salt: usize| {
            BitMatrix::from_rows(
                70,
                (0..rows)
                    .map(|r| (0..70).map(move |c| (r * r * 31 + c * (7 + r % 5) + salt).is_multiple_of(4))),
            )
            .unwrap()
        };
        for (classes, width) in [(2, 16), (3, 5), (2, 20)] {
            let labels: Vec<u32> = (0..12).map(|i| i % classes).collect();
            let (data, test) = (TrainingSet::new(bits(12, 0), labels, classes).unwrap(), bits(9, 3));
            let noise =
                EnsembleNoise::new(Rate::new(0.1).unwrap(), Rate::new(0.2).unwrap(), classes).unwrap();
            let copy = noise.draw(&data, 5, Phase::Estimation, 0);
            let settings =
                TwoLayerSettings { width, steps: 30, learning_rate: 0.2, momentum: 0.7, weight_decay: 0.02 };
            let mut training = Training::new(settings, classes as usize);

            training.initialize(&copy);
            let column = |feature: usize| {
                let lanes = training.initial.iter().flat_map(|block| block[feature]);
                lanes.take(width).map(f64::from).collect::<Vec<_>>()
            };
            let mut first: Vec<Vec<f64>> = (0..70).map(column).collect();
            first.push(vec![0.0; width]);
            let second = training.output.weights.chunks_exact(training.units);
            let second = second.map(|row| row[..width].iter().map(|&w| f64::from(w)).collect()).collect();
            let mut plain = Plain { first, second, bias: vec![0.0; classes as usize] };
            let inputs = |matrix: &BitMatrix, mask: &[u64]| -> Vec<Vec<f64>> {
                let flipped = |row: &[u64], c: usize| {
                    (row[c / 64] ^ mask.get(c / 64).unwrap_or(&0)) >> (c % 64) & 1 == 1
                };
                let value = |row: &[u64], c: usize| if flipped(row, c) { 0.5 } else { -0.5 };
                matrix.iter_rows().map(|row| (0..70).map(|c| value(row, c)).chain([0.5]).collect()).collect()
            };
            plain.train(&inputs(copy.features(), &[]), copy.labels(), settings);

            training.train(&copy);
            let mut answers = Vec::new();
            training.answer(&copy, &SparseRows::new(&test), &mut answers);
            for (block, initial) in training.initial.iter().enumerate() {
                let weights = training.trained(block, initial, copy.features());
                let bias = training.bias(block);
                for lane in 0..LANES.min(width.saturating_sub(block * LANES)) {
                    let unit = block * LANES + lane;
                    for (feature, (row, plain)) in weights.iter().zip(&plain.first).enumerate() {
                        let (fast, slow) = (f64::from(row[lane]), plain[unit]);
                        assert!((fast - slow).abs() < 1e-4, "feature {feature}, unit {unit}: {fast} {slow}");
                    }
                    assert!((f64::from(bias[lane]) - 0.5 * plain.first[70][unit]).abs() < 1e-4);
                }
                assert!(
                    weights
                        .iter()
                        .all(|row| row.iter().skip(width.saturating_sub(block * LANES)).all(|w| *w == 0.0))
                );
            }
            for (input, answer) in inputs(&test, copy.mask()).iter().zip(answers) {
                let scores = plain.scores(&plain.hidden(input));
                let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                assert!(best - scores[answer as usize] < 1e-4, "{scores:?} {answer}");
            }
        }
    }
}
