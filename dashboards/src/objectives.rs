//! The first row: what is promised, and how much of it is left.

use slo::Objective;

use crate::panel::{Limits, Look, Panel, Row, lines};

/// The row of all objectives: two numbers for each, then how fast their budgets burn.
pub(crate) fn row(objectives: &[Objective]) -> Row {
    let mut panels: Vec<Panel> = objectives
        .iter()
        .flat_map(|objective| [attainment(objective), budget(objective)])
        .collect();
    panels.push(burn());
    panels.push(alerts());
    Row {
        title: "Objectives",
        panels,
    }
}

fn selector(objective: &Objective) -> String {
    format!(
        r#"{{sloth_service="{}",sloth_slo="{}"}}"#,
        objective.service, objective.name
    )
}

fn attainment(objective: &Objective) -> Panel {
    let Objective {
        display_name,
        description,
        target,
        window_text,
        ..
    } = objective;
    let title = format!("{display_name}, {window_text}");
    let share = format!("Share of good events over {window_text}; green from the target up.");
    let text = [description.trim(), &share].join(" ");
    lines(&title, "percentunit", text.trim())
        .look(Look::Stat)
        .size(6, 5)
        .limits(Limits::Below(*target, *target))
        .up_to(1.0)
        .query(
            format!(
                "1 - slo:sli_error:ratio_rate{window_text}{}",
                selector(objective)
            ),
            "attained",
        )
}

fn budget(objective: &Objective) -> Panel {
    let Objective {
        display_name,
        window_text,
        ..
    } = objective;
    let text = format!(
        "Share of the error budget of {window_text} that is left. Below 25 % no risky release; \
         below 0 the objective is missed."
    );
    lines(
        &format!("{display_name}: budget left"),
        "percentunit",
        &text,
    )
    .look(Look::Stat)
    .size(6, 5)
    .unbounded_below()
    .limits(Limits::Below(0.0, 0.25))
    .query(
        format!(
            "slo:period_error_budget_remaining:ratio{}",
            selector(objective)
        ),
        "left",
    )
}

fn burn() -> Panel {
    let text = "How many times faster than allowed the error budget is spent now, over 5 minutes. \
                At 1 it lasts exactly to the end of its window. The burn alerts say when to act.";
    lines("Burn rate", "none", text)
        .limits(Limits::Above(1.0))
        .query("slo:current_burn_rate:ratio", "{{sloth_slo}}")
}

fn alerts() -> Panel {
    let text = "Alerts that fire, by name. Each has a runbook page of its name.";
    lines("Alerts that fire", "none", text)
        .look(Look::Stacked)
        .query(
            r#"count by (alertname, severity) (ALERTS{alertstate="firing"})"#,
            "{{alertname}} ({{severity}})",
        )
}
