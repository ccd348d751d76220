//! [`Results`]: what the votes certify, with everything that it depends on.

use super::{Settings, Task};
use crate::Error;
use serde::Serialize;
use statrs::statistics::Statistics;
use steadfast_certify::{
    Certificate, Certifier, ClassBounds, Confidence, Radius, Threat, ThreatModel, VoteCounts, VoteTable,
    confidence::clopper_pearson_lower,
};

/// The paper's own figure: 36% certified accuracy at two changed entries (Wang et al. 2020, Section 4).
pub(super) const PAPER: (u32, f64) = (2, 0.36);

/// The radii that every table and chart shows at least.
const SHOWN: u32 = 4;

/// The same quantity at both confidence forms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PerConfidence<T> {
    /// Each certificate is wrong with probability at most α.
    pub per_image: T,
    /// All certificates of the run hold together with probability at least 1 − α.
    pub bonferroni: T,
}

impl<T> PerConfidence<T> {
    pub(super) fn of(
        mut make: impl FnMut(Confidence) -> Result<T, Error>,
        alpha: Confidence,
        inputs: usize,
    ) -> Result<Self, Error> {
        Ok(Self { per_image: make(alpha)?, bonferroni: make(alpha.shared_by(inputs as u64))? })
    }

    /// Something made of each form.
    fn map<U>(&self, make: impl Fn(&T) -> U) -> PerConfidence<U> {
        PerConfidence { per_image: make(&self.per_image), bonferroni: make(&self.bonferroni) }
    }
}

/// One finished run: parameters, votes, and what they certify.
#[derive(Debug, Clone, Serialize)]
pub struct Results {
    /// Name of the experiment and version of the program.
    pub experiment: &'static str,
    /// Version of the library.
    pub version: &'static str,
    /// What kind of statement the certificates are.
    pub status: &'static str,
    /// The guarantee in words.
    pub guarantee: String,
    /// Every setting.
    pub settings: Settings,
    /// The learner with its settings.
    pub learner: String,
    /// The devices that computed votes, in order. Of a run on several, votes may differ in a last digit from those of one.
    pub devices: Vec<String>,
    /// Fingerprint of problem, noise, learner and seed.
    pub run: String,
    /// Share of test images that the smoothed classifier is certified to classify correctly, by number of changed
    /// entries 0, 1, 2, …
    pub certified_accuracy: PerConfidence<Vec<f64>>,
    /// Share of test images without any certificate.
    pub abstained: PerConfidence<f64>,
    /// The largest radius that unanimous votes of so many nets could certify.
    pub ceiling: PerConfidence<u32>,
    /// Share of test images that the nets' majority classifies correctly, without any guarantee.
    pub smoothed_accuracy: f64,
    /// Radius of each test image's certificate, right or wrong; none for abstentions.
    pub radii: PerConfidence<Vec<Option<u32>>>,
    /// True class of each test image: 0 is digit 1, 1 is digit 7.
    pub truth: Vec<usize>,
    /// Votes that chose the classes.
    pub selection: VoteTable,
    /// Votes that bound them.
    pub estimation: VoteTable,
}

