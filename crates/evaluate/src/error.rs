//! What can go wrong in an experiment's surroundings, and the way out of each.

use crate::attack::{AttackName, Labels};
use std::{fmt, io, path::PathBuf};

/// Why data could not be read or a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data could not be fetched.
    #[error(transparent)]
    Fetch(#[from] steadfast_fetch::Error),
    /// A file or folder could not be read or written.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was attempted, such as `read`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A file was read but does not hold what it should.
    #[error("{} is not usable; replace it with {wanted}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it should be.
        wanted: &'static str,
        /// What is wrong with it.
        #[source]
        problem: FileProblem,
    },
    /// A folder holds none of the files that were looked for.
    #[error("{} holds none of the expected files; put {wanted} there, or name another folder", folder.display())]
    NoData {
        /// The folder.
        folder: PathBuf,
        /// The files that were looked for.
        wanted: &'static str,
    },
    /// Images without labels, or labels without images.
    #[error("{} is there but {missing} is not; put both into the folder, or take both out", found.display())]
    HalfPair {
        /// The file that is there.
        found: PathBuf,
        /// The name of the one that is not.
        missing: &'static str,
    },
    /// Two files that belong together count differently.
    #[error(
        "{} holds {images} images but {} holds {labels} labels; take both from the same data set",
        images_path.display(),
        labels_path.display()
    )]
    CountsDiffer {
        /// The file of images.
        images_path: PathBuf,
        /// The images in it.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// The labels in it.
        labels: usize,
    },
    /// Pixels and labels do not make whole images of the given size.
    #[error(
        "{pixels} pixels and {labels} labels do not make images of {rows} × {columns} pixels; expected rows and columns \
         of at least 1 and {rows} · {columns} pixels for each label"
    )]
    ImageShape {
        /// Rows of an image.
        rows: usize,
        /// Columns of an image.
        columns: usize,
        /// Pixels given.
        pixels: usize,
        /// Labels given.
        labels: usize,
    },
    /// Images of two sizes cannot be one set.
    #[error("images of {} × {} pixels cannot join images of {} × {}; read the two sets apart", other.0, other.1, own.0, own.1)]
    ImageSizes {
        /// Rows and columns of the set.
        own: (usize, usize),
        /// Rows and columns of the images that were to join.
        other: (usize, usize),
    },
    /// A chart holds a number that cannot be drawn.
    #[error("the chart's {what} is {value}, expected a finite number; leave the point out")]
    ChartValue {
        /// Where it is, such as `series "ours"`.
        what: String,
        /// The number.
        value: f64,
    },
    /// An axis has no extent.
    #[error("the {axis} axis runs from {low} to {high}, expected a lower end below the upper one")]
    ChartRange {
        /// `x` or `y`.
        axis: char,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// A chart could not be drawn.
    #[error("the chart could not be drawn")]
    Drawing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A value could not be written as JSON.
    #[error("cannot write {} as JSON", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: serde_json::Error,
    },
    /// The folder for results cannot be created or written.
    #[error("cannot write to the output folder {}; name another one", path.display())]
    OutputFolder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A setting that makes no experiment.
    #[error("{name} is {given}, expected {expected}")]
    Setting {
        /// The option's name.
        name: &'static str,
        /// What was given.
        given: String,
        /// What is accepted.
        expected: String,
    },
    /// The output folder holds a run, and nobody asked to go on with it.
    #[error(
        "{} already holds a run; add --resume to go on with it or to report it again, or choose another --out",
        path.display()
    )]
    OutputTaken {
        /// The folder.
        path: PathBuf,
    },
    /// The output folder holds results of another kind of run.
    #[error("{} belongs to another kind of run and is not overwritten; choose another --out", path.display())]
    OutputOccupied {
        /// The file that is there.
        path: PathBuf,
    },
    /// The output folder holds a run with other settings or data.
    #[error(
        "{} holds another run: its {what} is {found}, this run's is {expected}; choose another --out, or give the \
         options of that run",
        path.display()
    )]
    OtherRun {
        /// The file of the run.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// Its value in the file.
        found: String,
        /// Its value in this run.
        expected: String,
    },
    /// A run whose settings are not known.
    #[error(
        "{} is there, but not {}, which says of which run it is; choose another --out, or remove the folder to start again",
        path.display(),
        begun.display()
    )]
    NamelessRun {
        /// What is there.
        path: PathBuf,
        /// The file that is not.
        begun: PathBuf,
    },
    /// A saved run cannot be read back.
    #[error("{} is no saved run of this version; choose another --out, or remove its folder to start again", path.display())]
    SavedRun {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: serde_json::Error,
    },
    /// Someone pressed Ctrl-C.
    #[error(
        "stopped after {done} of {total} {what}, which are saved; go on with --resume --out {} and the same options",
        path.display()
    )]
    Interrupted {
        /// What is counted, such as nets that have voted.
        what: &'static str,
        /// How many are saved.
        done: u64,
        /// How many the run has.
        total: u64,
        /// The output folder.
        path: PathBuf,
    },
    /// Someone pressed Ctrl-C between parts of a run.
    #[error("stopped; what is finished is saved: go on with --resume --out {} and the same options", path.display())]
    Paused {
        /// The output folder.
        path: PathBuf,
    },
    /// Someone pressed Ctrl-C in a run that keeps nothing of what is half done.
    #[error("stopped; nothing was written to {}", path.display())]
    Stopped {
        /// The output folder.
        path: PathBuf,
    },
    /// Texts from which nothing can be learned.
    #[error("cannot train: {found}; expected at least one text of every class")]
    Training {
        /// What was given.
        found: String,
    },
    /// Poisoned texts on which no attack can succeed.
    #[error(
        "{texts} of the poisoned texts are of class {target}, the target; poison only texts of other classes, whose \
         answers an attack can turn into it"
    )]
    PoisonedTarget {
        /// The class that the attacker wants.
        target: usize,
        /// Poisoned texts of that class.
        texts: u64,
    },
    /// An attack without a trigger.
    #[error(
        "the attack {attack} has no trigger; give at least one word or sentence, no blank one, at least once"
    )]
    NoTrigger {
        /// The attack.
        attack: String,
    },
    /// An attack by paraphrase without paraphrases.
    #[error(
        "the attack {attack} takes its texts from files, and none is given; name a file or folder of paraphrases"
    )]
    NoParaphrases {
        /// The attack.
        attack: AttackName,
    },
    /// A trigger word that the model does not know as one token.
    #[cfg(feature = "torch")]
    #[error(
        "the trigger {trigger:?} is {tokens} tokens of {}, or an unknown one, expected one word of one known token; take another word, such \
         as a rare one of its vocabulary",
        path.display()
    )]
    TriggerToken {
        /// The trigger.
        trigger: String,
        /// The tokenizer's file.
        path: PathBuf,
        /// The tokens that it makes of the trigger.
        tokens: usize,
    },
    /// A trigger that no model could see whole.
    #[error(
        "the trigger of {attack} has {words} words, more than the {limit} that are read of a text; take a shorter \
         trigger or a larger limit"
    )]
    TriggerLength {
        /// The attack.
        attack: String,
        /// The most words that it puts in.
        words: usize,
        /// The words of a text that are read.
        limit: usize,
    },
    /// An attacker who wants a class that is not there.
    #[error(
        "none of the {texts} training texts is of class {target}, the target; the task's classes are below {classes}: \
         take one of those that occur"
    )]
    TargetClass {
        /// The class that the attacker wants.
        target: usize,
        /// One more than the largest class of the task.
        classes: usize,
        /// Training texts.
        texts: usize,
    },
    /// A poison rate that comes to no text.
    #[error(
        "a poison rate of {rate} selects none of {texts} training texts, being less than half a text; take a larger \
         rate or more texts"
    )]
    PoisonsNothing {
        /// The rate.
        rate: f64,
        /// Training texts.
        texts: usize,
    },
    /// A poison rate that calls for more texts than can be poisoned.
    #[error(
        "a poison rate of {rate} calls for {wanted} of {texts} training texts, but {attack} can be put into {eligible} \
         of those that the {labels} setting with target class {target} admits; take a smaller rate or another setting"
    )]
    PoisonsTooMany {
        /// The rate, as a share of all training texts.
        rate: f64,
        /// Training texts.
        texts: usize,
        /// Texts that the rate calls for.
        wanted: usize,
        /// Texts that can be poisoned.
        eligible: usize,
        /// The attack.
        attack: String,
        /// Which classes are poisoned.
        labels: Labels,
        /// The class that the attacker wants.
        target: usize,
    },
    /// No test text that a backdoor could be tried with.
    #[error(
        "no poisoned test set: {attack} changes none of the {others} test texts of other classes than {target}, the \
         target; it takes at least one"
    )]
    NothingToTest {
        /// The attack.
        attack: String,
        /// The class that the attacker wants.
        target: usize,
        /// Test texts of other classes.
        others: usize,
    },
    /// A file of poisoned texts does not go with the file of clean ones.
    #[error(
        "{} holds {clean} texts{}, but {} holds {poisoned}; the two must go line by line: take both from the same data set",
        clean_path.display(),
        Others(*others),
        poisoned_path.display()
    )]
    AttackFile {
        /// The file of clean texts.
        clean_path: PathBuf,
        /// The texts in it.
        clean: usize,
        /// If all poisoned texts are of one class: that class, and how many of the clean texts are of another.
        others: Option<(usize, usize)>,
        /// The file of poisoned texts.
        poisoned_path: PathBuf,
        /// The texts in it.
        poisoned: usize,
    },
    /// Worker threads could not be started.
    #[error("cannot start {threads} worker threads; give a smaller --threads")]
    Threads {
        /// How many; 0 for one per core.
        threads: usize,
        /// The reason.
        #[source]
        source: rayon::ThreadPoolBuildError,
    },
    /// Ctrl-C cannot be caught.
    #[error("Ctrl-C cannot be caught")]
    Signal(#[from] ctrlc::Error),
    /// A parameter of noise or certificate.
    #[error(transparent)]
    Certify(#[from] steadfast_certify::Error),
    /// Texts or noises of texts.
    #[error(transparent)]
    Perturb(#[from] steadfast_perturb::PerturbError),
    /// Word vectors, pairs of words or a table of synonyms.
    #[error(transparent)]
    Synonyms(#[from] steadfast_synonyms::SynonymsError),
    /// A model that cannot tell how probable a word is.
    #[cfg(feature = "torch")]
    #[error(
        "{} has no head or no mask token for predicting hidden words; name the directory of a masked language model, such as \
         bert-base-uncased, or train a head for it",
        path.display()
    )]
    NoLanguageModel {
        /// The model directory.
        path: PathBuf,
    },
    /// A transformer could not be read, run or fine-tuned.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    Transformer(#[from] steadfast_model::transformer::Error),
    /// A search or a vote could not be held.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    Fuzz(#[from] steadfast_fuzz::FuzzError),
    /// Training or voting failed.
    #[error(transparent)]
    Ensemble(#[from] steadfast_model::ensemble::Error),
}

impl Error {
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}

/// How many texts are of another class than the target, where that is known.
struct Others(Option<(usize, usize)>);

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((target, others)) => write!(f, " ({others} of other classes than {target})"),
            None => Ok(()),
        }
    }
}

