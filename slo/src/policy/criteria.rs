//! One objective: its promise and its criteria to one verdict.

use super::comparison::Baseline;
use super::criterion::{Criterion, Limit};
use super::file::{Entry, Rule};
use super::judge::ObjectiveFigures;
use super::judged::{CriteriaJudged, CriterionJudged, CriterionOutcome, Set, rounded};
use super::words::{Unit, apart, figure};
use crate::gate::Verdict;
use crate::text::shown;

/// The most criteria that get a sentence of their own.
const SENTENCES_MAX: usize = 10;

/// Judges one objective; `rule` is what the policy says about it.
pub(super) fn judge(rule: Option<&Rule>, figures: &ObjectiveFigures) -> CriteriaJudged {
    let mut judged = CriteriaJudged {
        service: figures.service.clone(),
        objective: figures.name.clone(),
        promise: figures.promise,
        verdict: figures.promise,
        weight: rule.map_or(1, |rule| rule.weight),
        key_sli: rule.is_some_and(|rule| rule.key_sli),
        baseline: figures.baseline.figure().and_then(rounded),
        criteria: Vec::new(),
        sentences: Vec::new(),
    };
    let Some(rule) = rule.filter(|rule| !rule.pass.is_empty()) else {
        return judged;
    };
    let pass = judge_set(Set::Pass, &rule.pass, figures);
    let warning = judge_set(Set::Warning, &rule.warning, figures);
    let of_criteria = verdict(state(&pass), state(&warning));
    judged.verdict = together(figures.promise, of_criteria);
    judged.sentences = sentences(figures, of_criteria, &pass, &warning);
    judged.criteria = [pass, warning].into_iter().flatten().flatten().collect();
    judged
}

/// The criteria can only make it worse. On figures that are in doubt themselves they prove nothing,
/// not even a fail.
fn together(promise: Verdict, of_criteria: Verdict) -> Verdict {
    match promise {
        Verdict::Inconclusive => Verdict::Inconclusive,
        known => known.max(of_criteria),
    }
}

/// One list for each entry.
type SetJudged = Vec<Vec<CriterionJudged>>;

fn judge_set(set: Set, entries: &[Entry], figures: &ObjectiveFigures) -> SetJudged {
    let of_entry = |(entry, of): (usize, &Entry)| {
        let one = |criterion: &Criterion| CriterionJudged {
            set,
            entry,
            text: criterion.to_string(),
            limit: criterion.bound(figures.baseline.figure()).and_then(rounded),
            observed: figures.error_ratio.and_then(rounded),
            outcome: outcome(*criterion, figures),
        };
        of.criteria.iter().map(one).collect()
    };
    entries.iter().enumerate().map(of_entry).collect()
}

fn outcome(criterion: Criterion, figures: &ObjectiveFigures) -> CriterionOutcome {
    if criterion.is_relative() && figures.baseline == Baseline::FirstRelease {
        return CriterionOutcome::LeftOut;
    }
    match figures.error_ratio {
        None => CriterionOutcome::NoFigure,
        // A share that is none is a contradiction, and proves nothing.
        Some(ratio) if !(0.0..=1.0).contains(&ratio) => CriterionOutcome::NotANumber,
        Some(ratio) => criterion.judge(ratio, figures.baseline.figure()),
    }
}

/// What a set or an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Holds,
    Fails,
    Unknown,
    /// Nothing of it is left.
    LeftOut,
}

/// One entry is enough; one that is left out is as if it were not written.
fn state(set: &SetJudged) -> State {
    let entries: Vec<State> = set.iter().map(|entry| state_of_entry(entry)).collect();
    match entries {
        _ if entries.contains(&State::Holds) => State::Holds,
        _ if entries.contains(&State::Unknown) => State::Unknown,
        _ if entries.contains(&State::Fails) => State::Fails,
        _ => State::LeftOut,
    }
}

/// All criteria of an entry must hold, and one that fails for certain is enough to know.
fn state_of_entry(entry: &[CriterionJudged]) -> State {
    let any = |found: fn(CriterionOutcome) -> bool| entry.iter().any(|one| found(one.outcome));
    match () {
        () if any(|outcome| outcome == CriterionOutcome::NotHeld) => State::Fails,
        () if any(CriterionOutcome::is_unknown) => State::Unknown,
        () if any(|outcome| outcome == CriterionOutcome::Held) => State::Holds,
        () => State::LeftOut,
    }
}

