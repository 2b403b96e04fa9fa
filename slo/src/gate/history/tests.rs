use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::evidence::{Asked, Lost, LostKind};
use super::collect::{BUDGETS_MAX, DEPENDENCIES_MAX, ROUTES_MAX, Ranges, burn_down, collect};
use super::plan::{DependencyMetric, HistoryPlan, RequestMetric};
use super::queries::{COLUMNS, Columns, Spending};
use super::{History, shape};
use crate::objective::Objective;
use crate::prometheus::{Answer, Labels, Matrix, Sample, Series};
use crate::promql;

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// 2026-11-22 13:00:00 UTC.
const UNTIL: i64 = 1_795_352_400;

fn objectives() -> Vec<Objective> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("objectives");
    crate::load(&[folder]).unwrap()
}

fn plan(objectives: &[Objective]) -> HistoryPlan<'_> {
    let metric = |histogram: &str, label: &str| DependencyMetric {
        histogram: histogram.to_owned(),
        label: label.to_owned(),
    };
    HistoryPlan {
        window: HOUR,
        requests: Some(RequestMetric {
            histogram: "http_server_request_duration_seconds".to_owned(),
            route: "http_route".to_owned(),
            bad: r#"http_response_status_code=~"5..""#.to_owned(),
        }),
        dependencies: vec![
            metric("http_client_request_duration_seconds", "dependency"),
            metric("db_client_operation_duration_seconds", "db_system_name"),
        ],
        objectives,
        build_info: Some(("build_info".to_owned(), "version".to_owned())),
        faults: Some("chaos_fault_active".to_owned()),
        matchers: vec![("instance".to_owned(), "a:1".to_owned())],
    }
}

/// Values of one series at every column, by what the query asks for.
type Table = fn(&str, i64, i64, i64) -> Asked<Vec<Series>>;

struct Fake {
    table: Table,
    warnings: Vec<String>,
}

impl Ranges for Fake {
    fn at(&self) -> Timestamp {
        Timestamp::from_second(UNTIL).unwrap()
    }

    async fn instant(&self, query: &str) -> Asked<Arc<Answer>> {
        let series = (self.table)(query, UNTIL, UNTIL, 1)?;
        let sample = |series: Series| {
            let (time, value) = *series.points.last()?;
            let labels = series.labels;
            Some(Sample {
                labels,
                value,
                time,
            })
        };
        Ok(Arc::new(Answer {
            vector: series.into_iter().filter_map(sample).collect(),
            warnings: self.warnings.clone(),
        }))
    }

    async fn range(
        &self,
        query: &str,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
    ) -> Asked<Arc<Matrix>> {
        let step = i64::try_from(step.as_secs()).unwrap();
        let series = (self.table)(query, start.as_second(), end.as_second(), step)?;
        Ok(Arc::new(Matrix {
            series,
            warnings: self.warnings.clone(),
        }))
    }
}

fn series(
    labels: &[(&str, &str)],
    (start, end, step): (i64, i64, i64),
    value: impl Fn(i64) -> Option<f64>,
) -> Series {
    let owned = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let times = (0..)
        .map(|index| start + index * step)
        .take_while(|at| *at <= end);
    Series {
        labels: owned.collect::<Labels>(),
        points: times
            .filter_map(|at| Some((at as f64, value(at)?)))
            .collect(),
    }
}

