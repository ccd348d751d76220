//! The learning rate of each step.

/// The learning rate in step `step` (from 0) of `steps`: it rises linearly over the first `warm_up` share of the steps and falls
/// linearly to zero over the others.
pub(crate) fn learning_rate(peak: f64, warm_up: f64, step: u64, steps: u64) -> f64 {
    let rising = (warm_up * steps as f64).ceil();
    let step = step as f64;
    if step < rising {
        return peak * (step + 1.0) / (rising + 1.0);
    }
    peak * (steps as f64 - step) / (steps as f64 - rising).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_and_falls_and_is_never_zero() {
        let rates: Vec<f64> = (0..100).map(|step| learning_rate(1.0, 0.1, step, 100)).collect();
        let peak = rates.iter().position(|&rate| rate == 1.0).unwrap();
        assert_eq!(peak, 10);
        assert!(rates[..=peak].windows(2).all(|pair| pair[0] < pair[1]));
        assert!(rates[peak..].windows(2).all(|pair| pair[0] > pair[1]));
        assert!(rates.iter().all(|&rate| rate > 0.0) && rates[99] < 0.02);
        assert_eq!(learning_rate(2.0, 0.0, 0, 1), 2.0);
        assert!(learning_rate(2.0, 0.9, 0, 1) > 0.0);
    }
}
