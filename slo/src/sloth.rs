//! Sloth's files, from text to [`Objective`]s: `version: prometheus/v1`, and the same as a resource
//! of Kubernetes (`apiVersion: sloth.slok.dev/v1`, kind PrometheusServiceLevel).
//!
//! Sloth's queries contain `{{.window}}` and are used as written, `rate` read as `increase` where
//! events must be counted (see [`crate::Query::events`]). Its window is 30 days unless Sloth is
//! told otherwise on its command line, which a file cannot say. What `alerting` and `labels` say
//! shapes alerts and recording rules only: the gate judges without it, and `slo check` says so.
//! Plugins are programs for Sloth and cannot be honoured.
//!
//! Source: <https://github.com/slok/sloth>, packages `prometheus/api/v1` and `kubernetes/api/sloth/v1`.

mod schema;

use std::time::Duration;

use crate::objective::{Counted, Indicator, Method, Objective, Ratio, Raw};
use crate::openslo::{Fault, NAME_EXPECTED, Place, is_name, one_line};
use crate::query::{Query, QueryError};
use crate::window;
use schema::{File, Indicators, Level, Resource, Spec};

/// The version of its files.
pub(crate) const VERSION: &str = "prometheus/v1";

/// The group of its resources.
pub(crate) const API_GROUP: &str = "sloth.slok.dev/";

const API_VERSION: &str = "sloth.slok.dev/v1";
const KIND: &str = "PrometheusServiceLevel";

/// Sloth's default window, in days.
const WINDOW_DAYS: u64 = 30;

/// The most `slos` of one document.
const LEVELS_MAX: usize = 1_000;

/// The objectives of one service, as one document has them.
#[derive(Debug)]
pub(crate) struct Group {
    form: Form,
    spec: Spec,
}

/// Which of the two spellings a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    File,
    Resource,
}

impl Group {
    /// Of a file, whose head said `version`.
    pub(crate) fn of_file(
        version: &str,
        place: &Place,
        read: impl FnOnce() -> Result<File, Fault>,
    ) -> Result<Self, Fault> {
        if version != VERSION {
            let message = format!("version is {version:?}; expected {VERSION}");
            return Err(place.fault(&["version"], message));
        }
        let spec = read()?.spec();
        Ok(Self {
            form: Form::File,
            spec,
        })
    }

    /// Of a resource, whose head said `version` and `kind`.
    pub(crate) fn of_resource(
        version: &str,
        kind: &str,
        place: &Place,
        read: impl FnOnce() -> Result<Resource, Fault>,
    ) -> Result<Self, Fault> {
        if version != API_VERSION {
            let message = format!("apiVersion is {version:?}; expected {API_VERSION}");
            return Err(place.fault(&["apiVersion"], message));
        }
        if kind != KIND {
            let message = format!("kind is {kind:?}; expected {KIND}");
            return Err(place.fault(&["kind"], message));
        }
        let spec = read()?.spec;
        Ok(Self {
            form: Form::Resource,
            spec,
        })
    }

    /// The way to the name of the service.
    pub(crate) fn way_of_service(&self) -> &'static [&'static str] {
        match self.form {
            Form::File => &["service"],
            Form::Resource => &["spec", "service"],
        }
    }

    /// That `alerting` has no part in a verdict; `None` where there is none.
    pub(crate) fn remark(&self, place: &Place) -> Option<String> {
        let has_alerting = |level: &&Level| level.alerting.is_some();
        let index = self
            .spec
            .slos
            .iter()
            .position(|level| has_alerting(&level))?;
        let line = self.level(place, index).line("alerting");
        Some(format!(
            "{}:{line}: alerting is not judged by the gate",
            place.file.display()
        ))
    }

    /// The objectives in it, in reading order.
    pub(crate) fn objectives(&self, place: &Place) -> Result<Vec<Objective>, Fault> {
        let service = &self.spec.service;
        if !is_name(service) {
            let message = format!("service is {service:?}; expected {NAME_EXPECTED}");
            return Err(place.fault(self.way_of_service(), message));
        }
        if self.spec.slo_plugins.is_some() {
            let field = self.form.spelled("slo_plugins", "sloPlugins");
            let path = [self.form.root(), &[field]].concat();
            return Err(place.fault(&path, cannot_plug(field)));
        }
        let count = self.spec.slos.len();
        if !(1..=LEVELS_MAX).contains(&count) {
            let path = [self.form.root(), &["slos"]].concat();
            let message = format!("slos has {count} entries; expected 1 to {LEVELS_MAX}");
            return Err(place.fault(&path, message));
        }
        (0..count)
            .map(|index| self.level(place, index).objective(service))
            .collect()
    }

    fn level<'a>(&'a self, place: &'a Place, index: usize) -> At<'a> {
        At {
            form: self.form,
            place,
            index: index.to_string(),
            level: &self.spec.slos[index],
        }
    }
}

