//! The generated files, as Prometheus and Alertmanager read them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use slo::Objective;

/// A rule file of Prometheus, as far as the tests look at it.
#[derive(Debug, Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    alert: Option<String>,
    record: Option<String>,
    expr: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// A file of `promtool test rules`, as far as the tests look at it.
#[derive(Debug, Deserialize)]
struct RuleTests {
    tests: Vec<RuleTest>,
}

#[derive(Debug, Deserialize)]
struct RuleTest {
    #[serde(default)]
    alert_rule_test: Vec<AlertTest>,
}

#[derive(Debug, Deserialize)]
struct AlertTest {
    alertname: String,
    exp_alerts: Vec<serde_yaml_ng::Value>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn objectives() -> Vec<Objective> {
    slo::load(&[root().join("slo/objectives")]).expect("the objectives of this repository load")
}

fn rehearsal() -> alerts::Settings {
    alerts::Settings {
        interval: Duration::from_secs(1),
        desk_url: "http://127.0.0.1:41234/webhook".to_owned(),
        ..alerts::Settings::default()
    }
}

fn rules_of(files: &BTreeMap<PathBuf, String>) -> Vec<Rule> {
    let rule_files = files
        .iter()
        .filter(|(path, _)| !path.ends_with("alertmanager.yaml"));
    let groups = rule_files.flat_map(|(path, text)| {
        let file: RuleFile = serde_yaml_ng::from_str(text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.groups
    });
    groups.flat_map(|group| group.rules).collect()
}

fn alerts_of(files: &BTreeMap<PathBuf, String>) -> Vec<Rule> {
    rules_of(files)
        .into_iter()
        .filter(|rule| rule.alert.is_some())
        .collect()
}

/// Writes `files` into a folder of their own and gives the paths of those that `wanted` names.
fn written(
    files: &BTreeMap<PathBuf, String>,
    wanted: &[&str],
) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let name = path.file_name().expect("a generated file has a name");
        fs::write(folder.path().join(name), text).expect("the temporary folder takes files");
    }
    let paths = wanted.iter().map(|name| folder.path().join(name)).collect();
    (folder, paths)
}

