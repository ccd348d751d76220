//! [`Run`]: votes in shards, on disk after each one.

use super::{Results, Settings, Task};
use crate::{
    Error,
    experiment::{
        Console,
        finished::{finished, other_settings},
    },
    report::file::OutputFolder,
};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use steadfast_certify::{Certifier, Phase, VoteTable};
use steadfast_model::ensemble::{BaseLearner, Ensemble};

/// Nets between two saves: a killed run loses at most this many.
const SHARD: u64 = 1_000;

/// The file of votes in the output folder.
const VOTES: &str = "votes.json";

/// The votes of a run so far, as they are saved.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    settings: Settings,
    /// The devices that computed votes, in order; none for runs of pure Rust that were saved before there was a choice.
    #[serde(default)]
    devices: Vec<String>,
    selection: VoteTable,
    estimation: VoteTable,
}

impl Saved {
    /// Nets that have voted, of both phases.
    fn nets(&self) -> u64 {
        self.selection.header().total() + self.estimation.header().total()
    }
}

/// Refuses a folder that cannot take the summary of several runs: one with a single run in it, or with a summary unless it
/// is to be made again.
///
/// # Errors
/// [`Error::OutputOccupied`] or [`Error::OutputTaken`].
pub fn check_summary_folder(output: &OutputFolder, resume: bool) -> Result<(), Error> {
    let votes = output.join(VOTES);
    if votes.exists() {
        return Err(Error::OutputOccupied { path: votes });
    }
    if !resume && output.join("results.json").exists() {
        return Err(Error::OutputTaken { path: output.path().to_owned() });
    }
    Ok(())
}

/// One run of the experiment in one output folder.
#[derive(Debug)]
pub struct Run<'a> {
    settings: &'a Settings,
    task: Task,
    learner: Box<dyn BaseLearner>,
    device: String,
    output: &'a OutputFolder,
    resume: bool,
    threads: usize,
}

impl<'a> Run<'a> {
    /// Prepares a run on `device` (`auto`, `cpu`, `cuda` or `cuda:N`); nothing is written yet.
    ///
    /// # Errors
    /// [`Error::Certify`] if the settings could not certify anything even with unanimous votes, and whatever else is
    /// wrong with the settings.
    pub fn new(
        settings: &'a Settings,
        task: Task,
        output: &'a OutputFolder,
        resume: bool,
        threads: usize,
        device: &str,
    ) -> Result<Self, Error> {
        Certifier::new(settings.confidence()?).check(&settings.plan()?, 2)?;
        settings.noise()?;
        let (learner, device) = settings.learner(device)?;
        Ok(Self { settings, task, learner, device, output, resume, threads })
    }

    /// Trains and votes, or goes on where a saved run ended, and certifies.
    ///
    /// # Errors
    /// [`Error::OutputTaken`] if the folder holds a run and resuming was not asked for, [`Error::OtherRun`] if it holds
    /// another one, [`Error::Interrupted`] after Ctrl-C.
    pub fn finish(&self, console: &Console) -> Result<Results, Error> {
        let noise = self.settings.noise()?;
        let ensemble = Ensemble::new(
            self.task.training(),
            self.task.test(),
            noise,
            &*self.learner,
            self.settings.seed,
            self.threads,
        )?;
        let mut saved = self.start(&ensemble)?;
        let bar = console.bar("training nets", self.settings.selection_models + self.settings.models);
        bar.set_position(saved.nets());
        bar.reset_eta();
        let plan =
            [(Phase::Selection, self.settings.selection_models), (Phase::Estimation, self.settings.models)];
        for (phase, models) in plan {
            let table = if phase == Phase::Selection { &saved.selection } else { &saved.estimation };
            for shard in table.header().missing(models).into_iter().flat_map(shards) {
                let votes = self.shard(&ensemble, phase, shard, console, &bar, &saved)?;
                let table =
                    if phase == Phase::Selection { &mut saved.selection } else { &mut saved.estimation };
                table.merge(&votes)?;
                if !saved.devices.contains(&self.device) {
                    saved.devices.push(self.device.clone());
                }
                self.output.write_json(VOTES, &saved)?;
            }
        }
        bar.finish_and_clear();
        Results::certify(
            self.settings,
            &self.task,
            &self.learner.describe(),
            saved.devices,
            saved.selection,
            saved.estimation,
        )
    }

    fn shard(
        &self,
        ensemble: &Ensemble<'_>,
        phase: Phase,
        nets: Range<u64>,
        console: &Console,
        bar: &indicatif::ProgressBar,
        saved: &Saved,
    ) -> Result<VoteTable, Error> {
        let before = bar.position();
        let votes = ensemble.votes(phase, nets, |progress| {
            bar.set_position(before + progress.done);
            console.flow()
        });
        votes.map_err(|error| match error {
            steadfast_model::ensemble::Error::Stopped { .. } => {
                bar.abandon();
                Error::Interrupted {
                    what: "nets",
                    done: saved.nets(),
                    total: self.settings.selection_models + self.settings.models,
                    path: self.output.path().to_owned(),
                }
            }
            error => error.into(),
        })
    }

    /// The saved votes of this very run, or none.
    fn start(&self, ensemble: &Ensemble<'_>) -> Result<Saved, Error> {
        let path = self.output.join(VOTES);
        let Some(saved) = finished::<Saved>(self.output, VOTES, self.resume)? else {
            // Results without votes are of another kind of run: a sweep, or another experiment.
            let results = self.output.join("results.json");
            if results.exists() {
                return Err(Error::OutputOccupied { path: results });
            }
            return Ok(Saved {
                settings: self.settings.clone(),
                devices: Vec::new(),
                selection: ensemble.no_votes(Phase::Selection)?,
                estimation: ensemble.no_votes(Phase::Estimation)?,
            });
        };
        let other = |what, found: String, expected: String| {
            Err(Error::OtherRun { path: path.clone(), what, found, expected })
        };
        if saved.settings != *self.settings {
            return Err(other_settings(path, &saved.settings, self.settings));
        }
        for (table, phase) in [(&saved.selection, Phase::Selection), (&saved.estimation, Phase::Estimation)] {
            // Same settings and another fingerprint: the data has changed.
            let expected = ensemble.no_votes(phase)?;
            let (found, run) = (table.header(), expected.header().run());
            if found.run() != run
                || found.noise() != expected.header().noise()
                || table.inputs() != expected.inputs()
            {
                return other("data", found.run().to_string(), run.to_string());
            }
            if found.phase() != phase {
                return other("phase", found.phase().to_string(), phase.to_string());
            }
        }
        Ok(saved)
    }
}

/// `range` in pieces that end at multiples of the shard size.
fn shards(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let cut =
        move |start: u64| (start < range.end).then(|| start..((start / SHARD + 1) * SHARD).min(range.end));
    std::iter::successors(cut(range.start), move |last| cut(last.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_a_range_and_end_at_multiples() {
        let cut: Vec<_> = shards(1_500..3_200).collect();
        assert_eq!(cut, [1_500..2_000, 2_000..3_000, 3_000..3_200]);
        assert_eq!(shards(5..5).count(), 0);
    }
}
