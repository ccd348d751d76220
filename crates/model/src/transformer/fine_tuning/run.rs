//! [`fine_tune`]: the loop over epochs and steps.

use super::{
    super::{
        Error, Precision, SequenceClassifier,
        inference::{self, BatchLimit},
    },
    Example, FineTuning,
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
    BoxError, Law, Phase,
    seed::{Purpose, generator},
};
use tch::{Reduction, Tensor};

/// A run that is killed loses at most what it did in so much time. When checkpoints are written changes no result.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_mins(5);

/// What one epoch came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Its steps.
    pub steps: u64,
    /// Mean loss per text in nats, while the weights changed.
    pub loss: f64,
    /// Share of development texts that the model answered rightly after the epoch; `NaN` never, 0 without such texts.
    pub accuracy: f64,
}

/// How far a run has come; told after each step, and again after each epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The epoch, from 0.
    pub epoch: u64,
    /// Epochs of the run.
    pub epochs: u64,
    /// Steps done in the epoch.
    pub step: u64,
    /// Steps of each epoch.
    pub steps: u64,
    /// Mean loss per text in nats, of the epoch so far.
    pub loss: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// The norm of the last step's gradient before clipping.
    pub gradient: f64,
    /// Once the epoch is over: its accuracy on the development texts.
    pub accuracy: Option<f64>,
}

/// What fine-tuning came to. The model has the weights of the best epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// Each epoch.
    pub epochs: Vec<Epoch>,
    /// The epoch with the best accuracy on the development texts, the earliest of equals; the last one without such texts.
    pub best: usize,
}

/// Fine-tunes all weights of `model` that are not frozen, in place.
///
/// `training` gives the texts of an epoch (from 0): the same every time, or with fresh noise. It must give the same for the same
/// epoch, and as many in each; a run that goes on asks again for the first epoch and for the one that it is in. After each epoch the `development` texts are answered, and in the end the model has the weights of
/// the epoch that did best. In the same place, with the same number of libtorch's threads, the same seed gives the same weights.
///
/// With `checkpoints`, a folder, a run that was stopped or killed goes on from the last checkpoint in it; on the CPU, to the same
/// weights bit by bit.
///
/// # Errors
/// [`Error::Setting`] for settings that train nothing, [`Error::Classes`] for a class that the head does not have,
/// [`Error::Diverged`] if the loss is no number, [`Error::Stopped`] if `observe` breaks (a checkpoint is written first),
/// [`Error::OtherRun`] for checkpoints of another run.
pub fn fine_tune(
    model: &SequenceClassifier,
    settings: &FineTuning,
    training: &mut dyn FnMut(u64) -> Result<Vec<Example>, BoxError>,
    development: &[Example],
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

struct Run<'a> {
    model: &'a SequenceClassifier,
    settings: &'a FineTuning,
    checkpoints: Option<&'a Path>,
    adam: Adam,
    state: State,
    best: Option<Best>,
    /// Texts of each epoch.
    count: usize,
    /// The texts of the first epoch, until they are used.
    first: Option<Vec<Example>>,
    limit: BatchLimit,
}

