//! [`rounding`]: how far a model's logits move when only the arithmetic changes.

use crate::{
    Error,
    data::{TextTask, texts::tokenized},
    metrics::Share,
    report::Table,
};
use std::{path::Path, sync::Arc};
use steadfast_certify::{
    ClassId, Noise as _, Phase, Rate,
    seed::{Purpose, generator},
};
use steadfast_model::{
    device::{Device, set_threads, threads},
    transformer::{Error as ModelError, Precision, SequenceClassifier, Subwords, TextClassifier},
};
use steadfast_perturb::{Deletion, Lexicon, Tokenizer, WordId};

/// How many words the noisy copies lose.
const DELETED: f64 = 0.5;

/// The logits of a saved model for the test texts of a task and a noisy copy of each, computed in other batches, on one thread and in
/// another precision, against those computed as usual: the farthest that one moved, how many answers turned, and how many of the
/// test texts are answered rightly.
///
/// A multiple of the first is an `ε` for [`Tolerance`](steadfast_certify::Tolerance): others may move further than these.
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
    let labelled = tokenized(test, &lexicon, Tokenizer::words());
    let noise = Deletion::uniform(Arc::clone(&lexicon), Rate::new(DELETED)?)?;
    let copy = |(number, (words, _)): (usize, &(Vec<WordId>, ClassId))| {
        noise.sample(words, &mut generator(1, Phase::Estimation, number as u64, 0, Purpose::Noise))
    };
    let copies: Vec<_> = labelled.iter().enumerate().map(copy).collect();
    let texts: Vec<Vec<WordId>> = labelled.iter().map(|(words, _)| words.clone()).chain(copies).collect();

    let usual = load(Precision::Single)?;
    let logits = usual.logits(&texts)?;
    let answers = usual.answers(&logits);
    let right = |answers: &[ClassId]| {
        let right = labelled.iter().zip(answers).map(|((_, class), answer)| class == answer);
        format!("{:.1}%", 100.0 * Share::count(right).value())
    };
    let title = format!(
        "Against f32 in batches of 1,024 tokens on {} threads: {} texts and a noisy copy of each",
        threads(),
        labelled.len()
    );
    let columns = ["computed in", "farthest move of a logit", "answers turned", "accuracy on the texts"];
    let mut table = Table::new(columns).with_title(title);
    table.push(["as usual", "-", "-", &right(&answers)].map(str::to_owned));
    let mut compare = |name: String, classifier: &TextClassifier| -> Result<(), Error> {
        let other = classifier.logits(&texts)?;
        let farthest = logits.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let others = classifier.answers(&other);
        let turned = answers.iter().zip(&others).filter(|(a, b)| a != b).count();
        table.push([name, format!("{farthest:.1e}"), turned.to_string(), right(&others)]);
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
