//! The parameters of `GET /v1/chart.png`, with everything that they leave out filled in.

use std::fmt::Display;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use render::{
    Chart, Kind, LimitError, SERIES_POINTS_MAX, Scene, TITLE_CHARACTERS_MAX, Theme, Threshold,
    Unit, Zone,
};
use signals::Status;

use super::legend::{self, Legend};
use super::step::{self, Grid};
use super::{Blame, Data};
use crate::config::{Charts, Config, RATE_INTERVAL};
use crate::web::{Problem, check_text, each_parameter, shown};

/// Every parameter, in the order in which they are listed.
const NAMES: &[&str] = &[
    "name", "query", "range", "at", "step", "width", "height", "theme", "zone", "title", "unit",
    "kind", "stacked",
];

/// Longest query in a URL, in bytes.
const QUERY_BYTES_MAX: usize = 4_096;

/// The range of a chart that does not say one.
const RANGE_DEFAULT: Duration = Duration::from_secs(3_600);

/// The shortest range.
const RANGE_MIN: Duration = Duration::from_secs(60);

/// How far the clock of a caller may be before ours.
const AHEAD_MAX: Duration = Duration::from_secs(60);

/// Changes whenever equal parameters mean another picture.
const VERSION: &[u8] = b"chart-request-1";

/// What the configuration says about charts.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    charts: Charts,
    has_adhoc: bool,
    range_max: Duration,
    step_min: Duration,
    settle: Duration,
}

/// One chart, with nothing left open: equal requests are equal values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChartRequest {
    /// The name, if it is a named chart.
    pub(crate) name: Option<String>,
    /// As it was written, [`RATE_INTERVAL`] included.
    query: String,
    legend: Option<Legend>,
    pub(super) grid: Grid,
    range: Duration,
    step_min: Duration,
    /// Whether it ends at a moment that was given, so long ago that nothing changes any more.
    pub(crate) is_pinned: bool,
    has_moment: bool,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) theme: Theme,
    pub(crate) zone: Zone,
    pub(crate) title: String,
    pub(crate) unit: Unit,
    pub(crate) kind: Kind,
    pub(crate) stacked: bool,
    pub(crate) thresholds: Vec<Threshold>,
}

/// The parameters as they were given.
#[derive(Debug, Default)]
struct Given {
    name: Option<String>,
    query: Option<String>,
    range: Option<Duration>,
    at: Option<Timestamp>,
    step: Option<Duration>,
    width: Option<u32>,
    height: Option<u32>,
    theme: Option<Theme>,
    zone: Option<Zone>,
    title: Option<String>,
    unit: Option<Unit>,
    kind: Option<Kind>,
    stacked: Option<bool>,
}

/// What is drawn: by name, or by a query of the caller.
struct Subject<'a> {
    query: &'a str,
    title: String,
    legend: Option<&'a Legend>,
    unit: Unit,
    kind: Kind,
    stacked: bool,
    range: Duration,
    thresholds: Vec<Threshold>,
}

impl Rules {
    pub(crate) fn new(config: &Config) -> Self {
        let settings = &config.prometheus;
        Self {
            charts: config.charts.clone(),
            has_adhoc: settings.adhoc,
            range_max: settings.range_max.get(),
            step_min: settings.step_min.get(),
            settle: settings.settle.get(),
        }
    }

    /// The chart that the parameters are about.
    fn subject<'a>(&'a self, given: &'a Given) -> Result<Subject<'a>, Problem> {
        match (&given.name, &given.query) {
            (Some(name), None) => self.named(name),
            (None, Some(query)) => self.adhoc(query),
            (None, None) => {
                let detail = "Give the name of a chart (name=…), or a query (query=…).";
                Err(Problem::parameter("name", detail))
            }
            (Some(_), Some(_)) => {
                let detail = "Give either a name or a query, not both.";
                Err(Problem::parameter("query", detail))
            }
        }
    }

