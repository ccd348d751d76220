//! Replaced words against brute force: every choice of words and of replacements, each product of laws outcome by outcome.

mod oracle;

use oracle::{
    Q, approximately, of, one,
    pair::Pair,
    weights::{Fraction, Weights},
};
use rand_core::Rng;
use steadfast_certify::{
    ClassBounds, Composition, Interval, Lower, Phase, Radius, SubstitutionPair, SynonymThreat, ThreatModel,
    TradeOff,
    seed::{Purpose, generator},
};

/// Laws are multiples of 1/64, so that products of four stay small integers.
const PARTS: u64 = 64;
const PART: u64 = (1 << 32) / PARTS;

type NoiseFingerprint = Vec<u64>;

/// The pairs of laws of each word's replacements, `(clean, adversarial)` outcome by outcome.
type Words = Vec<Vec<Vec<(u64, u64)>>>;

fn random(experiment: u64, trial: u64) -> impl Rng {
    generator(experiment, Phase::Training, 0, trial, Purpose::Other(3))
}

fn below(rng: &mut impl Rng, most: u64) -> u64 {
    rng.next_u64() % most
}

/// A law with so many parts thrown onto the outcomes, on top of others that are given.
fn thrown(rng: &mut impl Rng, outcomes: u64, given: &[u64], parts: u64) -> NoiseFingerprint {
    let mut law = vec![0; outcomes as usize];
    given.iter().zip(&mut law).for_each(|(given, weight)| *weight = *given);
    // Uneven: each outcome draws the more, the more it has.
    for _ in 0..parts / 4 {
        let at = (below(rng, outcomes) & below(rng, outcomes)) as usize;
        law[at] += 4;
    }
    law
}

fn random_words(rng: &mut impl Rng, shared: u64) -> Words {
    (0..=below(rng, 4))
        .map(|_| {
            let outcomes = 3 + below(rng, 2);
            let common = thrown(rng, outcomes, &[], shared);
            let clean = thrown(rng, outcomes, &common, PARTS - shared);
            (0..below(rng, 4))
                .map(|_| {
                    let other = thrown(rng, outcomes, &common, PARTS - shared);
                    clean.iter().copied().zip(other).collect()
                })
                .collect()
        })
        .collect()
}

fn threat(words: &Words) -> SynonymThreat {
    SynonymThreat::new(words.iter().map(|swaps| {
        let scaled = |pair: &Vec<(u64, u64)>| -> Vec<(u64, u64)> {
            pair.iter().map(|&(clean, other)| (clean * PART, other * PART)).collect()
        };
        swaps.iter().map(|pair| SubstitutionPair::new(&scaled(pair)).unwrap()).collect()
    }))
}

/// The least probability over every choice of up to `r` words and of their replacements.
fn least(words: &[Vec<Vec<(u64, u64)>>], r: u32, product: &[(u64, u64)], p: Fraction) -> Fraction {
    let Some((word, others)) = words.split_first() else {
        return Weights::new(product.iter().copied()).least(p);
    };
    let kept = least(others, r, product, p);
    if r == 0 {
        return kept;
    }
    let replaced = word.iter().map(|swap| {
        let product: Vec<(u64, u64)> =
            product.iter().flat_map(|&(p, q)| swap.iter().map(move |&(s, t)| (p * s, q * t))).collect();
        least(others, r - 1, &product, p)
    });
    replaced.fold(kept, Fraction::min)
}

fn assert_not_above(bound: Lower, exact: &Q, context: &str) {
    assert!(of(bound.p()) <= *exact, "{context}: {bound:?} is above {}", approximately(exact));
    assert!(of(bound.rest()) >= one() - exact, "{context}: {bound:?} is above {}", approximately(exact));
}

