//! Certify a sentence with your own classifier: `cargo run --release --example quickstart`.

use std::{error::Error, sync::Arc};
use steadfast::{
    certify::{Confidence, EditKind, Plan, Rate, SmoothedClassifier, confidence::Prior, from_fn},
    perturb::{Deletion, Lexicon, Tokenizer, WordId},
};

fn main() -> Result<(), Box<dyn Error>> {
    let lexicon = Arc::new(Lexicon::new());
    let review = "a warm , funny and wonderful film with a superb cast and a moving , brilliant script";
    let text = Tokenizer::words().tokenize(&lexicon, review);

    // Anything that answers a class will do. This one asks whether more than a seventh of the words is praise.
    let praise =
        ["warm", "funny", "wonderful", "superb", "moving", "brilliant"].map(|word| lexicon.intern(word));
    let classifier = from_fn(2, |words: &Vec<WordId>| {
        let good = words.iter().filter(|word| praise.contains(word)).count();
        usize::from(7 * good > words.len())
    });

    // Every word is deleted with probability 0.8. The sampler and the certificate read the same number.
    let noise = Deletion::uniform(Arc::clone(&lexicon), Rate::new(0.8)?)?;
    let confidence = Confidence::alpha(0.001)?;

    // All at once: 100 noisy copies choose the class, 10,000 others bound its probability.
    let plan = Plan::fixed(100, 10_000)?;
    let smoothed = SmoothedClassifier::new(&classifier, &noise, plan).confidence(confidence).seed(1);
    println!("{}", smoothed.certify(&text, &noise.edits(&text)?)?);

    // Or stop as soon as one inserted word is certified: with a plan for any time, after every batch.
    let plan = Plan::anytime(100, 10_000, Prior::default())?;
    let smoothed =
        SmoothedClassifier::new(&classifier, &noise, plan).confidence(confidence).batch(32).seed(1);
    let texts = [text];
    let insertions = |noise: &&Deletion, text: &[WordId]| {
        noise.edits(text).map(|edits| edits.only(&[EditKind::Insertion]))
    };
    for certificate in smoothed.certify_all(&texts, insertions).target_radius(1).run()? {
        println!("{certificate}");
    }
    Ok(())
}