    fn named(&self, name: &str) -> Result<Subject<'_>, Problem> {
        let Some((chart, query)) = self.charts.get(name) else {
            let known: Vec<&str> = self.charts.names().collect();
            let detail = format!(
                "There is no chart {:?}; there are {}.",
                shown(name),
                known.join(", ")
            );
            let mut problem =
                Problem::new(Status::NotFound, "no-such-chart", "No such chart", detail);
            problem.parameter = Some("name".to_owned());
            return Err(problem);
        };
        let range = chart.range.map_or(RANGE_DEFAULT, |range| range.get());
        Ok(Subject {
            query,
            title: chart.title.clone(),
            legend: chart.legend.get(),
            unit: chart.unit,
            kind: chart.kind,
            stacked: chart.stacked,
            range: range.min(self.range_max),
            thresholds: chart.thresholds(),
        })
    }

    fn adhoc<'a>(&self, query: &'a str) -> Result<Subject<'a>, Problem> {
        if !self.has_adhoc {
            let detail = "Queries in the URL are switched off here; name=… draws a named chart.";
            return Err(Problem::parameter("query", detail));
        }
        let query = query.trim();
        if query.is_empty() {
            return Err(Problem::parameter("query", "It is empty."));
        }
        at_most("query", "bytes", query.len(), QUERY_BYTES_MAX)?;
        let is_odd =
            |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
        if query.contains(is_odd) {
            return Err(Problem::parameter("query", "It holds a control character."));
        }
        let words: Vec<&str> = query.split_whitespace().collect();
        Ok(Subject {
            query,
            title: legend::cut(&words.join(" "), TITLE_CHARACTERS_MAX),
            legend: None,
            unit: Unit::default(),
            kind: Kind::default(),
            stacked: false,
            range: RANGE_DEFAULT.min(self.range_max),
            thresholds: Vec::new(),
        })
    }

    /// The range, between the shortest and the longest.
    fn range(&self, range: Duration) -> Result<Duration, Problem> {
        let limit = range.clamp(RANGE_MIN, self.range_max.max(RANGE_MIN));
        within("range", range, limit)?;
        Ok(range)
    }

    /// The step: what was asked for, or what the picture can show.
    fn step_ms(&self, step: Option<Duration>, range: Duration, width: u32) -> Result<u64, Problem> {
        let (range_ms, step_min_ms) = (milliseconds(range), milliseconds(self.step_min));
        let Some(step) = step else {
            return Ok(step::choose(range_ms, width, step_min_ms));
        };
        within("step", step, step.max(self.step_min))?;
        let step_ms = milliseconds(step);
        let points = step::points_max(range_ms, step_ms);
        let points = usize::try_from(points).unwrap_or(usize::MAX);
        at_most("step", "points", points, SERIES_POINTS_MAX)?;
        Ok(step_ms)
    }
}

impl ChartRequest {
    /// The chart that a query asks for at `now`.
    ///
    /// What can be told without asking Prometheus is refused here: 400 for what is not understood,
    /// 404 for a name that is not there, 422 for what is over a limit.
    pub(crate) fn parse(query: &str, now: SystemTime, rules: &Rules) -> Result<Self, Problem> {
        let mut given = Given::default();
        each_parameter(query, NAMES, |name, value| given.take(name, value))?;
        let subject = rules.subject(&given)?;
        let default = Chart::default();
        let range = rules.range(given.range.unwrap_or(subject.range))?;
        let width = given.width.unwrap_or(default.width);
        let step_ms = rules.step_ms(given.step, range, width)?;
        let now_ms = milliseconds_of(now);
        let at_ms = given.at.map_or(now_ms, Timestamp::as_millisecond);
        if at_ms > now_ms.saturating_add_unsigned(milliseconds(AHEAD_MAX)) {
            return Err(Problem::parameter("at", "It lies in the future."));
        }
        let grid = Grid::over(at_ms, milliseconds(range), step_ms);
        let settled_ms = now_ms.saturating_sub_unsigned(milliseconds(rules.settle));
        let request = Self {
            query: subject.query.to_owned(),
            legend: subject.legend.cloned(),
            grid,
            range,
            step_min: rules.step_min,
            is_pinned: given.at.is_some() && grid.end_ms < settled_ms,
            has_moment: given.at.is_some(),
            width,
            height: given.height.unwrap_or(default.height),
            theme: given.theme.unwrap_or_default(),
            zone: given.zone.clone().unwrap_or_default(),
            title: given.title.clone().unwrap_or(subject.title),
            unit: given.unit.unwrap_or(subject.unit),
            kind: given.kind.unwrap_or(subject.kind),
            stacked: given.stacked.unwrap_or(subject.stacked),
            thresholds: subject.thresholds,
            name: given.name,
        };
        // A picture that cannot be drawn is not worth a query.
        Scene::Chart(request.chart(None)).check()?;
        Ok(request)
    }

    /// Whose fault it is when Prometheus refuses the query.
    pub(super) fn blame(&self) -> Blame {
        match self.name {
            Some(_) => Blame::Configuration,
            None => Blame::Caller,
        }
    }

    /// What identifies its data: equal ones share one query.
    pub(super) fn data_identity(&self) -> [u8; 32] {
        let mut hasher = self.hasher();
        moments(&mut hasher, &self.grid);
        *hasher.finalize().as_bytes()
    }

