//! The single values of a plan, each with its limits.

use std::str::FromStr;
use std::time::Duration;

use reqwest::header::HeaderName;
use serde::Deserializer;

use crate::checked::{deserialize_scalar, optional, scalar};
use crate::varying::{Escape, Text};

/// Most requests per second.
pub(crate) const RATE_MAX: f64 = 100_000.0;
/// Longest load.
pub(crate) const DURATION_MAX: Duration = Duration::from_secs(24 * 3_600);
/// Longest timeout.
const TIMEOUT_MAX: Duration = Duration::from_secs(300);
/// Longest path with its query, filled.
const PATH_SIZE_MAX_BYTES: usize = 8 * 1024;
/// Longest header value, filled.
const HEADER_SIZE_MAX_BYTES: usize = 4 * 1024;
/// Headers that the runner sets itself, so that a plan cannot unmark its traffic.
const HEADERS_OWN: [&str; 8] = [
    "connection",
    "content-length",
    "host",
    "if-none-match",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "user-agent",
];

/// Name of a plan or a request; it becomes a label and part of a file.
pub(crate) struct Name(pub(crate) String);

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = (1..=63).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        fits.then(|| Self(text.to_owned())).ok_or_else(|| {
            format!("name {text:?}: expected 1 to 63 of a-z, 0-9 and -, such as cached-card")
        })
    }
}

/// A requests-per-second rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate(pub(crate) f64);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rate = text
            .parse()
            .ok()
            .filter(|rate| (0.1..=RATE_MAX).contains(rate));
        rate.map(Self).ok_or_else(|| {
            format!("rate {text}: expected requests per second from 0.1 to {RATE_MAX}")
        })
    }
}

/// How long a load lasts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(pub(crate) Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        duration(text, Duration::from_millis(100), DURATION_MAX).map(Self)
    }
}

struct Timeout(Duration);

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        duration(text, Duration::from_millis(1), TIMEOUT_MAX).map(Self)
    }
}

fn duration(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text.trim()).ok();
    parsed
        .filter(|duration| (least..=most).contains(duration))
        .ok_or_else(|| {
            let (least, most) = (
                humantime::format_duration(least),
                humantime::format_duration(most),
            );
            format!("duration {text:?}: expected text such as 30s or 500ms, from {least} to {most}")
        })
}

struct Share(f64);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let share = text
            .parse()
            .ok()
            .filter(|share| (0.5..=1.0).contains(share));
        share
            .map(Self)
            .ok_or_else(|| format!("{text}: expected a share from 0.5 to 1"))
    }
}

struct Users(usize);

impl FromStr for Users {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let users = text
            .parse()
            .ok()
            .filter(|users| (1..=4_096).contains(users));
        users
            .map(Self)
            .ok_or_else(|| format!("users {text}: expected 1 to 4096"))
    }
}

struct Weight(u32);

impl FromStr for Weight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let weight = text
            .parse()
            .ok()
            .filter(|weight| (1..=1_000_000).contains(weight));
        weight
            .map(Self)
            .ok_or_else(|| format!("weight {text}: expected 1 to 1000000"))
    }
}

/// A status that a plan expects.
pub(crate) struct Status(pub(crate) u16);

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let status = text
            .parse()
            .ok()
            .filter(|status| (200..=599).contains(status));
        status
            .map(Self)
            .ok_or_else(|| format!("status {text}: expected 200 to 599"))
    }
}

/// A threshold in goose's words.
pub(crate) struct Rule(pub(crate) String);

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with("rps") {
            let held = "the rate is held by shape.rate and rate_held_min";
            return Err(format!(
                "threshold {text:?}: expected pNN, avg, max or error-rate; {held}"
            ));
        }
        match text.parse::<goose::threshold::Threshold>() {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(goose::GooseError::InvalidOption { detail, .. }) => Err(detail),
            Err(other) => Err(format!("threshold {text:?}: {other}")),
        }
    }
}

/// A path with its query.
pub(crate) struct PathText(pub(crate) Text);

impl FromStr for PathText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |reason: &dyn std::fmt::Display| Err(format!("path {text:?}: {reason}"));
        let path = match Text::parse(text, Escape::Percent) {
            Ok(path) => path,
            Err(error) => return refuse(&error),
        };
        if !text.starts_with('/') {
            return refuse(&"expected it to start with /");
        }
        let stray = |letter: char| !letter.is_ascii_graphic() || letter == '#';
        if path.written().any(|written| written.contains(stray)) {
            return refuse(&"expected percent-encoded ASCII without spaces and #");
        }
        if path.size_max_bytes() > PATH_SIZE_MAX_BYTES {
            return refuse(&format_args!(
                "expected at most {PATH_SIZE_MAX_BYTES} bytes"
            ));
        }
        Ok(Self(path))
    }
}

/// The name of a header that a plan may set.
pub(crate) struct HeaderKey(pub(crate) HeaderName);

impl FromStr for HeaderKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name: HeaderName = text
            .parse()
            .map_err(|_| format!("header {text:?}: expected a header name"))?;
        if HEADERS_OWN.contains(&name.as_str()) {
            return Err(format!("header {name}: the load runner sets it itself"));
        }
        Ok(Self(name))
    }
}

/// The value of a header.
pub(crate) struct HeaderText(pub(crate) Text);

impl FromStr for HeaderText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Parts only draw from what is written here, so checking it checks every filled value.
        if !text
            .chars()
            .all(|letter| letter.is_ascii_graphic() || letter == ' ')
        {
            return Err(format!("header value {text:?}: expected printable ASCII"));
        }
        let value = Text::parse(text, Escape::None).map_err(|error| error.to_string())?;
        if value.size_max_bytes() > HEADER_SIZE_MAX_BYTES {
            return Err(format!(
                "header value: expected at most {HEADER_SIZE_MAX_BYTES} bytes"
            ));
        }
        Ok(Self(value))
    }
}

deserialize_scalar!(Name, Status, Rule, HeaderKey, HeaderText);

/// Functions for `#[serde(deserialize_with)]`, which leave plain types in the plan.
macro_rules! readers {
    ($($name:ident: $value:ident as $plain:ty;)+) => {$(
        pub(crate) fn $name<'de, D: Deserializer<'de>>(from: D) -> Result<$plain, D::Error> {
            scalar(from).map(|$value(plain)| plain)
        }
    )+};
}

readers! {
    name: Name as String;
    rate: Rate as f64;
    span: Span as Duration;
    timeout: Timeout as Duration;
    share: Share as f64;
    weight: Weight as u32;
    path: PathText as Text;
}

pub(crate) fn span_optional<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Duration>, D::Error> {
    Ok(optional(from)?.map(|Span(span)| span))
}

pub(crate) fn users<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    Ok(optional(from)?.map(|Users(users)| users))
}
