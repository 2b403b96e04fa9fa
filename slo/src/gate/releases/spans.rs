//! From the times at which releases were seen to when each began and ended.
//!
//! Times are in milliseconds since 1970.

use std::collections::BTreeMap;

/// A release while it was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) name: String,
    /// When it was first seen.
    pub(super) since: i64,
    /// When it was last seen.
    pub(super) until: i64,
}

/// The spans of all releases, by their beginning, from the ascending times at which each was seen.
///
/// A release that is missing no longer than `gap_max`, or while nobody was seen, was there all the
/// time: its label flapped, or nobody scraped. One that comes again after another took its place
/// was rolled back to, and gets a span of its own.
pub(super) fn spans(seen: &BTreeMap<String, Vec<i64>>, gap_max: i64) -> Vec<Span> {
    let mut all: Vec<i64> = seen.values().flatten().copied().collect();
    all.sort_unstable();
    // The release itself was not seen in between, so whatever was is another one.
    let another_between = |from: i64, to: i64| {
        let next = all.get(all.partition_point(|time| *time <= from));
        next.is_some_and(|time| *time < to)
    };
    let mut spans: Vec<Span> = Vec::new();
    for (name, times) in seen {
        let mut open: Option<Span> = None;
        for &time in times {
            match &mut open {
                Some(span)
                    if time - span.until <= gap_max || !another_between(span.until, time) =>
                {
                    span.until = time;
                }
                _ => {
                    spans.extend(open.replace(Span {
                        name: name.clone(),
                        since: time,
                        until: time,
                    }));
                }
            }
        }
        spans.extend(open);
    }
    spans.sort_by(|one, other| {
        let key = |span: &Span| (span.since, span.until);
        key(one)
            .cmp(&key(other))
            .then_with(|| one.name.cmp(&other.name))
    });
    spans
}

/// The place of the release that is there now: of several the one that began last. `None` when all
/// were last seen before `fresh`.
pub(super) fn current(spans: &[Span], fresh: i64) -> Option<usize> {
    spans.iter().rposition(|span| span.until >= fresh)
}

