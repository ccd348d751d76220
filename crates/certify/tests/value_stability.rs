//! The same seed draws the same noise and counts the same votes, version after version.

use steadfast_certify::{
    BitFlips, Bits, Noise, Plan, Rate, SmoothedClassifier, UniformNoise, confidence::Prior, from_fn,
};

#[test]
fn votes_of_bit_flips() {
    let image: Bits = (0..40).map(|bit| bit % 3 == 0).collect();
    let noise = BitFlips::new(Rate::new(0.05).unwrap(), Rate::new(0.3).unwrap()).unwrap();
    let classifier = from_fn(3, |bits: &Bits| bits.count_ones() / 4 % 3);
    let plan = Plan::interim(20, [100, 250, 700]).unwrap();
    let votes = SmoothedClassifier::new(classifier, noise, plan).batch(64).seed(9).count(5, &image).unwrap();
    assert_eq!(votes.selection().unwrap().counts(), [6, 2, 12]);
    assert_eq!(votes.estimation().counts(), [275, 34, 391]);
    assert_eq!(noise.fingerprint(&image).unwrap().to_string(), "b1de4c1f8c1c2291");
}

#[test]
fn votes_of_uniform_noise() {
    let answers = [4, 3, 4, 4, 2, 4, 3, 4, 4, 3];
    let noise = UniformNoise::new(5, Rate::new(0.3).unwrap()).unwrap();
    let classifier = from_fn(2, |answers: &Vec<u32>| usize::from(answers.iter().sum::<u32>() > 33));
    let plan = Plan::anytime(50, 1_000, Prior::default()).unwrap();
    let votes =
        SmoothedClassifier::new(classifier, noise, plan).batch(32).seed(7).count(2, &answers).unwrap();
    assert_eq!(votes.selection().unwrap().counts(), [47, 3]);
    assert_eq!(votes.estimation().counts(), [884, 116]);
    assert_eq!(noise.fingerprint(&answers).unwrap().to_string(), "4e781d67320c1847");
}
