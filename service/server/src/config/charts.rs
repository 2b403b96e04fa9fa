//! Charts that have a name: sections `[charts.NAME]`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use promql_parser::parser::{self, value::ValueType};
use render::{Chart, Kind, Scene, Threshold, Unit};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::{ConfigError, Optional, Span};
use crate::source::Legend;

/// Most named charts.
const CHARTS_MAX: usize = 64;

/// Longest name, in characters.
const NAME_CHARACTERS_MAX: usize = 64;

/// Longest query, in bytes.
const QUERY_BYTES_MAX: usize = 4_096;

/// What stands for [`RATE_INTERVAL`] when a query is only checked.
const ANY_INTERVAL: &str = "5m";

/// In a query: a window that is long enough for the step and the scrape interval. As in Grafana.
pub(crate) const RATE_INTERVAL: &str = "$__rate_interval";

/// All named charts, by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Charts(BTreeMap<ChartName, NamedChart>);

/// What a name stands for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedChart {
    pub(crate) query: Optional<PromQl>,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default, deserialize_with = "choice")]
    pub(crate) unit: Unit,
    #[serde(default, deserialize_with = "choice")]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) stacked: bool,
    #[serde(default = "no_legend")]
    pub(crate) legend: Optional<Legend>,
    pub(crate) range: Option<Span<60_000>>,
    #[serde(default)]
    threshold: Vec<ThresholdEntry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThresholdEntry {
    #[serde(deserialize_with = "finite")]
    value: f64,
    #[serde(default)]
    label: String,
}

/// 1 to 64 of `a-z`, `0-9` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChartName(String);

/// A query that can be evaluated over a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PromQl(String);

impl Charts {
    /// The chart of this name, if it was not taken away.
    pub(crate) fn get(&self, name: &str) -> Option<(&NamedChart, &str)> {
        let chart = self.0.get(&ChartName(name.to_owned()))?;
        Some((chart, &chart.query.get()?.0))
    }

    /// Every name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let is_there = |(_, chart): &(&ChartName, &NamedChart)| chart.query.get().is_some();
        self.0
            .iter()
            .filter(is_there)
            .map(|(name, _)| name.0.as_str())
    }

    /// What no single value can tell.
    pub(super) fn check(&self, range_max: Duration) -> Result<(), ConfigError> {
        let invalid = |origin: String, reason: String| ConfigError::Invalid { origin, reason };
        if self.0.len() > CHARTS_MAX {
            let reason = format!("there are {}, more than {CHARTS_MAX}", self.0.len());
            return Err(invalid("charts".to_owned(), reason));
        }
        for (ChartName(name), chart) in &self.0 {
            if chart.range.is_some_and(|range| range.get() > range_max) {
                let reason = "longer than prometheus.range_max".to_owned();
                return Err(invalid(format!("charts.{name}.range"), reason));
            }
            let scene = Scene::Chart(Chart {
                title: chart.title.clone(),
                thresholds: chart.thresholds(),
                ..Chart::default()
            });
            scene
                .check()
                .map_err(|error| invalid(format!("charts.{name}"), error.to_string()))?;
        }
        Ok(())
    }
}

impl NamedChart {
    /// Its dashed lines.
    pub(crate) fn thresholds(&self) -> Vec<Threshold> {
        let entries = self.threshold.iter();
        entries
            .map(|entry| Threshold {
                value: entry.value,
                label: entry.label.clone(),
            })
            .collect()
    }
}

impl<'de> Deserialize<'de> for ChartName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        if !(1..=NAME_CHARACTERS_MAX).contains(&text.len()) || !text.bytes().all(is_name) {
            return Err(D::Error::custom(format!(
                "{text:?} is not a name of 1 to {NAME_CHARACTERS_MAX} of a-z, 0-9 and _"
            )));
        }
        Ok(Self(text))
    }
}

impl<'de> Deserialize<'de> for PromQl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        check_query(&text).map_err(D::Error::custom)?;
        Ok(Self(text.trim().to_owned()))
    }
}

/// Whether a text is a query that gives numbers over time.
fn check_query(text: &str) -> Result<(), String> {
    if text.len() > QUERY_BYTES_MAX {
        let bytes = text.len();
        return Err(format!("it has {bytes} bytes, more than {QUERY_BYTES_MAX}"));
    }
    let query = text.replace(RATE_INTERVAL, ANY_INTERVAL);
    // The parser panics on durations beyond its own type, such as `[1e20]`.
    let parsed = std::panic::catch_unwind(|| parser::parse(&query));
    let parsed = parsed.map_err(|_| "a duration in it is out of range".to_owned())?;
    let one_line = |words: String| words.split_whitespace().collect::<Vec<_>>().join(" ");
    match parsed.map_err(one_line)?.value_type() {
        ValueType::Vector | ValueType::Scalar => Ok(()),
        ValueType::Matrix => Err("it gives a range of samples: wrap it in a function".to_owned()),
        ValueType::String => Err("it gives a text, not numbers".to_owned()),
    }
}

