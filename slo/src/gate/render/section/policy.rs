//! What the policy says, as parts of a report.

use super::super::{UNKNOWN, plain, share};
use super::{ROWS_MAX, Row, Section, Table, number, text};
use crate::policy::{
    BudgetJudged, CriteriaJudged, PolicyJudged, ScoreJudged, Signal, SignalJudged,
};
use crate::text::{count, percent, seconds};

/// The parts, in the order in which they weigh.
pub(super) fn sections(policy: &PolicyJudged) -> Vec<Section> {
    let budget = policy.budget.as_ref().map(budget);
    let signals = (!policy.signals.is_empty()).then(|| signals(&policy.signals));
    [
        Some(score(&policy.score, &policy.criteria)),
        budget,
        signals,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn plain_all(sentences: &[String]) -> impl Iterator<Item = String> {
    sentences.iter().map(|sentence| plain(sentence))
}

fn score(score: &ScoreJudged, criteria: &[CriteriaJudged]) -> Section {
    let reached = match score.reached {
        Some(reached) => format!("{} of the points were reached", percent(reached)),
        None => format!(
            "Between {} and {} of the points are reached",
            percent(score.worst),
            percent(score.best)
        ),
    };
    let mut sentences = vec![format!(
        "{reached}; {} pass, {} pass with a warning.",
        percent(score.pass),
        percent(score.warning)
    )];
    sentences.extend(plain_all(&score.sentences));
    let mut worst_first: Vec<&CriteriaJudged> = criteria.iter().collect();
    worst_first.sort_by_key(|judged| std::cmp::Reverse(judged.verdict));
    for judged in worst_first.iter().take(ROWS_MAX) {
        sentences.extend(plain_all(&judged.sentences));
    }
    let row = |judged: &&CriteriaJudged| Row {
        verdict: Some(judged.verdict),
        cells: vec![
            plain(&judged.objective),
            judged.promise.to_string(),
            judged.verdict.to_string(),
            count(judged.weight as f64),
            if judged.key_sli { "yes" } else { "no" }.to_owned(),
        ],
    };
    let rows: Vec<Row> = worst_first.iter().take(ROWS_MAX).map(row).collect();
    Section {
        title: "Score",
        verdict: Some(score.verdict),
        sentences,
        table: (!rows.is_empty()).then(|| Table {
            columns: vec![
                text("objective"),
                text("promise"),
                text("with criteria"),
                number("weight".to_owned()),
                text("key"),
            ],
            rows,
        }),
    }
}

fn budget(budget: &BudgetJudged) -> Section {
    let mut sentences = vec![format!(
        "With less than {} of its budget left an objective freezes releases.",
        percent(budget.freeze_below)
    )];
    sentences.extend(plain_all(&budget.sentences));
    Section {
        title: "Error budget",
        verdict: Some(budget.verdict),
        sentences,
        table: None,
    }
}

fn signals(signals: &[SignalJudged]) -> Section {
    let row = |judged: &SignalJudged| Row {
        verdict: Some(judged.verdict),
        cells: vec![
            plain(&judged.title),
            figure(judged.signal, judged.now),
            figure(judged.signal, judged.hour_ago),
            figure(judged.signal, judged.week_ago),
        ],
    };
    let sentences = signals.iter().flat_map(|one| plain_all(&one.sentences));
    Section {
        title: "Golden signals",
        verdict: signals.iter().map(|one| one.verdict).max(),
        sentences: sentences.collect(),
        table: Some(Table {
            columns: vec![
                text("signal"),
                number("now".to_owned()),
                number("an hour ago".to_owned()),
                number("a week ago".to_owned()),
            ],
            rows: signals.iter().map(row).collect(),
        }),
    }
}

fn figure(signal: Signal, value: Option<f64>) -> String {
    match (signal, value) {
        (_, None) => UNKNOWN.to_owned(),
        (Signal::LatencyP99, Some(value)) => seconds(value),
        (Signal::Errors | Signal::Saturation, value) => share(value),
        (Signal::Traffic, Some(value)) => format!("{}/s", count(value)),
    }
}
