//! Votes of groups against brute force: every vote that corrupted groups can cast, for one input and for many at once.

use rand_core::Rng;
use std::collections::BTreeSet;
use steadfast_certify::{
    ClassId, Outcome, PartitionVotes, Phase, Radius, Unit, certify_partition,
    seed::{Purpose, generator},
};

/// The class of most votes, the smaller one on a tie.
fn leader(votes: &[u64]) -> ClassId {
    let most = votes.iter().max().unwrap();
    votes.iter().position(|count| count == most).unwrap()
}

/// All votes that differ in one group more.
fn one_more(reached: &BTreeSet<Vec<u64>>) -> BTreeSet<Vec<u64>> {
    let mut more = reached.clone();
    for votes in reached {
        for from in (0..votes.len()).filter(|&class| votes[class] > 0) {
            for to in 0..votes.len() {
                let mut votes = votes.clone();
                votes[from] -= 1;
                votes[to] += 1;
                more.insert(votes);
            }
        }
    }
    more
}

fn all_votes(groups: u64, classes: usize) -> Vec<Vec<u64>> {
    if classes == 1 {
        return vec![vec![groups]];
    }
    let with = |first: u64| {
        all_votes(groups - first, classes - 1).into_iter().map(move |rest| [vec![first], rest].concat())
    };
    (0..=groups).flat_map(with).collect()
}

#[test]
fn one_input() {
    let mut checked = 0;
    for (classes, most) in [(1, 4), (2, 9), (3, 7), (4, 6)] {
        for votes in (0..=most).flat_map(|groups| all_votes(groups, classes)) {
            let groups: u64 = votes.iter().sum();
            let class = leader(&votes);
            let mut reached = BTreeSet::from([votes.clone()]);
            let mut largest = None;
            for r in 0..=groups {
                if reached.iter().any(|votes| leader(votes) != class) {
                    break;
                }
                largest = Some(r);
                reached = one_more(&reached);
            }
            let certificate = certify_partition(&votes).unwrap();
            let expected = match largest {
                _ if classes == 1 => Radius::Unlimited(Unit::Groups),
                Some(r) => Radius::Count(u32::try_from(r).unwrap(), Unit::Groups),
                None => unreachable!("the class leads where nothing is corrupted"),
            };
            assert_eq!(certificate.outcome(), Outcome::Certified { class, radius: expected }, "{votes:?}");
            checked += 1;
        }
    }
    assert!(checked > 300);
}

#[test]
fn extreme_votes() {
    assert!(certify_partition(&[]).is_err());
    assert!(certify_partition(&[u64::MAX, 1]).is_err() && certify_partition(&[1 << 53, 1]).is_err());
    let most = certify_partition(&[1 << 53, 0]).unwrap();
    assert_eq!(most.radius(), Some(Radius::Count(u32::MAX, Unit::Groups)));
    let tie = certify_partition(&[1 << 52, 1 << 52]).unwrap();
    assert_eq!((tie.class(), tie.radius()), (Some(0), Some(Radius::Count(0, Unit::Groups))));
    assert!(PartitionVotes::new(0, 2, vec![]).is_err());
    assert!(PartitionVotes::new(2, 2, vec![0, 1, 0]).is_err());
    assert!(PartitionVotes::new(2, 2, vec![0, 2]).is_err() && PartitionVotes::new(2, 0, vec![0, 0]).is_err());
    let votes = PartitionVotes::new(3, 2, vec![0, 0, 0]).unwrap();
    assert!(votes.robust_together(Some(&[]), 1, 10).is_err());
    assert!(votes.robust_together(Some(&[0, 0]), 1, 10).is_err());
    let nobody = PartitionVotes::new(3, 2, vec![]).unwrap().robust_together(None, 1, 10).unwrap();
    assert_eq!((nobody.at_least, nobody.exact), (0, true));
}