#[test]
fn every_choice_of_words_and_replacements() {
    let (mut exact_sum, mut bound_sum, mut overlap_sum, mut count) = (0.0, 0.0, 0.0, 0);
    for (experiment, shared) in [(1, 0), (2, 32), (3, 48), (4, 60)] {
        for trial in 0..100 {
            let words = random_words(&mut random(experiment, trial), shared);
            let threat = threat(&words);
            let replaceable = words.iter().filter(|swaps| !swaps.is_empty()).count() as u32;
            // Swaps between equal laws are free and not counted.
            let most = threat.maximum().unwrap();
            assert!(most <= replaceable);
            assert_eq!(threat.lower_bound(Lower::ONE, most), threat.lower_bound(Lower::ONE, replaceable));
            for r in 0..=4 {
                for thousandths in [510, 700, 900, 990, 1_000] {
                    let p = Interval::enclosing(&format!("{thousandths}/1000")).unwrap().lower();
                    let exact = least(&words, r, &[(1, 1)], Fraction::new(thousandths, 1_000)).exact();
                    let (bound, overlap) = (threat.lower_bound(p, r), threat.overlap_bound(p, r));
                    let context = format!("{words:?}, r = {r}, p = {thousandths}/1000");
                    assert_not_above(bound, &exact, &context);
                    assert_not_above(overlap, &exact, &context);
                    assert!(bound.p() >= overlap.p() && bound.rest() <= overlap.rest(), "{context}");
                    if r == 1 {
                        // One word: the hull of all curves is the only thing that is lost.
                        let single = words.iter().flatten().count() == 1;
                        assert!(!single || approximately(&(&exact - of(bound.p()))) < 1e-12, "{context}");
                    }
                    if r == 2 && replaceable > 1 && thousandths == 900 && shared > 0 {
                        exact_sum += approximately(&exact);
                        bound_sum += bound.p();
                        overlap_sum += overlap.p();
                        count += 1;
                    }
                }
            }
        }
    }
    let mean = |sum: f64| sum / f64::from(count);
    let (exact, bound, overlap) = (mean(exact_sum), mean(bound_sum), mean(overlap_sum));
    println!(
        "two words, p = 0.9, mean of {count}: exact {exact:.4}, bound {bound:.4}, overlaps {overlap:.4}"
    );
    assert!(exact - bound < 0.25 * (exact - overlap), "envelopes are nearer to exact than to overlaps");
}

#[test]
fn words_whose_laws_are_equal_are_free() {
    let law = [(1 << 30, 1 << 30), (3 << 30, 3 << 30)];
    let same = || SubstitutionPair::new(&law).unwrap();
    assert_eq!(same().overlap(), 1 << 32);
    let top = Lower::from_p(0.5_f64.next_up() + 1e-9);
    let bounds = ClassBounds::exact(0, top, top.complement(), None);
    for words in [1, 5, 400] {
        let threat = SynonymThreat::new((0..words).map(|_| vec![same(), same()]));
        assert_eq!(threat.radius(&bounds), Some(Radius::Unlimited(threat.unit())), "{words} words");
        assert!((threat.lower_bound(top, words).p() - top.p()).abs() < 1e-15);
    }
    // A word outside its component is a word more than can be certified, and costs nothing while it is not replaced.
    let apart = SubstitutionPair::new(&[(1 << 32, 0), (0, 1 << 32)]).unwrap();
    assert_eq!(apart.overlap(), 0);
    let threat = SynonymThreat::new([vec![same()], vec![apart.clone()], vec![same()]]);
    assert_eq!(threat.radius(&bounds), Some(Radius::Count(0, threat.unit())));
    let certain = ClassBounds::exact(0, Lower::ONE, Lower::ONE.complement(), None);
    assert_eq!(threat.radius(&certain), Some(Radius::Count(0, threat.unit())));
    assert_eq!(threat.lower_bound(Lower::ONE, 1), Lower::ZERO);
    // Words without replacements are no words to the attacker.
    let fixed = SynonymThreat::new([vec![], vec![]]);
    assert_eq!(fixed.radius(&bounds), Some(Radius::Unlimited(fixed.unit())));
    assert!(matches!(SynonymThreat::new([]).radius(&bounds), Some(Radius::Unlimited(_))));
}

fn trade_off(pair: &[(u64, u64)]) -> TradeOff {
    let interval = |weight: u64| Interval::enclosing(&(weight as f64 / PARTS as f64).to_string()).unwrap();
    let outcomes: Vec<(Interval, Interval)> =
        pair.iter().map(|&(clean, other)| (interval(clean), interval(other))).collect();
    TradeOff::from_outcomes(&outcomes).unwrap()
}