/// A service that answers a request a second, with a tenth of them bad in the last quarter.
fn told(query: &str, start: i64, end: i64, step: i64) -> Asked<Vec<Series>> {
    let times = (start, end, step);
    let one = |labels: &[(&str, &str)], value: f64| series(labels, times, |_| Some(value));
    let is_late = |at: i64| at > UNTIL - 900;
    let route = ("http_route", "/v1/card.png");
    Ok(if query.contains("count_over_time") {
        vec![one(&[], 40.0)]
    } else if query.starts_with("sum by (http_route) (increase") {
        vec![one(&[route], 90.0), one(&[("http_route", "/")], 0.0)]
    } else if query.contains("http_route) (rate") {
        let bad = |at| Some(if is_late(at) { 0.1 } else { 0.0 });
        vec![
            series(&[("http_route", "/")], times, |at| {
                is_late(at).then_some(0.0)
            }),
            series(&[route], times, bad),
        ]
    } else if query.starts_with("sum by (le) ") {
        vec![
            one(&[("le", "+Inf")], 1.0),
            one(&[("le", "0.5")], 0.75),
            one(&[("le", "0.005")], 0.5),
        ]
    } else if query.contains("http_client") {
        let slow = if start < UNTIL - 86_400 { 0.1 } else { 0.3 };
        vec![one(&[("dependency", "pictures")], slow)]
    } else if query.contains("db_client") {
        let first = |at| (at > UNTIL - 86_400).then_some(0.002);
        vec![series(&[("db_system_name", "redis")], times, first)]
    } else if query.contains("build_info") {
        let old = |at| (at <= UNTIL - 7_200).then_some(1.0);
        let new = |at| (at > UNTIL - 86_400).then_some(1.0);
        vec![
            series(&[("version", "1.3.0")], times, old),
            series(&[("version", "1.4.0")], times, new),
        ]
    } else if query.contains("chaos_fault_active") {
        let labels = [("fault", "latency"), ("target", "redis"), ("stage", "s")];
        let there = |at| (is_late(at) && at <= UNTIL - 300).then_some(1.0);
        vec![series(&labels, times, there)]
    } else if query.contains(r#""5..""#) {
        vec![series(&[], times, |_| Some(0.000_1 * step as f64))]
    } else {
        vec![one(&[], step as f64)]
    })
}

async fn collected(table: Table) -> History {
    let (objectives, warnings) = (objectives(), Vec::new());
    collect(&Fake { table, warnings }, &plan(&objectives)).await
}

