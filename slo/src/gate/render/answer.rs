//! May it ship, why not, and what next: what every form of the report says first.

use std::collections::BTreeMap;

use super::super::history::{Grid, History};
use super::super::report::{Explained, Judged, Report, Verdict};
use super::section::{RELEASES, Section, sections};
use super::{about, clock, plain};
use crate::text::count;

/// Most steps that are named.
const NEXT_MAX: usize = 3;

/// Names of objectives that share a reason which are listed; the rest is counted.
const SUBJECTS_MAX: usize = 3;

/// Share of bad requests from which a place and a time are worth a look.
const HOT_SHARE_MIN: f64 = 0.001;

/// What the one who decides reads first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// Whether it may ship, in one sentence.
    pub(super) sentence: String,
    /// Reasons, the worst first; equal ones once.
    pub(super) why: Vec<Why>,
    /// What to do, in order.
    pub(super) next: Vec<String>,
}

/// One reason of one or several objectives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Why {
    pub(super) verdict: Verdict,
    /// Whose reason it is: places in the list of objectives; none for one of the whole release.
    pub(super) of: Vec<usize>,
    /// The name of the reason for programs; none when a part of the report says it.
    pub(super) code: Option<&'static str>,
    /// The title of the part that says it.
    pub(super) part: Option<&'static str>,
    pub(super) sentence: String,
    /// How many more events would decide, when the reason knows.
    more_needed: Option<f64>,
}

impl Answer {
    /// The answer of a report; `history` lets it name a place and a time.
    pub(super) fn new(report: &Report, history: Option<&History>) -> Self {
        let why = why(report);
        Self {
            verdict: report.verdict,
            sentence: sentence(report),
            next: next(report, &why, history),
            why,
        }
    }
}

impl Why {
    /// Whose reason it is, in words: `availability, latency and 3 more`.
    pub(super) fn subjects(&self, report: &Report) -> String {
        if let Some(part) = self.part {
            return part.to_owned();
        }
        let known = self.of.iter().filter_map(|&at| report.objectives.get(at));
        let named: Vec<String> = known
            .take(SUBJECTS_MAX)
            .map(|judged| plain(&judged.display_name))
            .collect();
        match (named.is_empty(), self.of.len() - named.len()) {
            (true, _) => "the release".to_owned(),
            (false, 0) => named.join(", "),
            (false, rest) => format!("{} and {} more", named.join(", "), count(rest as f64)),
        }
    }
}

/// Every objective with its place, the worst verdict first; of the missed ones that which has spent
/// most of its budget.
pub(super) fn worst_first(report: &Report) -> Vec<(usize, &Judged)> {
    let mut ordered: Vec<(usize, &Judged)> = report.objectives.iter().enumerate().collect();
    let left = |judged: &Judged| match judged.verdict {
        Verdict::Fail => judged.budget_left.unwrap_or(f64::INFINITY),
        _ => 0.0,
    };
    ordered.sort_by(|(_, a), (_, b)| {
        let by_budget = || left(a).total_cmp(&left(b));
        b.verdict.cmp(&a.verdict).then_with(by_budget)
    });
    ordered
}

fn sentence(report: &Report) -> String {
    let release = report.release.as_deref().map(plain);
    let name = release.map_or("this release".to_owned(), |name| format!("release {name}"));
    let why = because(report);
    match report.verdict {
        Verdict::Pass => format!("{} may ship: {why}.", capital(&name)),
        Verdict::Warn => format!("{} may ship, with a warning: {why}.", capital(&name)),
        Verdict::Fail => format!("{} must not ship: {why}.", capital(&name)),
        Verdict::Inconclusive => format!("Nobody knows whether {name} may ship: {why}."),
    }
}

