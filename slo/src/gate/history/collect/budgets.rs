//! How error budgets were spent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};

use super::super::plan::HistoryPlan;
use super::super::queries::{Columns, Spending};
use super::super::{BudgetLine, shape};
use super::{BUDGETS_MAX, Look, Ranges, Told};
use crate::objective::Objective;
use crate::prometheus::Matrix;
use crate::text::shown;
use crate::window;

/// Budgets that are asked for at most, in the order of the files.
const BUDGETS_ASKED_MAX: usize = 48;

/// A budget over its own window needs as many columns to be worth a picture.
const OWN_COLUMNS_MIN: usize = 8;

/// Budgets over the own windows of their objectives; where no history is as long, over the window
/// of the gate. With them the longest span that they cover.
pub(super) async fn budgets(
    look: &Look<'_, impl Ranges>,
    plan: &HistoryPlan<'_>,
    interval: Option<Duration>,
) -> Told<(Vec<BudgetLine>, Duration)> {
    let own = |objective: &Objective| Look {
        span: objective.window.max(look.span),
        columns: Columns::over(objective.window.max(look.span), interval),
        ..*look
    };
    let asked = plan.objectives.iter().take(BUDGETS_ASKED_MAX);
    let looks: Vec<(&Objective, Look<'_, _>)> = asked.map(|one| (one, own(one))).collect();
    let over_own = join_all(looks.iter().map(|(one, look)| budget(look, plan, one))).await;
    let is_long = |line: &Result<BudgetLine, String>| {
        let points = line.as_ref().map(|line| line.points.len());
        points.is_ok_and(|points| points > OWN_COLUMNS_MIN)
    };
    let (lines, longest) = if over_own.iter().any(is_long) {
        let longest = looks.iter().map(|(_, look)| look.span).max();
        (over_own, longest.unwrap_or(look.span))
    } else {
        let over_gate = looks.iter().map(|(one, _)| budget(look, plan, one));
        (join_all(over_gate).await, look.span)
    };
    let mut notes = Vec::new();
    let mut found = Vec::new();
    for line in lines {
        match line {
            Ok(line) => found.push(line),
            Err(note) => notes.push(note),
        }
    }
    let left = |line: &BudgetLine| line.points.last().map_or(f64::INFINITY, |point| point.1);
    found.sort_by(|a, b| left(a).total_cmp(&left(b)));
    let hidden = plan.objectives.len().saturating_sub(BUDGETS_ASKED_MAX)
        + found.len().saturating_sub(BUDGETS_MAX);
    found.truncate(BUDGETS_MAX);
    if hidden > 0 {
        notes.push(format!(
            "Error budgets: {} are shown, {hidden} are not.",
            found.len()
        ));
    }
    Told {
        value: (found, longest),
        notes,
    }
}

async fn budget(
    look: &Look<'_, impl Ranges>,
    plan: &HistoryPlan<'_>,
    objective: &Objective,
) -> Result<BudgetLine, String> {
    let what = format!("Error budget of {}", shown(&objective.name));
    let spending = Spending::new(objective, look.columns, &plan.matchers)
        .ok_or_else(|| format!("{what}: it is made of slices, which are not drawn."))?
        .map_err(|message| format!("{what}: {message}."))?;
    let of = |matrix: Arc<Matrix>| {
        shape::only(&matrix).map_err(|why| format!("{what}: {why} in {}.", window::text(look.span)))
    };
    let columns = match &spending {
        Spending::Share(query) => {
            let bad = of(look.ask(&what, query).await?)?;
            bad.into_iter().map(|(at, bad)| (at, (1.0, bad))).collect()
        }
        Spending::Events {
            all,
            counted,
            is_bad,
        } => {
            let (all, counted) = join(look.ask(&what, all), look.ask(&what, counted)).await;
            joined(&of(all?)?, &of(counted?)?, *is_bad)
        }
    };
    let points = burn_down(&columns, objective.budget(), look.columns.step);
    Ok(BudgetLine {
        objective: shown(&objective.name),
        window: window::text(look.span),
        points: points
            .ok_or_else(|| format!("{what}: no events in {}.", window::text(look.span)))?,
    })
}

/// All and bad events of each column that has both.
fn joined(
    all: &BTreeMap<u64, f64>,
    counted: &BTreeMap<u64, f64>,
    is_bad: bool,
) -> BTreeMap<u64, (f64, f64)> {
    let both = all.iter().filter_map(|(at, all)| {
        let counted = *counted.get(at)?;
        let bad = if is_bad { counted } else { all - counted };
        // Sums of shares of scrapes differ in their last digits.
        let is_sound = *all >= 0.0 && bad >= -1e-6 * all && bad <= all * (1.0 + 1e-6);
        is_sound.then(|| (*at, (*all, bad.clamp(0.0, *all))))
    });
    both.collect()
}

/// What was left after each column, from the beginning of the first. It ends at the first gap:
/// nobody knows what was spent in it. `None` when there were no events.
pub(in crate::gate::history) fn burn_down(
    columns: &BTreeMap<u64, (f64, f64)>,
    budget: f64,
    step: Duration,
) -> Option<Vec<(f64, f64)>> {
    let step = step.as_secs_f64();
    let allowed = budget * columns.values().map(|(all, _)| all).sum::<f64>();
    if !(allowed > 0.0 && allowed.is_finite()) {
        return None;
    }
    let first = f64::from_bits(*columns.keys().next()?);
    let mut points = vec![(first - step, 1.0)];
    let mut bad = 0.0;
    let mut before = first - step;
    for (at, (_, more)) in columns {
        let at = f64::from_bits(*at);
        if at - before > step * 1.5 {
            break;
        }
        bad += more;
        points.push((at, 1.0 - bad / allowed));
        before = at;
    }
    Some(points)
}
