//! The plan: what is sent, how fast, and what must hold.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use reqwest::header::HeaderName;
use serde::{Deserialize, Serialize};

use crate::lists;
use crate::schedule::Schedule;
use crate::values::{self, Rate, Span};
use crate::varying::Text;

/// Most requests of one plan: their names are label values.
const REQUESTS_MAX: usize = 64;
/// Most bytes of one plan file.
const FILE_SIZE_MAX_BYTES: usize = 1024 * 1024;
/// Most requests of one load.
const SENT_MAX: u64 = 1_000_000_000;

/// A plan, read and checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a plan with name, shape, thresholds, requests"
)]
#[non_exhaustive]
pub struct Plan {
    /// Its name: 1 to 63 of `a-z`, `0-9` and `-`.
    #[serde(deserialize_with = "values::name")]
    pub name: String,
    /// How fast requests are due, and for how long.
    pub shape: Shape,
    /// What must hold, in goose's words: `p95<500ms`, `error-rate<1%`, `max<2s for GET item`.
    #[serde(deserialize_with = "lists::thresholds")]
    pub thresholds: Vec<String>,
    /// The share of the wanted rate that must be reached, or the load is inconclusive.
    #[serde(default = "rate_held_min", deserialize_with = "values::share")]
    pub rate_held_min: f64,
    /// How long to wait for what.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// Requests that can be under way at once; by default what answers within 250 ms need.
    #[serde(default, deserialize_with = "values::users")]
    pub users: Option<usize>,
    /// What is sent, 1 to 64 of them.
    pub requests: Vec<Request>,
}

/// How fast requests are due, and for how long.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Shape {
    /// The course of the rate.
    pub kind: ShapeKind,
    /// Requests per second; of a ramp, when it is up.
    #[serde(deserialize_with = "values::rate")]
    pub rate: f64,
    /// The whole load, ramp included.
    #[serde(deserialize_with = "values::span")]
    pub duration: Duration,
    /// How long the rate rises from 0; only for a ramp.
    #[serde(default, deserialize_with = "values::span_optional")]
    pub ramp_up: Option<Duration>,
}

/// The course of the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ShapeKind {
    /// The same all the time.
    Steady,
    /// Rising evenly from 0, then the same.
    Ramp,
}

/// How long to wait for what.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Timeouts {
    /// From sending a request to the last byte of its answer.
    #[serde(deserialize_with = "values::timeout")]
    pub request: Duration,
    /// For a connection.
    #[serde(deserialize_with = "values::timeout")]
    pub connect: Duration,
    /// How late a request may be sent before it is dropped.
    #[serde(deserialize_with = "values::timeout")]
    pub late: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(5),
            connect: Duration::from_secs(1),
            late: Duration::from_secs(2),
        }
    }
}

/// One kind of request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Request {
    /// Its name in metrics and reports.
    #[serde(deserialize_with = "values::name")]
    pub name: String,
    /// Its method; GET unless said.
    #[serde(default)]
    pub method: Method,
    /// Path and query, with varying parts.
    #[serde(deserialize_with = "values::path")]
    pub path: Text,
    /// Headers, with varying parts.
    #[serde(default, deserialize_with = "lists::headers")]
    pub headers: Vec<(HeaderName, Text)>,
    /// Body, with varying parts: text is sent as it is, anything else as JSON.
    #[serde(default, deserialize_with = "lists::body")]
    pub body: Option<Body>,
    /// Its share among all weights.
    #[serde(default = "one", deserialize_with = "values::weight")]
    pub weight: u32,
    /// The statuses that count as expected.
    #[serde(default = "ok", deserialize_with = "lists::expect")]
    pub expect: Vec<u16>,
    /// Sends the ETag that was last seen for the path, and then expects 304.
    #[serde(default)]
    pub etag: bool,
}

/// A body with varying parts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Body {
    /// What is sent.
    pub text: Text,
    /// Whether it goes as `application/json` unless a header says otherwise.
    pub is_json: bool,
}

/// Method of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    #[default]
    Get,
    /// Reads the head only.
    Head,
    /// Sends a body.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// The method as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Why a plan cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanError {
    /// Line of the file, from 1, when one is to blame.
    pub line: Option<usize>,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{line}: {}", self.message),
            None => write!(f, " {}", self.message),
        }
    }
}

impl std::error::Error for PlanError {}

