//! Alerts of one objective: its budget burns fast, it burns slowly, or nobody knows.
//!
//! Two windows must agree: the long one says that it matters, the short one that it still goes on.
//! So an alert needs no waiting time to be sure, and it ends minutes after its cause.

use std::time::Duration;

use slo::Objective;
use slo::burn::Pair;

use crate::names::SLOTH_WINDOW;
use crate::recording::{SHORTEST, decimal, id, labels, ratio_name, selector};
use crate::rule::{Alert, Hold, Routing, Severity};

/// End of the name of the alert that pages.
pub(crate) const FAST: &str = "BurnsFast";
/// End of the name of the alert that writes a ticket.
pub(crate) const SLOW: &str = "BurnsSlow";
/// End of the name of the alert for missing data.
pub(crate) const NOT_MEASURED: &str = "NotMeasured";

/// How long a fresh Prometheus may take to its first ratio: it waits 5 s before its first scrape.
const START_MAX: Duration = Duration::from_secs(30);

/// The three alerts of an objective.
pub(crate) fn alerts(objective: &Objective) -> Vec<Alert> {
    vec![fast(objective), slow(objective), not_measured(objective)]
}

fn fast(objective: &Objective) -> Alert {
    Alert {
        expr: burns(objective, &slo::burn::PAGE),
        hold: Hold::Evaluations(2),
        summary: format!("{}: the error budget burns fast.", title(objective)),
        description: burn_description(objective),
        ..critical(objective, FAST)
    }
}

fn slow(objective: &Objective) -> Alert {
    Alert {
        expr: burns(objective, &slo::burn::TICKET),
        hold: Hold::Evaluations(5),
        keep: Hold::Evaluations(21),
        severity: Severity::Warning,
        routing: Routing::Ticket,
        summary: format!(
            "{}: the error budget burns slowly but steadily.",
            title(objective)
        ),
        description: burn_description(objective),
        ..critical(objective, SLOW)
    }
}

fn not_measured(objective: &Objective) -> Alert {
    // A service that nobody calls has a ratio, NaN, and is not absent. The selectors of its events
    // stand beside the ratio because a rate outlives its series by minutes.
    let ratio = format!("{}{}", ratio_name(SHORTEST), selector(objective));
    let series = [ratio]
        .into_iter()
        .chain(objective.indicator.queries()[0].selectors());
    let absences: Vec<String> = series.map(|series| format!("  absent({series})")).collect();
    Alert {
        expr: format!("max(\n{}\n)", absences.join("\n  or\n")),
        hold: Hold::EvaluationsOver(7, START_MAX),
        summary: format!(
            "{}: nobody knows whether the objective holds.",
            title(objective)
        ),
        description: format!(
            "Prometheus has no error ratio of {}: the service is down, its series are missing, or \
             the rule fails.",
            id(objective)
        ),
        ..critical(objective, NOT_MEASURED)
    }
}

/// A page about an objective, still without expression and words.
fn critical(objective: &Objective, end: &str) -> Alert {
    Alert {
        name: format!("{}{end}", camel_case(&objective.name)),
        signal: "objective",
        expr: String::new(),
        hold: Hold::Evaluations(1),
        keep: Hold::Evaluations(5),
        severity: Severity::Critical,
        routing: Routing::Page,
        service: objective.service.clone(),
        labels: labels(objective),
        summary: String::new(),
        description: String::new(),
        chart: None,
    }
}

/// Any of the pairs of windows burns in both of its windows.
fn burns(objective: &Objective, pairs: &[Pair]) -> String {
    let terms: Vec<String> = pairs
        .iter()
        .map(|pair| both_burn(objective, pair))
        .collect();
    terms.join("\nor\n")
}

fn both_burn(objective: &Objective, pair: &Pair) -> String {
    let select = selector(objective);
    let factor = decimal(pair.factor(objective.window));
    let budget = decimal(objective.budget());
    let above = |length| {
        let name = ratio_name(length);
        format!("  max without ({SLOTH_WINDOW}) ({name}{select} > {factor} * {budget})")
    };
    format!("(\n{}\n  and\n{}\n)", above(pair.short), above(pair.long))
}

fn burn_description(objective: &Objective) -> String {
    format!(
        "{{{{ $value | humanizePercentage }}}} of the events of {} are bad now; the objective \
         allows {}% over {}.",
        id(objective),
        decimal(objective.budget() * 100.0),
        objective.window_text,
    )
}

/// The name for people, on one line and without what Prometheus would take for a template.
fn title(objective: &Objective) -> String {
    plain(&objective.display_name)
}

fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace(['{', '}'], "")
}

/// `error-free.answers` becomes `ErrorFreeAnswers`.
fn camel_case(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split(|letter: char| !letter.is_ascii_alphanumeric())
        .map(capitalised)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_objective_becomes_the_start_of_an_alerts_name() {
        assert_eq!(camel_case("availability"), "Availability");
        assert_eq!(camel_case("error-free.answers"), "ErrorFreeAnswers");
        assert_eq!(camel_case("-p99--latency-"), "P99Latency");
    }
    #[test]
    fn a_display_name_cannot_become_a_template() {
        assert_eq!(plain("Fast\n  {{{ $value }}}"), "Fast  $value ");
    }
}
