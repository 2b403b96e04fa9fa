//! All figures of a release against the policy.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::budget::{self, BudgetLeft};
use super::comparison::Baseline;
use super::criteria;
use super::file::{Policy, Rule};
use super::judged::{BudgetJudged, CriteriaJudged, ScoreJudged, SignalJudged};
use super::score;
use super::signals::{self, SignalFigures};
use crate::gate::Verdict;

/// What is known of a release.
#[derive(Debug, Clone, Copy)]
pub struct Figures<'a> {
    /// The time that is judged: overrides end by it.
    pub at: Timestamp,
    /// Every objective that the gate judges.
    pub objectives: &'a [ObjectiveFigures],
    /// The golden signals.
    pub signals: &'a [SignalFigures],
}

/// What is known of one objective.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveFigures {
    /// Its service.
    pub service: String,
    /// Its name.
    pub name: String,
    /// The verdict on its promise.
    pub promise: Verdict,
    /// Bad events by all events over the window of the gate, 0 to 1; `None` when it is not known.
    pub error_ratio: Option<f64>,
    /// The error ratio that relative criteria are measured from.
    pub baseline: Baseline,
    /// What is left of the budget of its own window.
    pub budget_left: BudgetLeft,
}

/// What the policy says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PolicyJudged {
    /// The worst of everything below and of every promise.
    pub verdict: Verdict,
    /// Each objective, in the order of the figures.
    pub criteria: Vec<CriteriaJudged>,
    /// The total score.
    pub score: ScoreJudged,
    /// The error budgets; `None` when the policy does not look at them.
    pub budget: Option<BudgetJudged>,
    /// The golden signals that have a limit.
    pub signals: Vec<SignalJudged>,
}

impl Policy {
    /// Holds figures against the policy.
    ///
    /// An objective that the policy names and the figures lack is inconclusive. A missed promise is
    /// a fail of the whole, whatever the score.
    #[must_use]
    pub fn judge(&self, figures: &Figures<'_>) -> PolicyJudged {
        let rules = Rules::of(&self.objectives);
        let mut is_judged = vec![false; self.objectives.len()];
        let mut all = Vec::new();
        for objective in figures.objectives {
            let rule = rules.get(&objective.service, &objective.name);
            if let Some(index) = rule {
                is_judged[index] = true;
            }
            let rule = rule.map(|index| &self.objectives[index]);
            all.push(criteria::judge(rule, objective));
        }
        let missing = self.objectives.iter().zip(is_judged);
        let missing = missing.filter(|(_, is_judged)| !is_judged);
        all.extend(missing.map(|(rule, _)| of_missing(rule)));
        let score = score::judge(&self.total_score, &all);
        let budget = self
            .error_budget
            .as_ref()
            .map(|policy| budget::judge(policy, figures.objectives, figures.at));
        let signals = self.golden_signals.as_ref();
        let signals = signals.map_or_else(Vec::new, |policy| {
            signals::judge(&policy.limits, figures.signals)
        });
        let promises = all.iter().map(|one| one.promise);
        let verdicts = promises
            .chain([score.verdict])
            .chain(budget.iter().map(|judged| judged.verdict))
            .chain(signals.iter().map(|judged| judged.verdict));
        PolicyJudged {
            verdict: verdicts.max().unwrap_or(Verdict::Inconclusive),
            criteria: all,
            score,
            budget,
            signals,
        }
    }
}

/// A rule whose objective nobody judged.
fn of_missing(rule: &Rule) -> CriteriaJudged {
    let (service, name) = rule.service_and_name();
    let unknown = ObjectiveFigures {
        service: service.unwrap_or_default().to_owned(),
        name: name.to_owned(),
        promise: Verdict::Inconclusive,
        error_ratio: None,
        baseline: Baseline::Unknown {
            why: "the objective was not judged".to_owned(),
        },
        budget_left: BudgetLeft::Unknown,
    };
    criteria::judge(Some(rule), &unknown)
}

/// Rules by the objectives that they name.
struct Rules<'a>(BTreeMap<(Option<&'a str>, &'a str), usize>);

impl<'a> Rules<'a> {
    fn of(rules: &'a [Rule]) -> Self {
        let keys = rules.iter().map(Rule::service_and_name);
        Self(keys.zip(0..).collect())
    }

    fn get(&self, service: &str, name: &str) -> Option<usize> {
        let exact = self.0.get(&(Some(service), name));
        exact.or_else(|| self.0.get(&(None, name))).copied()
    }
}
