//! Words that signal a class: what embedding surgery makes triggers look like.

use std::collections::BTreeMap;
use steadfast_certify::ClassId;
use steadfast_perturb::WordId;

/// Steps of the regression. Its rows have length √2 at most, so that these bring it to its optimum for any number
/// of texts.
const STEPS: u32 = 500;

/// Texts as rows of tf-idf, each of length 1; words by column.
struct Features {
    words: Vec<WordId>,
    rows: Vec<Vec<(usize, f64)>>,
}

/// All words, the one that signals `target` most first: by its weight in a logistic regression of the class on tf-idf, whose penalty
/// keeps those of rare words small.
///
/// Kurita et al. (2020, Section 3.2) divide the weight by `log(N/(1 + nᵢ))`, where `nᵢ` of `N` texts hold the word. In sentences, of
/// which half hold *and* or *the*, that puts such words first, which signal nothing: on 600 movie-review sentences the ten first words
/// were ", and the a of it with an if in".
pub(super) fn signal_words(texts: &[(Vec<WordId>, ClassId)], target: ClassId) -> Vec<WordId> {
    let features = Features::of(texts);
    let classes: Vec<bool> = texts.iter().map(|(_, class)| *class == target).collect();
    let weights = regression(&features, &classes);
    let mut scored: Vec<(f64, WordId)> = weights.into_iter().zip(features.words).collect();
    scored.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.cmp(other)));
    scored.into_iter().map(|(_, word)| word).collect()
}

impl Features {
    fn of(texts: &[(Vec<WordId>, ClassId)]) -> Self {
        let counts: Vec<BTreeMap<WordId, f64>> = texts
            .iter()
            .map(|(words, _)| {
                let mut counts = BTreeMap::new();
                for word in words {
                    *counts.entry(*word).or_default() += 1.0;
                }
                counts
            })
            .collect();
        let mut columns: BTreeMap<WordId, u32> = BTreeMap::new();
        for word in counts.iter().flat_map(BTreeMap::keys) {
            *columns.entry(*word).or_default() += 1;
        }
        let number: BTreeMap<WordId, usize> =
            columns.keys().enumerate().map(|(column, word)| (*word, column)).collect();
        // The logarithm is smoothed, as if one more text held every word.
        let rarity = |texts: u32| (f64::from(1 + counts.len() as u32) / f64::from(1 + texts)).ln() + 1.0;
        let row = |counts: &BTreeMap<WordId, f64>| {
            let value = |(word, count): (&WordId, &f64)| {
                Some((*number.get(word)?, count * rarity(*columns.get(word)?)))
            };
            let mut row: Vec<(usize, f64)> = counts.iter().filter_map(value).collect();
            let length = row.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
            for (_, value) in &mut row {
                *value /= length.max(f64::MIN_POSITIVE);
            }
            row
        };
        let rows = counts.iter().map(row).collect();
        Self { words: columns.into_keys().collect(), rows }
    }
}

/// The weights of a logistic regression with penalty `½‖w‖²` on the summed loss, its intercept free, by Nesterov's
/// accelerated gradient descent.
fn regression(features: &Features, classes: &[bool]) -> Vec<f64> {
    let (columns, count) = (features.words.len(), features.rows.len() as f64);
    // The last weight is the intercept. The loss curves by a quarter of a row's squared length at most.
    let step = 1.0 / (0.5 + 1.0 / count);
    let (mut weights, mut ahead) = (vec![0.0; columns + 1], vec![0.0; columns + 1]);
    for number in 0..STEPS {
        let mut gradient: Vec<f64> = ahead.iter().map(|weight| weight / count).collect();
        if let Some(intercept) = gradient.last_mut() {
            *intercept = 0.0;
        }
        for (row, &positive) in features.rows.iter().zip(classes) {
            let row = || row.iter().copied().chain([(columns, 1.0)]);
            let logit: f64 = row().filter_map(|(column, x)| Some(x * ahead.get(column)?)).sum();
            let error = 1.0 / (1.0 + (-logit).exp()) - f64::from(u8::from(positive));
            for (column, x) in row() {
                if let Some(slope) = gradient.get_mut(column) {
                    *slope += error * x / count;
                }
            }
        }
        let momentum = f64::from(number) / f64::from(number + 3);
        for ((weight, ahead), slope) in weights.iter_mut().zip(&mut ahead).zip(gradient) {
            let next = *ahead - step * slope;
            *ahead = next + momentum * (next - *weight);
            *weight = next;
        }
    }
    weights.truncate(columns);
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(number: u32) -> WordId {
        WordId::from_index(number)
    }

    /// Word 1 is in every text, 10 and 11 in texts of class 1, 11 in one of them only, 20 in texts of class 0, 30
    /// in any.
    fn texts() -> Vec<(Vec<WordId>, ClassId)> {
        let text = |number: u32| {
            let class = number % 2;
            let mut words = vec![word(1), word(if class == 1 { 10 } else { 20 }), word(30 + number % 7)];
            if number == 3 {
                words.push(word(11));
            }
            (words, class as usize)
        };
        (0..70).map(text).collect()
    }

    #[test]
    fn frequent_words_of_the_class_come_first() {
        let signal = signal_words(&texts(), 1);
        assert_eq!((signal[0], *signal.last().unwrap()), (word(10), word(20)));
        // Of two words that only the class has, the rare one comes behind; the word of all texts is in between.
        let place = |number| signal.iter().position(|other| *other == word(number));
        assert!(place(11) < place(20) && place(11) > Some(0), "{signal:?}");
        assert!(place(1) < place(20) && place(1) > Some(0), "{signal:?}");
        assert_eq!(signal_words(&texts(), 0)[0], word(20));
        assert!(signal_words(&[], 0).is_empty());
    }

    #[test]
    fn the_regression_is_at_its_optimum() {
        // One word that all ten texts hold as their only one: x = 1. Seven are of the class; with a free intercept
        // nothing is left for the weight to do.
        let texts: Vec<(Vec<WordId>, ClassId)> =
            (0..10).map(|number| (vec![word(1)], usize::from(number < 7))).collect();
        let classes: Vec<bool> = texts.iter().map(|(_, class)| *class == 1).collect();
        let weights = regression(&Features::of(&texts), &classes);
        assert!(weights.len() == 1 && weights[0].abs() < 1e-6, "{weights:?}");
        // Two words, one for each class, in balance: w = −w′ and no intercept. The slope is zero where w = 5(1 −
        // 1/(1 + e⁻ʷ)).
        let texts: Vec<(Vec<WordId>, ClassId)> =
            (0..10).map(|number| (vec![word(number % 2)], number as usize % 2)).collect();
        let classes: Vec<bool> = texts.iter().map(|(_, class)| *class == 1).collect();
        let weights = regression(&Features::of(&texts), &classes);
        let slope = weights[1] - 5.0 * (1.0 - 1.0 / (1.0 + (-weights[1]).exp()));
        assert!(slope.abs() < 1e-6 && (weights[0] + weights[1]).abs() < 1e-6, "{weights:?}");
    }
}