fn choice<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|error| D::Error::custom(format!("{text:?}: {error}")))
}

fn finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if value.is_finite() {
        return Ok(value);
    }
    Err(D::Error::custom(format!("{value} is not a finite number")))
}

fn no_legend() -> Optional<Legend> {
    Optional::none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The error that a file with this text gives.
    fn refusal(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("service.toml");
        std::fs::write(&file, text).unwrap();
        let error = Config::layered(Some(&file), &[], &[]).unwrap_err();
        let folder = folder.path().display().to_string();
        error.to_string().replace(&folder, ".")
    }

    fn with_file(text: &str) -> Config {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::layered(Some(file.path()), &[], &[]).unwrap()
    }

    #[test]
    fn the_bundled_charts_are_there() {
        let config = Config::with(&[]).unwrap();
        let names: Vec<&str> = config.charts.names().collect();
        insta::assert_snapshot!(names.join(" "), @"cache_hit_ratio cpu_saturation error_ratio latency_p50 latency_p99 queue_depth render_stage_p95 request_rate");
        let (chart, query) = config.charts.get("latency_p99").unwrap();
        assert_eq!(chart.unit, Unit::Seconds);
        assert_eq!(chart.thresholds()[0].value, 1.2);
        assert!(query.starts_with("histogram_quantile(0.99,"), "{query}");
    }

    #[test]
    fn a_file_adds_changes_and_takes_away_charts() {
        let text = "[charts.goroutines]\nquery = \"go_goroutines\"\n\
            [charts.latency_p99]\ntitle = \"Slow\"\n[charts.queue_depth]\nquery = \"\"\n";
        let config = with_file(text);
        let (chart, query) = config.charts.get("goroutines").unwrap();
        assert_eq!((query, chart.kind), ("go_goroutines", Kind::Line));
        assert!(chart.legend.get().is_none() && chart.thresholds().is_empty());
        let (chart, _) = config.charts.get("latency_p99").unwrap();
        assert_eq!((chart.title.as_str(), chart.unit), ("Slow", Unit::Seconds));
        assert!(config.charts.get("queue_depth").is_none());
        assert!(config.charts.names().all(|name| name != "queue_depth"));
    }

    #[test]
    fn a_setting_adds_a_chart_as_well() {
        let settings = ["charts.mine.query=up", "charts.mine.stacked=true"];
        let config = Config::with(&settings).unwrap();
        assert!(config.charts.get("mine").unwrap().0.stacked);
    }

    #[test]
    fn a_bad_chart_names_its_place() {
        let many: String = (0..70)
            .map(|index| format!("[charts.c{index}]\nquery = \"up\"\n"))
            .collect();
        let long = format!("[charts.a]\nquery = \"{}\"\n", "u".repeat(5_000));
        let report: Vec<String> = [
            "[charts.a]\ntitle = \"no query\"\n",
            "[charts.a]\nquery = \"sum(\"\n",
            "[charts.a]\nquery = \"rate(up[1e20])\"\n",
            "[charts.a]\nquery = \"up[5m]\"\n",
            "[charts.a]\nquery = \"'up'\"\n",
            "[charts.a]\nquery = 5\n",
            "[charts.A]\nquery = \"up\"\n",
            "[charts.\"a b\"]\nquery = \"up\"\n",
            "[charts.\"a.b\"]\nquery = \"up\"\n",
            "[charts.a]\nquery = \"up\"\ncolour = \"red\"\n",
            "[charts.a]\nquery = \"up\"\nunit = \"miles\"\n",
            "[charts.a]\nquery = \"up\"\nkind = \"pie\"\n",
            "[charts.a]\nquery = \"up\"\nlegend = \"{job\"\n",
            "[charts.a]\nquery = \"up\"\nrange = \"5s\"\n",
            "[charts.a]\nquery = \"up\"\nrange = \"90d\"\n",
            "[charts.a]\nquery = \"up\"\nthreshold = [{ value = nan }]\n",
            "[charts.a]\nquery = \"up\"\nthreshold = [{ label = \"x\" }]\n",
            "[charts]\na = \"up\"\n",
            &long,
            &many,
        ]
        .iter()
        .map(|text| refusal(text))
        .collect();
        insta::assert_snapshot!(report.join("\n"));
    }
}
