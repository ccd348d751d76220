//! CROWD's experiment as a whole, with a tiny encoder, two words that are synonyms, and a backdoor.
#![cfg(feature = "torch")]

use clap::Parser;
use std::{path::Path, sync::Arc};
use steadfast_certify::Rate;
use steadfast_evaluate::{
    Error,
    data::{TextTask, texts::LabelledText},
    experiment::{
        Attacked, Certified, Console, Figures, Guarantee,
        crowd::{self, Defence, Law, Noises, Results, Row, Settings},
    },
    report::file::OutputFolder,
};
use steadfast_model::device::Device;
use steadfast_perturb::{self as perturb, Deletion, Lexicon, Substitution};

#[derive(Parser)]
#[command(args_override_self = true)]
struct Options {
    #[command(flatten)]
    settings: Settings,
}

const DEFENCES: &str = "none,uniform,crowd,crowd-component,deletion@0.5,textguard,bki,onion,strip,rap";

fn settings(extra: &[&str]) -> Settings {
    let usual = [
        ["--attack", "badnets"],
        ["--epochs", "4"],
        ["--learning-rate", "5e-3"],
        ["--batch", "16"],
        ["--limit", "20"],
        ["--samples", "200"],
        ["--rate", "0.2"],
        ["--defence", DEFENCES],
    ];
    let own = |flag: &&[&str; 2]| !extra.contains(&flag[0]);
    Options::parse_from(["x"].iter().chain(usual.iter().filter(own).flatten()).chain(extra)).settings
}

/// Texts that one word of two decides, which occurs in them three times.
fn task() -> TextTask {
    let filler = ["a", "film", "with", "the", "plot", "and"];
    let text = |number: usize| {
        let class = number % 2;
        let telling = [["dull", "slow"], ["great", "fine"]][class];
        let mut words: Vec<&str> = (0..4).map(|place| filler[(number * 7 + place * 5) % 6]).collect();
        for copy in 0..3 {
            words.insert((number + copy) % 5, telling[(number / 2 + copy) % 2]);
        }
        LabelledText { text: format!("{} {number}", words.join(" ")), class }
    };
    TextTask::split((0..600).map(text), 1)
}

fn noises() -> Noises {
    let lexicon = Arc::new(Lexicon::new());
    let noise = |weights: [[u64; 2]; 2]| {
        let pair = |first: &str, second: &str| {
            let [first, second] = [first, second].map(|word| lexicon.intern(word));
            let [one, other] = weights;
            [
                perturb::Row::new(first, [(first, one[0] << 29), (second, one[1] << 29)]),
                perturb::Row::new(second, [(first, other[0] << 29), (second, other[1] << 29)]),
            ]
        };
        let rows = pair("dull", "slow").into_iter().chain(pair("great", "fine"));
        Substitution::new(Arc::clone(&lexicon), rows).unwrap()
    };
    let deletion = Deletion::uniform(Arc::clone(&lexicon), Rate::new(0.5).unwrap()).unwrap();
    let laws = vec![
        (Defence::Uniform, Law::Replaces(noise([[4, 4], [4, 4]]))),
        // Words nearly stay: the laws of two synonyms share a quarter.
        (Defence::Crowd, Law::Replaces(noise([[7, 1], [1, 7]]))),
        (Defence::CrowdComponent { temperature: 1.0 }, Law::Replaces(noise([[7, 1], [7, 1]]))),
        (Defence::Deletion { rate: 0.5 }, Law::Deletes(deletion)),
    ];
    Noises { lexicon, laws }
}

fn run(
    settings: &Settings,
    output: &OutputFolder,
    resume: bool,
    console: &Console,
) -> Result<Results, Error> {
    let pretrained = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden/tiny-bert");
    crowd::run(settings, &task(), None, &noises(), &pretrained, Device::Cpu, output, resume, console)
}

