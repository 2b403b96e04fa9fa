//! The last values of a probe as a row of small bars.

use std::collections::VecDeque;

/// Values that are kept: one a second, so the last forty seconds.
pub(super) const VALUES_MAX: usize = 40;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The same where a terminal knows only ASCII.
const BARS_ASCII: [char; 8] = ['_', '.', '-', '=', '+', '*', '%', '#'];
const UNKNOWN: char = '·';
const UNKNOWN_ASCII: char = '?';

/// The last values of a probe, oldest first; what was not known is `None`.
#[derive(Debug, Default)]
pub(super) struct Values(VecDeque<Option<f64>>);

impl Values {
    pub(super) fn push(&mut self, value: Option<f64>) {
        if self.0.len() == VALUES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(value.filter(|value| value.is_finite()));
    }

    /// The latest `columns` values, from the least of them to the greatest; values that are all the
    /// same are low.
    pub(super) fn bars(&self, columns: usize, is_unicode: bool) -> String {
        let (bars, unknown) = if is_unicode {
            (BARS, UNKNOWN)
        } else {
            (BARS_ASCII, UNKNOWN_ASCII)
        };
        let shown = self.0.iter().skip(self.0.len().saturating_sub(columns));
        let known = shown.clone().flatten();
        let (low, high) = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
        shown
            .map(|value| value.map_or(unknown, |value| bars[level(value, low, high)]))
            .collect()
    }
}

/// 0 at `low` to 7 at `high`.
fn level(value: f64, low: f64, high: f64) -> usize {
    // Halves, because the difference of two numbers can be larger than any number.
    let span = high / 2.0 - low / 2.0;
    let part = (value / 2.0 - low / 2.0) / span;
    if !part.is_finite() {
        return 0;
    }
    ((part * BARS.len() as f64) as usize).min(BARS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(values: &[Option<f64>], columns: usize) -> String {
        let mut kept = Values::default();
        values.iter().for_each(|value| kept.push(*value));
        kept.bars(columns, true)
    }

    #[test]
    fn the_latest_values_are_shown_from_the_least_to_the_greatest() {
        let rising: Vec<Option<f64>> = (0..8).map(|value| Some(f64::from(value))).collect();
        assert_eq!(bars(&rising, 40), "▁▂▃▄▅▆▇█");
        assert_eq!(bars(&rising, 3), "▁▅█");
        let many: Vec<Option<f64>> = (0..100).map(|value| Some(f64::from(value))).collect();
        assert_eq!(bars(&many, 90).chars().count(), VALUES_MAX);
        assert_eq!(bars(&rising, 0), "");
    }

    #[test]
    fn what_is_not_known_is_no_bar() {
        let values = [
            Some(1.0),
            None,
            Some(f64::NAN),
            Some(f64::INFINITY),
            Some(1.0),
        ];
        assert_eq!(bars(&values, 40), "▁···▁");
        assert_eq!(bars(&[Some(f64::MAX), Some(-f64::MAX)], 9), "█▁");
        assert_eq!(bars(&[], 9), "");
    }
}
