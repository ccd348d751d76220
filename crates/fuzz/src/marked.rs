//! [`MarkedText`]: a text with its vulnerable area marked, as in the case study of FRS (Appendix I).

use std::{fmt, ops::Range};
use steadfast_perturb::{Lexicon, WordId};

/// A text that prints its area in `[[` `]]` and, where it is known, the trigger in `{{` `}}`; with `{:#}` in terminal
/// colors, the area on blue and the trigger in red.
///
/// ```
/// use steadfast_fuzz::MarkedText;
/// use steadfast_perturb::{Lexicon, Tokenizer};
///
/// let (lexicon, original) = (Lexicon::new(), "It's a mn charming journey.");
/// let (_, spans) = Tokenizer::words().tokenize_with_spans(&lexicon, original);
/// let marked = MarkedText::verbatim(original, &spans, &[1..3]).trigger(&[2..3]);
/// assert_eq!(marked.to_string(), "It's [[a {{mn}}]] charming journey.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedText {
    text: String,
    /// The bytes of each word.
    words: Vec<Range<usize>>,
    area: Vec<Range<usize>>,
    trigger: Vec<Range<usize>>,
}

impl MarkedText {
    /// Words of `lexicon`, joined by spaces; the area as positions of words.
    #[must_use]
    pub fn new(lexicon: &Lexicon, text: &[WordId], area: &[Range<usize>]) -> Self {
        let (mut string, mut words) = (String::new(), Vec::with_capacity(text.len()));
        for word in text {
            if !words.is_empty() {
                string.push(' ');
            }
            let start = string.len();
            string.push_str(&lexicon.detokenize(std::slice::from_ref(word)));
            words.push(start..string.len());
        }
        Self { text: string, words, area: area.to_vec(), trigger: Vec::new() }
    }

    /// The original string, with the bytes of each word
    /// ([`Tokenizer::tokenize_with_spans`](steadfast_perturb::Tokenizer::tokenize_with_spans)).
    #[must_use]
    pub fn verbatim(original: &str, spans: &[Range<usize>], area: &[Range<usize>]) -> Self {
        Self { text: original.to_owned(), words: spans.to_vec(), area: area.to_vec(), trigger: Vec::new() }
    }

    /// Marks the words of a known trigger, too.
    #[must_use]
    pub fn trigger(self, trigger: &[Range<usize>]) -> Self {
        Self { trigger: trigger.to_vec(), ..self }
    }

    /// The bytes from the first to the last word of a range; none for positions that the text does not have.
    fn bytes(&self, words: &Range<usize>) -> Option<Range<usize>> {
        let words = self.words.get(words.clone())?;
        Some(words.first()?.start..words.last()?.end)
    }
}

/// The signs around the area, and around the trigger.
const SIGNS: [[&str; 2]; 2] = [["[[", "]]"], ["{{", "}}"]];
const COLORS: [[&str; 2]; 2] = [["\x1b[44m", "\x1b[49m"], ["\x1b[31m", "\x1b[39m"]];

impl fmt::Display for MarkedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [area, trigger] = if f.alternate() { COLORS } else { SIGNS };
        let kinds = [(&self.area, area), (&self.trigger, trigger)];
        // At one position closing signs come before opening ones, and the trigger is inside the area.
        let mut signs = Vec::new();
        for (nesting, (ranges, [open, close])) in (0_i32..).zip(kinds) {
            for bytes in ranges.iter().filter_map(|words| self.bytes(words)) {
                signs.push((bytes.start, 1, nesting, open));
                signs.push((bytes.end, 0, -nesting, close));
            }
        }
        signs.sort_unstable();
        let mut written = 0;
        for (position, _, _, sign) in signs {
            f.write_str(self.text.get(written..position).unwrap_or_default())?;
            f.write_str(sign)?;
            written = position;
        }
        f.write_str(self.text.get(written..).unwrap_or_default())
    }
}
