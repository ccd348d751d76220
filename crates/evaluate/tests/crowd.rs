//! CROWD's experiment as a whole, with a tiny encoder, two words that are synonyms, and a backdoor.
#![cfg(feature = "torch")]

use clap::Parser;
use std::{path::Path, sync::Arc};
use steadfast_certify::Rate;
use steadfast_evaluate::{
    Error,
    data::{TextTask, texts::LabelledText},
    experiment::{
        Console,
        crowd::{self, Defence, Guarantee, Noises, Results, Settings},
    },
    report::file::OutputFolder,
};
use steadfast_model::device::Device;
use steadfast_perturb::{Deletion, Lexicon, Row, Substitution};

#[derive(Parser)]
#[command(args_override_self = true)]
struct Options {
    #[command(flatten)]
    settings: Settings,
}

fn settings(extra: &[&str]) -> Settings {
    let small = ["x", "--attack", "badnets", "--epochs", "4", "--learning-rate", "5e-3", "--batch", "16"];
    let votes = ["--limit", "20", "--samples", "200", "--deletion", "0.5", "--rate", "0.2"];
    Options::parse_from(small.iter().chain(&votes).chain(extra)).settings
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
                Row::new(first, [(first, one[0] << 29), (second, one[1] << 29)]),
                Row::new(second, [(first, other[0] << 29), (second, other[1] << 29)]),
            ]
        };
        let rows = pair("dull", "slow").into_iter().chain(pair("great", "fine"));
        Substitution::new(Arc::clone(&lexicon), rows).unwrap()
    };
    Noises {
        uniform: noise([[4, 4], [4, 4]]),
        // Words nearly stay: the laws of two synonyms share a quarter.
        crowd: noise([[7, 1], [1, 7]]),
        component: noise([[7, 1], [7, 1]]),
        deletion: Deletion::uniform(Arc::clone(&lexicon), Rate::new(0.5).unwrap()).unwrap(),
        lexicon,
    }
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
fn rows(results: &Results) -> Vec<crowd::Row> {
    let timeless = |row: &crowd::Row| crowd::Row { training_seconds: 0.0, seconds: 0.0, ..row.clone() };
    results.rows.iter().map(timeless).collect()
}

#[test]
fn every_defence_is_trained_asked_and_certified() {
    steadfast_model::device::set_threads(1);
    let place = tempfile::tempdir().unwrap();
    let output = |name: &str| OutputFolder::open(place.path().join(name)).unwrap();
    let settings = settings(&[]);
    let results = run(&settings, &output("whole"), false, &Console::silent()).unwrap();
    assert_eq!(results.rows.iter().map(|row| row.defence).collect::<Vec<_>>(), Defence::ALL);
    for row in &results.rows {
        let metrics = &row.metrics;
        assert!(metrics.clean.value() > 0.7, "{}: {metrics}", row.defence);
        assert_eq!(metrics.poisoned.hits() + metrics.success.hits(), metrics.poisoned.of());
        assert!(row.poisoned_texts > 80, "{}", row.poisoned_texts);
        for certified in &row.certified {
            // Whoever is certified is answered, and more changes are never easier.
            let shares: Vec<u64> = (0..8).map(|radius| certified.curve.at(radius).hits()).collect();
            assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]), "{shares:?}");
            assert!(certified.guarantee != Guarantee::Sound || shares[0] <= metrics.clean.hits());
        }
    }
    let certified = |defence: Defence, guarantee: Guarantee| {
        let row = results.rows.iter().find(|row| row.defence == defence).unwrap();
        row.certified.iter().find(|certified| certified.guarantee == guarantee).unwrap()
    };
    // Where synonyms share one law all words may be replaced; where they share a quarter of it no certificate can say so, but the
    // published rule does.
    for defence in [Defence::Uniform, Defence::CrowdComponent] {
        let certified = certified(defence, Guarantee::Sound);
        assert!(certified.all_words.hits() > 10, "{defence}: {:?}", certified.all_words);
        assert_eq!(certified.all_words, certified.curve.at(0));
    }
    assert_eq!(certified(Defence::Crowd, Guarantee::Sound).all_words.hits(), 0);
    assert!(certified(Defence::Crowd, Guarantee::Refuted).all_words.hits() > 10);
    let report = results.report();
    for part in ["badnets", "crowd-component", "refuted", "ASR"] {
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
    let other = Settings { alpha: 0.05, ..settings.clone() };
    assert!(matches!(run(&other, &output("whole"), true, &Console::silent()), Err(Error::OtherRun { .. })));

    let console = Console::silent();
    console.interrupt();
    let stopped = run(&settings, &output("stopped"), false, &console);
    assert!(matches!(stopped, Err(Error::Interrupted { .. })));
    let resumed = run(&settings, &output("stopped"), true, &Console::silent()).unwrap();
    assert_eq!(rows(&resumed), rows(&results));
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
    assert!(matches!(refused(&["--epochs", "0"]), Error::Transformer(_)));
}