#[test]
fn every_question_is_promql_that_the_catalog_knows() {
    let objectives = objectives();
    let plan = plan(&objectives);
    let columns = Columns::over(HOUR, Some(Duration::from_secs(15)));
    let metric = plan.requests.clone().unwrap();
    let mut narrowed = vec![
        plan.scrapes().unwrap().0,
        plan.bad_by_route(&metric),
        plan.bad_share_by_route(&metric, columns),
        plan.by_bucket(&metric, columns),
    ];
    for objective in &objectives {
        let spending = Spending::new(objective, columns, &plan.matchers).unwrap();
        let Ok(Spending::Events { all, counted, .. }) = spending else {
            panic!("{} counts events", objective.name);
        };
        narrowed.extend([Ok(all), Ok(counted)]);
    }
    let (metric, label) = plan.build_info.clone().unwrap();
    let faults = plan.faults.clone().unwrap();
    let wide = plan
        .dependencies
        .iter()
        .map(|metric| metric.slowest(columns));
    let wide: Vec<String> = wide
        .chain([
            HistoryPlan::releases(&metric, &label),
            HistoryPlan::faults(&faults, columns),
        ])
        .collect();
    let catalog = promql::Catalog::of_workspace();
    for query in narrowed {
        let query = query.unwrap();
        promql::check(&query, &catalog).unwrap();
        let selectors = promql::selectors(&query);
        assert!(
            selectors
                .iter()
                .all(|one| one.contains(r#"instance="a:1""#)),
            "{query}"
        );
    }
    for query in wide {
        promql::check(&query, &catalog).unwrap();
    }
}

#[test]
fn columns_are_never_finer_than_the_scrapes() {
    let columns = |span: u64, interval: u64| {
        let cut = Columns::over(
            Duration::from_secs(span),
            Some(Duration::from_secs(interval)),
        );
        (cut.step.as_secs(), cut.back.as_secs())
    };
    assert_eq!(columns(3_600, 15), (60, 60));
    assert_eq!(columns(3_600, 60), (120, 240));
    assert_eq!(columns(60, 1), (2, 4));
    assert_eq!(columns(7 * 86_400, 15), (10_080, 10_080));
    let unknown = Columns::over(HOUR, None);
    assert_eq!(HOUR.as_secs() / unknown.step.as_secs(), u64::from(COLUMNS));
}

#[tokio::test]
async fn what_is_told_is_shown() {
    let history = collected(told).await;
    assert_eq!(history.until - history.from, 3_600.0);
    let routes = history.routes.unwrap();
    assert_eq!(routes.rows[0].name, "/v1/card.png");
    assert_eq!(routes.rows[0].detail, "90 bad");
    assert_eq!(routes.rows[0].points.len(), 60);
    assert_eq!(routes.rows[0].points.last(), Some(&(UNTIL as f64, 0.1)));
    // No request for three quarters of the hour: a gap, not a zero.
    assert_eq!(
        (routes.rows[1].name.as_str(), routes.rows[1].points.len()),
        ("/", 15)
    );
    let buckets = history.buckets.unwrap();
    let names: Vec<&str> = buckets.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["> 500 ms", "≤ 500 ms", "≤ 5 ms"]);
    let shares: Vec<f64> = buckets.rows.iter().map(|row| row.points[0].1).collect();
    assert_eq!(shares, [0.25, 0.25, 0.5]);
    let [pictures, redis] = history.dependencies.as_slice() else {
        panic!("{:?}", history.dependencies);
    };
    assert_eq!((pictures.now[0].1, pictures.week_before[0].1), (0.3, 0.1));
    assert_eq!(pictures.now[0].0, pictures.week_before[0].0);
    assert!(redis.week_before.is_empty() && !redis.now.is_empty());
    let expected = "P99 of dependencies: no data of a week before for redis.";
    assert_eq!(history.notes, [expected]);
}

#[tokio::test]
async fn budgets_releases_and_faults_are_told_over_a_week() {
    let history = collected(told).await;
    let [availability, latency] = history.budgets.as_slice() else {
        panic!("{:?}", history.budgets);
    };
    assert_eq!(
        (availability.window.as_str(), availability.points.len()),
        ("7d", 61)
    );
    assert_eq!(availability.points[0], ((UNTIL - 7 * 86_400) as f64, 1.0));
    // 0.01 % bad of the 0.05 % that may be.
    let left = availability.points.last().unwrap().1;
    assert!((left - 0.8).abs() < 1e-9, "{left}");
    assert_eq!(latency.points.last().unwrap().1, 1.0);
    let [release] = history.releases.as_slice() else {
        panic!("{:?}", history.releases);
    };
    assert_eq!(release.text, "1.4.0");
    assert!(release.at > (UNTIL - 86_400) as f64);
    let fault = history.faults.last().unwrap();
    assert_eq!(fault.text, "latency on redis");
    assert_eq!(
        (fault.from, fault.until),
        ((UNTIL - 900) as f64, (UNTIL - 300) as f64)
    );
}

#[tokio::test]
async fn a_prometheus_that_knows_nothing_gives_notes_and_no_picture() {
    let history = collected(|_, _, _, _| Ok(Vec::new())).await;
    let empty = History {
        from: history.from,
        until: history.until,
        notes: history.notes.clone(),
        ..History::default()
    };
    assert_eq!(history, empty);
    insta::assert_snapshot!(history.notes.join("\n"));
}

#[tokio::test]
async fn a_prometheus_out_of_reach_is_a_note() {
    let history = collected(|_, _, _, _| {
        Err(Lost {
            kind: LostKind::Unreachable,
            message: "http://127.0.0.1:9 cannot be reached".to_owned(),
        })
    })
    .await;
    assert!(history.routes.is_none() && history.dependencies.is_empty());
    let note = "Bad requests by route: http://127.0.0.1:9 cannot be reached.";
    assert!(
        history.notes.contains(&note.to_owned()),
        "{:?}",
        history.notes
    );
}

#[tokio::test]
async fn a_partial_answer_is_not_drawn() {
    let objectives = objectives();
    let warnings = vec!["a store is missing".to_owned()];
    let table = told;
    let history = collect(&Fake { table, warnings }, &plan(&objectives)).await;
    assert!(history.buckets.is_none() && history.budgets.is_empty());
    assert!(history.releases.is_empty() && history.faults.is_empty());
    let said = |note: &String| note.contains("doubts its answer: a store is missing");
    assert!(history.notes.iter().any(said), "{:?}", history.notes);
}

#[tokio::test]
async fn many_routes_dependencies_and_budgets_are_cut_and_counted() {
    let many = |query: &str, start: i64, end: i64, step: i64| {
        let label = if query.contains("http_route)") {
            "http_route"
        } else if query.contains("dependency)") {
            "dependency"
        } else {
            return told(query, start, end, step);
        };
        let one = |index: u32| {
            let name = format!("r{index:03}");
            let is_ranking = query.contains("increase");
            let bad = if is_ranking { f64::from(index) } else { 0.5 };
            series(&[(label, &name)], (start, end, step), |_| Some(bad))
        };
        Ok((0..100).map(one).collect())
    };
    let objectives: Vec<Objective> = (0..100).flat_map(|_| objectives()).collect();
    let warnings = Vec::new();
    let history = collect(
        &Fake {
            table: many,
            warnings,
        },
        &plan(&objectives),
    )
    .await;
    let routes = history.routes.unwrap();
    assert_eq!(routes.rows.len(), ROUTES_MAX);
    assert_eq!(routes.rows[0].name, "r099");
    assert_eq!(routes.rows[0].detail, "99 bad");
    assert_eq!(history.dependencies.len(), DEPENDENCIES_MAX);
    assert_eq!(history.budgets.len(), BUDGETS_MAX);
    let notes = history.notes.join("\n");
    for said in ["80 are not", "89 are not", "188 are not"] {
        assert!(notes.contains(said), "{said}: {notes}");
    }
}

#[tokio::test]
async fn a_short_history_shows_budgets_over_the_window_of_the_gate() {
    let young = |query: &str, start: i64, end: i64, step: i64| {
        let mut all = told(query, start, end, step)?;
        for series in &mut all {
            series.points.retain(|(at, _)| *at > (UNTIL - 1_800) as f64);
        }
        Ok(all)
    };
    let history = collected(young).await;
    let [availability, _] = history.budgets.as_slice() else {
        panic!("{:?}", history.budgets);
    };
    assert_eq!(
        (availability.window.as_str(), availability.points.len()),
        ("1h", 31)
    );
}

#[test]
fn a_budget_line_ends_at_a_gap() {
    let column = |minute: u32| ((f64::from(minute) * 60.0).to_bits(), (100.0, 1.0));
    let all = [5, 6, 7, 10, 11].map(column).into_iter().collect();
    let points = burn_down(&all, 0.1, MINUTE).unwrap();
    let expected = [(240.0, 1.0), (300.0, 0.98), (360.0, 0.96), (420.0, 0.94)];
    assert_eq!(points.len(), expected.len());
    for (point, expected) in points.iter().zip(expected) {
        assert!(
            point.0 == expected.0 && (point.1 - expected.1).abs() < 1e-9,
            "{points:?}"
        );
    }
    let idle = [(60.0_f64.to_bits(), (0.0, 0.0))].into_iter().collect();
    assert_eq!(burn_down(&idle, 0.1, MINUTE), None);
}

fn buckets_of(all: &[(&str, f64)]) -> Result<super::Grid, &'static str> {
    let times = (60, 60, 60);
    let series = all
        .iter()
        .map(|(le, rate)| series(&[("le", le)], times, |_| Some(*rate)));
    let matrix = Matrix {
        series: series.collect(),
        warnings: Vec::new(),
    };
    shape::buckets(&matrix, MINUTE)
}

