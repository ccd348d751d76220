//! Fine-tune a pretrained encoder and ask it: `cargo xtask run classify`.

use clap::Parser;
use std::{path::PathBuf, sync::Arc};
use steadfast::{
    certify::{self, ScoringClassifier},
    model::transformer::{Precision, TextClassifier},
    perturb::{Lexicon, Tokenizer},
};
use steadfast_evaluate::{
    Failure,
    data::TextTask,
    experiment::{
        Console, Flags, Pretrained,
        classify::{self, Settings},
    },
};
use steadfast_fetch::Cache;

/// Fine-tunes a pretrained encoder on movie-review sentences, reports its accuracy on sentences it never saw, and saves it. Or asks a
/// saved model.
///
/// The encoder is MiniLM (22 million parameters) unless --model names another one of the BERT or RoBERTa family: a folder with
/// config.json, model.safetensors and tokenizer.json or, where there is no such folder, an id on the Hugging Face hub. The
/// sentences are Pang and Lee's, positive if people rate them above the middle; --data names a folder of one's own instead, with
/// train.tsv, test.tsv and perhaps dev.tsv.
#[expect(clippy::doc_markdown, reason = "the comment is the text of --help")]
#[derive(Debug, Parser)]
#[command(
    name = "classify",
    override_usage = "cargo xtask run classify [OPTIONS]",
    version,
    args_override_self = true,
    after_help = "\
Examples:
  classify                                      fine-tune MiniLM; the model is in out/classify/model
  classify --quick                              the same in a minute, a few points worse
  classify --load out/classify/model --text \"A gem .\"
  classify --load out/classify/model            evaluate it again
  classify --model roberta-base --data sst-2    another encoder, in a folder or on the hub, and a task of one's own"
)]
struct Options {
    #[command(flatten)]
    settings: Settings,

    #[command(flatten)]
    pretrained: Pretrained,

    /// Ask the fine-tuned model in this folder instead of training one
    #[arg(long, value_name = "DIR")]
    load: Option<PathBuf>,

    /// A text to classify with --load; may be given several times
    #[arg(long, requires = "load")]
    text: Vec<String>,

    /// Numbers to answer with, for --load: f32, bf16 or f16
    #[arg(long, default_value = "f32", requires = "load")]
    precision: Precision,

    /// Say how far rounding moves the logits of the model in --load: in other batches, on one thread, in --precision
    #[arg(long, requires = "load", conflicts_with = "text")]
    rounding: bool,

    #[command(flatten)]
    flags: Flags,
}

fn main() -> Result<(), Failure> {
    let Options { settings, pretrained, load, text, precision, rounding, flags } = Options::parse();
    let device = pretrained.device;
    let console = Console::attach()?;
    flags.start_threads()?;
    if let Some(load) = load.as_ref().filter(|_| !text.is_empty()) {
        let lexicon = Arc::new(Lexicon::new());
        let device = device.open()?;
        let classifier = TextClassifier::load(load, Arc::clone(&lexicon), device, precision)?;
        let texts: Vec<_> = text.iter().map(|text| Tokenizer::words().tokenize(&lexicon, text)).collect();
        let answers = classifier.probabilities(&texts).map_err(certify::Error::Classifier)?;
        for ((text, class), row) in text.iter().zip(answers.classes_of_inputs()).zip(answers.rows()) {
            println!("class {class} ({:.1}%)  {text}", 100.0 * row.iter().copied().fold(0.0, f32::max));
        }
        return Ok(());
    }
    let cache = Cache::from_environment()?.observe(|event| eprintln!("{event}"));
    let task = TextTask::open(flags.data.as_deref(), &cache, flags.offline, settings.seed)?;
    if let Some(load) = load {
        if rounding {
            println!("{}", classify::rounding(&load, settings.limit, &task, device, precision)?);
        } else {
            println!("{}", classify::evaluate(&load, settings.limit, &task, device, precision)?.report());
        }
        return Ok(());
    }
    let pretrained = pretrained.folder(&cache, flags.offline, |message| eprintln!("{message}"))?;
    let output = flags.output("classify")?;
    let results = classify::run(&settings, &task, &pretrained, device, &output, flags.resume, &console)?;
    println!("{}", results.report());
    println!("\nThe model is in {}.", output.join("model").display());
    println!(
        "Written to {}: classify.md, classify.json, classify.svg, classify.png",
        output.path().display()
    );
    Ok(())
}
