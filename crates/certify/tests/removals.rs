//! What is left of a class once tokens are removed, measured exactly from a classifier, against that very classifier: whatever
//! it answers, no bound may be above what it has left on any text that the edits reach.
//!
//! Rates are eighths and texts short, so that every probability is an exact double. Outside what the noise can make of the
//! clean text the classifier never answers the class, the worst it can do; inside, every table of answers is tried.

mod oracle;

use oracle::texts::{Deletion, Laws, Text, Texts, all_texts, edited, within, within_counts, within_mixture};
use rand_core::Rng;
use std::collections::{BTreeMap, BTreeSet};
use steadfast_certify::{
    ClassId, EditCounts, EditKind, EditThreat, Lower, MeasuredEditThreat, NoiseFingerprint, RemovalBounds,
    SignalBudget, SignalThreat, Threat, ThreatModel,
    seed::{Phase, Purpose, generator},
};

const KINDS: [&[EditKind]; 9] = [
    &EditKind::ALL,
    &[EditKind::Deletion],
    &[EditKind::Insertion],
    &[EditKind::Substitution],
    &[EditKind::Transposition],
    &[EditKind::Deletion, EditKind::Insertion],
    &[EditKind::Deletion, EditKind::Substitution],
    &[EditKind::Insertion, EditKind::Substitution],
    &[EditKind::Deletion, EditKind::Transposition],
];

/// A clean text and everything that the noise can make of it.
struct Universe {
    noise: Deletion,
    clean: Text,
    laws: Laws,
    kept: Vec<Text>,
    /// For each set of kept tokens, which sequence it is.
    shown: Vec<usize>,
}

impl Universe {
    fn new(noise: &Deletion, clean: &Text) -> Self {
        let subsets = (0..1_usize << clean.len()).map(|set| {
            let kept = clean.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            kept.map(|(_, &token)| token).collect::<Text>()
        });
        let subsets: Vec<Text> = subsets.collect();
        let kept: Vec<Text> = subsets.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let shown = subsets.iter().map(|text| kept.binary_search(text).unwrap()).collect();
        Self { noise: noise.clone(), clean: clean.clone(), laws: Laws::new(noise.clone()), kept, shown }
    }

    /// How probable each sequence is after the noise on `text`.
    fn law(&mut self, text: &Text) -> Vec<f64> {
        let law = self.laws.kept(text);
        let total: u64 = law.values().sum();
        let weight = |sequence| law.get(sequence).copied().unwrap_or(0) as f64 / total as f64;
        self.kept.iter().map(weight).collect()
    }

    /// The laws of many texts, each once.
    fn laws(&mut self, texts: &Texts) -> Vec<Vec<f64>> {
        let mut laws: Vec<Vec<f64>> = texts.iter().map(|text| self.law(text)).collect();
        laws.sort_by(|a, b| a.partial_cmp(b).unwrap());
        laws.dedup();
        laws
    }

    /// A table of answers as bits; the class is 1.
    fn measured(&self, table: u64) -> RemovalBounds {
        let answers: Vec<ClassId> = self.shown.iter().map(|&kept| (table >> kept & 1) as usize).collect();
        RemovalBounds::exact(Some(name()), 1, &self.noise.intervals(&self.clean), &answers).unwrap()
    }

    fn threat(&self, vocabulary: u8) -> EditThreat {
        EditThreat::per_token(self.noise.intervals(&self.clean), self.noise.interval(vocabulary))
    }

    fn tables(&self) -> u64 {
        1 << self.kept.len()
    }
}

fn name() -> NoiseFingerprint {
    NoiseFingerprint::new("deletion", [])
}

fn measured(threat: &EditThreat, removals: &RemovalBounds) -> Threat<MeasuredEditThreat> {
    Threat::new(name(), threat.clone()).measured(removals.clone()).unwrap()
}

fn probability(table: u64, law: &[f64]) -> f64 {
    law.iter().enumerate().map(|(kept, mass)| if table >> kept & 1 == 1 { *mass } else { 0.0 }).sum()
}

fn least(table: u64, laws: &[Vec<f64>]) -> f64 {
    laws.iter().map(|law| probability(table, law)).fold(1.0, f64::min)
}

/// How often measuring helped, and how often the bound was met exactly.
#[derive(Default, Debug)]
struct Seen {
    bounds: usize,
    better: usize,
    attained: usize,
}

