//! Rows of the corpus: their fields, as exact numbers and as what the library takes.

use crate::oracle::{Q, approximately, half_unit, parse};
use num_traits::Signed;
use serde_json::Value;
use steadfast::certify::{Confidence, Interval};

/// A row of a section. Fields that are missing or of another type are failures, not panics.
pub(crate) struct Row<'a>(pub(crate) &'a Value);

impl<'a> Row<'a> {
    pub(crate) fn get(&self, field: &str) -> Result<&'a Value, String> {
        self.0.get(field).ok_or_else(|| format!("field {field} is missing"))
    }
    pub(crate) fn text(&self, field: &str) -> Result<&'a str, String> {
        self.get(field)?.as_str().ok_or_else(|| format!("field {field} is no text"))
    }
    pub(crate) fn count(&self, field: &str) -> Result<u64, String> {
        self.get(field)?.as_u64().ok_or_else(|| format!("field {field} is no count"))
    }
    pub(crate) fn small(&self, field: &str) -> Result<u32, String> {
        u32::try_from(self.count(field)?).map_err(|_| format!("field {field} is too large"))
    }
    pub(crate) fn truth(&self, field: &str) -> Result<bool, String> {
        self.get(field)?.as_bool().ok_or_else(|| format!("field {field} is no truth value"))
    }
    pub(crate) fn rows(&self, field: &str) -> Result<Vec<Row<'a>>, String> {
        let rows = self.get(field)?.as_array().ok_or_else(|| format!("field {field} is no list"))?;
        Ok(rows.iter().map(Row).collect())
    }
    pub(crate) fn entries(&self, field: &str) -> Result<Vec<(&'a str, &'a Value)>, String> {
        let entries = self.get(field)?.as_object().ok_or_else(|| format!("field {field} is no table"))?;
        let entries: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
        ensure(!entries.is_empty(), || format!("field {field} is empty"))?;
        Ok(entries)
    }
    /// Exactly what the field writes.
    pub(crate) fn exactly(&self, field: &str) -> Result<Q, String> {
        number(self.text(field)?)
    }
    /// The field rounds this exact value.
    pub(crate) fn rounds(&self, field: &str, exact: &Q) -> Result<(), String> {
        let text = self.text(field)?;
        rounds(text, exact).map_err(|problem| format!("{field}: {problem}"))
    }
    pub(crate) fn interval(&self, field: &str) -> Result<Interval, String> {
        interval(self.text(field)?)
    }
}

pub(crate) fn ensure(fine: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if fine { Ok(()) } else { Err(problem()) }
}

pub(crate) fn same(a: &Q, b: &Q, what: &str) -> Result<(), String> {
    ensure(a == b, || format!("{what}: {} and {}", approximately(a), approximately(b)))
}

pub(crate) fn number(text: &str) -> Result<Q, String> {
    parse(text).ok_or_else(|| format!("{text:?} is no number"))
}

pub(crate) fn interval(text: &str) -> Result<Interval, String> {
    Interval::enclosing(text).map_err(|error| error.to_string())
}

pub(crate) fn confidence(text: &str) -> Result<Confidence, String> {
    let alpha: f64 = text.parse().map_err(|_| format!("{text:?} is no α"))?;
    Confidence::alpha(alpha).map_err(|error| error.to_string())
}

/// The text writes `exact`, rounded to the nearest number with its digits.
pub(crate) fn rounds(text: &str, exact: &Q) -> Result<(), String> {
    let (written, slack) = (number(text)?, half_unit(text).ok_or("no decimal")?);
    ensure((&written - exact).abs() <= slack, || format!("{text} is not the exact {}", approximately(exact)))
}

/// A double in C's hexadecimal notation.
pub(crate) fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.strip_prefix("0x")?.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.')?;
    let digits = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let exponent = exponent.parse::<i32>().ok()? - 4 * i32::try_from(fraction.len()).ok()?;
    Some(digits as f64 * 2_f64.powi(exponent))
}
