//! Speed of noises of texts and of edit distances. `cargo bench --bench perturb`.
//!
//! Noises are drawn as smoothing draws them: through the trait, each sample from a generator of its own, whose set-up counts.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::{hint::black_box, sync::Arc};
use steadfast::{
    certify::{
        Noise, Phase, Rate,
        rand_core::Rng,
        seed::{Generator, Purpose, generator},
    },
    perturb::{
        Deletion, ExactMasking, Lexicon, Masking, Mutation, MutationWeights, Partition, Row, Substitution,
        Tokenizer, WordId, WordList,
        edit::{
            align, damerau_levenshtein, damerau_levenshtein_within,
            optimal_string_alignment_characters_within,
        },
    },
};

/// Words of a sentence, of a long sentence, of a review.
const SIZES: [usize; 3] = [19, 60, 200];
const VOCABULARY: u32 = 20_000;

fn stream(sample: u64) -> Generator {
    generator(2020, Phase::Estimation, 0, sample, Purpose::Noise)
}

fn lexicon() -> Arc<Lexicon> {
    let lexicon = Lexicon::new();
    for index in 0..VOCABULARY {
        lexicon.intern(&format!("word{index}"));
    }
    Arc::new(lexicon)
}

/// Words that follow no pattern, one of `words` each.
fn text(length: usize, words: u32, seed: u64) -> Vec<WordId> {
    let mut rng = stream(seed);
    (0..length).map(|_| WordId::from_index(1 + rng.next_u32() % words)).collect()
}

fn rate(probability: f64) -> Rate {
    Rate::new(probability).expect("a rate")
}

/// Up to 16 candidates for every word, equally likely but for the remainder.
fn table(lexicon: &Arc<Lexicon>) -> Substitution {
    let mut rng = stream(u64::MAX);
    let rows = (1..=VOCABULARY).map(|index| {
        let count = 1 + u64::from(rng.next_u32() % 16);
        let share = (1 << 32) / count;
        let candidates = (0..count).map(|step| {
            let candidate = 1 + (u64::from(index) + step * 1_000) % u64::from(VOCABULARY);
            let rest = if step == 0 { (1 << 32) - share * count } else { 0 };
            (WordId::from_index(candidate as u32), share + rest)
        });
        Row::new(WordId::from_index(index), candidates)
    });
    Substitution::new(Arc::clone(lexicon), rows).expect("a table")
}

fn noises(criterion: &mut Criterion) {
    let lexicon = lexicon();
    let substitution = table(&lexicon);
    let masking = Masking::new(Arc::clone(&lexicon), rate(0.7)).expect("a noise");
    let partition = Partition::new(Arc::clone(&lexicon), 5).expect("groups");
    let words = (1..=VOCABULARY).map(WordId::from_index).collect();
    let mutation = Mutation::new(5, MutationWeights::default(), WordList::new(words)).expect("a noise");
    let mut group = criterion.benchmark_group("noise");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let text = text(size, VOCABULARY, size as u64);
        let mut bench = |name: &str, noise: &dyn Noise<Input = [WordId], Sample = Vec<WordId>>| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let mut sample = 0;
                bencher.iter(|| {
                    sample += 1;
                    noise.sample(black_box(&text), &mut stream(sample))
                });
            });
        };
        for probability in [0.1, 0.5, 0.9] {
            let uniform = Deletion::uniform(Arc::clone(&lexicon), rate(probability)).expect("a noise");
            bench(&format!("deletion δ = {probability}"), &uniform);
            bench(&format!("baseline: one f64 per word, δ = {probability}"), &PlainDeletion(probability));
        }
        let kept = (1..2_000).map(|index| (WordId::from_index(index), rate(0.2)));
        let per_word = Deletion::per_word(Arc::clone(&lexicon), kept, rate(0.98)).expect("a noise");
        bench("deletion per word", &per_word);
        bench("masking", &masking);
        let exact = ExactMasking::new(Arc::clone(&lexicon), (size / 4) as u32).expect("a noise");
        bench("exact masking", &exact);
        bench("substitution", &substitution);
        bench("five mutations", &mutation);
        group.bench_function(BenchmarkId::new("partition into 5", size), |bencher| {
            bencher.iter(|| partition.split(black_box(&text)));
        });
        // What no sample can do without.
        group.bench_function(BenchmarkId::new("baseline: generator and its first number", size), |bencher| {
            let mut sample = 0;
            bencher.iter(|| {
                sample += 1;
                stream(sample).next_u64()
            });
        });
    }
    group.finish();
}