impl Seen {
    fn compare(&mut self, bound: Lower, unmeasured: Lower, truth: f64, context: impl Fn() -> String) {
        assert!(bound.p() <= truth && bound.rest() >= 1.0 - truth, "{}: {bound:?} above {truth}", context());
        assert!(bound.p() >= unmeasured.p() && bound.rest() <= unmeasured.rest(), "{}", context());
        self.bounds += 1;
        self.better += usize::from(bound.p() > unmeasured.p() + 1e-12);
        self.attained += usize::from(truth > 0.0 && truth - bound.p() < 1e-13);
    }
}

/// Every bound for every kind of edits against every reached text, for some tables of answers.
fn check(universe: &mut Universe, vocabulary: &[u8], most: u32, tables: &[u64], seen: &mut Seen) {
    let rarest = *vocabulary.iter().min_by_key(|&&token| universe.noise.rates[usize::from(token)]).unwrap();
    let (clean, any) = (universe.clean.clone(), universe.threat(rarest));
    let measured: Vec<(u64, RemovalBounds)> =
        tables.iter().map(|&table| (table, universe.measured(table))).collect();
    for kinds in KINDS {
        let threat = any.clone().only(kinds);
        for (r, reached) in (0..).zip(within(&clean, kinds, vocabulary, most)) {
            let laws = universe.laws(&reached);
            for &(table, ref measured) in &measured {
                let bound = self::measured(&threat, measured).lower_bound(measured.top(), r);
                let unmeasured = threat.lower_bound(measured.top(), r);
                let context =
                    || format!("{:?}, {clean:?}, table {table:b}, {kinds:?}, r = {r}", universe.noise);
                seen.compare(bound, unmeasured, least(table, &laws), context);
            }
        }
    }
}

#[test]
fn every_classifier_on_short_texts() {
    let mut seen = Seen::default();
    for (rates, vocabulary) in [
        ([6, 6, 6], &[0, 1, 2][..]),
        ([2, 7, 7], &[1, 2]),
        ([2, 7, 3], &[1]),
        ([4, 4, 4], &[2]),
        ([0, 5, 8], &[1, 2]),
    ] {
        for clean in all_texts(3, 3) {
            let mut universe = Universe::new(&Deletion::eighths(&rates), &clean);
            let tables: Vec<u64> = (0..universe.tables()).collect();
            let most = if clean.len() < 3 { 3 } else { 2 };
            check(&mut universe, vocabulary, most, &tables, &mut seen);
        }
    }
    println!("{seen:?}");
    assert!(seen.better > seen.bounds / 20 && seen.attained > 10_000, "{seen:?}");
}

/// Some of the up to 2³² tables of longer texts, seeded.
#[test]
fn random_classifiers_on_longer_texts() {
    let mut rng = generator(21, Phase::Training, 0, 0, Purpose::Other(2));
    let mut seen = Seen::default();
    for rates in [[6, 6, 6], [2, 7, 7], [2, 7, 3]] {
        for (clean, most) in [
            (vec![0, 1, 2], 3),
            (vec![0, 1, 0], 3),
            (vec![0, 1, 2, 0], 2),
            (vec![1, 0, 0, 1], 2),
            (vec![0, 1, 2, 1, 0], 2),
            (vec![0, 1, 0, 1, 2], 2),
        ] {
            let mut universe = Universe::new(&Deletion::eighths(&rates), &clean);
            // Tables with few gaps, whose class is ahead, and any others.
            let mut tables: Vec<u64> = (0..120)
                .map(|table| {
                    let gaps = (0..table % 4).fold(rng.next_u64(), |gaps, _| gaps & rng.next_u64());
                    !gaps & (universe.tables() - 1)
                })
                .collect();
            tables.extend((0..universe.kept.len()).map(|gap| (universe.tables() - 1) & !(1 << gap)));
            check(&mut universe, &[1, 2], most, &tables, &mut seen);
        }
    }
    println!("{seen:?}");
    assert!(seen.better > seen.bounds / 10, "{seen:?}");
}

