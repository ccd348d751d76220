//! The MNIST example from the outside: same votes on any number of threads, runs that survive Ctrl-C, clear refusals.
//!
//! Works on small digits that the test draws itself, in the official file format. Nothing is fetched.

mod example;

use example::{example, refused, succeeded};
use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

/// A folder that is removed in the end, with a data set in it.
struct Workplace(tempfile::TempDir);

impl Workplace {
    fn new() -> Self {
        let workplace = Self(tempfile::tempdir().expect("a temporary folder"));
        fs::create_dir(workplace.path("data")).expect("a folder");
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        for number in 0..60_u32 {
            let digit = [1, 7, 3][number as usize % 3];
            labels.push(digit);
            images.extend(draw(digit, number));
        }
        let header = |magic: u32, sizes: &[u32]| -> Vec<u8> {
            std::iter::once(&magic).chain(sizes).flat_map(|number| number.to_be_bytes()).collect()
        };
        let write = |name: &str, header: Vec<u8>, body: Vec<u8>| {
            fs::write(workplace.path("data").join(name), [header, body].concat()).expect("a file");
        };
        write("t10k-images-idx3-ubyte", header(0x803, &[60, 28, 28]), images);
        write("t10k-labels-idx1-ubyte", header(0x801, &[60]), labels);
        workplace
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The example with the test's data and small settings, in this folder.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(example("mnist"));
        command
            .args(["--data", "data", "--training", "10", "--limit", "20", "--steps", "5", "--width", "4"])
            .args(arguments)
            .current_dir(self.0.path())
            .env("STEADFAST_CACHE", self.path("cache"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the example, which cargo test builds")
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        succeeded(self.run(arguments), arguments)
    }

    /// Runs into an error that is one line, names every word, and is no panic.
    fn fail(&self, arguments: &[&str], words: &[&str]) {
        refused(&self.run(arguments), arguments, words);
    }

    fn results(&self, folder: &str) -> serde_json::Value {
        let text = fs::read_to_string(self.path(folder).join("results.json")).expect("results");
        serde_json::from_str(&text).expect("JSON")
    }
}

/// A one is a vertical stroke, a seven a bar and a slant, a three something else; all shifted a little by number.
fn draw(digit: u8, number: u32) -> Vec<u8> {
    let shift = number % 5;
    let set = |row: u32, column: u32| match digit {
        1 => (11 + shift..14 + shift).contains(&column) && (4..24).contains(&row),
        7 => {
            (4..7).contains(&row) && (6..22).contains(&column)
                || (row + column).abs_diff(26 + shift) < 2 && row > 6
        }
        _ => row % 7 == shift,
    };
    (0..28).flat_map(|row| (0..28).map(move |column| if set(row, column) { 200 } else { 20 })).collect()
}

#[test]
fn votes_do_not_depend_on_threads() {
    let place = Workplace::new();
    let table = place.succeed(&["--models", "300", "--threads", "1", "--out", "one"]);
    place.succeed(&["--models", "300", "--threads", "2", "--out", "two"]);
    let (one, two) = (place.results("one"), place.results("two"));
    for key in ["estimation", "selection", "run", "certified_accuracy", "radii"] {
        assert!(!one[key].is_null() && one[key] == two[key], "{key}");
    }
    for form in ["per_image", "bonferroni"] {
        let accuracy = one["certified_accuracy"][form].as_array().expect("a list by radius");
        assert!(accuracy.len() >= 5 && accuracy[0].as_f64() >= Some(0.4), "{form}: {accuracy:?}");
        assert!(accuracy.windows(2).all(|pair| pair[0].as_f64() >= pair[1].as_f64()), "{form}: {accuracy:?}");
    }
    assert!(table.contains("certified together") && table.contains("36.0%"), "{table}");
    for file in ["certified-accuracy.svg", "certified-accuracy.png", "table.md", "votes.json"] {
        assert!(fs::metadata(place.path("one").join(file)).is_ok_and(|file| file.len() > 100), "{file}");
    }
    place.succeed(&["--models", "300", "--seed", "2", "--out", "three"]);
    assert_ne!(place.results("three")["estimation"], one["estimation"]);
}

#[cfg(unix)]
#[test]
fn a_run_survives_ctrl_c_and_ends_with_the_same_votes() {
    let place = Workplace::new();
    let options = ["--models", "30000", "--threads", "1"];
    let arguments = |out: &'static str| [&options[..], &["--out", out]].concat();
    let child = place
        .command(&arguments("stopped"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a start");
    while !place.path("stopped").join("votes.json").exists() {
        thread::sleep(Duration::from_millis(5));
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(interrupt.success());
    refused(
        &child.wait_with_output().expect("an end"),
        &options,
        &["stopped after", "30100", "--resume --out stopped"],
    );
    assert!(!place.path("stopped").join("results.json").exists());

    let saved = fs::read(place.path("stopped").join("votes.json")).expect("votes");
    place.fail(&arguments("stopped"), &["already holds a run", "--resume", "--out"]);
    place.fail(
        &[&arguments("stopped")[..], &["--resume", "--seed", "9"]].concat(),
        &["another run", "seed = 1", "seed = 9"],
    );
    assert_eq!(
        fs::read(place.path("stopped").join("votes.json")).expect("votes"),
        saved,
        "refusing overwrites nothing"
    );

    place.succeed(&[&arguments("stopped")[..], &["--resume"]].concat());
    place.succeed(&arguments("whole"));
    let (stopped, whole) = (place.results("stopped"), place.results("whole"));
    assert_eq!(stopped["estimation"], whole["estimation"]);
    assert_eq!(stopped, whole);
    // Before there was a choice of backends, nothing was said about them.
    let votes = place.path("stopped").join("votes.json");
    let mut old: serde_json::Value = serde_json::from_slice(&fs::read(&votes).expect("votes")).expect("JSON");
    assert!(old["settings"].as_object_mut().expect("settings").remove("backend").is_some());
    fs::write(&votes, old.to_string()).expect("a file");
    // A finished run is reported again without training a net.
    place.succeed(&[&arguments("stopped")[..], &["--resume"]].concat());
    assert_eq!(place.results("stopped"), whole);
}

#[test]
fn repeats_and_sweeps_have_a_folder_for_each_run() {
    let place = Workplace::new();
    let table =
        place.succeed(&["--models", "60", "--learner", "centroid", "--repeats", "2", "--out", "repeats"]);
    assert!(table.contains('±'), "{table}");
    assert!(place.path("repeats/seed-2/results.json").exists());
    assert!(place.results("repeats")["standard_deviation"]["bonferroni"].is_array());
    let table = place.succeed(&["--models", "60", "--learner", "centroid", "--sweep", "--out", "sweep"]);
    assert!(table.contains("0.85"), "{table}");
    assert_eq!(place.results("sweep")["betas"].as_array().map(Vec::len), Some(6));
    // A single run and a summary never take each other's place.
    place.fail(&["--models", "60", "--out", "sweep"], &["sweep/results.json", "choose another --out"]);
    place.fail(
        &["--models", "60", "--out", "sweep", "--resume"],
        &["sweep/results.json", "choose another --out"],
    );
    place.fail(&["--models", "60", "--out", "repeats", "--repeats", "2"], &["already holds a run"]);
    place.fail(
        &["--models", "60", "--out", "repeats/seed-1", "--sweep"],
        &["votes.json", "choose another --out"],
    );
    // Without --out nothing that is there is touched.
    place.succeed(&["--models", "60", "--learner", "centroid"]);
    place.succeed(&["--models", "60", "--learner", "centroid"]);
    assert!(place.path("out/mnist/results.json").exists() && place.path("out/mnist-2/results.json").exists());
}

#[test]
fn bad_settings_are_refused_with_a_way_out() {
    let place = Workplace::new();
    place.fail(&["--models", "5"], &["5 samples can never certify", "at least 10"]);
    place.fail(&["--models", "0"], &["--models is 0", "at least 1"]);
    place.fail(&["--selection-models", "0"], &["--selection-models is 0"]);
    place.fail(&["--beta", "1"], &["--beta is 1", "between 0 and 1"]);
    place.fail(&["--beta", "NaN"], &["--beta is NaN"]);
    place.fail(&["--label-beta", "0"], &["--label-beta is 0"]);
    place.fail(&["--alpha", "1.5"], &["α: given 1.5"]);
    place.fail(&["--alpha", "NaN"], &["α: given NaN"]);
    place.fail(&["--width", "0"], &["width: 0"]);
    place.fail(&["--learning-rate=-1"], &["learning rate"]);
    place.fail(&["--limit", "10000"], &["--training and --limit", "40 ones and sevens"]);
    place.fail(&["--resume"], &["--out"]);
    place.fail(&["--learner", "oracle"], &["two-layer", "centroid"]);
    place.fail(&["--device", "cuda:1"], &["--device is cuda:1", "--backend torch"]);
    place.fail(
        &["--backend", "torch", "--learner", "centroid"],
        &["--backend is torch", "--learner is centroid"],
    );
    assert!(!place.path("out/mnist/votes.json").exists());
}

#[cfg(not(feature = "torch"))]
#[test]
fn without_libtorch_the_error_says_how_to_get_it() {
    let words = ["--backend is torch", "cargo xtask setup", "LIBTORCH", "--features torch"];
    Workplace::new().fail(&["--backend", "torch"], &words);
}

#[cfg(feature = "torch")]
#[test]
fn a_run_on_libtorch_certifies_the_same_and_backends_are_not_mixed() {
    let place = Workplace::new();
    let torch = ["--models", "300", "--backend", "torch", "--device", "cpu"];
    place.succeed(&["--models", "300", "--out", "rust"]);
    place.succeed(&[&torch[..], &["--out", "torch"]].concat());
    let (rust, torch_results) = (place.results("rust"), place.results("torch"));
    for key in ["certified_accuracy", "radii", "truth", "ceiling"] {
        assert_eq!(rust[key], torch_results[key], "{key}");
    }
    assert_ne!(rust["run"], torch_results["run"]);
    assert_eq!(torch_results["devices"], serde_json::json!(["cpu"]));
    place.fail(
        &["--models", "300", "--out", "torch", "--resume"],
        &["another run", "backend = \"torch\"", "backend = \"rust\""],
    );
    place.succeed(&[&torch[..], &["--out", "torch", "--resume", "--threads", "1"]].concat());
    assert_eq!(place.results("torch"), torch_results);
    place.fail(&["--backend", "torch", "--device", "gpu"], &["\"gpu\"", "cuda:N"]);
    place.fail(&["--backend", "torch", "--device", "cuda:4096"], &["CUDA"]);
}

#[test]
fn bad_files_are_refused_with_a_way_out() {
    let place = Workplace::new();
    fs::write(place.path("file"), "in the way").expect("a file");
    place.fail(&["--out", "file"], &["cannot write to the output folder file", "name another one"]);
    place.fail(&["--data", "nowhere"], &["nowhere"]);

    fs::create_dir(place.path("broken")).expect("a folder");
    fs::write(place.path("broken/votes.json"), "{\"settings\":").expect("a file");
    place.fail(&["--out", "broken", "--resume"], &["broken", "no saved run", "choose another --out"]);
    assert_eq!(fs::read_to_string(place.path("broken/votes.json")).expect("a file"), "{\"settings\":");

    let images = place.path("data/t10k-images-idx3-ubyte");
    let whole = fs::read(&images).expect("images");
    fs::write(&images, &whole[..whole.len() - 1]).expect("a file");
    place.fail(&[], &["t10k-images-idx3-ubyte", "ends after"]);
    fs::write(&images, b"<html>not found</html>").expect("a file");
    place.fail(&[], &["t10k-images-idx3-ubyte", "starts with"]);
    fs::remove_dir_all(place.path("data")).expect("a folder to remove");
    place.fail(&[], &["data"]);
}

#[test]
fn without_data_and_without_npm_the_error_says_what_is_missing() {
    let place = Workplace::new();
    let fetching = |arguments: &[&str]| {
        let mut command = Command::new(example("mnist"));
        command
            .args(arguments)
            .current_dir(place.0.path())
            .env("STEADFAST_CACHE", place.path("cache"))
            .env("PATH", "");
        command.output().expect("a start")
    };
    refused(&fetching(&["--offline"]), &["--offline"], &["offline", "mnist"]);
    refused(&fetching(&[]), &["no npm"], &["npm"]);
}