/// The latest stretch of `span` in which no other release was there, as begin and end. `None` when
/// there is no such time.
pub(super) fn alone<'a>(
    span: &Span,
    others: impl IntoIterator<Item = &'a Span>,
) -> Option<(i64, i64)> {
    let mut taken: Vec<(i64, i64)> = others
        .into_iter()
        .map(|other| (other.since, other.until))
        .collect();
    // From the latest end backwards: what lies behind all that were looked at is free.
    taken.sort_unstable_by_key(|(_, until)| std::cmp::Reverse(*until));
    let mut end = span.until;
    for (since, until) in taken {
        if until < end && until >= span.since {
            return Some((until, end));
        }
        if since <= end && until >= end {
            end = since;
        }
        if end <= span.since {
            return None;
        }
    }
    (end > span.since).then_some((span.since, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GAP: i64 = 10;

    /// Spans of releases that are seen at these times, as texts: `a 0-3`.
    fn told(seen: &[(&str, &[i64])]) -> Vec<String> {
        let seen = seen
            .iter()
            .map(|(name, times)| ((*name).to_owned(), times.to_vec()))
            .collect();
        spans(&seen, GAP)
            .into_iter()
            .map(|Span { name, since, until }| format!("{name} {since}-{until}"))
            .collect()
    }

    fn span(name: &str, since: i64, until: i64) -> Span {
        let name = name.to_owned();
        Span { name, since, until }
    }

    #[test]
    fn a_rolling_deploy_overlaps() {
        let spans = told(&[("a", &[0, 5, 10, 15]), ("b", &[10, 15, 20, 25])]);
        assert_eq!(spans, ["a 0-15", "b 10-25"]);
    }

    #[test]
    fn the_same_name_after_another_is_a_rollback() {
        let spans = told(&[("a", &[0, 5, 30, 35]), ("b", &[10, 15, 20, 25])]);
        assert_eq!(spans, ["a 0-5", "b 10-25", "a 30-35"]);
    }

    #[test]
    fn a_label_that_flaps_ends_nothing() {
        let spans = told(&[("a", &[0, 10, 20, 30]), ("b", &[5, 15, 25])]);
        assert_eq!(spans, ["a 0-30", "b 5-25"]);
    }

    #[test]
    fn a_hole_in_which_nobody_was_seen_ends_nothing() {
        assert_eq!(told(&[("a", &[0, 5, 500, 505])]), ["a 0-505"]);
        let spans = told(&[("a", &[0, 500]), ("b", &[0, 500])]);
        assert_eq!(spans, ["a 0-500", "b 0-500"]);
    }

    #[test]
    fn a_canary_beside_the_old_one_comes_and_goes() {
        let old: Vec<i64> = (0..20).map(|step| step * 5).collect();
        let spans = told(&[("old", &old), ("new", &[40, 45, 80, 85])]);
        assert_eq!(spans, ["old 0-95", "new 40-45", "new 80-85"]);
    }

    #[test]
    fn nothing_seen_is_no_release() {
        assert_eq!(told(&[]), [""; 0]);
        assert_eq!(told(&[("a", &[])]), [""; 0]);
    }

    #[test]
    fn the_one_that_began_last_and_is_there_is_the_current_one() {
        let both = [span("a", 0, 100), span("b", 50, 100)];
        assert_eq!(current(&both, 90), Some(1));
        let gone = [span("a", 0, 100), span("b", 50, 60)];
        assert_eq!(current(&gone, 90), Some(0), "b was taken back");
        assert_eq!(current(&gone, 101), None);
    }

    #[test]
    fn the_latest_time_alone_is_taken() {
        let release = span("a", 10, 100);
        for (others, expected) in [
            (vec![], Some((10, 100))),
            (vec![span("b", 90, 200)], Some((10, 90))),
            (vec![span("b", 0, 20)], Some((20, 100))),
            (vec![span("b", 40, 50)], Some((50, 100))),
            (vec![span("b", 40, 50), span("c", 45, 120)], Some((10, 40))),
            (vec![span("b", 0, 200)], None),
            (vec![span("b", 0, 60), span("c", 50, 100)], None),
            (vec![span("b", 200, 300), span("c", 0, 5)], Some((10, 100))),
        ] {
            assert_eq!(alone(&release, &others), expected, "{others:?}");
        }
    }

    fn seen() -> impl Strategy<Value = BTreeMap<String, Vec<i64>>> {
        let times = prop::collection::btree_set(0_i64..200, 0..40);
        let times = times.prop_map(|times| times.into_iter().collect::<Vec<i64>>());
        prop::collection::btree_map("[abc]", times, 0..4)
    }

    proptest! {
        #[test]
        fn every_sight_is_in_one_span_of_its_release_and_spans_of_it_never_meet(seen in seen()) {
            let spans = spans(&seen, GAP);
            for (name, times) in &seen {
                let own: Vec<&Span> = spans.iter().filter(|span| span.name == *name).collect();
                for time in times {
                    let within = |span: &&&Span| (span.since..=span.until).contains(time);
                    prop_assert_eq!(own.iter().filter(within).count(), 1);
                }
                for pair in own.windows(2) {
                    prop_assert!(pair[1].since - pair[0].until > GAP);
                }
            }
        }

        /// Against a look at every moment.
        #[test]
        fn alone_is_what_a_look_at_every_moment_says(
            since in 0_i64..50,
            length in 0_i64..50,
            others in prop::collection::vec((0_i64..100, 0_i64..40), 0..6),
        ) {
            let release = span("a", since, since + length);
            let others: Vec<Span> = others
                .into_iter()
                .map(|(since, length)| span("b", since, since + length))
                .collect();
            // Halves of a unit lie between the ends, so that open and closed ends do not matter.
            let is_free = |half: i64| {
                let taken = |other: &Span| (2 * other.since..2 * other.until).contains(&half);
                !others.iter().any(taken)
            };
            let halves = (2 * release.since..2 * release.until).filter(|half| half % 2 != 0);
            let free: Vec<i64> = halves.filter(|half| is_free(*half)).collect();
            let expected = free.last().map(|last| {
                let mut first = *last;
                while free.contains(&(first - 2)) {
                    first -= 2;
                }
                ((first - 1) / 2, (last + 1) / 2)
            });
            let found = alone(&release, &others);
            // A moment in which another was seen once, and only then, parts a stretch.
            if others.iter().all(|other| other.since < other.until) {
                prop_assert_eq!(found, expected);
            }
        }
    }
}
