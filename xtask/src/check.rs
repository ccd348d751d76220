//! The checks, each a command that a person could type.

use std::{
    error::Error,
    ffi::OsString,
    fs,
    time::{Duration, Instant},
};

use steadfast_fetch::catalog::{MINILM, MNIST, MOVIE_REVIEWS};

use crate::{
    downstream,
    libtorch::Libtorch,
    licences, portability,
    workspace::{self, run_cargo},
};

type Outcome = Result<(), Box<dyn Error>>;

/// Where the runs of examples go.
const RUNS: [&str; 2] = ["target/check-mnist", "target/check-edits"];

/// What needs neither libtorch nor data. Lints and documentation of the code on libtorch do without libtorch itself.
const PLAIN: [(&str, &[(&str, &str)]); 6] = [
    ("fmt --all --check", &[]),
    ("clippy --workspace --all-targets --features serde -- -D warnings", &[]),
    ("clippy --workspace --all-targets --features serde,torch,hub,torch-sys/doc-only -- -D warnings", &[]),
    (
        "doc --workspace --no-deps --features serde,torch,hub,torch-sys/doc-only",
        &[("RUSTDOCFLAGS", "-D warnings")],
    ),
    ("test --workspace --features serde", &[]),
    ("test --release --test golden", &[]),
];

const EXAMPLES: [&str; 2] = [
    "run --release --example mnist -- --quick --out target/check-mnist",
    "run --release --example edits -- --limit 100 --out target/check-edits",
];

const ON_LIBTORCH: &str = "test --workspace --features serde,torch,hub";

/// Runs every check and stops at the first that fails.
pub(crate) fn everything(offline: bool) -> Outcome {
    let mut steps = Steps::default();
    steps.run("licences", licences::check)?;
    // Runs of an earlier check would be in the way.
    for run in RUNS.into_iter().filter(|run| std::path::Path::new(run).exists()) {
        fs::remove_dir_all(run)?;
    }
    for (arguments, environment) in PLAIN {
        let environment: Vec<_> = environment.iter().map(|&(name, value)| (name, value.into())).collect();
        steps.cargo(arguments, &environment)?;
    }
    for (name, check) in [
        (
            "oldest compiler",
            portability::oldest_compiler as fn(bool) -> Result<Option<String>, Box<dyn Error>>,
        ),
        ("WebAssembly", portability::webassembly),
    ] {
        let mut left_out = None;
        steps.run(name, || {
            left_out = check(offline)?;
            Ok(())
        })?;
        steps.left_out.extend(left_out);
    }
    if !offline {
        for example in EXAMPLES {
            steps.cargo(example, &[])?;
        }
    }
    let cache = workspace::cache()?;
    if let Err(error) = cache.fetch(&MINILM, offline) {
        if !offline {
            return Err(error.into());
        }
        steps.left_out.push(format!("tests of MiniLM: {error}"));
    }
    match Libtorch::chosen(&cache).prepare(&cache, offline) {
        Ok(environment) => steps.on_libtorch(&environment)?,
        Err(error) if offline => steps.left_out.push(format!("all tests on libtorch: {error}")),
        Err(error) => return Err(error),
    }
    steps.report("checks");
    Ok(())
}

/// Runs every test, with libtorch and the data that tests look at.
pub(crate) fn tests(offline: bool) -> Outcome {
    let cache = workspace::cache()?;
    for source in [MNIST, MOVIE_REVIEWS, MINILM] {
        cache.fetch(&source, offline)?;
    }
    let environment = Libtorch::chosen(&cache).prepare(&cache, offline)?;
    let mut steps = Steps::default();
    steps.on_libtorch(&environment)?;
    steps.cargo("test --release --test golden", &[])?;
    steps.report("tests");
    Ok(())
}

/// What was done, and how long it took.
#[derive(Default)]
struct Steps {
    took: Vec<(String, Duration)>,
    left_out: Vec<String>,
}

impl Steps {
    fn run(&mut self, name: &str, step: impl FnOnce() -> Outcome) -> Outcome {
        let start = Instant::now();
        step()?;
        self.took.push((name.to_owned(), start.elapsed()));
        Ok(())
    }

    fn cargo(&mut self, arguments: &str, environment: &[(&'static str, OsString)]) -> Outcome {
        let words: Vec<&str> = arguments.split(' ').collect();
        self.run(&format!("cargo {arguments}"), || run_cargo(&words, environment))
    }

    fn on_libtorch(&mut self, environment: &[(&'static str, OsString)]) -> Outcome {
        self.cargo(ON_LIBTORCH, environment)?;
        self.run("a dependent package on libtorch", || downstream::test(environment))
    }

    fn report(&self, what: &str) {
        println!("\nall {what} passed");
        for (name, time) in &self.took {
            println!("{:>6} s  {name}", time.as_secs().max(1));
        }
        for reason in &self.left_out {
            println!("left out  {reason}");
        }
    }
}
