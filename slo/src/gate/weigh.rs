//! What the policy says of what was found: its figures are asked for here, its rules are pure.

use jiff::{SignedDuration, Timestamp};

use super::ask::Asker;
use super::plan::Options;
use super::releases::{Figure, Releases};
use super::report::{Judged, Verdict};
use crate::policy::{
    Baseline, BudgetLeft, Earlier, Figures, GoldenSignals, ObjectiveFigures, Past, Policy,
    PolicyJudged, Signal, SignalFigures,
};
use crate::prometheus::Answer;
use crate::{promql, window};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Holds what was found against the policy.
pub(super) async fn weigh(
    asker: &Asker<'_>,
    policy: &Policy,
    judged: &[Judged],
    releases: Option<&Releases>,
    options: &Options,
) -> PolicyJudged {
    let mut signals = Vec::new();
    if let Some(golden) = &policy.golden_signals {
        for signal in limited(golden) {
            signals.push(figures(asker, golden, signal, options).await);
        }
    }
    let objectives: Vec<ObjectiveFigures> = judged
        .iter()
        .map(|judged| of_objective(policy, judged, releases))
        .collect();
    policy.judge(&Figures {
        at: asker.at(),
        objectives: &objectives,
        signals: &signals,
    })
}

fn of_objective(policy: &Policy, judged: &Judged, releases: Option<&Releases>) -> ObjectiveFigures {
    ObjectiveFigures {
        service: judged.service.clone(),
        name: judged.name.clone(),
        promise: judged.verdict,
        error_ratio: judged.error_ratio,
        baseline: baseline(policy, judged, releases),
        budget_left: match &judged.period {
            Some(period) if !period.is_complete => BudgetLeft::HistoryTooShort,
            Some(period) => period
                .budget_left
                .map_or(BudgetLeft::Unknown, BudgetLeft::Known),
            // The gate looks at the objective's own window, or could not.
            None => judged
                .budget_left
                .map_or(BudgetLeft::Unknown, BudgetLeft::Known),
        },
    }
}

/// The error ratio of earlier releases, as far as they are known.
fn baseline(policy: &Policy, judged: &Judged, releases: Option<&Releases>) -> Baseline {
    let Some(releases) = releases else {
        return Baseline::Unknown {
            why: "the releases of the service are not known".to_owned(),
        };
    };
    let row = releases.rows.iter().find(|row| {
        row.figure == Figure::Attainment && row.objective.as_deref() == Some(judged.name.as_str())
    });
    let earlier = releases.earlier.iter().enumerate();
    let earlier = earlier.map(|(index, release)| {
        let attainment = row.and_then(|row| row.earlier.get(index).copied().flatten());
        Earlier {
            release: release.name.clone(),
            verdict: attainment.map(|share| {
                if share >= judged.target {
                    Verdict::Pass
                } else {
                    Verdict::Fail
                }
            }),
            figure: attainment.map(|share| 1.0 - share),
        }
    });
    policy.comparison.baseline(&earlier.collect::<Vec<_>>())
}

/// The signals that have a limit.
pub(super) fn limited(golden: &GoldenSignals) -> Vec<Signal> {
    let limits = &golden.limits;
    [
        (Signal::LatencyP99, limits.latency_p99.is_some()),
        (Signal::Errors, limits.errors.is_some()),
        (Signal::Traffic, limits.traffic.is_some()),
        (Signal::Saturation, limits.saturation.is_some()),
    ]
    .into_iter()
    .filter_map(|(signal, has_limit)| has_limit.then_some(signal))
    .collect()
}

/// The query for a signal over a window.
fn query(golden: &GoldenSignals, signal: Signal, window: &str) -> String {
    let requests = &golden.requests;
    let histogram = &requests.histogram;
    let all = format!("sum(rate({histogram}_count[{window}]))");
    match signal {
        Signal::LatencyP99 => {
            format!("histogram_quantile(0.99, sum by (le) (rate({histogram}_bucket[{window}])))")
        }
        Signal::Traffic => all,
        Signal::Errors => {
            let errors = &requests.errors;
            // Where no error was ever counted there is no series of errors, and none is meant.
            format!("(sum(rate({histogram}_count{{{errors}}}[{window}])) or 0 * {all}) / {all}")
        }
        Signal::Saturation => promql::fill_window(&golden.saturation.query, window),
    }
}

async fn figures(
    asker: &Asker<'_>,
    golden: &GoldenSignals,
    signal: Signal,
    options: &Options,
) -> SignalFigures {
    let query = query(golden, signal, &window::text(options.window));
    let Ok(query) = promql::with_matchers(&query, &options.matchers) else {
        return SignalFigures {
            signal,
            now: None,
            hour_ago: Past::Unknown,
            week_ago: Past::Unknown,
        };
    };
    let ago = async |past: SignedDuration| {
        let at = asker.at().checked_sub(past).unwrap_or(Timestamp::MIN);
        let answer = asker.instant_at(&query, at).await;
        past_of(answer.as_deref().map_err(|_| ()))
    };
    let now = asker.instant(&query).await;
    SignalFigures {
        signal,
        now: match past_of(now.as_deref().map_err(|_| ())) {
            Past::Known(figure) => Some(figure),
            Past::Nothing | Past::Unknown => None,
        },
        hour_ago: ago(HOUR).await,
        week_ago: ago(WEEK).await,
    }
}

/// No value, or NaN of no traffic, is nothing to measure; anything else but one number is not known.
fn past_of(answer: Result<&Answer, ()>) -> Past {
    let Ok(answer) = answer else {
        return Past::Unknown;
    };
    match answer.vector.as_slice() {
        _ if !answer.warnings.is_empty() => Past::Unknown,
        [] => Past::Nothing,
        [only] if only.value.is_nan() => Past::Nothing,
        [only] if only.value.is_finite() => Past::Known(only.value),
        _ => Past::Unknown,
    }
}