fn cannot_plug(field: &str) -> String {
    format!("{field} cannot be honoured: plugins are programs of Sloth; write the queries out")
}

impl Form {
    fn root(self) -> &'static [&'static str] {
        match self {
            Self::File => &[],
            Self::Resource => &["spec"],
        }
    }

    fn spelled(self, file: &'static str, resource: &'static str) -> &'static str {
        match self {
            Self::File => file,
            Self::Resource => resource,
        }
    }
}

/// One of the `slos`, and the way to it.
struct At<'a> {
    form: Form,
    place: &'a Place,
    index: String,
    level: &'a Level,
}

impl At<'_> {
    fn path<'b>(&'b self, rest: &[&'b str]) -> Vec<&'b str> {
        let to_it: &[&'b str] = &["slos", &self.index];
        [self.form.root(), to_it, rest].concat()
    }

    fn line(&self, field: &str) -> usize {
        self.place.line_of(&self.path(&[field]))
    }

    fn fault(&self, rest: &[&str], message: impl Into<String>) -> Fault {
        self.place.fault(&self.path(rest), message)
    }

    fn objective(&self, service: &str) -> Result<Objective, Fault> {
        let level = self.level;
        if !is_name(&level.name) {
            let message = format!("name is {:?}; expected {NAME_EXPECTED}", level.name);
            return Err(self.fault(&["name"], message));
        }
        if level.plugins.is_some() {
            return Err(self.fault(&["plugins"], cannot_plug("plugins")));
        }
        let target = level.objective / 100.0;
        if !(target > 0.0 && target < 1.0) {
            let message = "objective must lie between 0 and 100, both excluded: all good leaves no \
                           budget";
            return Err(self.fault(&["objective"], message));
        }
        let period = Duration::from_secs(WINDOW_DAYS * 86_400);
        Ok(Objective {
            name: level.name.clone(),
            display_name: level.name.clone(),
            description: one_line(&level.description),
            service: service.to_owned(),
            target,
            window: period,
            window_text: window::text(period),
            calendar: None,
            method: Method::Occurrences,
            indicator: self.indicator()?,
            source: None,
            file: self.place.file.clone(),
            line: self.place.line_of(&self.path(&[])),
        })
    }

    fn indicator(&self) -> Result<Indicator, Fault> {
        let Indicators {
            events,
            raw,
            plugin,
        } = &self.level.sli;
        if plugin.is_some() {
            return Err(self.fault(&["sli", "plugin"], cannot_plug("plugin")));
        }
        match (events, raw) {
            (Some(events), None) => {
                let count = |text: &str| Query::count(text);
                let error = self.form.spelled("error_query", "errorQuery");
                let total = self.form.spelled("total_query", "totalQuery");
                let bad = self.query(&["sli", "events", error], &events.error_query, count)?;
                let total = self.query(&["sli", "events", total], &events.total_query, count)?;
                Ok(Indicator::Ratio(Ratio {
                    counted: Counted::Bad(bad),
                    total,
                }))
            }
            (None, Some(raw)) => {
                let field = self.form.spelled("error_ratio_query", "errorRatioQuery");
                let share =
                    self.query(&["sli", "raw", field], &raw.error_ratio_query, Query::value)?;
                Ok(Indicator::Raw(Raw {
                    share: Counted::Bad(share),
                }))
            }
            _ => Err(self.fault(&["sli"], "expected either events or raw")),
        }
    }

    fn query(
        &self,
        way: &[&str],
        text: &str,
        parse: impl FnOnce(&str) -> Result<Query, QueryError>,
    ) -> Result<Query, Fault> {
        let query = parse(text).map_err(|error| self.fault(way, error.to_string()))?;
        let line = self.place.line_of(&self.path(way));
        Ok(query.placed(self.place.file.clone(), line))
    }
}

#[cfg(test)]
mod tests;
