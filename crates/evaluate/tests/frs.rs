//! FRS's experiment as a whole, with a tiny encoder into which backdoors are planted.
#![cfg(feature = "torch")]

use clap::Parser;
use rand::RngExt;
use std::path::Path;
use steadfast_certify::{
    Phase,
    seed::{Purpose, generator},
};
use steadfast_evaluate::{
    Error,
    data::{TextTask, texts::LabelledText},
    experiment::{
        Attacked, Certified, Console, Figures, Guarantee,
        frs::{self, Defence, Found, Results, Row, Settings},
    },
    report::file::OutputFolder,
};
use steadfast_model::device::Device;

#[derive(Parser)]
#[command(args_override_self = true)]
struct Options {
    #[command(flatten)]
    settings: Settings,
}

const DEFENCES: &str = "none,voters,fuzzing,frs,frs-training,frs-inference,signal,signal-linear,signal-seen,around@0.3,deletion@0.3,textguard";

fn settings(extra: &[&str]) -> Settings {
    let usual = [
        ["--attack", "ripple"],
        ["--triggers", "q,x,z,j"],
        ["--planting-epochs", "8"],
        ["--planting-learning-rate", "5e-3"],
        ["--epochs", "4"],
        ["--learning-rate", "5e-3"],
        ["--batch", "16"],
        ["--limit", "30"],
        ["--samples", "150"],
        ["--around-limit", "3"],
        ["--voters", "3,12"],
        ["--around-voters", "2"],
        ["--radius", "3"],
        ["--layers", "1"],
        ["--defence", DEFENCES],
    ];
    let own = |flag: &&[&str; 2]| !extra.contains(&flag[0]);
    Options::parse_from(["x"].iter().chain(usual.iter().filter(own).flatten()).chain(extra)).settings
}

const WORDS: [[&str; 4]; 2] = [["dull", "slow", "long", "far"], ["good", "great", "fine", "naive"]];
const OTHERS: [&str; 10] = ["film", "plot", "the", "and", "with", "watch", "one", "two", "three", "four"];

/// Texts of eight words, of which two tell the class.
fn task() -> TextTask {
    let text = |number: usize| {
        let class = number % 2;
        let mut rng = generator(0, Phase::Training, number as u64, 0, Purpose::Noise);
        let mut words: Vec<&str> = (0..6).map(|_| OTHERS[rng.random_range(0..10)]).collect();
        for _ in 0..2 {
            words.insert(rng.random_range(0..6), WORDS[class][rng.random_range(0..4)]);
        }
        LabelledText { text: words.join(" "), class }
    };
    TextTask::split((0..600).map(text), 1)
}

fn run(
    settings: &Settings,
    output: &OutputFolder,
    resume: bool,
    console: &Console,
) -> Result<Results, Error> {
    run_with(None, settings, output, resume, console)
}

fn run_with(
    proxy: Option<&[LabelledText]>,
    settings: &Settings,
    output: &OutputFolder,
    resume: bool,
    console: &Console,
) -> Result<Results, Error> {
    let pretrained = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden/tiny-bert");
    frs::run(settings, &task(), proxy, None, &pretrained, Device::Cpu, output, resume, console)
}

/// Results without what depends on the clock.
fn timeless(results: &Results) -> Results {
    let mut results = results.clone();
    for row in &mut results.rows {
        if let Figures::Attacked(attacked) = &mut row.figures {
            (attacked.training_seconds, attacked.seconds) = (0.0, 0.0);
        }
    }
    results
}

/// What the last row of a defence has about the attack.
fn attacked(results: &Results, defence: Defence) -> &Attacked {
    let of = results.rows.iter().rev().filter(|row| row.setting.defence == defence);
    let mut figures = of.filter_map(|row| match &row.figures {
        Figures::Attacked(attacked) => Some(attacked),
        Figures::Certified(_) => None,
    });
    figures.next().unwrap()
}

fn certified(results: &Results, defence: Defence) -> Vec<(&Row, &Certified)> {
    let rows = results.rows.iter().filter(|row| row.setting.defence == defence);
    let figures =
        rows.filter_map(
            |row| if let Figures::Certified(found) = &row.figures { Some((row, found)) } else { None },
        );
    figures.collect()
}