/// How many objectives made the verdict; when none did, something about the release itself did.
fn because(report: &Report) -> String {
    let total = report.objectives.len();
    let own = report.objectives.iter();
    let some = own
        .filter(|judged| judged.verdict == report.verdict)
        .count();
    let of = |text: &str| format!("{} of {} objectives {text}", number(some), number(total));
    let (one, many) = match report.verdict {
        Verdict::Pass => ("holds", "hold"),
        Verdict::Warn => ("holds only just", "hold only just"),
        Verdict::Fail => ("is missed", "are missed"),
        Verdict::Inconclusive => ("cannot be judged", "cannot be judged"),
    };
    match (some, total, report.verdict) {
        (_, 0, _) => "there is no objective to judge it by".to_owned(),
        (0, _, _) => elsewhere(report),
        (_, 1, _) => format!("its objective {one}"),
        _ if some < total => of(if some == 1 { one } else { many }),
        (_, _, Verdict::Inconclusive) => {
            format!("none of its {} objectives can be judged", number(total))
        }
        (_, 2, _) => format!("both objectives {many}"),
        _ => format!("all {} objectives {many}", number(total)),
    }
}

/// What beside the objectives made the verdict.
fn elsewhere(report: &Report) -> String {
    let parts = sections(report).into_iter();
    let parts = parts.filter(|part| part.verdict == Some(report.verdict));
    let parts: Vec<String> = parts.map(|part| format!("“{}”", part.title)).collect();
    if parts.is_empty() {
        "see the reasons".to_owned()
    } else {
        format!("see {}", parts.join(", "))
    }
}

