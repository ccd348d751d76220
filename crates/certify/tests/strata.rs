//! Enumerated noisy inputs joined with samples of the rest: how often bounds are wrong, and what is refused.

mod oracle;

use oracle::{
    of, q,
    texts::{Deletion, Text},
};
use rand_core::Rng;
use std::collections::BTreeMap;
use steadfast_certify::{
    Certifier, Confidence, EditThreat, Error, Evidence, Fingerprint, Interval, NoiseFingerprint, Phase, Plan,
    RunnerUp, Strata, Threat, VoteCounts, VoteHeader, Votes, certify_bounds,
    confidence::Prior,
    seed::{Purpose, generator},
};

const ALPHA: f64 = 0.05;
const CLASSES: usize = 3;

fn law() -> NoiseFingerprint {
    NoiseFingerprint::new("deletion", [])
}

fn rest_law() -> NoiseFingerprint {
    NoiseFingerprint::new("deletion, at least two kept", [])
}

fn strata(classes: usize, outcomes: impl IntoIterator<Item = (usize, Interval)>) -> Strata {
    Strata::new(Some(law()), Some(rest_law()), classes, None, outcomes).unwrap()
}

fn interval(text: &str) -> Interval {
    Interval::enclosing(text).unwrap()
}

/// A law of kept sequences with some of them enumerated.
struct Split {
    /// Enumerated mass by class, in units of 1/total.
    exact: Vec<u64>,
    /// The rest's mass by class.
    rest: Vec<u64>,
    total: u64,
}

