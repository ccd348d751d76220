//! A tiny encoder from training under noise to a certificate.
#![cfg(feature = "torch")]

use std::{ops::ControlFlow, path::Path, sync::Arc};
use steadfast_certify::{Certifier, Confidence, Plan, Rate, confidence::Prior};
use steadfast_evaluate::{
    Error,
    experiment::{Console, Encoder, Labelled, Smoothed, TextNoise},
    report::file::OutputFolder,
};
use steadfast_model::{
    device::Device,
    transformer::{FineTuning, TextClassifier, Tuned},
};
use steadfast_perturb::{Deletion, Lexicon, Tokenizer};

/// Texts that one word decides, which occurs in them three times.
fn texts(lexicon: &Lexicon, numbers: std::ops::Range<usize>) -> Vec<Labelled> {
    let filler = ["a", "film", "with", "the", "plot", "and"];
    let text = |number: usize| {
        let class = number % 2;
        let mut words: Vec<&str> = (0..4).map(|place| filler[(number * 7 + place * 5) % 6]).collect();
        for copy in 0..3 {
            words.insert((number + copy) % 5, ["dull", "great"][class]);
        }
        (Tokenizer::words().tokenize(lexicon, &words.join(" ")), class)
    };
    numbers.map(text).collect()
}

fn tune(
    settings: &FineTuning,
    noise: Option<&TextNoise>,
    lexicon: &Arc<Lexicon>,
    output: &OutputFolder,
    console: &Console,
) -> Result<(TextClassifier, Tuned), Error> {
    let pretrained = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden/tiny-bert");
    let encoder = Encoder::new(&pretrained, 2, 3, Device::Cpu, Arc::clone(lexicon))?;
    let (training, development) = (texts(lexicon, 0..400), texts(lexicon, 400..480));
    encoder.tune(
        "tiny",
        settings,
        &training,
        &development,
        noise,
        output,
        Path::new("checkpoints/tiny"),
        console,
    )
}

#[test]
fn an_encoder_that_saw_noise_is_certified() {
    steadfast_model::device::set_threads(1);
    let place = tempfile::tempdir().unwrap();
    let lexicon = Arc::new(Lexicon::new());
    let noise = Deletion::uniform(Arc::clone(&lexicon), Rate::new(0.5).unwrap()).unwrap();
    let settings = FineTuning::default().epochs(4).batch(16).learning_rate(5e-3);
    let output = |name: &str| OutputFolder::open(place.path().join(name)).unwrap();

    let (classifier, tuned) =
        tune(&settings, Some(&noise), &lexicon, &output("whole"), &Console::silent()).unwrap();
    // Half of the words are gone, and often all that tell: no accuracy of one.
    let best = tuned.epochs[tuned.best].accuracy;
    assert!((0.75..1.0).contains(&best), "{tuned:?}");
    let (_, without) = tune(&settings, None, &lexicon, &output("plain"), &Console::silent()).unwrap();
    assert!(without.epochs[without.best].accuracy > best && without != tuned, "{without:?}");

    // A run that is interrupted goes on to the same end, noise included.
    let console = Console::silent();
    console.interrupt();
    let error = tune(&settings, Some(&noise), &lexicon, &output("stopped"), &console).unwrap_err();
    assert!(matches!(error, Error::Interrupted { done: 1, total: 100, .. }), "{error}");
    let (again, resumed) =
        tune(&settings, Some(&noise), &lexicon, &output("stopped"), &Console::silent()).unwrap();
    assert_eq!(resumed, tuned);
    let fingerprint = |classifier: &TextClassifier| classifier.model().parameters().fingerprint().unwrap();
    assert_eq!(fingerprint(&again), fingerprint(&classifier));

    let smoothed = Smoothed {
        noise: &noise,
        classifier: &classifier,
        epsilon: 1e-4,
        plan: Plan::anytime(50, 3_000, Prior::default()).unwrap(),
        certifier: Certifier::new(Confidence::alpha(0.01).unwrap()),
        optimism: Confidence::alpha(0.03).unwrap(),
        batch: 64,
        seed: 1,
    };
    let (mut right, mut certified) = (0, 0);
    for (number, (text, class)) in texts(&lexicon, 480..520).iter().enumerate() {
        let flow = || ControlFlow::Continue(());
        let decision =
            smoothed.decide(number as u64, text, &[Box::new(noise.edits(text).unwrap())], &flow).unwrap();
        assert!(decision.samples <= 3_050 && decision.model_queries < decision.samples);
        right += usize::from(decision.class() == *class);
        certified += usize::from(decision.class() == *class && decision.radius.is_some());
    }
    assert!(right >= 36 && certified >= 30, "{right} and {certified} of 40");
}
