//! Any two sequences and any script: what is aligned replays and leads back, what does not fit is refused.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use steadfast_perturb::{
    EditOp, EditScript,
    edit::{align, damerau_levenshtein, damerau_levenshtein_within, optimal_string_alignment},
};

#[derive(Arbitrary, Debug)]
enum Edit {
    Insert(u8, u8),
    Delete(u8, u8),
    Substitute(u8, u8, u8),
    Transpose(u8),
}

fuzz_target!(|input: (&[u8], &[u8], u8, Vec<Edit>)| {
    let (a, b, cutoff, edits) = input;
    let cutoff = usize::from(cutoff);
    let distance = damerau_levenshtein(a, b);
    assert_eq!(distance, damerau_levenshtein(b, a));
    assert!(distance <= optimal_string_alignment(a, b) && distance <= a.len().max(b.len()));
    assert_eq!(damerau_levenshtein_within(a, b, cutoff), (distance <= cutoff).then_some(distance));
    match align(a, b, cutoff).expect("short sequences fit") {
        None => assert!(distance > cutoff),
        Some(script) => {
            assert_eq!(script.len(), distance);
            assert_eq!(script.apply(a).expect("a script for a"), b);
            assert_eq!(script.inverted().apply(b).expect("its inverse for b"), a);
        }
    }
    let script: EditScript<u8> = edits
        .into_iter()
        .map(|edit| match edit {
            Edit::Insert(position, token) => EditOp::Insert { position: position.into(), token },
            Edit::Delete(position, token) => EditOp::Delete { position: position.into(), token },
            Edit::Substitute(position, from, to) => {
                EditOp::Substitute { position: position.into(), from, to }
            }
            Edit::Transpose(position) => EditOp::Transpose { position: position.into() },
        })
        .collect();
    if let Ok(edited) = script.apply(a) {
        assert!(damerau_levenshtein(a, &edited) <= script.len());
        assert_eq!(script.inverted().apply(&edited).expect("the inverse fits"), a);
    }
});
