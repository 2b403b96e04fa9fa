//! Asks for a history, piece by piece, side by side.

mod budgets;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all, join3};
use jiff::Timestamp;

use self::budgets::budgets;
#[cfg(test)]
pub(super) use self::budgets::burn_down;
use super::super::ask::Asker;
use super::super::evidence::Asked;
use super::plan::{DependencyMetric, HistoryPlan, RequestMetric};
use super::queries::Columns;
use super::{Dependency, Grid, History, Mark, Span, shape};
use crate::prometheus::{Answer, Matrix};

/// Routes that are shown at most: those with the most bad requests.
pub(super) const ROUTES_MAX: usize = 20;

/// Dependencies that are shown at most, by name.
pub(super) const DEPENDENCIES_MAX: usize = 12;

/// Budgets that are shown at most: those that have least left.
pub(super) const BUDGETS_MAX: usize = 12;

/// Notes at most.
pub(super) const NOTES_MAX: usize = 20;

const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// Who answers: Prometheus, or a table in a test.
pub(super) trait Ranges {
    /// The time that is looked at.
    fn at(&self) -> Timestamp;

    /// What `query` gives at that time.
    async fn instant(&self, query: &str) -> Asked<Arc<Answer>>;

    /// What `query` gives at every `step` from `start` to `end`, both included.
    async fn range(
        &self,
        query: &str,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
    ) -> Asked<Arc<Matrix>>;
}

impl Ranges for Asker<'_> {
    fn at(&self) -> Timestamp {
        Asker::at(self)
    }

    async fn instant(&self, query: &str) -> Asked<Arc<Answer>> {
        Asker::instant(self, query).await
    }

    async fn range(
        &self,
        query: &str,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
    ) -> Asked<Arc<Matrix>> {
        Asker::range(self, query, start, end, step).await
    }
}

/// What happened in the window and around it. It has no errors: what is not told is a note.
pub(in crate::gate) async fn history(asker: &Asker<'_>, plan: &HistoryPlan<'_>) -> History {
    collect(asker, plan).await
}

/// As [`history`], from whoever answers.
pub(super) async fn collect(source: &impl Ranges, plan: &HistoryPlan<'_>) -> History {
    let window = Look {
        source,
        until: source.at(),
        span: plan.window,
        columns: Columns::over(plan.window, None),
    };
    let interval = interval(source, plan).await;
    let window = Look {
        columns: Columns::over(plan.window, interval),
        ..window
    };
    let mut notes = Vec::new();
    let (maps, dependencies, budgets) = join3(
        maps(&window, plan),
        dependencies(&window, plan),
        budgets(&window, plan, interval),
    )
    .await;
    let (routes, buckets) = maps.kept(&mut notes);
    let dependencies = dependencies.kept(&mut notes);
    let (budgets, longest) = budgets.kept(&mut notes);
    let around = Look {
        span: longest,
        columns: Columns::over(longest, interval),
        ..window
    };
    let (releases, faults) = join(releases(&around, plan), faults(&window, &around, plan)).await;
    let releases = releases.kept(&mut notes);
    let faults = faults.kept(&mut notes);
    let more = notes.len().saturating_sub(NOTES_MAX);
    notes.truncate(NOTES_MAX);
    if more > 0 {
        notes.push(format!("{more} more notes are left out."));
    }
    History {
        from: window.start().as_duration().as_secs_f64(),
        until: window.until.as_duration().as_secs_f64(),
        routes,
        buckets,
        dependencies,
        budgets,
        releases,
        faults,
        notes,
    }
}

/// A piece of a history and what is to be said of it.
struct Told<T> {
    value: T,
    notes: Vec<String>,
}

impl<T> Told<T> {
    fn kept(self, notes: &mut Vec<String>) -> T {
        for note in self.notes {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        self.value
    }
}

/// A stretch of time in columns, and who is asked about it.
#[derive(Debug)]
struct Look<'a, S> {
    source: &'a S,
    until: Timestamp,
    span: Duration,
    columns: Columns,
}

impl<S> Clone for Look<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Look<'_, S> {}

