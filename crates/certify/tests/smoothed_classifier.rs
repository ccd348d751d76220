//! The smoothed classifier: the same votes however they are drawn, stopped, split and resumed.
#![cfg(feature = "serde")]

use std::{
    cell::RefCell,
    collections::HashSet,
    ops::ControlFlow,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};
use steadfast_certify::{
    BitFlips, Bits, Certifier, Classifier, Confidence, Error, Event, FlipThreat, Noise, PartialVotes, Phase,
    Plan, Rate, SavedVotes, SmoothedClassifier, Threat, ThreatModel as _, Tolerance, VoteCounts,
    confidence::Prior, from_batch_fn, from_fn, rand_core::Rng, scoring_from_fn,
};

fn noise() -> BitFlips {
    BitFlips::symmetric(Rate::new(0.2).unwrap()).unwrap()
}

fn image() -> Bits {
    (0..9).map(|i| i % 2 == 0).collect()
}

fn majority() -> impl Classifier<Bits> + Clone + Sync {
    from_fn(2, |bits: &Bits| usize::from(2 * bits.count_ones() > bits.len()))
}

fn go_on<T>(_: T) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn count(threads: usize, batch: usize, seed: u64) -> VoteCounts {
    let plan = Plan::fixed(50, 1_000).unwrap();
    let smoothed =
        SmoothedClassifier::new(majority(), noise(), plan).threads(threads).batch(batch).seed(seed);
    smoothed.count(3, &image()).unwrap()
}

/// Images that differ in how clear they are.
fn images() -> Vec<Bits> {
    (16..24).map(|ones| (0..24).map(|bit| bit < ones).collect()).collect()
}

#[test]
fn votes_do_not_depend_on_threads_or_batches() {
    let reference = count(1, 256, 1);
    for (threads, batch) in [(2, 256), (3, 7), (16, 1), (1, 5_000), (2, usize::MAX)] {
        assert_eq!(count(threads, batch, 1), reference, "{threads} threads, batches of {batch}");
    }
    assert_ne!(count(1, 256, 2), reference);
    assert_eq!(reference.estimation().total(), 1_000);
    assert_eq!(reference.selection().unwrap().total(), 50);
}

#[test]
fn shards_add_up_to_the_whole() {
    let smoothed =
        SmoothedClassifier::new(majority(), noise(), Plan::fixed(50, 1_000).unwrap()).batch(64).seed(1);
    let shard = |phase, samples| smoothed.votes(3, &image(), phase, samples).unwrap();
    let mut estimation = shard(Phase::Estimation, 300..1_000);
    estimation.merge(&shard(Phase::Estimation, 0..300)).unwrap();
    assert_eq!(shard(Phase::Estimation, 7..7).total(), 0);
    let selection = Some(shard(Phase::Selection, 0..50));
    let merged = VoteCounts::new(Plan::fixed(50, 1_000).unwrap(), selection, estimation).unwrap();
    assert_eq!(merged, count(1, 256, 1));
}

#[test]
fn equal_samples_are_classified_once() {
    let asked = RefCell::new(Vec::new());
    let classifier = from_batch_fn(2, |batch: &[Bits]| {
        asked.borrow_mut().extend_from_slice(batch);
        Ok(vec![0; batch.len()])
    });
    let smoothed = SmoothedClassifier::new(&classifier, noise(), Plan::fixed(50, 5_000).unwrap()).batch(64);
    let mut last = None;
    let observe = |progress| {
        last = Some(progress);
        ControlFlow::Continue(())
    };
    smoothed.count_until(0, &image(), &mut PartialVotes::default(), |_| Ok(false), observe).unwrap();
    let asked = asked.borrow();
    assert!(asked.len() <= 512, "9 bits have 512 values, {} were asked", asked.len());
    assert_eq!(asked.iter().collect::<HashSet<_>>().len(), asked.len());
    let last = last.unwrap();
    assert_eq!((last.done, last.total, last.model_queries), (5_050, 5_050, asked.len() as u64));
}