/// The worst classifiers of Neyman and Pearson: for some attacked text each, the class fills the copies that are likeliest from
/// the clean text, up to every threshold. All texts of up to five words of three and two edits of any kinds; some of four and
/// five words and three edits. Targets are drawn by a seed.
#[test]
fn worst_classifiers_for_given_texts() {
    let mut rng = generator(23, Phase::Training, 0, 0, Purpose::Other(2));
    let mut seen = Seen::default();
    let long = [vec![0, 1, 2, 0], vec![2, 1, 1, 0], vec![0, 1, 2, 1, 0]].map(|text| (text, 3));
    for rates in [[6, 6, 6], [2, 7, 3]] {
        let texts = all_texts(3, 5).into_iter().map(|text| (text, 2));
        for (clean, most) in texts.chain(long.clone()) {
            let mut universe = Universe::new(&Deletion::eighths(&rates), &clean);
            let spheres = within(&clean, &EditKind::ALL, &[1, 2], most);
            let spheres: Vec<Vec<Vec<f64>>> = spheres.iter().map(|texts| universe.laws(texts)).collect();
            let (clean_law, targets) = (universe.law(&clean), &spheres[most as usize]);
            let threat = universe.threat(if rates[1] < rates[2] { 1 } else { 2 });
            let mut tables = BTreeSet::new();
            for _ in 0..6 {
                let target = &targets[rng.next_u64() as usize % targets.len()];
                let mut order: Vec<usize> = (0..clean_law.len()).collect();
                order.sort_by(|&a, &b| (clean_law[b] * target[a]).total_cmp(&(clean_law[a] * target[b])));
                let mut table = 0_u64;
                for kept in order {
                    table |= 1 << kept;
                    tables.insert(table);
                }
            }
            for table in tables {
                let measured = universe.measured(table);
                for (r, laws) in (0..).zip(&spheres) {
                    let context = || format!("{rates:?}, {clean:?}, table {table:b}, r = {r}");
                    let unmeasured = threat.lower_bound(measured.top(), r);
                    let bound = self::measured(&threat, &measured).lower_bound(measured.top(), r);
                    seen.compare(bound, unmeasured, least(table, laws), context);
                }
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.better > seen.bounds / 20, "{seen:?}");
}

/// Random sequences of three to five edits of texts of four and five words, and random tables. Seeded.
#[test]
fn long_sequences() {
    let mut rng = generator(22, Phase::Training, 0, 0, Purpose::Other(2));
    let mut seen = Seen::default();
    for rates in [[2, 7, 2], [3, 7, 6], [1, 7, 3], [2, 8, 1]] {
        let noise = Deletion::eighths(&rates);
        for _ in 0..1_500 {
            let mut draw = |most: usize| rng.next_u64() as usize % most;
            let clean: Text = (0..4 + draw(2)).map(|_| draw(3) as u8).collect();
            let (mut text, mut counts) = (clean.clone(), EditCounts::default());
            for _ in 0..3 + draw(3) {
                let kind = EditKind::ALL[draw(5).min(3)];
                let reached: Vec<Text> = edited(&text, kind, &[1, 2]).into_iter().collect();
                if !reached.is_empty() {
                    text = reached[draw(reached.len())].clone();
                    counts = counts.with(kind);
                }
            }
            let mut universe = Universe::new(&noise, &clean);
            let threat = universe.threat(if rates[1] < rates[2] { 1 } else { 2 });
            let law = universe.law(&text);
            for gaps in 0..4 {
                let gaps = (1..gaps)
                    .fold(if gaps > 0 { rng.next_u64() } else { 0 }, |gaps, _| gaps & rng.next_u64());
                let table = !gaps & (universe.tables() - 1);
                let measured = universe.measured(table);
                let context = || format!("{noise:?}, {clean:?} to {text:?}, table {table:b}, {counts:?}");
                let truth = probability(table, &law);
                let unmeasured = threat.lower_bound_after(measured.top(), &counts);
                seen.compare(
                    self::measured(&threat, &measured).lower_bound_after(measured.top(), &counts),
                    unmeasured,
                    truth,
                    context,
                );
                let unmeasured = threat.lower_bound(measured.top(), counts.total());
                let bound = self::measured(&threat, &measured).lower_bound(measured.top(), counts.total());
                seen.compare(bound, unmeasured, truth, context);
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.better > seen.bounds / 20 && seen.attained > 100, "{seen:?}");
}

#[test]
fn budgets_of_every_kind() {
    let mut seen = Seen::default();
    for rates in [[6, 6], [2, 7], [7, 3]] {
        let noise = Deletion::eighths(&rates);
        for clean in [vec![], vec![0], vec![0, 1], vec![1, 1], vec![0, 1, 1], vec![1, 0, 1]] {
            let mut universe = Universe::new(&noise, &clean);
            let threat = universe.threat(u8::from(rates[0] > rates[1]));
            let mut known = BTreeMap::new();
            for index in 0_u32..256 {
                let [deletions, insertions, substitutions, transpositions] =
                    [0, 2, 4, 6].map(|shift| index >> shift & 3);
                let counts = EditCounts { deletions, insertions, substitutions, transpositions };
                if counts.total() > 3 {
                    continue;
                }
                let reached = within_counts(&clean, counts, &[0, 1], &mut known);
                let laws = universe.laws(&reached);
                for table in 0..universe.tables() {
                    let measured = universe.measured(table);
                    let bound = self::measured(&threat, &measured).lower_bound_after(measured.top(), &counts);
                    let unmeasured = threat.lower_bound_after(measured.top(), &counts);
                    let context = || format!("{noise:?}, {clean:?}, table {table:b}, {counts:?}");
                    seen.compare(bound, unmeasured, least(table, &laws), context);
                }
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.better > seen.bounds / 20 && seen.attained > 1_000, "{seen:?}");
}

#[test]
fn signal_budgets() {
    let mut seen = Seen::default();
    for rates in [[1, 2, 7], [2, 2, 6], [5, 3, 7]] {
        let noise = Deletion::eighths(&rates);
        for clean in [vec![], vec![0], vec![2], vec![0, 2], vec![0, 1], vec![0, 2, 1], vec![1, 0, 0]] {
            let mut universe = Universe::new(&noise, &clean);
            let threat = SignalThreat::new(
                noise.intervals(&clean),
                noise.interval(2),
                noise.interval(u8::from(rates[1] < rates[0])),
            );
            let inside = u8::from(rates[1] < rates[0]);
            let mut known = BTreeMap::new();
            for key in (0..4).flat_map(|a| (0..4).flat_map(move |b| (0..4).map(move |c| [a, b, c]))) {
                if key.iter().sum::<u32>() > 3 {
                    continue;
                }
                let reached = within_mixture(&clean, key, [2, inside], &mut known);
                let budget = SignalBudget { outside: key[0], inside: key[1], own: key[2] };
                let laws = universe.laws(&reached);
                for table in 0..universe.tables() {
                    let measured = universe.measured(table);
                    let bound = Threat::new(name(), threat.clone())
                        .measured(measured.clone())
                        .unwrap()
                        .lower_bound_after(measured.top(), budget);
                    let unmeasured = threat.lower_bound_after(measured.top(), budget);
                    let context = || format!("{noise:?}, {clean:?}, table {table:b}, {budget:?}");
                    seen.compare(bound, unmeasured, least(table, &laws), context);
                }
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.better > seen.bounds / 20, "{seen:?}");
}

/// By summing over subsets, one set of removed tokens at a time.
#[test]
fn exact_bounds_are_the_least_of_each_size() {
    for rates in [[6, 6, 6], [2, 7, 3], [0, 8, 5]] {
        let clean = vec![0, 1, 2, 1];
        let universe = Universe::new(&Deletion::eighths(&rates), &clean);
        for table in (0..universe.tables()).step_by(37) {
            let measured = universe.measured(table);
            let mut least = [1.0_f64; 5];
            for set in 0_usize..16 {
                let left = (0_usize..16).filter(|kept| kept & set == 0).map(|kept| {
                    let mass = (0..4).filter(|at| set >> at & 1 == 0).map(|at| {
                        let rate = rates[usize::from(clean[at])] as f64 / 8.0;
                        if kept >> at & 1 == 1 { 1.0 - rate } else { rate }
                    });
                    let answered = table >> universe.shown[kept] & 1 == 1;
                    if answered { mass.product::<f64>() } else { 0.0 }
                });
                let size = set.count_ones() as usize;
                least[size] = least[size].min(left.sum());
            }
            for (size, least) in least.into_iter().enumerate() {
                let bound = measured.of_size(size);
                assert!(bound.p() <= least && bound.p() > least - 1e-14, "{bound:?}, {least}");
                assert!(bound.rest() >= 1.0 - least && bound.rest() < 1.0 - least + 1e-14);
            }
        }
    }
}

/// Words that are seldom deleted stand far apart and meet once those between them are gone.
#[test]
fn words_meet_once_those_between_are_gone() {
    let noise = Deletion::eighths(&[2, 7, 3]);
    let mut universe = Universe::new(&noise, &vec![0, 1, 1, 2]);
    let threat = universe.threat(1);
    // Whatever the noise makes of the clean text is answered with the class.
    let table = universe.tables() - 1;
    let measured = universe.measured(table);
    let after = |deletions| {
        let counts = EditCounts { deletions, transpositions: 1, ..EditCounts::default() };
        self::measured(&threat, &measured).lower_bound_after(measured.top(), &counts)
    };
    let truth = probability(table, &universe.law(&vec![2, 0]));
    assert_eq!(truth, 1.0 - 0.75 * 0.625);
    assert!(after(2).p() <= truth && after(2).p() > truth - 1e-14);
    // With one of those between them left they cannot, and each of them can pass the one left.
    assert!((after(1).p() - (1.0 - 0.75 * 0.125)).abs() < 1e-14);
    let moved = universe.laws(&within(&vec![0, 1, 2], &[EditKind::Transposition], &[], 1)[1]);
    assert!((after(1).p() - least(table, &moved)).abs() < 1e-14);
}
