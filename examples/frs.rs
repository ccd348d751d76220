//! Backdoors in pretrained encoders against fuzzed randomised smoothing, and a certificate that holds: `cargo xtask run frs`.

use clap::Parser;
use std::path::PathBuf;
use steadfast_evaluate::{
    Failure,
    attack::Paraphrases,
    data::{TextTask, tsv},
    experiment::{
        Console, Flags, Pretrained,
        frs::{self, Settings},
    },
};
use steadfast_fetch::Cache;

/// Plants a backdoor in a pretrained encoder, fine-tunes it on clean movie-review sentences as a victim would, and defends it: by tree
/// search, randomised copies and voters with noisy weights (FRS, He et al. 2025), and by deletion noise with a certificate.
///
/// For each attack and defence: accuracy on clean texts, accuracy and attack success on triggered ones. What FRS claims of a text is
/// conditional: it takes for granted, among other things, that the search finds the whole trigger. What deletion noise certifies is
/// sound: signal keeps the words that carry the right answer, which are searched for offline, and deletes nearly all others, so that
/// many words outside that vocabulary may be put in; signal-seen keeps all words that the defender ever saw, so that words which he
/// never saw may be; around puts deletion noise around search, randomisation and vote. The last columns say which certificates cover
/// the attack that was made, and how many of those votes refute.
///
/// The encoder is MiniLM (22 million parameters) unless --model names another one of the BERT or RoBERTa family. The sentences are
/// Pang and Lee's; --data names a folder of one's own instead, with train.tsv, test.tsv and perhaps dev.tsv.
#[expect(clippy::doc_markdown, reason = "the comment is the text of --help")]
#[derive(Debug, Parser)]
#[command(
    name = "frs",
    override_usage = "cargo xtask run frs [OPTIONS]",
    version,
    args_override_self = true,
    after_help = "\
Examples:
  frs --quick                                       LWP, few texts
  frs                                               LWP, RIPPLe and BadPre, all defences
  frs --quick --decoys 2 --defence none,frs,signal  several triggers at once
  frs --defence frs --voters 10,20,40 --deviation 0.005,0.01,0.02,0.04
  frs --quick --defence none,signal --words 2000    a vocabulary of that size
  frs --attack negation,sentiment,degree            changes of meaning as triggers
  frs --attack ripple --defence none,frs,frs-training,frs-inference,fuzzing"
)]
struct Options {
    #[command(flatten)]
    settings: Settings,

    #[command(flatten)]
    pretrained: Pretrained,

    /// The attacker's texts: a folder with train.tsv, as that of --data [default: the victim's own]
    #[arg(long, value_name = "DIR")]
    proxy: Option<PathBuf>,

    /// Paraphrased texts for the attacks synbkd and stylebkd: a TSV file with both texts side by side, or a file or folder whose
    /// lines match those of --data
    #[arg(long, value_name = "FILE|DIR")]
    paraphrases: Option<PathBuf>,

    #[command(flatten)]
    flags: Flags,
}

fn main() -> Result<(), Failure> {
    let Options { settings, pretrained, proxy, paraphrases, flags } = Options::parse();
    let console = Console::attach()?;
    flags.start_threads()?;
    let cache = Cache::from_environment()?.observe(|event| eprintln!("{event}"));

    let seed = settings.extent.seed;
    let task = TextTask::open(flags.data.as_deref(), &cache, flags.offline, seed)?;
    let proxy = proxy.map(|folder| tsv::load(&folder.join("train.tsv"))).transpose()?;
    let paraphrases = paraphrases.map(|path| Paraphrases::load(flags.data.as_deref(), &path)).transpose()?;
    let folder = pretrained.folder(&cache, flags.offline, |message| eprintln!("{message}"))?;

    let output = flags.output("frs")?;
    let results = frs::run(
        &settings,
        &task,
        proxy.as_deref(),
        paraphrases.as_ref(),
        &folder,
        pretrained.device,
        &output,
        flags.resume,
        &console,
    )?;
    println!("{}", results.report());
    println!(
        "\nWritten to {}: results.json, frs.md, and plots of what there was to plot",
        output.path().display()
    );
    Ok(())
}
