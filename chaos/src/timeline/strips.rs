//! Probes as strips of figures.

use render::{Strip, Unit};

use super::name;
use crate::journal::{Journal, Samples};
use crate::show::figure;

/// Strips that are drawn.
const STRIPS_MAX: usize = 12;

/// Points of one strip: more than columns, so that thinning is not seen.
const POINTS_MAX: usize = 3_000;

/// A strip for each probe that was sampled, and how many probes are left out.
pub(super) fn strips(journal: &Journal) -> (Vec<Strip>, usize) {
    let strips = journal.samples.iter().take(STRIPS_MAX).map(strip);
    let hidden = journal.samples.len().saturating_sub(STRIPS_MAX);
    (strips.collect(), hidden)
}

fn strip(samples: &Samples) -> Strip {
    Strip {
        name: name(&samples.probe),
        detail: name(&expected(samples)),
        unit: unit(&samples.probe),
        least: samples.least,
        most: samples.most,
        points: thinned(&samples.points),
    }
}

/// What a probe may be, in words; nothing when it may be anything.
pub(crate) fn expected(samples: &Samples) -> String {
    match (samples.least, samples.most) {
        (Some(least), Some(most)) if least == most => format!("expected {}", figure(least)),
        (Some(least), Some(most)) => format!("expected {} to {}", figure(least), figure(most)),
        (Some(least), None) => format!("expected at least {}", figure(least)),
        (None, Some(most)) => format!("expected at most {}", figure(most)),
        (None, None) => String::new(),
    }
}

/// What a probe counts, by the name that it has; plain numbers when that does not say.
fn unit(probe: &str) -> Unit {
    let name = probe.to_lowercase();
    let words: Vec<&str> = name.split(|one: char| !one.is_alphanumeric()).collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    if name.contains("per-second") || name.contains("per_second") || has(&["rate", "rps"]) {
        Unit::PerSecond
    } else if has(&["ratio", "share", "attainment"]) {
        Unit::Ratio
    } else if has(&["bytes"]) {
        Unit::Bytes
    } else if has(&["seconds", "duration", "p50", "p95", "p99"]) {
        Unit::Seconds
    } else {
        Unit::None
    }
}

/// At most [`POINTS_MAX`] points in order of time. Of each stretch that is thinned the least and the
/// greatest value stay, and one that was not known: no peak and no gap is lost.
fn thinned(points: &[(f64, Option<f64>)]) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = points
        .iter()
        .map(|&(seconds, value)| (seconds, value.unwrap_or(f64::NAN)))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    if points.len() <= POINTS_MAX {
        return points;
    }
    let each = points.len().div_ceil(POINTS_MAX / 3);
    let mut kept = Vec::with_capacity(POINTS_MAX);
    for stretch in points.chunks(each) {
        let known = || stretch.iter().filter(|(_, value)| !value.is_nan());
        let least = known().min_by(|a, b| a.1.total_cmp(&b.1));
        let most = known().max_by(|a, b| a.1.total_cmp(&b.1));
        let unknown = stretch.iter().find(|(_, value)| value.is_nan());
        let mut of_stretch: Vec<(f64, f64)> = [least, most, unknown]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        of_stretch.sort_by(|a, b| a.0.total_cmp(&b.0));
        of_stretch.dedup_by(|a, b| a.0 == b.0 && a.1.to_bits() == b.1.to_bits());
        kept.extend(of_stretch);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_peak_and_no_gap_is_lost_in_many_points() {
        let points = (0..10_000).map(|at| match at {
            4_321 => (f64::from(at), Some(99.0)),
            7_000 => (f64::from(at), None),
            _ => (f64::from(at), Some(f64::from(at % 7))),
        });
        let points: Vec<_> = points.collect();
        let thinned = thinned(&points);
        assert!(thinned.len() <= POINTS_MAX, "{}", thinned.len());
        assert!(thinned.contains(&(4_321.0, 99.0)));
        assert!(
            thinned
                .iter()
                .any(|(at, value)| *at == 7_000.0 && value.is_nan())
        );
        assert!(thinned.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn a_name_says_what_is_counted() {
        let units = [
            "p95-seconds",
            "requests-per-second",
            "share-of-server-errors",
            "cache_bytes",
            "service-answers",
            "延迟",
        ];
        assert_eq!(
            units.map(unit),
            [
                Unit::Seconds,
                Unit::PerSecond,
                Unit::Ratio,
                Unit::Bytes,
                Unit::None,
                Unit::None
            ]
        );
    }
}
