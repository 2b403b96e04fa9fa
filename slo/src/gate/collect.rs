//! Collects the evidence of every objective and has it judged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use outcome::Failure;

use super::ask::{Asker, Deadline, Source};
use super::decide::decide;
use super::evidence::{Asked, Counts, Evidence, Lost, LostKind, Period, Reading, Target, Terms};
use super::history::{DependencyMetric, History, HistoryPlan, RequestMetric, history};
use super::measure::{Grid, Measured, measure};
use super::pieces::{Pieced, events_over};
use super::plan::{Count, Curves, Measure, Options, PeriodPlan, Plan};
use super::reason::{Reason, Which};
use super::recorded::{Recorded, recorded_events};
use super::releases::{Releases, ReleasesPlan, Requests, releases};
use super::report::{Explained, Judged, REPORT_SCHEMA, Report, Seen, Verdict};
use super::targets::targets;
use super::weigh::weigh;
use crate::objective::Objective;
use crate::policy::Policy;
use crate::prometheus::{Answer, Client, Labels, Matrix, Series};
use crate::window;

/// The most objectives that are worked on at the same time; their questions have a bound of their
/// own.
const OBJECTIVES_AT_ONCE: usize = 64;

/// Most warnings of a server that become reasons.
const WARNINGS_MAX: usize = 3;

/// Judges `objectives` by what `client` knows. It takes no longer than `options.timeout`, and
/// whatever it does not learn in that time is inconclusive.
///
/// # Errors
/// [`Failure::misused`] when there is no objective, when a matcher cannot be added to a query, or when
/// Prometheus does not take a query for PromQL.
pub async fn judge(
    client: &Client,
    objectives: &[Objective],
    options: &Options,
) -> Result<Report, Failure> {
    let source = Source::Live {
        client,
        recorder: None,
        deadline: Deadline::after(options.timeout),
    };
    let subject = Subject {
        objectives,
        policy: None,
        is_shown: false,
    };
    let judged = judge_by(source, client.address(), subject, options, Clock::Ours).await?;
    Ok(judged.report)
}

/// What is judged, and by which policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) objectives: &'a [Objective],
    pub(super) policy: Option<&'a Policy>,
    /// Whether there will be pictures, which take more questions.
    pub(super) is_shown: bool,
}

/// A judgement, and what else was seen on the way.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) report: Report,
    /// What happened around the window, where it was asked for.
    pub(super) history: Option<History>,
    /// By how many seconds the clock of Prometheus is ahead of this machine's, when that is known.
    pub(super) skew_seconds: Option<f64>,
}

/// What the clock of Prometheus is held against.
#[derive(Debug, Clone, Copy)]
pub(super) enum Clock {
    /// The one of this machine, now.
    Ours,
    /// The one of the machine that asked, then: by how many seconds Prometheus was ahead of it.
    OfThen(Option<f64>),
}

