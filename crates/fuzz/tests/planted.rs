//! How well a planted trigger is found, by budget. `cargo test -p steadfast-fuzz --test planted -- --nocapture`
//! prints the curves.

mod common;

use common::{World, deletions};
use std::{fmt::Write, ops::Range, sync::Arc};
use steadfast_certify::Noise;
use steadfast_fuzz::{Divergence, Fuzzer, SearchSettings, VulnerableArea};
use steadfast_perturb::{Mutation, MutationWeights, WordId, WordList};

const BUDGETS: [u32; 5] = [3, 5, 10, 15, 30];
const TEXTS: usize = 500;

/// How much of the area is trigger, how much of the trigger is in the area, and how often the area is just the
/// trigger; means.
#[derive(Clone, Copy, Debug)]
struct Score {
    precision: f64,
    recall: f64,
    exact: f64,
}

fn score(areas: &[VulnerableArea], triggers: &[Range<usize>]) -> Score {
    let mut score = Score { precision: 0.0, recall: 0.0, exact: 0.0 };
    for (area, trigger) in areas.iter().zip(triggers) {
        let hit = trigger.clone().filter(|&word| area.covers(&(word..word + 1))).count() as f64;
        score.precision += hit / area.word_count().max(1) as f64;
        score.recall += hit / trigger.len() as f64;
        score.exact += f64::from(u8::from(area.segments() == std::slice::from_ref(trigger)));
    }
    let count = areas.len() as f64;
    Score { precision: score.precision / count, recall: score.recall / count, exact: score.exact / count }
}

fn curve(
    world: &World,
    name: &str,
    mutation: impl Noise<Input = [WordId], Sample = Vec<WordId>> + Clone + Send + Sync + 'static,
    trigger: &[WordId],
    settings: &SearchSettings,
) -> Vec<Score> {
    let mut model = world.model();
    model.trigger = trigger.to_vec();
    let (texts, places): (Vec<_>, Vec<_>) = world.poisoned(TEXTS, trigger, &model).into_iter().unzip();
    let triggers: Vec<_> = places.into_iter().map(|place| place..place + trigger.len()).collect();
    let objective = Divergence::new(model);
    let scores: Vec<Score> = BUDGETS
        .into_iter()
        .map(|budget| {
            let settings = settings.clone().budget(budget);
            let fuzzer = Fuzzer::new(Arc::clone(&world.lexicon), mutation.clone(), settings).unwrap();
            score(&fuzzer.search(&objective, &texts).unwrap(), &triggers)
        })
        .collect();
    let mut table =
        format!("\n{name}, a trigger of {} words\nbudget precision  recall   exact\n", trigger.len());
    for (budget, Score { precision, recall, exact }) in BUDGETS.iter().zip(&scores) {
        writeln!(table, "{budget:>6}{precision:>10.2}{recall:>8.2}{exact:>8.2}").unwrap();
    }
    print!("{table}");
    scores
}

#[test]
fn a_trigger_of_one_word_is_found() {
    let (world, default) = (World::new(), SearchSettings::default());
    let trigger = &world.triggers[1..2];
    let deleted = curve(&world, "segments deleted", deletions(), trigger, &default);
    // A deleted segment shows at once whether the trigger is in it: the trigger is never missed, and the area closes in on it.
    assert!(deleted.iter().all(|score| score.recall > 0.99), "{deleted:?}");
    assert!(deleted.is_sorted_by(|a, b| a.precision <= b.precision), "{deleted:?}");
    assert!(deleted[2].precision > 0.75 && deleted[3].exact > 0.85 && deleted[4].exact > 0.99, "{deleted:?}");

    // Insertions and transpositions leave the trigger where it is, so that more steps are needed.
    let mutated = curve(&world, "segments mutated", world.mutations(), trigger, &default);
    assert!(mutated.is_sorted_by(|a, b| a.recall <= b.recall && a.precision <= b.precision), "{mutated:?}");
    assert!(
        mutated[2].recall > 0.75 && mutated[4].recall > 0.93 && mutated[4].precision > 0.75,
        "{mutated:?}"
    );

    // A single edit seldom meets the trigger, so that much of the budget shows nothing.
    let word = Mutation::new(1, MutationWeights::default(), WordList::new(world.words.clone())).unwrap();
    let edited = curve(&world, "one word mutated", word, trigger, &default);
    assert!(
        edited.iter().zip(&mutated).all(|(edited, mutated)| edited.recall < mutated.recall),
        "{edited:?}"
    );

    for (leaves, precision) in [(2, 0.7), (4, 0.4)] {
        let settings = default.clone().leaves(leaves);
        let name = format!("segments deleted, {leaves} steps at once");
        let scores = curve(&world, &name, deletions(), trigger, &settings);
        assert!(
            scores.iter().all(|score| score.recall > 0.99) && scores[2].precision > precision,
            "{scores:?}"
        );
    }
}

#[test]
fn of_a_long_trigger_any_word_is_an_area() {
    let (world, default) = (World::new(), SearchSettings::default());
    let trigger = &world.words[5..10];
    // Without one of its words the trigger is dead, so the search closes in on one word; a share gathers the others.
    let best = curve(&world, "segments deleted", deletions(), trigger, &default);
    assert!(best[0].recall > 0.75 && best[4].precision > 0.99 && best[4].recall < 0.3, "{best:?}");
    let settings = default.area_share(0.5);
    let shared = curve(&world, "segments deleted, share ½", deletions(), trigger, &settings);
    assert!(shared[4].recall > best[4].recall + 0.1 && shared[4].precision > 0.8, "{shared:?}");
}
