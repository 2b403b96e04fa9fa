use std::fmt::Write as _;

use super::super::ask::{Deadline, Source};
use super::super::server::Server;
use super::*;
use crate::prometheus::Client;

const HOUR: i64 = 3_600;

/// Two minutes after a full hour, in seconds since 1970: on no tile.
const END: i64 = 1_799_996_520;

/// How far the history goes back, in seconds.
const BACK: i64 = 30 * HOUR;

fn at() -> Timestamp {
    Timestamp::from_second(END).unwrap()
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

#[test]
fn tiles_and_tail_are_the_window() {
    for late in [0, 1, 299_999, 300_000, 300_001, 1_234_567] {
        let at = moment(END * 1_000 + late);
        let layout = Layout::new(at, hours(24)).unwrap();
        assert_eq!(layout.edge % TILE, 0);
        let tail = i64::try_from(layout.tail.as_millis()).unwrap();
        assert!((TILE..2 * TILE).contains(&tail), "{tail}");
        let begin = layout.edge - layout.tiles * TILE;
        let whole = at.as_millisecond() - begin;
        assert!((whole - 24 * 3_600_000).abs() <= TILE / 2, "{whole}");
        let [last, middle, first] = layout.hours();
        assert_eq!(last, layout.edge);
        assert_eq!(first - begin, TILES_CHECKED * TILE);
        assert!(last - middle > 3_600_000 && middle - first > 3_600_000);
    }
    assert_eq!(Layout::new(at(), hours(5)), None);
}

#[test]
fn three_per_cent_and_five_events_are_no_difference() {
    let pair = |total, bad| Pair { total, bad };
    let same = |kept, raw| difference(kept, raw, raw);
    assert_eq!(same(pair(1_034.0, 0.0), pair(1_000.0, 0.0)), None);
    assert_eq!(
        same(pair(1_036.0, 0.0), pair(1_000.0, 0.0)),
        Some(Which::Total)
    );
    assert_eq!(
        same(pair(1_000.0, 6.0), pair(1_000.0, 0.0)),
        Some(Which::Bad)
    );
    assert_eq!(same(pair(1_000.0, 4.0), pair(1_000.0, 0.0)), None);
    assert_eq!(
        same(pair(f64::NAN, 0.0), pair(1_000.0, 0.0)),
        Some(Which::Total)
    );
    let burst = [pair(1_000.0, 0.0), pair(9_000.0, 0.0)];
    assert_eq!(difference(pair(5_000.0, 0.0), burst[0], burst[1]), None);
}

#[test]
fn what_is_asked_is_promql_whatever_the_service_is_called() {
    for id in ["shop-availability", "a\"b\\c\n"] {
        let query = question(id, 2_014);
        assert!(crate::promql::parse(&query).is_ok(), "{query}");
    }
    assert!(question("a", 12).contains("[3599s:5m]"));
}

/// All events and bad events up to a time: more by day than by night, a burst of errors in the
/// middle, and a restart that a counter shows and these do not.
fn events(time: i64) -> (f64, f64) {
    let (mut total, mut bad) = (0.0, 0.0);
    for past in (0..time).step_by(15) {
        let by_day = past / HOUR % 24 >= 6;
        total += if by_day { 300.0 } else { 30.0 };
        bad += if past / HOUR == 14 { 30.0 } else { 0.15 };
    }
    (total, bad)
}

/// A recording of the events: what it makes of a value at a time.
type Rule = (&'static str, fn(f64, i64) -> Option<f64>);

const RULES: [Rule; 5] = [
    ("right", |value, _| Some(value)),
    ("tenth", |value, _| Some(value * 1.1)),
    // Of the first hours an older rule kept something else.
    ("older", |value, time| {
        Some(if time < BACK - 20 * HOUR {
            value / 2.0
        } else {
            value
        })
    }),
    ("holed", |value, time| {
        (!(10 * HOUR..11 * HOUR).contains(&time)).then_some(value)
    }),
    // Less than 2 % of a day.
    ("nearly", |value, time| {
        (!(10 * HOUR..10 * HOUR + 1_200).contains(&time)).then_some(value)
    }),
];

fn history() -> String {
    let curve: Vec<(f64, f64)> = (0..=BACK / 15).map(|step| events(step * 15)).collect();
    let begin = END - BACK;
    let mut text = String::from("# TYPE answers counter\n");
    for code in ["200", "500"] {
        for (step, (total, bad)) in (0_i64..).zip(&curve) {
            let value = if code == "200" { total - bad } else { *bad };
            // The process began anew after eight hours.
            let (old, old_bad) = curve[1_920];
            let lost = if step < 1_920 {
                0.0
            } else if code == "200" {
                old - old_bad
            } else {
                old_bad
            };
            let (value, stamp) = (value - lost, begin + step * 15);
            let _ = writeln!(text, r#"answers_total{{code="{code}"}} {value} {stamp}"#);
        }
    }
    for (name, is_bad) in [(RECORDED_EVENTS, false), (RECORDED_BAD_EVENTS, true)] {
        let _ = writeln!(text, "# TYPE {name} gauge");
        for (rule, value) in RULES {
            for step in (20..curve.len()).step_by(2) {
                let time = i64::try_from(step).unwrap() * 15;
                let (now, then) = (curve[step], curve[step - 20]);
                let events = if is_bad {
                    now.1 - then.1
                } else {
                    now.0 - then.0
                };
                if let Some(events) = value(events, time) {
                    let (id, stamp) = (format!("shop-{rule}"), begin + time);
                    let _ = writeln!(text, r#"{name}{{sloth_id="{id}"}} {events} {stamp}"#);
                }
            }
        }
    }
    text + "# EOF\n"
}

/// An objective with that name, which counts the bad answers or the good ones.
fn objective(name: &str, counted: &str) -> Objective {
    let metric =
        |query: &str| format!("{{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}");
    let code = if counted == "bad" { "500" } else { "200" };
    let text = format!(
        "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: {name}}}\nspec:\n  service: shop\n  \
         budgetingMethod: Occurrences\n  timeWindow: [{{duration: 1d, isRolling: true}}]\n  \
         objectives: [{{targetPercent: 99.9}}]\n  indicator:\n    spec:\n      ratioMetric:\n        \
         counter: true\n        {counted}: {}\n        total: {}\n",
        metric(&format!(r#"answers_total{{code="{code}"}}"#)),
        metric("answers_total"),
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    std::fs::write(&file, text).unwrap();
    crate::load(&[file]).unwrap().remove(0)
}

#[tokio::test]
async fn recordings_are_read_where_they_are_whole_and_right() {
    let server = Server::start(&history(), &[]).await;
    let client = Client::new(server.url(), Duration::from_secs(30)).unwrap();
    let deadline = Deadline::after(Duration::from_secs(60));
    let source = Source::Live {
        client: &client,
        recorder: None,
        deadline,
    };
    let asker = Asker::new(source, client.address(), 4).looking_at(at());
    let ask = async |name: &str, counted: &str, window: Duration| {
        let objective = objective(name, counted);
        let mut warnings = Warnings::default();
        recorded_events(&asker, &objective, window, &mut warnings)
            .await
            .unwrap()
    };
    for (name, missing) in [("right", 0), ("nearly", 3)] {
        for counted in ["bad", "good"] {
            let Recorded::Events {
                total,
                bad,
                tiles,
                tiles_missing,
            } = ask(name, counted, hours(24)).await
            else {
                panic!("{name}");
            };
            let (all, all_bad) = events(BACK);
            let (before, before_bad) = events(BACK - 24 * HOUR);
            let tolerance = if missing == 0 { 0.01 } else { 0.02 };
            let total_share = total / (all - before);
            let bad_share = bad / (all_bad - before_bad);
            assert!(
                (total_share - 1.0).abs() < tolerance,
                "{name} {counted}: {total_share}"
            );
            assert!(
                (bad_share - 1.0).abs() < tolerance,
                "{name} {counted}: {bad_share}"
            );
            assert_eq!((tiles, tiles_missing), (287, missing), "{name}");
        }
    }
    let Recorded::Disagrees(found) = ask("tenth", "bad", hours(24)).await else {
        panic!("a tenth more is a difference");
    };
    assert!(
        (found.recorded / found.raw.unwrap() - 1.1).abs() < 0.01,
        "{found}"
    );
    insta::assert_snapshot!(found, @"slo:sli_events:increase5m has 7,920 events in the hour before 2027-01-15T06:55:00Z, its query 7,200");
    let Recorded::Disagrees(found) = ask("older", "bad", hours(24)).await else {
        panic!("an older rule is a difference");
    };
    assert!(
        (found.recorded / found.raw.unwrap() - 0.5).abs() < 0.01,
        "{found}"
    );
    assert!(matches!(
        ask("older", "bad", hours(12)).await,
        Recorded::Events { .. }
    ));
    for (name, window) in [("holed", 24), ("none", 24), ("right", 5), ("right", 72)] {
        assert_eq!(
            ask(name, "bad", hours(window)).await,
            Recorded::Absent,
            "{name} {window}"
        );
    }
}
