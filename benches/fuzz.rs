//! Speed of tree search, randomization and vote with models that cost nothing. `cargo bench --bench fuzz`.
//!
//! A figure is what fuzzing adds to the model's calls. The baseline makes the same number of mutated copies, without
//! a tree, without comparing texts and without a model.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::{hint::black_box, sync::Arc};
use steadfast::{
    certify::{
        BoxError, ClassId, Classifier, Noise, Phase, Probabilities, Rate, ScoringClassifier,
        rand_core::Rng,
        seed::{Generator, Purpose, generator},
    },
    fuzz::{Divergence, Fuzzer, MajorityVote, Randomization, Randomizer, Rates, SearchSettings},
    perturb::{Lexicon, MutationWeights, SegmentMutation, WordId, WordList},
};

/// Words of a sentence, of a long sentence, of a review.
const SIZES: [usize; 3] = [19, 60, 200];
const TEXTS: usize = 256;
const VOCABULARY: u32 = 20_000;

fn stream(sample: u64) -> Generator {
    generator(2025, Phase::Training, 0, sample, Purpose::Noise)
}

/// Two classes, for the price of a number per text.
struct Free;

impl Classifier<Vec<WordId>> for Free {
    fn class_count(&self) -> usize {
        2
    }
    fn classify(&self, batch: &[Vec<WordId>]) -> Result<Vec<ClassId>, BoxError> {
        Ok(batch.iter().map(|text| text.len() % 2).collect())
    }
}

impl ScoringClassifier<Vec<WordId>> for Free {
    fn probabilities(&self, batch: &[Vec<WordId>]) -> Result<Probabilities, BoxError> {
        let row = |text: &Vec<WordId>| {
            let p = 1.0 / (2.0 + text.len() as f32);
            [p, 1.0 - p]
        };
        Ok(Probabilities::new(2, batch.iter().flat_map(row).collect())?)
    }
}

fn texts(size: usize) -> Vec<Vec<WordId>> {
    let mut rng = stream(size as u64);
    let word = |rng: &mut Generator| WordId::from_index(1 + rng.next_u32() % VOCABULARY);
    (0..TEXTS).map(|_| (0..size).map(|_| word(&mut rng)).collect()).collect()
}

fn fuzz(criterion: &mut Criterion) {
    let lexicon = Lexicon::new();
    for index in 0..VOCABULARY {
        lexicon.intern(&format!("word{index}"));
    }
    let lexicon = Arc::new(lexicon);
    let words = (1..=VOCABULARY).map(WordId::from_index).collect();
    let mutation =
        SegmentMutation::new(MutationWeights::default(), WordList::new(words)).expect("a mutation");
    let rate = |rate| Rate::new(rate).expect("a rate");
    let rates = Rates::new(rate(0.2), rate(0.9)).expect("rates");
    let settings = Randomization::new(rates).threshold(0.7);
    let randomizer = Randomizer::new(mutation.clone(), settings).expect("a randomizer");
    let objective = Divergence::new(Free);
    let mut group = criterion.benchmark_group("fuzz");
    group.throughput(Throughput::Elements(TEXTS as u64));
    for size in SIZES {
        let texts = texts(size);
        for (budget, leaves) in [(10, 1), (10, 4), (30, 1)] {
            let settings = SearchSettings::default().budget(budget).leaves(leaves);
            let fuzzer = Fuzzer::new(Arc::clone(&lexicon), mutation.clone(), settings).expect("a fuzzer");
            let name = format!("search, budget {budget}, {leaves} at once");
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| fuzzer.search(&objective, black_box(&texts)).expect("areas"));
            });
        }
        group.bench_function(BenchmarkId::new("baseline: ten mutated copies", size), |bencher| {
            bencher.iter(|| {
                for (number, text) in texts.iter().enumerate() {
                    let mut rng = stream(number as u64);
                    let (head, tail) = text.split_at(size / 2);
                    for _ in 0..10 {
                        black_box([head, &mutation.sample(tail, &mut rng)].concat());
                    }
                }
            });
        });
        let fuzzer = Fuzzer::new(Arc::clone(&lexicon), mutation.clone(), SearchSettings::default());
        let areas = fuzzer.expect("a fuzzer").search(&objective, &texts).expect("areas");
        group.bench_function(BenchmarkId::new("randomize and vote, 20 voters", size), |bencher| {
            bencher.iter(|| {
                let mut vote = MajorityVote::new(&randomizer, &areas);
                for _ in 0..20 {
                    vote.ask(&Free).expect("answers");
                }
                vote.verdicts().expect("verdicts")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, fuzz);
criterion_main!(benches);
