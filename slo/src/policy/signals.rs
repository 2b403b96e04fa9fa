//! The golden signals: now against the hour and the week before.

use super::criterion::Criterion;
use super::golden::{Breach, Limits, SignalLimit};
use super::judged::{CriterionOutcome, Signal, SignalJudged, rounded};
use super::words::{Unit, apart, figure};
use crate::gate::Verdict;

/// The figure of an earlier time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Past {
    /// It is known.
    Known(f64),
    /// There was nothing to measure: the history does not reach back so far, or there was no
    /// traffic. The comparison is left out, and that is said.
    Nothing,
    /// It could not be found out: the comparison is inconclusive.
    Unknown,
}

impl Past {
    /// The figure, when it is a finite number of 0 or more.
    fn figure(self) -> Option<f64> {
        match self {
            Self::Known(figure) => Some(figure).filter(|figure| is_sound(*figure)),
            Self::Nothing | Self::Unknown => None,
        }
    }
}

/// One signal at three times, each over a time as long as the window of the gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignalFigures {
    /// Which.
    pub signal: Signal,
    /// Over the window of the gate; `None` when it is not known.
    pub now: Option<f64>,
    /// The same one hour earlier.
    pub hour_ago: Past,
    /// The same one week earlier.
    pub week_ago: Past,
}

/// No signal is negative.
fn is_sound(figure: f64) -> bool {
    figure.is_finite() && figure >= 0.0
}

/// Judges every signal that has a limit. One without figures, or with several, is not known.
pub(super) fn judge(limits: &Limits, figures: &[SignalFigures]) -> Vec<SignalJudged> {
    let all = [
        (Signal::LatencyP99, &limits.latency_p99),
        (Signal::Errors, &limits.errors),
        (Signal::Traffic, &limits.traffic),
        (Signal::Saturation, &limits.saturation),
    ];
    let one = |(signal, limit): (Signal, &Option<SignalLimit>)| {
        let mut of_signal = figures.iter().filter(|figures| figures.signal == signal);
        let unknown = SignalFigures {
            signal,
            now: None,
            hour_ago: Past::Unknown,
            week_ago: Past::Unknown,
        };
        let found = match (of_signal.next(), of_signal.next()) {
            (Some(only), None) => *only,
            _ => unknown,
        };
        limit.as_ref().map(|limit| judge_one(limit, &found))
    };
    all.into_iter().filter_map(one).collect()
}

fn judge_one(limit: &SignalLimit, figures: &SignalFigures) -> SignalJudged {
    let now = figures.now.filter(|now| is_sound(*now));
    let of_time = |criterion: Option<Criterion>, past: Past| {
        criterion.map(|criterion| compare(criterion, limit.at_least, now, past))
    };
    let hour = of_time(limit.hour, figures.hour_ago);
    let week = of_time(limit.week, figures.week_ago);
    let verdicts = [hour, week].map(|outcome| verdict(outcome, limit.breach));
    let mut judged = SignalJudged {
        signal: figures.signal,
        title: figures.signal.title().to_owned(),
        unit: figures.signal.unit().to_owned(),
        now: now.and_then(rounded),
        hour_ago: figures.hour_ago.figure().and_then(rounded),
        week_ago: figures.week_ago.figure().and_then(rounded),
        hour,
        week,
        verdict: verdicts[0].max(verdicts[1]),
        sentences: Vec::new(),
    };
    judged.sentences = sentences(limit, &judged);
    judged
}

fn compare(criterion: Criterion, at_least: f64, now: Option<f64>, past: Past) -> CriterionOutcome {
    let Some(now) = now else {
        return CriterionOutcome::NoFigure;
    };
    if past == Past::Nothing {
        return CriterionOutcome::LeftOut;
    }
    let Some(past) = past.figure() else {
        return CriterionOutcome::NoBaseline;
    };
    match criterion.judge(now, Some(past)) {
        // 0.09 - 0.04 is a little less than 0.05.
        CriterionOutcome::NotHeld if (now - past).abs() < at_least * (1.0 - 1e-9) => {
            CriterionOutcome::Held
        }
        outcome => outcome,
    }
}

fn verdict(outcome: Option<CriterionOutcome>, breach: Breach) -> Verdict {
    match outcome {
        None | Some(CriterionOutcome::Held | CriterionOutcome::LeftOut) => Verdict::Pass,
        Some(CriterionOutcome::NotHeld) => match breach {
            Breach::Fail => Verdict::Fail,
            Breach::Warning => Verdict::Warn,
        },
        Some(
            CriterionOutcome::NoFigure
            | CriterionOutcome::NoBaseline
            | CriterionOutcome::NotANumber,
        ) => Verdict::Inconclusive,
    }
}

const fn unit(signal: Signal) -> Unit {
    match signal {
        Signal::LatencyP99 => Unit::Seconds,
        Signal::Errors | Signal::Saturation => Unit::Share,
        Signal::Traffic => Unit::PerSecond,
    }
}

/// What to look at when a signal is not known.
const fn advice(signal: Signal) -> &'static str {
    match signal {
        Signal::LatencyP99 => {
            "Is requests.histogram the right metric, and was there any request in the window?"
        }
        Signal::Errors => {
            "Is requests.errors right for this service, and was there any request in the window?"
        }
        Signal::Traffic => "Is requests.histogram the right metric?",
        Signal::Saturation => "Does saturation.query give exactly one number?",
    }
}

fn sentences(limit: &SignalLimit, judged: &SignalJudged) -> Vec<String> {
    let title = &judged.title;
    let Some(now) = judged.now else {
        let advice = advice(judged.signal);
        return vec![format!("{title} is not known now. {advice}")];
    };
    let times = [
        ("an hour", limit.hour, judged.hour, judged.hour_ago),
        ("a week", limit.week, judged.week, judged.week_ago),
    ];
    let mut sentences = Vec::new();
    for (time, criterion, outcome, past) in times {
        let (Some(criterion), Some(outcome)) = (criterion, outcome) else {
            continue;
        };
        sentences.extend(match outcome {
            CriterionOutcome::NotHeld => {
                past.map(|past| moved(judged.signal, time, criterion, now, past))
            }
            CriterionOutcome::LeftOut => Some(format!(
                "{title}: there was nothing to compare with {time} ago, so {criterion} is left out."
            )),
            CriterionOutcome::NoBaseline => Some(format!(
                "{title} of {time} ago is not known, so {criterion} cannot be judged. Ask again, or \
                 see whether Prometheus keeps that history."
            )),
            CriterionOutcome::NotANumber => Some(format!(
                "{title}: {criterion} of {time} ago gives no finite bound."
            )),
            CriterionOutcome::Held | CriterionOutcome::NoFigure => None,
        });
    }
    sentences
}

fn moved(signal: Signal, time: &str, criterion: Criterion, now: f64, past: f64) -> String {
    let unit = unit(signal);
    let bound = criterion.bound(Some(past)).unwrap_or(past);
    let (shown, bound) = apart(now, bound, unit);
    format!(
        "{} is {shown}; {criterion} against {time} ago ({}) asks for {} {bound}.",
        signal.title(),
        figure(past, unit),
        criterion.relation().words()
    )
}
