//! Checkpoints: the state from which a killed run resumes exactly.

use super::{
    super::{Error, Parameters, parameters::duplicate, weights},
    FineTuning,
    adam::Adam,
    run::Epoch,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tch::{Tensor, no_grad};

const STATE: &str = "state.json";
const TENSORS: &str = "tensors.safetensors";
/// Prefixes of the names of checkpoints, and of incomplete ones.
const FINISHED: &str = "epoch-";
const WRITING: &str = ".writing-";
const REMEDY: &str = "remove it; the run then starts again";

/// The state of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) settings: FineTuning,
    /// The fingerprint of the model before training.
    pub(crate) model: u64,
    /// The fingerprint of the training and development texts.
    pub(crate) data: u64,
    /// The current epoch, and the steps done in it.
    pub(crate) epoch: u64,
    pub(crate) step: u64,
    /// Sum of the epoch's losses so far.
    pub(crate) loss: f64,
    /// The number of parts into which a batch is split to fit into memory; dropout is drawn for each.
    pub(crate) parts: usize,
    /// Finished epochs.
    pub(crate) epochs: Vec<Epoch>,
}

/// The weights of the best epoch so far.
pub(crate) type Best = Vec<Tensor>;

/// Copies of all weights.
pub(crate) fn snapshot(parameters: &Parameters) -> Result<Best, Error> {
    no_grad(|| parameters.iter().map(|parameter| duplicate(parameter.tensor())).collect())
}

/// Restores all weights from copies.
pub(crate) fn put_back(parameters: &Parameters, best: &Best) -> Result<(), Error> {
    no_grad(|| {
        for (parameter, saved) in parameters.iter().zip(best) {
            parameter.tensor().shallow_clone().f_copy_(saved)?;
        }
        Ok(())
    })
}

/// Writes a checkpoint into `folder` and removes the ones before it. It is written completely or not at all.
pub(crate) fn write(
    folder: &Path,
    state: &State,
    parameters: &Parameters,
    adam: &Adam,
    best: Option<&Best>,
) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    // The incomplete checkpoints of killed runs.
    for path in entries(folder, WRITING)? {
        fs::remove_dir_all(&path).map_err(Error::io("remove", path))?;
    }
    let work =
        tempfile::Builder::new().prefix(WRITING).tempdir_in(folder).map_err(Error::io("write", folder))?;
    let weight = |prefix: &str, name: &str| format!("{prefix}.{name}");
    let current = parameters.iter().map(|parameter| (weight("weight", parameter.name()), parameter.tensor()));
    let best = best.into_iter().flat_map(|best| {
        parameters.iter().zip(best).map(|(parameter, tensor)| (weight("best", parameter.name()), tensor))
    });
    let bytes = weights::serialize(current.chain(best).chain(adam.state()))?;
    let text = serde_json::to_string_pretty(state).map_err(|error| Error::File {
        path: folder.to_owned(),
        problem: format!("cannot take the state of the run: {error}"),
        remedy: "this is a bug of this library",
    })?;
    for (name, bytes) in [(TENSORS, bytes.as_slice()), (STATE, text.as_bytes())] {
        let path = work.path().join(name);
        fs::write(&path, bytes).map_err(Error::io("write", path))?;
    }
    let older = entries(folder, FINISHED)?;
    let name = format!("{FINISHED}{:06}-step-{:09}", state.epoch, state.step);
    let path = folder.join(&name);
    if !path.exists() {
        fs::rename(work.keep(), &path).map_err(Error::io("write", path))?;
    }
    for path in older.into_iter().filter(|path| !path.ends_with(&name)) {
        fs::remove_dir_all(&path).map_err(Error::io("remove", path))?;
    }
    Ok(())
}

/// The entries of `folder` with this prefix, oldest first.
fn entries(folder: &Path, prefix: &str) -> Result<Vec<PathBuf>, Error> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Resumes from the newest checkpoint in `folder`, if there is one.
pub(crate) fn resume(
    folder: &Path,
    expected: &State,
    parameters: &Parameters,
    adam: &mut Adam,
) -> Result<Option<(State, Option<Best>)>, Error> {
    let Some(newest) = entries(folder, FINISHED)?.pop() else { return Ok(None) };
    let path = newest.join(STATE);
    let damaged =
        |path: &Path, problem: String| Error::File { path: path.to_owned(), problem, remedy: REMEDY };
    let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let state: State =
        serde_json::from_str(&text).map_err(|error| damaged(&path, format!("is damaged: {error}")))?;
    let other = |what| Err(Error::OtherRun { path: folder.to_owned(), what });
    if state.settings != expected.settings {
        return other("settings");
    }
    if state.model != expected.model {
        return other("pretrained models");
    }
    if state.data != expected.data {
        return other("texts");
    }
    let path = newest.join(TENSORS);
    let tensors = weights::read_file(&path, str::to_owned)?;
    let named = |prefix: &str| -> Result<Best, Error> {
        let find = |name: &str, like: &Tensor| {
            let name = format!("{prefix}.{name}");
            let fits = |tensor: &&Tensor| tensor.size() == like.size();
            let found = tensors.get(&name).filter(fits).map(Tensor::shallow_clone);
            found.ok_or_else(|| damaged(&path, format!("holds no {name} of the model's shape")))
        };
        parameters.iter().map(|parameter| find(parameter.name(), parameter.tensor())).collect()
    };
    let current = named("weight")?;
    let best = if state.epochs.is_empty() { None } else { Some(named("best")?) };
    let moments: BTreeMap<String, Tensor> =
        tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
    let steps = state.epochs.iter().map(|epoch| epoch.steps).sum::<u64>() + state.step;
    if !no_grad(|| adam.restore(steps, &moments))? {
        return Err(damaged(&path, "holds no moments of the trained weights".to_owned()));
    }
    put_back(parameters, &current)?;
    Ok(Some((state, best)))
}
