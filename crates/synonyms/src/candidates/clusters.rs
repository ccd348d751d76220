//! Connected components, and components split into clusters of bounded size.

use super::Neighbors;

/// A union-find structure over positions.
struct DisjointSets {
    parents: Vec<u32>,
    sizes: Vec<usize>,
}

impl DisjointSets {
    fn new(count: usize) -> Self {
        Self { parents: (0..count as u32).collect(), sizes: vec![1; count] }
    }

    fn root(&mut self, mut word: u32) -> u32 {
        loop {
            let parent = self.parents.get(word as usize).copied().unwrap_or(word);
            if parent == word {
                return word;
            }
            // Path halving.
            let grandparent = self.parents.get(parent as usize).copied().unwrap_or(parent);
            if let Some(place) = self.parents.get_mut(word as usize) {
                *place = grandparent;
            }
            word = grandparent;
        }
    }

    fn size(&self, root: u32) -> usize {
        self.sizes.get(root as usize).copied().unwrap_or_default()
    }

    /// Joins the sets of two words unless the union would be larger than `most`.
    fn join(&mut self, a: u32, b: u32, most: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let size = self.size(a) + self.size(b);
        if a == b || size > most {
            return;
        }
        // The smaller position is the root, so that the name of a set does not depend on the order of joins.
        let (root, child) = (a.min(b), a.max(b));
        if let Some(parent) = self.parents.get_mut(child as usize) {
            *parent = root;
        }
        if let Some(place) = self.sizes.get_mut(root as usize) {
            *place = size;
        }
    }

    fn roots(mut self) -> Vec<u32> {
        (0..self.parents.len() as u32).map(|word| self.root(word)).collect()
    }
}

/// The connected component of each word, named by its smallest position.
pub(crate) fn components(neighbors: &Neighbors) -> Vec<u32> {
    clusters(neighbors, usize::MAX)
}

/// The cluster of each word, named by its smallest position: components, split into clusters of at most `most` words.
///
/// Pairs are joined in order of decreasing cosine (ties by positions), unless the union would be larger than `most`.
/// A component of at most `most` words stays whole.
pub(crate) fn clusters(neighbors: &Neighbors, most: usize) -> Vec<u32> {
    let mut sets = DisjointSets::new(neighbors.len());
    let mut pairs: Vec<(f64, u32, u32)> = (0..neighbors.len() as u32)
        .flat_map(|word| {
            let later = neighbors.of(word as usize).iter().filter(move |near| near.word > word);
            later.map(move |near| (near.similarity, word, near.word))
        })
        .collect();
    pairs.sort_unstable_by(|x, y| y.0.total_cmp(&x.0).then_with(|| (x.1, x.2).cmp(&(y.1, y.2))));
    for (_, a, b) in pairs {
        sets.join(a, b, most);
    }
    sets.roots()
}

/// The words of each set, ascending, at the position that names it; empty elsewhere.
pub(crate) fn members(names: &[u32]) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); names.len()];
    for (word, &name) in (0..).zip(names) {
        if let Some(members) = members.get_mut(name as usize) {
            members.push(word);
        }
    }
    members
}
