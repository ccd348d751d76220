//! Defences by deletion noise: with one rate, with a signal vocabulary, or around FRS.

use super::{
    Defence, Row,
    attacker::Attacker,
    run::{Claims, Run},
    scene::Scene,
};
use crate::{
    Error,
    experiment::{
        Certified, Figures, Guarantee, Labelled, Smoothed,
        asked::{Asked, BATCH, optimism},
        row::{as_computed, assumptions},
        workshop::Trained,
    },
    metrics::CertifiedCurve,
};
use std::sync::Arc;
use steadfast_certify::{Plan, Radius, Rate, ScoringClassifier};
use steadfast_fuzz::{Divergence, FrsClassifier};
use steadfast_perturb::{Deletion, PerturbError, WordId};

/// What is asked under a noise.
struct Question<'a, C> {
    defence: Defence,
    noise: &'a Deletion,
    classifier: &'a C,
    trained: &'a Trained,
    texts: [&'a [Labelled]; 2],
    plan: Plan,
    /// Voters of each answer, if it is a vote.
    voters: Option<u64>,
}

impl Run<'_> {
    /// One rate for all words, against all edits and against insertions alone.
    pub(super) fn deletion(&self, scene: &Scene, rate: f64) -> Result<Vec<Row>, Error> {
        let (noise, trained) = self.deleting(scene, rate)?;
        let question = Question {
            defence: Defence::Deletion { rate },
            noise: &noise,
            classifier: &trained.classifier,
            trained: &trained,
            texts: scene.texts(),
            plan: self.settings.extent.plan()?,
            voters: None,
        };
        self.under(scene, &question, &[Attacker::Edits, Attacker::Inserts])
    }

    /// Deletion noise around search, randomisation and vote.
    pub(super) fn around(&self, scene: &Scene, rate: f64) -> Result<Vec<Row>, Error> {
        let (noise, trained) = self.deleting(scene, rate)?;
        let voters = self.settings.around_voters;
        let deviation = self.settings.deviation.first().copied();
        // One text at a time, so that an answer depends on nothing but its text.
        let saved = self.workshop.place(&scene.key, &deleting_name(rate));
        let copy = || self.workshop.load(&saved).map(|classifier| classifier.batch_tokens(1));
        let smoothing = deviation.map(|deviation| self.settings.smoothing(deviation));
        let voter = |number: u64| {
            let voter = copy()?;
            if let Some(smoothing) = &smoothing {
                smoothing.keep_copy(voter.model(), number, scene.seed())?;
            }
            Ok::<_, Error>(voter)
        };
        let frs = FrsClassifier::new(
            self.fuzzer(self.settings.budget, scene.seed())?,
            self.randomizer(scene.seed())?,
            Divergence::new(copy()?),
            (0..voters).map(voter).collect::<Result<Vec<_>, _>>()?,
        )?;
        let few = |texts: &'_ [Labelled]| texts.len().min(self.settings.around_texts());
        let [clean, triggered] = scene.texts();
        let question = Question {
            defence: Defence::Around { rate },
            noise: &noise,
            classifier: &frs,
            trained: &trained,
            texts: [
                clean.get(..few(clean)).unwrap_or_default(),
                triggered.get(..few(triggered)).unwrap_or_default(),
            ],
            plan: self.settings.around_plan()?,
            voters: Some(voters),
        };
        self.under(scene, &question, &[Attacker::Edits, Attacker::Inserts])
    }

    /// A signal vocabulary that is kept often.
    pub(super) fn signal(&self, scene: &Scene, defence: Defence) -> Result<Claims, Error> {
        let (noise, vocabulary) = self.vocabulary(scene, defence)?;
        let tuning = self.settings.fine_tuning(scene.seed(), None)?;
        let trained = self.victim(&scene.key, &scene.encoder, &defence.to_string(), &tuning, Some(&noise))?;
        let question = Question {
            defence,
            noise: &noise,
            classifier: &trained.classifier,
            trained: &trained,
            texts: scene.texts(),
            plan: self.settings.extent.plan()?,
            voters: None,
        };
        let rows = self.under(scene, &question, &SIGNAL)?;
        Ok(Claims { rows, vocabulary: Some(vocabulary) })
    }

    /// An encoder fine-tuned under deletion noise.
    fn deleting(&self, scene: &Scene, rate: f64) -> Result<(Deletion, Trained), Error> {
        let noise = Deletion::uniform(Arc::clone(self.workshop.lexicon), Rate::new(rate)?)?;
        let mut tuning = self.settings.fine_tuning(scene.seed(), None)?;
        tuning.epochs *= PASSES;
        let trained = self.victim(&scene.key, &scene.encoder, &deleting_name(rate), &tuning, Some(&noise))?;
        Ok((noise, trained))
    }

    /// Asks under a noise, and certifies against each attacker.
    fn under<C: ScoringClassifier<Vec<WordId>>>(
        &self,
        scene: &Scene,
        question: &Question<'_, C>,
        attackers: &[Attacker],
    ) -> Result<Vec<Row>, Error> {
        let &Question { defence, noise, classifier, trained, texts: [clean, triggered], ref plan, voters } =
            question;
        // Sampling ends once the radius against each of them is settled.
        let threats =
            |text: &[WordId]| attackers.iter().map(|attacker| attacker.threat(noise, text)).collect();
        let extent = &self.settings.extent;
        let smoothed = Smoothed {
            noise,
            classifier,
            epsilon: extent.epsilon,
            plan: plan.clone(),
            certifier: extent.certifier(clean.len())?,
            optimism: optimism()?,
            batch: BATCH,
            seed: scene.seed(),
        };
        let title = defence.to_string();
        let asked = Asked::of(
            &smoothed,
            trained,
            [clean, triggered],
            scene.target(),
            &threats,
            &self.workshop,
            &title,
        )?;
        let mut attacked = asked.attacked.clone();
        if let Some(voters) = voters {
            // Each answer of the black box inside is a search and a vote.
            attacked.model_queries *= f64::from(self.settings.budget) + 1.0 + voters as f64;
        }
        let about = (defence, voters, voters.and(self.settings.deviation.first().copied()));
        let mut rows =
            vec![scene.row(about, scene.threat(), (Guarantee::Empirical, None), Figures::Attacked(attacked))];
        for attacker in attackers {
            let radii = asked.decisions.iter().zip(clean).map(|(decision, (text, class))| {
                let radius = attacker.threat(noise, text)?.radius(&decision.bounds);
                Ok(radius.filter(|_| decision.class() == *class))
            });
            let radii: Vec<Option<Radius>> = radii.collect::<Result<_, PerturbError>>()?;
            let covered = asked.checked(&smoothed, triggered, &self.workshop, |index| {
                let poison = scene.poisons.get(index)?;
                let radius = radii.get(poison.index)?;
                let changes = attacker.changes(noise, poison);
                Some(radius.zip(changes).is_some_and(|(radius, changes)| radius.covers(changes)))
            })?;
            let curve = CertifiedCurve::of_radii(format!("{title}: {}", attacker.describe()), radii);
            let epsilon = if voters.is_some() { 0.0 } else { extent.epsilon };
            let certified = Certified {
                assumptions: match voters {
                    Some(_) => as_computed(),
                    None => {
                        assumptions(asked.decisions.iter().flat_map(|decision| decision.bounds.assumptions()))
                    }
                },
                ..Certified::checked(curve, clean, &covered, epsilon)
            };
            let worth = (Guarantee::Sound, Some(1.0 - extent.alpha));
            rows.push(scene.row(about, attacker.describe().to_owned(), worth, Figures::Certified(certified)));
        }
        Ok(rows)
    }
}

/// How many passes are made under deletion noise in the place of one: each shows a small part of every text.
const PASSES: u64 = 3;

/// The attackers of a signal vocabulary.
const SIGNAL: [Attacker; 3] =
    [Attacker::InsertsOutside, Attacker::InsertsOutsideAndTakesOneOut, Attacker::Edits];

/// The name of the encoder that was fine-tuned under deletion noise.
fn deleting_name(rate: f64) -> String {
    format!("deletion@{rate}")
}