impl<S: Ranges> Look<'_, S> {
    /// The time that is `span` before the end.
    fn start(&self) -> Timestamp {
        self.until.checked_sub(self.span).unwrap_or(Timestamp::MIN)
    }

    /// The first column: a step after the beginning, because each looks back.
    fn first(&self) -> Timestamp {
        let steps = (self.span.as_secs() / self.columns.step.as_secs().max(1)).max(1) - 1;
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        let back = self.columns.step.saturating_mul(steps);
        self.until.checked_sub(back).unwrap_or(Timestamp::MIN)
    }

    /// The values of all columns, or a sentence that says why there are none.
    async fn ask(&self, what: &str, query: &str) -> Result<Arc<Matrix>, String> {
        self.ask_before(what, query, Duration::ZERO).await
    }

    /// The same, so much earlier.
    async fn ask_before(
        &self,
        what: &str,
        query: &str,
        before: Duration,
    ) -> Result<Arc<Matrix>, String> {
        let moved = |at: Timestamp| at.checked_sub(before).unwrap_or(Timestamp::MIN);
        let (start, end) = (moved(self.first()), moved(self.until));
        let answer = self.source.range(query, start, end, self.columns.step);
        let matrix = answer
            .await
            .map_err(|lost| format!("{what}: {}.", lost.message))?;
        match matrix.warnings.first() {
            // A doubtful picture would be believed.
            Some(warning) => Err(format!("{what}: Prometheus doubts its answer: {warning}.")),
            None => Ok(matrix),
        }
    }
}

/// Time between two scrapes, when the first histogram tells.
async fn interval(source: &impl Ranges, plan: &HistoryPlan<'_>) -> Option<Duration> {
    let (query, over) = plan.scrapes()?;
    let answer = source.instant(&query.ok()?).await.ok()?;
    let [sample] = answer.vector.as_slice() else {
        return None;
    };
    let is_count = sample.value.is_finite() && sample.value >= 2.0;
    is_count.then(|| over.div_f64(sample.value))
}

async fn maps(
    look: &Look<'_, impl Ranges>,
    plan: &HistoryPlan<'_>,
) -> Told<(Option<Grid>, Option<Grid>)> {
    let mut notes = Vec::new();
    let Some(metric) = &plan.requests else {
        return Told {
            value: (None, None),
            notes,
        };
    };
    let routes = routes(look, plan, metric, &mut notes);
    let (routes, buckets) = join(routes, buckets(look, plan, metric)).await;
    let buckets = buckets.map_err(|note| notes.push(note)).ok();
    Told {
        value: (routes, buckets),
        notes,
    }
}

async fn routes(
    look: &Look<'_, impl Ranges>,
    plan: &HistoryPlan<'_>,
    metric: &RequestMetric,
    notes: &mut Vec<String>,
) -> Option<Grid> {
    let asked = async {
        let what = "Bad requests by route";
        let wrong = |message: String| format!("{what}: {message}.");
        let ranking = plan.bad_by_route(metric).map_err(wrong)?;
        let ranking = look.source.instant(&ranking).await;
        let ranking = ranking.map_err(|lost| wrong(lost.message))?;
        let ranked = shape::ranked(&ranking, &metric.route);
        if ranked.is_empty() {
            let (histogram, bad) = (&metric.histogram, &metric.bad);
            return Err(format!(
                "{what}: no data for {histogram}_count{{{bad}}}, so nobody knows whether there were \
                 none."
            ));
        }
        let query = plan.bad_share_by_route(metric, look.columns);
        let matrix = look.ask(what, &query.map_err(wrong)?).await?;
        let step = look.columns.step;
        match shape::routes(&matrix, &metric.route, &ranked, ROUTES_MAX, step) {
            (Some(grid), hidden) => Ok((grid, hidden)),
            (None, _) => Err(format!("{what}: no data for {}_count.", metric.histogram)),
        }
    };
    match asked.await {
        Ok((grid, 0)) => Some(grid),
        Ok((grid, hidden)) => {
            notes.push(format!(
                "Bad requests by route: the {ROUTES_MAX} worst routes are shown, {hidden} are not."
            ));
            Some(grid)
        }
        Err(note) => {
            notes.push(note);
            None
        }
    }
}

async fn buckets(
    look: &Look<'_, impl Ranges>,
    plan: &HistoryPlan<'_>,
    metric: &RequestMetric,
) -> Result<Grid, String> {
    let what = "Latency of the answers";
    let query = plan.by_bucket(metric, look.columns);
    let query = query.map_err(|message| format!("{what}: {message}."))?;
    let matrix = look.ask(what, &query).await?;
    let why = |why| format!("{what}: {why} in {}_bucket.", metric.histogram);
    shape::buckets(&matrix, look.columns.step).map_err(why)
}

