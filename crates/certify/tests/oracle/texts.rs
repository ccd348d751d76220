//! Short texts of few token types: every text within some edits, and the law of what deletion noise keeps of one.

use super::weights::{Fraction, Weights};
use std::collections::{BTreeMap, BTreeSet};
use steadfast_certify::{EditCounts, EditKind, Interval};

pub(crate) type Text = Vec<u8>;
pub(crate) type Texts = BTreeSet<Text>;

/// All texts of so many token types and at most so many tokens.
pub(crate) fn all_texts(types: u8, longest: usize) -> Vec<Text> {
    let mut texts = vec![Text::new()];
    let mut first = 0;
    for _ in 0..longest {
        let last = texts.len();
        for text in first..last {
            for token in 0..types {
                let mut longer = texts[text].clone();
                longer.push(token);
                texts.push(longer);
            }
        }
        first = last;
    }
    texts
}

/// Everything that one edit of this kind makes of a text, where the attacker brings in tokens of `vocabulary`.
pub(crate) fn edited(text: &Text, kind: EditKind, vocabulary: &[u8]) -> Texts {
    let changed = |edit: &dyn Fn(&mut Text)| {
        let mut text = text.clone();
        edit(&mut text);
        text
    };
    let places = 0..text.len();
    match kind {
        EditKind::Deletion => places
            .map(|at| {
                changed(&|text| {
                    text.remove(at);
                })
            })
            .collect(),
        EditKind::Insertion => (0..=text.len())
            .flat_map(|at| vocabulary.iter().map(move |&token| (at, token)))
            .map(|(at, token)| changed(&|text| text.insert(at, token)))
            .collect(),
        EditKind::Substitution => places
            .flat_map(|at| vocabulary.iter().map(move |&token| (at, token)))
            .map(|(at, token)| changed(&|text| text[at] = token))
            .collect(),
        EditKind::Transposition => (1..text.len()).map(|at| changed(&|text| text.swap(at - 1, at))).collect(),
    }
}

/// One more edit of each of these kinds, in place of nothing.
pub(crate) fn extended(texts: &Texts, kinds: &[EditKind], vocabulary: &[u8]) -> Texts {
    let edited =
        texts.iter().flat_map(|text| kinds.iter().flat_map(move |&kind| edited(text, kind, vocabulary)));
    edited.chain(texts.iter().cloned()).collect()
}

/// Texts within `0, 1, …, most` edits of these kinds.
pub(crate) fn within(text: &Text, kinds: &[EditKind], vocabulary: &[u8], most: u32) -> Vec<Texts> {
    let mut reached = vec![Texts::from([text.clone()])];
    for _ in 0..most {
        let texts = extended(&reached[reached.len() - 1], kinds, vocabulary);
        reached.push(texts);
    }
    reached
}

/// Every text that is reached with at most these numbers of edits, in every order.
pub(crate) fn within_counts(
    text: &Text,
    counts: EditCounts,
    vocabulary: &[u8],
    known: &mut BTreeMap<[u32; 4], Texts>,
) -> Texts {
    let EditCounts { deletions, insertions, substitutions, transpositions } = counts;
    let key = [deletions, insertions, substitutions, transpositions];
    if let Some(texts) = known.get(&key) {
        return texts.clone();
    }
    let mut texts = Texts::from([text.clone()]);
    for (index, kind) in EditKind::ALL.into_iter().enumerate() {
        let mut fewer = key;
        if fewer[index] == 0 {
            continue;
        }
        fewer[index] -= 1;
        let [deletions, insertions, substitutions, transpositions] = fewer;
        let fewer = EditCounts { deletions, insertions, substitutions, transpositions };
        let before = within_counts(text, fewer, vocabulary, known);
        texts.extend(before.iter().flat_map(|text| edited(text, kind, vocabulary)));
        texts.extend(before);
    }
    known.insert(key, texts.clone());
    texts
}

