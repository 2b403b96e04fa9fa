//! Collects the evidence of every objective and has it judged.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use outcome::Failure;

use super::ask::{Asker, Deadline, Source};
use super::context::{around, beside, of_release};
use super::counting::{Counted, measured};
use super::decide::decide;
use super::evidence::{Asked, Counts, Evidence, Lost, LostKind, Period, Reading, Target, Terms};
use super::faults::faults;
use super::history::History;
use super::plan::{Measure, Options, PeriodPlan, Plan};
use super::reason::Reason;
use super::recorded::{Recorded, recorded_events};
use super::releases::Releases;
use super::report::{Explained, Judged, REPORT_SCHEMA, Report, Seen, Verdict};
use super::targets::targets;
use super::weigh::weigh;
use crate::objective::Objective;
use crate::policy::{Policy, PolicyJudged};
use crate::prometheus::{Answer, Client, Matrix};
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

impl Clock {
    /// By how many seconds Prometheus, which was asked at `before`, is ahead of it.
    fn behind(self, server_time: &Asked<Timestamp>, before: Timestamp) -> Option<f64> {
        match (self, server_time) {
            (Self::OfThen(seconds), _) => seconds,
            (Self::Ours, Ok(server)) => Some(skew(server, before, Timestamp::now())),
            (Self::Ours, Err(_)) => None,
        }
    }
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
    let skew_seconds = clock.behind(&server_time, before);
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
    // Asked after everything that decides: what is lost here is lost to nothing else.
    let faults = match &at {
        Ok(_) => faults(&asker, options.window, &mut remarks).await,
        Err(_) => Vec::new(),
    };
    let history = match &at {
        Ok(_) if subject.is_shown => Some(around(&asker, subject, options).await),
        _ => None,
    };
    if let Some(failure) = asker.into_failure() {
        return Err(failure);
    }
    let reasons: Vec<Explained> = skew_seconds.and_then(skewed).into_iter().collect();
    let verdict = worst(&judged, &reasons, policy.as_ref(), releases.as_ref());
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
        faults,
    };
    Ok(Judgement {
        report,
        history,
        skew_seconds,
    })
}

/// The worst of everything that was found.
fn worst(
    judged: &[Judged],
    reasons: &[Explained],
    policy: Option<&PolicyJudged>,
    releases: Option<&Releases>,
) -> Verdict {
    let of_reasons = reasons.iter().map(|_| Verdict::Inconclusive);
    let of_policy = policy.iter().map(|policy| policy.verdict);
    let rows = releases.iter().flat_map(|releases| &releases.rows);
    let of_releases = rows.map(|row| of_release(row.verdict, policy.is_some()));
    of_reasons
        .chain(of_policy)
        .chain(of_releases)
        .fold(Report::worst(judged), Verdict::max)
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
