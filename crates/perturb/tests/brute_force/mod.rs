//! Laws of noisy texts, texts that an attacker can reach, and worst-case classifiers, by enumeration and without the tables of
//! the library.

use std::collections::{BTreeSet, HashMap};
use steadfast_certify::{
    Certificate, ClassBounds, ClassId, Confidence, EditKind, Lower, Noise, NoiseFingerprint, Plan, Radius,
    RunnerUp, SmoothedClassifier, Threat, Upper, certify_bounds, from_fn,
};
use steadfast_perturb::WordId;

pub(crate) type Text = Vec<WordId>;

/// The probability of every noisy copy.
pub(crate) type Outcomes = HashMap<Text, f64>;

/// The answers of a classifier; 0 to all other noisy texts.
pub(crate) type Answers = HashMap<Text, ClassId>;

/// The law of independent positions, given the words that each may show (or none) and their probabilities.
pub(crate) fn independent(places: impl IntoIterator<Item = Vec<(Option<WordId>, f64)>>) -> Outcomes {
    places.into_iter().fold(HashMap::from([(Vec::new(), 1.0)]), |before, place| {
        let mut after = Outcomes::new();
        for (text, mass) in &before {
            for &(word, share) in &place {
                let text = text.iter().copied().chain(word).collect();
                *after.entry(text).or_default() += mass * share;
            }
        }
        after
    })
}

/// All texts at one edit of these kinds from `text`, with new words from `words`.
pub(crate) fn edited(text: &[WordId], kinds: &[EditKind], words: &[WordId]) -> Vec<Text> {
    let mut texts = Vec::new();
    for &kind in kinds {
        let places = text.len() + usize::from(kind == EditKind::Insertion);
        for place in 0..places {
            let mut copy = text.to_vec();
            match kind {
                EditKind::Deletion => {
                    copy.remove(place);
                    texts.push(copy);
                }
                EditKind::Insertion => texts.extend(words.iter().map(|&word| {
                    let mut copy = copy.clone();
                    copy.insert(place, word);
                    copy
                })),
                EditKind::Substitution => texts.extend(words.iter().map(|&word| {
                    let mut copy = copy.clone();
                    copy[place] = word;
                    copy
                })),
                EditKind::Transposition => {
                    if place + 1 < copy.len() {
                        copy.swap(place, place + 1);
                        texts.push(copy);
                    }
                }
            }
        }
    }
    texts
}

/// The texts within `0, 1, …, most` changes, where `step` makes one change.
pub(crate) fn reach(
    text: &[WordId],
    most: usize,
    step: impl Fn(&[WordId]) -> Vec<Text>,
) -> Vec<BTreeSet<Text>> {
    let mut reached = vec![BTreeSet::from([text.to_vec()])];
    for _ in 0..most {
        let last = &reached[reached.len() - 1];
        let next = last.iter().flat_map(|text| step(text)).chain(last.iter().cloned()).collect();
        reached.push(next);
    }
    reached
}

/// How much of the law class 1 and class 2 receive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Class 1 has about this much of the clean law, if possible,
    pub(crate) clean: f64,
    /// but at most this much of the attacked law.
    pub(crate) attacked: f64,
    /// Class 2 has at most this much of the rest of the clean law.
    pub(crate) second: f64,
}

impl Shape {
    pub(crate) const fn filled(clean: f64) -> Self {
        Self { clean, attacked: 1.0, second: 0.0 }
    }

    const ALL: [Self; 6] = [
        // Class 1 has no majority at the attacked text.
        Self { clean: 2.0, attacked: 0.4999, second: 0.0 },
        Self { clean: 0.7, attacked: 1.0, second: 0.9 },
        Self::filled(0.55),
        Self::filled(0.8),
        Self::filled(0.96),
        Self::filled(0.999),
    ];
}

/// Class 1 on the noisy copies that are likeliest from `clean` against `attacked`; of the others class 2 on those that gain
/// most, and class 0 on the rest.
pub(crate) fn worst_case(clean: &Outcomes, attacked: &Outcomes, shape: Shape) -> Answers {
    let mass = |law: &Outcomes, text: &Text| law.get(text).copied().unwrap_or(0.0);
    let ratio = |text: &Text| mass(clean, text) / (mass(clean, text) + mass(attacked, text));
    let copies: BTreeSet<&Text> = clean.keys().chain(attacked.keys()).collect();
    let mut copies: Vec<&Text> = copies.into_iter().collect();
    copies.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)));
    let mut answers = Answers::new();
    let (mut kept, mut gained) = (0.0, 0.0);
    for text in &copies {
        if kept < shape.clean && gained + mass(attacked, text) <= shape.attacked {
            (kept, gained) = (kept + mass(clean, text), gained + mass(attacked, text));
            answers.insert((*text).clone(), 1);
        }
    }
    let mut left = shape.second * (1.0 - kept);
    for text in copies.into_iter().rev() {
        if !answers.contains_key(text) && mass(clean, text) <= left {
            left -= mass(clean, text);
            answers.insert(text.clone(), 2);
        }
    }
    answers
}

