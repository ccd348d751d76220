//! Certify a sentence with your own classifier: `cargo run --release --example quickstart`.

use std::{error::Error, ops::ControlFlow, sync::Arc};
use steadfast::{
    certify::{Certifier, Confidence, EditKind, Plan, Rate, Smoothing, confidence::Prior, from_fn},
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
    let certifier = Certifier::new(Confidence::alpha(0.001)?);

    // All at once: 100 noisy copies choose the class, 10,000 others bound its probability.
    let tally = Smoothing::new(Plan::fixed(100, 10_000)?).seed(1).tally(&noise, &classifier, 0, &text[..])?;
    println!("{}", certifier.certify(&noise.edits(&text), &tally)?);

    // Or stop as soon as one inserted word is certified: a plan for bounds that may be read at any time.
    let threat = noise.edits(&text).only(&[EditKind::Insertion]);
    let enough = |tally: &_| Ok(certifier.certify(&threat, tally)?.certifies(1, 1));
    let smoothing = Smoothing::new(Plan::anytime(100, 10_000, Prior::default())?).batch(32).seed(1);
    let observe = |_| ControlFlow::Continue(());
    let tally = smoothing.tally_until(&noise, &classifier, 0, &text[..], enough, observe)?;
    println!("{}", certifier.certify(&threat, &tally)?);
    Ok(())
}
