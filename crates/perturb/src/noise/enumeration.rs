//! [`Enumeration`]: lists the noisy copies that keep few words, and samples all others.
//!
//! A noise that keeps each word independently has `2ⁿ` outcomes on a text of `n` words; at high rates most of the mass is on
//! those that keep few words. The copies that keep up to `k` words are listed with their exact mass; the rest is drawn from its
//! conditional law by rejection, so that [`Strata`] can join both. Equal copies count as one, which saves model queries.
//!
//! Complexity: `Σ_{j≤k} C(n, j)` outcomes in memory, each as long as a noisy copy, and `1 / W` draws for each sample of the
//! rest, whose mass is `W`.

use super::{Deletion, IndependentTokenNoise};
use crate::{PerturbError, WordId};
use std::{collections::HashMap, slice};
use steadfast_certify::{
    ClassId, Classifier, Interval, Noise, NoiseFingerprint, RemovalBounds, Strata, classifier, rand_core::Rng,
};

/// The noisy copies of a text that keep at most `k` words, each with its probability.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::{Certifier, Confidence, Rate, certify_bounds, from_fn};
/// use steadfast_perturb::{Deletion, Enumeration, Lexicon, Tokenizer};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let text = Tokenizer::words().tokenize(&lexicon, "a dull and lifeless film");
/// let [dull, lifeless] = ["dull", "lifeless"].map(|word| lexicon.intern(word));
/// let negative = from_fn(2, move |text: &Vec<_>| usize::from(!text.contains(&dull) && !text.contains(&lifeless)));
///
/// let noise = Deletion::uniform(lexicon, Rate::new(0.25)?)?;
/// // All 32 copies: no sampling, no confidence.
/// let strata = Enumeration::new(&noise, &text, 32)?.classify(&negative)?;
/// let bounds = strata.bounds(&Certifier::new(Confidence::alpha(0.001)?), None)?;
/// assert!((bounds.top().p() - 15.0 / 16.0).abs() < 1e-9);
/// println!("{}", certify_bounds(&noise.edits(&text)?, bounds)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Enumeration<N> {
    beyond: Beyond<N>,
    text: Vec<WordId>,
    noise: Option<NoiseFingerprint>,
    rest: Option<NoiseFingerprint>,
    outcomes: Vec<(Vec<WordId>, Interval)>,
}

impl<N: IndependentTokenNoise + Clone> Enumeration<N> {
    /// Every copy of `text` that keeps at most `k` words, for the largest `k` with at most `limit` such copies.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] for a limit of zero: the copy that keeps no word always exists.
    pub fn new(noise: &N, text: &[WordId], limit: usize) -> Result<Self, PerturbError> {
        if limit == 0 {
            return Err(PerturbError::parameter("limit of the enumeration", 0, "at least 1"));
        }
        // A word that is invisible even when kept (a mask of the clean text under masking) must not count as kept: the
        // rest is recognized by its visible words.
        let visible: Vec<usize> = (0..)
            .zip(text)
            .filter(|(_, word)| noise.kept(slice::from_ref(word)) > 0)
            .map(|(place, _)| place)
            .collect();
        let beyond = Beyond { noise: noise.clone(), most_kept: most_kept(visible.len(), limit) };
        let rates: Vec<Interval> =
            visible.iter().filter_map(|&place| Some(noise.rate_of(*text.get(place)?).into())).collect();
        let mut sums: HashMap<Vec<WordId>, Interval> = HashMap::new();
        subsets(visible.len(), beyond.most_kept, &mut Vec::new(), &mut |chosen| {
            let places: Vec<usize> = chosen.iter().filter_map(|&index| visible.get(index)).copied().collect();
            let sum = sums.entry(noise.show(text, &places)).or_insert(Interval::ZERO);
            *sum = sum.or(mass(&rates, chosen));
        });
        let possible = |(_, mass): &(_, Interval)| mass.upper().p() > 0.0;
        let mut outcomes: Vec<(Vec<WordId>, Interval)> = sums.into_iter().filter(possible).collect();
        // The order of the map differs from run to run.
        outcomes.sort_by(|a, b| a.0.len().cmp(&b.0.len()).then_with(|| a.0.cmp(&b.0)));
        Ok(Self {
            text: text.to_vec(),
            noise: noise.fingerprint(text),
            rest: beyond.fingerprint(text),
            beyond,
            outcomes,
        })
    }

    /// The copies and their probabilities, each copy once.
    #[must_use]
    pub fn outcomes(&self) -> &[(Vec<WordId>, Interval)] {
        &self.outcomes
    }

