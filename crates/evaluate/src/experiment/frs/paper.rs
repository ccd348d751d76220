//! What the paper reports for SST-2 and BERT-base, to be read beside what was measured: another encoder, other sentences.

use super::{Backdoor, Defence};

/// Accuracy on clean and on triggered texts and attack success, in percent (FRS, Tables 1 and 3).
pub(super) const fn attacked(attack: Backdoor, defence: Defence) -> Option<[f64; 3]> {
    use Backdoor::{BadPre, LayerWise, Ripple};
    Some(match (attack, defence) {
        (Ripple, Defence::Frs) => [82.36, 73.25, 45.12],
        (Ripple, Defence::Fuzzing) => [82.48, 68.62, 51.09],
        (Ripple, Defence::Voters) => [82.08, 70.97, 48.73],
        (Ripple, Defence::TextGuard { .. }) => [74.95, 65.24, 52.62],
        (LayerWise, Defence::Frs) => [85.67, 82.91, 34.25],
        (LayerWise, Defence::Fuzzing) => [85.82, 74.95, 44.52],
        (LayerWise, Defence::Voters) => [85.45, 78.83, 38.64],
        (LayerWise, Defence::TextGuard { .. }) => [76.12, 71.45, 47.83],
        (BadPre, Defence::Frs) => [91.64, 91.02, 18.64],
        (BadPre, Defence::Fuzzing) => [91.60, 85.25, 27.87],
        (BadPre, Defence::Voters) => [91.43, 88.27, 23.15],
        (BadPre, Defence::TextGuard { .. }) => [85.60, 84.12, 33.56],
        _ => return None,
    })
}

/// The average and the largest radius, in percent of a text's words (FRS, Table 2).
pub(super) const fn radii(defence: Defence) -> Option<[f64; 2]> {
    match defence {
        Defence::Frs => Some([34.87, 48.63]),
        Defence::TextGuard { .. } => Some([27.51, 43.20]),
        _ => None,
    }
}

/// Percentages as a cell of a table.
pub(super) fn cell<const N: usize>(percentages: Option<[f64; N]>) -> String {
    let cell = |all: [f64; N]| all.map(|one| format!("{one:.2}%")).join(", ");
    percentages.map_or_else(String::new, cell)
}
