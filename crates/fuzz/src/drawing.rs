//! [`Drawing`]: a search tree as lines of text.

use crate::{NodeId, SearchTree, tree::ROOT};
use std::fmt;
use steadfast_perturb::{Lexicon, WordId};

/// A search tree, one segment per line with its visits `N` and value `V`, parts indented below the whole.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    lexicon: &'a Lexicon,
    text: &'a [WordId],
    tree: &'a SearchTree,
}

impl<'a> Drawing<'a> {
    /// The tree over `text`, such as that of a [`Step`](crate::Step).
    #[must_use]
    pub const fn new(lexicon: &'a Lexicon, text: &'a [WordId], tree: &'a SearchTree) -> Self {
        Self { lexicon, text, tree }
    }

    fn node(&self, f: &mut fmt::Formatter<'_>, id: NodeId, depth: usize) -> fmt::Result {
        let Some(node) = self.tree.nodes().get(id) else { return Ok(()) };
        let words = self.text.get(node.segment().clone()).unwrap_or_default();
        let segment = self.lexicon.detokenize(words);
        writeln!(
            f,
            "{:indent$}N={:<3} V={:<7.3} {segment}",
            "",
            node.visits(),
            node.value(),
            indent = 2 * depth
        )?;
        node.children().into_iter().flatten().try_for_each(|child| self.node(f, child, depth + 1))
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node(f, ROOT, 0)
    }
}