    /// The conditional noise of all other copies, to be sampled; `None` if their mass is below 2⁻¹⁰, where rejection would be
    /// slow. Their mass then counts for every other class.
    #[must_use]
    pub fn rest(&self) -> Option<&Beyond<N>> {
        let enumerated = self.outcomes.iter().fold(Interval::ZERO, |sum, (_, mass)| sum.or(*mass));
        (enumerated.complement().lower().p() >= 2_f64.powi(-10)).then_some(&self.beyond)
    }

    /// Classifies every copy, in one batch.
    ///
    /// # Errors
    /// [`PerturbError::Certify`] if the classifier fails or has no classes.
    pub fn classify(
        &self,
        classifier: &(impl Classifier<Vec<WordId>> + ?Sized),
    ) -> Result<Strata, PerturbError> {
        Ok(self.strata(classifier, &self.answers(classifier)?)?)
    }

    fn answers(
        &self,
        classifier: &(impl Classifier<Vec<WordId>> + ?Sized),
    ) -> Result<Vec<ClassId>, PerturbError> {
        let copies: Vec<Vec<WordId>> = self.outcomes.iter().map(|(copy, _)| copy.clone()).collect();
        Ok(classifier::checked_answers(classifier, &copies)?)
    }

    fn strata(
        &self,
        classifier: &(impl Classifier<Vec<WordId>> + ?Sized),
        answers: &[ClassId],
    ) -> Result<Strata, steadfast_certify::Error> {
        let masses = self.outcomes.iter().map(|&(_, mass)| mass);
        let outcomes = answers.iter().copied().zip(masses);
        let tolerance = classifier.rounding_tolerance();
        Strata::new(self.noise, self.rest, classifier.class_count(), tolerance, outcomes)
    }
}

impl Enumeration<Deletion> {
    /// As [`Self::classify`] for a text whose copies were all enumerated, and what the text's own words are worth to each class:
    /// its probability given that any one word, any two, … are deleted. Larger radii for no further model queries: see
    /// [`steadfast_certify::removal`].
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if the limit left copies out, and as [`Self::classify`].
    pub fn classify_with_removals(
        &self,
        classifier: &(impl Classifier<Vec<WordId>> + ?Sized),
    ) -> Result<(Strata, Vec<RemovalBounds>), PerturbError> {
        let words = self.text.len();
        if self.beyond.most_kept < words {
            return Err(PerturbError::parameter(
                "limit of the enumeration",
                format_args!("{} of the copies of {words} words", self.outcomes.len()),
                "2 to the power of the number of words, so that all copies are enumerated",
            ));
        }
        let answers = self.answers(classifier)?;
        let strata = self.strata(classifier, &answers)?;
        let class_of: HashMap<&[WordId], ClassId> =
            self.outcomes.iter().map(|(copy, _)| copy.as_slice()).zip(answers).collect();
        let noise = &self.beyond.noise;
        let rates: Vec<Interval> = self.text.iter().map(|&word| noise.rate_of(word).into()).collect();
        // By the kept words, as bits. A copy that the noise never makes is of no class.
        let none = classifier.class_count() + 1;
        let by_kept: Vec<ClassId> = (0..1_usize << words)
            .map(|kept| {
                let places: Vec<usize> = (0..words).filter(|place| kept >> place & 1 == 1).collect();
                class_of.get(noise.show(&self.text, &places).as_slice()).copied().unwrap_or(none)
            })
            .collect();
        let bounds = (0..classifier.class_count())
            .map(|class| RemovalBounds::exact(self.noise, class, &rates, &by_kept))
            .collect::<Result<_, _>>()?;
        Ok((strata, bounds))
    }
}

/// The noise conditioned on keeping more than `k` words, by rejection; from [`Enumeration::rest`].
#[derive(Clone, Debug)]
pub struct Beyond<N> {
    noise: N,
    most_kept: usize,
}

impl<N: IndependentTokenNoise> Noise for Beyond<N> {
    type Input = [WordId];
    type Sample = Vec<WordId>;

    /// A copy that keeps more than `k` words. If the text has no more words, the rest is empty and has no law, and any copy is
    /// returned.
    fn sample(&self, input: &[WordId], rng: &mut dyn Rng) -> Vec<WordId> {
        loop {
            let noisy = self.noise.sample(input, rng);
            if self.noise.kept(&noisy) > self.most_kept || !self.is_possible(input) {
                return noisy;
            }
        }
    }

    fn fingerprint(&self, input: &[WordId]) -> Option<NoiseFingerprint> {
        let law = self.noise.fingerprint(input).filter(|_| self.is_possible(input))?;
        Some(NoiseFingerprint::new("more kept", [law.value(), self.most_kept as u64]))
    }
}

