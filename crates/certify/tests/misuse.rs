//! Ways to get a certificate that means nothing, all refused, with a message that says what to do.

use std::collections::HashSet;
use steadfast_certify::{
    BitFlips, Bits, Certifier, ClassBounds, Confidence, Error, Fingerprint, FlipThreat, GaussianThreat,
    GroupsThreat, Interval, Lower, Noise, NoiseFingerprint, Phase, Plan, Rate, SmoothedClassifier, Threat,
    ThreatModel, UniformNoise, UniformThreat, Upper, VoteCounts, VoteHeader, VoteTable, Votes,
    certify_bounds,
    confidence::{Prior, anytime_lower, clopper_pearson_lower, clopper_pearson_upper, holm_at_radius},
    from_batch_fn, from_fn,
};

fn rate(p: f64) -> Rate {
    Rate::new(p).unwrap()
}

fn noise() -> BitFlips {
    BitFlips::symmetric(rate(0.1)).unwrap()
}

fn image() -> Bits {
    (0..16).map(|bit| bit < 12).collect()
}

fn votes(law: Option<NoiseFingerprint>, run: u64, phase: Phase, counts: &[u64]) -> Votes {
    Votes::new(
        VoteHeader::new(law, Fingerprint::new("run", [run]), phase, 0..counts.iter().sum()),
        counts.to_vec(),
    )
    .unwrap()
}

fn certifier() -> Certifier {
    Certifier::new(Confidence::alpha(0.001).unwrap())
}

fn threat() -> Threat<FlipThreat> {
    noise().threat(&image()).unwrap()
}

/// A tally of 100 selection and 1,000 estimation votes.
fn tally(law: Option<NoiseFingerprint>) -> VoteCounts {
    let selection = votes(law, 1, Phase::Selection, &[0, 100]);
    VoteCounts::new(
        Plan::fixed(100, 1_000).unwrap(),
        Some(selection),
        votes(law, 1, Phase::Estimation, &[1, 999]),
    )
    .unwrap()
}

#[test]
fn votes_of_another_law_are_refused() {
    let threat = threat();
    assert!(certifier().certify(&threat, &tally(noise().fingerprint(&image()))).unwrap().certifies(1, 1));
    for other in [
        BitFlips::symmetric(rate(0.2)).unwrap().fingerprint(&image()),
        BitFlips::new(rate(0.1), rate(0.2)).unwrap().fingerprint(&image()),
        // The next rate that a sampler can draw.
        BitFlips::symmetric(Rate::from_numerator(rate(0.1).numerator() + 1)).unwrap().fingerprint(&image()),
        UniformNoise::new(2, rate(0.1)).unwrap().fingerprint(&[0; 16]),
        // The same noise on another input: its votes say nothing about this one.
        noise().fingerprint(&(0..16).map(|bit| bit < 11).collect()),
        noise().fingerprint(&(0..17).map(|bit| bit < 12).collect()),
        None,
    ] {
        let error = certifier().certify(&threat, &tally(other)).unwrap_err();
        assert!(matches!(error, Error::NoiseMismatch { .. }), "{error}");
        assert!(error.to_string().contains("certify with the threat that this noise makes"), "{error}");
    }
}

#[test]
fn unknown_noises_are_equal_to_nothing() {
    let model = UniformThreat::new(2, Interval::enclosing("0.9").unwrap(), 16).unwrap();
    let theirs = NoiseFingerprint::new("somebody's", [9, 10]);
    let threat = Threat::new(theirs, model);
    assert!(matches!(certifier().certify(&threat, &tally(None)), Err(Error::NoiseMismatch { .. })));
    assert!(matches!(
        certifier().certify(&threat, &tally(noise().fingerprint(&image()))),
        Err(Error::NoiseMismatch { .. })
    ));
    let bounds = ClassBounds::exact(0, Lower::ONE, Upper::ZERO, None);
    assert!(matches!(certify_bounds(&threat, bounds), Err(Error::NoiseMismatch { .. })));
    // Votes drawn by someone else's sampler: they name the noise, and the threat is about it.
    assert!(certifier().certify(&threat, &tally(Some(theirs))).is_ok());
}

