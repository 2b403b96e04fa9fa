//! The generated dashboard: its queries, its layout, and that it is the one checked in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use slo::Objective;
use slo::promql::Catalog;

/// Columns of Grafana's grid.
const COLUMNS: u64 = 24;
/// Metrics of the runners and the desk, which this dashboard is not about.
const NOT_OF_THE_SERVICE: [&str; 2] = ["load_", "desk_"];

/// The recording rules, as far as the tests look at them.
#[derive(Debug, Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    record: String,
    labels: BTreeMap<String, String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn objectives() -> Vec<Objective> {
    slo::load(&[root().join("slo/objectives")]).expect("the objectives of this repository load")
}

fn dashboard() -> Value {
    let files = dashboards::files(&objectives());
    let text = &files[Path::new("dashboards/generated/golden-signals.json")];
    serde_json::from_str(text).expect("the dashboard is JSON")
}

/// The catalog with the series that the checked-in recording rules add.
fn catalog() -> Catalog {
    let text = fs::read_to_string(root().join("alerts/generated/recording.yaml"))
        .expect("the recording rules are checked in");
    let file: RuleFile = serde_yaml_ng::from_str(&text).expect("the recording rules are YAML");
    let rules = file.groups.into_iter().flat_map(|group| group.rules);
    rules.fold(Catalog::of_workspace(), |catalog, rule| {
        let labels: Vec<&str> = rule.labels.keys().map(String::as_str).collect();
        catalog.with_recorded(&rule.record, &labels)
    })
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The panels that show something, without the titles of rows.
fn charts(dashboard: &Value) -> Vec<&Value> {
    list(dashboard, "panels")
        .iter()
        .filter(|panel| text(panel, "type") != "row")
        .collect()
}

/// Every query with the title of its panel or annotation.
fn queries(dashboard: &Value) -> Vec<(&str, &str)> {
    let of_panels = charts(dashboard).into_iter().flat_map(|panel| {
        list(panel, "targets")
            .iter()
            .map(|target| (text(panel, "title"), text(target, "expr")))
    });
    let annotations = list(&dashboard["annotations"], "list").iter();
    of_panels
        .chain(annotations.map(|item| (text(item, "name"), text(item, "expr"))))
        .collect()
}

#[test]
fn the_checked_in_dashboard_is_what_build_writes() {
    for (path, text) in dashboards::files(&objectives()) {
        let present = fs::read_to_string(root().join(&path)).unwrap_or_default();
        assert!(
            present == text,
            "{} is out of date: run proofmark build",
            path.display()
        );
    }
}

#[test]
fn every_query_asks_only_for_series_that_exist() {
    let catalog = catalog();
    let dashboard = dashboard();
    assert!(
        queries(&dashboard).len() > 30,
        "the test found too few queries to mean anything"
    );
    for (title, query) in queries(&dashboard) {
        let filled = slo::promql::fill_templates(query);
        let result = slo::promql::check(&filled, &catalog);
        assert!(result.is_ok(), "{title}: {query}\n{result:?}");
    }
}

#[test]
fn every_signal_of_the_service_is_on_the_dashboard() {
    let dashboard = dashboard();
    let queries: String = queries(&dashboard)
        .into_iter()
        .map(|(_, query)| query)
        .collect();
    for metric in signals::catalog() {
        let is_of_service = !NOT_OF_THE_SERVICE
            .iter()
            .any(|start| metric.name.starts_with(start));
        assert!(
            !is_of_service || queries.contains(metric.name),
            "{} has no panel",
            metric.name
        );
    }
}

#[test]
fn every_panel_has_a_title_a_description_a_unit_and_a_query() {
    for panel in charts(&dashboard()) {
        let title = text(panel, "title");
        assert!(!title.is_empty(), "a panel without title: {panel}");
        assert!(
            text(panel, "description").ends_with('.'),
            "{title}: description"
        );
        assert!(
            !text(&panel["fieldConfig"]["defaults"], "unit").is_empty(),
            "{title}: unit"
        );
        assert!(!list(panel, "targets").is_empty(), "{title}: no query");
        assert_eq!(
            text(&panel["datasource"], "uid"),
            "${datasource}",
            "{title}"
        );
    }
}

#[test]
fn titles_and_numbers_of_panels_are_unique() {
    let dashboard = dashboard();
    let panels = list(&dashboard, "panels");
    let ids: BTreeSet<u64> = panels
        .iter()
        .filter_map(|panel| panel["id"].as_u64())
        .collect();
    let titles: BTreeSet<&str> = panels.iter().map(|panel| text(panel, "title")).collect();
    assert_eq!((ids.len(), titles.len()), (panels.len(), panels.len()));
}

#[test]
fn no_two_panels_overlap_and_none_leaves_the_grid() {
    let mut taken: BTreeMap<(u64, u64), String> = BTreeMap::new();
    for panel in list(&dashboard(), "panels") {
        let title = text(panel, "title");
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| {
            let place = panel["gridPos"][key].as_u64();
            place.unwrap_or_else(|| panic!("{title}: {key} of its place"))
        });
        assert!(
            w > 0 && h > 0 && x + w <= COLUMNS,
            "{title} leaves the grid"
        );
        for cell in (x..x + w).flat_map(|column| (y..y + h).map(move |line| (column, line))) {
            if let Some(other) = taken.insert(cell, title.to_owned()) {
                panic!("{title} overlaps {other} at {cell:?}");
            }
        }
    }
}

#[test]
fn every_line_of_panels_is_full() {
    let dashboard = dashboard();
    let mut widths: BTreeMap<u64, u64> = BTreeMap::new();
    for panel in list(&dashboard, "panels") {
        let place = &panel["gridPos"];
        *widths
            .entry(place["y"].as_u64().unwrap_or_default())
            .or_default() += place["w"].as_u64().unwrap_or_default();
    }
    for (line, width) in widths {
        assert_eq!(width, COLUMNS, "the line at {line} leaves a gap");
    }
}

#[test]
fn the_dashboard_is_one_that_grafana_imports() {
    let dashboard = dashboard();
    assert!(dashboard["schemaVersion"].as_u64() >= Some(39));
    assert_eq!(text(&dashboard, "uid"), dashboards::UID);
    assert!(
        dashboards::UID.len() <= 40,
        "Grafana takes at most 40 characters"
    );
    let variable = &dashboard["templating"]["list"][0];
    assert_eq!(
        (text(variable, "name"), text(variable, "type")),
        ("datasource", "datasource")
    );
    let with_rate = queries(&dashboard)
        .into_iter()
        .filter(|(_, query)| query.contains("rate("));
    for (title, query) in with_rate {
        assert!(query.contains("[$__rate_interval]"), "{title}: {query}");
    }
}
