//! [`fine_tune`]: the loop over epochs and steps.

use super::{
    super::{Error, Precision},
    FineTuning, Trainable,
    adam::Adam,
    batches::shuffled,
    checkpoint::{self, Best, State},
    schedule::learning_rate,
};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use std::{
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};
use steadfast_certify::{
    BoxError, Fingerprint, Phase,
    seed::{Purpose, generator},
};
use tch::{Tensor, no_grad};

/// A killed run loses at most the work of this time. Results do not depend on it.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_mins(5);

/// The result of one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Epoch {
    /// The number of its steps.
    pub steps: u64,
    /// Mean loss per text (per hidden token, for a masked language model) in nats, while the weights changed.
    pub loss: f64,
    /// Accuracy on the development texts (on their hidden tokens) after the epoch; 0 without such texts.
    pub accuracy: f64,
}

/// The progress of a run, after each step and after each epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The epoch, from 0.
    pub epoch: u64,
    /// Epochs of the run.
    pub epochs: u64,
    /// Steps done in the epoch.
    pub step: u64,
    /// Steps of each epoch.
    pub steps: u64,
    /// Mean loss per text (or per hidden token) in nats, of the epoch so far.
    pub loss: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// The norm of the last step's gradient before clipping.
    pub gradient: f64,
    /// After an epoch: its accuracy on the development texts.
    pub accuracy: Option<f64>,
}

/// The result of fine-tuning. The model has the weights of the best epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tuned {
    /// Each epoch.
    pub epochs: Vec<Epoch>,
    /// The epoch of the best accuracy on the development texts, the earliest on a tie; the last one without such texts.
    pub best: usize,
}

/// Fine-tunes all weights of `model` that are not frozen, in place: a
/// [`SequenceClassifier`](crate::transformer::SequenceClassifier), a
/// [`MaskedLanguageModel`](crate::transformer::MaskedLanguageModel), or anything else [`Trainable`].
///
/// `training` returns the texts of an epoch (from 0): the same every time, or with fresh noise. It must return the same
/// texts for the same epoch, and equally many in each; a resumed run calls it for the first epoch and for the current one.
/// In the end the model has the weights of the epoch with the best accuracy on the `development` texts. On the same machine,
/// with the same number of libtorch's threads, the same seed gives the same weights.
///
/// With `checkpoints`, a folder, a run that was stopped or killed resumes from the last checkpoint in it; on the CPU, to the
/// same weights bit by bit.
///
/// ```no_run
/// use std::{ops::ControlFlow, path::Path};
/// use steadfast_model::{tch::Device, transformer::{Example, FineTuning, SequenceClassifier, fine_tune}};
///
/// let model = SequenceClassifier::with_new_head(Path::new("all-MiniLM-L6-v2"), 2, 1, Device::Cpu)?;
/// let texts = vec![
///     Example { tokens: vec![101, 2307, 2143, 102], class: 1 },
///     Example { tokens: vec![101, 9188, 2143, 102], class: 0 },
/// ];
/// let settings = FineTuning::default().epochs(4).seed(1);
/// let tuned = fine_tune(&model, &settings, &mut |_| Ok(texts.clone()), &texts, None, &mut |progress| {
///     println!("epoch {}, step {}: loss {}", progress.epoch, progress.step, progress.loss);
///     ControlFlow::Continue(())
/// })?;
/// println!("accuracy {}", tuned.epochs[tuned.best].accuracy);
/// # Ok::<(), steadfast_model::transformer::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] for settings that train nothing, [`Error::Classes`] for a class that the head does not have,
/// [`Error::Diverged`] if the loss is not finite, [`Error::Stopped`] if `observe` breaks (a checkpoint is written
/// first), [`Error::OtherRun`] for checkpoints of another run.
pub fn fine_tune<M: Trainable>(
    model: &M,
    settings: &FineTuning,
    training: &mut dyn FnMut(u64) -> Result<Vec<M::Text>, BoxError>,
    development: &[M::Text],
    checkpoints: Option<&Path>,
    observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Tuned, Error> {
    settings.check()?;
    if model.parameters().kind() != Precision::Single.kind() {
        let (given, expected) = (format!("{:?}", model.parameters().kind()), "f32 for training".to_owned());
        return Err(Error::Setting { name: "precision", given, expected });
    }
    let mut run = Run::start(model, settings, training, development, checkpoints)?;
    let result = run.finish(training, development, observe);
    run.adam.finish()?;
    result
}

struct Run<'a, M: Trainable> {
    model: &'a M,
    settings: &'a FineTuning,
    checkpoints: Option<&'a Path>,
    adam: Adam,
    state: State,
    best: Option<Best>,
    /// Texts of each epoch.
    count: usize,
    /// The texts of the first epoch, until they are used.
    first: Option<Vec<M::Text>>,
}

