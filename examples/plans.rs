//! Which plan needs fewest votes? `cargo run --release --example plans`.
//!
//! Simulates votes for a class of known probability and stops as soon as a radius is certified, under three plans that are
//! all wrong with probability at most 0.001: 10,000 votes at once, looks at five totals, and a bound that may be read at any time.

use std::error::Error;
use steadfast::certify::{
    Certifier, Confidence, Fingerprint, Interval, Phase, Plan, Rate, UniformThreat, VoteCounts, VoteHeader,
    Votes,
    confidence::Prior,
    noise::bernoulli,
    seed::{Purpose, generator},
};

const RUNS: u64 = 200;
const MOST: u64 = 10_000;
const STEP: u64 = 25;

fn main() -> Result<(), Box<dyn Error>> {
    let looks = [150, 500, 1_500, 4_000, MOST];
    let plans = [
        ("at once", Plan::fixed(0, MOST)?),
        ("five looks", Plan::interim(0, looks)?),
        ("any time", Plan::anytime(0, MOST, Prior::default())?),
        ("any time, flat prior", Plan::anytime(0, MOST, Prior::new(1, 1)?)?),
    ];
    println!(
        "Mean votes until a radius is certified, over {RUNS} simulated inputs (seed 1); in brackets, inputs that never were."
    );
    println!("Binary noise with β = 0.9, α = 0.001.\n");
    print!("| probability | radius |");
    for (name, _) in &plans {
        print!(" {name} |");
    }
    println!("\n|---|---|{}", "---|".repeat(plans.len()));
    for (probability, radius) in
        [(0.9995, 2), (0.999, 2), (0.998, 2), (0.99, 1), (0.97, 1), (0.9, 0), (0.7, 0), (0.55, 0)]
    {
        print!("| {probability} | {radius} |");
        for (_, plan) in &plans {
            let votes = (0..RUNS).map(|run| votes_needed(plan, run, Rate::new(probability)?, radius));
            let votes = votes.collect::<Result<Vec<Option<u64>>, Box<dyn Error>>>()?;
            let spent: u64 = votes.iter().map(|needed| needed.unwrap_or(MOST)).sum();
            print!(" {} ({}) |", spent / RUNS, votes.iter().filter(|needed| needed.is_none()).count());
        }
        println!();
    }
    Ok(())
}

/// Votes at the first planned reading, in steps of 25 votes, at which the radius is certified.
fn votes_needed(
    plan: &Plan,
    run: u64,
    probability: Rate,
    radius: u32,
) -> Result<Option<u64>, Box<dyn Error>> {
    // One class against the rest: class 1 is the one with the given probability.
    let threat = UniformThreat::new(2, Interval::enclosing("0.9")?, 784)?;
    let certifier = Certifier::new(Confidence::alpha(0.001)?);
    let mut rng = generator(1, Phase::Estimation, run, 0, Purpose::Noise);
    let mut agreed = 0;
    for total in (STEP..=MOST).step_by(STEP as usize) {
        agreed += (0..STEP).filter(|_| bernoulli::event(probability, &mut rng)).count() as u64;
        let header = VoteHeader::new(None, Fingerprint::new("plans", [run]), Phase::Estimation, 0..total);
        let tally = VoteCounts::new(plan.clone(), None, Votes::new(header, vec![total - agreed, agreed])?)?;
        // Totals that the plan does not read are refused.
        let Ok(bounds) = certifier.bounds(&tally) else { continue };
        if bounds.class() == 1 && steadfast::certify::ThreatModel::survives(&threat, &bounds, radius) {
            return Ok(Some(total));
        }
    }
    Ok(None)
}
