//! `load.json`: what a load came to, in a schema that other programs read.
//!
//! Durations are seconds. `k6` repeats the totals under the names and units (milliseconds) that
//! users of k6 know.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::latencies::Latencies;
use crate::tally::RequestTally;

/// The schema of [`LoadResult`]; a change that a reader could trip over changes it.
pub const SCHEMA: &str = "proofmark-load/1";

/// What a load came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoadResult {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the plan.
    pub plan: String,
    /// Where the load went.
    pub target: String,
    /// When it began, in RFC 3339.
    pub started_at: String,
    /// What repeats the same requests.
    pub seed: u32,
    /// How it ended: `held`, `missed`, `inconclusive` or `interrupted`.
    pub outcome: String,
    /// Why it did not hold, worst first; empty when it held.
    pub reasons: Vec<String>,
    /// From the start of the load to when the last request was due, or to its interruption.
    pub duration_seconds: f64,
    /// Requests per second that were due, on average.
    pub wanted_rate: f64,
    /// Requests per second that were sent, on average.
    pub achieved_rate: f64,
    /// The share of the wanted rate that had to be reached.
    pub rate_held_min: f64,
    /// All requests together.
    pub totals: Totals,
    /// Each kind of request, as the plan lists them.
    pub requests: Vec<RequestResult>,
    /// Each threshold, as the plan lists them.
    pub thresholds: Vec<Verdict>,
    /// The totals under k6's names.
    pub k6: K6Metrics,
}

/// All requests together: `sent` is the sum of `expected`, `unexpected` and `failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Totals {
    /// Requests that were due.
    pub due: u64,
    /// Requests that were due and could not be sent in time.
    pub dropped: u64,
    /// Requests that left.
    pub sent: u64,
    /// Answers with a status that the plan expects.
    pub expected: u64,
    /// Answers with any other status.
    pub unexpected: u64,
    /// Requests without a whole answer.
    pub failed: u64,
    /// How long answers took.
    pub latency: Latency,
}

/// One kind of request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestResult {
    /// Its name in the plan.
    pub name: String,
    /// Its method.
    pub method: String,
    /// Requests that left.
    pub sent: u64,
    /// Answers with a status that the plan expects.
    pub expected: u64,
    /// Answers with any other status.
    pub unexpected: u64,
    /// Requests without a whole answer.
    pub failed: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without a whole answer, by reason.
    pub failures: BTreeMap<String, u64>,
    /// How long answers took.
    pub latency: Latency,
}

/// How long requests took to the last byte, from when they were due if they were sent late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Latency {
    /// The mean.
    pub average_seconds: f64,
    /// Half were not slower.
    pub p50_seconds: f64,
    /// 90 % were not slower.
    pub p90_seconds: f64,
    /// 95 % were not slower.
    pub p95_seconds: f64,
    /// 99 % were not slower.
    pub p99_seconds: f64,
    /// 99.9 % were not slower.
    pub p999_seconds: f64,
    /// The slowest.
    pub max_seconds: f64,
}

/// What became of one threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verdict {
    /// The rule in goose's words.
    pub rule: String,
    /// What was observed, such as `812ms`; `no samples` when nothing was.
    pub observed: String,
    /// How it stands: `held`, `missed` or `inconclusive`.
    pub outcome: String,
}

/// Totals under k6's names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct K6Metrics {
    /// Requests that left.
    pub http_reqs: K6Count,
    /// How long they took, in milliseconds.
    pub http_req_duration: K6Trend,
    /// Share of requests whose answer was not an expected one.
    pub http_req_failed: K6Rate,
    /// Share of requests whose answer was as the plan expects.
    pub checks: K6Rate,
    /// Requests that were due and could not be sent in time.
    pub dropped_iterations: K6Count,
}

/// A k6 counter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct K6Count {
    /// How many.
    pub count: u64,
    /// How many per second.
    pub rate: f64,
}

/// A k6 rate: how often a condition was true and false.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct K6Rate {
    /// How often it was true.
    pub passes: u64,
    /// How often it was false.
    pub fails: u64,
    /// Share of true, from 0 to 1.
    pub value: f64,
}

/// A k6 trend in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct K6Trend {
    /// The mean.
    pub avg: f64,
    /// The fastest.
    pub min: f64,
    /// The median.
    pub med: f64,
    /// The slowest.
    pub max: f64,
    /// 90 % were not slower.
    #[serde(rename = "p(90)")]
    pub p90: f64,
    /// 95 % were not slower.
    #[serde(rename = "p(95)")]
    pub p95: f64,
    /// 99 % were not slower.
    #[serde(rename = "p(99)")]
    pub p99: f64,
}

impl Latency {
    pub(crate) fn of(latencies: &Latencies) -> Self {
        let percentile = |percent| latencies.percentile(percent).as_secs_f64();
        Self {
            average_seconds: latencies.average().as_secs_f64(),
            p50_seconds: percentile(50.0),
            p90_seconds: percentile(90.0),
            p95_seconds: percentile(95.0),
            p99_seconds: percentile(99.0),
            p999_seconds: percentile(99.9),
            max_seconds: latencies.max().as_secs_f64(),
        }
    }
}

impl RequestResult {
    pub(crate) fn of(name: &str, method: &str, tally: &RequestTally) -> Self {
        let owned = |(failure, count): (&&str, &u64)| ((*failure).to_owned(), *count);
        Self {
            name: name.to_owned(),
            method: method.to_owned(),
            sent: tally.sent,
            expected: tally.expected,
            unexpected: tally.unexpected,
            failed: tally.failed,
            statuses: tally.statuses.clone(),
            failures: tally.failures.iter().map(owned).collect(),
            latency: Latency::of(&tally.latencies),
        }
    }
}

impl Totals {
    pub(crate) fn of(tally: &RequestTally, due: u64, dropped: u64) -> Self {
        Self {
            due,
            dropped,
            sent: tally.sent,
            expected: tally.expected,
            unexpected: tally.unexpected,
            failed: tally.failed,
            latency: Latency::of(&tally.latencies),
        }
    }
}

impl K6Metrics {
    pub(crate) fn of(tally: &RequestTally, dropped: u64, duration: Duration) -> Self {
        let count = |count| K6Count {
            count,
            rate: per_second(count, duration),
        };
        let rate = |passes, fails| K6Rate {
            passes,
            fails,
            value: share(passes, passes + fails),
        };
        let millis = |duration: Duration| duration.as_secs_f64() * 1_000.0;
        let percentile = |percent| millis(tally.latencies.percentile(percent));
        let bad = tally.unexpected + tally.failed;
        Self {
            http_reqs: count(tally.sent),
            http_req_duration: K6Trend {
                avg: millis(tally.latencies.average()),
                min: millis(tally.latencies.min()),
                med: percentile(50.0),
                max: millis(tally.latencies.max()),
                p90: percentile(90.0),
                p95: percentile(95.0),
                p99: percentile(99.0),
            },
            http_req_failed: rate(bad, tally.expected),
            checks: rate(tally.expected, bad),
            dropped_iterations: count(dropped),
        }
    }
}

/// Events per second; 0 when no time passed.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no exact count")]
pub(crate) fn per_second(count: u64, duration: Duration) -> f64 {
    if duration.is_zero() {
        0.0
    } else {
        count as f64 / duration.as_secs_f64()
    }
}

/// `part` of `whole`; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "a share needs no exact count")]
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