#[test]
fn stops_early_at_planned_checkpoints_only() {
    let mut totals = Vec::new();
    let plan = Plan::interim(10, [100, 300, 1_000]).unwrap();
    let smoothed = SmoothedClassifier::new(majority(), noise(), plan).batch(70);
    let should_stop = |votes: &VoteCounts| {
        totals.push(votes.estimation().total());
        Ok(votes.estimation().total() == 300)
    };
    let votes = smoothed.count_until(0, &image(), &mut PartialVotes::default(), should_stop, go_on).unwrap();
    assert_eq!(totals, [100, 300]);
    assert_eq!(votes.estimation().total(), 300);

    let plan = Plan::anytime(10, 1_000, Prior::default()).unwrap();
    let anytime = SmoothedClassifier::new(majority(), noise(), plan).batch(64);
    let should_stop = |votes: &VoteCounts| Ok(votes.estimation().total() >= 128);
    let votes = anytime.count_until(0, &image(), &mut PartialVotes::default(), should_stop, go_on).unwrap();
    assert_eq!(votes.estimation().total(), 128);
    // The votes of a run that stopped are the first votes of the run that did not.
    let whole = anytime.count(0, &image()).unwrap();
    assert_eq!(whole.selection(), votes.selection());
    assert_eq!(whole.estimation().total(), 1_000);
}

/// Fails at the `n`-th batch, once.
fn fails_at(n: usize) -> impl Classifier<Bits> {
    let calls = RefCell::new(0);
    from_batch_fn(2, move |batch: &[Bits]| {
        *calls.borrow_mut() += 1;
        if *calls.borrow() == n {
            return Err("the connection was lost".into());
        }
        Ok(batch.iter().map(|bits| usize::from(2 * bits.count_ones() > bits.len())).collect())
    })
}

