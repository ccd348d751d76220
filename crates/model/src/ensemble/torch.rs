//! [`TorchTwoLayerNet`]: the network of [`TwoLayerNet`], all models of a batch at once, on libtorch.
//!
//! The mathematics is that of [`gradient`](super::gradient), step by step, in batched matrix products. Tensors are laid out
//! as models × units × features, models × units × examples and models × classes × examples.

use super::{
    BaseLearner, Error, NoisyBatch, NoisyCopy, TwoLayerNet, TwoLayerSettings, gradient::Training,
    sparse::LANES,
};
use crate::{
    device::Device,
    transformer::{Error as TorchError, halving},
};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use steadfast_certify::{BoxError, VoteTable};
use tch::{Kind, Tensor};

/// Absolute weights of a hidden unit sum to this many grid units: single precision holds all integers to twice as many.
const GRID: f64 = (1 << 23) as f64;

/// A [`TwoLayerNet`] that is trained on libtorch, on the CPU or on a CUDA device.
///
/// Noise, initial weights and gradient steps are those of [`TwoLayerNet`], so the same seeds give the same models, but for the
/// last digits of single-precision sums: a vote differs only where a model's two best scores are equal in all but those,
/// which on MNIST is one vote in 100,000.
///
/// Certificates require that an answer depends on the noisy input and not on the clean one. That holds exactly: the first
/// layer multiplies test inputs in integers, which no order of summation changes.
///
/// Votes do not depend on the number of threads. In those last digits they may depend on the device and on how many models
/// are trained at once: 32 per thread on the CPU, 512 on a CUDA device, half of that each time that memory runs out, and
/// fewer at the end of a range of models.
#[derive(Debug)]
pub struct TorchTwoLayerNet {
    learner: TwoLayerNet,
    device: Device,
    opened: tch::Device,
    /// Models at once; reduced when memory runs out.
    limit: AtomicUsize,
}

impl TorchTwoLayerNet {
    /// The same model on a device.
    ///
    /// # Errors
    /// [`Error::Device`] if the device is not there.
    pub fn new(learner: TwoLayerNet, device: Device) -> Result<Self, Error> {
        let opened = device.open()?;
        let (device, limit) = match opened {
            tch::Device::Cuda(number) => (Device::Cuda(number), 512),
            _ => (Device::Cpu, 32),
        };
        Ok(Self { learner, device, opened, limit: AtomicUsize::new(limit) })
    }

    /// The device that computes, never [`Device::Auto`].
    #[must_use]
    pub const fn device(&self) -> Device {
        self.device
    }

    /// Votes of some models on each test input, inputs × classes; one table for each part if memory runs out for all at once.
    fn votes(&self, copies: &[NoisyCopy], batch: &NoisyBatch<'_>) -> Result<Vec<Vec<i64>>, TorchError> {
        // Each thread has a chunk of its own: threads that share one would wait for each other at every operation.
        tch::set_num_threads(1);
        let test = signs(batch.test().iter_rows(), batch.test().columns(), self.opened)?.f_add_scalar(0.5)?;
        let mut limit = copies.len();
        let counts = halving(copies, &mut limit, &mut |copies| Ok(vec![self.count(copies, &test, batch)?]));
        if limit < copies.len() {
            self.limit.fetch_min(limit, Ordering::Relaxed);
        }
        counts
    }

    /// Votes of models that are trained at once.
    fn count(
        &self,
        copies: &[NoisyCopy],
        test: &Tensor,
        batch: &NoisyBatch<'_>,
    ) -> Result<Vec<i64>, TorchError> {
        let data = Data::new(copies, batch, self.learner.settings(), self.opened)?;
        let scores = data.train(self.learner.settings())?.scores(test, &data.masks)?;
        // NaN is never the best score, and of equal scores the first is.
        let scores = scores.f_nan_to_num(f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY)?;
        let answers = scores.f_argmax(1, false)?.f_one_hot(batch.classes().into())?;
        let counts = answers.f_sum_dim_intlist([0_i64].as_slice(), false, Kind::Int64)?;
        Ok(Vec::try_from(counts.f_view(-1)?)?)
    }
}

impl BaseLearner for TorchTwoLayerNet {
    fn describe(&self) -> String {
        format!("{}, on libtorch", self.learner.describe())
    }

    fn models_at_once(&self, threads: usize) -> u64 {
        let chunks = if self.device == Device::Cpu { threads } else { 1 };
        (self.limit.load(Ordering::Relaxed) * chunks) as u64
    }

