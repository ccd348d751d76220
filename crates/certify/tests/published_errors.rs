//! Certificates that were published or are issued by released code, and do not hold: each with a classifier that breaks it.
//!
//! What is claimed is computed here as it was published; what is true, by enumerating the noise. The library's own bound is
//! beside them. Class and bound from the same counts: `coverage.rs`, `the_same_votes_choose_and_bound`.

mod oracle;

use oracle::{
    Q, of, one, q,
    texts::{Deletion, Laws, Text, Texts},
    weights::{Fraction, Weights},
};
use steadfast_certify::{
    AblationThreat, ClassBounds, EditKind, EditThreat, Interval, Lower, Radius, SubstitutionPair,
    SynonymThreat, ThreatModel, Upper,
};

const WORD: u64 = 1 << 32;

/// Bounds on a class whose only competitor has the rest.
fn binary(top: Lower) -> ClassBounds {
    ClassBounds::exact(1, top, top.complement(), None)
}

fn interval(text: &str) -> Interval {
    Interval::enclosing(text).unwrap()
}

/// The probability that deletion noise keeps one of these sequences.
fn probability(noise: &Deletion, text: &Text, answered: &[Text]) -> Q {
    let kept = noise.kept(text);
    let mass: u64 =
        kept.iter().filter(|(sequence, _)| answered.contains(sequence)).map(|(_, &mass)| mass).sum();
    Q::new(mass.into(), kept.values().sum::<u64>().into())
}

/// `B(a, b)`.
fn beta(a: f64, b: f64) -> f64 {
    (libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)).exp()
}

/// `P(U < c V)` for independent `U`, `V` of the law Beta(a, b) and `c < 1`: the series of the incomplete beta function, each
/// power of `V` by its moment.
fn overtakes(a: f64, b: f64, c: f64) -> f64 {
    let (mut coefficient, mut sum) = (1.0, 0.0);
    for k in 0..400 {
        let power = a + f64::from(k);
        sum += coefficient * c.powf(power) / power * beta(a + power, b);
        coefficient *= (f64::from(k) + 1.0 - b) / (f64::from(k) + 1.0);
    }
    sum / beta(a, b).powi(2)
}

/// CROWD draws a Beta variable for each word of a set, multiplies it by the word's similarity and takes the largest, but
/// certifies with the overlap of uniform laws.
#[test]
fn crowd_certifies_weighted_draws_by_uniform_overlaps() {
    // Two words of cosine 0.8: the moments of (1, 0.8), with the population variance.
    let (mean, variance) = (0.9, 0.01);
    let concentration = mean * (1.0 - mean) / variance - 1.0;
    let (a, b) = (mean * concentration, (1.0 - mean) * concentration);
    let moves = overtakes(a, b, 0.8);
    // By brute force as well: midpoints of both distribution functions.
    let grid: Vec<f64> = (0..4_000).map(|i| (f64::from(i) + 0.5) / 4_000.0).collect();
    let density: Vec<f64> = grid.iter().map(|u| u.powf(a - 1.0) * (1.0 - u).powf(b - 1.0)).collect();
    let total: f64 = density.iter().sum();
    let mut below = vec![0.0];
    for mass in &density {
        below.push(below[below.len() - 1] + mass / total);
    }
    let by_grid: f64 =
        grid.iter().zip(&density).map(|(v, mass)| mass / total * below[(0.8 * v * 4_000.0) as usize]).sum();
    assert!((moves - by_grid).abs() < 0.01, "{moves} and {by_grid}");

    let overlap = 2.0 * moves;
    assert!((overlap - 0.165).abs() < 0.001, "{overlap}");
    let moved = (moves * WORD as f64).round() as u64;
    // From either word: stays, becomes the other. What is seen: the first word, the second.
    let swap = SubstitutionPair::new(&[(WORD - moved, moved), (moved, WORD - moved)]).unwrap();
    assert_eq!(swap.overlap(), 2 * moved);

    // The base classifier answers 1 where it sees the first word.
    let p = Fraction::new(WORD - moved, WORD);
    let claimed_overlap = one();
    let claimed = p.exact() - one() + claimed_overlap;
    let truth = Weights::new([(WORD - moved, moved), (moved, WORD - moved)]).least(p).exact();
    assert!(claimed > q("0.9") && truth < q("0.1"), "claimed to stay, lost to a single swap");
    assert_eq!(truth, Q::new(moved.into(), WORD.into()), "which is what that classifier answers after it");

    let threat = SynonymThreat::new([vec![swap]]);
    let top = Lower::from_p((WORD - moved) as f64 / WORD as f64);
    assert!(of(threat.lower_bound(top, 1).p()) <= truth);
    assert_eq!(threat.radius(&binary(top)), Some(Radius::Count(0, threat.unit())));
}

