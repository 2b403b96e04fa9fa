//! The total score: points of all objectives to one verdict.

use super::file::TotalScore;
use super::judged::{CriteriaJudged, ScoreJudged, rounded};
use super::words::{Unit, apart, figure};
use crate::gate::Verdict;
use crate::text::shown;

/// The most objectives that a sentence names.
const NAMED_MAX: usize = 5;

/// Adds up: a pass gives its weight, a warning half of it, a fail nothing.
///
/// An inconclusive objective may give anything from nothing to its weight. When even its best is
/// too little, or a key objective failed, the release fails; otherwise it is inconclusive, even
/// where its worst would be enough. A score that passes although an objective warns or fails is a
/// warning.
pub(super) fn judge(total: &TotalScore, objectives: &[CriteriaJudged]) -> ScoreJudged {
    let all: u64 = objectives.iter().map(|one| one.weight).sum();
    // In halves, which are whole numbers.
    let halves = |unknown: u64| -> u64 {
        let of_one = |one: &CriteriaJudged| match one.verdict {
            Verdict::Pass => one.weight * 2,
            Verdict::Warn => one.weight,
            Verdict::Inconclusive => one.weight * unknown,
            Verdict::Fail => 0,
        };
        objectives.iter().map(of_one).sum()
    };
    let share = |halves: u64| {
        if all == 0 {
            0.0
        } else {
            halves as f64 / (all * 2) as f64
        }
    };
    let (worst, best) = (share(halves(0)), share(halves(2)));
    let with = |verdict: Verdict| {
        let names = objectives.iter().filter(move |one| one.verdict == verdict);
        names.collect::<Vec<_>>()
    };
    let unknown = with(Verdict::Inconclusive);
    let key: Vec<&CriteriaJudged> = with(Verdict::Fail)
        .into_iter()
        .filter(|one| one.key_sli)
        .collect();
    let is_whole = objectives.iter().all(|one| one.verdict == Verdict::Pass);
    let verdict = match () {
        () if !key.is_empty() => Verdict::Fail,
        () if objectives.is_empty() => Verdict::Inconclusive,
        () if !reaches(best, total.warning) => Verdict::Fail,
        () if !unknown.is_empty() => Verdict::Inconclusive,
        () if !reaches(worst, total.pass) || !is_whole => Verdict::Warn,
        () => Verdict::Pass,
    };
    let is_known = unknown.is_empty() && !objectives.is_empty();
    let mut judged = ScoreJudged {
        reached: is_known.then(|| rounded(worst)).flatten(),
        best: rounded(best).unwrap_or(best),
        worst: rounded(worst).unwrap_or(worst),
        pass: total.pass,
        warning: total.warning,
        verdict,
        sentences: Vec::new(),
    };
    judged.sentences = sentences(&judged, &key, &unknown, objectives);
    judged
}

/// Thresholds in per cent are not exact in binary.
fn reaches(share: f64, threshold: f64) -> bool {
    share >= threshold - 1e-9
}

fn sentences(
    judged: &ScoreJudged,
    key: &[&CriteriaJudged],
    unknown: &[&CriteriaJudged],
    objectives: &[CriteriaJudged],
) -> Vec<String> {
    if objectives.is_empty() {
        return vec!["There is no objective to score.".to_owned()];
    }
    let percent = |share: f64| figure(share, Unit::Share);
    let asked = format!(
        "at least {} passes, at least {} warns",
        percent(judged.pass),
        percent(judged.warning)
    );
    let mut sentences = Vec::new();
    sentences.push(match judged.reached {
        Some(reached) => {
            let near = if reaches(reached, judged.pass) {
                judged.pass
            } else {
                judged.warning
            };
            let (reached, _) = apart(reached, near, Unit::Share);
            format!("The score is {reached}: {asked}.")
        }
        None => format!(
            "The score is between {} and {}: {asked}.",
            percent(judged.worst),
            percent(judged.best)
        ),
    });
    if !key.is_empty() {
        sentences.push(format!(
            "{} failed and is a key objective: that alone fails the release.",
            names(key)
        ));
    }
    if !unknown.is_empty() && !reaches(judged.best, judged.warning) {
        let names = names(unknown);
        sentences.push(format!("Even if {names} passed, that would be too little."));
    }
    if judged.verdict == Verdict::Inconclusive {
        sentences.push(format!(
            "{} is inconclusive, and no score passes with what is not known.",
            names(unknown)
        ));
    }
    let imperfect: Vec<&CriteriaJudged> = objectives
        .iter()
        .filter(|one| matches!(one.verdict, Verdict::Warn | Verdict::Fail))
        .collect();
    if judged.verdict == Verdict::Warn && reaches(judged.worst, judged.pass) {
        sentences.push(format!(
            "The score is enough although {} did not pass.",
            names(&imperfect)
        ));
    }
    sentences
}

fn names(objectives: &[&CriteriaJudged]) -> String {
    let name = |one: &&CriteriaJudged| shown(&one.objective);
    let mut names: Vec<String> = objectives.iter().take(NAMED_MAX).map(name).collect();
    if objectives.len() > NAMED_MAX {
        names.push(format!("and {} more", objectives.len() - NAMED_MAX));
    }
    names.join(", ")
}
