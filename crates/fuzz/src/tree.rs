//! [`SearchTree`]: segments of a text, their visits and their values.
//!
//! Monte Carlo tree search as FRS describes it (Eq. 6, 7 and 9). A step goes down from the root to the child with the
//! largest upper confidence bound until it meets a leaf; a leaf that was visited before, or the whole text, is split and its
//! first part taken; the segment is mutated and the deviation enters the mean of every node above. A child without visits
//! has an infinite bound, so both parts of a segment are visited before either is split.
//!
//! Several steps can be under way at once. A step without a result counts as a visit of value 0 (a *virtual loss*), which
//! sends the next step elsewhere; its result replaces it.
#![expect(clippy::indexing_slicing, reason = "node numbers are made here, and nodes are never removed")]

use crate::clause_segmenter::split;
use std::ops::Range;

/// The index of a node in its tree. The root's is 0, and a child's is larger than its parent's.
pub type NodeId = usize;

/// The root's index.
pub(crate) const ROOT: NodeId = 0;

/// A segment of the text.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Node {
    segment: Range<usize>,
    parent: Option<NodeId>,
    children: Option<[NodeId; 2]>,
    simulations: u32,
    visits: u32,
    value: f64,
    /// Steps under way.
    #[cfg_attr(feature = "serde", serde(skip))]
    pending: u32,
}

impl Node {
    const fn new(segment: Range<usize>, parent: Option<NodeId>) -> Self {
        Self { segment, parent, children: None, simulations: 0, visits: 0, value: 0.0, pending: 0 }
    }

    /// The positions of its words.
    #[must_use]
    pub const fn segment(&self) -> &Range<usize> {
        &self.segment
    }

    /// The node that it is a part of; `None` for the root.
    #[must_use]
    pub const fn parent(&self) -> Option<NodeId> {
        self.parent
    }

    /// Its two parts, if it was split.
    #[must_use]
    pub const fn children(&self) -> Option<[NodeId; 2]> {
        self.children
    }

    /// The number of mutations of this segment.
    #[must_use]
    pub const fn simulations(&self) -> u32 {
        self.simulations
    }

    /// `N(n)`: the number of mutations of this segment and of its parts.
    #[must_use]
    pub const fn visits(&self) -> u32 {
        self.visits
    }

    /// `V(n)`: the mean deviation over its visits (Eq. 9); 0 without visits.
    #[must_use]
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// Visits, those under way included.
    fn count(&self) -> f64 {
        f64::from(self.visits) + f64::from(self.pending)
    }
}

/// The tree that a search grows over one text. The parts of a split segment are never empty, do not overlap, and are
/// all of it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SearchTree {
    nodes: Vec<Node>,
}

impl SearchTree {
    /// The root alone: a text of `words` words.
    pub(crate) fn new(words: usize) -> Self {
        Self { nodes: vec![Node::new(0..words, None)] }
    }

    /// All nodes, by index.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of the whole text.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.nodes[ROOT]
    }

    /// The segments that were not split, from left to right. They partition the text.
    #[must_use]
    pub fn leaves(&self) -> Vec<Range<usize>> {
        let mut leaves: Vec<_> = self
            .nodes
            .iter()
            .filter(|node| node.children.is_none())
            .map(|node| node.segment.clone())
            .collect();
        leaves.sort_unstable_by_key(|segment| segment.start);
        leaves
    }

    /// The segments of highest value, from left to right: the best one, and every other of at least `share` of its
    /// value that does not overlap a better one. Of segments of equal value the shortest is better, then the leftmost.
    /// Empty if no deviation was above 0.
    pub(crate) fn most_valuable(&self, share: f64) -> Vec<Range<usize>> {
        let mut order: Vec<&Node> = self.nodes.iter().filter(|node| node.value > 0.0).collect();
        order.sort_by(|a, b| {
            b.value
                .total_cmp(&a.value)
                .then_with(|| (a.segment.len(), a.segment.start).cmp(&(b.segment.len(), b.segment.start)))
        });
        let least = order.first().map_or(0.0, |best| best.value * share);
        let mut areas: Vec<Range<usize>> = Vec::new();
        for node in order.into_iter().take_while(|node| node.value >= least) {
            let segment = &node.segment;
            if areas.iter().all(|area| area.end <= segment.start || segment.end <= area.start) {
                areas.push(segment.clone());
            }
        }
        areas.sort_unstable_by_key(|area| area.start);
        areas
    }

    /// For each word, the value of the smallest visited segment that holds it.
    pub(crate) fn attribution(&self) -> Vec<f64> {
        let mut values = vec![0.0; self.root().segment.len()];
        // Parents come before their children.
        for node in self.nodes.iter().filter(|node| node.visits > 0) {
            values[node.segment.clone()].fill(node.value);
        }
        values
    }

    /// The node to mutate next. Its step counts as a virtual loss until [`Self::record`].
    pub(crate) fn select(&mut self, exploration: f64, starts: &[bool]) -> NodeId {
        let mut id = ROOT;
        while let Some(children) = self.nodes[id].children {
            id = self.best_child(id, children, exploration);
        }
        let leaf = &self.nodes[id];
        if leaf.segment.len() >= 2 && (leaf.visits > 0 || id == ROOT) {
            id = self.expand(id, starts);
        }
        self.for_each_above(id, |node| node.pending += 1);
        id
    }

    /// Adds the deviation found by a step to `id` to all means above, in the place of its virtual loss (Eq. 9).
    pub(crate) fn record(&mut self, id: NodeId, deviation: f64) {
        self.nodes[id].simulations += 1;
        self.for_each_above(id, |node| {
            node.pending -= 1;
            node.visits += 1;
            // The recursion of Eq. 9, arranged so that the mean of equal deviations is that deviation exactly.
            node.value += (deviation - node.value) / f64::from(node.visits);
        });
    }

    /// The child of the largest upper confidence bound (Eq. 6); the left one if they are equal.
    fn best_child(&self, parent: NodeId, [left, right]: [NodeId; 2], exploration: f64) -> NodeId {
        let logarithm = self.nodes[parent].count().ln();
        let bound = |child: NodeId| {
            let (node, count) = (&self.nodes[child], self.nodes[child].count());
            if count == 0.0 {
                return f64::INFINITY;
            }
            let mean = node.value * f64::from(node.visits) / count;
            mean + exploration * (logarithm / count).sqrt()
        };
        if bound(right) > bound(left) { right } else { left }
    }

    /// Splits a segment in two (Eq. 7) and returns its first part.
    fn expand(&mut self, id: NodeId, starts: &[bool]) -> NodeId {
        let segment = self.nodes[id].segment.clone();
        let position = split(&segment, starts);
        let first = self.nodes.len();
        self.nodes.push(Node::new(segment.start..position, Some(id)));
        self.nodes.push(Node::new(position..segment.end, Some(id)));
        self.nodes[id].children = Some([first, first + 1]);
        first
    }

    fn for_each_above(&mut self, id: NodeId, mut act: impl FnMut(&mut Node)) {
        let mut next = Some(id);
        while let Some(id) = next {
            let node = &mut self.nodes[id];
            act(node);
            next = node.parent;
        }
    }
}
