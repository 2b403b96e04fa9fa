//! The report as JUnit XML: one case for each step, experiment and objective.

use outcome::{Failure, OrFail};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Rehearsal, text};

/// The whole report as JUnit XML. What is inconclusive is an error, what was missed a failure.
///
/// # Errors
/// [`Failure::broken`] when the writer fails, which only a bug can cause.
pub(super) fn junit(rehearsal: &Rehearsal) -> Result<String, Failure> {
    let mut report = Report::new("proofmark rehearse");
    let mut steps = TestSuite::new("line");
    for step in &rehearsal.steps {
        steps.add_test_case(case(step.name, step.outcome.as_str(), &step.detail));
    }
    let mut experiments = TestSuite::new("experiments");
    for experiment in &rehearsal.experiments {
        let detail = text::experienced(experiment);
        experiments.add_test_case(case(
            &experiment.title,
            experiment.outcome.as_str(),
            &detail,
        ));
    }
    let mut objectives = TestSuite::new("objectives");
    for objective in &rehearsal.objectives {
        let detail = format!("{}. {}", text::attained(objective), objective.detail);
        objectives.add_test_case(case(&objective.name, &objective.verdict, &detail));
    }
    report.add_test_suites([steps, experiments, objectives]);
    report
        .to_string()
        .or_broken("cannot write the report as JUnit XML")
}

fn case(name: &str, word: &str, detail: &str) -> TestCase {
    let status = match word {
        "held" | "pass" => TestCaseStatus::success(),
        "missed" | "fail" => failed(NonSuccessKind::Failure, word, detail),
        _ => failed(NonSuccessKind::Error, word, detail),
    };
    TestCase::new(name, status)
}

fn failed(kind: NonSuccessKind, word: &str, detail: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word).set_message(detail);
    status
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn a_missed_rehearsal_as_junit() {
        let xml = junit(&sample()).unwrap();
        insta::assert_snapshot!(xml);
    }
}
