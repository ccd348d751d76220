//! Defences that look at the text as it is or search it, and let voters decide: FRS as published, and parts of it.

use super::{
    Defence, Row,
    run::Run,
    scene::{Scene, answers},
};
use crate::{
    Error,
    experiment::{
        Attacked, Certified, Figures, Guarantee, asked::metrics, row::assumptions, smoothed::outvoted,
        workshop::Trained,
    },
    metrics::CertifiedCurve,
};
use statrs::statistics::Statistics;
use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc, time::Instant};
use steadfast_certify::{ClassId, Classifier, Conditional, Interval, classifier::checked_answers};
use steadfast_fuzz::{
    Divergence, Fuzzer, MajorityVote, Objective, Randomizer, SearchSettings, Verdict, VulnerableArea,
};
use steadfast_model::transformer::TextClassifier;
use steadfast_perturb::{SegmentMutation, WordId};

/// The victim without a defence.
pub(super) fn undefended(scene: &Scene) -> Result<Row, Error> {
    let start = Instant::now();
    let [clean, triggered] = scene.texts().map(|texts| answers(&scene.victim, texts));
    let answers = [clean?, triggered?];
    let figures = Figures::Attacked(attacked(scene, &scene.victim, answers, 1.0, start)?);
    Ok(scene.row((Defence::None, None, None), scene.threat(), (Guarantee::Empirical, None), figures))
}

impl Run<'_> {
    /// Voters, with and without a search before, each number of them and each standard deviation of the noise on their weights.
    pub(super) fn voted(&self, scene: &Scene, defence: Defence) -> Result<Vec<Row>, Error> {
        let [training, inference] = defence.phases();
        let numbers: BTreeSet<u64> = self.settings.voters.iter().copied().collect();
        let deviations: Vec<Option<f64>> = if training || inference {
            self.settings.deviations().into_iter().map(Some).collect()
        } else {
            vec![None]
        };
        let mut rows = Vec::new();
        for deviation in deviations {
            let smoothing = deviation.map(|deviation| self.settings.smoothing(deviation));
            let own = match (&smoothing, deviation) {
                (Some(smoothing), Some(deviation)) if training => {
                    let name = format!("weights-{deviation}");
                    let tuning = self.settings.fine_tuning(scene.seed(), Some(smoothing.clone()))?;
                    Some(self.victim(&scene.key, &scene.encoder, &name, &tuning, None)?)
                }
                _ => None,
            };
            let trained = own.as_ref().unwrap_or(&scene.victim);
            let smoothing = smoothing.filter(|_| inference);
            let start = Instant::now();
            let texts: Vec<Vec<WordId>> = scene.texts().concat().into_iter().map(|(text, _)| text).collect();
            let bar = self.workshop.console.bar(&defence.to_string(), numbers.last().copied().unwrap_or(0));
            let flow = || match self.workshop.console.advance(&bar, 1) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(self.workshop.stopped()),
            };
            let searched = if defence == Defence::Voters {
                None
            } else {
                let (budget, seed) = (self.settings.budget, scene.seed());
                let found = self.found(&trained.classifier, &texts, budget, seed)?;
                Some((found, self.randomizer(seed)?))
            };
            let mut voting = Voting::new(searched.as_ref(), &texts, trained.classifier.class_count());
            let mut ballots = Vec::new();
            let mut ask = || {
                flow()?;
                voting.ask(&trained.classifier)?;
                if numbers.contains(&voting.voters) {
                    ballots.push((voting.voters, voting.count()?, start.elapsed()));
                }
                Ok::<(), Error>(())
            };
            let most = numbers.last().copied().unwrap_or(0);
            match &smoothing {
                Some(smoothing) => {
                    let model = trained.classifier.model();
                    smoothing.each_copy(model, most, scene.seed(), |_| ask())?;
                }
                None => (0..most).try_for_each(|_| ask())?,
            }
            bar.finish_and_clear();
            let searches = if searched.is_some() { f64::from(self.settings.budget) + 1.0 } else { 0.0 };
            for (voters, (classes, verdicts), elapsed) in ballots {
                let about = (defence, Some(voters), deviation);
                let (clean, triggered) = classes.split_at(scene.clean.len());
                let model_queries = searches + voters as f64;
                let answers = [clean.to_vec(), triggered.to_vec()];
                let figures = Figures::Attacked(Attacked {
                    samples: voters as f64,
                    seconds: elapsed.as_secs_f64(),
                    ..attacked(scene, trained, answers, model_queries, start)?
                });
                rows.push(scene.row(about, scene.threat(), (Guarantee::Empirical, None), figures));
                if let Some(verdicts) = verdicts {
                    let threat = "inserts a trigger of up to r words".to_owned();
                    let worth = (Guarantee::Conditional, Some(1.0 - self.settings.extent.alpha));
                    let claimed = self.claimed(scene, about.0, &verdicts)?;
                    rows.push(scene.row(about, threat, worth, Figures::Certified(claimed)));
                }
            }
        }
        Ok(rows)
    }

    /// Looks in each text for the area on which the classifier depends.
    pub(super) fn found(
        &self,
        classifier: &TextClassifier,
        texts: &[Vec<WordId>],
        budget: u32,
        seed: u64,
    ) -> Result<Vec<VulnerableArea>, Error> {
        self.search("searching", &self.fuzzer(budget, seed)?, &Divergence::new(classifier), texts)
    }

    /// Searches with a progress bar, until Ctrl-C.
    pub(super) fn search(
        &self,
        title: &str,
        fuzzer: &Fuzzer,
        objective: &impl Objective,
        texts: &[Vec<WordId>],
    ) -> Result<Vec<VulnerableArea>, Error> {
        let steps = texts.len() as u64 * u64::from(fuzzer.settings().budget);
        let bar = self.workshop.console.bar(title, steps);
        let found = fuzzer.search_observed(objective, texts, |_| self.workshop.console.advance(&bar, 1));
        bar.finish_and_clear();
        found.map_err(|error| self.workshop.stopped_or(error.into()))
    }

    /// The search as published.
    pub(super) fn fuzzer(&self, budget: u32, seed: u64) -> Result<Fuzzer, Error> {
        let search = SearchSettings::default().budget(budget).seed(seed);
        Ok(Fuzzer::new(Arc::clone(self.workshop.lexicon), self.mutation()?, search)?)
    }

    pub(super) fn randomizer(&self, seed: u64) -> Result<Randomizer, Error> {
        Ok(Randomizer::new(self.mutation()?, self.settings.randomization(seed)?)?)
    }

    /// The edits of the settings, with words of the training texts.
    fn mutation(&self) -> Result<SegmentMutation, Error> {
        let words = self.training.iter().flat_map(|(text, _)| text).copied();
        let words: BTreeSet<WordId> = words.collect();
        self.settings.mutation(words.into_iter().collect())
    }

    /// What Theorem 1 claims of the clean texts, and whether the attack keeps to it.
    fn claimed(&self, scene: &Scene, defence: Defence, verdicts: &[Verdict]) -> Result<Certified, Error> {
        let confidence = self.settings.extent.confidence(scene.clean.len())?;
        let beta = Interval::enclosing("1")?;
        let (clean, triggered) = verdicts.split_at(scene.clean.len());
        let claims = clean.iter().map(|verdict| verdict.radius(confidence, beta));
        let claims: Vec<Conditional<Option<u32>>> = claims.collect::<Result<_, _>>()?;
        let own = claims.iter().zip(clean).zip(&scene.clean);
        let radii: Vec<Option<u32>> = own
            .map(|((claim, verdict), (_, class))| claim.statement().filter(|_| verdict.class() == *class))
            .collect();
        // Where all words of an area are randomized, for one, it is no number.
        let enlargement = |verdict: &Verdict| verdict.enlargement().ok().map(|claim| *claim.statement());
        let enlargements: Option<Vec<f64>> = clean.iter().map(enlargement).collect();
        let covered = scene.poisons.iter().zip(triggered).filter_map(|(poison, verdict)| {
            let radius = *radii.get(poison.index)?;
            let inserted = poison.counts().filter(|counts| counts.insertions == counts.total());
            let covered = radius.zip(inserted).is_some_and(|(radius, counts)| counts.insertions <= radius);
            let refuted = outvoted(verdict.votes(), poison.original.class, confidence);
            Some(refuted.map(|refuted| (covered, !refuted)))
        });
        let covered: Vec<(bool, bool)> = covered.collect::<Result<_, Error>>()?;
        let curve = CertifiedCurve::new(defence.to_string(), radii);
        Ok(Certified {
            assumptions: assumptions(claims.iter().flat_map(Conditional::assumptions)),
            enlargement: enlargements.filter(|all| !all.is_empty()).map(Statistics::mean),
            ..Certified::checked(curve, &scene.clean, &covered, 0.0)
        })
    }
}