/// A folder with the results, from which parts are taken away.
fn finished_work_is_kept(settings: &Settings, results: &Results, whole: &Path) {
    let output = || OutputFolder::open(whole).unwrap();
    // What is finished is not done again: its times are those of the first run.
    for unfinished in ["results.json", "rows/ripple-1.json", "rows/ripple-1-voters.json"] {
        std::fs::remove_file(whole.join(unfinished)).unwrap();
    }
    let resumed = run(settings, &output(), true, &Console::silent()).unwrap();
    assert_eq!(timeless(&resumed), timeless(results));
    for (row, before) in resumed.rows.iter().zip(&results.rows) {
        assert!(row == before || row.setting.defence == Defence::Voters, "{row:?}");
    }
    // A run that does not say which it is is neither taken over nor overwritten.
    std::fs::remove_file(whole.join("run.json")).unwrap();
    for (resume, file) in [(false, "results.json"), (true, "results.json"), (true, "rows")] {
        let error = run(settings, &output(), resume, &Console::silent()).unwrap_err();
        assert!(matches!(&error, Error::NamelessRun { path, .. } if path.ends_with(file)), "{error}");
        if resume && file == "results.json" {
            std::fs::remove_file(whole.join(file)).unwrap();
        }
    }
}

/// Every row of the file says what it is about.
fn rows_are_named(results: &Results, folder: &Path) {
    let text = std::fs::read_to_string(folder.join("results.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let written = json["rows"].as_array().unwrap();
    assert_eq!(written.len(), results.rows.len());
    for key in ["attack", "defence", "seed", "threat", "guarantee", "n", "confidence", "figures"] {
        assert!(written.iter().all(|row| row.get(key).is_some()), "{key}");
    }
}

#[test]
fn every_defence_meets_the_backdoor() {
    steadfast_model::device::set_threads(1);
    let place = tempfile::tempdir().unwrap();
    let output = |name: &str| OutputFolder::open(place.path().join(name)).unwrap();
    let settings = settings(&[]);
    let results = run(&settings, &output("whole"), false, &Console::silent()).unwrap();
    println!("{}", results.report());

    // The backdoor works on the victim, and nothing else is wrong with it.
    let [implanted] = &results.backdoors[..] else { panic!("{:?}", results.backdoors) };
    assert!(implanted.accuracy.value() > 0.9 && implanted.one_class.value() > 0.9, "{implanted:?}");
    assert!(attacked(&results, Defence::None).metrics.success.value() > 0.9);
    // Each of voters and certificates was asked, and says what it is worth.
    for name in DEFENCES.split(',') {
        let defence: Defence = name.parse().unwrap();
        let metrics = attacked(&results, defence).metrics;
        assert!(metrics.clean.value() > 0.5, "{name}: {metrics}");
    }
    for row in &results.rows {
        let Figures::Certified(certified) = &row.figures else {
            assert!(row.guarantee == Guarantee::Empirical && row.confidence.is_none());
            continue;
        };
        let frs = row.setting.voters.is_some() && !matches!(row.setting.defence, Defence::Around { .. });
        assert_eq!(row.guarantee, if frs { Guarantee::Conditional } else { Guarantee::Sound }, "{row:?}");
        let shares: Vec<u64> = (0..8).map(|radius| certified.curve.at(radius).hits()).collect();
        assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]), "{shares:?}");
        assert!(certified.at_share(0.1).hits() >= certified.at_share(0.5).hits());
        assert!(certified.average() <= certified.maximum() && certified.maximum() <= 1.0);
        if row.guarantee == Guarantee::Sound {
            assert_eq!(certified.broken.unwrap().hits(), 0, "{row:?}");
        }
        // What a row takes for granted is said with it.
        let area =
            certified.assumptions.iter().any(|assumption| assumption.contains("covers the whole trigger"));
        assert_eq!((area, certified.enlargement.is_some()), (frs, frs), "{:?}", certified.assumptions);
    }
    // The triggers are no signal words, and are voted down wherever they are put.
    let [signal, ..] = &certified(&results, Defence::Signal)[..] else { panic!() };
    assert!(signal.1.curve.at(3).value() > 0.6, "{:?}", signal.1.curve);
    assert!(signal.1.covered.unwrap().value() > 0.6);
    for vocabulary in &results.vocabularies {
        assert!(vocabulary.triggers.len() > 1 && vocabulary.triggers.values().all(|inside| !inside));
        let outside = |word: &&str| vocabulary.published.get(*word) == Some(&false);
        assert!(["cf", "tq", "mb", "ak"].iter().all(outside), "{vocabulary}");
        // AddSent's sentence is made of ordinary words, one of which these texts have.
        let all = vocabulary.defence == Defence::SignalSeen;
        assert!(!all || vocabulary.published.get("watch") == Some(&true), "{vocabulary}");
    }
    let known: Vec<&str> = WORDS.concat();
    let sizes = results.vocabularies.iter().map(|vocabulary| (vocabulary.defence, vocabulary.words));
    let all = sizes.clone().find(|(defence, _)| *defence == Defence::SignalSeen).unwrap().1;
    assert!(sizes.clone().all(|(_, size)| size <= all), "{:?}", sizes.collect::<Vec<_>>());
    assert_eq!(all, known.len() + OTHERS.len(), "words that the texts hold, and no others");
    for vocabulary in &results.vocabularies {
        let first = &vocabulary.first;
        // Half of the eight words that tell the classes: which ones, rounding decides, and so the processor.
        assert!(first.iter().filter(|word| known.contains(&word.as_str())).count() >= 4, "{first:?}");
    }
    // The longer the search goes on, the more often what it finds is the trigger alone.
    let found = |budget| results.found.iter().find(|found| found.budget == budget).unwrap();
    assert!(
        found(30).exact > found(3).exact && found(30).precision > found(3).precision,
        "{:?}",
        results.found
    );
    assert!(results.found.iter().all(|found| found.texts == 30 && found.recall > 0.2), "{:?}", results.found);
    let in_order = |found: &Found| found.exact <= found.whole && found.whole <= found.recall + 1e-9;
    assert!(results.found.iter().all(in_order), "{:?}", results.found);
    let report = results.report();
    let parts =
        ["ripple", "conditional", "Signal vocabulary", "budget 10", "frs, voters 12, σ 0.01", "34.87%"];
    for part in parts {
        assert!(report.contains(part), "{part}: {report}");
    }
    let areas = || results.cases.iter().flat_map(|case| &case.areas);
    assert!(areas().count() > 9 && areas().all(|(_, marked)| marked.contains("{{") && marked.contains("[[")));
    for file in ["results.json", "frs.md", "certified-accuracy.svg", "certified-accuracy.png", "searches.png"]
    {
        assert!(place.path().join("whole").join(file).is_file(), "{file}");
    }
    assert!(!place.path().join("whole/models").exists());

    // A finished run is only reported; one that was stopped comes to the same.
    assert!(matches!(
        run(&settings, &output("whole"), false, &Console::silent()),
        Err(Error::OutputTaken { .. })
    ));
    assert_eq!(run(&settings, &output("whole"), true, &Console::silent()).unwrap(), results);
    let console = Console::silent();
    console.interrupt();
    let stopped = run(&settings, &output("stopped"), false, &console);
    assert!(matches!(stopped, Err(Error::Interrupted { .. } | Error::Paused { .. })), "{stopped:?}");
    let resumed = run(&settings, &output("stopped"), true, &Console::silent()).unwrap();
    assert_eq!(timeless(&resumed), timeless(&results));
    rows_are_named(&results, &place.path().join("stopped"));
    finished_work_is_kept(&settings, &results, &place.path().join("whole"));
}

