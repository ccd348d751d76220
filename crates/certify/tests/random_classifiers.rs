//! Random classifiers on up to ten bits: every certificate that is issued is checked on every input within its radius.
//!
//! Rates are multiples of an eighth, so that all probabilities are integers over 8ⁿ and nothing is rounded on this side.

use proptest::prelude::*;
use steadfast_certify::{BitFlips, Bits, ClassBounds, Lower, Noise, Radius, Rate, Upper, certify_bounds};

/// How likely each noisy input is seen from `input`, in units of 8⁻ⁿ.
fn weights(input: usize, n: usize, (up, down): (u64, u64)) -> Vec<u64> {
    (0..1_usize << n)
        .map(|seen| {
            (0..n)
                .map(|bit| match (input >> bit & 1, seen >> bit & 1) {
                    (0, 0) => 8 - up,
                    (0, _) => up,
                    (_, 0) => down,
                    _ => 8 - down,
                })
                .product()
        })
        .collect()
}

/// What came of checking one classifier.
#[derive(Default)]
struct Checked {
    certificates: usize,
    beyond_the_input: usize,
}

/// Certifies every input of the classifier that `table` writes out and checks every claim.
fn check(table: &[usize], n: usize, classes: usize, rates: (u64, u64)) -> Checked {
    let total = 8_u64.pow(n as u32);
    let masses: Vec<Vec<u64>> = (0..1 << n)
        .map(|input| {
            let mut masses = vec![0; classes];
            for (weight, &class) in weights(input, n, rates).iter().zip(table) {
                masses[class] += weight;
            }
            assert_eq!(masses.iter().sum::<u64>(), total);
            masses
        })
        .collect();
    let rate = |eighths: u64| Rate::from_numerator((eighths << 29) as u32);
    let noise = BitFlips::new(rate(rates.0), rate(rates.1)).unwrap();
    let mut checked = Checked::default();
    for (input, mass) in masses.iter().enumerate() {
        let class = (0..classes).max_by_key(|&class| mass[class]).unwrap();
        let other = (0..classes).filter(|&c| c != class).map(|c| mass[c]).max().unwrap();
        // Exact: a mass has at most 30 bits.
        let probability = |mass: u64| mass as f64 / total as f64;
        let (top, other) = (Lower::from_p(probability(mass[class])), Upper::from_p(probability(other)));
        let image: Bits = (0..n).map(|bit| input >> bit & 1 == 1).collect();
        let bounds = ClassBounds::exact(class, top, other, noise.fingerprint(&image));
        let certificate = certify_bounds(&noise.threat(&image).unwrap(), bounds).unwrap();
        let radius = match certificate.radius() {
            None => continue,
            Some(Radius::Count(r, _)) => r,
            Some(_) => n as u32,
        };
        checked.certificates += 1;
        checked.beyond_the_input += usize::from(radius > 0);
        for (neighbour, masses) in masses.iter().enumerate() {
            if (neighbour ^ input).count_ones() <= radius {
                let ahead = (0..classes).all(|c| c == class || masses[c] < masses[class]);
                assert!(
                    ahead,
                    "class {class} of input {input:b} was certified within {radius}, not so at {neighbour:b}"
                );
            }
        }
    }
    checked
}

/// A table that answers 0 except where `input` is least likely against `attacked`, while less than `share` of the mass is
/// lost: what an adversary would train.
fn adversarial(
    input: usize,
    attacked: usize,
    n: usize,
    classes: usize,
    rates: (u64, u64),
    share: f64,
) -> Vec<usize> {
    let (clean, bad) = (weights(input, n, rates), weights(attacked, n, rates));
    let mut order: Vec<usize> = (0..1 << n).filter(|&seen| clean[seen] + bad[seen] > 0).collect();
    order.sort_by(|&a, &b| {
        (u128::from(clean[a]) * u128::from(bad[b])).cmp(&(u128::from(clean[b]) * u128::from(bad[a])))
    });
    let budget = (share * 8_u64.pow(n as u32) as f64) as u64;
    let (mut table, mut lost) = (vec![0; 1 << n], 0);
    for seen in order {
        if lost + clean[seen] <= budget {
            lost += clean[seen];
            table[seen] = 1 + seen % (classes - 1);
        }
    }
    table
}

#[test]
fn adversarial_tables_never_break_a_certificate() {
    let mut far = 0;
    for n in [3, 6, 8] {
        for rates in [(1, 1), (2, 2), (3, 3), (1, 3), (0, 4), (3, 1), (5, 6)] {
            for changes in 1..=3.min(n) {
                let input = 0b0101_1010 & ((1 << n) - 1);
                let attacked = input ^ ((1 << changes) - 1);
                for classes in [2, 3] {
                    for share in [0.01, 0.05, 0.1, 0.2, 0.3, 0.45] {
                        let table = adversarial(input, attacked, n, classes, rates, share);
                        far += check(&table, n, classes, rates).beyond_the_input;
                    }
                }
            }
        }
    }
    assert!(far > 1_000, "only {far} certificates say anything");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn random_tables_never_break_a_certificate(
        n in 1_usize..=7,
        classes in 2_usize..5,
        rates in (0_u64..8, 0_u64..8).prop_filter("without noise", |&(up, down)| up + down > 0),
        bias in 0.0..1.0_f64,
        answers in prop::collection::vec((0.0..1.0_f64, 0_usize..100), 128),
    ) {
        // The more biased, the likelier a certificate.
        let table: Vec<usize> =
            answers[..1 << n].iter().map(|&(u, class)| if u < bias { 0 } else { class % classes }).collect();
        check(&table, n, classes, rates);
    }

    #[test]
    fn random_half_spaces_on_ten_bits(threshold in 1_usize..10, flips in 1_u64..4, holes in 0_usize..1_024) {
        let table: Vec<usize> = (0..1_usize << 10)
            .map(|seen| usize::from((seen.count_ones() as usize) < threshold) ^ usize::from(seen == holes))
            .collect();
        let checked = check(&table, 10, 2, (flips, flips));
        prop_assert!(checked.certificates > 0);
    }
}