impl<'a, M: Trainable> Run<'a, M> {
    fn start(
        model: &'a M,
        settings: &'a FineTuning,
        training: &mut dyn FnMut(u64) -> Result<Vec<M::Text>, BoxError>,
        development: &[M::Text],
        checkpoints: Option<&'a Path>,
    ) -> Result<Self, Error> {
        let first = training(0).map_err(|source| Error::Data { epoch: 0, source })?;
        if first.is_empty() {
            let expected = "at least one".to_owned();
            return Err(Error::Setting { name: "training texts", given: "none".to_owned(), expected });
        }
        model.check(&first)?;
        model.check(development)?;
        let state = State {
            settings: settings.clone(),
            model: model.parameters().fingerprint()?,
            data: fingerprint(model, &first, development),
            epoch: 0,
            step: 0,
            loss: 0.0,
            parts: 1,
            epochs: Vec::new(),
        };
        let mut adam = Adam::new(model.parameters(), settings.frozen, settings.weight_decay, settings.clip)?;
        let resumed = match checkpoints {
            Some(folder) => checkpoint::resume(folder, &state, model.parameters(), &mut adam),
            None => Ok(None),
        };
        let resumed = match resumed {
            Ok(resumed) => resumed,
            Err(error) => {
                adam.finish()?;
                return Err(error);
            }
        };
        let (state, best) = resumed.unwrap_or((state, None));
        let count = first.len();
        Ok(Self { model, settings, checkpoints, adam, state, best, count, first: Some(first) })
    }

