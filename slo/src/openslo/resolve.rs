//! Documents to objectives: references followed, values checked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::document::{Content, Document, Fault, Place};
use super::schema::{Metadata, Metric, RatioMetric, SliSpec, SloSpec, Target, TimeWindow, Whole};
use crate::objective::{Counted, Indicator, Method, Objective, Ratio};
use crate::query::{Query, QueryError};
use crate::window;

/// Where an indicator stands: its document and the way to it.
struct Found<'a> {
    place: &'a Place,
    path: Vec<&'static str>,
    spec: &'a SliSpec,
}

/// The objectives of all documents of one load, in reading order.
pub(crate) fn objectives(documents: &[Document]) -> Result<Vec<Objective>, Fault> {
    let mut indicators = BTreeMap::new();
    let mut services = BTreeSet::new();
    for document in documents {
        let (metadata, kind) = match &document.content {
            Content::Slo(whole) => (&whole.metadata, "SLO"),
            Content::Sli(whole) => (&whole.metadata, "SLI"),
            Content::Service(whole) => (&whole.metadata, "Service"),
        };
        checked_name(&document.place, metadata)?;
        let is_new = match &document.content {
            Content::Slo(_) => true,
            Content::Sli(sli) => indicators
                .insert(metadata.name.as_str(), (document, sli.as_ref()))
                .is_none(),
            Content::Service(_) => services.insert(metadata.name.as_str()),
        };
        if !is_new {
            let message = format!("a second {kind} is called {:?}", metadata.name);
            return Err(document.place.fault(&["metadata", "name"], message));
        }
    }
    let mut all: Vec<Objective> = Vec::new();
    for document in documents {
        let Content::Slo(slo) = &document.content else {
            continue;
        };
        let objective = objective(&document.place, slo, &indicators, &services)?;
        let same =
            |other: &&Objective| other.name == objective.name && other.service == objective.service;
        if let Some(other) = all.iter().find(same) {
            let message = format!(
                "{:?} of service {:?} is already at {}:{}",
                objective.name,
                objective.service,
                other.file.display(),
                other.line
            );
            return Err(document.place.fault(&["metadata", "name"], message));
        }
        all.push(objective);
    }
    Ok(all)
}

type Indicators<'a> = BTreeMap<&'a str, (&'a Document, &'a Whole<SliSpec>)>;

fn objective(
    place: &Place,
    slo: &Whole<SloSpec>,
    indicators: &Indicators<'_>,
    services: &BTreeSet<&str>,
) -> Result<Objective, Fault> {
    let spec = &slo.spec;
    if !is_name(&spec.service) {
        let message = format!("service is {:?}; expected {NAME_EXPECTED}", spec.service);
        return Err(place.fault(&["spec", "service"], message));
    }
    if !services.is_empty() && !services.contains(spec.service.as_str()) {
        let message = format!("there is no Service called {:?}", spec.service);
        return Err(place.fault(&["spec", "service"], message));
    }
    if spec.budgeting_method != "Occurrences" {
        let message = format!(
            "budgetingMethod {:?} is not supported yet; expected Occurrences",
            spec.budgeting_method
        );
        return Err(place.fault(&["spec", "budgetingMethod"], message));
    }
    let window = rolling_window(place, &spec.time_window)?;
    let target = target(place, &spec.objectives)?;
    let indicator = indicator(&found(place, spec, indicators)?)?;
    Ok(Objective {
        name: slo.metadata.name.clone(),
        display_name: slo
            .metadata
            .display_name
            .clone()
            .unwrap_or_else(|| slo.metadata.name.clone()),
        description: spec
            .description
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
        service: spec.service.clone(),
        target,
        window,
        window_text: window::text(window),
        calendar: None,
        method: Method::Occurrences,
        indicator,
        source: None,
        file: place.file.clone(),
        line: place.first_line,
    })
}

const NAME_EXPECTED: &str = "lower-case letters, digits and hyphens, at most 63 (RFC 1123)";

fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&name.len())
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn checked_name(place: &Place, metadata: &Metadata) -> Result<(), Fault> {
    if is_name(&metadata.name) {
        return Ok(());
    }
    let message = format!("name is {:?}; expected {NAME_EXPECTED}", metadata.name);
    Err(place.fault(&["metadata", "name"], message))
}

