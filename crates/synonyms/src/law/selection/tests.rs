//! The quadrature against closed forms, enclosing sums and the literal procedure.

use super::*;
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_distr::Distribution as _;

fn groups(a: f64, b: f64, ascending: &[f64]) -> Groups {
    Groups::new(Beta::new(a, b), ascending)
}

#[test]
fn powers_have_a_closed_form() {
    // F(x) = xᵃ: the smallest similarity wins with probability s^{a(K−1)} / (K ∏ other sᵃ).
    for a in [0.05, 0.5, 1.0, 3.0, 40.0, 900.0] {
        for list in
            [&[0.8, 1.0][..], &[0.3, 1.0], &[0.999, 1.0], &[0.5, 0.7, 0.9, 1.0], &[0.9, 0.91, 0.92, 1.0]]
        {
            let (masses, error) = groups(a, 1.0, list).integrate();
            let count = list.len() as f64;
            let exact = list[0].powf(a * (count - 1.0))
                / (count * list[1..].iter().map(|s| s.powf(a)).product::<f64>());
            assert!(
                (masses[0] - exact).abs() < 1e-7 && error < 1e-6,
                "{a} {list:?}: {} {exact} {error:e}",
                masses[0]
            );
            assert!((masses.iter().sum::<f64>() - 1.0).abs() < 1e-7);
        }
    }
}

/// Lower and upper sums on a fine grid, which enclose the integral.
fn enclosure(groups: &Groups) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0); groups.similarities.len()];
    let mut before = groups.point(0.0);
    let steps = 20_000;
    for step in 1..=steps {
        let after = groups.point(f64::from(step) / f64::from(steps));
        for (group, sum) in sums.iter_mut().enumerate() {
            let width = after.below[group] - before.below[group];
            sum.0 += before.others[group] * width;
            sum.1 += after.others[group] * width;
        }
        before = after;
    }
    sums
}

#[test]
fn enclosing_sums_agree() {
    for list in [
        &[1.0, 0.85, 0.85, 0.85][..],
        &[1.0, 0.62, 0.6, 0.55, 0.3, 0.1],
        &[1.0, 0.02, 0.9],
        &[1.0, 0.97, 0.96, 0.5],
    ] {
        let mut ascending = list.to_vec();
        ascending.sort_by(f64::total_cmp);
        let groups = Groups::new(Beta::with_moments_of(&ascending).unwrap(), &ascending);
        let (masses, error) = groups.integrate();
        for (mass, (low, high)) in masses.iter().zip(enclosure(&groups)) {
            assert!(*mass >= low - error && *mass <= high + error, "{list:?}: {mass} {low} {high}");
            assert!(high - low < 0.02, "{list:?}: {low} {high}");
        }
    }
}

/// The procedure of the released code, drawn `rounds` times.
fn simulate(similarities: &[f64], rounds: u32) -> Vec<f64> {
    let count = similarities.len() as f64;
    let mean = similarities.iter().sum::<f64>() / count;
    let variance = similarities.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / count;
    let common = mean * (1.0 - mean) / variance - 1.0;
    let beta = rand_distr::Beta::new(mean * common, (1.0 - mean) * common).unwrap();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut selected = vec![0u32; similarities.len()];
    for _ in 0..rounds {
        let draws = similarities.iter().map(|s| s * beta.sample(&mut rng));
        let (best, _) = draws.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        selected[best] += 1;
    }
    selected.into_iter().map(|count| f64::from(count) / f64::from(rounds)).collect()
}

#[test]
fn the_literal_procedure_agrees() {
    let rounds = 200_000;
    for list in [
        &[1.0, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85][..],
        &[1.0, 0.8],
        &[1.0, 0.3, 0.55, 0.62, 0.1],
        &[1.0, 0.05],
        &[1.0, 0.95, 0.9, 0.4],
    ] {
        let exact = select(list).unwrap();
        for (index, share) in simulate(list, rounds).into_iter().enumerate() {
            let probability = exact[index];
            let deviation = (probability * (1.0 - probability) / f64::from(rounds)).sqrt();
            assert!(
                (share - probability).abs() <= 4.5 * deviation + 1e-5,
                "{list:?}[{index}]: {share} {probability}"
            );
        }
    }
    // The list of the paper: the original word is nearly always kept.
    let list = [1.0, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85];
    assert!((select(&list).unwrap()[0] - 0.94).abs() < 0.01);
}

#[test]
fn without_the_factor_all_candidates_are_equally_likely() {
    // The paper's text: the similarities shape the beta distribution, but the largest draw is selected.
    let similarities = [1.0, 0.9, 0.7, 0.4];
    let beta = Beta::with_moments_of(&similarities).unwrap();
    let (masses, _) = Groups::new(beta, &[1.0; 4]).integrate();
    assert!((masses[0] - 1.0).abs() < 1e-9, "one group of four, each with a quarter");
    // The same with nearly equal similarities in separate groups.
    let nearly = [1.0 - 3e-12, 1.0 - 2e-12, 1.0 - 1e-12, 1.0];
    let (masses, _) = Groups::new(beta, &nearly).integrate();
    assert!(masses.iter().all(|mass| (mass - 0.25).abs() < 1e-5), "{masses:?}");
}

#[test]
fn equal_similarities_are_uniform_and_distant_candidates_have_probability_0() {
    assert_eq!(select(&[1.0]).unwrap(), [1.0]);
    assert_eq!(select(&[0.7; 4]).unwrap(), [0.25; 4]);
    assert_eq!(select(&[1.0, -0.2, 0.0, 0.009]).unwrap(), [1.0, 0.0, 0.0, 0.0]);
    let far = select(&[1.0, 0.8, -0.5]).unwrap();
    assert_eq!(far[..2], select(&[1.0, 0.8]).unwrap()[..]);
    for bad in [&[][..], &[0.0], &[f64::NAN], &[1.5, 1.0]] {
        assert!(matches!(select(bad), Err(SynonymsError::Parameter(_))), "{bad:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn probabilities_increase_with_similarity(
        mut list in prop::collection::vec(prop_oneof![0.01f64..1.0, 0.9f64..1.0, Just(1.0), 0.01f64..0.02], 1..30),
    ) {
        list.push(1.0);
        let found = estimate(&list).unwrap();
        prop_assert!(found.error <= LARGEST_ERROR);
        prop_assert!((found.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        for (s, p) in list.iter().zip(&found.probabilities) {
            for (other_s, other_p) in list.iter().zip(&found.probabilities) {
                prop_assert!(s < other_s || *p >= other_p - 2.0 * LARGEST_ERROR);
            }
        }
    }
}

#[test]
fn large_lists_are_accurate() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
    let mut list: Vec<f64> = (0..99).map(|_| rng.random_range(0.2..0.9)).collect();
    list.push(1.0);
    assert!(estimate(&list).unwrap().error < 1e-6);
}
