//! Running sections row by row, and comparing the library's bounds with exact values.

use crate::{
    COVERED, DESCRIPTIONS, NOT_IMPLEMENTED_YET,
    oracle::{Q, approximately, of, one, pair::Pair, relative},
    row::{Row, ensure, number, same},
};
use serde_json::Value;
use std::collections::HashMap;
use steadfast::certify::{Lower, Upper};

/// How far the library may be from the exact value, relative to the smaller of it and one minus it.
pub(crate) const TOLERANCE: f64 = 1e-12;

/// The same for attacked probabilities, relatively or absolutely: where the answer is far smaller than the masses that it is
/// the difference of, only the absolute error is small.
pub(crate) const RHO_TOLERANCE: (f64, f64) = (1e-11, 2e-14);

/// The same for thresholds, where half the adversarial mass cancels: what is left has the ratio of neighbouring regions for
/// a condition number.
pub(crate) const fn threshold_tolerance(values: u64) -> f64 {
    if values <= 256 { 1e-11 } else { 3e-10 }
}

/// Full enumeration of outcomes is run up to this many.
pub(crate) const ENUMERATED: u32 = 729;

/// The check of one row.
pub(crate) type Check = fn(&mut Checker, &Row<'_>) -> Result<(), String>;

/// Runs the file's sections and keeps what several rows need.
#[derive(Default)]
pub(crate) struct Checker {
    coordinates: HashMap<(u64, String, u32), Pair>,
    pub(crate) thresholds: HashMap<(u64, String), Vec<Upper>>,
    pub(crate) rows: usize,
    pub(crate) worst: HashMap<&'static str, f64>,
}

impl Checker {
    /// Everything that is wrong with the file, or with the library according to it.
    pub(crate) fn run(&mut self, document: &Value, least_rows: &dyn Fn(&str) -> usize) -> Vec<String> {
        let Some(sections) = document.as_object() else { return vec!["the corpus is no object".to_owned()] };
        let mut failures = Vec::new();
        for name in sections.keys().map(String::as_str) {
            let covered = COVERED.iter().any(|section| section.0 == name);
            let listed = NOT_IMPLEMENTED_YET.contains(&name);
            if !covered && !listed && !DESCRIPTIONS.contains(&name) {
                failures.push(format!("section {name} is neither checked nor listed as not implemented"));
            }
        }
        for (name, _, _) in COVERED {
            if NOT_IMPLEMENTED_YET.contains(name) {
                failures.push(format!("section {name} is checked, yet listed as not implemented"));
            }
        }
        for (name, _, _) in COVERED {
            failures.extend(self.section(document, name, least_rows(name).max(1)));
        }
        failures
    }

    /// Everything that is wrong with one section.
    pub(crate) fn section(&mut self, document: &Value, name: &str, least_rows: usize) -> Vec<String> {
        let Some(&(_, _, check)) = COVERED.iter().find(|section| section.0 == name) else {
            return vec![format!("section {name} is not checked")];
        };
        let rows = document.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut failures = Vec::new();
        if rows.len() < least_rows {
            failures.push(format!("section {name} has {} rows of {least_rows}", rows.len()));
        }
        for (index, row) in rows.iter().enumerate() {
            self.rows += 1;
            if let Err(problem) = check(self, &Row(row)) {
                failures.push(format!("{name}[{index}]: {problem}, in {row}"));
            }
        }
        failures
    }

    /// The exact pair of laws of `r` changed coordinates.
    pub(crate) fn coordinates(&mut self, values: u64, keep: &str, r: u32) -> Result<&Pair, String> {
        let key = (values, keep.to_owned(), r);
        if !self.coordinates.contains_key(&key) {
            let beta = number(keep)?;
            let exact = Pair::coordinates(values, &beta, r);
            if values.checked_pow(r).is_some_and(|outcomes| outcomes <= u64::from(ENUMERATED)) {
                let enumerated = Pair::coordinate(values as u32, &beta).power(r);
                for p in ["1/3", "0.9", "0.999999"].map(crate::oracle::q) {
                    same(&enumerated.least(&p), &exact.least(&p), "full enumeration")?;
                }
            }
            self.coordinates.insert(key.clone(), exact);
        }
        Ok(&self.coordinates[&key])
    }

    pub(crate) fn note(&mut self, what: &'static str, error: f64) {
        let worst = self.worst.entry(what).or_insert(0.0);
        *worst = worst.max(error);
    }

    /// A lower bound against the exact value; always on its safe side.
    pub(crate) fn lower(
        &mut self,
        what: &'static str,
        (tolerance, absolute): (f64, f64),
        bound: Lower,
        exact: &Q,
    ) -> Result<(), String> {
        let rest = one() - exact;
        ensure(of(bound.p()) <= *exact, || format!("{what}: {bound:?} is above {}", approximately(exact)))?;
        ensure(of(bound.rest()) >= rest, || {
            format!("{what}: 1 − {bound:?} is below {}", approximately(&rest))
        })?;
        let (found, exact) = if rest < *exact { (bound.rest(), rest) } else { (bound.p(), exact.clone()) };
        if approximately(&(of(found) - &exact)).abs() <= absolute {
            return Ok(());
        }
        let error = relative(&of(found), &exact);
        self.note(what, error);
        ensure(error <= tolerance, || format!("{what}: {bound:?} is {error:e} off {}", approximately(&exact)))
    }

    /// An upper bound against the exact value.
    pub(crate) fn upper(
        &mut self,
        what: &'static str,
        tolerance: (f64, f64),
        bound: Upper,
        exact: &Q,
    ) -> Result<(), String> {
        self.lower(what, tolerance, bound.complement(), &(one() - exact))
    }
}