impl Plan {
    /// Reads and checks a plan.
    ///
    /// # Errors
    /// What is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        if text.len() > FILE_SIZE_MAX_BYTES {
            let message = format!("the plan is larger than {FILE_SIZE_MAX_BYTES} bytes");
            return Err(PlanError {
                line: None,
                message,
            });
        }
        let plan: Self = serde_yaml_ng::from_str(text).map_err(|error| of_yaml(&error))?;
        plan.check(text)?;
        Ok(plan)
    }

    /// The plan at another rate or duration.
    ///
    /// # Errors
    /// When the plan cannot be run so.
    pub(crate) fn with(
        mut self,
        rate: Option<Rate>,
        duration: Option<Span>,
    ) -> Result<Self, PlanError> {
        self.shape.rate = rate.map_or(self.shape.rate, |Rate(rate)| rate);
        self.shape.duration = duration.map_or(self.shape.duration, |Span(span)| span);
        self.check_shape("")?;
        Ok(self)
    }

    /// How many users take requests from the schedule.
    pub(crate) fn users(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is positive and at most 100,000"
        )]
        let derived = (self.shape.rate * 0.25).ceil() as usize;
        self.users.unwrap_or(derived.clamp(8, 512))
    }

    fn check(&self, text: &str) -> Result<(), PlanError> {
        let refuse = |needle: &str, message: String| {
            Err(PlanError {
                line: line_of(text, needle),
                message,
            })
        };
        let count = self.requests.len();
        if !(1..=REQUESTS_MAX).contains(&count) {
            return refuse(
                "requests",
                format!("requests: expected 1 to {REQUESTS_MAX}, found {count}"),
            );
        }
        let mut names = HashSet::new();
        for request in &self.requests {
            let name = &request.name;
            let place = format!("name: {name}");
            if !names.insert(name) {
                return refuse(&place, format!("requests: the name {name} is used twice"));
            }
            if let Some(reason) = request.contradiction() {
                return refuse(&place, format!("request {name}: {reason}"));
            }
        }
        if !self
            .thresholds
            .iter()
            .any(|rule| is_error_rate_of_all(rule))
        {
            let why = "answers that fail fast would pass any other rule";
            let message = format!("thresholds: expected a rule such as error-rate<1%, for {why}");
            return refuse("thresholds", message);
        }
        for rule in &self.thresholds {
            let named = rule.split_once(" for ").map(|(_, name)| name.trim());
            let known = |name: &str| {
                self.requests
                    .iter()
                    .any(|request| request.goose_name() == name)
            };
            if let Some(name) = named.filter(|name| !known(name)) {
                let example = self.requests[0].goose_name();
                let message =
                    format!("threshold {rule:?}: no request is {name}; expected such as {example}");
                return refuse(rule, message);
            }
        }
        self.check_shape(text)
    }

    fn check_shape(&self, text: &str) -> Result<(), PlanError> {
        let refuse = |message: &str| {
            Err(PlanError {
                line: line_of(text, "shape"),
                message: message.to_owned(),
            })
        };
        match (self.shape.kind, self.shape.ramp_up) {
            (ShapeKind::Steady, Some(_)) => return refuse("shape: only kind ramp has a ramp_up"),
            (ShapeKind::Ramp, None) => {
                return refuse("shape: kind ramp needs a ramp_up such as 10s");
            }
            (ShapeKind::Ramp, Some(ramp_up)) if ramp_up > self.shape.duration => {
                return refuse("shape: ramp_up is longer than the whole duration");
            }
            _ => {}
        }
        match Schedule::new(&self.shape).count() {
            0..=SENT_MAX => Ok(()),
            _ => refuse("shape: rate and duration make more than 1,000,000,000 requests"),
        }
    }
}

impl Request {
    /// The name that goose gives it, which thresholds refer to.
    pub(crate) fn goose_name(&self) -> String {
        format!("{} {}", self.method.as_str(), self.name)
    }

    fn contradiction(&self) -> Option<&'static str> {
        let reads = matches!(self.method, Method::Get | Method::Head);
        if self.body.is_some() && reads {
            Some("GET and HEAD have no body; set method: POST")
        } else if self.etag && !reads {
            Some("etag: true is for GET and HEAD")
        } else {
            None
        }
    }
}

fn is_error_rate_of_all(rule: &str) -> bool {
    rule.starts_with("error-rate") && rule.contains('<') && !rule.contains(" for ")
}

/// The last line that holds `needle`: of a name that is used twice, the second use.
fn line_of(text: &str, needle: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .rposition(|line| line.contains(needle))
        .map(|index| index + 1)
}

fn of_yaml(error: &serde_yaml_ng::Error) -> PlanError {
    let line = error.location().map(|location| location.line());
    let message = error.to_string();
    // The position stands in front of the sentence already.
    let sentence = match message.rfind(" at line ") {
        Some(at) if line.is_some() => &message[..at],
        _ => &message,
    };
    PlanError {
        line,
        message: sentence.to_owned(),
    }
}

fn rate_held_min() -> f64 {
    0.95
}

fn one() -> u32 {
    1
}

fn ok() -> Vec<u16> {
    vec![200]
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
