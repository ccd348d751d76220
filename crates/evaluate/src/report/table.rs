//! Tables for a terminal, a log or a Markdown file.

use std::fmt;

use comfy_table::{CellAlignment, ContentArrangement, presets};

/// A table in the form of Markdown, which reads well in a log and can be pasted into a document.
///
/// Columns whose cells are all numbers (or empty, or `-`) are aligned to the right. A row that is shorter than the
/// widest one is filled with empty cells.
///
/// ```
/// use steadfast_evaluate::report::Table;
///
/// let mut table = Table::new(["radius", "certified accuracy"]).with_title("MNIST, 1 against 7");
/// table.push(["0", "99.1 %"]);
/// table.push(["2", "36.0 %"]);
/// assert_eq!(
///     table.to_string(),
///     "MNIST, 1 against 7\n\n\
///      | radius | certified accuracy |\n\
///      |--------|--------------------|\n\
///      |      0 |             99.1 % |\n\
///      |      2 |             36.0 % |"
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    title: Option<String>,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column heads and no rows.
    #[must_use]
    pub fn new<T: Into<String>>(header: impl IntoIterator<Item = T>) -> Self {
        Self { title: None, header: header.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Puts a line above the table.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Appends a row.
    pub fn push<T: Into<String>>(&mut self, row: impl IntoIterator<Item = T>) {
        self.rows.push(row.into_iter().map(Into::into).collect());
    }

    /// The column heads.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells =
            self.rows.iter().filter_map(|row| row.get(column)).filter(|cell| !is_blank(cell)).peekable();
        cells.peek().is_some() && cells.all(|cell| is_number(cell))
    }
}

fn is_blank(cell: &str) -> bool {
    matches!(cell.trim(), "" | "-" | "–" | "—")
}

/// A number as people write it: signs, thousands separators, bounds, a tolerance, a unit of percent or times.
fn is_number(cell: &str) -> bool {
    let allowed = |c: char| c.is_ascii_digit() || " .,+-−±%×<>≤≥~≈()[]–eE".contains(c);
    cell.chars().any(|c| c.is_ascii_digit()) && cell.chars().all(allowed)
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(Vec::len).chain([self.header.len()]).max().unwrap_or(0);
        let filled = |row: &[String]| -> Vec<String> {
            // A line break or a bar inside a cell would end the cell.
            let cells = row.iter().map(|cell| cell.replace(['\n', '\r'], " ").replace('|', "\\|"));
            cells.chain(std::iter::repeat(String::new())).take(width).collect()
        };
        if let Some(title) = &self.title {
            writeln!(f, "{title}\n")?;
        }
        let mut table = comfy_table::Table::new();
        table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(filled(&self.header));
        for row in &self.rows {
            table.add_row(filled(row));
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            if self.is_numeric(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for (number, line) in table.lines().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            f.write_str(line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_left_and_numbers_right() {
        let mut table = Table::new(["method", "n", "accuracy"]);
        table.push(["smoothing", "1000", "0.93 ± 0.01"]);
        table.push(["Cohen 2019", "20", "-"]);
        table.push(["wide Ünïcode | bar\nline"]);
        assert_eq!(
            table.to_string(),
            "\
| method                   |    n |    accuracy |
|--------------------------|------|-------------|
| smoothing                | 1000 | 0.93 ± 0.01 |
| Cohen 2019               |   20 |           - |
| wide Ünïcode \\| bar line |      |             |"
        );
    }

    #[test]
    fn odd_tables_do_not_panic() {
        assert_eq!(Table::default().rows().len(), 0);
        let _ = Table::default().to_string();
        let mut table = Table::new(["a"]);
        table.push(["1", "2", "3"]);
        table.push(Vec::<String>::new());
        assert!(table.to_string().contains("| 1 | 2 | 3 |"), "{table}");
        assert!(
            !is_number("e") && !is_number("") && !is_number("v1") && is_number("1e-3") && is_number("≥ 4")
        );
    }
}