/// Whether an input keeps its class whatever the corrupted groups answer.
fn keeps(answers: &[ClassId], classes: usize, corrupted: u32) -> bool {
    let count = |answers: &[ClassId]| {
        let mut votes = vec![0; classes];
        for &class in answers {
            votes[class] += 1;
        }
        votes
    };
    let class = leader(&count(answers));
    let changed: Vec<usize> = (0..answers.len()).filter(|&group| corrupted >> group & 1 == 1).collect();
    (0..classes.pow(changed.len() as u32)).all(|mut code| {
        let mut answers = answers.to_vec();
        for &group in &changed {
            answers[group] = code % classes;
            code /= classes;
        }
        leader(&count(&answers)) == class
    })
}

/// The fewest counted inputs that keep their class, over every choice of `r` groups.
fn fewest(answers: &[ClassId], groups: usize, classes: usize, labels: Option<&[ClassId]>, r: usize) -> u64 {
    let counts = |(input, row): (usize, &[ClassId]), corrupted: u32| {
        let mut votes = vec![0; classes];
        for &class in row {
            votes[class] += 1;
        }
        labels.is_none_or(|labels| labels[input] == leader(&votes)) && keeps(row, classes, corrupted)
    };
    (0..1_u32 << groups)
        .filter(|set| set.count_ones() as usize == r.min(groups))
        .map(|set| {
            answers.chunks_exact(groups).enumerate().filter(|&input| counts(input, set)).count() as u64
        })
        .min()
        .unwrap()
}

#[test]
fn many_inputs_at_once() {
    let (mut cut_short, mut below) = (0, 0);
    for trial in 0..500_u64 {
        let mut rng = generator(5, Phase::Training, 0, trial, Purpose::Other(4));
        let mut below_of = |most: u64| (rng.next_u64() % most) as usize;
        let (groups, classes) = (1 + below_of(6), 1 + below_of(3));
        let inputs = below_of(13);
        // Inputs lean towards a class, so that some answers last.
        let lean = 1 + below_of(3);
        let answers: Vec<ClassId> = (0..inputs)
            .flat_map(|_| {
                let class = below_of(classes as u64);
                (0..groups)
                    .map(|_| if below_of(4) < lean { class } else { below_of(classes as u64) })
                    .collect::<Vec<_>>()
            })
            .collect();
        let labels: Vec<ClassId> = (0..inputs).map(|_| below_of(classes as u64)).collect();
        let votes = PartitionVotes::new(groups, classes, answers.clone()).unwrap();
        for labels in [None, Some(labels.as_slice())] {
            let mut before = u64::MAX;
            for r in 0..=groups + 1 {
                let truth = fewest(&answers, groups, classes, labels, r);
                let context =
                    format!("{answers:?} of {groups} groups, {classes} classes, {labels:?}, r = {r}");
                let found = votes.robust_together(labels, r, 1_000_000).unwrap();
                assert!(found.exact && found.at_least == truth, "{context}: {found:?}, not {truth}");
                assert!(truth <= before, "{context}");
                before = truth;
                for nodes in [0, 1, 2, 5] {
                    let found = votes.robust_together(labels, r, nodes).unwrap();
                    assert!(found.at_least <= truth, "{context}, {nodes} nodes: {found:?} above {truth}");
                    assert!(!found.exact || found.at_least == truth, "{context}, {nodes} nodes: {found:?}");
                    cut_short += usize::from(!found.exact);
                    below += usize::from(found.at_least < truth);
                }
            }
            // One by one is never better than together.
            for r in 0..=groups as u32 {
                let alone = votes
                    .votes()
                    .enumerate()
                    .filter(|(input, votes)| {
                        let certificate = certify_partition(votes).unwrap();
                        let class = leader(votes);
                        labels.is_none_or(|labels| labels[*input] == class) && certificate.certifies(class, r)
                    })
                    .count() as u64;
                assert!(alone <= votes.robust_together(labels, r as usize, 1_000_000).unwrap().at_least);
            }
        }
    }
    println!("{cut_short} searches cut short, {below} of them below the truth");
    assert!(cut_short > 100 && below > 50);
}
