//! Collects the evidence of every objective and has it judged.

use std::sync::Arc;
use std::time::Duration;

use outcome::Failure;

use super::ask::{Asker, Deadline, time};
use super::decide::decide;
use super::evidence::{Asked, Evidence, Lost, LostKind, Period, Reading, Target};
use super::plan::{Options, Plan};
use super::report::{Judged, REPORT_SCHEMA, Report, Seen};
use super::targets::targets;
use crate::objective::Objective;
use crate::prometheus::{Answer, Client, Matrix};
use crate::window;

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
    if objectives.is_empty() {
        return Err(Failure::misused("expected at least one objective to judge"));
    }
    let plans = objectives
        .iter()
        .map(|objective| Plan::new(objective, options));
    let plans: Vec<Plan> = plans.collect::<Result<_, _>>()?;
    let deadline = Deadline::after(options.timeout);
    // Even when the time is given, this says whether anyone answers.
    let server_time = time(client, deadline).await;
    let at = server_time.map(|now| options.at.unwrap_or(now));
    let mut judged = Vec::new();
    match &at {
        Ok(at) => {
            let asker = Asker::new(client, *at, deadline, options.concurrency);
            for (objective, plan) in objectives.iter().zip(&plans) {
                let evidence = evidence(&asker, plan).await;
                refuse_bad_queries(objective, &evidence)?;
                judged.push(judge_one(objective, plan, &evidence));
            }
        }
        Err(lost) => {
            for (objective, plan) in objectives.iter().zip(&plans) {
                judged.push(judge_one(objective, plan, &nothing(lost)));
            }
        }
    }
    let verdict = Report::worst(&judged);
    let matcher = |(label, value): &(String, String)| format!("{label}={value:?}");
    Ok(Report {
        schema: REPORT_SCHEMA.to_owned(),
        verdict,
        exit_code: verdict.outcome().exit_code(),
        release: options.release.clone(),
        prometheus: client.address().to_owned(),
        at: at.ok(),
        window: window::text(options.window),
        matchers: options.matchers.iter().map(matcher).collect(),
        min_events: options.events_min,
        tool: concat!("proofmark ", env!("CARGO_PKG_VERSION")).to_owned(),
        reasons: Vec::new(),
        remarks: Vec::new(),
        objectives: judged,
        releases: None,
    })
}

fn judge_one(objective: &Objective, plan: &Plan, evidence: &Evidence) -> Judged {
    let decision = decide(evidence, &plan.terms);
    Judged::new(objective, decision, seen(evidence, plan.terms.window))
}

/// A query that this program took for PromQL and the server does not is a fault of the file.
fn refuse_bad_queries(objective: &Objective, evidence: &Evidence) -> Result<(), Failure> {
    let queries = objective.indicator.queries();
    let &[total, counted] = queries.as_slice() else {
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

async fn evidence(asker: &Asker<'_>, plan: &Plan) -> Evidence {
    let mut warnings = Warnings::default();
    let total = reading(asker, &plan.total, &mut warnings).await;
    let counted = reading(asker, &plan.counted, &mut warnings).await;
    let targets = targets(asker, plan, &mut warnings).await;
    let mut period = None;
    if let Some(plan) = &plan.period {
        period = Some(Period {
            total: reading(asker, &plan.total, &mut warnings).await,
            counted: reading(asker, &plan.counted, &mut warnings).await,
            history: reading(asker, &plan.edge, &mut warnings).await,
        });
    }
    Evidence {
        total,
        counted,
        targets,
        period,
        warnings: warnings.0,
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
