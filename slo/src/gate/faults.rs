//! Faults that were set on purpose while the window ran: what a reader must know of a verdict, and
//! what decides nothing about it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ask::Asker;
use crate::prometheus::{Labels, Matrix};
use crate::text::{count, shown};

/// Says which faults of an experiment are there: above 0 while one is.
pub(super) const FAULTS: &str = "chaos_fault_active";

/// Columns in which the window is looked at: the times of faults are as exact.
const COLUMNS: u32 = 240;

/// A fault that is seen again within this time was there all along: scrapes may be so far apart.
const SCRAPE_PAUSE_MAX: Duration = Duration::from_secs(60);

/// Faults that are listed, the earliest first; the rest is counted.
const LISTED_MAX: usize = 30;

/// A fault that was set on purpose. What its labels do not say is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FaultSeen {
    /// What it is called, such as `latency`.
    pub fault: String,
    /// What it broke, such as `redis`.
    pub target: String,
    /// The experiment that set it.
    pub experiment: String,
    /// The stage of the experiment.
    pub stage: String,
    /// When it was first seen, to a 240th of the window.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub from: Timestamp,
    /// When it was last seen; the end of the window when it was still there.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
}

/// Faults of the window. That there are none known is no news; that they could not be asked for is a
/// remark, and so is that some are left out.
pub(super) async fn faults(
    asker: &Asker<'_>,
    window: Duration,
    remarks: &mut Vec<String>,
) -> Vec<FaultSeen> {
    let step = step(window);
    // The first column looks back to the beginning of the window, and no further.
    let Ok(start) = asker.at().checked_sub(window.saturating_sub(step)) else {
        return Vec::new();
    };
    let query = question(step);
    match asker.range_if_known(&query, start, asker.at(), step).await {
        // An earlier version of this program did not ask: it knew of no faults.
        None => Vec::new(),
        Some(Err(lost)) => {
            remarks.push(format!(
                "Whether there were faults on purpose is not known: {}.",
                lost.message
            ));
            Vec::new()
        }
        Some(Ok(matrix)) => {
            let (seen, hidden) = seen(&matrix, step);
            if hidden > 0 {
                let hidden = count(hidden as f64);
                remarks.push(format!("{hidden} more faults on purpose are not listed."));
            }
            seen
        }
    }
}

/// Whole seconds, so that the question is the same however a server writes times.
fn step(window: Duration) -> Duration {
    let columns = u64::from(COLUMNS);
    Duration::from_secs(window.as_secs().div_ceil(columns).max(1))
}

/// Who records a fault is no part of it.
fn question(step: Duration) -> String {
    let seconds = step.as_secs();
    format!("max without (job, instance) (max_over_time({FAULTS}[{seconds}s])) > 0")
}

/// Faults by their beginning, and how many are left out.
fn seen(matrix: &Matrix, step: Duration) -> (Vec<FaultSeen>, usize) {
    let step = step.as_secs_f64();
    let pause = (step * 1.5).max(SCRAPE_PAUSE_MAX.as_secs_f64());
    let mut spans: Vec<(f64, f64, &Labels)> = Vec::new();
    for series in &matrix.series {
        let mut open: Option<(f64, f64)> = None;
        for &(at, _) in series.points.iter().filter(|(at, _)| at.is_finite()) {
            open = match open {
                Some((from, until)) if at - until <= pause => Some((from, at)),
                before => {
                    spans.extend(before.map(|(from, until)| (from, until, &series.labels)));
                    Some((at - step, at))
                }
            };
        }
        spans.extend(open.map(|(from, until)| (from, until, &series.labels)));
    }
    // Stable: of faults of one moment the order of the server stays.
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let hidden = spans.len().saturating_sub(LISTED_MAX);
    let listed = spans.iter().filter_map(|(from, until, labels)| {
        let said = |name: &str| labels.get(name).map_or(String::new(), |value| shown(value));
        Some(FaultSeen {
            fault: said("fault"),
            target: said("target"),
            experiment: said("experiment"),
            stage: said("stage"),
            from: moment(*from)?,
            until: moment(*until)?,
        })
    });
    (listed.take(LISTED_MAX).collect(), hidden)
}