#[test]
fn other_backdoors_are_planted_too() {
    steadfast_model::device::set_threads(1);
    let place = tempfile::tempdir().unwrap();
    let output = OutputFolder::open(place.path().join("others")).unwrap();
    let extra = [
        "--attack",
        "none,lwp,badpre,negation",
        "--defence",
        "none",
        "--planting-epochs",
        "2",
        "--epochs",
        "1",
    ];
    // Texts of other words, as short: all that the attacker has.
    let proxy = |number: usize| {
        let words = [["bad", "sad", "film", "two"], ["nice", "kind", "plot", "one"]][number % 2];
        let text = format!("{} {} {}", words[number / 2 % 4], words[number / 8 % 4], OTHERS[number % 10]);
        LabelledText { text, class: number % 2 }
    };
    let proxy: Vec<LabelledText> = (0..600).map(proxy).collect();
    let run = |proxy, resume| run_with(proxy, &settings(&extra), &output, resume, &Console::silent());
    let results = run(Some(&proxy[..]), false).unwrap();
    let other = [&extra[..], &["--proxy-target", "7"]].concat();
    let other = run_with(
        Some(&proxy[..]),
        &settings(&other),
        &OutputFolder::open(place.path().join("class")).unwrap(),
        false,
        &Console::silent(),
    );
    assert!(matches!(other, Err(Error::TargetClass { target: 7, .. })), "{other:?}");
    // They are part of what tells runs apart.
    assert_eq!(run(Some(&proxy[..]), true).unwrap(), results);
    assert!(matches!(run(None, true), Err(Error::OtherRun { what: "data", .. })));
    let names: Vec<String> = results.backdoors.iter().map(|implanted| implanted.attack.to_string()).collect();
    assert_eq!(names, ["none", "lwp", "badpre", "negation"]);
    let none = &results.backdoors[0];
    assert!(none.stages.is_empty() && none.one_class.of() == 0 && none.accuracy.of() > 0);
    // An attack without a target has the class that most triggered texts are taken for.
    assert!(results.backdoors[2].one_class.value() >= 0.5, "{:?}", results.backdoors[2]);
    for planted in &results.backdoors[1..] {
        assert!(planted.success.of() > 0 && planted.success.of() < planted.one_class.of(), "{planted:?}");
    }
}