/// Judges by what `source`, which is at `address`, answers.
///
/// # Errors
/// As [`judge`], and [`Failure::misused`] when a recording lacks an answer.
pub(super) async fn judge_by(
    source: Source<'_>,
    address: &str,
    subject: Subject<'_>,
    options: &Options,
    clock: Clock,
) -> Result<Judgement, Failure> {
    let Subject {
        objectives, policy, ..
    } = subject;
    if objectives.is_empty() {
        return Err(Failure::misused("expected at least one objective to judge"));
    }
    // What is wrong with the files is said before anybody is asked.
    plans(
        objectives,
        options,
        options.at.unwrap_or(Timestamp::UNIX_EPOCH),
    )?;
    let asker = Asker::new(source, address, options.concurrency);
    let before = Timestamp::now();
    // Even when the time is given, this says whether anyone answers.
    let server_time = asker.now().await;
    let skew_seconds = match (clock, &server_time) {
        (Clock::OfThen(seconds), _) => seconds,
        (Clock::Ours, Ok(server)) => Some(skew(server, before, Timestamp::now())),
        (Clock::Ours, Err(_)) => None,
    };
    let at = server_time.map(|now| options.at.unwrap_or(now));
    let asker = asker.looking_at(at.clone().unwrap_or_default());
    let judged = match &at {
        Ok(at) => judge_all(&asker, objectives, &plans(objectives, options, *at)?).await?,
        Err(lost) => without_answers(objectives, options, lost),
    };
    let mut remarks = Vec::new();
    let releases = match &at {
        Ok(_) => beside(&asker, subject, options, &mut remarks).await,
        Err(_) => None,
    };
    let policy = match policy {
        Some(policy) => Some(weigh(&asker, policy, &judged, releases.as_ref(), options).await),
        None => None,
    };
    let history = match &at {
        Ok(_) if subject.is_shown => Some(around(&asker, subject, options).await),
        _ => None,
    };
    if let Some(failure) = asker.into_failure() {
        return Err(failure);
    }
    let reasons: Vec<Explained> = skew_seconds.and_then(skewed).into_iter().collect();
    let of_reasons = reasons.iter().map(|_| Verdict::Inconclusive);
    let of_policy = policy.iter().map(|policy| policy.verdict);
    let of_releases = releases.iter().flat_map(|releases| &releases.rows);
    let of_releases = of_releases.map(|row| of_release(row.verdict, policy.is_some()));
    let verdict = of_reasons
        .chain(of_policy)
        .chain(of_releases)
        .fold(Report::worst(&judged), Verdict::max);
    let matcher = |(label, value): &(String, String)| format!("{label}={value:?}");
    let report = Report {
        schema: REPORT_SCHEMA.to_owned(),
        verdict,
        exit_code: options.severity.outcome(verdict).exit_code(),
        severity: options.severity,
        release: options.release.clone(),
        prometheus: address.to_owned(),
        at: at.ok(),
        window: window::text(options.window),
        matchers: options.matchers.iter().map(matcher).collect(),
        min_events: options.events_min,
        tool: TOOL.to_owned(),
        reasons,
        remarks,
        objectives: judged,
        releases,
        policy,
    };
    Ok(Judgement {
        report,
        history,
        skew_seconds,
    })
}

/// What being worse than earlier releases means. A promise that is kept is kept; without a policy
/// that says otherwise the release is only warned about. What cannot be compared is said in its row,
/// and blocks where a criterion of the policy needs it.
const fn of_release(row: Verdict, has_policy: bool) -> Verdict {
    match row {
        Verdict::Fail if has_policy => Verdict::Fail,
        Verdict::Fail => Verdict::Warn,
        _ => Verdict::Pass,
    }
}

/// Says which faults of an experiment are there.
const FAULTS: &str = "chaos_fault_active";

/// What happened around the window, for the pictures.
async fn around(asker: &Asker<'_>, subject: Subject<'_>, options: &Options) -> History {
    let golden = subject
        .policy
        .and_then(|policy| policy.golden_signals.clone());
    let golden = golden.unwrap_or_default();
    let metric = subject.policy.map(|policy| policy.releases.clone());
    let metric = metric.unwrap_or_default();
    let dependencies = golden.dependencies.into_iter();
    let plan = HistoryPlan {
        window: options.window,
        requests: Some(RequestMetric {
            histogram: golden.requests.histogram,
            route: golden.requests.route,
            bad: golden.requests.errors,
        }),
        dependencies: dependencies
            .map(|one| DependencyMetric {
                histogram: one.histogram,
                label: one.label,
            })
            .collect(),
        objectives: subject.objectives,
        build_info: Some((metric.metric, metric.label)),
        faults: Some(FAULTS.to_owned()),
        matchers: options.matchers.clone(),
    };
    history(asker, &plan).await
}

/// How far back releases are looked for.
const LOOKBACK: Duration = Duration::from_secs(30 * 86_400);

