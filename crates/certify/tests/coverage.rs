//! How often bounds are wrong, by simulation with fixed seeds: never more often than promised, even by the most adversarial
//! stopping rule, and more often than promised where a step of the argument is left out.

use rand_core::Rng;
use steadfast_certify::{
    Certifier, Confidence, Fingerprint, NoiseFingerprint, Phase, Plan, RunnerUp, VoteCounts, VoteHeader,
    Votes,
    confidence::{Prior, anytime_lower, clopper_pearson_lower},
    seed::{Purpose, generator},
};

const ALPHA: f64 = 0.05;

fn confidence() -> Confidence {
    Confidence::alpha(ALPHA).unwrap()
}

/// The largest share of errors that a promise of α allows in so many trials: four standard errors above it.
fn allowed(trials: u32) -> f64 {
    ALPHA + 4.0 * (ALPHA * (1.0 - ALPHA) / f64::from(trials)).sqrt()
}

/// Runs independent trials; the share of those that answer `true`.
fn share(trials: u32, experiment: u64, mut trial: impl FnMut(&mut dyn Rng) -> bool) -> f64 {
    let wrong = (0..trials)
        .filter(|&number| {
            trial(&mut generator(experiment, Phase::Training, 0, number.into(), Purpose::Other(7)))
        })
        .count();
    wrong as f64 / f64::from(trials)
}

/// One vote: class `c` with probability `p[c]`.
fn vote(p: &[f64], rng: &mut dyn Rng) -> usize {
    let u = f64::from(rng.next_u32()) / 4_294_967_296.0;
    let mut sum = 0.0;
    p.iter()
        .position(|p| {
            sum += p;
            u < sum
        })
        .unwrap_or(p.len() - 1)
}

fn votes(p: &[f64], n: u64, rng: &mut dyn Rng) -> Vec<u64> {
    let mut counts = vec![0; p.len()];
    for _ in 0..n {
        counts[vote(p, rng)] += 1;
    }
    counts
}

fn tally(plan: &Plan, selection: Option<Vec<u64>>, estimation: Vec<u64>) -> VoteCounts {
    let votes = |phase, counts: Vec<u64>| {
        let samples = 0..counts.iter().sum();
        Votes::new(
            VoteHeader::new(
                Some(NoiseFingerprint::new("simulated", [])),
                Fingerprint::new("run", [1]),
                phase,
                samples,
            ),
            counts,
        )
        .unwrap()
    };
    let selection = selection.map(|counts| votes(Phase::Selection, counts));
    VoteCounts::new(plan.clone(), selection, votes(Phase::Estimation, estimation)).unwrap()
}

/// Whether any of the bounds from a tally is wrong about the true probabilities.
fn wrong(certifier: &Certifier, tally: &VoteCounts, p: &[f64]) -> bool {
    let bounds = certifier.bounds(tally).unwrap();
    let others = (0..p.len()).filter(|&class| class != bounds.class());
    bounds.top().p() > p[bounds.class()] || others.into_iter().any(|class| bounds.runner_up().p() < p[class])
}

#[test]
fn one_look() {
    let trials = 20_000;
    for (experiment, p, n) in [(1, 0.5, 40), (2, 0.9, 60), (3, 0.99, 300)] {
        let bounds: Vec<f64> =
            (0..=n).map(|k| clopper_pearson_lower(k, n, confidence()).unwrap().p()).collect();
        let rate = share(trials, experiment, |rng| bounds[votes(&[1.0 - p, p], n, rng)[1] as usize] > p);
        assert!(rate <= allowed(trials), "p = {p}: {rate}");
        assert!(rate > 0.2 * ALPHA, "p = {p}: {rate} is too good to be a test");
    }
}

/// Votes one by one; whether `wrong` at any of the looks, at which sampling then stops.
fn at_any_look(looks: &[u64], p: f64, rng: &mut dyn Rng, mut wrong: impl FnMut(u64, u64) -> bool) -> bool {
    let (mut done, mut agree) = (0, 0);
    looks.iter().any(|&look| {
        while done < look {
            done += 1;
            agree += vote(&[1.0 - p, p], rng) as u64;
        }
        wrong(agree, look)
    })
}

