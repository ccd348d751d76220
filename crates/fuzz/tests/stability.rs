//! The same seeds give the same results in every version of the crate.

mod common;

use common::World;
use steadfast_certify::{Fingerprint, Rate};
use steadfast_fuzz::{
    MajorityVote, Randomization, RandomizationUnit, Randomizer, Rates, SearchSettings, VulnerableArea,
};
use steadfast_perturb::WordId;

fn digest(numbers: impl IntoIterator<Item = u64>) -> u64 {
    Fingerprint::new("digest", numbers).value()
}

#[test]
fn searches_copies_and_votes_are_pinned() {
    let world = World::new();
    let model = world.model();
    let texts: Vec<Vec<WordId>> =
        world.poisoned(50, &world.triggers[1..2], &model).into_iter().map(|(text, _)| text).collect();
    let words = |texts: &[Vec<WordId>]| {
        let numbers = texts.iter().flat_map(|text| {
            std::iter::once(text.len() as u64).chain(text.iter().map(|word| word.index().into()))
        });
        digest(numbers.collect::<Vec<_>>())
    };
    assert_eq!(words(&texts), 0x49df_dc9a_2aa5_ce9c, "texts");

    let settings = SearchSettings::default().budget(20).leaves(2).seed(3);
    let found = world.fuzzer(settings).search(&world.divergence(), &texts).unwrap();
    let trees = found.iter().flat_map(|area| area.tree().nodes()).flat_map(|node| {
        [node.segment().start as u64, node.segment().end as u64, node.visits().into(), node.value().to_bits()]
    });
    assert_eq!(digest(trees), 0xa65c_578e_e2d0_31d7, "trees");
    let areas =
        found.iter().flat_map(VulnerableArea::segments).flat_map(|area| [area.start as u64, area.end as u64]);
    assert_eq!(digest(areas), 0x19b8_dcaa_599c_f910, "areas");

    let rate = |rate| Rate::new(rate).unwrap();
    let rates = Rates::new(rate(0.3), rate(0.9)).unwrap();
    for (unit, copies, votes) in [
        (RandomizationUnit::Segment, 0xe12a_9f1a_e4d3_fc27, 0x7bb1_af46_7ede_e521),
        (RandomizationUnit::Word, 0xb45e_c7c2_fc9e_626f, 0x4b1e_d911_1e74_fb08),
    ] {
        let settings = Randomization::new(rates).unit(unit).threshold(0.6).seed(5);
        let randomizer = Randomizer::new(world.mutations(), settings).unwrap();
        assert_eq!(words(&randomizer.randomize(&found, 4).unwrap()), copies, "{unit:?}");
        let mut vote = MajorityVote::new(&randomizer, &found);
        (0..7).for_each(|_| vote.ask(&model).unwrap());
        let verdicts = vote.verdicts().unwrap();
        assert_eq!(digest(verdicts.iter().flat_map(|verdict| verdict.votes().to_vec())), votes, "{unit:?}");
    }
}
