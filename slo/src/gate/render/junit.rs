//! `JUnit` XML: one test case for each objective.

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::super::report::{Explained, Judged, Report, Verdict};
use super::answer::Answer;
use super::section::sections;
use super::{notes, plain, title};

/// The report as `JUnit` XML. A missed objective is a failure, one that is not known an error. What
/// speaks against the release itself is a case of its own.
///
/// # Panics
/// Never: the text is written to memory.
#[must_use]
pub fn junit(report: &Report) -> String {
    let mut suite = TestSuite::new("proofmark gate");
    suite.add_property(Property::new("judged", title(report)));
    suite.add_property(Property::new("prometheus", plain(&report.prometheus)));
    suite.add_property(Property::new("tool", plain(&report.tool)));
    for judged in &report.objectives {
        suite.add_test_case(case(judged, report));
    }
    if !report.reasons.is_empty() || Report::worst(&report.objectives) < report.verdict {
        suite.add_test_case(of_release(report));
    }
    let mut whole = quick_junit::Report::new("proofmark gate");
    whole.add_test_suite(suite);
    whole.to_string().expect("memory takes every byte")
}

fn case(judged: &Judged, report: &Report) -> TestCase {
    let mut status = status(judged.verdict);
    explain(&mut status, &judged.reasons);
    let mut case = TestCase::new(plain(&judged.name), status);
    case.set_classname(plain(&judged.service));
    let notes = notes(judged, report);
    if !notes.is_empty() {
        case.set_system_out(notes.join("\n"));
    }
    case
}

fn of_release(report: &Report) -> TestCase {
    let mut status = status(report.verdict);
    status.set_message(Answer::new(report, None).sentence);
    explain(&mut status, &report.reasons);
    let mut case = TestCase::new("release", status);
    case.set_classname("proofmark gate");
    let sections = sections(report);
    let said = sections.iter().filter(|section| section.verdict.is_some());
    let said: Vec<&str> = said
        .flat_map(|section| section.sentences.iter().map(String::as_str))
        .collect();
    if !said.is_empty() {
        case.set_system_out(said.join("\n"));
    }
    case
}

fn status(verdict: Verdict) -> TestCaseStatus {
    match verdict {
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
    }
}

fn explain(status: &mut TestCaseStatus, reasons: &[Explained]) {
    let Some(first) = reasons.first() else {
        return;
    };
    status.set_type(first.reason.code());
    status.set_message(plain(&first.sentence));
    let lines = reasons.iter().map(|explained| {
        format!(
            "{}: {}",
            explained.reason.code(),
            plain(&explained.sentence)
        )
    });
    status.set_description(lines.collect::<Vec<_>>().join("\n"));
}
