//! Where the numbers come from: DataSources, and metrics that refer to them.

use std::collections::BTreeMap;

use reqwest::Url;

use super::document::{Fault, Place};
use super::schema::{DataSourceSpec, MetricSource, Whole};

/// Addresses of Prometheus servers by the names of their DataSources.
pub(super) type Sources<'a> = BTreeMap<&'a str, &'a str>;

/// The address that a DataSource gives.
pub(super) fn address<'a>(
    place: &Place,
    source: &'a Whole<DataSourceSpec>,
) -> Result<&'a str, Fault> {
    let spec = &source.spec;
    checked_type(place, &["spec", "type"], &spec.kind)?;
    let of_details =
        |key: &str, message: String| place.fault(&["spec", "connectionDetails", key], message);
    if let Some(other) = spec.connection_details.keys().find(|key| *key != "url") {
        let message = format!(
            "connectionDetails.{other} cannot be honoured; expected url alone: what gives access is \
             no part of an objective, and is named when the gate is run"
        );
        return Err(of_details(other, message));
    }
    let expected = "expected url, the address of a Prometheus such as http://127.0.0.1:9090";
    let address = spec
        .connection_details
        .get("url")
        .and_then(|url| url.as_str());
    let url = address.and_then(|address| Url::parse(address).ok());
    let (Some(address), Some(url)) = (address, url) else {
        return Err(of_details("url", expected.to_owned()));
    };
    if !url.username().is_empty() || url.password().is_some() {
        let message = "a file of objectives is no place for credentials; expected url without them";
        return Err(of_details("url", message.to_owned()));
    }
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !is_http || url.query().is_some() || url.fragment().is_some() {
        return Err(of_details("url", expected.to_owned()));
    }
    Ok(address)
}

fn checked_type(place: &Place, path: &[&str], kind: &str) -> Result<(), Fault> {
    if kind.eq_ignore_ascii_case("prometheus") {
        return Ok(());
    }
    Err(place.fault(path, format!("type is {kind:?}; expected Prometheus")))
}

/// The address of the server that a metric names, at `path` of `place`; `None` when it leaves that
/// to whoever asks.
pub(super) fn resolved<'a>(
    place: &Place,
    path: &[&str],
    metric: &MetricSource,
    sources: &Sources<'a>,
) -> Result<Option<&'a str>, Fault> {
    let below = |key| {
        let mut path = path.to_vec();
        path.push(key);
        path
    };
    if let Some(kind) = &metric.kind {
        checked_type(place, &below("type"), kind)?;
    }
    match &metric.metric_source_ref {
        Some(name) => match sources.get(name.as_str()) {
            Some(address) => Ok(Some(address)),
            None => {
                let message =
                    format!("there is no DataSource called {name:?} among the files of this load");
                Err(place.fault(&below("metricSourceRef"), message))
            }
        },
        None if metric.kind.is_none() => {
            let message =
                "expected type: Prometheus, or metricSourceRef with the name of a DataSource";
            Err(place.fault(path, message))
        }
        None => Ok(None),
    }
}