fn number(number: usize) -> String {
    count(number as f64)
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// Reasons of the release and of its objectives, the worst first, equal ones as one.
fn why(report: &Report) -> Vec<Why> {
    let mut found: Vec<Why> = Vec::new();
    let mut places: BTreeMap<(Verdict, Option<&'static str>, String), usize> = BTreeMap::new();
    let of_release = report.reasons.iter();
    let of_release = of_release.map(|explained| (None, report.verdict, explained));
    let of_objectives = report.objectives.iter().enumerate();
    let of_objectives = of_objectives.flat_map(|(at, judged)| {
        let reasons = judged.reasons.iter();
        reasons.map(move |explained| (Some(at), judged.verdict, explained))
    });
    for (at, own, explained) in of_release.chain(of_objectives) {
        let one = one(own, explained);
        let key = (one.verdict, one.code, one.sentence.clone());
        let place = *places.entry(key).or_insert(found.len());
        if place == found.len() {
            found.push(one);
        }
        found[place].of.extend(at);
    }
    found.extend(sections(report).into_iter().filter_map(of_part));
    found.sort_by_key(|why| std::cmp::Reverse(why.verdict));
    found
}

/// The first sentence of a part that speaks against the release.
fn of_part(section: Section) -> Option<Why> {
    let verdict = section.verdict.filter(|verdict| *verdict > Verdict::Pass)?;
    Some(Why {
        verdict,
        of: Vec::new(),
        code: None,
        part: Some(section.title),
        sentence: section.sentences.into_iter().next()?,
        more_needed: None,
    })
}

fn one(own: Verdict, explained: &Explained) -> Why {
    let verdict = match (own, explained.reason.is_miss()) {
        (Verdict::Pass | Verdict::Warn, _) => own,
        (_, true) => Verdict::Fail,
        (_, false) => Verdict::Inconclusive,
    };
    Why {
        verdict,
        of: Vec::new(),
        code: Some(explained.reason.code()),
        part: None,
        sentence: plain(&explained.sentence),
        more_needed: more_needed(&serde_json::to_value(explained).unwrap_or_default()),
    }
}

/// How many more events it takes, from a reason as programs read it: `more_needed`, or what is
/// `needed` beyond what was `seen`.
fn more_needed(reason: &serde_json::Value) -> Option<f64> {
    let figure = |name: &str| reason.get(name).and_then(serde_json::Value::as_f64);
    // What counts slices or points in time waits for time, not for requests.
    let unit = reason.get("unit").and_then(serde_json::Value::as_str);
    if unit.is_some_and(|unit| unit != "events") {
        return None;
    }
    let between = || Some(figure("needed")? - figure("seen")?);
    let more = figure("more_needed").or_else(between)?;
    (more > 0.0).then(|| more.ceil())
}

fn next(report: &Report, why: &[Why], history: Option<&History>) -> Vec<String> {
    match report.verdict {
        Verdict::Pass => return vec!["Ship it.".to_owned()],
        Verdict::Warn => {
            return vec!["Read the warnings; then ship it, and watch what they name.".to_owned()];
        }
        Verdict::Inconclusive | Verdict::Fail => {}
    }
    let mut steps: Vec<String> = Vec::new();
    for why in why
        .iter()
        .filter(|why| why.verdict >= Verdict::Inconclusive)
    {
        let step = step(report, why, history);
        if steps.len() < NEXT_MAX && !steps.contains(&step) && !is_said(&steps, why) {
            steps.push(step);
        }
    }
    if steps.is_empty() {
        steps.push("Mend what the reasons name, then judge again.".to_owned());
    }
    steps
}

/// More events are asked for once, with the largest number.
fn is_said(steps: &[String], why: &Why) -> bool {
    let asks_for_events = |step: &String| step.starts_with("Send ");
    why.more_needed.is_some() && steps.iter().any(asks_for_events)
}

fn step(report: &Report, why: &Why, history: Option<&History>) -> String {
    let subjects = why.subjects(report);
    let Some(code) = why.code else {
        return of_part_step(report, &subjects);
    };
    match code {
        "missed" => {
            let look = history.and_then(|history| hottest(history.routes.as_ref()?));
            let look =
                look.unwrap_or_else(|| "Find what failed in the window, mend it.".to_owned());
            format!("Hold the release. {look}")
        }
        "budget_spent" => format!("Hold risky releases until the budget of {subjects} recovers."),
        "too_few_events" | "undecided" => more_events(report, why),
        "no_data" | "nan" | "several_series" | "contradiction" | "points_missing" => {
            format!("Mend the queries of {subjects}, then judge again.")
        }
        "target_down" | "stale" => {
            "See why a target is or was down. Judge again when the window is past it.".to_owned()
        }
        "gap" | "born_in_window" => "Judge again when the window is past the gap.".to_owned(),
        "source_unreachable" | "source_refused" | "not_an_api" | "answer_too_large" | "partial" => {
            let address = plain(&report.prometheus);
            format!("Get whole answers from {address}, then judge again.")
        }
        "clock_skew" => "Set the clocks right, then judge again.".to_owned(),
        "recordings_disagree" => {
            format!("Mend the recording rules of {subjects}, then judge again.")
        }
        _ => format!("Mend what the reason of {subjects} names, then judge again."),
    }
}

fn of_part_step(report: &Report, part: &str) -> String {
    let earlier = report.releases.as_ref().filter(|_| part == RELEASES);
    match earlier.and_then(|releases| releases.earlier.first()) {
        Some(earlier) => format!("See what changed since {}.", plain(&earlier.name)),
        None => format!("See “{part}”, mend what it names, then judge again."),
    }
}

/// The most events that any objective needs: they decide the others too.
fn more_events(report: &Report, why: &Why) -> String {
    let of_objectives = report.objectives.iter().flat_map(|judged| &judged.reasons);
    let values = of_objectives.filter_map(|explained| serde_json::to_value(explained).ok());
    let most = values.filter_map(|value| more_needed(&value));
    match most.fold(why.more_needed, |most, more| {
        Some(most.map_or(more, |most| most.max(more)))
    }) {
        Some(1.0) => "Send 1 more request, then judge again.".to_owned(),
        Some(more) => format!("Send {} more requests, then judge again.", count(more)),
        None => "Wait until the window holds more, then judge again.".to_owned(),
    }
}

/// Where and when most went wrong, if anything is worth a look.
pub(super) fn hottest(grid: &Grid) -> Option<String> {
    let cells = grid.rows.iter().flat_map(|row| {
        let points = row.points.iter();
        points.map(move |&(at, share)| (row, at, share))
    });
    let known = cells.filter(|(_, at, share)| at.is_finite() && share.is_finite());
    let (row, at, share) = known.max_by(|a, b| a.2.total_cmp(&b.2))?;
    let (name, at) = (plain(&row.name), clock(at));
    (share >= HOT_SHARE_MIN).then(|| {
        format!(
            "Look at {name} at {at}: {} of its requests were bad.",
            about(share)
        )
    })
}