/// Every text that is reached with at most so many insertions of the first and of the second token, and edits of the text's
/// own tokens, in every order.
pub(crate) fn within_mixture(
    text: &Text,
    budget: [u32; 3],
    [first, second]: [u8; 2],
    known: &mut BTreeMap<[u32; 3], Texts>,
) -> Texts {
    if let Some(texts) = known.get(&budget) {
        return texts.clone();
    }
    let mut texts = Texts::from([text.clone()]);
    for (index, kinds, token) in [
        (0, &[EditKind::Insertion][..], first),
        (1, &[EditKind::Insertion][..], second),
        (2, &[EditKind::Deletion, EditKind::Transposition][..], second),
    ] {
        let mut fewer = budget;
        if fewer[index] > 0 {
            fewer[index] -= 1;
            let before = within_mixture(text, fewer, [first, second], known);
            texts.extend(extended(&before, kinds, &[token]));
        }
    }
    known.insert(budget, texts.clone());
    texts
}

/// Deletion noise: a token of type `w` is deleted with probability `rates[w] / unit`.
#[derive(Clone, Debug)]
pub(crate) struct Deletion {
    pub(crate) unit: u64,
    pub(crate) rates: Vec<u64>,
}

impl Deletion {
    pub(crate) fn eighths(rates: &[u64]) -> Self {
        Self { unit: 8, rates: rates.to_vec() }
    }

    fn rate(&self, token: u8) -> u64 {
        self.rates[usize::from(token)]
    }

    pub(crate) fn interval(&self, token: u8) -> Interval {
        let rate = self.rate(token) as f64 / self.unit as f64;
        let interval = Interval::enclosing(&rate.to_string()).unwrap();
        assert!(self.unit != 8 || interval.is_exact());
        interval
    }

    pub(crate) fn intervals(&self, text: &Text) -> Vec<Interval> {
        text.iter().map(|&token| self.interval(token)).collect()
    }

    /// The weight of every sequence of kept tokens, in units of `unit` to the power of minus the length.
    pub(crate) fn kept(&self, text: &Text) -> BTreeMap<Text, u64> {
        let mut kept = BTreeMap::from([(Text::new(), 1)]);
        for &token in text {
            let mut next = BTreeMap::new();
            for (sequence, weight) in kept {
                let mut longer = sequence.clone();
                longer.push(token);
                *next.entry(longer).or_insert(0) += weight * (self.unit - self.rate(token));
                *next.entry(sequence).or_insert(0) += weight * self.rate(token);
            }
            kept = next;
        }
        kept.retain(|_, weight| *weight > 0);
        kept
    }
}

/// The laws of every text that is asked for, remembered.
#[derive(Debug)]
pub(crate) struct Laws {
    pub(crate) noise: Deletion,
    kept: BTreeMap<Text, BTreeMap<Text, u64>>,
}

impl Laws {
    pub(crate) fn new(noise: Deletion) -> Self {
        Self { noise, kept: BTreeMap::new() }
    }

    pub(crate) fn kept(&mut self, text: &Text) -> &BTreeMap<Text, u64> {
        let noise = &self.noise;
        self.kept.entry(text.clone()).or_insert_with(|| noise.kept(text))
    }

    pub(crate) fn pair(&mut self, clean: &Text, attacked: &Text) -> Weights {
        self.kept(attacked);
        let mut outcomes: BTreeMap<&Text, (u64, u64)> = BTreeMap::new();
        let noise = &self.noise;
        let clean = self.kept.entry(clean.clone()).or_insert_with(|| noise.kept(clean)).clone();
        for (sequence, &weight) in &clean {
            outcomes.entry(sequence).or_default().0 = weight;
        }
        for (sequence, &weight) in &self.kept[attacked] {
            outcomes.entry(sequence).or_default().1 = weight;
        }
        Weights::new(outcomes.into_values())
    }

    /// The least probability that a class can have after the noise on any of these texts.
    pub(crate) fn least(&mut self, clean: &Text, attacked: &Texts, p: Fraction) -> Fraction {
        attacked.iter().map(|text| self.pair(clean, text).least(p)).min().expect("no text")
    }
}
