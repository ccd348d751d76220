//! Votes of models that were trained on disjoint parts of the data: certificates without noise and without a confidence.
//!
//! Words (or examples) are divided into `m` groups by a rule that looks at each alone; model `j` is trained on group `j` only and
//! sees only group `j` of a test input. Whoever changes what is in `r` groups changes at most `r` votes (DPA, Levine and
//! Feizi 2021; `TextGuard`, Pei et al. 2024). The class of most votes, the smaller one on a tie, stays ahead of class `b` if
//!
//! ```text
//! 2 r ≤ N_a − N_b − [b < a].
//! ```
//!
//! **One input**: [`certify_partition`]. **A test set**: the same `r` groups are corrupted for every input, so that fewer
//! inputs can fall together than one by one; [`PartitionVotes::robust_together`] bounds how many stay.
//!
//! What it rests on: a group's model depends on nothing but its group (no vocabulary, no deduplication, no early stopping from
//! whole texts), labels and the list of texts are as they were, and `m` was not tuned on poisoned data.

use crate::{Certificate, ClassId, Error, Outcome, Radius, Unit, error::Parameter};
use std::{collections::HashMap, rc::Rc};

/// The certificate of one input, from the number of groups that voted for each class.
///
/// # Guarantee
/// Whatever becomes of any `r` groups, in training and in the test input, the class of most votes (the smaller on a tie) is the
/// same. No sampling, no confidence: certificates of any number of inputs hold together.
///
/// # Errors
/// [`Error::Parameter`] if there are no classes or more than 2⁵³ votes.
///
/// ```
/// let certificate = steadfast_certify::certify_partition(&[7, 2])?;
/// assert!(certificate.certifies(0, 2) && !certificate.certifies(0, 3));
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
pub fn certify_partition(votes: &[u64]) -> Result<Certificate, Error> {
    let total = votes.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
    let total = total.filter(|&total| !votes.is_empty() && total <= 1 << 53).ok_or_else(|| {
        Error::Parameter(Parameter {
            name: "votes of groups",
            given: format!("{} classes", votes.len()),
            expected: "the number of groups that voted for each class, at least one class and at most 2⁵³ votes",
        })
    })?;
    let most = votes.iter().copied().max().unwrap_or(0);
    let class = votes.iter().position(|&count| count == most).unwrap_or(0);
    let margins = votes.iter().enumerate().filter(|&(other, _)| other != class);
    // The chosen class has more votes than every smaller one, so nothing goes below zero.
    let radius = margins.map(|(other, &count)| (most - count - u64::from(other < class)) / 2).min();
    let radius = match radius {
        None => Radius::Unlimited(Unit::Groups),
        Some(radius) => Radius::Count(u32::try_from(radius).unwrap_or(u32::MAX), Unit::Groups),
    };
    let threat = format!("changes what up to r of {total} groups see, in training and in this input");
    Ok(Certificate::of_groups(Outcome::Certified { class, radius }, threat, votes.to_vec()))
}

/// How many inputs of a test set keep their answers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RobustTogether {
    /// At least so many inputs keep their answers, whichever groups are corrupted.
    pub at_least: u64,
    /// Whether some choice of groups leaves exactly so many; otherwise the search was cut short and more may.
    pub exact: bool,
}

/// The class that each group's model answers, for each input of a test set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionVotes {
    groups: usize,
    classes: usize,
    /// Inputs × groups, row by row.
    answers: Vec<ClassId>,
}

impl PartitionVotes {
    /// Answers of inputs × `groups`, row by row, each below `classes`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for no groups, incomplete rows or a class that does not exist.
    pub fn new(groups: usize, classes: usize, answers: Vec<ClassId>) -> Result<Self, Error> {
        let whole = groups > 0 && answers.len().is_multiple_of(groups);
        if !whole || answers.iter().any(|&class| class >= classes) {
            return Err(Error::Parameter(Parameter {
                name: "answers of groups",
                given: format!("{} answers for {groups} groups and {classes} classes", answers.len()),
                expected: "one class per input and group, each below the number of classes",
            }));
        }
        Ok(Self { groups, classes, answers })
    }

    /// Votes per class of each input.
    #[must_use]
    pub fn votes(&self) -> impl ExactSizeIterator<Item = Vec<u64>> + '_ {
        self.answers.chunks_exact(self.groups).map(|answers| {
            let mut votes = vec![0; self.classes];
            for &class in answers {
                if let Some(count) = votes.get_mut(class) {
                    *count += 1;
                }
            }
            votes
        })
    }

    /// A lower bound on how many inputs keep their answer when the same `r` groups are corrupted for all of them, over every
    /// choice of the groups. With `labels` only inputs whose answer is their label count: the numerator of the *joint*
    /// certified accuracy.
    ///
    /// Inputs that survive any `r` groups are set aside, as are those with equal votes; the rest is a branch-and-bound over
    /// groups, at most `nodes` of them, with the better of two bounds per node: who can still fall, and a linear
    /// relaxation (the `r` groups with the largest summed shares of what is needed). If the nodes run out, the largest bound
    /// left open is the answer.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is not one label per input.
    pub fn robust_together(
        &self,
        labels: Option<&[ClassId]>,
        r: usize,
        nodes: u64,
    ) -> Result<RobustTogether, Error> {
        let inputs = self.answers.len() / self.groups;
        if labels.is_some_and(|labels| labels.len() != inputs) {
            return Err(Error::Parameter(Parameter {
                name: "labels",
                given: labels.map_or(0, <[_]>::len).to_string(),
                expected: "one label per input",
            }));
        }
        let r = r.min(self.groups);
        let mut counted = 0;
        let mut patterns: HashMap<Vec<Contest>, u64> = HashMap::new();
        for (input, (answers, votes)) in self.answers.chunks_exact(self.groups).zip(self.votes()).enumerate()
        {
            let most = votes.iter().copied().max().unwrap_or(0);
            let class = votes.iter().position(|&count| count == most).unwrap_or(0);
            if labels.is_some_and(|labels| labels.get(input) != Some(&class)) {
                continue;
            }
            counted += 1;
            let contests: Vec<Contest> = (0..self.classes)
                .filter(|&other| other != class)
                .map(|other| Contest::new(answers, &votes, class, other))
                .filter(|contest| contest.can_fall(0, r))
                .collect();
            if !contests.is_empty() {
                *patterns.entry(contests).or_insert(0) += 1;
            }
        }
        let mut search = Search { groups: self.groups, most: 0, open: 0, nodes };
        let contested: Vec<(Vec<Contest>, u64)> = patterns.into_iter().collect();
        search.descend(&contested, 0, r, 0);
        Ok(RobustTogether {
            at_least: counted - search.most.max(search.open),
            exact: search.open <= search.most,
        })
    }
}