impl Results {
    /// The certificates that the votes of a finished run support.
    ///
    /// # Errors
    /// [`Error::Certify`] if the votes are not those of the plan.
    pub(super) fn certify(
        settings: &Settings,
        task: &Task,
        learner: &str,
        devices: Vec<String>,
        selection: VoteTable,
        estimation: VoteTable,
    ) -> Result<Self, Error> {
        let (plan, confidence) = (settings.plan()?, settings.confidence()?);
        let inputs = task.truth().len();
        let noise = settings.noise()?;
        // The threats of all inputs are equal but for the noise that they name.
        let threat = noise.threat(task.training(), task.test(), 0)?;
        let fingerprint = noise.fingerprint(task.training(), task.test());
        let tallies = (0..inputs)
            .filter_map(|input| Some((selection.votes(input)?, estimation.votes(input)?)))
            .map(|(selection, estimation)| VoteCounts::new(plan.clone(), Some(selection), estimation))
            .collect::<Result<Vec<VoteCounts>, _>>()?;
        let certificates = |confidence| {
            let certifier = Certifier::new(confidence);
            let certificate = |(input, tally): (u64, &VoteCounts)| {
                let threat = Threat::new(fingerprint.of_input(input), threat.model().clone());
                certifier.certify(&threat, tally).map_err(Error::from)
            };
            (0..).zip(&tallies).map(certificate).collect::<Result<Vec<_>, _>>()
        };
        let certificates = PerConfidence::of(certificates, confidence, inputs)?;
        let everything = threat.maximum().unwrap_or(u32::MAX);
        let count = |radius: Radius| match radius {
            Radius::Count(count, _) => count,
            _ => everything,
        };
        let ceiling = |confidence| {
            let unanimous = clopper_pearson_lower(settings.models, settings.models, confidence)?;
            let bounds = ClassBounds::exact(0, unanimous, unanimous.complement(), None);
            Ok(threat.radius(&bounds).map_or(0, count))
        };
        let ceiling = PerConfidence::of(ceiling, confidence, inputs)?;
        let shown = SHOWN.max(ceiling.per_image + 1);
        let share = |count: usize| count as f64 / inputs as f64;
        let accuracy = |certificates: &Vec<Certificate>| {
            let certified = |radius| {
                certificates
                    .iter()
                    .zip(task.truth())
                    .filter(|(c, truth)| c.certifies(**truth, radius))
                    .count()
            };
            (0..=shown).map(|radius| share(certified(radius))).collect()
        };
        let radii = |certificates: &Vec<Certificate>| {
            certificates.iter().map(|certificate| certificate.radius().map(count)).collect()
        };
        let abstained = |certificates: &Vec<Certificate>| {
            share(certificates.iter().filter(|certificate| certificate.class().is_none()).count())
        };
        let right = tallies
            .iter()
            .zip(task.truth())
            .filter(|(tally, truth)| tally.estimation().leader() == **truth)
            .count();
        Ok(Self {
            experiment: "mnist",
            version: env!("CARGO_PKG_VERSION"),
            status: "sound",
            guarantee: format!(
                "for each certified image, the smoothed classifier keeps its answer against an attacker who {}",
                Threat::describe(&threat)
            ),
            settings: settings.clone(),
            learner: learner.to_owned(),
            devices,
            run: estimation.header().run().to_string(),
            certified_accuracy: certificates.map(accuracy),
            abstained: certificates.map(abstained),
            ceiling,
            smoothed_accuracy: share(right),
            radii: certificates.map(radii),
            truth: task.truth().to_vec(),
            selection,
            estimation,
        })
    }
}

/// Mean and spread over runs that differ in their seed: other training and test images, other noise.
#[derive(Debug, Clone, Serialize)]
pub struct Repeats {
    /// Name of the experiment.
    pub experiment: &'static str,
    /// Seeds of the runs; each run's own results are in the folder `seed-N`.
    pub seeds: Vec<u64>,
    /// Mean over the runs, by radius.
    pub certified_accuracy: PerConfidence<Vec<f64>>,
    /// Standard deviation over the runs, by radius.
    pub standard_deviation: PerConfidence<Vec<f64>>,
    /// The largest radius that unanimous votes could certify.
    pub ceiling: PerConfidence<u32>,
}

impl Repeats {
    /// The summary of finished runs.
    #[must_use]
    pub fn of(runs: &[Results]) -> Self {
        let over_runs = |form: fn(&PerConfidence<Vec<f64>>) -> &Vec<f64>, statistic: fn(&[f64]) -> f64| {
            let radii = runs.iter().map(|run| form(&run.certified_accuracy).len()).min().unwrap_or(0);
            let at = |radius: usize| -> Vec<f64> {
                runs.iter().filter_map(|run| form(&run.certified_accuracy).get(radius).copied()).collect()
            };
            (0..radii).map(|radius| statistic(&at(radius))).collect()
        };
        let both = |statistic| PerConfidence {
            per_image: over_runs(|c| &c.per_image, statistic),
            bonferroni: over_runs(|c| &c.bonferroni, statistic),
        };
        Self {
            experiment: "mnist, repeated",
            seeds: runs.iter().map(|run| run.settings.seed).collect(),
            certified_accuracy: both(|values| values.mean()),
            standard_deviation: both(|values| if values.len() < 2 { 0.0 } else { values.std_dev() }),
            ceiling: PerConfidence {
                per_image: runs.iter().map(|run| run.ceiling.per_image).max().unwrap_or(0),
                bonferroni: runs.iter().map(|run| run.ceiling.bonferroni).max().unwrap_or(0),
            },
        }
    }
}

/// Certified accuracy over the noise level.
#[derive(Debug, Clone, Serialize)]
pub struct Sweep {
    /// Name of the experiment.
    pub experiment: &'static str,
    /// The probabilities β of keeping an entry; each run's own results are in the folder `beta-B`.
    pub betas: Vec<f64>,
    /// Certified accuracy by radius, one for each β.
    pub certified_accuracy: Vec<PerConfidence<Vec<f64>>>,
    /// The largest radius that unanimous votes could certify, one for each β.
    pub ceiling: Vec<PerConfidence<u32>>,
}

impl Sweep {
    /// The summary of finished runs.
    #[must_use]
    pub fn of(runs: &[Results]) -> Self {
        Self {
            experiment: "mnist, swept over β",
            betas: runs.iter().map(|run| run.settings.beta).collect(),
            certified_accuracy: runs.iter().map(|run| run.certified_accuracy.clone()).collect(),
            ceiling: runs.iter().map(|run| run.ceiling.clone()).collect(),
        }
    }
}
