//! The synonym example from the outside: tables of a tiny folder, read again with `--resume`, clear refusals.
//!
//! Works on vectors and synsets that the test writes itself. Nothing is fetched.

mod example;

use example::{example, refused, succeeded};
use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};
use steadfast::synonyms::{SynonymTable, WEIGHT_TOTAL};

const VECTORS: &str =
    "good 1 0 0\nfine 0.8 0.6 0\nbad 0.75 -0.6 0.2\nfilm 0 0.2 1\nmovie 0 -0.1 1\nodd -1 0.1 -0.4\n";
const ADJECTIVES: &str = "00000010 00 a 02 good 0 fine 0 001 ! 00000020 a 0101 | of quality\n\
    00000020 00 a 01 bad 0 001 ! 00000010 a 0101 | of none\n";

/// A folder that is removed in the end, with vectors, synsets and texts in it.
struct Workplace(tempfile::TempDir);

impl Workplace {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a temporary folder"));
        fs::create_dir(place.path("data")).expect("a folder");
        place.write("data/vectors.txt", VECTORS);
        place.write("data/data.adj", ADJECTIVES);
        place.write("data/data.noun", "00000030 00 n 02 film 0 movie 0 000 | seen\n");
        place.write("data/data.verb", "");
        place.write("data/data.adv", "");
        place.write("texts.txt", "A Good film, a fine film!\nBad movie. Good movie: fine. Bad, odd; odd.\n");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(example("synonyms"))
            .args(["--data", "data", "--vocabulary", "texts.txt", "--components", "0"])
            .args(arguments)
            .current_dir(self.0.path())
            .env("STEADFAST_CACHE", self.path("cache"))
            .stdin(Stdio::null())
            .output()
            .expect("the example")
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        succeeded(self.run(arguments), arguments)
    }

    /// Runs into one error that names every word, and is no panic.
    fn fail(&self, arguments: &[&str], words: &[&str]) {
        let output = self.run(arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(message.to_lowercase().matches("error:").count(), 1, "{arguments:?}: {message}");
        refused(&output, arguments, words);
    }
}

#[test]
fn a_table_is_built_printed_and_read_again() {
    let place = Workplace::new();
    let report = place.succeed(&["--words", "good,odd,none", "--out", "out"]);
    for part in [
        "good and the 1 word that",
        "| fine ",
        "under crowd, 1.0000 under crowd-component",
        "odd: no synonyms",
        "none: not in the vocabulary",
        "6 words, 4 of them with synonyms (at most 2 candidates); 2 pairs",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    // The antonyms were near in the vectors; counter-fitting took them apart.
    assert!(!report.contains("bad"), "{report}");
    let table = SynonymTable::load(place.path("out/synonyms.table")).expect("a table");
    let good = table.row("good").expect("a row");
    assert_eq!(table.overlap(good.position()), Some(WEIGHT_TOTAL));

    // With --resume nothing is built: the data may be gone.
    fs::remove_dir_all(place.path("data")).expect("a folder to remove");
    let again = place.succeed(&["--words", "good", "--out", "out", "--resume"]);
    assert!(again.contains("| fine ") && again.contains("1.0000 under crowd-component"), "{again}");
}

#[test]
fn laws_stand_side_by_side() {
    let place = Workplace::new();
    let table = place.succeed(&["--compare", "0.7,0.95", "--epochs", "0", "--out", "both"]);
    let lines = |law: &str| table.lines().filter(|line| line.contains(law)).count();
    assert_eq!((lines("| uniform"), lines("| crowd "), lines("crowd-component")), (4, 6, 4), "{table}");
    assert!(place.path("both/comparison.md").exists());
    let json = fs::read_to_string(place.path("both/comparison.json")).expect("a file");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((json["words"].as_u64(), json["lines"].as_array().map(Vec::len)), (Some(6), Some(16)));
    place.fail(&["--compare", "0.8", "--out", "both"], &["both already holds a run", "choose another --out"]);
    // A table may stand beside a comparison.
    place.succeed(&["--out", "both"]);
}

#[test]
fn nothing_is_overwritten() {
    let place = Workplace::new();
    place.succeed(&["--law", "uniform", "--out", "out"]);
    let saved = fs::read(place.path("out/synonyms.table")).expect("a table");
    place.fail(&["--out", "out"], &["out already holds a run", "--resume", "choose another --out"]);
    assert_eq!(fs::read(place.path("out/synonyms.table")).expect("a table"), saved);
    // Without --out each run has a folder of its own.
    place.succeed(&[]);
    place.succeed(&["--law", "crowd", "--temperature", "4"]);
    let table =
        |folder: &str| SynonymTable::load(place.path(folder).join("synonyms.table")).expect("a table");
    assert_ne!(table("out/synonyms"), table("out/synonyms-2"));
    // What cannot be read again is said so, and left alone.
    place.write("out/synonyms.table", &saved[..saved.len() - 1]);
    place.fail(&["--out", "out", "--resume"], &["synonyms.table", "cut short"]);
    assert_eq!(fs::read(place.path("out/synonyms.table")).expect("a file").len(), saved.len() - 1);
    place.fail(&["--out", "nowhere", "--resume"], &["synonyms.table", "cannot read"]);
}

#[test]
fn bad_settings_are_refused_with_a_way_out() {
    let place = Workplace::new();
    place.fail(&["--threshold", "1.5"], &["threshold", "1.5", "at most 1"]);
    place.fail(&["--threshold", "NaN"], &["threshold", "NaN"]);
    place.fail(&["--compare", "0"], &["threshold", "above 0"]);
    place.fail(&["--maximum", "0"], &["maximum", "at least 1"]);
    place.fail(&["--temperature", "0"], &["temperature", "0.01"]);
    place.fail(&["--components", "9"], &["components"]);
    place.fail(&["--grouping", "nearest"], &["closed"]);
    place.fail(&["--law", "normal"], &["crowd-component"]);
    place.fail(&["--resume"], &["--out"]);
    place.fail(&["--compare", "0.8", "--words", "good"], &["--words"]);
    assert!(!place.path("out/synonyms/synonyms.table").exists());
}

#[test]
fn bad_files_are_refused_with_a_way_out() {
    let place = Workplace::new();
    place.write("file", "in the way");
    place.fail(&["--out", "file"], &["cannot write to the output folder file", "name another one"]);
    place.fail(&["--data", "nowhere"], &["nowhere"]);
    place.fail(&["--vocabulary", "nowhere.txt"], &["nowhere.txt"]);
    place.write("texts.txt", b"good\n\xff\n");
    place.fail(&[], &["texts.txt", "line 2", "UTF-8"]);
    place.write("texts.txt", "unknown words only\n");
    place.fail(&[], &["word"]);
    place.write("texts.txt", "good fine\n");

    place.write("data/vectors.txt", "good 1 0 0\nfine 0.8 nan 0\n");
    place.fail(&[], &["vectors.txt", "line 2", "finite"]);
    place.write("data/vectors.txt", VECTORS);
    place.write("data/data.adj", "<html>");
    place.fail(&[], &["data.adj", "line 1", "synset"]);
    fs::remove_file(place.path("data/data.adj")).expect("a file to remove");
    place.fail(&[], &["data.adj"]);
    // Without counter-fitting it is not needed.
    place.succeed(&["--epochs", "0"]);
}
