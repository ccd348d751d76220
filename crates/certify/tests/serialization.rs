//! What is written is read back equal; what was changed on the way is refused. Certificates are only written.
#![cfg(feature = "serde")]

use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use steadfast_certify::{
    BitFlips, Bits, Certifier, Confidence, Fingerprint, Noise, NoiseFingerprint, Phase, Plan, Rate, RunnerUp,
    SavedVotes, SmoothedClassifier, Tolerance, UniformNoise, VoteCounts, VoteHeader, VoteTable, Votes,
    confidence::Prior, from_fn,
};

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> String {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value, "{text}");
    text
}

/// Every change of the text is refused.
fn refused<T: DeserializeOwned + Debug>(text: &str, changes: &[(&str, &str)]) {
    for (from, to) in changes {
        assert!(text.contains(from), "{text} does not contain {from}");
        let changed = text.replacen(from, to, 1);
        let read = serde_json::from_str::<T>(&changed);
        assert!(read.is_err(), "{changed} was read as {read:?}");
    }
}

fn votes() -> Votes {
    let mut votes = Votes::new(
        VoteHeader::new(
            Some(NoiseFingerprint::new("a", [1])),
            Fingerprint::new("run", [u64::MAX - 1]),
            Phase::Estimation,
            0..25,
        ),
        vec![10, 15],
    )
    .unwrap();
    let header = VoteHeader::new(
        Some(NoiseFingerprint::new("a", [1])),
        Fingerprint::new("run", [u64::MAX - 1]),
        Phase::Estimation,
        30..35,
    );
    votes.merge(&Votes::new(header, vec![5, 0]).unwrap()).unwrap();
    votes
}

#[test]
fn parameters() {
    assert_eq!(round_trip(&Rate::new(0.5).unwrap()), "2147483648");
    refused::<Rate>(
        "2147483648",
        &[("2147483648", "4294967296"), ("2147483648", "-1"), ("2147483648", "0.5")],
    );
    let text = round_trip(&Confidence::alpha(0.001).unwrap());
    refused::<Confidence>(
        &text,
        &[("0.001", "0"), ("0.001", "1.0"), ("0.001", "0.999"), ("0.001", "-0.001"), ("0.001", "null")],
    );
    let text = round_trip(&Prior::new(3, 1).unwrap());
    refused::<Prior>(&text, &[("3", "0"), ("1", "0"), ("3", "-3")]);
    round_trip(&RunnerUp::PerClass);
    round_trip(&NoiseFingerprint::new("a", [1, 2]));
    refused::<NoiseFingerprint>("\"00ff\"", &[("00ff", "xyz"), ("00ff", "11112222333344445"), ("00ff", "")]);
}

#[test]
fn noises() {
    let text = round_trip(&BitFlips::new(Rate::new(0.1).unwrap(), Rate::NEVER).unwrap());
    let numerator = Rate::new(0.1).unwrap().numerator().to_string();
    refused::<BitFlips>(&text, &[(&numerator, "0"), (&numerator, "-1")]);
    let text = round_trip(&UniformNoise::new(5, Rate::new(0.5).unwrap()).unwrap());
    refused::<UniformNoise>(&text, &[("5", "1"), ("2147483648", "0")]);
    let text = round_trip(&Tolerance::new(0.01).unwrap());
    refused::<Tolerance>(&text, &[("0.01", "0"), ("0.01", "33")]);
}

#[test]
fn plans() {
    let text = round_trip(&Plan::interim(100, [10, 20]).unwrap());
    refused::<Plan>(
        &text,
        &[("[10,20]", "[20,10]"), ("[10,20]", "[]"), ("[10,20]", "[0,20]"), ("[10,20]", "[10,10]")],
    );
    let text = round_trip(&Plan::anytime(0, 500, Prior::new(2, 1).unwrap()).unwrap());
    refused::<Plan>(&text, &[("500", "0"), ("\"agree\":2", "\"agree\":0")]);
    round_trip(&Plan::fixed(0, 1).unwrap());
}