/// What answers to clean and triggered texts come to.
fn attacked(
    scene: &Scene,
    trained: &Trained,
    [clean, triggered]: [Vec<ClassId>; 2],
    model_queries: f64,
    start: Instant,
) -> Result<Attacked, Error> {
    Ok(Attacked {
        metrics: metrics(scene.texts(), clean, triggered, scene.target())?,
        detection: None,
        model_queries,
        samples: 0.0,
        training: vec![trained.tuned.clone()],
        training_seconds: trained.seconds,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Voters asked one after the other: about randomized copies of texts that were searched, or about texts as they are.
struct Voting<'a> {
    vote: Option<MajorityVote<'a>>,
    texts: &'a [Vec<WordId>],
    /// Votes on texts as they are, by text and class.
    votes: Vec<Vec<u64>>,
    voters: u64,
}

impl<'a> Voting<'a> {
    fn new(
        searched: Option<&'a (Vec<VulnerableArea>, Randomizer)>,
        texts: &'a [Vec<WordId>],
        classes: usize,
    ) -> Self {
        let vote = searched.map(|(areas, randomizer)| MajorityVote::new(randomizer, areas));
        Self { vote, texts, votes: vec![vec![0; classes]; texts.len()], voters: 0 }
    }

    fn ask(&mut self, classifier: &TextClassifier) -> Result<(), Error> {
        self.voters += 1;
        let Some(vote) = &mut self.vote else {
            let classes = checked_answers(classifier, self.texts)?;
            for (votes, class) in self.votes.iter_mut().zip(classes) {
                votes.get_mut(class).into_iter().for_each(|count| *count += 1);
            }
            return Ok(());
        };
        Ok(vote.ask(classifier)?)
    }

    /// The majority's class of each text, and, for texts that were searched, what the defence claims of it.
    fn count(&self) -> Result<(Vec<ClassId>, Option<Vec<Verdict>>), Error> {
        let Some(vote) = &self.vote else {
            let leader = |votes: &Vec<u64>| {
                let most = votes.iter().max();
                votes.iter().position(|count| Some(count) == most).unwrap_or(0)
            };
            return Ok((self.votes.iter().map(leader).collect(), None));
        };
        let verdicts = vote.verdicts()?;
        Ok((verdicts.iter().map(Verdict::class).collect(), Some(verdicts)))
    }
}
