//! Masked texts against brute force: every choice of replaced words, every mask.

mod oracle;

use num_bigint::BigInt;
use num_traits::{One, Zero};
use oracle::{
    Q, approximately, half, of, one,
    weights::{Fraction, Weights},
};
use std::collections::BTreeMap;
use steadfast_certify::{AblationThreat, ClassBounds, Interval, Lower, MaskingThreat, Radius, ThreatModel};

/// A noisy text: `None` for a masked word.
type Shown = Vec<Option<u8>>;

/// The weight of each mask, a set of kept words.
fn shown(text: &[u8], weight: impl Fn(u32) -> u64) -> BTreeMap<Shown, u64> {
    let mut law = BTreeMap::new();
    for kept in 0..1_u32 << text.len() {
        let weight = weight(kept);
        if weight > 0 {
            let word = |(at, &word): (usize, &u8)| (kept >> at & 1 == 1).then_some(word);
            *law.entry(text.iter().enumerate().map(word).collect()).or_insert(0) += weight;
        }
    }
    law
}

/// The least probability after up to `r` of `words` words take one of two other values.
fn least(words: u32, r: u32, weight: impl Fn(u32) -> u64 + Copy, p: Fraction) -> Fraction {
    let clean = shown(&vec![0; words as usize], weight);
    (0..3_u32.pow(words))
        .filter_map(|code| {
            let text: Vec<u8> = (0..words).map(|at| (code / 3_u32.pow(at) % 3) as u8).collect();
            (text.iter().filter(|&&word| word != 0).count() <= r as usize).then_some(text)
        })
        .map(|text| {
            let mut outcomes: BTreeMap<Shown, (u64, u64)> = BTreeMap::new();
            for (shown, &weight) in &clean {
                outcomes.entry(shown.clone()).or_default().0 = weight;
            }
            for (shown, weight) in shown(&text, weight) {
                outcomes.entry(shown).or_default().1 = weight;
            }
            Weights::new(outcomes.into_values()).least(p)
        })
        .min()
        .unwrap()
}

const PROBABILITIES: [u64; 5] = [500, 750, 900, 990, 1_000];

/// The bound is the least probability, and the radius the largest at which that exceeds one half.
fn compare(threat: &dyn ThreatModel, words: u32, weight: impl Fn(u32) -> u64 + Copy, context: &str) {
    for thousandths in PROBABILITIES {
        let p = Interval::enclosing(&format!("{thousandths}/1000")).unwrap();
        let mut largest = None;
        for r in 0..=words {
            let exact = least(words, r, weight, Fraction::new(thousandths, 1_000)).exact();
            let bound = threat.lower_bound(p.lower(), r);
            let context = format!("{context}, r = {r}, p = {thousandths}/1000");
            assert!(of(bound.p()) <= exact && of(bound.rest()) >= one() - &exact, "{context}: {bound:?}");
            assert!(approximately(&(&exact - of(bound.p()))) < 1e-14, "{context}: {bound:?} is not attained");
            if exact > half() {
                largest = Some(r);
            }
        }
        // A class that surely has the rest.
        let bounds = ClassBounds::exact(0, p.lower(), p.complement().upper(), None);
        let expected = largest.map(|r| {
            if r == words { Radius::Unlimited(threat.unit()) } else { Radius::Count(r, threat.unit()) }
        });
        assert_eq!(threat.radius(&bounds), expected, "{context}, p = {thousandths}/1000");
        let beyond = threat.lower_bound(p.lower(), words);
        assert_eq!(threat.lower_bound(p.lower(), words + 3), beyond, "there are no more words to replace");
        assert_eq!(threat.lower_bound(p.lower(), u32::MAX), beyond);
    }
}

#[test]
fn each_word_masked_on_its_own() {
    for words in 0..=5_u32 {
        for rate in [0_u32, 2, 4, 6, 7, 8] {
            let threat = MaskingThreat::new(
                Interval::enclosing(&(f64::from(rate) / 8.0).to_string()).unwrap(),
                words as usize,
            );
            let weight = |kept: u32| {
                let kept = kept.count_ones();
                u64::from(rate).pow(words - kept) * u64::from(8 - rate).pow(kept)
            };
            compare(&threat, words, weight, &format!("{words} words, ω = {rate}/8"));
        }
    }
}

#[test]
fn exactly_so_many_words_kept() {
    for words in 0..=6_u32 {
        for kept in 0..=words {
            let threat = AblationThreat::new(words, kept).unwrap();
            let weight = |set: u32| u64::from(set.count_ones() == kept);
            compare(&threat, words, weight, &format!("{kept} of {words} words kept"));
        }
    }
    assert!(AblationThreat::new(3, 4).is_err());
}

/// `C(n, k)`.
fn choose(n: u32, k: u32) -> BigInt {
    if k > n {
        return BigInt::zero();
    }
    (0..k.min(n - k)).fold(BigInt::one(), |product, j| product * (n - j) / (j + 1))
}

#[test]
fn long_texts() {
    let words = 5_000;
    for kept in [0, 1, 2, 5, 50, 500, 2_500, 4_990, 4_999, 5_000] {
        let threat = AblationThreat::new(words, kept).unwrap();
        let all = choose(words, kept);
        for r in [1, 2, 9, 10, 11, 100, 2_500, 4_500, 4_999, 5_000] {
            let alike = Q::new(choose(words - r, kept), all.clone());
            for p in ["1", "0.999", "0.7"] {
                let top = Interval::enclosing(p).unwrap().lower();
                let exact = (oracle::q(p) - one() + &alike).max(Q::zero());
                let bound = threat.lower_bound(top, r);
                let context = format!("{kept} of {words} kept, r = {r}, p = {p}");
                assert!(of(bound.p()) <= exact && of(bound.rest()) >= one() - &exact, "{context}: {bound:?}");
                assert!(approximately(&(exact - of(bound.p()))) < 1e-11, "{context}: {bound:?}");
            }
        }
        // The radius is the last that holds: at the next one the exact bound is a half or less.
        let top = Interval::enclosing("0.95").unwrap();
        let bounds = ClassBounds::exact(0, top.lower(), top.complement().upper(), None);
        let holds =
            |r: u32| oracle::q("0.95") - one() + Q::new(choose(words - r, kept), all.clone()) > half();
        match threat.radius(&bounds) {
            Some(Radius::Count(r, _)) => {
                assert!(holds(r), "{kept} kept");
                assert!(r == steadfast_certify::threat::SEARCH_LIMIT || !holds(r + 1), "{kept} kept");
            }
            other => panic!("{other:?}"),
        }
    }
    // Far more words than a radius can count.
    let mask = Interval::enclosing("0.999999").unwrap();
    let long = MaskingThreat::new(mask, usize::MAX);
    let bounds = ClassBounds::exact(0, Lower::ONE, Lower::ONE.complement(), None);
    assert_eq!(
        long.radius(&bounds),
        Some(Radius::Count(steadfast_certify::threat::SEARCH_LIMIT, long.unit()))
    );
    assert_eq!(long.maximum(), Some(u32::MAX));
}