    fn vote(&self, batch: &NoisyBatch<'_>) -> Result<VoteTable, BoxError> {
        let threads = tch::get_num_threads();
        let limit = self.limit.load(Ordering::Relaxed);
        let counts: Result<Vec<_>, _> = batch.pool.install(|| {
            let chunks = batch.copies().par_chunks(limit);
            chunks.map(|copies| self.votes(copies, batch)).collect()
        });
        tch::set_num_threads(threads);
        let counts = counts.map_err(|error| match error {
            TorchError::Torch { memory: true, .. } => Error::OutOfMemory { device: self.device }.into(),
            error => BoxError::from(error),
        })?;
        let mut sum = vec![0_u64; batch.test().rows() * batch.classes() as usize];
        for counts in counts.iter().flatten() {
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count.unsigned_abs());
        }
        Ok(VoteTable::new(batch.header().clone(), batch.classes() as usize, sum)?)
    }
}

/// The noise and the initial weights of some models.
#[derive(Debug)]
struct Data {
    /// ±½, models × examples × features.
    inputs: Tensor,
    /// 1 for an example's label, else 0; models × classes × examples.
    labels: Tensor,
    /// ½ where a test bit is flipped, else −½; models × 1 × features.
    masks: Tensor,
    /// Models × units × features.
    first: Tensor,
    /// Models × classes × units.
    second: Tensor,
}

impl Data {
    fn new(
        copies: &[NoisyCopy],
        batch: &NoisyBatch<'_>,
        settings: TwoLayerSettings,
        device: tch::Device,
    ) -> Result<Self, TorchError> {
        let (count, features) = (copies.len() as i64, batch.test().columns());
        let classes = batch.classes() as usize;
        let units = settings.width.next_multiple_of(LANES);
        let mut first = vec![0.0_f32; copies.len() * features * units];
        let mut second = vec![0.0_f32; copies.len() * classes * units];
        batch.pool.install(|| {
            let places = first.par_chunks_mut(features * units).zip(second.par_chunks_mut(classes * units));
            places.zip(copies).for_each_init(
                || Training::new(settings, classes),
                |training, ((first, second), copy)| training.copy_initial(copy, first, second),
            );
        });
        let (features, units) = (features as i64, units as i64);
        let blocks = [count, units / LANES as i64, features, LANES as i64];
        let first = Tensor::f_from_slice(&first)?.f_to_device(device)?.f_view(blocks)?;
        let labels: Vec<i64> = copies.iter().flat_map(NoisyCopy::labels).map(|&label| label.into()).collect();
        let labels = Tensor::f_from_slice(&labels)?.f_to_device(device)?.f_view([count, -1])?;
        let labels = labels.f_one_hot(classes as i64)?.f_to_kind(Kind::Float)?.f_transpose(1, 2)?;
        let inputs =
            signs(copies.iter().flat_map(|copy| copy.features().iter_rows()), features as usize, device)?;
        let masks = signs(copies.iter().map(NoisyCopy::mask), features as usize, device)?;
        Ok(Self {
            inputs: inputs.f_reshape([count, -1, features])?,
            labels: labels.f_contiguous()?,
            masks: masks.f_unsqueeze(1)?,
            first: first.f_transpose(2, 3)?.f_reshape([count, units, features])?,
            second: Tensor::f_from_slice(&second)?.f_to_device(device)?.f_view([count, -1, units])?,
        })
    }

    /// Gradient descent through the Gram matrix.
    fn train(&self, settings: TwoLayerSettings) -> Result<Trained, TorchError> {
        let [learning_rate, momentum, weight_decay] =
            [settings.learning_rate, settings.momentum, settings.weight_decay];
        let (_, examples, _) = self.inputs.size3()?;
        let share = 1.0 / examples as f64;
        let columns = self.inputs.f_transpose(1, 2)?;
        // Sums of quarters are exact; one more quarter is that of the constant feature.
        let gram = self.inputs.f_bmm(&columns)?.f_add_scalar(0.25)?;
        let start = self.first.f_bmm(&columns)?;
        // `W = α W₀ + S X`.
        let (mut scale, mut scale_velocity) = (1.0_f32, 0.0_f32);
        let mut combination = Descending::new(start.f_zeros_like()?)?;
        let mut weights = Descending::new(self.second.f_detach_copy()?)?;
        let mut bias = Descending::new(self.labels.f_narrow(2, 0, 1)?.f_zeros_like()?)?;
        for _ in 0..settings.steps {
            let hidden = start.f_baddbmm(&combination.value, &gram, f64::from(scale), 1.0)?.f_relu_()?;
            let scores = bias.value.f_baddbmm(&weights.value, &hidden, 1.0, 1.0)?;
            let errors = scores.f_softmax(1, None)?.f_sub_(&self.labels)?.f_mul_scalar_(share)?;
            let gradient = weights.value.f_transpose(1, 2)?.f_bmm(&errors)?;
            let gradient = hidden.f_threshold_backward(&gradient, 0.0)?;
            combination.step(&gradient, settings)?;
            weights.step(&errors.f_bmm(&hidden.f_transpose(1, 2)?)?, settings)?;
            bias.step(&errors.f_sum_dim_intlist([2_i64].as_slice(), true, None)?, settings)?;
            scale_velocity = momentum * scale_velocity + weight_decay * scale;
            scale -= learning_rate * scale_velocity;
        }
        let sum = combination.value.f_sum_dim_intlist([2_i64].as_slice(), true, None)?;
        Ok(Trained {
            first: self.first.f_baddbmm(&combination.value, &self.inputs, f64::from(scale), 1.0)?,
            // The weight of the constant feature ½ is ½ `Σ S`.
            first_bias: sum.f_mul_scalar(0.25)?,
            second: weights.value,
            second_bias: bias.value,
        })
    }
}

