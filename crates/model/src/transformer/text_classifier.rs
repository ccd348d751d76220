//! [`TextClassifier`]: a transformer as the base classifier of smoothing.

use super::{
    Error, Precision, SequenceClassifier, Subwords,
    inference::{self, BatchLimit},
};
use siphasher::sip::SipHasher13;
use std::{hash::Hasher, path::Path, sync::Arc};
use steadfast_certify::{BoxError, ClassId, Classifier, Fingerprint, Probabilities, ScoringClassifier};
use steadfast_perturb::{Lexicon, WordId};
use tch::Device;

/// A sequence classifier that answers texts of words.
///
/// Texts become tokens by [`Subwords::encode`]: the empty text is a text like others, and long texts are truncated to the
/// model's positions here, after the noise. Equal token sequences are computed once; batches are of similar length.
///
/// The answer to one text can depend on its batch through rounding. docs/transformers.md has measurements;
/// A [`Tolerance`](steadfast_certify::Tolerance) of such a size sets near-ties apart. With one text per batch
/// ([`Self::batch_tokens`] of 1) and a fixed number of libtorch's threads, an answer depends on its text only.
///
/// ```no_run
/// use std::{path::Path, sync::Arc};
/// use steadfast_certify::Classifier as _;
/// use steadfast_model::{tch::Device, transformer::{Precision, TextClassifier}};
/// use steadfast_perturb::{Lexicon, Tokenizer};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let folder = Path::new("my-model");
/// let classifier = TextClassifier::load(folder, Arc::clone(&lexicon), Device::Cpu, Precision::Single)?;
/// let text = Tokenizer::words().tokenize(&lexicon, "a slow start, a fine end");
/// println!("class {}", classifier.classify(&[text])?[0]);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Debug)]
pub struct TextClassifier {
    model: SequenceClassifier,
    subwords: Subwords,
    limit: BatchLimit,
}

impl TextClassifier {
    /// A model and its tokenizer.
    #[must_use]
    pub const fn new(model: SequenceClassifier, subwords: Subwords) -> Self {
        Self { model, subwords, limit: BatchLimit::new(inference::TOKENS) }
    }

    /// Reads a fine-tuned model and its tokenizer from a directory in the Hugging Face layout, for texts of the words of `lexicon`.
    ///
    /// # Errors
    /// Those of [`SequenceClassifier::load`] and [`Subwords::load`].
    pub fn load(
        directory: &Path,
        lexicon: Arc<Lexicon>,
        device: Device,
        precision: Precision,
    ) -> Result<Self, Error> {
        let model = SequenceClassifier::load(directory, device, precision)?;
        let subwords = Subwords::load(directory, model.config(), lexicon)?;
        Ok(Self::new(model, subwords))
    }

    /// Computes at most `tokens` tokens at a time, padding included, and at least one text; 1,024 by default.
    #[must_use]
    pub fn batch_tokens(self, tokens: usize) -> Self {
        Self { limit: BatchLimit::new(tokens.max(1)), ..self }
    }

    /// The model.
    #[must_use]
    pub const fn model(&self) -> &SequenceClassifier {
        &self.model
    }

    /// The tokenizer.
    #[must_use]
    pub const fn subwords(&self) -> &Subwords {
        &self.subwords
    }

    /// A hash of everything on which answers depend: the model's ([`SequenceClassifier::fingerprint`]) and that of
    /// `tokenizer.json`. Votes that carry it cannot be mixed with those of another classifier.
    ///
    /// Answers may also differ in rounding, by the texts that share a batch and by the device; that is not part of it.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails.
    pub fn fingerprint(&self) -> Result<u64, Error> {
        let mut hasher = SipHasher13::new();
        hasher.write_u64(self.model.fingerprint()?);
        hasher.write_u64(self.subwords.fingerprint());
        Ok(hasher.finish())
    }

