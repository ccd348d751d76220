//! Backdoors in texts against noise that replaces words: `cargo xtask run crowd`.

use clap::Parser;
use std::path::PathBuf;
use steadfast_evaluate::{
    Failure,
    attack::Paraphrases,
    data::TextTask,
    experiment::{
        Console, Flags, Pretrained,
        crowd::{self, Noises, Settings},
    },
};
use steadfast_fetch::Cache;

/// Poisons movie-review sentences with a backdoor, fine-tunes a pretrained encoder on them under noise that replaces or deletes words, and
/// certifies the smoothed classifier (after CROWD, Sun, Sen and Ruan 2024).
///
/// For each attack and defence: accuracy on clean texts, accuracy and attack success on triggered ones, and the texts that are
/// certified against three attackers: one who replaces words by synonyms (uniform, crowd, crowd-component), one who edits words in
/// any way (deletion), and one who puts words into the training texts and the test text (textguard). The last column says which of
/// them covers the attack that was made. Beside CROWD as released stands what its published rule would claim, which is refuted: it
/// takes the overlap of another law.
///
/// The encoder is MiniLM (22 million parameters) unless --model names another one of the BERT or RoBERTa family. The sentences are
/// Pang and Lee's; --data names a folder of one's own instead, with train.tsv, test.tsv and perhaps dev.tsv.
#[expect(clippy::doc_markdown, reason = "the comment is the text of --help")]
#[derive(Debug, Parser)]
#[command(
    name = "crowd",
    override_usage = "cargo xtask run crowd [OPTIONS]",
    version,
    args_override_self = true,
    after_help = "\
Examples:
  crowd --quick                                  one attack, few texts
  crowd                                          BadNets and AddSent, all certificates
  crowd --attack badnets --defence none --baselines          what BKI, ONION, STRIP and RAP do
  crowd --attack badnets --rate 0.01,0.02,0.05,0.1 --defence none,uniform,crowd-component --repeats 3
  crowd --attack synbkd --data clean --paraphrases synbkd    a paraphrase attack, read from files"
)]
struct Options {
    #[command(flatten)]
    settings: Settings,

    #[command(flatten)]
    pretrained: Pretrained,

    /// Paraphrased texts for the attacks synbkd and stylebkd: a TSV file with both texts side by side, or a file or folder whose
    /// lines match those of --data
    #[arg(long, value_name = "FILE|DIR")]
    paraphrases: Option<PathBuf>,

    #[command(flatten)]
    flags: Flags,
}

fn main() -> Result<(), Failure> {
    let Options { settings, pretrained, paraphrases, flags } = Options::parse();
    let console = Console::attach()?;
    flags.start_threads()?;
    let cache = Cache::from_environment()?.observe(|event| eprintln!("{event}"));

    let task = TextTask::open(flags.data.as_deref(), &cache, flags.offline, settings.extent.seed)?;
    let paraphrases = paraphrases.map(|path| Paraphrases::load(flags.data.as_deref(), &path)).transpose()?;
    let folder = pretrained.folder(&cache, flags.offline, |message| eprintln!("{message}"))?;
    let noises = Noises::prepare(&settings, &flags, &cache, &console)?;

    let output = flags.output("crowd")?;
    let results = crowd::run(
        &settings,
        &task,
        paraphrases.as_ref(),
        &noises,
        &folder,
        pretrained.device,
        &output,
        flags.resume,
        &console,
    )?;
    println!("{}", results.report());
    println!("\nWritten to {}: results.json, crowd.md, and plots as SVG and PNG", output.path().display());
    Ok(())
}