#[test]
fn several_looks_stopping_as_soon_as_the_bound_is_wrong() {
    let trials = 4_000;
    let looks: Vec<u64> = (1..=10).map(|look| 1_u64 << look).collect();
    let plan = Plan::interim(5, looks.clone()).unwrap();
    let certifier = Certifier::new(confidence());
    for (experiment, p) in [(11, 0.6), (12, 0.95)] {
        let rate = share(trials, experiment, |rng| {
            at_any_look(&looks, p, rng, |k, n| {
                wrong(&certifier, &tally(&plan, Some(vec![0, 5]), vec![n - k, k]), &[1.0 - p, p])
            })
        });
        assert!(rate <= allowed(trials), "p = {p}: {rate}");
        let naive = share(trials, experiment, |rng| {
            at_any_look(&looks, p, rng, |k, n| clopper_pearson_lower(k, n, confidence()).unwrap().p() > p)
        });
        assert!(
            naive > allowed(trials),
            "p = {p}: all of α at every look errs at {naive}, which shows nothing"
        );
    }
}

#[test]
fn anytime_stopping_as_soon_as_the_bound_is_wrong() {
    let (trials, maximum) = (1_500, 400);
    let looks: Vec<u64> = (1..=maximum).collect();
    for (experiment, p, prior) in
        [(21, 0.6, Prior::default()), (22, 0.95, Prior::default()), (23, 0.95, Prior::new(19, 1).unwrap())]
    {
        let plan = Plan::anytime(5, maximum, prior).unwrap();
        let certifier = Certifier::new(confidence());
        // A bound that is above p needs more than p·n votes; the others cannot be wrong.
        let rate = share(trials, experiment, |rng| {
            at_any_look(&looks, p, rng, |k, n| {
                k as f64 > p * n as f64
                    && wrong(&certifier, &tally(&plan, Some(vec![0, 5]), vec![n - k, k]), &[1.0 - p, p])
            })
        });
        assert!(rate <= allowed(trials), "p = {p}: {rate}");
        assert!(rate > 0.0, "p = {p}: never wrong is no test");
        let naive = share(trials, experiment, |rng| {
            at_any_look(&looks, p, rng, |k, n| {
                k as f64 > p * n as f64 && clopper_pearson_lower(k, n, confidence()).unwrap().p() > p
            })
        });
        assert!(naive > allowed(trials), "p = {p}: one-look bounds read at any time err at {naive}");
        // The bounds of the plan are the ones of the confidence sequence.
        let direct = anytime_lower(60, 64, prior, confidence()).unwrap();
        let bounds = certifier.bounds(&tally(&plan, Some(vec![0, 5]), vec![4, 60])).unwrap();
        assert_eq!(bounds.top(), direct);
    }
}

#[test]
fn the_same_votes_choose_and_bound() {
    // All classes are equally likely, so whichever leads does so by luck.
    let (trials, n) = (6_000, 80);
    for classes in [2, 4, 10] {
        let p = vec![1.0 / classes as f64; classes];
        let plan = Plan::fixed(0, n).unwrap();
        let experiment = 30 + classes as u64;
        for competitors in [RunnerUp::Complement, RunnerUp::PerClass] {
            let certifier = Certifier::new(confidence()).runner_up(competitors);
            let rate = share(trials, experiment, |rng| {
                wrong(&certifier, &tally(&plan, None, votes(&p, n, rng)), &p)
            });
            assert!(rate <= allowed(trials), "{classes} classes, {competitors:?}: {rate}");
        }
        let naive = share(trials, experiment, |rng| {
            let most = votes(&p, n, rng).into_iter().max().unwrap();
            clopper_pearson_lower(most, n, confidence()).unwrap().p() > p[0]
        });
        assert!(naive > allowed(trials), "{classes} classes: all of α on the leader errs at {naive}");
    }
}

#[test]
fn other_votes_choose_and_every_class_is_bounded() {
    let (trials, n) = (5_000, 100);
    let certifier = Certifier::new(confidence()).runner_up(RunnerUp::PerClass);
    for (experiment, p) in [
        (41, vec![0.4, 0.3, 0.2, 0.1]),
        (42, vec![0.25; 4]),
        (43, vec![0.9, 0.1]),
        (44, vec![0.96, 0.02, 0.02]),
    ] {
        for selection in [0, 7] {
            let plan = Plan::fixed(selection, n).unwrap();
            let rate = share(trials, experiment, |rng| {
                let selected = (selection > 0).then(|| votes(&p, selection, rng));
                wrong(&certifier, &tally(&plan, selected, votes(&p, n, rng)), &p)
            });
            assert!(rate <= allowed(trials), "{p:?}, {selection} selection votes: {rate}");
        }
        // All of α on every class at once.
        let naive = share(trials, experiment, |rng| {
            let counts = votes(&p, n, rng);
            counts.iter().zip(&p).any(|(&k, &p)| clopper_pearson_lower(k, n, confidence()).unwrap().p() > p)
        });
        assert!(p.len() < 4 || naive > allowed(trials), "{p:?}: unshared α errs at {naive}");
    }
}