    /// What identifies it among the charts whose last good data is kept: a chart of now is the same
    /// one later, a chart of a given moment is not.
    pub(super) fn series_identity(&self) -> [u8; 32] {
        let mut hasher = self.hasher();
        hasher.update(&milliseconds(self.range).to_le_bytes());
        if self.has_moment {
            hasher.update(&self.grid.end_ms.to_le_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    fn hasher(&self) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new();
        hasher.update(VERSION);
        text(&mut hasher, &self.query);
        text(&mut hasher, self.legend.as_ref().map_or("", Legend::as_str));
        hasher.update(&milliseconds(self.step_min).to_le_bytes());
        hasher
    }

    pub(super) fn legend(&self) -> Option<&Legend> {
        self.legend.as_ref()
    }

    /// The query as it is sent for a grid.
    pub(super) fn promql(&self, grid: &Grid) -> String {
        let interval = format!("{}ms", grid.rate_interval(self.step_min).as_millis());
        let braced = RATE_INTERVAL.replacen('$', "${", 1) + "}";
        self.query
            .replace(&braced, &interval)
            .replace(RATE_INTERVAL, &interval)
    }

    /// The chart of this data, or one that says that there is none.
    ///
    /// Range, notes and the moment of evaluation are for whoever draws to add.
    pub(crate) fn chart(&self, data: Option<&Data>) -> Chart {
        Chart {
            width: self.width,
            height: self.height,
            title: self.title.clone(),
            kind: self.kind,
            stacked: self.stacked,
            zone: self.zone.clone(),
            unit: self.unit,
            series: data.map(|data| data.series.clone()).unwrap_or_default(),
            thresholds: self.thresholds.clone(),
            theme: self.theme,
            ..Chart::default()
        }
    }
}

impl Given {
    fn take(&mut self, name: &'static str, value: String) -> Result<(), Problem> {
        match name {
            "name" => self.name = Some(value),
            "query" => self.query = Some(value),
            "range" => self.range = Some(duration(name, &value)?),
            "at" => self.at = Some(moment(name, &value)?),
            "step" => self.step = Some(duration(name, &value)?),
            "width" => self.width = Some(pixels(name, &value)?),
            "height" => self.height = Some(pixels(name, &value)?),
            "theme" => self.theme = Some(choice(name, &value)?),
            "zone" => self.zone = Some(choice(name, &value)?),
            "title" => {
                check_text(name, &value)?;
                self.title = Some(value);
            }
            "unit" => self.unit = Some(choice(name, &value)?),
            "kind" => self.kind = Some(choice(name, &value)?),
            _ => {
                let stacked = value.parse();
                self.stacked =
                    Some(stacked.map_err(|_| expected(name, "must be true or false", &value))?);
            }
        }
        Ok(())
    }
}

fn choice<T: FromStr<Err: Display>>(name: &str, value: &str) -> Result<T, Problem> {
    value.parse().map_err(|error| expected(name, error, value))
}

fn pixels(name: &str, value: &str) -> Result<u32, Problem> {
    if !is_digits(value) {
        return Err(expected(name, "must be a whole number of pixels", value));
    }
    // What does not fit is too large in any case: the limit of the scene says so.
    Ok(value.parse().unwrap_or(u32::MAX))
}

fn duration(name: &str, value: &str) -> Result<Duration, Problem> {
    let wrong = || expected(name, "must be a duration such as 15m, 1h or 7d", value);
    humantime::parse_duration(value).map_err(|_| wrong())
}

/// A time of RFC 3339, or seconds since 1970.
fn moment(name: &str, value: &str) -> Result<Timestamp, Problem> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let found = if is_digits(whole) && is_digits(fraction) {
        // Milliseconds are all that Prometheus knows.
        let thousandths: String = fraction.chars().chain("00".chars()).take(3).collect();
        format!("{whole}{thousandths}")
            .parse()
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
    } else {
        value.parse().ok()
    };
    let what = "must be a time such as 2026-11-22T19:40:00Z, or seconds since 1970";
    found.ok_or_else(|| expected(name, what, value))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn expected(name: &str, what: impl Display, value: &str) -> Problem {
    Problem::parameter(name, format!("{:?}: {what}.", shown(value)))
}

/// Refuses a duration that is not its own limit.
fn within(parameter: &str, actual: Duration, limit: Duration) -> Result<(), Problem> {
    if actual == limit {
        return Ok(());
    }
    // Rounded away from the limit, so that the sentence holds.
    let seconds = match actual > limit {
        true => actual.as_secs_f64().ceil() as u64,
        false => actual.as_secs(),
    };
    Err(Problem::limit(&LimitError {
        parameter: parameter.to_owned(),
        counted: "seconds",
        limit: limit.as_secs(),
        actual: seconds,
    }))
}

fn at_most(
    parameter: &str,
    counted: &'static str,
    actual: usize,
    max: usize,
) -> Result<(), Problem> {
    if actual <= max {
        return Ok(());
    }
    Err(Problem::limit(&LimitError {
        parameter: parameter.to_owned(),
        counted,
        limit: max as u64,
        actual: actual as u64,
    }))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds since 1970; times before that count as 1970.
fn milliseconds_of(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(milliseconds(since.unwrap_or_default())).unwrap_or(i64::MAX)
}

fn text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

fn moments(hasher: &mut blake3::Hasher, grid: &Grid) {
    hasher.update(&grid.start_ms.to_le_bytes());
    hasher.update(&grid.end_ms.to_le_bytes());
    hasher.update(&grid.step_ms.to_le_bytes());
}

#[cfg(test)]
mod tests;
