//! Speed of the certificates: bounds, thresholds, allocations. `cargo bench --bench certify`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use steadfast::certify::{
    BitFlips, Bits, Confidence, Group, GroupsThreat, Interval, Lower, Noise, Phase, Plan, Rate,
    SmoothedClassifier, ThreatModel, UniformThreat,
    confidence::{Prior, anytime_lower, clopper_pearson_lower},
    from_fn,
    seed::{Purpose, generator},
};

fn interval(text: &str) -> Interval {
    Interval::enclosing(text).expect("a probability")
}

/// One-sided Clopper–Pearson bounds at votes that matter: almost unanimous, middling, few.
fn bounds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bound");
    group.throughput(Throughput::Elements(1));
    let confidence = Confidence::alpha(0.001).expect("a level");
    for (votes, samples) in [(100, 100), (9_962, 10_000), (5_156, 10_000), (38, 10_000), (990_000, 1_000_000)]
    {
        let id = format!("{votes} of {samples}");
        group.bench_function(BenchmarkId::new("clopper-pearson", &id), |bencher| {
            bencher.iter(|| clopper_pearson_lower(black_box(votes), black_box(samples), confidence));
        });
        group.bench_function(BenchmarkId::new("anytime", &id), |bencher| {
            bencher
                .iter(|| anytime_lower(black_box(votes), black_box(samples), Prior::default(), confidence));
        });
        // The inverse regularised incomplete beta function of statrs: no guarantee of the safe side.
        group.bench_function(BenchmarkId::new("statrs inverse beta", &id), |bencher| {
            bencher.iter(|| {
                let (k, n) = (black_box(votes) as f64, black_box(samples) as f64);
                statrs::function::beta::inv_beta_reg(k, n - k + 1.0, 0.001)
            });
        });
    }
    group.finish();
}

/// All thresholds `ρ_r⁻¹(½)` for r up to a radius.
fn thresholds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("thresholds");
    for radius in [5, 20, 200] {
        group.throughput(Throughput::Elements(u64::from(radius)));
        for (values, keep) in [(2, "0.9"), (256, "0.2")] {
            let threat = UniformThreat::new(values, interval(keep), 1 << 20).expect("a threat");
            let id = format!("r ≤ {radius}, K = {values}, β = {keep}");
            group.bench_function(BenchmarkId::new("lattice", id), |bencher| {
                bencher.iter(|| black_box(&threat).thresholds(radius));
            });
        }
    }
    // The published way counts pairs of distances in the whole space of d coordinates (Lee et al. 2019, Section 4.2).
    for dimension in [20_u32, 100] {
        group.throughput(Throughput::Elements(5));
        group.bench_function(
            BenchmarkId::new("enumeration of Lee et al.", format!("r ≤ 5, K = 2, d = {dimension}")),
            |bencher| {
                bencher.iter(|| {
                    (1..=5).map(|r| lee_threshold(black_box(dimension), r, 0.9)).collect::<Vec<_>>()
                });
            },
        );
    }
    group.finish();
}

/// The threshold by counting, for every pair (u, v) of distances from clean and adversarial input, the points of the whole
/// space at those distances; for `K = 2`, in plain double precision.
fn lee_threshold(dimension: u32, r: u32, keep: f64) -> f64 {
    let binomial =
        |n: u32, k: u32| (0..k).fold(1.0, |product, i| product * f64::from(n - i) / f64::from(i + 1));
    let flip = 1.0 - keep;
    let mut regions = Vec::new();
    for u in 0..=dimension {
        for v in 0..=dimension {
            // i of the r differing coordinates show the adversarial value, j of the others are flipped.
            let count: f64 = (0..=r)
                .filter(|&i| u >= i && v + i >= r && v + i - r == u - i && u - i <= dimension - r)
                .map(|i| binomial(r, i) * binomial(dimension - r, u - i))
                .sum();
            if count > 0.0 {
                let power = |base: f64, exponent: u32| base.powf(f64::from(exponent));
                let mass = |distance: u32| power(keep, dimension - distance) * power(flip, distance);
                regions.push((count * mass(u), count * mass(v)));
            }
        }
    }
    regions.sort_by(|a, b| (b.0 / b.1).total_cmp(&(a.0 / a.1)));
    let (mut clean, mut adversarial) = (0.0, 0.0);
    for (p, q) in regions {
        if adversarial + q >= 0.5 {
            return clean + p * (0.5 - adversarial) / q;
        }
        clean += p;
        adversarial += q;
    }
    1.0
}