#[test]
fn shards_count_once() {
    let law = noise().fingerprint(&image());
    let header = |samples| VoteHeader::new(law, Fingerprint::new("run", [1]), Phase::Estimation, samples);
    let mut votes = Votes::new(header(0..500), vec![0, 500]).unwrap();
    let shard = votes.clone();
    assert!(matches!(votes.merge(&shard), Err(Error::Overlap { start: 0, end: 500 })));
    let more = Votes::new(header(500..1_000), vec![0, 500]).unwrap();
    votes.merge(&more).unwrap();
    assert!(matches!(votes.merge(&more), Err(Error::Overlap { .. })));
    assert_eq!(votes.total(), 1_000, "a refused shard changes nothing");

    let mut table = VoteTable::new(header(0..2), 2, vec![2, 0, 1, 1]).unwrap();
    let same = table.clone();
    assert!(matches!(table.merge(&same), Err(Error::Overlap { .. })));
    assert_eq!(table, same);
    for other in [
        VoteHeader::new(None, Fingerprint::new("run", [1]), Phase::Estimation, 2..3),
        VoteHeader::new(law, Fingerprint::new("run", [2]), Phase::Estimation, 2..3),
        VoteHeader::new(law, Fingerprint::new("run", [1]), Phase::Selection, 2..3),
    ] {
        let other = VoteTable::new(other, 2, vec![1, 0, 0, 1]).unwrap();
        assert!(matches!(table.merge(&other), Err(Error::Mismatch { .. })));
    }
}

#[test]
fn totals_that_no_plan_foresees_are_refused() {
    let law = noise().fingerprint(&image());
    let selection = || Some(votes(law, 1, Phase::Selection, &[0, 100]));
    let estimation = |n| votes(law, 1, Phase::Estimation, &[0, n]);
    let bounds = |plan: &Plan, n| {
        certifier().bounds(&VoteCounts::new(plan.clone(), selection(), estimation(n)).unwrap())
    };
    let fixed = Plan::fixed(100, 1_000).unwrap();
    let looks = Plan::interim(100, [500, 1_000]).unwrap();
    let anytime = Plan::anytime(100, 1_000, Prior::default()).unwrap();
    assert!(bounds(&fixed, 1_000).is_ok() && bounds(&looks, 500).is_ok() && bounds(&anytime, 77).is_ok());
    for (plan, n) in
        [(&fixed, 999), (&fixed, 1_001), (&fixed, 2_000), (&looks, 499), (&looks, 1_500), (&anytime, 1_001)]
    {
        let error = bounds(plan, n).unwrap_err();
        assert!(matches!(error, Error::Unplanned { phase: Phase::Estimation, given, .. } if given == n));
        assert!(error.to_string().contains("start a new run with a new plan"), "{error}");
    }
    assert!(bounds(&fixed, 0).is_err() && bounds(&anytime, 0).is_err());
    // Selection votes are planned as well, and none is a number.
    for selection in [None, Some(votes(law, 1, Phase::Selection, &[0, 99]))] {
        let result = VoteCounts::new(fixed.clone(), selection, estimation(1_000));
        assert!(matches!(result, Err(Error::Unplanned { phase: Phase::Selection, .. })));
    }
    let result = VoteCounts::new(Plan::fixed(0, 1_000).unwrap(), selection(), estimation(1_000));
    assert!(matches!(result, Err(Error::Unplanned { phase: Phase::Selection, given: 100, .. })));
}

#[test]
fn a_tally_is_of_one_run_and_two_phases() {
    let law = noise().fingerprint(&image());
    let plan = || Plan::fixed(100, 1_000).unwrap();
    let selection = |law, run, phase| Some(votes(law, run, phase, &[0, 100]));
    let estimation = |phase| votes(law, 1, phase, &[0, 1_000]);
    assert!(
        VoteCounts::new(plan(), selection(law, 1, Phase::Selection), estimation(Phase::Estimation)).is_ok()
    );
    for (selection, estimation) in [
        (selection(law, 2, Phase::Selection), estimation(Phase::Estimation)),
        (selection(None, 1, Phase::Selection), estimation(Phase::Estimation)),
        // The same votes cannot choose the class and bound it as if they were others.
        (selection(law, 1, Phase::Estimation), estimation(Phase::Estimation)),
        (selection(law, 1, Phase::Training), estimation(Phase::Estimation)),
        (selection(law, 1, Phase::Selection), estimation(Phase::Selection)),
        (selection(law, 1, Phase::Selection), estimation(Phase::Training)),
        (Some(votes(law, 1, Phase::Selection, &[0, 100, 0])), estimation(Phase::Estimation)),
    ] {
        assert!(matches!(VoteCounts::new(plan(), selection, estimation), Err(Error::Mismatch { .. })));
    }
}

