//! Values of earlier releases: samples that votes were counted on, and fingerprints that files were written with. A change
//! here makes every stored run stale.

use std::sync::Arc;
use steadfast_certify::{
    Noise, Rate,
    rand_core::Rng,
    seed::{Phase, Purpose, generator},
};
use steadfast_perturb::{Deletion, Enumeration, ExactMasking, Lexicon, Masking, Row, Substitution, WordId};

const TOTAL: u64 = 1 << 32;

fn rate(probability: f64) -> Rate {
    Rate::new(probability).unwrap()
}

/// FNV-1a of the ids of some samples, in order, and the next number of the generator that drew them.
fn digest(noise: &impl Noise<Input = [WordId], Sample = Vec<WordId>>, text: &[WordId]) -> (u64, u64) {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut rng = generator(11, Phase::Estimation, 3, 5, Purpose::Noise);
    for length in [0, 1, 12, 64, 65, 150] {
        for word in noise.sample(&text[..length], &mut rng) {
            hash = (hash ^ u64::from(word.index())).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    (hash, rng.next_u64())
}

#[test]
fn samples_and_fingerprints_are_those_of_earlier_releases() {
    let lexicon = Arc::new(Lexicon::new());
    let text: Vec<WordId> = (0..150).map(|index| lexicon.intern(&format!("w{index}"))).collect();
    let share = || Arc::clone(&lexicon);
    let own = text.iter().step_by(3).map(|&word| (word, rate(0.1)));
    let rows = text.chunks_exact(3).map(|words| {
        let weights = [TOTAL / 2, TOTAL / 8, TOTAL / 8 * 3];
        Row::new(words[0], words.iter().copied().zip(weights)).allowing([words[0], words[2]])
    });
    let uniform = Deletion::uniform(share(), rate(0.7)).unwrap();
    let per_word = Deletion::per_word(share(), own, rate(0.9)).unwrap();
    let masking = Masking::new(share(), rate(0.35)).unwrap();
    let exact = ExactMasking::new(share(), 20).unwrap();
    let substitution = Substitution::new(share(), rows).unwrap();
    let enumeration = Enumeration::new(&per_word, &text[..8], 20).unwrap();

    let samples = [
        digest(&uniform, &text),
        digest(&per_word, &text),
        digest(&masking, &text),
        digest(&exact, &text),
        digest(&substitution, &text),
    ];
    assert_eq!(samples, SAMPLES, "{samples:#018x?}");

    let fingerprint = |law: Option<steadfast_certify::NoiseFingerprint>| law.unwrap().value();
    let fingerprints = [
        fingerprint(uniform.fingerprint(&text)),
        fingerprint(per_word.fingerprint(&text)),
        fingerprint(masking.fingerprint(&text)),
        fingerprint(exact.fingerprint(&text)),
        fingerprint(substitution.fingerprint(&text)),
        fingerprint(enumeration.rest().unwrap().fingerprint(&text[..8])),
    ];
    assert_eq!(fingerprints, FINGERPRINTS, "{fingerprints:#018x?}");
}

const SAMPLES: [(u64, u64); 5] = [
    (0xcdfb_fea8_351e_1349, 0xb8b2_7b44_2471_7d69),
    (0x81c8_ef69_9f68_40f5, 0xe788_4b5e_7e51_8796),
    (0x95af_6952_4566_51a2, 0x071a_75b6_de03_4814),
    (0x2d49_3a84_1687_fcec, 0x071a_75b6_de03_4814),
    (0x7510_e637_de4d_d7d6, 0xe788_4b5e_7e51_8796),
];
const FINGERPRINTS: [u64; 6] = [
    0xbbae_5c0c_3f1c_23f7,
    0x500f_5e4c_35ea_3639,
    0x07af_94ab_efee_e523,
    0xab66_5a5b_f7e4_b2dc,
    0x5a0a_1df3_8f12_ce17,
    0x7210_78bb_12d7_9ca6,
];