fn moment(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_millisecond((seconds * 1e3).round() as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql;

    fn matrix(series: &[(&str, &[f64])]) -> Matrix {
        let data: Vec<serde_json::Value> = series
            .iter()
            .map(|(stage, times)| {
                let values: Vec<_> = times
                    .iter()
                    .map(|at| serde_json::json!([at, "1"]))
                    .collect();
                serde_json::json!({
                    "metric": {"fault": "latency", "target": "redis", "stage": stage,
                        "experiment": "redis-slow\u{1b}[31m"},
                    "values": values
                })
            })
            .collect();
        let body = serde_json::json!({
            "status": "success",
            "data": {"resultType": "matrix", "result": data}
        });
        crate::prometheus::matrix_of(body.to_string().as_bytes(), "test").unwrap()
    }

    #[test]
    fn the_question_is_promql_that_the_catalog_knows() {
        let query = question(step(Duration::from_secs(3_600)));
        assert!(query.contains("[15s]"), "{query}");
        promql::check(&query, &promql::Catalog::of_workspace()).unwrap();
        assert_eq!(step(Duration::from_secs(5)), Duration::from_secs(1));
    }

    #[test]
    fn columns_that_follow_each_other_are_one_fault() {
        let long: Vec<f64> = (0..20)
            .map(|column| 1_000.0 + f64::from(column) * 15.0)
            .collect();
        let twice = [2_000.0, 2_050.0, 3_000.0];
        let matrix = matrix(&[("full", &twice), ("smoke", &long)]);
        let (faults, hidden) = seen(&matrix, Duration::from_secs(15));
        let told = faults.iter().map(|one| {
            let (from, until) = (one.from.as_second(), one.until.as_second());
            format!(
                "{} on {}, {} {from}–{until}",
                one.fault, one.target, one.stage
            )
        });
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
        latency on redis, smoke 985–1285
        latency on redis, full 1985–2050
        latency on redis, full 2985–3000
        ");
        assert_eq!(hidden, 0);
        assert_eq!(faults[0].experiment, "redis-slow [31m");
    }

    #[tokio::test]
    async fn a_recording_says_what_it_said_then() {
        use super::super::ask::Source;
        use super::super::evidence::{Lost, LostKind};
        use super::super::record::{Recorder, Recording};

        let window = Duration::from_secs(60);
        let at = Timestamp::from_second(1_000).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let remarks_of = async |recorder: Recorder| {
            recorder.finish().unwrap();
            let recording = Recording::open(folder.path()).unwrap();
            let asker = Asker::new(Source::Recorded(&recording), "then", 1).looking_at(at);
            let mut remarks = Vec::new();
            assert_eq!(faults(&asker, window, &mut remarks).await, []);
            assert!(asker.into_failure().is_none(), "the rest can still be told");
            remarks
        };
        // Evidence of a version that did not ask.
        let recorder = Recorder::new(folder.path()).unwrap();
        assert_eq!(remarks_of(recorder).await, [] as [String; 0]);
        let recorder = Recorder::new(folder.path()).unwrap();
        let asked = super::super::ask::range_question(
            &question(step(window)),
            at - Duration::from_secs(59),
            at,
            step(window),
        );
        let lost = Lost {
            kind: LostKind::Refused,
            message: "no".to_owned(),
        };
        recorder.keep(&asked, &Err(lost));
        let remarks = remarks_of(recorder).await;
        assert_eq!(
            remarks,
            ["Whether there were faults on purpose is not known: no."]
        );
    }

    #[test]
    fn very_many_faults_are_counted() {
        let times: Vec<f64> = (0..99).map(|number| f64::from(number) * 1_000.0).collect();
        let (faults, hidden) = seen(&matrix(&[("flap", &times)]), Duration::from_secs(1));
        assert_eq!((faults.len(), hidden), (LISTED_MAX, 99 - LISTED_MAX));
    }
}
