//! Defences that answer texts as they are: none, classifiers of groups of words, and what others proposed.

use super::{
    Defence, Noises, Row,
    run::{Run, Scene},
};
use crate::{
    Error,
    attack::Poison,
    baseline::{
        self, Bki, DefenceReport, Onion, PseudoPerplexity, Rap, RapSettings, Strip, StripSettings, TextGuard,
        Threshold, Undefended,
    },
    experiment::{Attacked, Certified, Figures, Guarantee, Labelled, row::as_computed, workshop::Trained},
    metrics::{CertifiedCurve, Share},
};
use std::{cell::RefCell, collections::BTreeSet, sync::Arc, time::Instant};
use steadfast_certify::{Certificate, Classifier, Radius};
use steadfast_model::transformer::Progress;
use steadfast_perturb::{Partition, WordId};

/// Refuses what could not be set up, before anything is trained.
///
/// # Errors
/// [`Error::Perturb`] for [`Defence::TextGuard`] without groups; [`Error::Setting`] for a defence whose noise was not made.
pub(super) fn check(defences: &[Defence], noises: &Noises) -> Result<(), Error> {
    for defence in defences {
        match *defence {
            Defence::None | Defence::Bki | Defence::Onion | Defence::Strip | Defence::Rap => {}
            Defence::TextGuard { groups } => drop(Partition::new(Arc::clone(&noises.lexicon), groups)?),
            noisy => drop(noises.of(noisy)?),
        }
    }
    Ok(())
}