#[test]
fn parameters_outside_their_domain_are_refused() {
    for bad in [f64::NAN, 0.0, 1.0, -0.1, 1.5, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(Confidence::alpha(bad).is_err() && Confidence::level(bad).is_err(), "{bad}");
        assert!(Rate::new(bad).is_err(), "{bad}");
    }
    for bad in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
        assert!(GaussianThreat::new(bad).is_err(), "{bad}");
    }
    // Confidence and error probability, the one taken for the other.
    for slip in [0.999, 0.95, 0.500_000_1] {
        assert!(Confidence::alpha(slip).is_err(), "{slip}");
        assert!(Confidence::level(1.0 - slip).is_err(), "{slip}");
    }
    let level = Confidence::alpha(0.1).unwrap();
    for (k, n) in [(0, 0), (1, 0), (2, 1), (1, u64::MAX), (u64::MAX, u64::MAX)] {
        assert!(clopper_pearson_lower(k, n, level).is_err());
        assert!(clopper_pearson_upper(k, n, level).is_err());
        assert!(anytime_lower(k, n, Prior::default(), level).is_err());
        assert!(holm_at_radius(&[k], n, Upper::HALF, level).is_err());
    }
    assert!(Prior::new(0, 1).is_err() && Prior::new(1, 0).is_err());
    assert!(Plan::fixed(1, 0).is_err() && Plan::anytime(1, 0, Prior::default()).is_err());
    assert!(
        Plan::interim(1, []).is_err()
            && Plan::interim(1, [2, 2]).is_err()
            && Plan::interim(1, [3, 2]).is_err()
    );
    assert!(Plan::interim(1, [0, 2]).is_err());
    let interval = |text| Interval::enclosing(text).unwrap();
    assert!(UniformThreat::new(1, interval("0.9"), 5).is_err());
    assert!(
        UniformThreat::new(2, interval("0"), 5).is_err() && UniformThreat::new(2, interval("1"), 5).is_err()
    );
    assert!(GroupsThreat::new([]).is_err());
    assert!(BitFlips::symmetric(Rate::NEVER).is_err() && UniformNoise::new(2, Rate::NEVER).is_err());
    assert!(Interval::new(Lower::from_p(0.6), Upper::from_p(0.5)).is_err());
}

#[test]
fn what_is_no_number_never_certifies() {
    let threat = threat();
    for (top, other) in [
        (Lower::from_p(f64::NAN), Upper::ZERO),
        (Lower::from_rest(f64::NAN), Upper::from_p(0.0)),
        (Lower::from_p(0.4), Upper::from_p(f64::NAN)),
        (Lower::from_p(0.5), Upper::HALF),
        (Lower::from_p(0.3), Upper::from_p(0.3)),
    ] {
        let bounds = ClassBounds::exact(1, top, other, noise().fingerprint(&image()));
        let certificate = certify_bounds(&threat, bounds).unwrap();
        assert_eq!(certificate.class(), None, "{certificate}");
        assert!(!certificate.certifies(1, 0) && certificate.radius().is_none());
    }
}

#[test]
fn an_alpha_that_cannot_certify_says_what_would() {
    let error = Plan::fixed(10, 5).unwrap().check(Confidence::alpha(0.001).unwrap()).unwrap_err();
    assert!(error.to_string().contains("5 samples can never certify"), "{error}");
    assert!(error.to_string().contains("at least 10 samples"), "{error}");
}