#[test]
fn buckets_that_contradict_each_other_are_a_gap() {
    let grid = buckets_of(&[("1", 5.0), ("2", 4.0), ("+Inf", 10.0)]).unwrap();
    let points: Vec<usize> = grid.rows.iter().map(|row| row.points.len()).collect();
    assert_eq!(points, [1, 0, 1], "from 2 on, up to 2, up to 1");
    assert!(
        buckets_of(&[("1", 5.0)]).is_err(),
        "nothing says how many there are"
    );
    assert!(
        buckets_of(&[("+Inf", 0.0), ("1", 0.0)]).is_err(),
        "no request"
    );
    assert!(buckets_of(&[("x", 1.0), ("NaN", 1.0)]).is_err());
}

#[test]
fn many_buckets_are_joined_and_still_add_up() {
    let bounds: Vec<String> = (1..=200).map(|bound| bound.to_string()).collect();
    let mut all: Vec<(&str, f64)> = bounds
        .iter()
        .map(|le| (le.as_str(), le.parse().unwrap()))
        .collect();
    all.push(("+Inf", 201.0));
    let grid = buckets_of(&all).unwrap();
    assert!(grid.rows.len() <= shape::BUCKETS_MAX, "{}", grid.rows.len());
    let sum: f64 = grid.rows.iter().map(|row| row.points[0].1).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
}