/// The probabilities of the three classes.
pub(crate) fn probabilities(law: &Outcomes, answers: &Answers) -> [f64; 3] {
    let mut masses = [0.0; 3];
    for (text, mass) in law {
        masses[answers.get(text).copied().unwrap_or(0)] += mass;
    }
    masses
}

/// Whether `class` is the smoothed answer, up to the rounding of the sums here.
pub(crate) fn leads(class: ClassId, masses: [f64; 3]) -> bool {
    (0..3).all(|other| other == class || masses[class] > masses[other] - 1e-12)
}

/// A noise, a text, a threat, and the texts that the attacker can reach.
pub(crate) struct Attack<'a, N> {
    pub(crate) noise: &'a N,
    pub(crate) text: &'a [WordId],
    pub(crate) threat: &'a Threat,
    /// By number of changes.
    pub(crate) reach: Vec<BTreeSet<Text>>,
    pub(crate) law: &'a dyn Fn(&[WordId]) -> Outcomes,
}

/// The number of certificates of a positive radius, and of those that one more change would break.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) certified: usize,
    pub(crate) sharp: usize,
}

impl<N: Noise<Input = [WordId], Sample = Text> + Sync> Attack<'_, N> {
    /// Builds worst-case classifiers for reachable texts, certifies them from votes and from exact probabilities, and checks
    /// every text within each certified radius.
    pub(crate) fn run(&self) -> Outcome {
        let laws: Vec<Vec<Outcomes>> =
            self.reach.iter().map(|texts| texts.iter().map(|text| (self.law)(text)).collect()).collect();
        let (clean, targets) =
            (&laws[0][0], laws.iter().skip(1).flat_map(|laws| laws.iter().step_by(laws.len().div_ceil(7))));
        let mut outcome = Outcome::default();
        for target in targets {
            for shape in Shape::ALL {
                let answers = worst_case(clean, target, shape);
                for runner_up in [RunnerUp::Complement, RunnerUp::PerClass] {
                    self.check(&self.certify_votes(&answers, runner_up), &answers, &laws);
                }
                let exact = self.certify_exactly(probabilities(clean, &answers));
                let (reached, sharp) = self.check(&exact, &answers, &laws);
                outcome.certified += usize::from(reached);
                outcome.sharp += usize::from(reached && sharp);
            }
        }
        outcome
    }

    fn certify_votes(&self, answers: &Answers, runner_up: RunnerUp) -> Certificate {
        let classifier = from_fn(3, |text: &Text| answers.get(text).copied().unwrap_or(0));
        let smoothed = SmoothedClassifier::new(classifier, self.noise, Plan::fixed(40, 600).unwrap())
            .confidence(Confidence::alpha(1e-4).unwrap())
            .runner_up(runner_up)
            .seed(1);
        smoothed.certify(self.text, self.threat).unwrap()
    }

    fn certify_exactly(&self, masses: [f64; 3]) -> Certificate {
        let class = (0..3).max_by(|&a, &b| masses[a].total_cmp(&masses[b])).unwrap();
        let other = (0..3).filter(|&other| other != class).map(|other| masses[other]).fold(0.0, f64::max);
        // More than the rounding error of the sums above.
        let (top, other) = (Lower::from_p(masses[class] - 1e-13), Upper::from_p(other + 1e-13));
        let law: Option<NoiseFingerprint> = self.noise.fingerprint(self.text);
        certify_bounds(self.threat, ClassBounds::exact(class, top, other, law)).unwrap()
    }

    /// Whether the certified radius is positive, and whether a text at one more change breaks the certificate.
    fn check(&self, certificate: &Certificate, answers: &Answers, laws: &[Vec<Outcomes>]) -> (bool, bool) {
        let (Some(class), Some(radius)) = (certificate.class(), certificate.radius()) else {
            return (false, false);
        };
        let radius = match radius {
            Radius::Count(radius, _) => radius as usize,
            _ => usize::MAX,
        };
        let last = radius.min(laws.len() - 1);
        for (text, law) in self.reach[last].iter().zip(&laws[last]) {
            let masses = probabilities(law, answers);
            assert!(leads(class, masses), "{certificate}: {masses:?} at {text:?} from {:?}", self.text);
        }
        let beyond = laws.get(radius.saturating_add(1)).into_iter().flatten();
        (radius > 0, beyond.into_iter().any(|law| !leads(class, probabilities(law, answers))))
    }
}
