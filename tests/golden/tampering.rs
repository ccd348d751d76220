//! Excerpts of the corpus with changes in them.

use crate::{BUNDLED, COVERED, checker::Checker};
use serde_json::Value;

/// The first rows of each section, to try changes on.
pub(crate) fn excerpt() -> Value {
    let mut document: Value = serde_json::from_str(BUNDLED).unwrap();
    for (name, _, _) in COVERED {
        document[name].as_array_mut().unwrap().truncate(2);
    }
    document
}

/// What is wrong with one section of the excerpt after a change.
pub(crate) fn failures(section: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut document = excerpt();
    change(&mut document);
    Checker::default().section(&document, section, 1)
}

/// Whether a field is one of ours: what other people's code returned is not checked.
pub(crate) fn compared(field: &str) -> bool {
    !["peer", "statsmodels", "lee_released"].iter().any(|prefix| field.starts_with(prefix))
}

/// Every computed number of a row, by its path: those with too many digits to be parameters.
pub(crate) fn numbers(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter().filter(|(field, _)| compared(field)) {
                numbers(value, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                numbers(value, &format!("{path}/{index}"), found);
            }
        }
        Value::String(text) if text.len() > 19 => found.push(path.to_owned()),
        _ => {}
    }
}
