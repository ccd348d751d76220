//! Certify your own classifier in thirty lines: `cargo run --release --example quickstart`.

use std::{error::Error, ops::ControlFlow};
use steadfast::certify::{
    BitFlips, Bits, Certifier, Confidence, Plan, Rate, Smoothing, confidence::Prior, from_fn,
};

fn main() -> Result<(), Box<dyn Error>> {
    // Anything that answers a class will do. This one asks whether the left half of an 8 × 8 image is the darker one.
    let left_is_darker = |image: &Bits| {
        let dark = |columns: std::ops::Range<usize>| {
            (0..64).filter(|&pixel| columns.contains(&(pixel % 8)) && image.get(pixel)).count()
        };
        usize::from(dark(0..4) > dark(4..8))
    };
    let classifier = from_fn(2, left_is_darker);
    let image: Bits = (0..64).map(|pixel| pixel % 8 < 3).collect();

    // Every pixel flips with probability 0.2. The sampler and the certificate read the same number.
    let noise = BitFlips::symmetric(Rate::new(0.2)?)?;
    let certifier = Certifier::new(Confidence::new(0.001)?);

    // All at once: 100 noisy copies choose the class, 10,000 others bound its probability.
    let tally = Smoothing::new(Plan::fixed(100, 10_000)?).seed(1).tally(&noise, &classifier, 0, &image)?;
    println!("{}", certifier.certify(&noise.threat(&image), &tally)?);

    // Or stop as soon as two changed pixels are certified: a plan for bounds that may be read at any time.
    let plan = Plan::anytime(100, 10_000, Prior::default())?;
    let threat = noise.threat(&image);
    let enough = |tally: &_| Ok(certifier.certify(&threat, tally)?.certifies(1, 2));
    let tally =
        Smoothing::new(plan)
            .batch(64)
            .seed(1)
            .tally_until(&noise, &classifier, 0, &image, enough, |_| ControlFlow::Continue(()))?;
    println!("{}", certifier.certify(&threat, &tally)?);
    Ok(())
}
