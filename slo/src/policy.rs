//! When a release may ship: the policy of the gate, from text to verdicts.
//!
//! [`read()`] reads a file such as `slo/gate.yaml` in the words of Keptn: criteria with which an
//! objective passes or warns, weights, a total score, a freeze when the error budget is spent, and
//! how far the golden signals may move. [`Policy::judge`] holds figures against it. Both are pure
//! but for the reading of the file: no clock, no query.
//!
//! A policy only makes the gate stricter. A missed objective stays a fail whatever the criteria
//! say, and what is not known is inconclusive: no criterion holds of it and no score passes with
//! it. What there cannot be yet is left out, and that is said: relative criteria of the first
//! release, the week before the first week.
//!
//! ```
//! use slo::policy::{Criterion, CriterionOutcome};
//!
//! let criterion: Criterion = "<=+10%".parse()?;
//! assert_eq!(criterion.judge(0.0011, Some(0.001)), CriterionOutcome::Held);
//! assert_eq!(criterion.judge(0.0012, Some(0.001)), CriterionOutcome::NotHeld);
//! assert_eq!(criterion.judge(0.0012, None), CriterionOutcome::NoBaseline);
//! # Ok::<(), slo::policy::CriterionError>(())
//! ```
//!
//! Sources: the SLO file of Keptn's lighthouse (`spec_version` 1.0); *The Site Reliability
//! Workbook*, chapter 4 and the example of an error budget policy in its appendix B.

mod scalar;
mod criterion;
mod golden;
mod file;
mod plain;
mod locate;
mod read;
mod judged;
mod comparison;
mod criteria;
mod score;
mod budget;
mod signals;
mod judge;
mod words;

pub use budget::{BudgetLeft, OVERRIDE_MAX};
pub use comparison::{Baseline, Earlier};
pub use criterion::{CRITERION_SIZE_BYTES_MAX, Criterion, CriterionError, Limit, Relation};
pub use file::{
    Aggregate, CRITERIA_MAX, CompareWith, Comparison, Entry, ErrorBudget, Include, Override,
    Policy, RULES_MAX, ReleaseMetric, Rule, TotalScore,
};
pub use golden::{
    Breach, DEPENDENCIES_MAX, Dependency, GoldenSignals, Limits, Requests, Saturation, SignalLimit,
};
pub use judge::{Figures, ObjectiveFigures, PolicyJudged};
pub use judged::{
    BudgetJudged, BudgetOfOne, BudgetState, CriteriaJudged, CriterionJudged, CriterionOutcome,
    OverrideJudged, OverrideState, ScoreJudged, Set, Signal, SignalJudged,
};
pub use read::{FILE_SIZE_BYTES_MAX, Fault, read};
pub use signals::{Past, SignalFigures};

use schemars::Schema;
use schemars::transform::{RecursiveTransform, Transform as _};

/// JSON Schema (draft 2020-12) of a policy, for editors; with a newline at its end.
///
/// # Panics
/// Never: a schema is plain JSON.
#[must_use]
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Policy);
    RecursiveTransform(tidied).transform(&mut schema);
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}

/// Descriptions in one line, and no formats of Rust: validators warn about those.
fn tidied(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(text) = object.get("description").and_then(|text| text.as_str()) {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        object.insert("description".to_owned(), line.into());
    }
    let is_of_rust = |format: &str| ["uint64", "double"].contains(&format);
    if object
        .get("format")
        .and_then(|f| f.as_str())
        .is_some_and(is_of_rust)
    {
        object.remove("format");
    }
}

#[cfg(test)]
mod tests;