fn rolling_window(place: &Place, windows: &[TimeWindow]) -> Result<Duration, Fault> {
    let path = ["spec", "timeWindow"];
    let [only] = windows else {
        let message = format!("timeWindow has {} entries; expected one", windows.len());
        return Err(place.fault(&path, message));
    };
    if !only.is_rolling {
        let message = "a calendar window is not supported yet; expected isRolling: true";
        return Err(place.fault(&["spec", "timeWindow", "isRolling"], message));
    }
    window::parse(&only.duration)
        .map_err(|message| place.fault(&["spec", "timeWindow", "duration"], message))
}

fn target(place: &Place, targets: &[Target]) -> Result<f64, Fault> {
    let [only] = targets else {
        let message = format!(
            "objectives has {} entries; expected one, and a further SLO for each further target",
            targets.len()
        );
        return Err(place.fault(&["spec", "objectives"], message));
    };
    let (share, field) = match (only.target, only.target_percent) {
        (Some(share), None) => (share, "target"),
        (None, Some(percent)) => (percent / 100.0, "targetPercent"),
        _ => {
            let message = "expected either target (0 to 1) or targetPercent (0 to 100)";
            return Err(place.fault(&["spec", "objectives"], message));
        }
    };
    if share > 0.0 && share < 1.0 {
        return Ok(share);
    }
    let range = if field == "target" {
        "0 and 1"
    } else {
        "0 and 100"
    };
    let message =
        format!("{field} must lie between {range}, both excluded: all good leaves no budget");
    Err(place.fault(&["spec", "objectives", field], message))
}

fn found<'a>(
    place: &'a Place,
    spec: &'a SloSpec,
    indicators: &Indicators<'a>,
) -> Result<Found<'a>, Fault> {
    match (&spec.indicator, &spec.indicator_ref) {
        (Some(inline), None) => {
            let path = vec!["spec", "indicator", "spec", "ratioMetric"];
            Ok(Found {
                place,
                path,
                spec: &inline.spec,
            })
        }
        (None, Some(name)) => match indicators.get(name.as_str()) {
            Some((document, sli)) => {
                let path = vec!["spec", "ratioMetric"];
                Ok(Found {
                    place: &document.place,
                    path,
                    spec: &sli.spec,
                })
            }
            None => {
                let message =
                    format!("there is no SLI called {name:?} among the files of this load");
                Err(place.fault(&["spec", "indicatorRef"], message))
            }
        },
        _ => Err(place.fault(&["spec"], "expected either indicator or indicatorRef")),
    }
}

fn indicator(found: &Found<'_>) -> Result<Indicator, Fault> {
    let ratio: &RatioMetric = &found.spec.ratio_metric;
    let total = query(found, "total", &ratio.total)?;
    let counted = match (&ratio.good, &ratio.bad) {
        (Some(good), None) => Counted::Good(query(found, "good", good)?),
        (None, Some(bad)) => Counted::Bad(query(found, "bad", bad)?),
        _ => {
            return Err(found
                .place
                .fault(&found.path, "expected either good or bad beside total"));
        }
    };
    Ok(Indicator::Ratio(Ratio { counted, total }))
}

fn query(found: &Found<'_>, part: &'static str, metric: &Metric) -> Result<Query, Fault> {
    let source = &metric.metric_source;
    let path = |rest: &[&'static str]| -> Vec<&'static str> {
        found
            .path
            .iter()
            .chain(&[part, "metricSource"])
            .chain(rest)
            .copied()
            .collect()
    };
    if !source.kind.eq_ignore_ascii_case("prometheus") {
        let message = format!("type is {:?}; expected Prometheus", source.kind);
        return Err(found.place.fault(&path(&["type"]), message));
    }
    let read = Query::parse(&source.spec.query, found.spec.ratio_metric.counter);
    let query = read.map_err(|error| {
        let of_counter: Vec<&str> = found.path.iter().chain(&["counter"]).copied().collect();
        let at = match error {
            QueryError::NotACounter => of_counter,
            _ => path(&["spec", "query"]),
        };
        found.place.fault(&at, error.to_string())
    })?;
    let line = found.place.line_of(&path(&["spec", "query"]));
    Ok(query.placed(found.place.file.clone(), line))
}