/// Rows without what depends on the clock.
fn rows(results: &Results) -> Vec<Row> {
    let timeless = |row: &Row| {
        let mut row = row.clone();
        if let Figures::Attacked(attacked) = &mut row.figures {
            (attacked.training_seconds, attacked.seconds) = (0.0, 0.0);
        }
        row
    };
    results.rows.iter().map(timeless).collect()
}

fn attacked(results: &Results) -> impl Iterator<Item = (&Row, &Attacked)> {
    results.rows.iter().filter_map(|row| match &row.figures {
        Figures::Attacked(attacked) => Some((row, attacked)),
        Figures::Certified(_) => None,
    })
}

fn certified<'a>(results: &'a Results, name: &str) -> (&'a Row, &'a Certified) {
    let mut found = results.rows.iter().filter_map(|row| match &row.figures {
        Figures::Certified(certified) if certified.curve.name == name => Some((row, certified)),
        _ => None,
    });
    found.next().unwrap()
}

#[test]
fn every_defence_is_trained_asked_and_certified() {
    steadfast_model::device::set_threads(1);
    let place = tempfile::tempdir().unwrap();
    let output = |name: &str| OutputFolder::open(place.path().join(name)).unwrap();
    let settings = settings(&[]);
    let results = run(&settings, &output("whole"), false, &Console::silent()).unwrap();
    let defences: Vec<String> = attacked(&results).map(|(row, _)| row.setting.defence.to_string()).collect();
    let asked: Vec<Defence> = DEFENCES.split(',').map(|name| name.parse().unwrap()).collect();
    assert_eq!(defences, asked.iter().map(Defence::to_string).collect::<Vec<_>>());
    for (row, attacked) in attacked(&results) {
        let (metrics, defence) = (&attacked.metrics, row.setting.defence);
        // On texts as short as these BKI may take the wrong word for the trigger.
        assert!(defence == Defence::Bki || metrics.clean.value() > 0.6, "{defence}: {metrics}");
        let answered = metrics.poisoned.hits() + metrics.success.hits() + metrics.abstained.hits();
        assert_eq!(answered, metrics.poisoned.of());
        assert!(row.setting.poisoned_texts > 80 && row.n == 20 && row.confidence.is_none(), "{row:?}");
        assert_eq!(row.guarantee, Guarantee::Empirical);
    }
    for row in &results.rows {
        let Figures::Certified(certified) = &row.figures else { continue };
        // Whoever is certified is answered, and more changes are never easier.
        let shares: Vec<u64> = (0..8).map(|radius| certified.curve.at(radius).hits()).collect();
        assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]), "{shares:?}");
        let (_, attacked) = attacked(&results).find(|(other, _)| other.setting == row.setting).unwrap();
        assert!(row.guarantee != Guarantee::Sound || shares[0] <= attacked.metrics.clean.hits());
        assert_eq!(row.guarantee == Guarantee::Sound, row.confidence.is_some());
        // An inserted word is no replaced one, and the trigger is in more groups than can be outvoted.
        let covered = certified.covered.map_or(0, steadfast_evaluate::metrics::Share::hits);
        assert!(covered == 0 || matches!(row.setting.defence, Defence::Deletion { .. }), "{row:?}");
    }
    // Where synonyms share one law all words may be replaced; where they share a quarter of it no certificate can say so, but the
    // published rule does. Envelopes certify no less than the product.
    for name in ["uniform", "crowd-component@1"] {
        let (_, sound) = certified(&results, name);
        let all_words = sound.at_share(1.0);
        assert!(all_words.hits() > 8, "{name}: {all_words:?}");
        assert_eq!(all_words, sound.curve.at(0));
        let (_, product) = certified(&results, &format!("{name}, overlap product"));
        assert!((0..8).all(|radius| product.curve.at(radius).hits() <= sound.curve.at(radius).hits()));
    }
    assert_eq!(certified(&results, "crowd").1.at_share(1.0).hits(), 0);
    let (row, published) = certified(&results, "crowd as published");
    assert!(row.guarantee == Guarantee::Refuted && published.at_share(1.0).hits() > 8);
    let report = results.report();
    for part in ["badnets", "crowd-component@1", "refuted", "ASR", "copy: ", "[", "provided that no logit"] {
        assert!(report.contains(part), "{part}: {report}");
    }
    for file in ["results.json", "crowd.md", "certified-accuracy.svg", "certified-accuracy.png"] {
        assert!(place.path().join("whole").join(file).is_file(), "{file}");
    }
    // The same seed, the same rows; and a finished run is only reported.
    assert!(matches!(
        run(&settings, &output("whole"), false, &Console::silent()),
        Err(Error::OutputTaken { .. })
    ));
    assert_eq!(run(&settings, &output("whole"), true, &Console::silent()).unwrap(), results);
    let mut other = settings.clone();
    other.extent.alpha = 0.05;
    assert!(matches!(run(&other, &output("whole"), true, &Console::silent()), Err(Error::OtherRun { .. })));

    let console = Console::silent();
    console.interrupt();
    let stopped = run(&settings, &output("stopped"), false, &console);
    assert!(matches!(stopped, Err(Error::Interrupted { .. })));
    let resumed = run(&settings, &output("stopped"), true, &Console::silent()).unwrap();
    assert_eq!((rows(&resumed), &resumed.shown), (rows(&results), &results.shown));
}

