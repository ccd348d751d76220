//! Groups of words: reproducible and of about equal size.

use std::sync::Arc;
use steadfast_perturb::{Lexicon, Partition, WordId};

#[test]
fn groups_depend_on_words_alone() {
    let lexicon = Arc::new(Lexicon::new());
    let partition = Partition::new(Arc::clone(&lexicon), 7).unwrap();
    // Values of earlier releases: a change would move every word.
    let words = ["the", "film", "Film", "ÉTÉ", "", "👩"];
    assert_eq!(words.map(|word| partition.group(word)), [5, 2, 2, 2, 1, 2]);
    let text: Vec<WordId> = ["b", "a", "B", "a", "c"].map(|word| lexicon.intern(word)).into();
    let one = Partition::new(Arc::clone(&lexicon), 1).unwrap();
    let sorted = one.split(&text).into_iter().map(|group| lexicon.detokenize(&group)).collect::<Vec<_>>();
    assert_eq!(sorted, ["B a a b c"]);
    let groups = partition.split(&text);
    assert_eq!(groups.len(), 7);
    for (number, group) in (0..).zip(&groups) {
        assert!(group.iter().all(|&word| partition.group(&lexicon.word(word).unwrap()) == number));
    }
    assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), 5);
    assert_eq!(partition.split(&[]), vec![Vec::new(); 7]);
    // Another lexicon, other ids, the same words in the same order.
    let other = Arc::new(Lexicon::new());
    let again: Vec<WordId> = ["c", "a", "a", "B", "b"].map(|word| other.intern(word)).into();
    let shown = |lexicon: &Lexicon, groups: Vec<Vec<WordId>>| {
        groups.iter().map(|group| lexicon.detokenize(group)).collect::<Vec<_>>()
    };
    let regrouped = Partition::new(Arc::clone(&other), 7).unwrap().split(&again);
    assert_eq!(shown(&other, regrouped), shown(&lexicon, groups));
}

#[test]
fn groups_are_about_equal() {
    let partition = Partition::new(Arc::new(Lexicon::new()), 5).unwrap();
    let mut counts = [0.0_f64; 5];
    for word in 0..50_000 {
        counts[partition.group(&format!("w{word}")) as usize] += 1.0;
    }
    assert!(counts.iter().all(|count| (count - 10_000.0).abs() < 5.0 * 90.0), "{counts:?}");
}
