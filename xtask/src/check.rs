//! The checks, each a command that a person could type.

use crate::licences;
use std::{
    error::Error,
    process::Command,
    time::{Duration, Instant},
};

/// Where the runs of examples go.
const RUNS: [&str; 2] = ["target/check-mnist", "target/check-edits"];

/// Runs every check and stops at the first that fails.
pub(crate) fn everything(offline: bool) -> Result<(), Box<dyn Error>> {
    let mut took = Vec::new();
    let start = Instant::now();
    licences::check()?;
    took.push(("licences".to_owned(), start.elapsed()));
    // Runs of an earlier check would be in the way.
    for run in RUNS.into_iter().filter(|run| std::path::Path::new(run).exists()) {
        std::fs::remove_dir_all(run)?;
    }
    let steps: [(&str, &[(&str, &str)]); 7] = [
        ("fmt --all --check", &[]),
        ("clippy --workspace --all-targets --features serde -- -D warnings", &[]),
        ("doc --workspace --no-deps --features serde", &[("RUSTDOCFLAGS", "-D warnings")]),
        ("test --workspace --features serde", &[]),
        ("test --release --test golden", &[]),
        ("run --release --example mnist -- --quick --out target/check-mnist", &[]),
        ("run --release --example edits -- --limit 100 --out target/check-edits", &[]),
    ];
    for (arguments, environment) in steps {
        if offline && arguments.contains("--example") {
            continue;
        }
        println!("\n== cargo {arguments}");
        let start = Instant::now();
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let status = command.args(arguments.split(' ')).envs(environment.iter().copied()).status()?;
        if !status.success() {
            return Err(format!("`cargo {arguments}` failed ({status})").into());
        }
        took.push((format!("cargo {arguments}"), start.elapsed()));
    }
    println!("\nall checks passed");
    for (name, time) in took {
        println!("{:>6} s  {name}", time.max(Duration::from_secs(1)).as_secs());
    }
    Ok(())
}
