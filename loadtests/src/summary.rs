//! The result for a person: at most 80 columns, no colour.

use std::fmt::Write as _;
use std::time::Duration;

use crate::result::LoadResult;

/// Widest line.
const WIDTH: usize = 80;

/// The result as the lines that end a run.
pub(crate) fn of(result: &LoadResult) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "load {}: {}", result.plan, result.outcome);
    for reason in &result.reasons {
        let _ = writeln!(
            text,
            "  because   {}",
            wrapped(reason, WIDTH - 12).join("\n            ")
        );
    }
    let _ = writeln!(text, "  target    {}", fitted(&result.target, WIDTH - 12));
    let _ = writeln!(
        text,
        "  rate      {:.1} of {:.1} requests/s for {:.1} s",
        result.achieved_rate, result.wanted_rate, result.duration_seconds
    );
    let totals = &result.totals;
    let _ = writeln!(
        text,
        "  requests  {} sent, {} unexpected, {} failed, {} dropped",
        totals.sent, totals.unexpected, totals.failed, totals.dropped
    );
    let latency = &totals.latency;
    let _ = writeln!(
        text,
        "  latency   p50 {}, p95 {}, p99 {}, max {}",
        seconds(latency.p50_seconds),
        seconds(latency.p95_seconds),
        seconds(latency.p99_seconds),
        seconds(latency.max_seconds)
    );
    for verdict in &result.thresholds {
        let rule = fitted(&verdict.rule, 40);
        let observed = fitted(&verdict.observed, 20);
        let _ = writeln!(
            text,
            "  {:<12}  {rule}, observed {observed}",
            verdict.outcome
        );
    }
    text
}

/// One line of progress.
pub(crate) fn progress(
    elapsed: Duration,
    rate: f64,
    wanted: f64,
    p95: Duration,
    bad: u64,
    dropped: u64,
) -> String {
    let whole = elapsed.as_secs();
    let p95 = seconds(p95.as_secs_f64());
    format!(
        "load {:>2}:{:02}  {rate:.0} of {wanted:.0} requests/s  p95 {p95}  {bad} failures  \
         {dropped} dropped",
        whole / 60,
        whole % 60,
    )
}

/// A duration with a unit that leaves two or three digits before the point.
fn seconds(seconds: f64) -> String {
    let millis = seconds * 1_000.0;
    if millis >= 10_000.0 {
        format!("{seconds:.1} s")
    } else if millis >= 100.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{millis:.1} ms")
    }
}

/// Lines of at most `width`, broken between words; a longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace().map(|word| fitted(word, width)) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn fitted(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latencies::Latencies;
    use crate::result::{K6Metrics, SCHEMA, Totals, Verdict};
    use crate::tally::RequestTally;

    fn result(reasons: &[&str]) -> LoadResult {
        let mut latencies = Latencies::default();
        for millis in [1, 2, 3, 250, 12_345] {
            latencies.record(Duration::from_millis(millis));
        }
        let tally = RequestTally {
            sent: 5,
            expected: 3,
            unexpected: 2,
            latencies,
            ..Default::default()
        };
        let verdict = |rule: &str, observed: &str, outcome: &str| Verdict {
            rule: rule.to_owned(),
            observed: observed.to_owned(),
            outcome: outcome.to_owned(),
        };
        LoadResult {
            schema: SCHEMA.to_owned(),
            plan: "shop".to_owned(),
            target: "http://127.0.0.1:8080".to_owned(),
            started_at: "2026-01-02T03:04:05Z".to_owned(),
            seed: 7,
            outcome: "missed".to_owned(),
            reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
            duration_seconds: 5.0,
            wanted_rate: 2.0,
            achieved_rate: 1.0,
            rate_held_min: 0.95,
            totals: Totals::of(&tally, 10, 5),
            requests: Vec::new(),
            thresholds: vec![
                verdict("p95<500ms", "12345ms", "missed"),
                verdict("error-rate<1%", "0%", "held"),
            ],
            k6: K6Metrics::of(&tally, 5, Duration::from_secs(5)),
        }
    }

    #[test]
    fn the_summary_says_what_happened_and_why() {
        let rate = "the load generator could not keep its rate: wanted 2.0 requests/s, got 1.0";
        let text = of(&result(&["p95<500ms: observed 12345ms", rate]));
        insta::assert_snapshot!(text, @r"
        load shop: missed
          because   p95<500ms: observed 12345ms
          because   the load generator could not keep its rate: wanted 2.0 requests/s,
                    got 1.0
          target    http://127.0.0.1:8080
          rate      1.0 of 2.0 requests/s for 5.0 s
          requests  5 sent, 2 unexpected, 0 failed, 5 dropped
          latency   p50 3.0 ms, p95 12.3 s, p99 12.3 s, max 12.3 s
          missed        p95<500ms, observed 12345ms
          held          error-rate<1%, observed 0%
        ");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn the_result_keeps_its_schema() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&result(&["a reason"])).unwrap());
    }

    #[test]
    fn progress_is_one_line() {
        let line = progress(
            Duration::from_secs(3_605),
            1_998.7,
            2_000.0,
            Duration::from_micros(4_321),
            12,
            345,
        );
        insta::assert_snapshot!(line, @"load 60:05  1999 of 2000 requests/s  p95 4.3 ms  12 failures  345 dropped");
        assert!(line.chars().count() <= WIDTH);
    }
}