/// Trained models.
#[derive(Debug)]
struct Trained {
    /// Models × units × features.
    first: Tensor,
    /// Models × units × 1.
    first_bias: Tensor,
    /// Models × classes × units.
    second: Tensor,
    /// Models × classes × 1.
    second_bias: Tensor,
}

impl Trained {
    /// Scores of the clean test inputs `test` (inputs × features, 0 or 1) seen through flip masks (±½, models × 1 × features):
    /// models × classes × inputs.
    ///
    /// As in `MaskedProduct`, masks are folded into weights that were put on an integer grid, so that flipping
    /// inputs or weights gives exactly the same numbers.
    fn scores(&self, test: &Tensor, masks: &Tensor) -> Result<Tensor, TorchError> {
        let over_features = |tensor: &Tensor| tensor.f_sum_dim_intlist([2_i64].as_slice(), true, None);
        let most = over_features(&self.first.f_abs()?)?;
        // The grid depends on the weights alone. Models that have diverged get integers too: zeros.
        let smallest = f64::from(f32::MIN_POSITIVE);
        let normal = most.f_isfinite()?.f_logical_and(&most.f_ge(smallest)?)?;
        let one = Tensor::f_ones_like(&most)?;
        let unit = most.f_mul_scalar(1.0 / GRID)?.f_clamp_min(smallest)?.f_where_self(&normal, &one)?;
        let grid = self.first.f_div(&unit)?.f_round_()?;
        let grid = grid.f_where_self(&normal, &grid.f_zeros_like()?)?;
        let base = over_features(&grid.f_mul(&masks.f_add_scalar(0.5)?)?)?;
        let folded = grid.f_mul(&masks.f_mul_scalar(-2.0)?)?;
        let (models, units, features) = self.first.size3()?;
        // Graphics processors may be set to round the factors of single-precision products, never of double ones.
        let exact = if test.device() == tch::Device::Cpu { Kind::Float } else { Kind::Double };
        let products = folded
            .f_view([models * units, features])?
            .f_to_kind(exact)?
            .f_mm(&test.f_to_kind(exact)?.f_tr()?)?;
        let products = products.f_to_kind(Kind::Float)?.f_view([models, units, -1])?;
        let offset = over_features(&self.first)?.f_mul_scalar(-0.5)?.f_add_(&self.first_bias)?;
        let hidden = products.f_add(&base)?.f_mul_(&unit)?.f_add_(&offset)?.f_relu_()?;
        Ok(self.second_bias.f_baddbmm(&self.second, &hidden, 1.0, 1.0)?)
    }
}

/// Numbers in gradient descent with momentum and weight decay.
#[derive(Debug)]
struct Descending {
    value: Tensor,
    velocity: Tensor,
}

impl Descending {
    fn new(value: Tensor) -> Result<Self, TorchError> {
        Ok(Self { velocity: value.f_zeros_like()?, value })
    }

    fn step(&mut self, gradient: &Tensor, settings: TwoLayerSettings) -> Result<(), TorchError> {
        let TwoLayerSettings { learning_rate, momentum, weight_decay, .. } = settings;
        let decay = self.value.f_mul_scalar(f64::from(weight_decay))?;
        let _ = self.velocity.f_mul_scalar_(f64::from(momentum))?.f_add_(gradient)?.f_add_(&decay)?;
        let _ = self.value.f_sub_(&self.velocity.f_mul_scalar(f64::from(learning_rate))?)?;
        Ok(())
    }
}