    fn finish(
        &mut self,
        training: &mut dyn FnMut(u64) -> Result<Vec<M::Text>, BoxError>,
        development: &[M::Text],
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Tuned, Error> {
        while self.state.epoch < self.settings.epochs {
            let epoch = self.state.epoch;
            let examples = match self.first.take().filter(|_| epoch == 0) {
                Some(first) => first,
                None => training(epoch).map_err(|source| Error::Data { epoch, source })?,
            };
            self.model.check(&examples)?;
            if examples.len() != self.count {
                let expected = format!("{}, as in the first epoch", self.count);
                let given = examples.len().to_string();
                return Err(Error::Setting { name: "training texts of an epoch", given, expected });
            }
            self.epoch(&examples, development, observe)?;
        }
        if let Some(best) = &self.best {
            checkpoint::put_back(self.model.parameters(), best)?;
        }
        Ok(Tuned { best: best(&self.state.epochs), epochs: self.state.epochs.clone() })
    }

    fn epoch(
        &mut self,
        examples: &[M::Text],
        development: &[M::Text],
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let (epoch, settings) = (self.state.epoch, self.settings);
        let lengths: Vec<usize> = examples.iter().map(|text| self.model.length(text)).collect();
        let losses: Vec<usize> = examples.iter().map(|text| self.model.losses(text)).collect();
        let losses = |batch: &[usize]| batch.iter().filter_map(|&index| losses.get(index)).sum::<usize>();
        let batches = shuffled(&lengths, settings.batch, settings.seed, epoch);
        let steps = batches.len() as u64;
        let mut progress = Progress {
            epoch,
            epochs: settings.epochs,
            step: self.state.step,
            steps,
            loss: 0.0,
            learning_rate: 0.0,
            gradient: 0.0,
            accuracy: None,
        };
        let mut seen: usize = batches.iter().take(self.state.step as usize).map(|batch| losses(batch)).sum();
        let mut saved = Instant::now();
        for batch in batches.iter().skip(self.state.step as usize) {
            let count = losses(batch);
            let batch: Vec<&M::Text> = batch.iter().filter_map(|&index| examples.get(index)).collect();
            let rate = learning_rate(
                settings.learning_rate,
                settings.warm_up,
                epoch * steps + self.state.step,
                settings.epochs * steps,
            );
            let (loss, gradient) = self.step(&batch, count, rate)?;
            seen += count;
            self.state.step += 1;
            self.state.loss += loss * count as f64;
            progress.step = self.state.step;
            progress.loss = self.state.loss / seen as f64;
            (progress.learning_rate, progress.gradient) = (rate, gradient);
            let stopped = observe(&progress).is_break();
            if stopped || saved.elapsed() > BETWEEN_CHECKPOINTS {
                self.save()?;
                saved = Instant::now();
            }
            if stopped {
                return Err(Error::Stopped { epoch, step: self.state.step });
            }
        }
        let accuracy = self.model.accuracy(development)?;
        self.state.epochs.push(Epoch { steps, loss: progress.loss, accuracy });
        if development.is_empty() || best(&self.state.epochs) + 1 == self.state.epochs.len() {
            self.best = Some(checkpoint::snapshot(self.model.parameters())?);
        }
        (self.state.epoch, self.state.step, self.state.loss) = (epoch + 1, 0, 0.0);
        self.save()?;
        progress.accuracy = Some(accuracy);
        match observe(&progress) {
            ControlFlow::Break(()) => Err(Error::Stopped { epoch: epoch + 1, step: 0 }),
            ControlFlow::Continue(()) => Ok(()),
        }
    }

    /// One step: mean of the batch's `count` losses, and the norm of its gradient.
    fn step(&mut self, batch: &[&M::Text], count: usize, rate: f64) -> Result<(f64, f64), Error> {
        let (epoch, step) = (self.state.epoch, self.state.step);
        let noise = self.settings.smoothing.as_ref();
        let noise_seed =
            generator(self.settings.seed, Phase::Training, epoch, step, Purpose::Noise).next_u64();
        let originals = match noise.filter(|noise| !noise.persistent) {
            Some(noise) => Some(noise.perturb(self.model.parameters(), noise_seed)?),
            None => None,
        };
        let loss = self.gradients(batch, count);
        if let Some(originals) = originals {
            originals.restore()?;
        }
        let (loss, gradients) = loss?;
        if !loss.is_finite() {
            return Err(Error::Diverged { what: "loss", value: loss, epoch, step, learning_rate: rate });
        }
        let norm = self.adam.step(gradients, rate)?;
        if !norm.is_finite() {
            let what = "norm of the gradient";
            return Err(Error::Diverged { what, value: norm, epoch, step, learning_rate: rate });
        }
        if let Some(noise) = noise {
            noise.clip(self.model.parameters())?;
            if noise.persistent {
                // Never removed, as Eq. 4 is printed.
                noise.perturb(self.model.parameters(), noise_seed)?.forget();
            }
        }
        Ok((loss, norm))
    }

    /// The batch's mean loss and its gradients, in as many parts as memory requires.
    fn gradients(&mut self, batch: &[&M::Text], count: usize) -> Result<(f64, Vec<Tensor>), Error> {
        loop {
            let size = batch.len().div_ceil(self.state.parts).max(1);
            let parts = (0..).zip(batch.chunks(size));
            let mut parts = parts.map(|(number, part)| self.part(part, number, count));
            match parts.try_fold((0.0, Vec::new()), |all, part| add(all, part?)) {
                Err(Error::Torch { memory: true, .. }) if size > 1 && self.model.adds_up() => {
                    self.state.parts *= 2;
                }
                Err(Error::Torch { memory: true, .. }) if size > 1 => {
                    let expected = "fewer texts: this loss needs all of a batch in memory at once".to_owned();
                    return Err(Error::Setting { name: "batch", given: batch.len().to_string(), expected });
                }
                Err(Error::Torch { memory: true, .. }) => {
                    let tokens = batch.iter().map(|text| self.model.length(text)).max().unwrap_or(0);
                    let device = format!("{:?}", self.model.parameters().device());
                    return Err(Error::OutOfMemory { device, tokens });
                }
                other => return other,
            }
        }
    }

    fn part(&self, part: &[&M::Text], number: u32, all: usize) -> Result<(f64, Vec<Tensor>), Error> {
        let (epoch, step) = (self.state.epoch, self.state.step);
        let mut seed = generator(self.settings.seed, Phase::Training, epoch, step, Purpose::Other(number));
        let loss = self.model.loss(part, seed.next_u64())?.f_div_scalar(all as f64)?;
        let gradients = self.adam.gradients(&loss)?;
        Ok((loss.f_double_value(&[])?, gradients))
    }

    fn save(&self) -> Result<(), Error> {
        match self.checkpoints {
            Some(folder) => checkpoint::write(
                folder,
                &self.state,
                self.model.parameters(),
                &self.adam,
                self.best.as_ref(),
            ),
            None => Ok(()),
        }
    }
}

/// The sum of loss and gradients of two parts of a batch; the first may be empty.
fn add(
    (loss, mut all): (f64, Vec<Tensor>),
    (more, gradients): (f64, Vec<Tensor>),
) -> Result<(f64, Vec<Tensor>), Error> {
    if all.is_empty() {
        return Ok((more, gradients));
    }
    for (sum, gradient) in all.iter_mut().zip(gradients) {
        if !sum.defined() {
            *sum = gradient;
        } else if gradient.defined() {
            // Not in place: gradients may share memory.
            *sum = no_grad(|| sum.f_add(&gradient))?;
        }
    }
    Ok((loss + more, all))
}

/// The earliest epoch of the best accuracy.
fn best(epochs: &[Epoch]) -> usize {
    let better =
        |(i, a): &(usize, &Epoch), (j, b): &(usize, &Epoch)| a.accuracy.total_cmp(&b.accuracy).then(j.cmp(i));
    // Without development texts all accuracies are 0 and the last epoch counts.
    if epochs.iter().all(|epoch| epoch.accuracy == 0.0) {
        return epochs.len().saturating_sub(1);
    }
    epochs.iter().enumerate().max_by(better).map_or(0, |(index, _)| index)
}

/// A hash of the texts.
fn fingerprint<M: Trainable>(model: &M, training: &[M::Text], development: &[M::Text]) -> u64 {
    let numbers = training.iter().chain(development).flat_map(|text| model.numbers(text));
    Fingerprint::new("texts", [training.len() as u64].into_iter().chain(numbers)).value()
}