impl<N: IndependentTokenNoise> Beyond<N> {
    /// Whether more than `k` words can be kept. Every rate is below one, so every visible word can be.
    fn is_possible(&self, input: &[WordId]) -> bool {
        self.noise.kept(input) > self.most_kept
    }
}

/// The largest `k` with `Σ_{j≤k} C(n, j) ≤ limit`.
fn most_kept(words: usize, limit: usize) -> usize {
    let (mut total, mut choices) = (1_u128, 1_u128);
    for kept in 1..=words {
        choices = choices * (words - kept + 1) as u128 / kept as u128;
        total += choices;
        if total > limit as u128 {
            return kept - 1;
        }
    }
    words
}

/// Calls `visit` with every ascending list of at most `most` positions below `words`.
fn subsets(words: usize, most: usize, places: &mut Vec<usize>, visit: &mut impl FnMut(&[usize])) {
    visit(places);
    if places.len() == most {
        return;
    }
    for place in places.last().map_or(0, |last| last + 1)..words {
        places.push(place);
        subsets(words, most, places, visit);
        places.pop();
    }
}

/// The probability that exactly the words at `positions` are kept.
fn mass(rates: &[Interval], positions: &[usize]) -> Interval {
    let mut kept = positions.iter().copied().peekable();
    rates.iter().enumerate().fold(Interval::ONE, |product, (place, &rate)| {
        product.and(if kept.next_if_eq(&place).is_some() { rate.complement() } else { rate })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deletion, Lexicon, Masking, Tokenizer};
    use std::sync::Arc;
    use steadfast_certify::{
        Certifier, Confidence, EditCounts, Error as CertifyError, Plan, Rate, SmoothedClassifier,
        certify_bounds, from_fn,
        seed::{Phase, Purpose, generator},
    };

    fn fixture(text: &str, rate: f64) -> (Vec<WordId>, Deletion) {
        let lexicon = Arc::new(Lexicon::new());
        let text = Tokenizer::words().tokenize(&lexicon, text);
        (text, Deletion::uniform(lexicon, Rate::new(rate).unwrap()).unwrap())
    }

    #[test]
    fn masses_of_all_outcomes_sum_to_one() {
        let (text, deletion) = fixture("the film is the film", 0.3);
        let all = Enumeration::new(&deletion, &text, 32).unwrap();
        let sum = all.outcomes().iter().fold(Interval::ZERO, |sum, (_, mass)| sum.or(*mass));
        assert!((sum.lower().p() - 1.0).abs() < 1e-12 && sum.upper().p() >= 1.0);
        assert!(all.rest().is_none() && all.outcomes().len() < 32, "equal copies count once");
        // The single words: “the” and “film” can be kept in two ways, “is” in one.
        let single = |word: &WordId| {
            all.outcomes()
                .iter()
                .find(|(copy, _)| copy == &[*word])
                .map(|(_, mass)| mass.lower().p())
                .unwrap()
        };
        assert!((single(&text[0]) - 2.0 * single(&text[2])).abs() < 1e-12);
        let masking = Masking::new(Arc::clone(deletion.lexicon()), Rate::new(0.3).unwrap()).unwrap();
        assert_eq!(
            Enumeration::new(&masking, &text, 32).unwrap().outcomes().len(),
            32,
            "positions tell copies apart"
        );
    }

    #[test]
    fn the_limit_holds() {
        let (text, deletion) = fixture("one two three four five six seven", 0.5);
        for (limit, kept, count) in
            [(1, 0, 1), (7, 0, 1), (8, 1, 8), (28, 1, 8), (29, 2, 29), (1_000, 7, 128)]
        {
            let some = Enumeration::new(&deletion, &text, limit).unwrap();
            assert_eq!((some.beyond.most_kept, some.outcomes().len()), (kept, count));
        }
        assert!(Enumeration::new(&deletion, &text, 0).is_err());
        assert_eq!(Enumeration::new(&deletion, &[], 5).unwrap().outcomes().len(), 1);
        assert_eq!(most_kept(100_000, 1 << 20), 1);
    }

    #[test]
    fn the_rest_is_the_conditional_law() {
        let (text, deletion) = fixture("a b c d", 0.5);
        let some = Enumeration::new(&deletion, &text, 5).unwrap();
        let rest = some.rest().unwrap();
        let mut counts: HashMap<Vec<WordId>, f64> = HashMap::new();
        for sample in 0..11_000 {
            let mut rng = generator(1, Phase::Estimation, 0, sample, Purpose::Noise);
            *counts.entry(rest.sample(&text, &mut rng)).or_default() += 1.0;
        }
        // Eleven subsets of two or more words, equally likely.
        assert_eq!(counts.len(), 11);
        assert!(counts.values().all(|count| (count - 1_000.0).abs() < 5.0 * 31.0), "{counts:?}");
        // The rest of a full enumeration is empty; sampling still terminates.
        let beyond = Beyond { noise: deletion, most_kept: 4 };
        assert!(beyond.fingerprint(&text).is_none());
        let _ = beyond.sample(&text, &mut generator(1, Phase::Estimation, 0, 0, Purpose::Noise));
    }

    /// A copy that is counted by hand and sampled again would certify what is false: text of four words, ½ of them deleted, class 1
    /// for copies of at most one word and for two pairs, whose probability is 7/16.
    #[test]
    fn no_copy_is_counted_and_sampled() {
        let (text, deletion) = fixture("a b c d", 0.5);
        let pairs = [[text[0], text[1]], [text[2], text[3]]];
        let classifier = from_fn(2, move |copy: &Vec<WordId>| {
            usize::from(copy.len() < 2 || pairs.iter().any(|pair| copy == pair))
        });
        let some = Enumeration::new(&deletion, &text, 5).unwrap();
        let certifier = Certifier::new(Confidence::alpha(0.001).unwrap());
        for seed in 0..20 {
            // Strata are given all at once: there is nothing to record the pairs with.
            let strata = some.classify(&classifier).unwrap();
            let plan = Plan::fixed(100, 5_000).unwrap();
            let rest = SmoothedClassifier::new(&classifier, some.rest().unwrap(), plan).seed(seed);
            let bounds = strata.bounds(&certifier, Some(&rest.count(0, &text).unwrap())).unwrap();
            let certificate = certify_bounds(&deletion.edits(&text).unwrap(), bounds).unwrap();
            assert!(!certificate.certifies(1, 0), "{seed}: {certificate}");
        }
    }

    #[test]
    fn own_words_are_measured_exactly() {
        let (text, deletion) = fixture("a dull and lifeless film", 0.25);
        let [dull, lifeless] = [text[1], text[3]];
        let classifier = from_fn(2, move |copy: &Vec<WordId>| {
            usize::from(!copy.contains(&dull) && !copy.contains(&lifeless))
        });
        let (strata, removals) =
            Enumeration::new(&deletion, &text, 32).unwrap().classify_with_removals(&classifier).unwrap();
        let bounds = strata.bounds(&Certifier::default(), None).unwrap();
        let plain = deletion.edits(&text).unwrap();
        let measured = plain.clone().measured(removals[0].clone()).unwrap();
        let after = |deletions| EditCounts { deletions, ..EditCounts::default() };
        // 15/16; without one of the two words 3/4; without both none.
        assert!((bounds.top().p() - 15.0 / 16.0).abs() < 1e-12);
        assert!((measured.lower_bound_after(bounds.top(), &after(1)).p() - 0.75).abs() < 1e-12);
        assert!(measured.lower_bound_after(bounds.top(), &after(2)).p() < 1e-12);
        assert!((plain.lower_bound_after(bounds.top(), &after(1)).p() - 0.75).abs() < 1e-12);
        assert!(Enumeration::new(&deletion, &text, 31).unwrap().classify_with_removals(&classifier).is_err());
    }

    #[test]
    fn joined_bounds_certify_and_other_votes_are_refused() {
        let (text, deletion) = fixture("a dull and lifeless film about nothing", 0.5);
        let dull = text[1];
        let classifier =
            from_fn(2, move |copy: &Vec<WordId>| usize::from(copy.len() < 5 || copy.contains(&dull)));
        let some = Enumeration::new(&deletion, &text, 100).unwrap();
        let strata = some.classify(&classifier).unwrap();
        let certifier = Certifier::new(Confidence::alpha(0.001).unwrap());
        let plan = || Plan::fixed(20, 200).unwrap();
        let rest = SmoothedClassifier::new(&classifier, some.rest().unwrap(), plan()).seed(3);
        let votes = rest.count(0, &text).unwrap();
        let bounds = strata.bounds(&certifier, Some(&votes)).unwrap();
        let exact = Enumeration::new(&deletion, &text, 128).unwrap().classify(&classifier).unwrap();
        let exact = exact.bounds(&certifier, None).unwrap();
        assert_eq!((bounds.class(), exact.class()), (1, 1));
        assert!(bounds.top().p() <= exact.top().p() && bounds.top().p() > exact.top().p() - 0.1);
        let certificate = certify_bounds(&deletion.edits(&text).unwrap(), bounds).unwrap();
        assert!(certificate.certifies(1, 0));
        // Votes on all copies are not votes on the rest.
        let votes = SmoothedClassifier::new(&classifier, deletion, plan()).count(0, &text).unwrap();
        assert!(matches!(strata.bounds(&certifier, Some(&votes)), Err(CertifyError::NoiseMismatch { .. })));
    }
}