#[test]
fn several_rates_and_seeds_are_averaged_and_all_certificates_can_hold_together() {
    steadfast_model::device::set_threads(1);
    let place = tempfile::tempdir().unwrap();
    let run = |name: &str, extra: &[&str]| {
        let output = OutputFolder::open(place.path().join(name)).unwrap();
        run(&settings(extra), &output, false, &Console::silent()).unwrap()
    };
    let small = ["--defence", "none,crowd-component", "--training", "200", "--epochs", "1", "--rate"];
    let sweep = run("sweep", &[&small[..], &["0.1,0.2", "--repeats", "2"]].concat());
    assert_eq!(attacked(&sweep).count(), 2 * 2 * 2);
    assert_eq!(sweep.attacks_table().rows().len(), 2 * 2);
    assert!(sweep.attacks_table().to_string().contains(" ± "));
    assert!(place.path().join("sweep/attack-success.png").is_file());
    let one = run("one", &[&small[..], &["0.1"]].concat());
    let all = run("all", &[&small[..], &["0.1", "--simultaneous"]].concat());
    let radii = |results: &Results| certified(results, "crowd-component@1").1.curve.at(0).hits();
    assert!(radii(&all) <= radii(&one) && all.report().contains("all certificates hold"));
    assert!(!place.path().join("one/attack-success.png").exists());
}

#[test]
fn what_cannot_be_poisoned_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let refused = |extra: &[&str]| {
        let output = OutputFolder::open(place.path().join(format!("{}", extra.len()))).unwrap();
        let output = OutputFolder::open(output.path().join(extra.join("-"))).unwrap();
        run(&settings(extra), &output, false, &Console::silent()).unwrap_err()
    };
    assert!(matches!(refused(&["--rate", "0.0001"]), Error::PoisonsNothing { .. }));
    assert!(matches!(refused(&["--rate", "0.9"]), Error::PoisonsTooMany { .. }));
    assert!(matches!(refused(&["--target", "5"]), Error::TargetClass { .. }));
    assert!(matches!(refused(&["--attack", "synbkd"]), Error::NoParaphrases { .. }));
    assert!(matches!(refused(&["--attack", "none"]), Error::Setting { name: "--attack", .. }));
    assert!(matches!(refused(&["--epochs", "0"]), Error::Transformer(_)));
    assert!(matches!(refused(&["--epsilon", "0"]), Error::Certify(_)));
    assert!(matches!(refused(&["--defence", "none,textguard@0"]), Error::Perturb(_)));
    assert!(matches!(refused(&["--defence", "none,deletion@0.7"]), Error::Setting { .. }));
}