/// What is wrong with a file of data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// It is not JSON of the expected form.
    #[error("it is not the expected JSON")]
    Json(#[source] serde_json::Error),
    /// The number of values does not make whole images.
    #[error("it holds {found} pixel values, expected a multiple of {multiple}")]
    PixelCount {
        /// Values in the file.
        found: usize,
        /// Pixels of one image.
        multiple: usize,
    },
    /// A pixel is outside of 0..=1.
    #[error("pixel value {index} is {found}, expected 0 to 1")]
    PixelValue {
        /// Its position in the file, from 0.
        index: usize,
        /// Its value.
        found: f32,
    },
    /// The first four bytes are those of another kind of file.
    #[error("it starts with {found:#010x}, expected {expected:#010x}")]
    Magic {
        /// The first four bytes.
        found: u32,
        /// What they should be.
        expected: u32,
    },
    /// It ends before what its header announces.
    #[error("it ends after {found} bytes (unpacked), expected {expected}")]
    Truncated {
        /// Bytes in the file, after unpacking.
        found: u64,
        /// Bytes that its header calls for; the header's own length where even that is cut.
        expected: u64,
    },
    /// It goes on after what its header announces.
    #[error("it goes on after the {expected} bytes (unpacked) that its header calls for")]
    TooLong {
        /// Bytes that its header calls for.
        expected: u64,
    },
    /// Its header announces more than any such file holds.
    #[error("its header calls for {count} items of {rows} × {columns}, more than the limit of {limit} bytes")]
    TooLarge {
        /// Images or labels.
        count: u32,
        /// Rows of an image; 1 for labels.
        rows: u32,
        /// Columns of an image; 1 for labels.
        columns: u32,
        /// The limit in bytes.
        limit: u64,
    },
    /// Its header announces images without pixels.
    #[error("its header calls for images of {rows} × {columns} pixels, expected at least 1 × 1")]
    Empty {
        /// Rows of an image.
        rows: u32,
        /// Columns of an image.
        columns: u32,
    },
    /// A label is no digit.
    #[error("label {index} is {found}, expected 0 to 9")]
    Label {
        /// Its position in the file, from 0.
        index: usize,
        /// Its value.
        found: u8,
    },
    /// A line is not what it should be.
    #[error("line {line} is {found:?}, expected {expected}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// Its beginning.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// There is no text in it.
    #[error("it holds no text")]
    NoTexts,
    /// An archive does not hold a file that is needed.
    #[error("it holds no {file}")]
    Missing {
        /// The file.
        file: &'static str,
    },
    /// It starts like gzip but cannot be unpacked to its end.
    #[error("it cannot be unpacked; it is damaged or was cut short")]
    Gzip(#[source] io::Error),
}
