mod read;
mod criteria;
mod score;
mod budget;
mod signals;
mod chance;

use std::path::{Path, PathBuf};

use super::*;
use crate::gate::Verdict;
use crate::objective::Objective;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `availability` and `latency` of the service `proofmark`.
fn bundled() -> Vec<Objective> {
    crate::load(&[root("objectives")]).unwrap()
}

fn parse(text: &str) -> Result<Policy, Fault> {
    let text = format!("apiVersion: proofmark/v1\nkind: GatePolicy\n{text}");
    Policy::parse(&text, Path::new("gate.yaml"), &bundled())
}

fn policy(text: &str) -> Policy {
    parse(text).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

fn known(figure: f64) -> Baseline {
    Baseline::Known {
        figure,
        releases: vec!["1.3.0".to_owned(), "1.2.9".to_owned()],
    }
}

fn unknown() -> Baseline {
    Baseline::Unknown {
        why: "none of 2 earlier releases passed".to_owned(),
    }
}

/// A good objective, to be spoiled.
fn good(name: &str) -> ObjectiveFigures {
    ObjectiveFigures {
        service: "proofmark".to_owned(),
        name: name.to_owned(),
        promise: Verdict::Pass,
        error_ratio: Some(0.0001),
        baseline: known(0.0001),
        budget_left: BudgetLeft::Known(0.8),
    }
}

fn judge(policy: &Policy, objectives: &[ObjectiveFigures]) -> PolicyJudged {
    policy.judge(&Figures {
        at: "2026-11-22T12:00:00Z".parse().unwrap(),
        objectives,
        signals: &[],
    })
}

const CRITERIA: &str = r#"
objectives:
  - objective: availability
    pass: [{criteria: ["<=+10%", "<=0.0005"]}]
    warning: [{criteria: ["<=0.001"]}]
"#;

/// The score of `availability` and `latency` with these verdicts.
fn scored(rules: &str, verdicts: &[Verdict]) -> ScoreJudged {
    let names = ["availability", "latency"];
    let figures: Vec<ObjectiveFigures> = names
        .iter()
        .zip(verdicts)
        .map(|(name, verdict)| ObjectiveFigures {
            promise: *verdict,
            ..good(name)
        })
        .collect();
    judge(&policy(rules), &figures).score
}

fn steady(signal: Signal) -> SignalFigures {
    SignalFigures {
        signal,
        now: Some(0.2),
        hour_ago: Past::Known(0.2),
        week_ago: Past::Known(0.2),
    }
}

const LIMITS: &str = r#"
golden_signals:
  limits:
    latency_p99: { hour: "<=+50%", week: "<=+50%", at_least: 0.05 }
    traffic: { hour: ">=-40%", breach: warning }
"#;
