//! Fine-tune a pretrained encoder and ask it: `cargo xtask run classify`.

use clap::Parser;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast::{
    certify::{self, ScoringClassifier},
    model::{
        device::Device,
        transformer::{Precision, TextClassifier},
    },
    perturb::{Lexicon, Tokenizer},
};
use steadfast_evaluate::{
    Failure,
    data::TextTask,
    experiment::{
        Console, Flags,
        classify::{self, Settings},
    },
};
use steadfast_fetch::{Cache, catalogue::MINILM};

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

    /// Folder of the pretrained encoder, or its id on the Hugging Face hub, such as owner/name (needs the feature hub, which
    /// cargo xtask run adds) [default: MiniLM, fetched]
    #[arg(long, value_name = "DIR|ID")]
    model: Option<String>,

    /// Ask the fine-tuned model in this folder instead of training one
    #[arg(long, value_name = "DIR")]
    load: Option<PathBuf>,

    /// A text to classify with --load; may be given several times
    #[arg(long, requires = "load")]
    text: Vec<String>,

    /// Where to compute: cpu, cuda, cuda:N or auto
    #[arg(long, default_value = "auto")]
    device: Device,

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
    let Options { settings, model, load, text, device, precision, rounding, flags } = Options::parse();
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
    let pretrained = match model {
        Some(model) => folder_of(&model, flags.offline)?,
        None => cache.fetch(&MINILM, flags.offline)?,
    };
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

/// The folder of this name or else, from the hub, the model with this id.
fn folder_of(model: &str, offline: bool) -> Result<PathBuf, Failure> {
    if Path::new(model).is_dir() {
        return Ok(model.into());
    }
    #[cfg(feature = "hub")]
    {
        use steadfast::model::transformer::Hub;
        let hub = Hub::new().offline(offline).observe(|file, bytes| {
            eprintln!("fetching {file} ({:.1} MB)", bytes as f64 / 1e6);
        });
        Ok(hub.fetch(model)?)
    }
    #[cfg(not(feature = "hub"))]
    {
        let _ = offline;
        Err(std::io::Error::other(format!(
            "--model {model} is no folder, and this program is built without models by their hub id; name a folder with config.json, \
             model.safetensors and tokenizer.json, or build with --features hub (cargo xtask run classify does)"
        ))
        .into())
    }
}
