use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A report on one objective with 1,000 events in an hour, in which this many more are needed.
fn report(verdict: Verdict, more_needed: Option<u64>) -> Report {
    let reason = serde_json::to_value(Reason::Undecided {
        error_ratio: 0.0,
        lower: 0.0,
        upper: 0.003,
        allowed_ratio: 0.001,
        more_needed,
    });
    let mut reason = reason.unwrap();
    reason["sentence"] = "undecided".into();
    let report = serde_json::json!({
        "schema": "", "verdict": verdict, "exit_code": 3, "severity": "usual", "release": null,
        "prometheus": "", "at": null, "window": "1h", "matchers": [], "min_events": 1,
        "tool": "", "reasons": [], "remarks": [], "releases": null, "policy": null,
        "objectives": [{
            "name": "a", "display_name": "a", "service": "s", "target": 0.999, "unit": "events",
            "verdict": verdict, "total_events": 1_000.0, "reasons": [reason],
        }],
    });
    serde_json::from_value(report).unwrap()
}

fn next(report: &Report, limit: u64, elapsed: u64) -> Option<Duration> {
    pause(report, seconds(3_600), seconds(limit), seconds(elapsed))
}

#[test]
fn what_is_decided_is_not_asked_again() {
    for verdict in [Verdict::Pass, Verdict::Warn, Verdict::Fail] {
        assert_eq!(next(&report(verdict, Some(1)), 3_600, 0), None);
    }
}

#[test]
fn looks_come_at_a_bounded_pace_until_the_time_is_over() {
    let undecided = report(Verdict::Inconclusive, Some(1));
    assert_eq!(next(&undecided, 5, 0), Some(seconds(1)));
    assert_eq!(next(&undecided, 200, 0), Some(seconds(10)));
    assert_eq!(next(&undecided, 36_000, 0), Some(seconds(30)));
    assert_eq!(next(&undecided, 200, 190), Some(seconds(10)));
    assert_eq!(next(&undecided, 200, 191), None);
    assert_eq!(next(&undecided, 200, 201), None);
}

#[test]
fn more_events_than_can_come_are_not_waited_for() {
    let needs = |more| report(Verdict::Inconclusive, more);
    // An hour brings 1,000, four times as many in a surge.
    assert!(next(&needs(Some(4_000)), 3_600, 0).is_some());
    assert!(next(&needs(Some(4_001)), 3_600, 0).is_none());
    assert!(next(&needs(None), 3_600, 0).is_none());
}