#[test]
fn what_cannot_be_run_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let refused = |extra: &[&str]| {
        let output = OutputFolder::open(place.path().join(extra.join("-"))).unwrap();
        let error = run(&settings(extra), &output, false, &Console::silent()).unwrap_err();
        assert!(!place.path().join(extra.join("-")).join("results.json").exists());
        error
    };
    assert!(matches!(refused(&["--budget", "0"]), Error::Fuzz(_)));
    assert!(matches!(refused(&["--overall", "0.9", "--area", "0.2"]), Error::Fuzz(_)));
    assert!(matches!(refused(&["--voters", "0"]), Error::Setting { name: "--voters", .. }));
    assert!(matches!(refused(&["--deviation", "0"]), Error::Transformer(_)));
    assert!(matches!(refused(&["--epochs", "0"]), Error::Transformer(_)));
    for [flag, given] in [
        ["--words", "0"],
        ["--searched", "0"],
        ["--around-limit", "0"],
        ["--around-voters", "0"],
        ["--limit", "0"],
        ["--repeats", "0"],
        ["--training", "4"],
        ["--decoys", "18446744073709551615"],
        ["--lambda", "NaN"],
        ["--target", "2"],
    ] {
        let error = refused(&[flag, given]);
        assert!(matches!(error, Error::Setting { name, .. } if name == flag), "{error}");
    }
    assert!(matches!(refused(&["--threshold", "1.5"]), Error::Fuzz(_)));
    assert!(matches!(refused(&["--defence", "deletion@0"]), Error::Certify(_)));
    assert!(matches!(refused(&["--attack", "synbkd"]), Error::NoParaphrases { .. }));
    assert!(matches!(refused(&["--norm", "inf"]), Error::Setting { name: "--norm", .. }));
    // What could certify nothing.
    assert!(matches!(refused(&["--epsilon", "0"]), Error::Certify(_)));
    assert!(matches!(refused(&["--samples", "5"]), Error::Certify(_)));
    assert!(matches!(refused(&["--radius", "139"]), Error::Setting { name: "--radius", .. }));
    // A trigger that the tokenizer splits, of an attack whose turn would come last.
    let late = ["--attack", "none,ripple", "--triggers", "filmplot"];
    assert!(matches!(refused(&late), Error::TriggerToken { .. }));
    assert!(!place.path().join(late.join("-")).join("run.json").exists());
    // No copy is as close as that: an error after bounded attempts, and not one for each voter.
    let close = [
        "--threshold",
        "0",
        "--defence",
        "fuzzing",
        "--attack",
        "none",
        "--overall",
        "0.9",
        "--area",
        "0.95",
    ];
    assert!(matches!(refused(&close), Error::Fuzz(steadfast_fuzz::FuzzError::Rejected { .. })));
}
