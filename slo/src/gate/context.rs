//! What stands around a verdict: the releases before this one, and what happened meanwhile.

use std::time::Duration;

use super::ask::Asker;
use super::collect::Subject;
use super::faults::FAULTS;
use super::history::{DependencyMetric, History, HistoryPlan, RequestMetric, history};
use super::plan::Options;
use super::releases::{Releases, ReleasesPlan, Requests, releases};
use super::report::Verdict;

/// What being worse than earlier releases means. A promise that is kept is kept; without a policy
/// that says otherwise the release is only warned about. What cannot be compared is said in its row,
/// and blocks where a criterion of the policy needs it.
pub(super) const fn of_release(row: Verdict, has_policy: bool) -> Verdict {
    match row {
        Verdict::Fail if has_policy => Verdict::Fail,
        Verdict::Fail => Verdict::Warn,
        _ => Verdict::Pass,
    }
}

/// What happened around the window, for the pictures.
pub(super) async fn around(asker: &Asker<'_>, subject: Subject<'_>, options: &Options) -> History {
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
pub(super) async fn beside(
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
