//! [`StringClassifier`]: adapts a classifier of strings to texts of word ids.

use crate::{Lexicon, WordId};
use std::sync::Arc;
use steadfast_certify::{BoxError, ClassId, Classifier, Probabilities, ScoringClassifier};

/// A classifier of strings as a classifier of word ids, for the noises of this crate: each text is written as a string, with
/// single spaces between its words.
///
/// Masks are written as `[MASK]`, like a word of that name, and a word that contains a space looks like several words. The
/// classifier then gives the same answer to different inputs, which is sound for every certificate.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::{Classifier, from_fn};
/// use steadfast_perturb::{Lexicon, StringClassifier, Tokenizer};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let exclamation = from_fn(2, |text: &String| usize::from(text.ends_with('!')));
/// let classifier = StringClassifier::new(Arc::clone(&lexicon), exclamation);
/// let text = Tokenizer::words().tokenize(&lexicon, "what a film!");
/// assert_eq!(classifier.classify(&[text])?, [1]);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Clone, Debug)]
pub struct StringClassifier<C> {
    lexicon: Arc<Lexicon>,
    classifier: C,
}

impl<C> StringClassifier<C> {
    /// `classifier` for texts of `lexicon`.
    #[must_use]
    pub const fn new(lexicon: Arc<Lexicon>, classifier: C) -> Self {
        Self { lexicon, classifier }
    }

    fn strings(&self, batch: &[Vec<WordId>]) -> Vec<String> {
        batch.iter().map(|text| self.lexicon.detokenize(text)).collect()
    }
}

impl<C: Classifier<String>> Classifier<Vec<WordId>> for StringClassifier<C> {
    fn class_count(&self) -> usize {
        self.classifier.class_count()
    }

    fn classify(&self, batch: &[Vec<WordId>]) -> Result<Vec<ClassId>, BoxError> {
        self.classifier.classify(&self.strings(batch))
    }
}

impl<C: ScoringClassifier<String>> ScoringClassifier<Vec<WordId>> for StringClassifier<C> {
    fn probabilities(&self, batch: &[Vec<WordId>]) -> Result<Probabilities, BoxError> {
        self.classifier.probabilities(&self.strings(batch))
    }
}
