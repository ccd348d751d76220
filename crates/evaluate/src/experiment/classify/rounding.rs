//! [`rounding`]: how far a model's logits move when only the arithmetic changes.

use crate::{
    Error,
    data::{TextTask, texts::tokenized},
    report::Table,
};
use std::{path::Path, sync::Arc};
use steadfast_model::{
    device::{Device, set_threads, threads},
    transformer::{Error as ModelError, Precision, SequenceClassifier, Subwords, TextClassifier},
};
use steadfast_perturb::{Lexicon, Tokenizer, WordId};

/// The logits of a saved model for the test texts of a task, computed in other batches, on one thread and in another precision,
/// against those computed as usual: the farthest that one moved, and how many answers turned.
///
/// The first is what [`Cautious`](steadfast_certify::Cautious) takes as `ε`.
///
/// # Errors
/// [`Error::Transformer`] for a folder without such a model.
pub fn rounding(
    saved: &Path,
    limit: Option<usize>,
    task: &TextTask,
    device: Device,
    precision: Precision,
) -> Result<Table, Error> {
    let device = device.open().map_err(ModelError::from)?;
    let lexicon = Arc::new(Lexicon::new());
    let load = |precision| {
        let model = SequenceClassifier::load(saved, device, precision)?;
        let subwords = Subwords::load(saved, model.config(), Arc::clone(&lexicon))?;
        Ok::<_, ModelError>(TextClassifier::new(model, subwords))
    };
    let test = task.test.get(..limit.unwrap_or(usize::MAX)).unwrap_or(&task.test);
    let texts: Vec<Vec<WordId>> =
        tokenized(test, &lexicon, Tokenizer::words()).into_iter().map(|(words, _)| words).collect();

    let usual = load(Precision::Single)?;
    let classes = usual.model().classes();
    let logits = usual.logits(&texts)?;
    let mut table =
        Table::new(["computed in", "farthest move of a logit", "answers turned"]).with_title(format!(
            "Against f32 in batches of 1,024 tokens on {} threads, {} texts",
            threads(),
            texts.len()
        ));
    let mut compare = |name: String, classifier: &TextClassifier| -> Result<(), Error> {
        let other = classifier.logits(&texts)?;
        let farthest = logits.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let pairs = logits.chunks_exact(classes).zip(other.chunks_exact(classes));
        let turned = pairs.filter(|(a, b)| largest(a) != largest(b)).count();
        table.push([name, format!("{farthest:.1e}"), turned.to_string()]);
        Ok(())
    };
    compare("batches of one text".to_owned(), &load(Precision::Single)?.batch_tokens(1))?;
    compare("batches of 256 tokens".to_owned(), &load(Precision::Single)?.batch_tokens(256))?;
    compare("batches of 8,192 tokens".to_owned(), &load(Precision::Single)?.batch_tokens(8_192))?;
    if precision != Precision::Single {
        compare(precision.to_string(), &load(precision)?)?;
    }
    let before = threads();
    set_threads(1);
    let compared = compare("one thread".to_owned(), &usual);
    set_threads(before);
    compared?;
    Ok(table)
}

/// The class of the largest logit, the first of equals.
fn largest(row: &[f32]) -> Option<usize> {
    let best = row.iter().enumerate().max_by(|(i, a), (j, b)| a.total_cmp(b).then(j.cmp(i)));
    best.map(|(class, _)| class)
}