impl Split {
    /// Enumerates all sequences of fewer than `cut` tokens; the class is a fixed hash of the sequence.
    fn new(noise: &Deletion, text: &Text, cut: usize, salt: u64) -> Self {
        let kept: BTreeMap<Text, u64> = noise.kept(text);
        let (mut exact, mut rest) = (vec![0; CLASSES], vec![0; CLASSES]);
        for (sequence, weight) in &kept {
            let mixed = sequence.iter().fold(salt, |hash, &token| {
                (hash ^ u64::from(token)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 3
            });
            let class = if mixed % 7 < 4 { 1 } else { (mixed % 7) as usize % CLASSES };
            let part = if sequence.len() < cut { &mut exact } else { &mut rest };
            part[class] += weight;
        }
        Self { total: kept.values().sum(), exact, rest }
    }

    fn strata(&self) -> Strata {
        let mass = |&mass: &u64| Interval::enclosing(&format!("{mass}/{}", self.total)).unwrap();
        strata(CLASSES, self.exact.iter().map(mass).enumerate())
    }

    fn truth(&self, class: usize) -> f64 {
        (self.exact[class] + self.rest[class]) as f64 / self.total as f64
    }

    /// Samples from the conditional law of the rest.
    fn sample(&self, samples: u64, rng: &mut impl Rng) -> Vec<u64> {
        let rest: u64 = self.rest.iter().sum();
        let mut counts = vec![0; CLASSES];
        for _ in 0..samples {
            let mut at = rng.next_u64() % rest;
            let class = self.rest.iter().position(|&mass| {
                let here = at < mass;
                at = at.wrapping_sub(mass);
                here
            });
            counts[class.unwrap()] += 1;
        }
        counts
    }
}

fn votes(law: Option<NoiseFingerprint>, phase: Phase, counts: Vec<u64>) -> Votes {
    Votes::new(VoteHeader::new(law, Fingerprint::new("run", [1]), phase, 0..counts.iter().sum()), counts)
        .unwrap()
}

fn tally(plan: &Plan, selection: Vec<u64>, estimation: Vec<u64>) -> VoteCounts {
    let selection = (plan.selection() > 0).then(|| votes(Some(rest_law()), Phase::Selection, selection));
    VoteCounts::new(plan.clone(), selection, votes(Some(rest_law()), Phase::Estimation, estimation)).unwrap()
}

fn confidence() -> Confidence {
    Confidence::alpha(ALPHA).unwrap()
}

#[test]
fn errors_are_as_rare_as_promised() {
    let trials = 2_000_u32;
    let allowed = ALPHA + 4.0 * (ALPHA * (1.0 - ALPHA) / f64::from(trials)).sqrt();
    let noise = Deletion::eighths(&[4, 5, 3]);
    let mut highest = 0.0_f64;
    for (experiment, cut, salt) in [(1, 2, 11), (2, 1, 5), (3, 3, 29), (4, 0, 3)] {
        let split = Split::new(&noise, &vec![0, 1, 2, 0, 1], cut, salt);
        let strata = split.strata();
        for competitors in [RunnerUp::Complement, RunnerUp::PerClass] {
            let certifier = Certifier::new(confidence()).runner_up(competitors);
            for selection in [0, 9] {
                let plan = Plan::fixed(selection, 60).unwrap();
                let wrong = (0..trials)
                    .filter(|&trial| {
                        let mut rng =
                            generator(experiment, Phase::Training, 0, trial.into(), Purpose::Other(8));
                        let tally =
                            tally(&plan, split.sample(selection, &mut rng), split.sample(60, &mut rng));
                        let bounds = strata.bounds(&certifier, Some(&tally)).unwrap();
                        assert_eq!(bounds.evidence(), Evidence::Sampled(confidence()));
                        assert_eq!(bounds.noise(), Some(law()));
                        let other = (0..CLASSES).filter(|&class| class != bounds.class());
                        bounds.top().p() > split.truth(bounds.class())
                            || bounds.runner_up().p()
                                < other.map(|class| split.truth(class)).fold(0.0, f64::max)
                    })
                    .count();
                let share = wrong as f64 / f64::from(trials);
                highest = highest.max(share);
                assert!(share <= allowed, "cut {cut}, {competitors:?}, {selection} selection votes: {share}");
            }
        }
    }
    println!("highest error rate {highest} at α = {ALPHA}");
    assert!(highest > 0.2 * ALPHA, "{highest} is too good to be a test");
}

#[test]
fn everything_enumerated_has_no_sampling_error() {
    let noise = Deletion::eighths(&[7, 5, 6]);
    let split = Split::new(&noise, &vec![0, 1, 2, 2], usize::MAX, 17);
    let strata = split.strata();
    assert!(strata.rest().lower().p() == 0.0 && strata.rest().upper().p() < 1e-14);
    let bounds = strata.bounds(&Certifier::new(confidence()), None).unwrap();
    assert_eq!(bounds.evidence(), Evidence::Exact);
    let class = (0..CLASSES).max_by_key(|&class| split.exact[class]).unwrap();
    assert_eq!(bounds.class(), class);
    let truth = q(&format!("{}/{}", split.exact[class], split.total));
    assert!(of(bounds.top().p()) <= truth && bounds.top().p() > split.truth(class) - 1e-14);
    let others = (0..CLASSES).filter(|&other| other != class);
    let second = others.map(|other| split.truth(other)).fold(0.0, f64::max);
    assert!(bounds.runner_up().p() >= second && bounds.runner_up().p() < second + 1e-14);

    // Certainty, recorded exactly, is certainty.
    let certain = Strata::new(Some(law()), None, 2, None, [(1, interval("1"))]).unwrap();
    let bounds = certain.bounds(&Certifier::new(confidence()), None).unwrap();
    assert_eq!((bounds.class(), bounds.top().p()), (1, 1.0));
    // Which is worth nothing where the noise deletes nothing.
    let never = Interval::enclosing("0").unwrap();
    let threats = [
        EditThreat::uniform(never, 3),
        EditThreat::per_token([never; 3], Interval::enclosing("0.9").unwrap()),
    ];
    for threat in threats {
        assert!(!certify_bounds(&Threat::new(law(), threat.clone()), bounds).unwrap().certifies(1, 1));
    }
}

#[test]
fn nothing_sampled_gives_the_rest_to_every_competitor() {
    let bounds = strata(3, []).bounds(&Certifier::new(confidence()), None).unwrap();
    assert_eq!((bounds.top().p(), bounds.runner_up().p()), (0.0, 1.0));
    let bounds = strata(3, [(2, interval("0.5"))]).bounds(&Certifier::new(confidence()), None).unwrap();
    assert_eq!(bounds.class(), 2);
    assert!(!bounds.top().exceeds(bounds.runner_up()), "one half against what may be one half");
}

#[test]
fn the_class_is_chosen_by_exact_masses_and_selection_votes() {
    let strata = strata(CLASSES, [(0, interval("0.25")), (1, interval("0.125"))]);
    let certifier = Certifier::new(confidence());
    let plan = Plan::fixed(10, 100).unwrap();
    let class = |selection: [u64; 3], estimation: [u64; 3]| {
        strata
            .bounds(&certifier, Some(&tally(&plan, selection.to_vec(), estimation.to_vec())))
            .unwrap()
            .class()
    };
    // 0.25 + 0.625 · 0.4 = 0.5 against 0.125 + 0.625 · 0.5; what bounds the class has no say.
    assert_eq!(class([4, 5, 1], [0, 100, 0]), 0);
    assert_eq!(class([2, 8, 0], [100, 0, 0]), 1);
    assert_eq!(class([0, 0, 10], [100, 0, 0]), 2);
    // Without selection votes the others choose, and pay for it.
    let both = |selection: u64| {
        let plan = Plan::fixed(selection, 100).unwrap();
        strata.bounds(&certifier, Some(&tally(&plan, vec![0, selection, 0], vec![5, 90, 5]))).unwrap()
    };
    assert_eq!((both(0).class(), both(10).class()), (1, 1));
    assert!(both(0).top().p() < both(10).top().p());
}

#[test]
fn misuse_is_refused() {
    let certifier = Certifier::new(confidence());
    let new = |outcomes: &[(usize, &str)]| {
        let outcomes: Vec<(usize, Interval)> =
            outcomes.iter().map(|&(class, mass)| (class, interval(mass))).collect();
        Strata::new(Some(law()), Some(rest_law()), 2, None, outcomes)
    };
    assert!(Strata::new(None, None, 0, None, []).is_err());
    for refused in [&[(2, "0.1")][..], &[(usize::MAX, "0.1")], &[(0, "0.7"), (1, "0.4")]] {
        assert!(new(refused).is_err(), "{refused:?}");
    }
    new(&[(0, "0.7"), (1, "0.3")]).unwrap();
    let before = new(&[(0, "0.7")]).unwrap();

    // Votes on everything would count the enumerated part again.
    assert!(Strata::new(Some(law()), Some(law()), 2, None, [(0, interval("0.5"))]).is_err());

    let plan = Plan::fixed(0, 50).unwrap();
    let of_law =
        |law| VoteCounts::new(plan.clone(), None, votes(law, Phase::Estimation, vec![40, 10])).unwrap();
    // Votes on all noisy inputs are not votes on the rest.
    for law in [Some(law()), None, Some(NoiseFingerprint::new("another", []))] {
        assert!(matches!(before.bounds(&certifier, Some(&of_law(law))), Err(Error::NoiseMismatch { .. })));
        assert!(matches!(
            before.projected_bounds(&certifier, &of_law(law), confidence()),
            Err(Error::NoiseMismatch { .. })
        ));
    }
    assert!(before.bounds(&certifier, Some(&of_law(Some(rest_law())))).is_ok());
    // An unknown law of the rest is equal to nothing.
    let unknown = Strata::new(Some(law()), None, 2, None, []).unwrap();
    assert!(matches!(unknown.bounds(&certifier, Some(&of_law(None))), Err(Error::NoiseMismatch { .. })));
    let classes =
        VoteCounts::new(plan.clone(), None, votes(Some(rest_law()), Phase::Estimation, vec![40, 10, 0]))
            .unwrap();
    assert!(matches!(before.bounds(&certifier, Some(&classes)), Err(Error::Mismatch { .. })));
    let unplanned =
        VoteCounts::new(plan.clone(), None, votes(Some(rest_law()), Phase::Estimation, vec![39, 10]))
            .unwrap();
    assert!(matches!(before.bounds(&certifier, Some(&unplanned)), Err(Error::Unplanned { .. })));

    // The bounds are about the whole noise: no certificate against a threat to the rest's law.
    let bounds = before.bounds(&certifier, Some(&of_law(Some(rest_law())))).unwrap();
    let threat = EditThreat::uniform(interval("0.9"), 3);
    assert!(certify_bounds(&Threat::new(law(), threat.clone()), bounds).is_ok());
    assert!(certify_bounds(&Threat::new(rest_law(), threat.clone()), bounds).is_err());
}

#[test]
fn what_is_foreseen_is_never_certified() {
    let certifier = Certifier::new(confidence());
    let strata = strata(2, [(0, interval("0.75"))]);
    let threat = EditThreat::uniform(Interval::enclosing("0.9").unwrap(), 3);
    for plan in [
        Plan::fixed(0, 1_000).unwrap(),
        Plan::interim(0, [10, 1_000]).unwrap(),
        Plan::anytime(0, 1_000, Prior::default()).unwrap(),
    ] {
        let so_far =
            VoteCounts::new(plan, None, votes(Some(rest_law()), Phase::Estimation, vec![10, 0])).unwrap();
        let projected_bounds = strata.projected_bounds(&certifier, &so_far, confidence()).unwrap();
        assert!(projected_bounds.top().p() > 0.9 && projected_bounds.noise().is_none());
        for law in [law(), rest_law()] {
            assert!(matches!(
                certify_bounds(&Threat::new(law, threat.clone()), projected_bounds),
                Err(Error::NoiseMismatch { .. })
            ));
        }
    }
}