/// This release beside the ones before it, when there is anything to tell them by.
async fn beside(
    asker: &Asker<'_>,
    subject: Subject<'_>,
    options: &Options,
    remarks: &mut Vec<String>,
) -> Option<Releases> {
    let golden = subject
        .policy
        .and_then(|policy| policy.golden_signals.clone());
    let metric = subject.policy.map(|policy| policy.releases.clone());
    let metric = metric.unwrap_or_default();
    let golden = golden.unwrap_or_default();
    let plan = ReleasesPlan {
        metric: metric.metric,
        label: metric.label,
        number: usize::try_from(metric.number).unwrap_or(1),
        lookback: LOOKBACK,
        window: options.window,
        matchers: options.matchers.clone(),
        requests: Some(Requests {
            histogram: golden.requests.histogram,
            bad: golden.requests.errors,
        }),
        saturation: Some(golden.saturation.query),
        objectives: subject.objectives,
    };
    match releases(asker, &plan).await {
        Ok(Some(releases)) => {
            if releases.is_first {
                let name = &releases.current.name;
                remarks.push(format!(
                    "{name} is the first release that Prometheus knows of."
                ));
            }
            Some(releases)
        }
        Ok(None) => {
            remarks.push(format!(
                "No release is known: {} has no series. Nothing was compared.",
                plan.metric
            ));
            None
        }
        Err(lost) => {
            remarks.push(format!("Releases were not compared: {}.", lost.message));
            None
        }
    }
}

/// This program, with its version.
pub(super) const TOOL: &str = concat!("proofmark ", env!("CARGO_PKG_VERSION"));

/// By how much the clocks may differ.
const SKEW_SECONDS_MAX: f64 = 30.0;

/// By how many seconds `server` is ahead of both times between which it was told; 0 between them.
fn skew(server: &Timestamp, before: Timestamp, after: Timestamp) -> f64 {
    let seconds = |time: Timestamp| time.as_duration().as_secs_f64();
    let server = seconds(*server);
    let ahead = (server - seconds(after)).max(0.0);
    let behind = (seconds(before) - server).max(0.0);
    ((ahead - behind) * 1_000.0).round() / 1_000.0
}

fn skewed(seconds: f64) -> Option<Explained> {
    // What makes no sense is no small difference.
    let is_small = seconds.abs() <= SKEW_SECONDS_MAX;
    (!is_small).then(|| {
        Explained::from(Reason::ClockSkew {
            seconds,
            limit_seconds: SKEW_SECONDS_MAX,
        })
    })
}

fn plans(objectives: &[Objective], options: &Options, at: Timestamp) -> Result<Vec<Plan>, Failure> {
    let plans = objectives.iter();
    plans
        .map(|objective| Plan::new(objective, options, at))
        .collect()
}

async fn judge_all(
    asker: &Asker<'_>,
    objectives: &[Objective],
    plans: &[Plan],
) -> Result<Vec<Judged>, Failure> {
    let all = objectives.iter().zip(plans);
    let all = all.map(async |(objective, plan)| {
        let evidence = evidence(asker, objective, plan).await;
        refuse_bad_queries(objective, &evidence)?;
        Ok(judge_one(objective, &plan.terms, &evidence))
    });
    let all = stream::iter(all).buffered(OBJECTIVES_AT_ONCE);
    all.try_collect().await
}

fn without_answers(objectives: &[Objective], options: &Options, lost: &Lost) -> Vec<Judged> {
    let judged = |objective: &Objective| {
        judge_one(objective, &Terms::of(objective, options), &nothing(lost))
    };
    objectives.iter().map(judged).collect()
}

fn judge_one(objective: &Objective, terms: &Terms, evidence: &Evidence) -> Judged {
    let decision = decide(evidence, terms);
    Judged::new(objective, terms, decision, seen(evidence, terms.window))
}

/// A query that this program took for PromQL and the server does not is a fault of the file.
fn refuse_bad_queries(objective: &Objective, evidence: &Evidence) -> Result<(), Failure> {
    let queries = objective.indicator.queries();
    let [Some(total), Some(counted)] = [queries.first(), queries.last()] else {
        return Ok(());
    };
    let period = evidence.period.as_ref();
    let readings = [
        (total, Some(&evidence.total)),
        (counted, Some(&evidence.counted)),
        (total, period.map(|period| &period.total)),
        (counted, period.map(|period| &period.counted)),
    ];
    for (query, reading) in readings {
        if let Some(Err(lost)) = reading
            && lost.kind == LostKind::BadQuery
        {
            let place = objective.place_of(query);
            return Err(Failure::misused(format!("{place}: {}", lost.message)));
        }
    }
    Ok(())
}

