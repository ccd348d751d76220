//! Bounds against the true least probability over every text that an attack reaches.

use super::{
    approximately, of, one,
    texts::{Laws, Text, Texts},
    weights::Fraction,
};
use std::collections::BTreeMap;
use steadfast_certify::{Interval, Lower};

/// In thousandths.
pub(crate) const PROBABILITIES: [u64; 6] = [500, 700, 900, 970, 999, 1_000];

pub(crate) fn probability(thousandths: u64) -> (Lower, Fraction) {
    let lower = Interval::enclosing(&format!("{thousandths}/1000")).unwrap().lower();
    (lower, Fraction::new(thousandths, 1_000))
}

/// How far below the exact value a bound is; never above it.
pub(crate) fn slack(bound: Lower, exact: Fraction, context: impl Fn() -> String) -> f64 {
    let exact = exact.exact();
    assert!(of(bound.p()) <= exact, "{}: {bound:?} is above {}", context(), approximately(&exact));
    assert!(
        of(bound.rest()) >= one() - &exact,
        "{}: {bound:?} is above {}",
        context(),
        approximately(&exact)
    );
    approximately(&(exact - of(bound.p())))
}

/// The least probability over many sets of attacked texts, each pair of texts looked at once.
pub(crate) struct Attacks<'a> {
    laws: &'a mut Laws,
    clean: &'a Text,
    seen: BTreeMap<Text, Vec<Fraction>>,
}

impl<'a> Attacks<'a> {
    pub(crate) fn new(laws: &'a mut Laws, clean: &'a Text) -> Self {
        Self { laws, clean, seen: BTreeMap::new() }
    }

    pub(crate) fn least(&mut self, texts: &Texts) -> Vec<Fraction> {
        let mut least: Option<Vec<Fraction>> = None;
        for text in texts {
            let values = self.seen.entry(text.clone()).or_insert_with(|| {
                let pair = self.laws.pair(self.clean, text);
                PROBABILITIES.iter().map(|&p| pair.least(probability(p).1)).collect()
            });
            match &mut least {
                None => least = Some(values.clone()),
                Some(least) => {
                    least.iter_mut().zip(values).for_each(|(least, value)| *least = (*least).min(*value));
                }
            }
        }
        least.expect("no text")
    }
}