/// One competitor of one input: it overtakes once corrupted groups have shifted the margin by `needed`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Contest {
    needed: u32,
    /// By how much each group shifts the margin when corrupted: 2 if it votes for the leader, 0 if for the competitor.
    shifts: Rc<[u8]>,
}

impl Contest {
    fn new(answers: &[ClassId], votes: &[u64], class: ClassId, other: ClassId) -> Self {
        let count = |class: ClassId| votes.get(class).copied().unwrap_or(0);
        let needed = count(class) - count(other) + u64::from(other > class);
        let shift = |&answer: &ClassId| 1 + u8::from(answer == class) - u8::from(answer == other);
        Self {
            needed: u32::try_from(needed).unwrap_or(u32::MAX),
            shifts: answers.iter().map(shift).collect(),
        }
    }

    /// Whether corrupting `r` of the groups from `first` on can overtake.
    fn can_fall(&self, first: usize, r: usize) -> bool {
        let twos = self.shifts.iter().skip(first).filter(|&&shift| shift == 2).count();
        let ones = self.shifts.iter().skip(first).filter(|&&shift| shift == 1).count();
        2 * twos.min(r) + ones.min(r.saturating_sub(twos)) >= self.needed as usize
    }

    /// The same contest after group `group` is corrupted; `None` once it is lost.
    fn corrupt(&self, group: usize) -> Option<Self> {
        let shift = u32::from(self.shifts.get(group).copied().unwrap_or(0));
        (shift < self.needed).then(|| Self { needed: self.needed - shift, shifts: Rc::clone(&self.shifts) })
    }
}

/// A depth-first search for the groups whose corruption makes most inputs fall.
struct Search {
    groups: usize,
    /// The most inputs that a visited choice makes fall.
    most: u64,
    /// The largest bound of a branch that was left open.
    open: u64,
    nodes: u64,
}

impl Search {
    /// Chooses `r` more groups from `first` on; `fallen` inputs have fallen, `contested` may still.
    fn descend(&mut self, contested: &[(Vec<Contest>, u64)], first: usize, r: usize, fallen: u64) {
        self.most = self.most.max(fallen);
        if r == 0 || first == self.groups || contested.is_empty() {
            return;
        }
        let bound = fallen + self.relaxation(contested, first, r);
        if bound <= self.most.max(self.open) {
            return;
        }
        if self.nodes == 0 {
            self.open = bound;
            return;
        }
        self.nodes -= 1;
        // With this group corrupted, then without.
        for (corrupt, r) in [(true, r - 1), (false, r)] {
            let mut newly_fallen = 0;
            let mut still = Vec::with_capacity(contested.len());
            for (contests, inputs) in contested {
                let after: Option<Vec<Contest>> = contests
                    .iter()
                    .map(|contest| if corrupt { contest.corrupt(first) } else { Some(contest.clone()) })
                    .collect();
                match after {
                    None => newly_fallen += inputs,
                    Some(mut contests) => {
                        contests.retain(|contest| contest.can_fall(first + 1, r));
                        if !contests.is_empty() {
                            still.push((contests, *inputs));
                        }
                    }
                }
            }
            self.descend(&still, first + 1, r, fallen + newly_fallen);
        }
    }

    /// An upper bound on how many contested inputs can fall to `r` of the groups from `first` on.
    ///
    /// An input that falls to a set of groups has a contest whose shifts over the set sum to what is needed; so the
    /// shares `shift / needed` sum to one or more, and the `r` largest column sums bound the number of inputs.
    fn relaxation(&self, contested: &[(Vec<Contest>, u64)], first: usize, r: usize) -> u64 {
        let all: u64 = contested.iter().map(|(_, inputs)| inputs).sum();
        let mut columns: Vec<f64> = (first..self.groups)
            .map(|group| {
                let share = |contest: &Contest| {
                    f64::from(contest.shifts.get(group).copied().unwrap_or(0)) / f64::from(contest.needed)
                };
                let largest = |contests: &[Contest]| contests.iter().map(share).fold(0.0, f64::max);
                contested.iter().map(|(contests, inputs)| largest(contests) * *inputs as f64).sum()
            })
            .collect();
        columns.sort_by(|a, b| b.total_cmp(a));
        let sum: f64 = columns.iter().take(r).sum();
        // Sums of so few terms err by far less than this.
        all.min((sum * (1.0 + 1e-9) + 1e-9) as u64)
    }
}
