//! The baseline of relative criteria: the figures of earlier releases made into one.

use super::file::{Aggregate, CompareWith, Comparison, Include};
use crate::gate::Verdict;

/// Earlier releases that are compared with when the policy does not say how many.
const RELEASES_DEFAULT: u64 = 3;

/// What relative criteria are measured from.
#[derive(Debug, Clone, PartialEq)]
pub enum Baseline {
    /// Earlier releases gave it.
    Known {
        /// The figure, in the unit of what is compared; finite.
        figure: f64,
        /// The releases that it was made from, latest first.
        releases: Vec<String>,
    },
    /// There is no earlier release: relative criteria are left out, and that is said.
    FirstRelease,
    /// There are earlier releases, and yet it is not known: relative criteria are inconclusive.
    Unknown {
        /// Why, as a sentence for people.
        why: String,
    },
}

impl Baseline {
    /// The figure, when it is known.
    #[must_use]
    pub const fn figure(&self) -> Option<f64> {
        match self {
            Self::Known { figure, .. } => Some(*figure),
            Self::FirstRelease | Self::Unknown { .. } => None,
        }
    }
}

/// An earlier release.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// Its name.
    pub release: String,
    /// How it did; `None` when nobody knows.
    pub verdict: Option<Verdict>,
    /// Its figure, in the unit of what is compared; `None` when it is not known.
    pub figure: Option<f64>,
}

impl Comparison {
    /// How many earlier releases are compared with.
    #[must_use]
    pub fn number(&self) -> usize {
        let asked = match self.compare_with {
            CompareWith::SingleResult => 1,
            CompareWith::SeveralResults => self
                .number_of_comparison_results
                .unwrap_or(RELEASES_DEFAULT),
        };
        usize::try_from(asked).unwrap_or(usize::MAX)
    }

    /// The baseline that earlier releases give, latest first. Fewer than asked for are enough, as
    /// long as there is one; a release that counts and has no figure makes the baseline unknown.
    #[must_use]
    pub fn baseline(&self, earlier: &[Earlier]) -> Baseline {
        if earlier.is_empty() {
            return Baseline::FirstRelease;
        }
        let counts = |earlier: &&Earlier| self.include_result_with_score.takes(earlier);
        let taken: Vec<&Earlier> = earlier.iter().filter(counts).take(self.number()).collect();
        if taken.is_empty() {
            let which = self.include_result_with_score.words();
            let why = format!("none of {} earlier releases {which}", earlier.len());
            return Baseline::Unknown { why };
        }
        let mut figures = Vec::new();
        for earlier in &taken {
            match earlier.figure {
                Some(figure) if figure.is_finite() => figures.push(figure),
                _ => {
                    let why = format!("release {} has no figure", earlier.release);
                    return Baseline::Unknown { why };
                }
            }
        }
        match self.aggregate_function.of(&figures) {
            Some(figure) => Baseline::Known {
                figure,
                releases: taken.iter().map(|e| e.release.clone()).collect(),
            },
            None => Baseline::Unknown {
                why: "the figures of the earlier releases have no finite aggregate".to_owned(),
            },
        }
    }
}

impl Include {
    fn takes(self, earlier: &Earlier) -> bool {
        match self {
            Self::Pass => earlier.verdict == Some(Verdict::Pass),
            Self::PassOrWarn => {
                matches!(earlier.verdict, Some(Verdict::Pass | Verdict::Warn))
            }
            Self::All => earlier.figure.is_some_and(f64::is_finite),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::PassOrWarn => "passed, not even with a warning",
            Self::All => "has a figure",
        }
    }
}

impl Aggregate {
    /// One figure of several: `None` of none, or when the result is not finite. Percentiles are
    /// interpolated between the two figures they lie between.
    #[must_use]
    pub fn of(self, figures: &[f64]) -> Option<f64> {
        if figures.is_empty() || figures.iter().any(|figure| !figure.is_finite()) {
            return None;
        }
        let one = match self {
            Self::Average => figures.iter().sum::<f64>() / figures.len() as f64,
            Self::P50 => percentile(figures, 0.5),
            Self::P90 => percentile(figures, 0.9),
            Self::P95 => percentile(figures, 0.95),
        };
        one.is_finite().then_some(one)
    }
}

/// Of at least one figure.
fn percentile(figures: &[f64], rank: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = rank * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn earlier(release: &str, verdict: Option<Verdict>, figure: Option<f64>) -> Earlier {
        Earlier {
            release: release.to_owned(),
            verdict,
            figure,
        }
    }

    #[test]
    fn the_last_passing_releases_give_the_baseline() {
        let all = [
            earlier("5", Some(Verdict::Fail), Some(0.9)),
            earlier("4", Some(Verdict::Pass), Some(0.1)),
            earlier("3", None, Some(0.9)),
            earlier("2", Some(Verdict::Warn), Some(0.4)),
            earlier("1", Some(Verdict::Pass), Some(0.2)),
            earlier("0", Some(Verdict::Pass), Some(0.3)),
        ];
        let of = |include, number, aggregate| {
            let comparison = Comparison {
                include_result_with_score: include,
                number_of_comparison_results: Some(number),
                aggregate_function: aggregate,
                ..Comparison::default()
            };
            let figure = comparison.baseline(&all).figure().unwrap();
            (figure * 1e9).round() / 1e9
        };
        assert_eq!(of(Include::Pass, 3, Aggregate::Average), 0.2);
        assert_eq!(of(Include::Pass, 2, Aggregate::Average), 0.15);
        assert_eq!(of(Include::Pass, 10, Aggregate::P90), 0.28);
        assert_eq!(of(Include::PassOrWarn, 2, Aggregate::P50), 0.25);
        assert_eq!(of(Include::All, 1, Aggregate::P95), 0.9);
        let last = Comparison {
            compare_with: CompareWith::SingleResult,
            ..Comparison::default()
        };
        assert_eq!(last.baseline(&all).figure(), Some(0.1));
    }

    #[test]
    fn a_baseline_without_passing_release_or_figure_is_not_known() {
        let comparison = Comparison::default();
        assert_eq!(comparison.baseline(&[]), Baseline::FirstRelease);
        for all in [
            vec![earlier("1", Some(Verdict::Fail), Some(0.1))],
            vec![earlier("1", None, Some(0.1))],
            vec![earlier("1", Some(Verdict::Inconclusive), Some(0.1))],
            vec![earlier("1", Some(Verdict::Pass), None)],
            vec![earlier("1", Some(Verdict::Pass), Some(f64::NAN))],
            vec![
                earlier("2", Some(Verdict::Pass), Some(0.1)),
                earlier("1", Some(Verdict::Pass), None),
            ],
        ] {
            let baseline = comparison.baseline(&all);
            assert!(matches!(baseline, Baseline::Unknown { .. }), "{all:?}");
        }
    }

    #[test]
    fn an_aggregate_of_nothing_or_of_what_is_no_number_is_none() {
        for aggregate in [Aggregate::Average, Aggregate::P50, Aggregate::P95] {
            assert_eq!(aggregate.of(&[]), None);
            assert_eq!(aggregate.of(&[0.1, f64::NAN]), None);
            assert_eq!(aggregate.of(&[0.1]), Some(0.1));
        }
        assert_eq!(Aggregate::Average.of(&[f64::MAX, f64::MAX]), None);
    }
}