fn must_succeed(program: &str, words: &[&str], paths: &[PathBuf]) {
    let output = Command::new(program).args(words).args(paths).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; run ci/setup"));
    assert!(
        output.status.success(),
        "{program} {words:?} {paths:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn rule_tests() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("alerts/tests")).expect("alerts/tests is a folder");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    paths.sort();
    paths
}

#[test]
fn the_checked_in_files_are_what_build_writes() {
    for (path, text) in alerts::files(&objectives()) {
        let present = fs::read_to_string(root().join(&path)).unwrap_or_default();
        assert!(
            present == text,
            "{} is out of date: run proofmark build",
            path.display()
        );
        assert!(text.starts_with(alerts::HEADER), "{}", path.display());
    }
}

#[test]
fn prometheus_takes_the_rules_of_both_settings() {
    for settings in [alerts::Settings::default(), rehearsal()] {
        let files = alerts::rules_for(&objectives(), &settings);
        let (_folder, paths) = written(&files, &["recording.yaml", "alerts.yaml"]);
        must_succeed("promtool", &["check", "rules"], &paths);
    }
}

#[test]
fn alertmanager_takes_the_configuration_of_both_settings() {
    for settings in [alerts::Settings::default(), rehearsal()] {
        let files = alerts::rules_for(&objectives(), &settings);
        let (_folder, paths) = written(&files, &["alertmanager.yaml"]);
        must_succeed("amtool", &["check-config"], &paths);
        assert!(
            files[Path::new("alerts/generated/alertmanager.yaml")].contains(&settings.desk_url)
        );
    }
}

#[test]
fn the_rules_fire_and_stay_silent_as_their_tests_say() {
    must_succeed("promtool", &["test", "rules"], &rule_tests());
}

#[test]
fn every_alert_was_seen_firing_and_silent() {
    let mut cases: Vec<AlertTest> = Vec::new();
    for path in rule_tests() {
        let text = fs::read_to_string(&path).expect("a listed file can be read");
        let file: RuleTests = serde_yaml_ng::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cases.extend(file.tests.into_iter().flat_map(|test| test.alert_rule_test));
    }
    for alert in alerts::list(&objectives()) {
        let of_alert: Vec<&AlertTest> = cases
            .iter()
            .filter(|case| case.alertname == alert.name)
            .collect();
        let fires = of_alert.iter().any(|case| !case.exp_alerts.is_empty());
        let is_silent = of_alert.iter().any(|case| case.exp_alerts.is_empty());
        assert!(fires, "no test makes {} fire", alert.name);
        assert!(is_silent, "no test keeps {} silent", alert.name);
    }
}

#[test]
fn every_expression_asks_only_for_series_that_exist() {
    let objectives = objectives();
    let catalog = alerts::catalog(&objectives);
    for rule in rules_of(&alerts::files(&objectives)) {
        let result = slo::promql::check(&rule.expr, &catalog);
        assert!(
            result.is_ok(),
            "{:?} {:?}: {result:?}",
            rule.alert,
            rule.record
        );
    }
}

#[test]
fn a_misspelt_series_would_be_noticed() {
    let catalog = alerts::catalog(&objectives());
    for query in [
        "rate(http_server_request_seconds_count[5m])",
        "slo:sli_error:ratio_rate4m",
        r#"slo:current_burn_rate:ratio{slo="availability"}"#,
    ] {
        assert!(slo::promql::check(query, &catalog).is_err(), "{query}");
    }
}

#[test]
fn the_list_names_the_alerts_of_the_file_with_their_labels() {
    let objectives = objectives();
    let rules = alerts_of(&alerts::files(&objectives));
    let of_file: Vec<(&str, &str, &str)> = rules
        .iter()
        .map(|rule| {
            let name = rule.alert.as_deref().expect("an alert has a name");
            (
                name,
                rule.labels["severity"].as_str(),
                rule.labels["routing"].as_str(),
            )
        })
        .collect();
    let list = alerts::list(&objectives);
    let of_list: Vec<(&str, &str, &str)> = list
        .iter()
        .map(|alert| {
            (
                alert.name.as_str(),
                alert.severity.as_str(),
                alert.routing.as_str(),
            )
        })
        .collect();
    assert_eq!(of_file, of_list);
}

#[test]
fn every_alert_has_its_words_and_links_that_lead_somewhere() {
    let dashboard = fs::read_to_string(root().join("dashboards/generated/golden-signals.json"))
        .expect("the dashboard is checked in");
    assert!(dashboard.contains(&format!(r#""uid": "{}""#, alerts::DASHBOARD_UID)));
    for rule in alerts_of(&alerts::files(&objectives())) {
        let name = rule.alert.expect("an alert has a name");
        let annotation = |key: &str| {
            let text = rule
                .annotations
                .get(key)
                .unwrap_or_else(|| panic!("{name} has no {key}"));
            text.as_str()
        };
        assert!(
            !annotation("summary").contains("{{"),
            "{name}: a summary is a fixed sentence"
        );
        assert!(
            annotation("summary").ends_with('.'),
            "{name}: a summary is a sentence"
        );
        assert!(
            annotation("description").ends_with('.'),
            "{name}: so is a description"
        );
        assert!(
            root().join(annotation("runbook_url")).is_file(),
            "{name} has no page"
        );
        assert!(
            annotation("dashboard_url").ends_with(alerts::DASHBOARD_UID),
            "{name}"
        );
        assert!(!rule.labels["service"].is_empty(), "{name}");
    }
}

#[test]
fn recording_rules_have_the_names_and_labels_that_sloth_dashboards_ask_for() {
    let names: Vec<String> = alerts::recorded(&objectives())
        .into_iter()
        .map(|series| series.name)
        .collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    slo:current_burn_rate:ratio
    slo:error_budget:ratio
    slo:objective:ratio
    slo:period_burn_rate:ratio
    slo:period_error_budget_remaining:ratio
    slo:sli_bad_events:increase5m
    slo:sli_error:ratio_rate1d
    slo:sli_error:ratio_rate1h
    slo:sli_error:ratio_rate2h
    slo:sli_error:ratio_rate30m
    slo:sli_error:ratio_rate3d
    slo:sli_error:ratio_rate5m
    slo:sli_error:ratio_rate6h
    slo:sli_error:ratio_rate7d
    slo:sli_events:increase5m
    slo:time_period:days
    sloth_slo_info
    ");
    for rule in rules_of(&alerts::files(&objectives()))
        .iter()
        .filter(|rule| rule.record.is_some())
    {
        for label in ["sloth_id", "sloth_service", "sloth_slo"] {
            assert!(
                rule.labels.contains_key(label),
                "{:?} has no {label}",
                rule.record
            );
        }
    }
}

#[test]
fn group_names_are_unique_in_each_file() {
    for (path, text) in alerts::files(&objectives()) {
        let Ok(file) = serde_yaml_ng::from_str::<RuleFile>(&text) else {
            continue;
        };
        let mut names: Vec<&str> = file
            .groups
            .iter()
            .map(|group| group.name.as_str())
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{}", path.display());
    }
}

#[test]
fn the_same_objectives_give_the_same_bytes() {
    assert_eq!(alerts::files(&objectives()), alerts::files(&objectives()));
}
