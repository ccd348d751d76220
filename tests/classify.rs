//! The fine-tuning example from the outside, with a tiny encoder: it learns, survives Ctrl-C, answers, and refuses clearly.

mod example;

use example::{example, refused, succeeded};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

/// A folder that is removed in the end, with a task of two classes in it that one word decides.
struct Workplace(tempfile::TempDir);

const FILLER: [&str; 6] = ["a", "film", "with", "the", "plot", "and"];

impl Workplace {
    fn new() -> Self {
        let workplace = Self(tempfile::tempdir().expect("a temporary folder"));
        fs::create_dir(workplace.path("data")).expect("a folder");
        for (name, numbers) in [("train", 0..400), ("dev", 400..480), ("test", 480..600)] {
            let line = |number: usize| {
                let class = number % 2;
                let mut words: Vec<&str> = (0..5).map(|place| FILLER[(number * 7 + place * 5) % 6]).collect();
                words.insert(number % 5, ["dull", "great"][class]);
                format!("{} {number}\t{class}\n", words.join(" "))
            };
            let lines: String = numbers.map(line).collect();
            let lines = format!("sentence\tlabel\n{lines}");
            fs::write(workplace.path("data").join(format!("{name}.tsv")), lines).expect("a file");
        }
        workplace
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The example with the test's data and encoder, in this folder. One thread: sums are added in the same order every time.
    fn command(&self, arguments: &[&str]) -> Command {
        let encoder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/model/tests/golden/tiny-bert");
        let mut command = Command::new(example("classify"));
        command
            .args([
                "--data",
                "data",
                "--device",
                "cpu",
                "--offline",
                "--learning-rate",
                "5e-3",
                "--threads",
                "1",
            ])
            .arg("--model")
            .arg(encoder)
            .args(arguments)
            .current_dir(self.0.path())
            .env("STEADFAST_CACHE", self.path("cache"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the example")
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        succeeded(self.run(arguments), arguments)
    }

    fn fail(&self, arguments: &[&str], words: &[&str]) {
        refused(&self.run(arguments), arguments, words);
    }

    /// The results without what depends on the clock.
    fn results(&self, folder: &str) -> serde_json::Value {
        let text = fs::read_to_string(self.path(folder).join("classify.json")).expect("results");
        let mut results: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let fields = results.as_object_mut().expect("an object");
        for clock in ["training_seconds", "test_seconds"] {
            assert!(fields.remove(clock).is_some(), "{clock}");
        }
        results
    }
}

#[test]
fn it_learns_and_the_saved_model_answers() {
    let place = Workplace::new();
    let report = place.succeed(&["--epochs", "4", "--out", "run"]);
    for part in ["BERT, 2 layers, 0.0 million", "| test        |    120 |", "(kept)", "Accuracy", "run/model"]
    {
        assert!(report.contains(part), "{part}: {report}");
    }
    let results = place.results("run");
    assert_eq!(results["training"]["epochs"].as_array().map(Vec::len), Some(4));
    for file in ["classify.svg", "classify.png", "classify.md", "model/config.json", "model/tokenizer.json"] {
        assert!(fs::metadata(place.path("run").join(file)).is_ok_and(|file| file.len() > 100), "{file}");
    }
    assert!(!place.path("run/checkpoints").exists());
    // Asked again, the saved model is as right as it was; asked about a text, it answers with the word that decides.
    let again = place.succeed(&["--load", "run/model"]);
    let accuracy = |report: &str| {
        let line = report.lines().find(|line| line.starts_with("Accuracy")).expect("a line").to_owned();
        line.split(" on ").next().expect("a number").to_owned()
    };
    assert_eq!(accuracy(&again), accuracy(&report));
    let right: f64 =
        accuracy(&report)["Accuracy ".len()..].split('%').next().expect("%").parse().expect("a number");
    assert!(right > 80.0, "{report}");
    let answers = place.succeed(&["--load", "run/model", "--text", "a great film", "--text", "a dull film"]);
    let classes: Vec<&str> = answers.lines().map(|line| &line[..7]).collect();
    assert_eq!(classes, ["class 1", "class 0"], "{answers}");
    let moved = place.succeed(&["--load", "run/model", "--rounding", "--precision", "bf16", "--limit", "50"]);
    for part in ["batches of one text", "one thread", "bf16", "50 texts", "as usual"] {
        assert!(moved.contains(part), "{part}: {moved}");
    }
    // It knows what it was tuned on: with another seed, texts it was trained on are among those that test.
    assert!(!again.contains("may know some of these texts"), "{again}");
    fs::write(place.path("run/model/tuned-on.txt"), "0000000000000000\n").expect("a file");
    let other = place.succeed(&["--load", "run/model"]);
    assert!(other.contains("was tuned on another task or seed"), "{other}");
    // What is there is reported again with --resume, and else left alone.
    let saved = fs::read(place.path("run/model/model.safetensors")).expect("a model");
    fs::create_dir_all(place.path("taken/model")).expect("a folder");
    place.fail(&["--out", "taken"], &["already holds a run"]);
    place.fail(&["--out", "taken", "--resume"], &["already holds a run"]);
    place.fail(&["--epochs", "4", "--out", "run"], &["already holds a run", "--resume"]);
    place.succeed(&["--epochs", "4", "--out", "run", "--resume"]);
    place.fail(&["--epochs", "5", "--out", "run", "--resume"], &["another run", "epochs = 4", "epochs = 5"]);
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/model/tests/golden/tiny-roberta");
    let other = other.to_str().expect("text");
    place.fail(
        &["--epochs", "4", "--out", "run", "--resume", "--model", other],
        &["another run", "pretrained model"],
    );
    assert_eq!(fs::read(place.path("run/model/model.safetensors")).expect("a model"), saved);
    assert_eq!(place.results("run"), results);
}

#[cfg(unix)]
#[test]
fn a_run_survives_ctrl_c_and_ends_with_the_same_model() {
    let place = Workplace::new();
    let arguments = |out: &'static str| ["--epochs", "30", "--out", out];
    let mut child = place
        .command(&arguments("stopped"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a start");
    // There is a checkpoint after each epoch.
    let checkpoint = |prefix: &str| {
        let entries = fs::read_dir(place.path("stopped/checkpoints")).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
    };
    while !checkpoint("epoch-00000") {
        assert!(child.try_wait().expect("a child").is_none(), "it ended too early");
        thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill").success());
    let stopped = child.wait_with_output().expect("an end");
    refused(&stopped, &["Ctrl-C"], &["stopped after", "of 390 steps", "--resume --out stopped"]);
    assert!(!place.path("stopped/classify.json").exists() && checkpoint("epoch-0000"));
    place.fail(&arguments("stopped"), &["already holds a run", "--resume"]);
    place.fail(
        &["--epochs", "31", "--out", "stopped", "--resume"],
        &["checkpoints of another run", "settings"],
    );

    place.succeed(&[&arguments("stopped")[..], &["--resume"]].concat());
    place.succeed(&arguments("whole"));
    assert_eq!(place.results("stopped"), place.results("whole"));
    let model = |folder: &str| fs::read(place.path(folder).join("model/model.safetensors")).expect("a model");
    assert!(model("stopped") == model("whole"), "the weights differ");
}

#[test]
fn bad_settings_and_files_are_refused_with_a_way_out() {
    let place = Workplace::new();
    place.fail(&["--epochs", "0"], &["epochs is 0", "1 to"]);
    place.fail(&["--batch", "0"], &["batch is 0"]);
    place.fail(&["--learning-rate", "NaN"], &["learning rate is NaN"]);
    place.fail(&["--device", "cuda:4096"], &["CUDA"]);
    place.fail(&["--device", "gpu"], &["\"gpu\"", "cuda:N"]);
    place.fail(&["--text", "x"], &["--load"]);
    place.fail(&["--load", "nowhere"], &["nowhere/config.json"]);
    place.fail(&["--load", "nowhere", "--text", "x"], &["nowhere/config.json"]);
    place.fail(&["--data", "nowhere"], &["nowhere"]);
    // Nothing was begun by any of these.
    assert!(
        !place.path("out").exists()
            || fs::read_dir(place.path("out/classify")).is_ok_and(|mut all| all.next().is_none())
    );

    // More classes than a saved model has.
    place.succeed(&["--epochs", "1", "--limit", "40", "--out", "run"]);
    let test = place.path("data/test.tsv");
    fs::write(&test, "sentence\tlabel\na film\t0\nanother film\t4\n").expect("a file");
    place.fail(&["--load", "run/model"], &["has 2 classes, but 5 are needed"]);
    fs::write(&test, [0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe]).expect("a file");
    place.fail(&[], &["test.tsv"]);
    // No training goes on from a model that is too large for what it says.
    let weights = place.path("run/model/model.safetensors");
    let whole = fs::read(&weights).expect("a model");
    fs::write(&weights, &whole[..whole.len() / 2]).expect("a file");
    place.fail(&["--load", "run/model", "--text", "x"], &["damaged or was cut short", "download it again"]);
}