impl<'a> Run<'a> {
    fn start(
        model: &'a SequenceClassifier,
        settings: &'a FineTuning,
        training: &mut dyn FnMut(u64) -> Result<Vec<Example>, BoxError>,
        development: &[Example],
        checkpoints: Option<&'a Path>,
    ) -> Result<Self, Error> {
        let first = training(0).map_err(|source| Error::Data { epoch: 0, source })?;
        if first.is_empty() {
            let expected = "at least one".to_owned();
            return Err(Error::Setting { name: "training texts", given: "none".to_owned(), expected });
        }
        check(model, &first)?;
        check(model, development)?;
        let state = State {
            settings: settings.clone(),
            model: model.parameters().fingerprint()?,
            data: fingerprint(&first, development),
            epoch: 0,
            step: 0,
            loss: 0.0,
            parts: 1,
            epochs: Vec::new(),
        };
        let mut adam = Adam::new(model.parameters(), settings.frozen, settings.weight_decay, settings.clip)?;
        let resumed = match checkpoints {
            Some(folder) => checkpoint::resume(folder, &state, model, &mut adam),
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
        let limit = BatchLimit::new(inference::TOKENS);
        let count = first.len();
        Ok(Self { model, settings, checkpoints, adam, state, best, count, first: Some(first), limit })
    }

    fn finish(
        &mut self,
        training: &mut dyn FnMut(u64) -> Result<Vec<Example>, BoxError>,
        development: &[Example],
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Tuned, Error> {
        while self.state.epoch < self.settings.epochs {
            let epoch = self.state.epoch;
            let examples = match self.first.take().filter(|_| epoch == 0) {
                Some(first) => first,
                None => training(epoch).map_err(|source| Error::Data { epoch, source })?,
            };
            check(self.model, &examples)?;
            if examples.len() != self.count {
                let expected = format!("{}, as in the first epoch", self.count);
                let given = examples.len().to_string();
                return Err(Error::Setting { name: "training texts of an epoch", given, expected });
            }
            self.epoch(&examples, development, observe)?;
        }
        if let Some(best) = &self.best {
            checkpoint::put_back(self.model, best)?;
        }
        Ok(Tuned { best: best(&self.state.epochs), epochs: self.state.epochs.clone() })
    }

    fn epoch(
        &mut self,
        examples: &[Example],
        development: &[Example],
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let (epoch, settings) = (self.state.epoch, self.settings);
        let batches = shuffled(examples, settings.batch, settings.seed, epoch);
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
        let mut seen: usize = batches.iter().take(self.state.step as usize).map(Vec::len).sum();
        let mut saved = Instant::now();
        for batch in batches.iter().skip(self.state.step as usize) {
            let batch: Vec<&Example> = batch.iter().filter_map(|&index| examples.get(index)).collect();
            let rate = learning_rate(
                settings.learning_rate,
                settings.warm_up,
                epoch * steps + self.state.step,
                settings.epochs * steps,
            );
            let (loss, gradient) = self.step(&batch, rate)?;
            seen += batch.len();
            self.state.step += 1;
            self.state.loss += loss * batch.len() as f64;
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
        let accuracy = self.accuracy(development)?;
        self.state.epochs.push(Epoch { steps, loss: progress.loss, accuracy });
        if development.is_empty() || best(&self.state.epochs) + 1 == self.state.epochs.len() {
            self.best = Some(checkpoint::snapshot(self.model)?);
        }
        (self.state.epoch, self.state.step, self.state.loss) = (epoch + 1, 0, 0.0);
        self.save()?;
        progress.accuracy = Some(accuracy);
        match observe(&progress) {
            ControlFlow::Break(()) => Err(Error::Stopped { epoch: epoch + 1, step: 0 }),
            ControlFlow::Continue(()) => Ok(()),
        }
    }

    /// One step: mean loss of the batch, and the norm of its gradient.
    fn step(&mut self, batch: &[&Example], rate: f64) -> Result<(f64, f64), Error> {
        let (epoch, step) = (self.state.epoch, self.state.step);
        let noise = self.settings.smoothing.as_ref();
        let noise_seed =
            generator(self.settings.seed, Phase::Training, epoch, step, Purpose::Noise).next_u64();
        let originals = match noise.filter(|noise| !noise.persistent) {
            Some(noise) => Some(noise.perturb(self.model, noise_seed)?),
            None => None,
        };
        let loss = self.gradient(batch);
        if let Some(originals) = originals {
            originals.restore()?;
        }
        let loss = loss?;
        if !loss.is_finite() {
            return Err(Error::Diverged { what: "loss", value: loss, epoch, step, learning_rate: rate });
        }
        let norm = self.adam.step(rate)?;
        if !norm.is_finite() {
            let what = "norm of the gradient";
            return Err(Error::Diverged { what, value: norm, epoch, step, learning_rate: rate });
        }
        if let Some(noise) = noise {
            noise.clip(self.model.parameters())?;
            if noise.persistent {
                // Never put back: what Eq. 4 prints.
                noise.perturb(self.model, noise_seed)?.forget();
            }
        }
        Ok((loss, norm))
    }

    /// The gradient of the batch's mean loss, in as many parts as memory asks for; the loss is returned.
    fn gradient(&mut self, batch: &[&Example]) -> Result<f64, Error> {
        loop {
            self.adam.zero_gradients();
            let size = batch.len().div_ceil(self.state.parts).max(1);
            let parts = (0..).zip(batch.chunks(size));
            let losses = parts.map(|(number, part)| self.part(part, number, batch.len()));
            match losses.sum::<Result<f64, Error>>() {
                Err(Error::Torch { memory: true, .. }) if size > 1 => self.state.parts *= 2,
                Err(Error::Torch { memory: true, .. }) => {
                    let tokens = batch.iter().map(|example| example.tokens.len()).max().unwrap_or(0);
                    let device = format!("{:?}", self.model.parameters().device());
                    return Err(Error::OutOfMemory { device, tokens });
                }
                other => return other,
            }
        }
    }

    fn part(&self, part: &[&Example], number: u32, all: usize) -> Result<f64, Error> {
        let (epoch, step) = (self.state.epoch, self.state.step);
        let seed = generator(self.settings.seed, Phase::Training, epoch, step, Purpose::Other(number));
        let texts: Vec<&[u32]> = part.iter().map(|example| example.tokens.as_slice()).collect();
        let classes: Vec<i64> = part.iter().map(|example| example.class as i64).collect();
        let classes = Tensor::f_from_slice(&classes)?.f_to_device(self.model.parameters().device())?;
        let batch = self.model.batch(&texts)?;
        let output = self.model.forward_with_dropout(&batch, { seed }.next_u64())?;
        let none: Option<Tensor> = None;
        let loss = output.logits.f_cross_entropy_loss(&classes, none, Reduction::Sum, -100, 0.0)?;
        let loss = loss.f_div_scalar(all as f64)?;
        loss.f_backward()?;
        Ok(loss.f_double_value(&[])?)
    }

    fn accuracy(&self, development: &[Example]) -> Result<f64, Error> {
        let texts: Vec<&[u32]> = development.iter().map(|example| example.tokens.as_slice()).collect();
        let logits = inference::logits(self.model, &texts, &self.limit)?;
        let answers = logits.chunks_exact(self.model.classes()).map(inference::largest);
        let right = answers.zip(development).filter(|(answer, example)| *answer == example.class).count();
        Ok(right as f64 / development.len().max(1) as f64)
    }

    fn save(&self) -> Result<(), Error> {
        match self.checkpoints {
            Some(folder) => {
                checkpoint::write(folder, &self.state, self.model, &self.adam, self.best.as_ref())
            }
            None => Ok(()),
        }
    }
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

/// Refuses classes that the head does not have.
fn check(model: &SequenceClassifier, examples: &[Example]) -> Result<(), Error> {
    match examples.iter().map(|example| example.class).max() {
        Some(largest) if largest >= model.classes() => {
            Err(Error::Classes { found: model.classes(), expected: largest + 1 })
        }
        _ => Ok(()),
    }
}

/// What tells texts apart from others.
fn fingerprint(training: &[Example], development: &[Example]) -> u64 {
    let numbers = training.iter().chain(development).flat_map(|example| {
        let length = example.tokens.len() as u64;
        [length, example.class as u64].into_iter().chain(example.tokens.iter().map(|&token| token.into()))
    });
    Law::new("texts", [training.len() as u64].into_iter().chain(numbers)).fingerprint()
}