/// A warning that is left out rescues nothing.
fn verdict(pass: State, warning: State) -> Verdict {
    match (pass, warning) {
        (State::Holds | State::LeftOut, _) => Verdict::Pass,
        (State::Unknown, _) | (State::Fails, State::Unknown) => Verdict::Inconclusive,
        (State::Fails, State::Holds) => Verdict::Warn,
        (State::Fails, State::Fails | State::LeftOut) => Verdict::Fail,
    }
}

fn sentences(
    figures: &ObjectiveFigures,
    of_criteria: Verdict,
    pass: &SetJudged,
    warning: &SetJudged,
) -> Vec<String> {
    let mut sentences = Vec::new();
    match figures.promise {
        Verdict::Inconclusive => {
            let doubt = "Its promise is inconclusive, so its criteria prove nothing either.";
            sentences.push(doubt.to_owned());
        }
        Verdict::Fail => {
            let missed = "Its promise is missed: no criterion makes up for that.";
            sentences.push(missed.to_owned());
        }
        Verdict::Pass | Verdict::Warn => {}
    }
    let all = || [pass, warning].into_iter().flatten().flatten();
    if all().any(|one| one.outcome == CriterionOutcome::LeftOut) {
        let texts = texts(all().filter(|one| one.outcome == CriterionOutcome::LeftOut));
        sentences.push(format!(
            "This is the first release: {texts} compares with earlier ones and is left out."
        ));
    }
    if of_criteria == Verdict::Pass {
        return sentences;
    }
    // Of the warning only what decided beside pass.
    let shown = match of_criteria {
        Verdict::Warn => pass.iter().flatten().collect(),
        _ => all().collect::<Vec<_>>(),
    };
    let of_each = shown.iter().filter_map(|one| of_one(one, figures));
    sentences.extend(of_each.take(SENTENCES_MAX));
    if all().any(|one| one.outcome == CriterionOutcome::NoBaseline)
        && let Baseline::Unknown { why } = &figures.baseline
    {
        let texts = texts(all().filter(|one| one.outcome == CriterionOutcome::NoBaseline));
        sentences.push(format!(
            "There is nothing to compare with for {texts}: {}. Keep a longer history, or let \
             other releases count (comparison: include_result_with_score).",
            shown_why(why)
        ));
    }
    sentences
}

fn shown_why(why: &str) -> String {
    shown(why).trim_end_matches('.').to_owned()
}

fn texts<'a>(criteria: impl Iterator<Item = &'a CriterionJudged>) -> String {
    let mut texts: Vec<&str> = criteria.map(|one| one.text.as_str()).collect();
    texts.dedup();
    texts.join(", ")
}

fn of_one(one: &CriterionJudged, figures: &ObjectiveFigures) -> Option<String> {
    let (set, text) = (one.set, &one.text);
    match one.outcome {
        CriterionOutcome::NotHeld => {
            let (seen, limit) = apart(one.observed?, one.limit?, Unit::Share);
            let criterion: Criterion = text.parse().ok()?;
            let relation = criterion.relation().words();
            Some(format!(
                "{seen} of the events were bad; {text} of {set} asks for {relation} {limit}{}.",
                since(criterion, &figures.baseline)
            ))
        }
        CriterionOutcome::NoFigure => Some(format!(
            "{text} of {set} cannot be judged: the error ratio is not known."
        )),
        CriterionOutcome::NotANumber => Some(format!(
            "{text} of {set} cannot be judged: a figure in it is no share between 0 and 1."
        )),
        CriterionOutcome::Held | CriterionOutcome::NoBaseline | CriterionOutcome::LeftOut => None,
    }
}

/// Where a relative bound comes from.
fn since(criterion: Criterion, baseline: &Baseline) -> String {
    match (criterion.limit(), baseline) {
        (Limit::Value(_), _) => String::new(),
        (
            _,
            Baseline::Known {
                figure: of,
                releases,
            },
        ) => {
            let names: Vec<String> = releases.iter().map(|name| shown(name)).collect();
            format!(" ({} in {})", figure(*of, Unit::Share), names.join(", "))
        }
        _ => String::new(),
    }
}