/// The worst of all allocations of r changes to three groups.
fn groups(criterion: &mut Criterion) {
    let group =
        |name: &str, values, keep, cap| Group::new(name, values, interval(keep), cap).expect("a group");
    let threats = [
        (
            "K = 2, 10, 2",
            GroupsThreat::new([
                group("a", 2, "0.8", 1_000_000),
                group("b", 10, "0.5", 100),
                group("c", 2, "0.7", 784),
            ]),
        ),
        (
            "K = 2, 2, 2",
            GroupsThreat::new([
                group("a", 2, "0.9", 1_000_000),
                group("b", 2, "0.8", 100),
                group("c", 2, "0.7", 784),
            ]),
        ),
        (
            "K = 256, 10, 3",
            GroupsThreat::new([
                group("a", 256, "0.2", 1_000_000),
                group("b", 10, "0.3", 100),
                group("c", 3, "0.4", 784),
            ]),
        ),
    ];
    let mut benches = criterion.benchmark_group("three groups");
    for (name, threat) in &threats {
        let threat = threat.as_ref().expect("groups");
        for radius in [5, 10, 20] {
            benches.bench_function(BenchmarkId::new(*name, radius), |bencher| {
                bencher.iter(|| threat.lower_bound(black_box(Lower::from_rest(1e-4)), radius));
            });
        }
    }
    benches.finish();
}

/// Noisy copies of bits.
fn noise(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bit flips");
    for bits in [784_usize, 10_000, 100_000] {
        group.throughput(Throughput::Elements(bits as u64));
        let input: Bits = (0..bits).map(|index| index % 7 == 0).collect();
        let noise = BitFlips::symmetric(Rate::new(0.1).expect("a rate")).expect("noise");
        let mut rng = generator(1, Phase::Training, 0, 0, Purpose::Noise);
        group.bench_function(BenchmarkId::new("bit-sliced", bits), |bencher| {
            bencher.iter(|| noise.sample(black_box(&input), &mut rng));
        });
        let rate = Rate::new(0.1).expect("a rate");
        group.bench_function(BenchmarkId::new("one 32-bit number per bit", bits), |bencher| {
            bencher.iter(|| -> Bits {
                input
                    .iter()
                    .map(|bit| bit ^ steadfast::certify::noise::bernoulli::event(rate, &mut rng))
                    .collect()
            });
        });
    }
    group.finish();
}

/// Certificates of a data set, with a classifier that costs next to nothing: what is left is ours.
fn data_sets(criterion: &mut Criterion) {
    let classifier = from_fn(2, |bits: &Bits| usize::from(2 * bits.count_ones() > bits.len()));
    let noise = BitFlips::symmetric(Rate::new(0.2).expect("a rate")).expect("noise");
    let mut group = criterion.benchmark_group("certify all");
    group.sample_size(10);
    for inputs in [25_usize, 100, 400] {
        let images: Vec<Bits> = (0..inputs).map(|i| (0..64).map(|bit| bit < 33 + i % 31).collect()).collect();
        group.throughput(Throughput::Elements(inputs as u64));
        for (name, plan, batch) in [
            ("fixed, 100 + 1,000", Plan::fixed(100, 1_000), 256),
            ("anytime, 100 + 5,000", Plan::anytime(100, 5_000, Prior::default()), 32),
        ] {
            let smoothed = SmoothedClassifier::new(&classifier, noise, plan.expect("a plan")).batch(batch);
            group.bench_function(BenchmarkId::new(format!("{name}, in parallel"), inputs), |bencher| {
                bencher.iter(|| {
                    smoothed.certify_all(&images, BitFlips::threat).run_in_parallel().expect("votes")
                });
            });
            let one = smoothed.clone().threads(1);
            group.bench_function(BenchmarkId::new(format!("{name}, one thread"), inputs), |bencher| {
                bencher.iter(|| one.certify_all(&images, BitFlips::threat).run().expect("votes"));
            });
        }
    }
    group.finish();
    // A bound that may be asked for after every batch, beside one that is read once.
    let mut group = criterion.benchmark_group("votes on one thread, batches of 32");
    let image: Bits = (0..64).map(|bit| bit < 50).collect();
    for votes in [1_000_u64, 10_000, 100_000] {
        group.throughput(Throughput::Elements(votes));
        for (name, plan) in
            [("fixed", Plan::fixed(0, votes)), ("anytime", Plan::anytime(0, votes, Prior::default()))]
        {
            let smoothed =
                SmoothedClassifier::new(&classifier, noise, plan.expect("a plan")).threads(1).batch(32);
            group.bench_function(BenchmarkId::new(name, votes), |bencher| {
                bencher.iter(|| smoothed.count(0, &image).expect("votes"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bounds, thresholds, groups, noise, data_sets);
criterion_main!(benches);