async fn dependencies(
    look: &Look<'_, impl Ranges>,
    plan: &HistoryPlan<'_>,
) -> Told<Vec<Dependency>> {
    let metrics = plan.dependencies.iter().take(DEPENDENCIES_MAX);
    let asked = join_all(metrics.map(|metric| of_metric(look, metric))).await;
    let mut notes = Vec::new();
    let mut found: Vec<Dependency> = Vec::new();
    for told in asked {
        found.extend(told.kept(&mut notes));
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if found.len() > DEPENDENCIES_MAX {
        let hidden = found.len() - DEPENDENCIES_MAX;
        notes.push(format!(
            "P99 of dependencies: {DEPENDENCIES_MAX} are shown, {hidden} are not."
        ));
        found.truncate(DEPENDENCIES_MAX);
    }
    Told {
        value: found,
        notes,
    }
}

async fn of_metric(
    look: &Look<'_, impl Ranges>,
    metric: &DependencyMetric,
) -> Told<Vec<Dependency>> {
    let what = "P99 of dependencies";
    let query = metric.slowest(look.columns);
    let (now, before) = join(look.ask(what, &query), look.ask_before(what, &query, WEEK)).await;
    let mut notes = Vec::new();
    let mut lines = |matrix: Result<Arc<Matrix>, String>, moved: f64| match matrix {
        Ok(matrix) => shape::lines(&matrix, &metric.label, moved),
        Err(note) => {
            notes.push(note);
            BTreeMap::new()
        }
    };
    let now = lines(now, 0.0);
    let mut before = lines(before, WEEK.as_secs_f64());
    if now.is_empty() {
        notes.push(format!("{what}: no data for {}_bucket.", metric.histogram));
    }
    let mut first_week = Vec::new();
    let mut found = Vec::new();
    for (name, now) in now {
        let week_before = before.remove(&name).unwrap_or_default();
        if week_before.is_empty() {
            first_week.push(name.clone());
        }
        found.push(Dependency {
            name,
            now,
            week_before,
        });
    }
    if !first_week.is_empty() {
        first_week.truncate(DEPENDENCIES_MAX);
        let names = first_week.join(", ");
        notes.push(format!("{what}: no data of a week before for {names}."));
    }
    Told {
        value: found,
        notes,
    }
}

async fn releases(look: &Look<'_, impl Ranges>, plan: &HistoryPlan<'_>) -> Told<Vec<Mark>> {
    let what = "Releases";
    let Some((metric, label)) = &plan.build_info else {
        return Told {
            value: Vec::new(),
            notes: Vec::new(),
        };
    };
    let query = HistoryPlan::releases(metric, label);
    let asked = look.ask(what, &query).await;
    let (value, note) = match asked {
        Ok(matrix) if matrix.series.is_empty() => {
            (Vec::new(), Some(format!("{what}: no data for {metric}.")))
        }
        Ok(matrix) => {
            let first = matrix.series.iter().filter_map(|one| one.points.first());
            let first = first.map(|point| point.0).fold(f64::INFINITY, f64::min);
            (shape::marks(&matrix, label, first), None)
        }
        Err(note) => (Vec::new(), Some(note)),
    };
    Told {
        value,
        notes: note.into_iter().collect(),
    }
}

/// Faults of the window column by column, and those before it as coarsely as the budgets.
async fn faults(
    window: &Look<'_, impl Ranges>,
    around: &Look<'_, impl Ranges>,
    plan: &HistoryPlan<'_>,
) -> Told<Vec<Span>> {
    let Some(metric) = &plan.faults else {
        return Told {
            value: Vec::new(),
            notes: Vec::new(),
        };
    };
    let start = window.start().as_duration().as_secs_f64();
    let (recent, earlier) = join(spans(window, metric), async {
        if around.span > window.span {
            spans(around, metric).await
        } else {
            Ok(Vec::new())
        }
    })
    .await;
    let mut notes = Vec::new();
    let mut kept = |spans: Result<Vec<Span>, String>| {
        spans.unwrap_or_else(|note| {
            notes.push(note);
            Vec::new()
        })
    };
    let mut found = kept(earlier);
    // What there was in the window is known better from there.
    found.retain_mut(|span| {
        span.until = span.until.min(start);
        span.from < start
    });
    found.extend(kept(recent));
    found.drain(..found.len().saturating_sub(shape::MARKS_MAX));
    Told {
        value: found,
        notes,
    }
}

async fn spans(look: &Look<'_, impl Ranges>, metric: &str) -> Result<Vec<Span>, String> {
    let query = HistoryPlan::faults(metric, look.columns);
    let matrix = look.ask("Faults", &query).await?;
    Ok(shape::spans(&matrix, look.columns.step))
}
