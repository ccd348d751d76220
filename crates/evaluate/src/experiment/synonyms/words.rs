//! [`words_report`]: some words, their candidates, and the laws beside each other.

use crate::report::Table;
use std::collections::BTreeMap;
use steadfast_synonyms::{SynonymTable, WEIGHT_TOTAL};

/// For each word one table: candidates, cosines with the word, the probability of each under the law of each of `tables` (`-` for
/// a word that is no candidate there), and below it the overlaps, which count all candidates.
///
/// `columns` names the tables. Candidates go by descending cosine, at most `most` of them. A word that is in no table, or has no
/// other candidate, gets a sentence.
#[must_use]
pub fn words_report(words: &[String], columns: &[&str], tables: &[&SynonymTable], most: usize) -> String {
    words.iter().map(|word| one_word(word, columns, tables, most)).collect::<Vec<_>>().join("\n\n\n")
}

fn one_word(word: &str, columns: &[&str], tables: &[&SynonymTable], most: usize) -> String {
    let rows: Vec<_> = tables.iter().map(|table| table.row(word)).collect();
    if rows.iter().all(Option::is_none) {
        return format!("{word}: not in the vocabulary, or without a vector; it stays as it is");
    }
    // What stands in the tables of one word, by candidate.
    let mut candidates: BTreeMap<&str, (f32, Vec<Option<u64>>)> = BTreeMap::new();
    for (column, row) in rows.iter().enumerate() {
        for candidate in row.iter().flat_map(|row| row.candidates()) {
            let entry =
                candidates.entry(candidate.word).or_insert((candidate.similarity, vec![None; tables.len()]));
            if let Some(place) = entry.1.get_mut(column) {
                *place = Some(candidate.weight);
            }
        }
    }
    if candidates.len() == 1 {
        return format!("{word}: no synonyms; it stays as it is");
    }
    let mut ordered: Vec<_> = candidates.into_iter().collect();
    ordered.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    let (all, shown) = (ordered.len(), ordered.len().min(most));
    let header = ["candidate", "cosine"].into_iter().chain(columns.iter().copied());
    let mut table = Table::new(header).with_title(match shown {
        2 if all == 2 => format!("{word} and the 1 word that it may become"),
        _ if shown == all => format!("{word} and the {} words that it may become", all - 1),
        _ => format!("{word} and the words that it may become, the nearest {shown} of {all}"),
    });
    let share = |weight: u64| weight as f64 / WEIGHT_TOTAL as f64;
    for (candidate, (similarity, weights)) in ordered.into_iter().take(most) {
        let cells =
            weights.into_iter().map(|weight| weight.map_or("-".to_owned(), |weight| percent(share(weight))));
        table.push([candidate.to_owned(), format!("{similarity:.3}")].into_iter().chain(cells));
    }
    let overlaps = tables.iter().zip(&rows).zip(columns).filter_map(|((table, row), column)| {
        let overlap = table.overlap((*row)?.position())?;
        Some(format!("{:.4} under {column}", share(overlap)))
    });
    let overlaps: Vec<String> = overlaps.collect();
    let overlaps = overlaps.join(", ");
    format!(
        "{table}\n\n(-: no candidate of that law)\noverlap with the law of the worst candidate: {overlaps}"
    )
}

fn percent(share: f64) -> String {
    format!("{:.3} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_synonyms::{CandidateSets, Family, Grouping, Neighbors, Vectors};

    #[test]
    fn laws_stand_beside_each_other() {
        let vectors = Vectors::new(["good", "fine", "odd"], 2, vec![1.0, 0.0, 0.8, 0.6, -1.0, 0.0]).unwrap();
        let neighbors = Neighbors::find(&vectors, 0.7, &|_| std::ops::ControlFlow::Continue(())).unwrap();
        let sets = CandidateSets::new(&vectors, &neighbors, Grouping::Closed, 9, &|_| {
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        let table = |family: Family| {
            SynonymTable::new(&sets, &vectors, family.into(), &|_| std::ops::ControlFlow::Continue(()))
                .unwrap()
        };
        let tables = [table(Family::Crowd), table(Family::Uniform)];
        let words = ["good", "odd", "none"].map(str::to_owned);
        let report = words_report(&words, &["crowd", "uniform"], &[&tables[0], &tables[1]], 20);
        let short = words_report(&words, &["crowd", "uniform"], &[&tables[0], &tables[1]], 1);
        assert!(short.contains("the nearest 1 of 2"), "{short}");
        assert!(
            report.contains("50.000 %") && report.contains("0.1646 under crowd, 1.0000 under uniform"),
            "{report}"
        );
        assert!(report.contains("odd: no synonyms") && report.contains("none: not in"), "{report}");
    }
}