/// Packed rows of bits as ±½, rows × bits.
fn signs<'a>(
    rows: impl Iterator<Item = &'a [u64]>,
    bits: usize,
    device: tch::Device,
) -> Result<Tensor, TorchError> {
    let bytes: Vec<u8> = rows.flatten().flat_map(|word| word.to_le_bytes()).collect();
    // Unpacked on the device, eight at a time: a 32nd of the data is moved there.
    let table: Vec<f32> =
        (0..=u8::MAX).flat_map(|byte| (0..8).map(move |bit| f32::from(byte >> bit & 1) - 0.5)).collect();
    let table = Tensor::f_from_slice(&table)?.f_view([256, 8])?.f_to_device(device)?;
    let bytes = Tensor::f_from_slice(&bytes)?.f_to_device(device)?.f_to_kind(Kind::Int)?;
    let unpacked = table.f_index_select(0, &bytes)?.f_view([-1, bits.next_multiple_of(64) as i64])?;
    Ok(unpacked.f_narrow(1, 0, bits as i64)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::{BitMatrix, EnsembleNoise, TrainingSet, sparse::SparseRows};
    use rand_core::Rng;
    use steadfast_certify::{
        Phase, Rate, VoteHeader,
        seed::{Purpose, generator},
    };

    fn bits(rows: usize, stream: u32) -> BitMatrix {
        let mut rng = generator(4, Phase::Training, 0, 0, Purpose::Other(stream));
        let rows: Vec<Vec<bool>> =
            (0..rows).map(|_| (0..90).map(|_| rng.next_u32().is_multiple_of(3)).collect()).collect();
        BitMatrix::from_rows(90, rows).unwrap()
    }

    fn all(tensor: &Tensor) -> Vec<f32> {
        tensor.contiguous().view(-1).try_into().unwrap()
    }

    /// Runs `check` on the data of three models, with what the pure Rust learner makes of the same models.
    fn with_copies(
        width: usize,
        classes: u32,
        check: impl Fn(&[NoisyCopy], &NoisyBatch<'_>, &Data, TwoLayerSettings),
    ) {
        let labels = (0..25).map(|i| i % classes).collect();
        let training = TrainingSet::new(bits(25, 1), labels, classes).unwrap();
        let test = bits(40, 2);
        let rate = Rate::new(0.1).unwrap();
        let noise = EnsembleNoise::new(rate, rate, classes).unwrap();
        let copies: Vec<NoisyCopy> =
            (0..3).map(|model| noise.draw(&training, 5, Phase::Estimation, model)).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let batch = NoisyBatch {
            copies: &copies,
            test: &test,
            sparse: &SparseRows::new(&test),
            classes,
            header: VoteHeader::new(
                None,
                steadfast_certify::Fingerprint::new("run", []),
                Phase::Estimation,
                0..3,
            ),
            pool: &pool,
        };
        let settings =
            TwoLayerSettings { width, steps: 30, learning_rate: 0.2, momentum: 0.7, weight_decay: 0.02 };
        let data = Data::new(&copies, &batch, settings, tch::Device::Cpu).unwrap();
        check(&copies, &batch, &data, settings);
    }

    #[test]
    fn weights_are_those_of_the_rust_learner() {
        for (classes, width) in [(2, 16), (3, 5), (2, 20)] {
            with_copies(width, classes, |copies, _, data, settings| {
                let trained = data.train(settings).unwrap();
                for (index, copy) in copies.iter().enumerate() {
                    let mut training = Training::new(settings, classes as usize);
                    training.train(copy);
                    let expected = training.layers(copy);
                    let own = [&trained.first, &trained.first_bias, &trained.second, &trained.second_bias];
                    for (own, expected) in own.into_iter().zip(&expected) {
                        let own = all(&own.get(index as i64));
                        assert_eq!(own.len(), expected.len());
                        for (own, expected) in own.iter().zip(expected) {
                            assert!((own - expected).abs() < 1e-4, "{own} {expected}");
                        }
                    }
                }
            });
        }
    }

    #[test]
    fn answers_depend_on_the_noisy_input_alone() {
        with_copies(16, 3, |copies, batch, data, settings| {
            let trained = data.train(settings).unwrap();
            let clean = signs(batch.test().iter_rows(), 90, tch::Device::Cpu).unwrap() + 0.5;
            let folded = trained.scores(&clean, &data.masks).unwrap();
            for (index, copy) in copies.iter().enumerate() {
                let mut flipped = batch.test().clone();
                let mut words = copy.mask().iter().cycle();
                flipped.flip_words(|| *words.next().unwrap());
                let flipped = signs(flipped.iter_rows(), 90, tch::Device::Cpu).unwrap() + 0.5;
                let nothing = data.masks.zeros_like() - 0.5;
                let direct = trained.scores(&flipped, &nothing).unwrap();
                // Not approximately: the very same numbers.
                assert_eq!(all(&folded.get(index as i64)), all(&direct.get(index as i64)));
            }
        });
    }
}
