//! Classifiers of groups of words that vote.

use super::{Defence, Row, run::Run, scene::Scene};
use crate::{
    Error,
    baseline::TextGuard,
    experiment::{Attacked, Certified, Figures, Guarantee, Labelled, asked::confusion, row::as_computed},
    metrics::{BackdoorMetrics, CertifiedCurve},
};
use std::{cell::RefCell, sync::Arc, time::Instant};
use steadfast_certify::{Certificate, Classifier, Radius};
use steadfast_perturb::{Partition, WordId};

impl Run<'_> {
    /// Classifiers of groups of words vote.
    pub(super) fn partitioned(&self, scene: &Scene, groups: u32) -> Result<Vec<Row>, Error> {
        let defence = Defence::TextGuard { groups };
        let partition = Partition::new(Arc::clone(self.workshop.lexicon), groups)?;
        let (tuned, seconds) = (RefCell::new(Vec::new()), RefCell::new(0.0));
        let tuning = self.settings.fine_tuning(scene.seed(), None)?;
        let guard = TextGuard::train(
            partition,
            self.task.classes(),
            &self.training,
            &self.development,
            |group, training, development| {
                let lesson = self.lesson(&scene.encoder, training, development, &tuning);
                let name = format!("{defence}-group-{group}");
                let trained = self.workshop.classifier(&scene.key, &name, lesson, None)?;
                tuned.borrow_mut().push(trained.tuned);
                *seconds.borrow_mut() += trained.seconds;
                // One text at a time, so that an answer depends on nothing but its text.
                Ok(Box::new(trained.classifier.batch_tokens(1)) as Box<dyn Classifier<_>>)
            },
        )?;
        let start = Instant::now();
        let [certificates, answers] = scene.texts().map(|texts| {
            let words: Vec<Vec<WordId>> = texts.iter().map(|(text, _)| text.clone()).collect();
            guard.certificates(&words)
        });
        let (certificates, answers) = (certificates?, answers?);
        let class = |certificate: &Certificate| certificate.class();
        let attacked = Attacked {
            metrics: BackdoorMetrics::of(
                &confusion(&scene.clean, certificates.iter().map(class)),
                &confusion(&scene.triggered, answers.iter().map(class)),
                scene.target(),
            )?,
            detection: None,
            model_queries: f64::from(groups),
            samples: 0.0,
            training: tuned.into_inner(),
            training_seconds: seconds.into_inner(),
            seconds: start.elapsed().as_secs_f64(),
        };
        let about = (defence, None, None);
        let attacked =
            scene.row(about, scene.threat(), (Guarantee::Empirical, None), Figures::Attacked(attacked));

        let radius = |(certificate, (_, class)): (&Certificate, &Labelled)| {
            certificate.radius().filter(|_| certificate.class() == Some(*class))
        };
        let radii: Vec<Option<Radius>> = certificates.iter().zip(&scene.clean).map(radius).collect();
        let covered = scene.poisons.iter().zip(&answers).filter_map(|(poison, answer)| {
            let (certificate, (_, class)) = certificates.iter().zip(&scene.clean).nth(poison.index)?;
            let touched =
                poison.groups(guard.partition()).and_then(|groups| u32::try_from(groups.len()).ok());
            let covered = touched.is_some_and(|groups| certificate.certifies(*class, groups));
            Some((covered, answer.class() == Some(*class)))
        });
        let covered: Vec<(bool, bool)> = covered.collect();
        let curve = CertifiedCurve::of_radii(defence.to_string(), radii);
        let certified = Certified {
            assumptions: as_computed(),
            ..Certified::checked(curve, &scene.clean, &covered, 0.0)
        };
        let threat = "puts words of up to r groups into the test text, or takes them out".to_owned();
        let worth = (Guarantee::Sound, Some(1.0));
        Ok(vec![attacked, scene.row(about, threat, worth, Figures::Certified(certified))])
    }
}