fn nothing(lost: &Lost) -> Evidence {
    Evidence {
        total: Err(lost.clone()),
        counted: Err(lost.clone()),
        targets: Err(lost.clone()),
        period: None,
        warnings: Vec::new(),
        unmeasured: Vec::new(),
    }
}

fn seen(evidence: &Evidence, window: Duration) -> Seen {
    let Ok(targets) = &evidence.targets else {
        return Seen::default();
    };
    let scraped = |target: &Target| Some(target.scrapes * target.interval_seconds?);
    let longest = targets.iter().filter_map(scraped).reduce(f64::max);
    let has_up = |target: &Target| target.scrapes > 0.0;
    Seen {
        observed_seconds: longest.map(|seconds| seconds.min(window.as_secs_f64())),
        has_up: (!targets.is_empty()).then(|| targets.iter().any(has_up)),
    }
}

async fn evidence(asker: &Asker<'_>, objective: &Objective, plan: &Plan) -> Evidence {
    let mut warnings = Warnings::default();
    let window = plan.terms.window;
    let seen = measured(asker, &plan.measure, window, &mut warnings).await;
    let targets = targets(asker, plan, &mut warnings).await;
    let period = match &plan.period {
        Some(of) => Some(period(asker, objective, plan.terms.counts, of, &mut warnings).await),
        None => None,
    };
    Evidence {
        total: seen.total,
        counted: seen.counted,
        unmeasured: seen.unmeasured,
        targets,
        period,
        warnings: warnings.0,
    }
}

async fn period(
    asker: &Asker<'_>,
    objective: &Objective,
    counts: Counts,
    plan: &PeriodPlan,
    warnings: &mut Warnings,
) -> Period {
    let kept = match &plan.measure {
        // Recordings are of the whole service.
        Measure::Counts { .. } if plan.is_whole => {
            recorded_events(asker, objective, plan.window, warnings).await
        }
        _ => Ok(Recorded::Absent),
    };
    let seen = match kept {
        // What a server does not keep it may still count.
        Ok(Recorded::Absent) | Err(_) => {
            measured(asker, &plan.measure, plan.window, warnings).await
        }
        Ok(Recorded::Events { total, bad, .. }) => Counted::of(total, bad, counts),
        Ok(Recorded::Disagrees(found)) => Counted {
            unmeasured: vec![Reason::RecordingsDisagree {
                message: found.to_string(),
            }],
            ..Counted::of(0.0, 0.0, counts)
        },
    };
    Period {
        total: seen.total,
        counted: seen.counted,
        unmeasured: seen.unmeasured,
        history: reading(asker, &plan.edge, warnings).await,
    }
}

/// What a window gave.
struct Counted {
    total: Asked<Reading>,
    counted: Asked<Reading>,
    unmeasured: Vec<Reason>,
}

impl Counted {
    fn of(total: f64, bad: f64, counts: Counts) -> Self {
        let one = |value| {
            Ok(Reading {
                values: vec![value],
            })
        };
        let part = match counts {
            Counts::Bad => bad,
            Counts::Good => total - bad,
        };
        Self {
            total: one(total),
            counted: one(part),
            unmeasured: Vec::new(),
        }
    }
}

