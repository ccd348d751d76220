//! How well a planted trigger is found, by budget. `cargo test -p steadfast-fuzz --test planted -- --nocapture` prints the curves.

mod common;

use common::World;
use std::{ops::Range, sync::Arc};
use steadfast_certify::Noise;
use steadfast_fuzz::{Divergence, Finding, Fuzzer, Settings};
use steadfast_perturb::{Mutation, MutationWeights, WordId, WordList};

const BUDGETS: [u32; 5] = [3, 5, 10, 15, 30];
const TEXTS: usize = 500;

/// How much of the area is trigger, how much of the trigger is in the area, and how often the area is just the trigger; means.
#[derive(Clone, Copy, Debug)]
struct Score {
    precision: f64,
    recall: f64,
    exact: f64,
}

fn score(findings: &[Finding], triggers: &[Range<usize>]) -> Score {
    let mut score = Score { precision: 0.0, recall: 0.0, exact: 0.0 };
    for (finding, trigger) in findings.iter().zip(triggers) {
        let hit = trigger.clone().filter(|&word| finding.covers(&(word..word + 1))).count() as f64;
        score.precision += hit / finding.area_words().max(1) as f64;
        score.recall += hit / trigger.len() as f64;
        score.exact += f64::from(u8::from(finding.area() == std::slice::from_ref(trigger)));
    }
    let count = findings.len() as f64;
    Score { precision: score.precision / count, recall: score.recall / count, exact: score.exact / count }
}

fn curve(
    world: &World,
    name: &str,
    mutation: impl Noise<Input = [WordId], Sample = Vec<WordId>> + Clone + Send + Sync + 'static,
    trigger: &[WordId],
    settings: &Settings,
) -> Vec<Score> {
    let mut model = world.model();
    model.trigger = trigger.to_vec();
    let (texts, places): (Vec<_>, Vec<_>) = world.poisoned(TEXTS, trigger, &model).into_iter().unzip();
    let triggers: Vec<_> = places.into_iter().map(|place| place..place + trigger.len()).collect();
    let objective = Divergence::new(model);
    println!(
        "{name}, {} words of trigger\n{:>8}{:>12}{:>8}{:>8}",
        trigger.len(),
        "budget",
        "precision",
        "recall",
        "exact"
    );
    BUDGETS
        .into_iter()
        .map(|budget| {
            let settings = Settings { budget, ..settings.clone() };
            let fuzzer = Fuzzer::new(Arc::clone(&world.lexicon), mutation.clone(), settings).unwrap();
            let score = score(&fuzzer.search(&objective, &texts).unwrap(), &triggers);
            println!("{budget:>8}{:>12.2}{:>8.2}{:>8.2}", score.precision, score.recall, score.exact);
            score
        })
        .collect()
}

#[test]
fn the_trigger_is_found() {
    let world = World::new();
    let default = Settings::default();
    let one = &world.triggers[1..2];
    let deleted = curve(&world, "segments deleted", world.deletions(), one, &default);
    curve(&world, "segments mutated", world.mutations(), one, &default);
    for leaves in [2, 4] {
        let settings = Settings { leaves, ..default.clone() };
        curve(
            &world,
            &format!("segments deleted, {leaves} steps at once"),
            world.deletions(),
            one,
            &settings,
        );
    }
    let word = Mutation::new(1, MutationWeights::default(), WordList::new(world.words.clone())).unwrap();
    curve(&world, "one word mutated", word, one, &default);
    let five: Vec<_> = [5, 6, 7, 8, 9].map(|number| world.words[number]).to_vec();
    curve(&world, "segments deleted", world.deletions(), &five, &default);
    curve(&world, "segments mutated", world.mutations(), &five, &default);
    let _ = deleted;
}