impl Run<'_> {
    /// Sets the defence up, with encoders fine-tuned as they are needed, and asks it.
    pub(super) fn judged(&self, scene: &Scene, defence: Defence) -> Result<Vec<Row>, Error> {
        let task = &scene.poisoned.task;
        let (training, development) = (self.words(&task.training), self.words(&task.development));
        let clean: Vec<Vec<WordId>> = development.iter().map(|(text, _)| text.clone()).collect();
        // Encoders that the defence trains on texts of its own, and how long that took.
        let (tuned, seconds) = (RefCell::new(Vec::new()), RefCell::new(0.0));
        let train = |name: &str, training: &[Labelled], development: &[Labelled]| {
            let trained = self.classifier(scene, name, training, development, None)?;
            tuned.borrow_mut().push(trained.tuned);
            *seconds.borrow_mut() += trained.seconds;
            Ok::<_, Error>(trained.classifier)
        };
        let Trained { classifier: victim, tuned: own, seconds: own_seconds } =
            self.classifier(scene, "none", &training, &development, None)?;
        if defence == Defence::None {
            tuned.borrow_mut().push(own);
            *seconds.borrow_mut() += own_seconds;
        }
        let start = Instant::now();
        let mut certified = None;
        let report = |made: &dyn baseline::Defence| {
            DefenceReport::of(made, &victim, &scene.clean, &scene.triggered, self.settings.extent.target)
        };
        let report = match defence {
            Defence::TextGuard { groups } => {
                let partition = Partition::new(Arc::clone(&self.noises.lexicon), groups)?;
                let guard = TextGuard::train(
                    partition,
                    task.classes(),
                    &training,
                    &development,
                    |group, training, development| {
                        let name = format!("{defence}-group-{group}");
                        // One text at a time, so that an answer depends on nothing but its text.
                        Ok(Box::new(train(&name, training, development)?.batch_tokens(1))
                            as Box<dyn Classifier<_>>)
                    },
                )?;
                certified = Some(self.partitioned(scene, defence, &guard)?);
                report(&guard)?
            }
            Defence::Bki => {
                let bki = Bki::new(&victim, &training, |left| train("bki", left, &development))?;
                let poisoned: BTreeSet<usize> =
                    scene.poisoned.training.iter().map(|poison| poison.index).collect();
                DefenceReport { detection: Some(bki.detection(&poisoned)), ..report(&bki)? }
            }
            Defence::Onion => {
                // A new head reads the texts that it learned from better than any others: they set no bar.
                let (tuning, learning) = clean.split_at(ONION_TEXTS.min(clean.len() / 2));
                let perplexity = self.perplexity(scene, learning, victim.model().parameters().device())?;
                report(&Onion::new(perplexity, &victim, tuning, Threshold::RATE)?)?
            }
            Defence::Strip => {
                let settings = StripSettings { seed: scene.seed, ..StripSettings::default() };
                report(&Strip::new(&victim, &clean, settings)?)?
            }
            Defence::Rap => {
                let settings =
                    RapSettings::with_rare_word(&victim, &clean, self.settings.extent.target, scene.seed)?;
                report(&Rap::new(&victim, &clean, settings)?)?
            }
            _ => report(&Undefended(&victim))?,
        };
        let trained_seconds = seconds.into_inner();
        let attacked = Attacked {
            metrics: report.after,
            detection: report.detection,
            model_queries: 1.0,
            samples: 0.0,
            training: tuned.into_inner(),
            training_seconds: trained_seconds,
            // Encoders of a run that goes on took no time now.
            seconds: (start.elapsed().as_secs_f64() - trained_seconds).max(0.0),
        };
        let worth = (Guarantee::Empirical, None);
        let row = self.row(scene, defence, scene.threat(), worth, Figures::Attacked(attacked));
        Ok(std::iter::once(row).chain(certified).collect())
    }

    /// The pseudo-perplexity of the pretrained encoder. One without a masked-language head gets one, trained on the defender's clean
    /// texts.
    fn perplexity(
        &self,
        scene: &Scene,
        clean: &[Vec<WordId>],
        device: tch::Device,
    ) -> Result<PseudoPerplexity, Error> {
        let lexicon = || Arc::clone(&self.noises.lexicon);
        match PseudoPerplexity::load(self.pretrained, lexicon(), device) {
            Err(Error::NoLanguageModel { .. }) => {}
            loaded => return loaded,
        }
        let settings = self.settings.fine_tuning(scene.seed)?.epochs(GAP_EPOCHS).frozen(0);
        let steps = (clean.len() - clean.len() / 10).div_ceil(settings.batch.max(1)) as u64;
        let console = self.workshop.console;
        let bar = console.bar("onion learns to fill gaps", settings.epochs * steps);
        let mut observe = |progress: &Progress| {
            bar.set_position(progress.epoch * progress.steps + progress.step);
            console.flow()
        };
        let made =
            PseudoPerplexity::trained(self.pretrained, lexicon(), device, clean, &settings, &mut observe);
        bar.finish_and_clear();
        made.map_err(|error| if console.flow().is_break() { self.workshop.stopped() } else { error })
    }

    /// What the votes of the groups certify, and whether that covers the attack.
    fn partitioned(&self, scene: &Scene, defence: Defence, guard: &TextGuard) -> Result<Row, Error> {
        let words = |texts: &[Labelled]| texts.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>();
        let partition = guard.partition();
        let radius = |(certificate, (_, class)): (&Certificate, &Labelled)| {
            certificate.radius().filter(|_| certificate.class() == Some(*class))
        };
        let radii = guard.certificates(&words(&scene.clean))?;
        let radii: Vec<Option<Radius>> = radii.iter().zip(&scene.clean).map(radius).collect();
        let groups = |poison: &Poison| poison.groups(partition);
        let poisoned: Option<Vec<BTreeSet<u32>>> = scene.poisoned.training.iter().map(groups).collect();
        let poisoned: Option<BTreeSet<u32>> = poisoned.map(|groups| groups.into_iter().flatten().collect());
        let covered = |((certificate, (_, class)), poison): ((&Certificate, &Labelled), &Poison)| {
            groups(poison).zip(poisoned.as_ref()).is_some_and(|(own, poisoned)| {
                let groups = u32::try_from(own.union(poisoned).count()).unwrap_or(u32::MAX);
                certificate.certifies(*class, groups)
            })
        };
        let certificates = guard.certificates(&words(&scene.triggered))?;
        let asked = certificates.iter().zip(&scene.triggered).zip(&scene.poisons);
        let curve = CertifiedCurve::of_radii(defence.to_string(), radii);
        let certified = Certified {
            words: Vec::new(),
            covered: Some(Share::count(asked.map(covered))),
            broken: None,
            assumptions: as_computed(),
            ..Certified::checked(curve, &[], &[], 0.0)
        };
        let threat = "puts words of up to r groups into training texts and the test text, or takes them out"
            .to_owned();
        let worth = (Guarantee::Sound, Some(1.0));
        Ok(self.row(scene, defence, threat, worth, Figures::Certified(certified)))
    }
}

/// Clean texts that ONION is tuned with, at most half of them: one takes as many model queries as it has pairs of words.
const ONION_TEXTS: usize = 100;

/// Passes over the clean texts in which a new masked-language head is trained.
const GAP_EPOCHS: u64 = 10;