fn exact(pair: &[(u64, u64)]) -> Pair {
    let share = |weight: u64| Q::new(weight.into(), PARTS.into());
    Pair::new(&pair.iter().map(|&(clean, other)| (share(clean), share(other))).collect::<Vec<_>>())
}

/// Holds a composition against the exact product; how far below it is at most.
fn compare(composition: &Composition, product: &Pair, context: &str) -> f64 {
    [500, 600, 900, 990, 999, 1_000]
        .map(|thousandths| {
            let p = Interval::enclosing(&format!("{thousandths}/1000")).unwrap();
            let p_exact = Q::new(thousandths.into(), 1_000.into());
            let least = product.least(&p_exact);
            let bound = composition.lower(p.lower());
            let context = format!("{context}, p = {thousandths}/1000");
            assert_not_above(bound, &least, &context);
            let greatest = product.greatest(&(one() - &p_exact));
            let upper = composition.upper(p.upper().complement().complement());
            assert_not_above(upper.complement(), &(one() - product.greatest(&p_exact)), &context);
            assert_not_above(
                composition.upper(p.complement().upper()).complement(),
                &(one() - greatest),
                &context,
            );
            approximately(&(least - of(bound.p())))
        })
        .into_iter()
        .fold(0.0, f64::max)
}

#[test]
fn long_compositions_are_never_above_the_exact_product() {
    // One pair many times, whose exact product stays small once equal ratios are added up.
    let mut worst = 0.0_f64;
    for (pair, count) in [
        (vec![(32, 30), (20, 20), (12, 14)], 24),
        (vec![(60, 59), (3, 3), (1, 2)], 30),
        (vec![(40, 24), (24, 40)], 40),
        (vec![(40, 50), (4, 14), (20, 0)], 12),
    ] {
        let (step, single) = (trade_off(&pair), exact(&pair));
        let (mut composition, mut product) = (Composition::identity(), Pair::unchanged());
        for _ in 0..count {
            composition = composition.with(&step);
            product = product.and(&single).merged();
        }
        assert!(!composition.is_exact());
        worst = worst.max(compare(&composition, &product, &format!("{pair:?} × {count}")));
    }
    println!("one pair many times: at most {worst:e} below the exact product");
    assert!(worst < 1e-3);
}

#[test]
fn compositions_of_unlike_pairs_are_never_above_the_exact_product() {
    let (mut exact_worst, mut grid_worst) = (0.0_f64, 0.0_f64);
    for trial in 0..6 {
        let mut rng = random(9, trial);
        let (mut composition, mut product) = (Composition::identity(), Pair::unchanged());
        for count in 0..6 {
            let common = thrown(&mut rng, 4, &[], 48);
            let [clean, other] = [(); 2].map(|()| thrown(&mut rng, 4, &common, PARTS - 48));
            let pair: Vec<(u64, u64)> = clean.into_iter().zip(other).collect();
            composition = composition.with(&trade_off(&pair));
            product = product.and(&exact(&pair));
            let slack = compare(&composition, &product, &format!("trial {trial}, {count} pairs"));
            if composition.is_exact() {
                exact_worst = exact_worst.max(slack);
            } else {
                grid_worst = grid_worst.max(slack);
            }
        }
    }
    println!("unlike pairs: exact form {exact_worst:e}, grid {grid_worst:e} below the exact product");
    assert!(exact_worst < 1e-12 && grid_worst > 0.0 && grid_worst < 1e-3);
}

#[test]
fn many_words_keep_to_the_bound_of_overlaps() {
    // Too many words to enumerate: the bound is at least that of the overlaps, falls with r, and ends.
    let words: Words = (0..60).map(|trial| random_words(&mut random(11, trial), 60).remove(0)).collect();
    let threat = threat(&words);
    for p in [0.6, 0.9, 0.999].map(Lower::from_p) {
        let mut before = p;
        for r in 0..=60 {
            let bound = threat.lower_bound(p, r);
            assert!(bound.p() >= threat.overlap_bound(p, r).p());
            assert!(bound.p() <= before.p() + 1e-12 && bound.rest() >= before.rest() - 1e-12, "r = {r}");
            before = bound;
        }
        assert!(!before.exceeds(steadfast_certify::Upper::HALF));
    }
}