async fn measured(
    asker: &Asker<'_>,
    measure: &Measure,
    window: Duration,
    warnings: &mut Warnings,
) -> Counted {
    match measure {
        Measure::Counts { total, counted } => {
            let (total, unmeasured) = match events(asker, total, window, warnings).await {
                Ok(total) => (Ok(total.reading.clone()), holes(&total)),
                Err(lost) => (Err(lost), Vec::new()),
            };
            let counted = events(asker, counted, window, warnings).await;
            Counted {
                total,
                counted: counted.map(|counted| counted.reading),
                unmeasured,
            }
        }
        Measure::Curves(curves) => match curved(asker, curves, window, warnings).await {
            Err(lost) => Counted {
                total: Err(lost.clone()),
                counted: Err(lost),
                unmeasured: Vec::new(),
            },
            Ok(Ok(measured)) => Counted {
                total: Ok(measured.total),
                counted: Ok(measured.bad),
                unmeasured: Vec::new(),
            },
            Ok(Err(unmeasured)) => Counted {
                total: Ok(Reading::default()),
                counted: Ok(Reading::default()),
                unmeasured,
            },
        },
    }
}

async fn events(
    asker: &Asker<'_>,
    count: &Count,
    window: Duration,
    warnings: &mut Warnings,
) -> Asked<Pieced> {
    events_over(asker, |window| count.over(window), window, warnings).await
}

/// Of a window that was read in pieces: those in which nobody counted anything.
fn holes(total: &Pieced) -> Vec<Reason> {
    let missing = Reason::PointsMissing {
        query: Which::Total,
        seen: (total.pieces - total.holes) as usize,
        expected: total.pieces as usize,
    };
    (total.holes > 0).then_some(missing).into_iter().collect()
}

/// The most points of one answer: what Prometheus gives.
const POINTS_AT_ONCE: i64 = 10_000;

async fn curved(
    asker: &Asker<'_>,
    curves: &Curves,
    window: Duration,
    warnings: &mut Warnings,
) -> Asked<Result<Measured, Vec<Reason>>> {
    let end = asker.at().as_millisecond();
    let length = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let grid = Grid::over(end - length, end, curves.step);
    let value = curve(asker, &curves.value, grid, warnings).await?;
    let total = match &curves.total {
        Some(total) => Some(curve(asker, total, grid, warnings).await?),
        None => None,
    };
    Ok(measure(
        curves.shape,
        curves.method,
        grid,
        &value,
        total.as_ref(),
    ))
}

/// The values of a query on a grid, put together from as many answers as it takes.
async fn curve(
    asker: &Asker<'_>,
    query: &str,
    grid: Grid,
    warnings: &mut Warnings,
) -> Asked<Matrix> {
    let mut whole: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    let step = Duration::from_millis(grid.step.unsigned_abs());
    let points = i64::try_from(grid.points).unwrap_or(i64::MAX);
    let moment = |index: i64| {
        let millis = grid.first.saturating_add(index.saturating_mul(grid.step));
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    };
    let mut next = 0;
    while next < points {
        let last = (next + POINTS_AT_ONCE).min(points) - 1;
        let answer = asker.range(query, moment(next), moment(last), step).await?;
        for series in &warnings.of_matrix(answer).series {
            let known = whole.entry(series.labels.clone()).or_default();
            known.extend(series.points.iter().copied());
        }
        next = last + 1;
    }
    let series = whole.into_iter();
    let series = series.map(|(labels, points)| Series { labels, points });
    Ok(Matrix {
        series: series.collect(),
        warnings: Vec::new(),
    })
}

#[derive(Default)]
pub(super) struct Warnings(Vec<String>);

impl Warnings {
    fn add(&mut self, warnings: &[String]) {
        for warning in warnings {
            if self.0.len() < WARNINGS_MAX && !self.0.contains(warning) {
                self.0.push(warning.clone());
            }
        }
    }

    pub(super) fn of_answer(&mut self, answer: Arc<Answer>) -> Arc<Answer> {
        self.add(&answer.warnings);
        answer
    }

    pub(super) fn of_matrix(&mut self, matrix: Arc<Matrix>) -> Arc<Matrix> {
        self.add(&matrix.warnings);
        matrix
    }
}

async fn reading(asker: &Asker<'_>, query: &str, warnings: &mut Warnings) -> Asked<Reading> {
    let answer = warnings.of_answer(asker.instant(query).await?);
    Ok(Reading {
        values: answer.vector.iter().map(|sample| sample.value).collect(),
    })
}
