//! Axes: range, ticks, and how numbers are written at them.

use crate::Error;

/// A range that fits the data is widened to the next tick when that is less than this share of a step away.
const NEAR: f64 = 0.4;

/// One axis of a [`Chart`](super::Chart).
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    pub(crate) label: String,
    range: Option<(f64, f64)>,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Integers,
    Percent,
}

impl Axis {
    /// An axis that fits its range to the data, with decimal numbers.
    #[must_use]
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), range: None, form: Form::Plain }
    }

    /// Shows `low` to `high`. What lies outside is cut off.
    #[must_use]
    pub fn with_range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Puts ticks at integers only.
    #[must_use]
    pub fn integers(mut self) -> Self {
        self.form = Form::Integers;
        self
    }

    /// Writes a value of 0.25 as 25%, and shows 0% to 100% when all data lies there and no range is given.
    #[must_use]
    pub fn percent(mut self) -> Self {
        self.form = Form::Percent;
        self
    }

    /// The scale for these values, with about `target` ticks. `name` is the axis' name in errors.
    pub(crate) fn scale(
        &self,
        name: char,
        values: impl Iterator<Item = f64>,
        target: usize,
    ) -> Result<Scale, Error> {
        let (mut low, mut high) = self.range.unwrap_or_else(|| self.fit(values));
        let refuse = |low, high| Err(Error::ChartRange { axis: name, low, high });
        if !(low < high && (high - low).is_finite()) {
            return refuse(low, high);
        }
        let mut step = nice_step((high - low) / target.max(2) as f64);
        if self.form == Form::Integers {
            step = step.max(1.0).round();
        }
        if self.range.is_none() {
            // Ends at a tick where one is near; elsewhere room beyond the data would only make the curves smaller.
            let (below, above) = ((low / step).floor() * step, (high / step).ceil() * step);
            low = if low - below < step * NEAR { below } else { low };
            high = if above - high < step * NEAR { above } else { high };
        }
        // A range so narrow, or so far from zero, that steps vanish in rounding has no ticks to write.
        if !(step > 0.0 && low < high && low + step > low && high + step > high) {
            return refuse(low, high);
        }
        Ok(Scale { low, high, step, form: self.form })
    }

    fn fit(&self, values: impl Iterator<Item = f64>) -> (f64, f64) {
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        match self.form {
            _ if low > high => (0.0, 1.0),
            Form::Percent if low >= 0.0 && high <= 1.0 => (0.0, 1.0),
            _ if low == high => {
                let margin = if self.form == Form::Integers { 1.0 } else { (low.abs() * 0.1).max(0.5) };
                (low - margin, high + margin)
            }
            _ => (low, high),
        }
    }
}

/// The smallest of 1, 2, 5 · 10ᵏ that is at least `rough`.
fn nice_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|unit| unit * power)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(rough)
}

/// An axis with its range and the distance of its ticks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    step: f64,
    form: Form,
}

impl Scale {
    /// Values and texts of the ticks, from low to high.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        const MOST: u32 = 64;
        let (first, slack) = ((self.low / self.step - 1e-6).ceil(), self.step * 1e-6);
        (0..MOST)
            .map(|number| (first + f64::from(number)) * self.step)
            .take_while(|value| *value <= self.high + slack)
            .map(|value| (value, self.write(value)))
            .collect()
    }

    fn write(&self, value: f64) -> String {
        let (factor, unit) = if self.form == Form::Percent { (100.0, "%") } else { (1.0, "") };
        let (value, step) = (value * factor, self.step * factor);
        let largest = self.low.abs().max(self.high.abs()) * factor;
        let text = if largest >= 1e7 || step < 1e-5 {
            scientific(if value.abs() < step / 2.0 { 0.0 } else { value })
        } else {
            let text =
                format!("{value:.decimals$}", decimals = (-(step * 1.001).log10().floor()).max(0.0) as usize);
            if largest >= 1e4 { grouped(&text) } else { text }
        };
        let negative_zero =
            text.strip_prefix('-').filter(|rest| !rest.contains(|c| ('1'..='9').contains(&c)));
        match (negative_zero, text.strip_prefix('-')) {
            (Some(zero), _) => format!("{zero}{unit}"),
            (None, Some(rest)) => format!("−{rest}{unit}"),
            (None, None) => format!("{text}{unit}"),
        }
    }
}

/// With commas between thousands, for axes that reach 10,000.
fn grouped(text: &str) -> String {
    let whole = text.find('.').unwrap_or(text.len());
    let first = text.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let mut grouped = String::with_capacity(text.len() + 3);
    for (position, c) in text.char_indices() {
        if position > first && position < whole && (whole - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    grouped
}

/// Such as 2.5e9, without the zeros that rounding leaves.
fn scientific(value: f64) -> String {
    let text = format!("{value:.3e}");
    match text.split_once('e') {
        _ if value == 0.0 => "0".to_owned(),
        Some((digits, power)) => format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.')),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis, values: &[f64], target: usize) -> Vec<String> {
        let scale = axis.scale('x', values.iter().copied(), target).unwrap();
        scale.ticks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let plain = Axis::new("");
        assert_eq!(texts(&plain, &[0.0, 1.0], 5), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts(&plain, &[-0.013, 0.02], 4), ["−0.01", "0.00", "0.01", "0.02"]);
        assert_eq!(texts(&plain, &[-0.018, 0.02], 4), ["−0.02", "−0.01", "0.00", "0.01", "0.02"]);
        assert_eq!(texts(&plain, &[-10_000.0, 1e6], 3), ["0", "500,000", "1,000,000"]);
        assert_eq!(texts(&plain.clone().integers(), &[0.0, 4.0], 10), ["0", "1", "2", "3", "4"]);
        assert_eq!(texts(&plain.clone().integers(), &[3.0], 10), ["2", "3", "4"]);
        assert_eq!(
            texts(&plain.clone().percent(), &[0.3, 0.4], 5),
            ["0%", "20%", "40%", "60%", "80%", "100%"]
        );
        assert_eq!(texts(&plain.clone().percent().with_range(0.0, 0.01), &[], 4), ["0.0%", "0.5%", "1.0%"]);
        assert_eq!(texts(&plain.clone().with_range(0.5, 2.5), &[], 4), ["0.5", "1.0", "1.5", "2.0", "2.5"]);
        assert_eq!(texts(&plain, &[0.0, 3e9], 3), ["0", "1e9", "2e9", "3e9"]);
    }

    #[test]
    fn ranges_without_extent_are_refused_and_odd_ones_end() {
        for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (-1e308, 1.7e308)]
        {
            let axis = Axis::new("").with_range(low, high);
            assert!(matches!(
                axis.scale('y', std::iter::empty(), 5),
                Err(Error::ChartRange { axis: 'y', .. })
            ));
        }
        for values in [vec![], vec![0.0], vec![1e-300, 2e-300], vec![1e17, 1e17 + 64.0], vec![5e-324, 1e-323]]
        {
            for axis in [Axis::new(""), Axis::new("").integers(), Axis::new("").percent()] {
                if let Ok(scale) = axis.scale('x', values.iter().copied(), 6) {
                    assert!(scale.ticks().len() <= 64);
                }
            }
        }
    }
}
