//! What holds in every tree: visits add up, values are means, segments partition their parent.

mod common;

use common::{World, deletions};
use proptest::prelude::*;
use std::{collections::HashMap, ops::ControlFlow};
use steadfast_fuzz::{Fuzzer, Node, SearchSettings, SearchTree, VulnerableArea, objective};
use steadfast_perturb::WordId;

/// Everything that holds for a tree in which no step is under way; `deviations` are those found at each node.
fn check(tree: &SearchTree, words: usize, deviations: &HashMap<usize, Vec<f64>>) {
    let nodes = tree.nodes();
    assert_eq!(tree.root().segment(), &(0..words));
    assert_eq!((tree.root().parent(), tree.root()), (None, &nodes[0]));
    // Deviations found at a node or below it.
    let mut below: Vec<Vec<f64>> =
        (0..nodes.len()).map(|id| deviations.get(&id).cloned().unwrap_or_default()).collect();
    for (id, node) in nodes.iter().enumerate().rev() {
        assert_eq!(node.simulations() as usize, deviations.get(&id).map_or(0, Vec::len));
        assert_eq!(node.visits() as usize, below[id].len());
        let mean = below[id].iter().sum::<f64>() / below[id].len().max(1) as f64;
        assert!((node.value() - mean).abs() <= 1e-9 * mean.max(1.0), "{} is no mean: {mean}", node.value());
        if let Some(children) = node.children() {
            let [left, right] = children.map(|child| &nodes[child]);
            assert_eq!(children.map(|child| nodes[child].parent()), [Some(id); 2]);
            assert!(children.iter().all(|&child| child > id));
            assert!(!left.segment().is_empty() && !right.segment().is_empty());
            assert_eq!(node.segment(), &(left.segment().start..right.segment().end));
            assert_eq!(left.segment().end, right.segment().start);
            assert_eq!(node.visits(), node.simulations() + left.visits() + right.visits());
        }
        if let Some(parent) = node.parent() {
            let found = std::mem::take(&mut below[id]);
            below[parent].extend(found);
        }
    }
    let leaves = tree.leaves();
    assert_eq!((leaves.first().unwrap().start, leaves.last().unwrap().end), (0, words));
    assert!(leaves.windows(2).all(|pair| pair[0].end == pair[1].start));
}

fn search(world: &World, texts: &[Vec<WordId>], settings: SearchSettings) -> Vec<VulnerableArea> {
    let mut deviations = vec![HashMap::<usize, Vec<f64>>::new(); texts.len()];
    let areas = world
        .fuzzer(settings)
        .search_observed(&world.divergence(), texts, |step| {
            assert_eq!(step.words, texts[step.text]);
            deviations[step.text].entry(step.node).or_default().push(step.deviation);
            ControlFlow::Continue(())
        })
        .unwrap();
    for ((area, text), deviations) in areas.iter().zip(texts).zip(&deviations) {
        check(area.tree(), text.len(), deviations);
    }
    areas
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn trees_are_sound(
        texts in prop::collection::vec(prop::collection::vec(0_usize..common::VOCABULARY, 0..40), 1..5),
        budget in 1_u32..40,
        leaves in 1_u32..6,
        exploration in 0.0..3.0_f64,
        batch in 1_usize..20,
        seed: u64,
    ) {
        let world = World::new();
        let texts: Vec<Vec<WordId>> =
            texts.iter().map(|text| text.iter().map(|&word| world.words[word]).collect()).collect();
        let settings = SearchSettings::default().budget(budget).leaves(leaves).exploration(exploration).batch(batch).seed(seed);
        let areas = search(&world, &texts, settings);
        for (area, text) in areas.iter().zip(&texts) {
            let expected = if text.is_empty() { 0 } else { budget };
            prop_assert_eq!(area.tree().root().visits(), expected);
            let best = area.tree().nodes().iter().map(Node::value).fold(0.0, f64::max);
            prop_assert_eq!(area.segments().is_empty(), best == 0.0);
            let attribution = area.attribution();
            prop_assert_eq!(attribution.len(), text.len());
            for segment in area.segments() {
                let is_best = area.tree().nodes().iter().any(|node| node.segment() == segment && node.value() == best);
                prop_assert!(is_best, "{segment:?} in\n{}", area.drawing(&world.lexicon));
            }
        }
    }
}

#[test]
fn the_bound_balances_value_and_visits() {
    // Without exploration the search stays with the better half; with much of it both halves are visited equally often.
    let world = World::new();
    let (texts, _): (Vec<_>, Vec<_>) =
        world.poisoned(50, &world.triggers[1..2], &world.model()).into_iter().unzip();
    let visits = |exploration| -> Vec<[u32; 2]> {
        let settings = SearchSettings::default().budget(40).exploration(exploration);
        let halves = |area: &VulnerableArea| {
            let nodes = area.tree().nodes();
            let [a, b] = nodes[0].children().unwrap().map(|child| nodes[child].visits());
            [a.min(b), a.max(b)]
        };
        search(&world, &texts, settings).iter().map(halves).collect()
    };
    assert!(visits(1e6).iter().all(|&halves| halves == [20, 20]));
    let greedy = visits(0.0);
    assert!(greedy.iter().filter(|&&halves| halves == [1, 39]).count() > 30, "{greedy:?}");
}

#[test]
fn the_first_steps_follow_the_formula() {
    // Four words; the model depends on the third alone, so every step's deviation is known beforehand: 1 if it is gone.
    let world = World::new();
    let text = world.words[10..14].to_vec();
    let third = text[2];
    let objective = objective::from_fn(
        move |text: &[WordId]| text.contains(&third),
        |changed, original| f64::from(u8::from(changed != original)),
    );
    let settings = SearchSettings::default().budget(7);
    let fuzzer = Fuzzer::new(world.lexicon.clone(), deletions(), settings).unwrap();
    let mut segments = Vec::new();
    fuzzer
        .search_observed(&objective, &[text], |step| {
            segments.push(step.tree.nodes()[step.node].segment().clone());
            ControlFlow::Continue(())
        })
        .unwrap();
    // Both halves; the better one is split and its parts looked at. Then, with C = √2, after four visits:
    // 0..2 has 0 + √2·√(ln 4 / 1) = 1.67 and 2..4 has ⅔ + √2·√(ln 4 / 3) = 1.63, so the search turns to 0..2 and splits it.
    // After five: 0 + √2·√(ln 5 / 2) = 1.27 against ⅔ + √2·√(ln 5 / 3) = 1.70, so 2..4, in it the third word:
    // 1 + √2·√(ln 3 / 1) against 0 + √2·√(ln 3 / 1). After six: 1.34 against ¾ + √2·√(ln 6 / 4) = 1.70: the third word again.
    assert_eq!(segments, [0..2, 2..4, 2..3, 3..4, 0..1, 2..3, 2..3]);
}