#[test]
fn certificates_read_as_one_sentence() {
    let certificate = certifier().certify(&threat(), &tally(noise().fingerprint(&image()))).unwrap();
    assert_eq!(
        certificate.to_string(),
        "the smoothed classifier answers class 1, and an attacker who flips up to r of 16 bits cannot change that, \
         for r ≤ 1 changed coordinates (wrong with probability at most 0.001; 999 of 1000 votes)"
    );
    let bounds = ClassBounds::exact(0, Lower::from_p(0.9), Upper::from_p(0.1), noise().fingerprint(&image()));
    assert_eq!(
        certify_bounds(&threat(), bounds).unwrap().to_string(),
        "the smoothed classifier answers class 0, which is certified for the input itself only (no sampling error)"
    );
    let bounds = ClassBounds::exact(0, Lower::from_p(0.5), Upper::HALF, noise().fingerprint(&image()));
    let abstains = certify_bounds(&threat(), bounds).unwrap();
    assert_eq!(abstains.to_string(), "no class is certified: abstain (no sampling error)");
}

#[test]
fn runs_of_other_seeds_and_inputs_do_not_mix() {
    let classifier = from_fn(2, |bits: &Bits| usize::from(bits.count_ones() > 8));
    let run = |seed, number| {
        let smoothed = SmoothedClassifier::new(&classifier, noise(), Plan::fixed(0, 50).unwrap()).seed(seed);
        smoothed.count(number, &image()).unwrap().estimation().clone()
    };
    let mut votes = run(1, 1);
    assert!(matches!(votes.merge(&run(2, 1)), Err(Error::Mismatch { what: "run", .. })));
    assert!(matches!(votes.merge(&run(1, 2)), Err(Error::Mismatch { what: "run", .. })));
    assert!(matches!(votes.merge(&run(1, 1)), Err(Error::Overlap { .. })));
    assert_eq!(threat().maximum(), Some(16));
}

#[test]
fn nobody_chooses_among_shards() {
    // Votes of the planned size, but not of the first samples: the best of several shards could be handed in.
    let votes = |phase, samples| {
        Votes::new(
            VoteHeader::new(noise().fingerprint(&image()), Fingerprint::new("run", [1]), phase, samples),
            vec![0, 10],
        )
        .unwrap()
    };
    let tally = |selection, estimation| {
        let plan = Plan::fixed(10, 10).unwrap();
        VoteCounts::new(plan, Some(votes(Phase::Selection, selection)), votes(Phase::Estimation, estimation))
    };
    assert!(tally(0..10, 0..10).is_ok());
    assert!(matches!(tally(0..10, 10..20), Err(Error::Unplanned { phase: Phase::Estimation, .. })));
    assert!(matches!(tally(10..20, 0..10), Err(Error::Unplanned { phase: Phase::Selection, .. })));
}

#[test]
fn plans_are_checked_at_the_share_of_each_bound() {
    // 16 unanimous votes suffice at α = 0.001/64, and 10 at α = 0.001.
    let plan = |selection| Plan::fixed(selection, 12).unwrap();
    assert!(certifier().check(&plan(10), 64).is_ok());
    assert!(matches!(certifier().check(&plan(0), 64), Err(Error::TooFewSamples { needed: 16, .. })));
}

#[test]
fn no_noise_is_drawn_twice() {
    // Of 256 bits no two draws are ever equal, unless they come from one stream.
    let image: Bits = (0..256).map(|bit| bit % 3 == 0).collect();
    let seen = std::cell::RefCell::new(Vec::new());
    let classifier = from_batch_fn(2, |batch: &[Bits]| {
        seen.borrow_mut().extend_from_slice(batch);
        Ok(vec![0; batch.len()])
    });
    for (seed, number) in [(1, 0), (1, 1), (2, 0)] {
        let plan = Plan::interim(30, [20, 50]).unwrap();
        let smoothed = SmoothedClassifier::new(&classifier, noise(), plan).seed(seed).batch(16);
        smoothed.count(number, &image).unwrap();
    }
    let seen = seen.into_inner();
    // Equal inputs are asked about once, so a repetition within a run would be missing.
    assert_eq!(seen.len(), 3 * 80);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 3 * 80);
}