#[test]
fn ballots_and_votes() {
    let text = round_trip(&votes());
    refused::<Votes>(
        &text,
        &[
            ("[15,15]", "[15,16]"),
            ("[15,15]", "[]"),
            ("[15,15]", "[-1,31]"),
            ("[[0,25],[30,35]]", "[[0,25],[24,29]]"),
            ("[[0,25],[30,35]]", "[[25,0],[30,35]]"),
            ("[[0,25],[30,35]]", "[[0,25],[0,25]]"),
            ("[[0,25],[30,35]]", "[[0,25],[30,36]]"),
            ("\"run\":\"", "\"run\":\"x"),
            ("estimation", "guess"),
        ],
    );
    // Ranges in another order, or touching, are the same header.
    let swapped = text.replace("[[0,25],[30,35]]", "[[30,35],[20,25],[0,20]]");
    assert_eq!(serde_json::from_str::<Votes>(&swapped).unwrap(), votes());
}

#[test]
fn counts_of_a_plan_and_saved_votes() {
    let image: Bits = (0..9).map(|bit| bit < 7).collect();
    let noise = BitFlips::symmetric(Rate::new(0.1).unwrap()).unwrap();
    let classifier = from_fn(2, |bits: &Bits| usize::from(2 * bits.count_ones() > bits.len()));
    let smoothed = SmoothedClassifier::new(classifier, noise, Plan::fixed(10, 100).unwrap());
    let text = round_trip(&smoothed.count(0, &image).unwrap());
    // Votes that the plan does not foresee, and votes of two runs.
    refused::<VoteCounts>(&text, &[("\"selection\":10", "\"selection\":11"), ("[[0,100]]", "[[1,101]]")]);
    let mut saved = SavedVotes::default();
    smoothed.certify_all(&[image], BitFlips::threat).resume(&mut saved).run().unwrap();
    round_trip(&saved);
}

#[test]
fn tables() {
    let header = VoteHeader::new(None, Fingerprint::new("run", [7]), Phase::Estimation, 0..3);
    let text = round_trip(&VoteTable::new(header, 2, vec![3, 0, 1, 2]).unwrap());
    refused::<VoteTable>(
        &text,
        &[
            ("[3,0,1,2]", "[3,0,1,3]"),
            ("[3,0,1,2]", "[3,0,1]"),
            ("\"classes\":2", "\"classes\":0"),
            ("\"classes\":2", "\"classes\":3"),
        ],
    );
}

#[test]
fn certificates_are_written_with_what_they_rest_on() {
    let noise = BitFlips::symmetric(Rate::new(0.1).unwrap()).unwrap();
    let image: Bits = (0..4).map(|bit| bit == 0).collect();
    let votes = Votes::new(
        VoteHeader::new(noise.fingerprint(&image), Fingerprint::new("run", [1]), Phase::Estimation, 0..100),
        vec![0, 100],
    )
    .unwrap();
    let votes = VoteCounts::new(Plan::fixed(0, 100).unwrap(), None, votes).unwrap();
    let certificate = Certifier::new(Confidence::alpha(0.001).unwrap())
        .certify(&noise.threat(&image).unwrap(), &votes)
        .unwrap();
    let written = serde_json::to_value(&certificate).unwrap();
    assert_eq!(written["outcome"]["certified"]["class"], 1);
    let radius = serde_json::json!({"kind": "count", "value": 0, "unit": "coordinates"});
    assert_eq!(written["outcome"]["certified"]["radius"], radius);
    assert_eq!(written["bounds"]["evidence"]["sampled"], 0.001);
    assert_eq!(written["votes"]["estimation"]["counts"][1], 100);
    assert_eq!(written["bounds"]["noise"], noise.fingerprint(&image).unwrap().to_string());
    assert_eq!(written["threat"], "flips up to r of 4 bits");
}