/// The plain way: a uniform double per word, compared with the rate.
#[derive(Debug)]
struct PlainDeletion(f64);

impl Noise for PlainDeletion {
    type Input = [WordId];
    type Sample = Vec<WordId>;
    fn sample(&self, input: &[WordId], rng: &mut dyn Rng) -> Vec<WordId> {
        let unit = |number: u64| (number >> 11) as f64 / (1_u64 << 53) as f64;
        input.iter().copied().filter(|_| unit(rng.next_u64()) >= self.0).collect()
    }
}

fn distances(criterion: &mut Criterion) {
    for (name, edits) in [("distance, 4 edits apart", 4), ("distance, unrelated", 0)] {
        let mut group = criterion.benchmark_group(name);
        for size in [20, 60, 200] {
            group.throughput(Throughput::Elements(size as u64));
            let a = text(size, 1_000, 1);
            let b = if edits == 0 { text(size, 1_000, 2) } else { edited(&a) };
            // For the string functions, a character for each word.
            let characters = |words: &[WordId]| {
                words.iter().filter_map(|word| char::from_u32(0x400 + word.index())).collect::<String>()
            };
            let (x, y) = (characters(&a), characters(&b));
            group.bench_function(BenchmarkId::new("Damerau–Levenshtein within 5", size), |bencher| {
                bencher.iter(|| damerau_levenshtein_within(black_box(&a), black_box(&b), 5));
            });
            group.bench_function(BenchmarkId::new("Damerau–Levenshtein", size), |bencher| {
                bencher.iter(|| damerau_levenshtein(black_box(&a), black_box(&b)));
            });
            group.bench_function(
                BenchmarkId::new("baseline: strsim Damerau–Levenshtein", size),
                |bencher| {
                    bencher.iter(|| strsim::generic_damerau_levenshtein(black_box(&a), black_box(&b)));
                },
            );
            group.bench_function(BenchmarkId::new("alignment within 5", size), |bencher| {
                bencher.iter(|| align(black_box(&a), black_box(&b), 5));
            });
            group.bench_function(
                BenchmarkId::new("string alignment within 5, characters", size),
                |bencher| {
                    bencher
                        .iter(|| optimal_string_alignment_characters_within(black_box(&x), black_box(&y), 5));
                },
            );
            group.bench_function(
                BenchmarkId::new("baseline: strsim string alignment, characters", size),
                |bencher| {
                    bencher.iter(|| strsim::osa_distance(black_box(&x), black_box(&y)));
                },
            );
        }
        group.finish();
    }
}

/// An edit of each kind, at both ends and in the middle, so that nothing can be trimmed.
fn edited(words: &[WordId]) -> Vec<WordId> {
    let mut edited = words.to_vec();
    let (middle, last) = (words.len() / 2, words.len() - 1);
    edited[0] = WordId::from_index(2_000);
    edited[last] = WordId::from_index(3_000);
    edited.swap(middle / 2, middle / 2 + 1);
    edited.insert(middle, WordId::from_index(4_000));
    edited
}

fn tokens(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tokenizer");
    let lexicon = Lexicon::new();
    for size in SIZES {
        let words: Vec<&str> = ["A", "well-made,", "funny", "film", "-", "isn't", "it?", "Étude"]
            .into_iter()
            .cycle()
            .take(size)
            .collect();
        let text = words.join(" ");
        group.throughput(Throughput::Bytes(text.len() as u64));
        for (name, tokenizer) in [
            ("words, lower case", Tokenizer::words().lower_case(true)),
            ("white space", Tokenizer::white_space()),
        ] {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| tokenizer.tokenize(&lexicon, black_box(&text)));
            });
        }
    }
    group.finish();
}

criterion_group!(perturb, noises, distances, tokens);
criterion_main!(perturb);