/// SAFER's released overlap divides by the size of one word's set only.
#[test]
fn safer_divides_by_one_set() {
    // Two words share their synonyms; the second has four more.
    let shares = |sizes: [u64; 2]| -> Vec<(u64, u64)> {
        (0..6).map(|word| (if word < 2 { WORD / sizes[0] } else { 0 }, WORD / sizes[1])).collect()
    };
    let mut outcomes = shares([2, 6]);
    let missing = WORD - outcomes.iter().map(|outcome| outcome.1).sum::<u64>();
    outcomes[0].1 += missing;
    let swap = SubstitutionPair::new(&outcomes).unwrap();
    let claimed = q("2/2");
    let truth = Q::new(swap.overlap().into(), WORD.into());
    assert!(claimed == one() && truth < q("0.334"));
    // Answering 1 on the shared words is certain before the swap, and rare after it.
    let after: u64 = outcomes[..2].iter().map(|outcome| outcome.1).sum();
    assert!(2 * after < WORD);
    let threat = SynonymThreat::new([vec![swap]]);
    assert_eq!(threat.radius(&binary(Lower::ONE)), Some(Radius::Count(0, threat.unit())));
    assert!(of(threat.lower_bound(Lower::ONE, 1).p()) <= truth);
}

/// `RanMASK`'s released search returns the first radius that fails.
#[test]
fn ranmask_is_off_by_one() {
    let (words, kept) = (6_u32, 2);
    let masks: Vec<u32> = (0..1_u32 << words).filter(|mask| mask.count_ones() == kept).collect();
    let untouched = |r: u32| masks.iter().filter(|&mask| mask & ((1 << r) - 1) == 0).count();
    let total = masks.len();
    // Right on all masks but one, which shows two words that nobody touches.
    let wrong = 0b11_0000;
    let top = interval(&format!("{}/{total}", total - 1)).lower();
    let threat = AblationThreat::new(words, kept).unwrap();
    let Some(Radius::Count(radius, _)) = threat.radius(&binary(top)) else { panic!("a radius") };
    let holds = |r: u32| 2 * (untouched(r) - 1) > total;
    assert!(holds(radius) && !holds(radius + 1));
    let claimed = (0..words).find(|&r| !holds(r)).unwrap();
    assert_eq!(claimed, radius + 1);
    // The classifier answers something else whenever it is shown a replaced word. How often it still answers 1:
    let answers = |replaced: u32| {
        let right = |mask: &&u32| *mask & ((1 << replaced) - 1) == 0 && **mask != wrong;
        masks.iter().filter(right).count()
    };
    assert!(2 * answers(radius) > total);
    assert!(2 * answers(claimed) <= total, "the claimed radius is broken");
}

/// Drawing again when everything was deleted is another law, under which the bound is false.
#[test]
fn drawing_the_empty_text_again() {
    let (word, other): (Text, Text) = (vec![0], vec![1]);
    let noise = Deletion { unit: 20, rates: vec![17, 17] };
    let threat = EditThreat::uniform(interval("0.85"), 1);
    // A classifier that answers 1 on the word and on the empty text.
    let answered = [word.clone(), vec![]];
    assert_eq!(probability(&noise, &word, &answered), one());
    assert_eq!(probability(&noise, &other, &answered), q("0.85"));
    let bound = threat.lower_bound(Lower::ONE, 1);
    assert!(of(bound.p()) <= q("0.85") && bound.p() > 0.85 - 1e-12, "{bound:?}");
    // Where the empty text is drawn again, only the word itself is ever seen: the same numbers go in, nothing is left.
    let seen = |text: &Text| {
        let mut kept = noise.kept(text);
        kept.remove(&Text::new());
        kept
    };
    assert_eq!(seen(&word).keys().collect::<Vec<_>>(), [&word]);
    assert_eq!(seen(&other).keys().collect::<Vec<_>>(), [&other]);
    let pair = Weights::new([(seen(&word)[&word], 0), (0, seen(&other)[&other])]);
    assert_eq!(pair.least(Fraction::new(1, 1)).numerator, 0, "claimed 0.85, true 0");
}

/// A bound on the edits that lead back to the clean text, read as one on the attacker's own.
#[test]
fn threats_named_from_the_wrong_side() {
    let (clean, attacked): (Text, Text) = (vec![0], vec![0, 1]);
    let noise = Deletion::eighths(&[4, 4]);
    // A classifier that answers 1 unless it sees the inserted word, and on half of the rest.
    let p = Fraction::new(4, 5);
    let truth = Laws::new(noise).least(&clean, &Texts::from([attacked]), p).exact();
    let threat = EditThreat::uniform(interval("0.5"), 1);
    let bound = |kind| threat.clone().only(&[kind]).lower_bound(interval("0.8").lower(), 1);
    let (inserting, deleting) = (bound(EditKind::Insertion), bound(EditKind::Deletion));
    assert_eq!(truth, q("0.4"));
    assert!(of(inserting.p()) <= truth && inserting.p() > 0.4 - 1e-12);
    assert!(deleting.p() > 0.6 - 1e-12, "half of the deletions' bound is not there after an insertion");
}

/// A bound of exactly one half is no majority.
#[test]
fn ties_are_not_certified() {
    let noise = Deletion::eighths(&[4, 4]);
    let (clean, attacked): (Text, Text) = (vec![0], vec![1]);
    let answered = [vec![], vec![0]];
    assert_eq!(probability(&noise, &clean, &answered), one());
    // One half each, and the tie goes to the smaller class.
    assert_eq!(probability(&noise, &attacked, &answered), q("0.5"));
    let threat = EditThreat::uniform(interval("0.5"), 1);
    assert_eq!(threat.lower_bound(Lower::ONE, 1), Upper::HALF.complement());
    assert_eq!(threat.radius(&binary(Lower::ONE)), Some(Radius::Count(0, threat.unit())));
}
