//! `JUnit` XML: one test case for each objective.

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::super::report::{Judged, Report, Verdict};
use super::{notes, title};

/// The report as `JUnit` XML. A missed objective is a failure, one that is not known an error.
///
/// # Panics
/// Never: the text is written to memory.
#[must_use]
pub fn junit(report: &Report) -> String {
    let mut suite = TestSuite::new("proofmark gate");
    suite.add_property(Property::new("judged", title(report)));
    suite.add_property(Property::new("prometheus", report.prometheus.as_str()));
    for judged in &report.objectives {
        suite.add_test_case(case(judged, report));
    }
    let mut whole = quick_junit::Report::new("proofmark gate");
    whole.add_test_suite(suite);
    whole.to_string().expect("memory takes every byte")
}

fn case(judged: &Judged, report: &Report) -> TestCase {
    let mut status = match judged.verdict {
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if let Some(first) = judged.reasons.first() {
        status.set_type(first.reason.code());
        status.set_message(first.sentence.as_str());
        let lines = judged
            .reasons
            .iter()
            .map(|explained| format!("{}: {}", explained.reason.code(), explained.sentence));
        status.set_description(lines.collect::<Vec<_>>().join("\n"));
    }
    let mut case = TestCase::new(judged.name.as_str(), status);
    case.set_classname(judged.service.as_str());
    let notes = notes(judged, report);
    if !notes.is_empty() {
        case.set_system_out(notes.join("\n"));
    }
    case
}