    /// Saves model and tokenizer into `directory`, in the layout that [`Self::load`] reads. The tokenizer's files are copied
    /// from where they were read. The directory must not exist yet or be empty; it appears when it is complete.
    ///
    /// # Errors
    /// Those of [`SequenceClassifier::save`]; [`Error::File`] if `tokenizer.json` is gone or has changed since it was read.
    pub fn save(&self, directory: &Path) -> Result<(), Error> {
        self.model.save(directory, self.subwords.unchanged()?)
    }

    /// Logits of each text, `texts × classes`, row by row.
    ///
    /// # Errors
    /// [`Error::Input`] for words outside the lexicon, [`Error::Undefined`] if the model computes no finite numbers,
    /// [`Error::OutOfMemory`] if not even one text fits.
    pub fn logits(&self, texts: &[impl AsRef<[WordId]>]) -> Result<Vec<f32>, Error> {
        self.token_logits(&self.encoded(texts)?)
    }

    /// The last hidden state of the first token of each text, `texts × hidden`, row by row, in single precision.
    ///
    /// # Errors
    /// As [`Self::logits`].
    pub fn first_token_states(&self, texts: &[impl AsRef<[WordId]>]) -> Result<Vec<f32>, Error> {
        inference::first_token_states(&self.model, &self.encoded(texts)?, &self.limit)
    }

    fn encoded(&self, texts: &[impl AsRef<[WordId]>]) -> Result<Vec<Vec<u32>>, Error> {
        let encode = |(index, text): (usize, &_)| {
            self.subwords.encode(AsRef::<[WordId]>::as_ref(text)).map_err(|error| error.of_input(index))
        };
        texts.iter().enumerate().map(encode).collect()
    }

    /// The class of each row of logits: that of the largest one, the first on a tie.
    #[must_use]
    pub fn answers(&self, logits: &[f32]) -> Vec<ClassId> {
        logits.chunks_exact(self.model.classes()).map(inference::largest).collect()
    }

    /// Logits of encoded texts, special tokens included: `texts × classes`, row by row.
    ///
    /// # Errors
    /// As [`Self::logits`].
    pub fn token_logits(&self, texts: &[impl AsRef<[u32]>]) -> Result<Vec<f32>, Error> {
        inference::logits(&self.model, texts, &self.limit)
    }
}

impl Classifier<Vec<WordId>> for TextClassifier {
    fn class_count(&self) -> usize {
        self.model.classes()
    }

    fn classify(&self, batch: &[Vec<WordId>]) -> Result<Vec<ClassId>, BoxError> {
        Ok(self.answers(&self.logits(batch)?))
    }

    /// The [fingerprint](Self::fingerprint); where libtorch cannot give the weights, an id that no other classifier has.
    fn classifier_id(&self) -> Fingerprint {
        match self.fingerprint() {
            Ok(weights) => Fingerprint::new("text classifier", [weights]),
            Err(_) => Fingerprint::new("unknown weights", [std::ptr::from_ref(self).addr() as u64]),
        }
    }
}

impl ScoringClassifier<Vec<WordId>> for TextClassifier {
    fn probabilities(&self, batch: &[Vec<WordId>]) -> Result<Probabilities, BoxError> {
        let mut values = self.logits(batch)?;
        values.chunks_exact_mut(self.model.classes()).for_each(softmax);
        Ok(Probabilities::new(self.model.classes(), values)?)
    }
}

/// Probabilities of one row of logits, in place.
fn softmax(row: &mut [f32]) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for logit in &mut *row {
        *logit = (*logit - largest).exp();
    }
    let sum: f32 = row.iter().sum();
    for share in row {
        *share /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_of_large_logits_are_numbers() {
        let mut row = [1e4, 1e4 - 1.0, -1e4];
        softmax(&mut row);
        assert!((row[0] - 0.731_058_6).abs() < 1e-6 && row[2] == 0.0, "{row:?}");
        assert_eq!((inference::largest(&[0.5, 2.0, 2.0]), inference::largest(&[])), (1, 0));
    }
}
