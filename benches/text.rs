//! Speed of the certificates for text: edits, words, masks, votes of groups. `cargo bench --bench text`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use steadfast::certify::{
    AblationThreat, ClassBounds, EditKind, EditThreat, Interval, Lower, PartitionVotes, Phase, SignalThreat,
    SubstitutionPair, SynonymThreat, ThreatModel,
    partition::certify_partition,
    rand_core::Rng,
    seed::{Generator, Purpose, generator},
};

fn interval(text: &str) -> Interval {
    Interval::enclosing(text).expect("a probability")
}

fn bounds(p: f64) -> ClassBounds {
    let top = Lower::from_p(p);
    ClassBounds::exact(0, top, top.complement(), None)
}

fn random() -> Generator {
    generator(1, Phase::Training, 0, 0, Purpose::Noise)
}

/// The radius of one certified text.
fn edits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("edit radius");
    for (rate, p) in [("0.9", 0.8), ("0.95", 0.99), ("0.99", 0.999)] {
        let any = EditThreat::uniform(interval(rate), 60);
        let insertions = any.clone().only(&[EditKind::Insertion]);
        let id = format!("δ = {rate}, p = {p}");
        for (name, threat) in [("any edits", &any), ("insertions", &insertions)] {
            group.bench_function(BenchmarkId::new(name, &id), |bencher| {
                bencher.iter(|| threat.radius(black_box(&bounds(p))));
            });
        }
        // What a certificate by floor of a logarithm costs, without a safe side.
        group.bench_function(BenchmarkId::new("floor of a logarithm", &id), |bencher| {
            let rate: f64 = rate.parse().expect("a number");
            bencher.iter(|| (black_box(1.5 - p).ln() / rate.ln()).floor());
        });
    }
    let rates =
        |count: usize| (0..count).map(|word| if word % 4 == 0 { "0.1" } else { "0.98" }).map(interval);
    for words in [20, 60] {
        let per_token = EditThreat::per_token(rates(words), interval("0.98"));
        group.bench_function(BenchmarkId::new("rates per token", format!("{words} words")), |bencher| {
            bencher.iter(|| per_token.radius(black_box(&bounds(0.97))));
        });
        let signal = SignalThreat::new(rates(words), interval("0.98"), interval("0.1"));
        group.bench_function(BenchmarkId::new("signal frontier", format!("{words} words")), |bencher| {
            bencher.iter(|| signal.frontier(black_box(&bounds(0.97))));
        });
    }
    group.finish();
}

/// A law over `candidates` outcomes that keeps its own one with more than half of its weight.
fn law(candidates: usize, own: usize, rng: &mut Generator) -> Vec<u64> {
    let mut weights: Vec<u64> =
        (0..candidates).map(|_| (u64::from(rng.next_u32()) >> 1) / candidates as u64).collect();
    weights[own] += (1 << 32) - weights.iter().sum::<u64>();
    weights
}

/// Texts whose words have `candidates` candidates each.
fn text(words: usize, candidates: usize) -> Vec<Vec<SubstitutionPair>> {
    let mut rng = random();
    (0..words)
        .map(|_| {
            let laws: Vec<Vec<u64>> = (0..candidates).map(|own| law(candidates, own, &mut rng)).collect();
            let pair =
                |other: &Vec<u64>| laws[0].iter().copied().zip(other.iter().copied()).collect::<Vec<_>>();
            laws.iter().skip(1).map(|other| SubstitutionPair::new(&pair(other)).expect("two laws")).collect()
        })
        .collect()
}

/// Envelopes of a text, and one bound at five words.
fn words(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("word swaps");
    for (words, candidates) in [(10, 5), (30, 5), (30, 10), (30, 30), (100, 10)] {
        let text = text(words, candidates);
        let id = format!("{words} words of {candidates} candidates");
        group.bench_function(BenchmarkId::new("envelopes composed", &id), |bencher| {
            bencher.iter_batched(|| text.clone(), SynonymThreat::new, criterion::BatchSize::SmallInput);
        });
        group.bench_function(BenchmarkId::new("envelopes composed to r = 5", &id), |bencher| {
            bencher.iter_batched(
                || text.clone(),
                |text| SynonymThreat::up_to(5, text),
                criterion::BatchSize::SmallInput,
            );
        });
        let threat = SynonymThreat::up_to(5, text);
        group.bench_function(BenchmarkId::new("bound at r = 5", &id), |bencher| {
            bencher.iter(|| threat.lower_bound(black_box(Lower::from_p(0.99)), 5));
        });
        group.bench_function(BenchmarkId::new("overlap product at r = 5", &id), |bencher| {
            bencher.iter(|| threat.overlap_bound(black_box(Lower::from_p(0.99)), 5));
        });
    }
    group.finish();
}

/// The radius when exactly k of n words are kept.
fn masks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exactly k kept");
    for (words, kept) in [(100, 10), (784, 39), (5_000, 59), (5_000, 500), (5_000, 5)] {
        let threat = AblationThreat::new(words, kept).expect("fewer kept than there are");
        let id = format!("{kept} of {words}");
        group.bench_function(BenchmarkId::new("bisection", &id), |bencher| {
            bencher.iter(|| threat.radius(black_box(&bounds(0.999))));
        });
        // The published search goes up one by one from factorial ratios.
        group.bench_function(BenchmarkId::new("one by one, in doubles", &id), |bencher| {
            bencher.iter(|| {
                let p = black_box(0.999);
                let mut none_kept = 1.0;
                (0..words).find(|&r| {
                    none_kept *= f64::from(words.saturating_sub(kept + r)) / f64::from(words - r);
                    p - 1.0 + none_kept <= 0.5
                })
            });
        });
    }
    group.finish();
}

/// Votes of groups: one input, and a test set together.
fn partitions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("votes of groups");
    group.bench_function("one input", |bencher| bencher.iter(|| certify_partition(black_box(&[6, 2, 1]))));
    for (groups, inputs) in [(9, 1_821), (20, 1_821)] {
        let mut rng = random();
        // Groups are right with probability 0.8; two classes.
        let answers = (0..groups * inputs).map(|_| usize::from(rng.next_u32() < u32::MAX / 5)).collect();
        let votes = PartitionVotes::new(groups, 2, answers).expect("whole rows");
        group.throughput(Throughput::Elements(inputs as u64));
        for r in [1, 2, 3] {
            let id = format!("{inputs} inputs, r = {r} of {groups} groups");
            group.bench_function(BenchmarkId::new("together, branch and bound", &id), |bencher| {
                bencher.iter(|| black_box(&votes).robust_together(None, r, 100_000));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, edits, words, masks, partitions);
criterion_main!(benches);
