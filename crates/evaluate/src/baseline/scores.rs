//! Checked answers of classifiers, and mistakes that several defences refuse alike.

use crate::Error;
use std::fmt;
use steadfast_certify::{
    ClassId, Classifier, Error as CertifyError, Probabilities, ScoringClassifier, classifier::checked_answers,
};
use steadfast_perturb::WordId;

/// One class per text.
pub(super) fn classes(
    classifier: &(impl Classifier<Vec<WordId>> + ?Sized),
    texts: &[Vec<WordId>],
) -> Result<Vec<ClassId>, Error> {
    Ok(checked_answers(classifier, texts)?)
}

/// One row of probabilities per text.
pub(super) fn probabilities(
    classifier: &(impl ScoringClassifier<Vec<WordId>> + ?Sized),
    texts: &[Vec<WordId>],
) -> Result<Probabilities, Error> {
    let found = classifier.probabilities(texts).map_err(CertifyError::Classifier)?;
    one_each("probabilities", found.rows().len(), texts.len())?;
    Ok(found)
}

/// Refuses an answer that is not one for each text.
pub(super) fn one_each(what: &'static str, found: usize, texts: usize) -> Result<(), Error> {
    if found == texts {
        return Ok(());
    }
    let problem = format!("gave {what} for {found} inputs to a batch of {texts}; expected one each");
    Err(CertifyError::Answer { problem }.into())
}

/// A setting that makes no defence.
pub(crate) fn setting(name: &'static str, given: &dyn fmt::Display, expected: impl Into<String>) -> Error {
    Error::Setting { name, given: given.to_string(), expected: expected.into() }
}