#[test]
fn a_run_resumes_after_failures_and_stops() {
    let plans = [
        Plan::fixed(50, 1_000).unwrap(),
        Plan::interim(50, [100, 300, 1_000]).unwrap(),
        Plan::anytime(0, 1_000, Prior::default()).unwrap(),
    ];
    for (plan, threads) in plans.into_iter().flat_map(|plan| [(plan.clone(), 1), (plan, 2)]) {
        // The empty text of the classifier's type must not matter here: name it.
        let of = |n: usize| {
            SmoothedClassifier::new(fails_at(n), noise(), plan.clone())
                .classifier_id("majority")
                .batch(40)
                .threads(threads)
        };
        // Long enough that every batch holds an image that was not seen before.
        let image: Bits = (0..256).map(|bit| bit % 3 == 0).collect();
        let stop = |votes: &VoteCounts| Ok(votes.estimation().total() >= 300);
        let whole = of(usize::MAX).count_until(4, &image, &mut PartialVotes::default(), stop, go_on).unwrap();
        for n in [1, 2, 3, 6] {
            let mut votes = PartialVotes::default();
            let smoothed = of(n);
            let error = smoothed.count_until(4, &image, &mut votes, stop, go_on).unwrap_err();
            assert!(matches!(error, Error::Classifier(_)), "{error}");
            let mut calls = 0;
            let stopped = smoothed.count_until(4, &image, &mut votes, stop, |_| {
                calls += 1;
                if calls == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert!(matches!(stopped, Err(Error::Stopped { .. })) || n == 6);
            let before = votes.total();
            let resumed = smoothed.count_until(4, &image, &mut votes, stop, go_on).unwrap();
            assert_eq!(resumed, whole, "{plan:?}, failure at batch {n}");
            assert!(before > 0 && votes.total() >= before);
            // Early-stopped or not: resumed once more, nothing is asked.
            let silent = from_batch_fn(2, |_: &[Bits]| Err("nobody should ask".into()));
            let smoothed =
                SmoothedClassifier::new(silent, noise(), plan.clone()).classifier_id("majority").batch(40);
            assert_eq!(smoothed.count_until(4, &image, &mut votes, stop, go_on).unwrap(), whole);
        }
    }
}

#[test]
fn votes_of_another_run_are_not_resumed() {
    let smoothed =
        |seed| SmoothedClassifier::new(majority(), noise(), Plan::fixed(10, 100).unwrap()).seed(seed);
    let mut votes = PartialVotes::default();
    smoothed(1).count_until(0, &image(), &mut votes, |_| Ok(false), go_on).unwrap();
    let before = votes.clone();
    let other_image: Bits = (0..9).map(|i| i % 3 == 0).collect();
    let refused = |result: Result<VoteCounts, Error>, what: &str| {
        assert!(matches!(result, Err(Error::Mismatch { .. })), "{what}: {result:?}");
    };
    refused(smoothed(2).count_until(0, &image(), &mut votes, |_| Ok(false), go_on), "seed");
    refused(smoothed(1).count_until(1, &image(), &mut votes, |_| Ok(false), go_on), "number");
    refused(smoothed(1).count_until(0, &other_image, &mut votes, |_| Ok(false), go_on), "input");
    let renamed = smoothed(1).classifier_id("another");
    refused(renamed.count_until(0, &image(), &mut votes, |_| Ok(false), go_on), "classifier");
    assert_eq!(votes, before, "what is refused changes nothing");
}

#[test]
fn shards_of_two_classifiers_do_not_merge() {
    let minority = from_fn(2, |bits: &Bits| usize::from(2 * bits.count_ones() <= bits.len()));
    let plan = || Plan::fixed(0, 100).unwrap();
    let one = SmoothedClassifier::new(majority(), noise(), plan());
    let other = SmoothedClassifier::new(minority, noise(), plan());
    let mut votes = one.votes(0, &image(), Phase::Estimation, 0..50).unwrap();
    let shard = other.votes(0, &image(), Phase::Estimation, 50..100).unwrap();
    assert!(matches!(votes.merge(&shard), Err(Error::Mismatch { what: "run", .. })));
    // The same classifier behind a pointer or on several threads is the same.
    let boxed = SmoothedClassifier::new(Box::new(majority()), noise(), plan());
    votes.merge(&boxed.votes(0, &image(), Phase::Estimation, 50..100).unwrap()).unwrap();
}

#[test]
fn the_certificates_of_a_data_set_are_those_of_its_inputs() {
    for plan in [Plan::fixed(50, 2_000).unwrap(), Plan::anytime(50, 2_000, Prior::default()).unwrap()] {
        let smoothed = SmoothedClassifier::new(majority(), noise(), plan).seed(5).threads(2).batch(64);
        let all = smoothed.certify_all(&images(), BitFlips::threat).run().unwrap();
        assert_eq!(all, smoothed.certify_all(&images(), BitFlips::threat).run_in_parallel().unwrap());
        for (number, (image, certificate)) in (0..).zip(images().iter().zip(&all)) {
            let threat = noise().threat(image).unwrap();
            let votes = certificate.votes().unwrap();
            assert_eq!(&smoothed.certifier().certify(&threat, votes).unwrap(), certificate);
            let whole = smoothed.count(number, image).unwrap();
            let of_all = smoothed.certifier().certify(&threat, &whole).unwrap();
            assert_eq!(of_all.class().or(certificate.class()), certificate.class().or(of_all.class()));
        }
        assert!(all.iter().any(|certificate| certificate.certifies(1, 1)));
    }
}

#[test]
fn a_data_set_can_be_stopped_split_and_resumed() {
    let plan = || Plan::anytime(20, 2_000, Prior::default()).unwrap();
    // No thread gets further ahead of the observer than a few batches.
    let permits = AtomicU64::new(4);
    let waits = from_batch_fn(2, |batch: &[Bits]| {
        while permits.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err() {
            std::thread::yield_now();
        }
        majority().classify(batch)
    });
    let of_images = |classifier| {
        SmoothedClassifier::new(classifier, noise(), plan())
            .classifier_id("majority")
            .seed(5)
            .threads(2)
            .batch(50)
    };
    let smoothed = of_images(Box::new(majority()) as Box<dyn Classifier<Bits> + Sync>);
    let slow = of_images(Box::new(&waits));
    let whole = smoothed.certify_all(&images(), BitFlips::threat).run().unwrap();
    for parallel in [false, true] {
        let mut saved = SavedVotes::default();
        let mut batches = 0;
        let images = images();
        permits.store(4, Relaxed);
        let stopped = slow.certify_all(&images, BitFlips::threat).resume(&mut saved).observe(|event| {
            if matches!(event, Event::Progress(_)) {
                batches += 1;
                permits.fetch_add(1, Relaxed);
            }
            if batches > 30 {
                permits.store(u64::MAX / 2, Relaxed);
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let stopped = if parallel { stopped.run_in_parallel() } else { stopped.run() };
        assert!(matches!(stopped, Err(Error::Stopped { .. })), "{stopped:?}");
        let counted = saved.total();
        assert!(counted > 0);
        // Two machines share what is left.
        let mut merged = SavedVotes::default();
        for index in 0..2 {
            let mut own = saved.clone();
            let run =
                smoothed.certify_all(&images, BitFlips::threat).shard(index, 2).unwrap().resume(&mut own);
            let certificates = if parallel { run.run_in_parallel() } else { run.run() }.unwrap();
            assert_eq!(
                certificates,
                whole.iter().skip(index as usize).step_by(2).cloned().collect::<Vec<_>>()
            );
            for number in (0..images.len() as u64).filter(|number| number % 2 == index) {
                let mut one = SavedVotes::default();
                // A shard hands over its own inputs.
                one.merge(&only(&own, number)).unwrap();
                merged.merge(&one).unwrap();
            }
        }
        let mut asked = 0;
        let again = smoothed.certify_all(&images, BitFlips::threat).resume(&mut merged).observe(|event| {
            if let Event::Progress(progress) = event {
                asked = progress.samples;
            }
            ControlFlow::Continue(())
        });
        assert_eq!(again.run().unwrap(), whole);
        assert_eq!(asked, 0, "everything was there");
    }
    assert!(smoothed.certify_all(&images(), BitFlips::threat).shard(2, 2).is_err());
}

/// The saved votes of one input.
fn only(saved: &SavedVotes, number: u64) -> SavedVotes {
    let mut text = serde_json::to_value(saved).unwrap();
    text["inputs"].as_object_mut().unwrap().retain(|key, _| *key == number.to_string());
    serde_json::from_value(text).unwrap()
}

#[test]
fn failures_keep_what_was_counted() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let classifier = from_batch_fn(2, |batch: &[Bits]| {
        if calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 12 {
            return Err("the connection was lost".into());
        }
        Ok(batch.iter().map(|bits| usize::from(2 * bits.count_ones() > bits.len())).collect())
    });
    let smoothed =
        SmoothedClassifier::new(&classifier, noise(), Plan::fixed(20, 500).unwrap()).threads(2).batch(50);
    let mut saved = SavedVotes::default();
    let images = images();
    let error =
        smoothed.certify_all(&images, BitFlips::threat).resume(&mut saved).run_in_parallel().unwrap_err();
    assert!(matches!(error, Error::Classifier(_)));
    assert!(saved.total() > 0);
    let resumed =
        smoothed.certify_all(&images, BitFlips::threat).resume(&mut saved).run_in_parallel().unwrap();
    assert_eq!(resumed, smoothed.certify_all(&images, BitFlips::threat).run().unwrap());
}

#[test]
fn panics_and_other_plans_are_errors() {
    let images = images();
    let clear = |bits: &Bits| usize::from(2 * bits.count_ones() > bits.len());
    let plan = || Plan::fixed(20, 500).unwrap();
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let panics = from_fn(2, |bits: &Bits| {
        assert!(calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 700, "a bug in the classifier");
        clear(bits)
    });
    let of =
        |plan| SmoothedClassifier::new(from_fn(2, clear), noise(), plan).classifier_id("clear").threads(2);
    let mut saved = SavedVotes::default();
    let smoothed =
        SmoothedClassifier::new(&panics, noise(), plan()).classifier_id("clear").threads(2).batch(50);
    let result = smoothed.certify_all(&images, BitFlips::threat).resume(&mut saved).run_in_parallel();
    assert!(matches!(result, Err(Error::Classifier(_))), "{result:?}");
    assert!(saved.total() > 0, "the votes of the other thread, and those before the panic");
    let resumed = of(plan()).certify_all(&images, BitFlips::threat).resume(&mut saved).run().unwrap();
    assert_eq!(resumed, of(plan()).certify_all(&images, BitFlips::threat).run().unwrap());
    // More votes than another plan foresees.
    let fewer = Plan::fixed(20, 100).unwrap();
    let result = of(fewer).certify_all(&images, BitFlips::threat).resume(&mut saved).run();
    assert!(matches!(result, Err(Error::Unplanned { given: 500, .. })), "{result:?}");
}

#[test]
fn deletions_alone_run_out_of_tokens() {
    use steadfast_certify::{
        ClassBounds, EditKind, EditThreat, Interval, Lower, NoiseFingerprint, Radius, Unit, Upper,
    };
    let noise = NoiseFingerprint::new("deletion of three words", []);
    let threat = Threat::new(noise, EditThreat::uniform(Interval::enclosing("0.9").unwrap(), 3));
    let bounds = ClassBounds::exact(1, Lower::ONE, Upper::ZERO, Some(noise));
    let deletions = threat.only(&[EditKind::Deletion]);
    assert_eq!(
        (deletions.maximum(), deletions.radius(&bounds)),
        (Some(3), Some(Radius::Unlimited(Unit::Edits)))
    );
}

#[test]
fn simultaneous_certificates_share_alpha() {
    let plan = Plan::fixed(50, 2_000).unwrap();
    let smoothed =
        SmoothedClassifier::new(majority(), noise(), plan).confidence(Confidence::alpha(0.05).unwrap());
    let images = images();
    let together = smoothed.certify_all(&images, BitFlips::threat).simultaneous().run().unwrap();
    let share = Certifier::new(Confidence::alpha(0.05).unwrap().shared_by(images.len() as u64));
    let apart = smoothed.certify_all(&images, BitFlips::threat).run().unwrap();
    for ((image, together), apart) in images.iter().zip(&together).zip(&apart) {
        let threat = noise().threat(image).unwrap();
        assert_eq!(together, &share.certify(&threat, together.votes().unwrap()).unwrap());
        assert!(together.bounds().unwrap().top().p() < apart.bounds().unwrap().top().p());
        assert_eq!(together.votes(), apart.votes());
    }
    assert!(together[0].to_string().contains("0.00625"), "{}", together[0]);
}

#[test]
fn what_is_out_of_reach_is_refused_or_said() {
    let weak = BitFlips::symmetric(Rate::new(0.01).unwrap()).unwrap();
    let images = images();
    let smoothed =
        |noise, samples| SmoothedClassifier::new(majority(), noise, Plan::fixed(20, samples).unwrap());
    // Fifty votes cannot, but more can.
    let few = smoothed(noise(), 50);
    let reach =
        few.reach(&noise().threat(&images[0]).unwrap()).unwrap().and_then(|reach| reach.count()).unwrap();
    let error = few.certify_all(&images, BitFlips::threat).target_radius(reach + 1).run().unwrap_err();
    assert!(
        matches!(error, Error::OutOfReach { .. }) && error.to_string().contains("more samples"),
        "{error}"
    );
    assert!(few.certify_all(&images, BitFlips::threat).target_radius(reach).run().is_ok());
    // A noise that leaves almost everything as it is certifies no flip at all, with any number of votes.
    let coin = BitFlips::new(Rate::NEVER, Rate::new(0.01).unwrap()).unwrap();
    let zeros = [Bits::zeros(24)];
    let error =
        smoothed(coin, 2_000).certify_all(&zeros, BitFlips::threat).target_radius(1).run().unwrap_err();
    assert!(error.to_string().contains("no number of votes"), "{error}");
    let certificate = smoothed(coin, 2_000).certify_all(&zeros, BitFlips::threat).run().unwrap().remove(0);
    assert!(
        certificate.to_string().contains("no number of votes certifies a single change"),
        "{certificate}"
    );
    assert!(weak.threat(&images[0]).unwrap().ceiling().is_some());
    // A plan that can certify nothing.
    let error = smoothed(noise(), 5).certify_all(&images, BitFlips::threat).run().unwrap_err();
    assert!(matches!(error, Error::TooFewSamples { .. }));
}

#[test]
fn sampling_stops_at_the_target() {
    let image: Bits = (0..64).map(|bit| bit < 60).collect();
    let plan = Plan::anytime(50, 50_000, Prior::default()).unwrap();
    let smoothed = SmoothedClassifier::new(majority(), noise(), plan).batch(32).seed(2);
    let images = [image];
    let near = smoothed.certify_all(&images, BitFlips::threat).target_radius(1).run().unwrap().remove(0);
    let far = smoothed.certify_all(&images, BitFlips::threat).target_radius(3).run().unwrap().remove(0);
    assert!(near.certifies(1, 1) && far.certifies(1, 3));
    let spent =
        |certificate: &steadfast_certify::Certificate| certificate.votes().unwrap().estimation().total();
    assert!(spent(&near) < spent(&far) && spent(&far) < 50_000);
    // An image that cannot get there is given up.
    let unclear: [Bits; 1] = [(0..64).map(|bit| bit % 2 == 0).collect()];
    let hopeless = smoothed.certify_all(&unclear, BitFlips::threat).target_radius(3).run().unwrap().remove(0);
    assert!(!hopeless.certifies(0, 3) && spent(&hopeless) < 1_000);
}

#[test]
fn predictions_abstain_when_two_classes_are_close() {
    let plan = || Plan::fixed(400, 1_000).unwrap();
    let smoothed = SmoothedClassifier::new(majority(), noise(), plan());
    let clear: Bits = (0..64).map(|bit| bit < 60).collect();
    assert_eq!(smoothed.predict(&clear).unwrap().class(), Some(1));
    let coin = SmoothedClassifier::new(from_fn(2, |bits: &Bits| bits.count_ones() % 2), noise(), plan());
    assert_eq!(coin.predict(&clear).unwrap().class(), None);
    assert_eq!(coin.predict(&clear).unwrap().votes().total(), 400);
}

#[test]
fn near_ties_count_against_the_class_and_are_named() {
    let share = scoring_from_fn(2, |bits: &Bits| {
        let ones = bits.count_ones() as f32 / bits.len() as f32;
        vec![1.0 - ones, ones]
    });
    let image: Bits = (0..64).map(|bit| bit < 60).collect();
    let threat: Threat<FlipThreat> = noise().threat(&image).unwrap();
    let plan = || Plan::fixed(50, 2_000).unwrap();
    let plain = SmoothedClassifier::new(share.clone(), noise(), plan());
    let certified = plain.certify(&image, &threat).unwrap();
    assert_eq!(certified.assumptions().count(), 0);
    let radius = |epsilon| {
        let tolerant = plain.clone().rounding_tolerance(epsilon).unwrap();
        let certificate = tolerant.certify(&image, &threat).unwrap();
        assert_eq!(certificate.assumptions().count(), 1);
        assert!(certificate.to_string().contains("provided that no logit is further than"), "{certificate}");
        certificate.radius().and_then(|radius| radius.count())
    };
    let plain_radius = certified.radius().and_then(|radius| radius.count());
    assert!(radius(1e-6) == plain_radius && radius(0.5) < plain_radius);
    assert_eq!(radius(5.0), None, "everything is a near-tie");
    assert!(plain.clone().rounding_tolerance(60.0).is_err());
    // Votes with and without a tolerance do not mix, and selection needs votes of its own.
    let tolerant = plain.clone().rounding_tolerance(0.5).unwrap();
    let mut votes = plain.votes(0, &image, Phase::Estimation, 0..10).unwrap();
    assert!(votes.merge(&tolerant.votes(0, &image, Phase::Estimation, 10..20).unwrap()).is_err());
    let none = SmoothedClassifier::new(share, noise(), Plan::fixed(0, 2_000).unwrap())
        .rounding_tolerance(0.1)
        .unwrap();
    assert!(matches!(none.certify(&image, &threat), Err(Error::Parameter(_))));
    assert!(Tolerance::new(0.1).is_ok());
}

#[derive(Debug)]
struct Panics;
impl Noise for Panics {
    type Input = Bits;
    type Sample = Bits;
    fn sample(&self, _: &Bits, _: &mut dyn Rng) -> Bits {
        panic!("a bug in the noise")
    }
}

#[test]
fn failures_are_errors() {
    let plan = || Plan::fixed(50, 500).unwrap();
    for threads in [1, 2] {
        let broken = from_batch_fn(2, |_: &[Bits]| Err("no memory".into()));
        let result = SmoothedClassifier::new(broken, noise(), plan()).threads(threads).count(0, &image());
        assert!(matches!(result, Err(Error::Classifier(_))));
        let wild = from_fn(2, |_: &Bits| 2);
        let result = SmoothedClassifier::new(wild, noise(), plan()).threads(threads).count(0, &image());
        assert!(matches!(result, Err(Error::Answer { .. })));
        let result = SmoothedClassifier::new(majority(), Panics, plan()).threads(threads).count(0, &image());
        assert!(matches!(result, Err(Error::Sampler { .. })));
        let none = from_fn(0, |_: &Bits| 0);
        let result = SmoothedClassifier::new(none, noise(), plan()).threads(threads).count(0, &image());
        assert!(matches!(result, Err(Error::Parameter(_))));
    }
}
