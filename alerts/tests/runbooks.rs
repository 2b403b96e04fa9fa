//! The runbook pages: one for each alert, in five parts, with queries that work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use slo::Objective;

/// The parts of a page, in order.
const PARTS: [&str; 5] = [
    "Meaning",
    "Impact",
    "Diagnosis",
    "Mitigation",
    "Verification",
];
/// Pages that are not about one alert.
const OTHER_PAGES: [&str; 1] = ["README"];
/// Columns of prose; tables, links and queries may be longer.
const COLUMNS_MAX: usize = 80;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn objectives() -> Vec<Objective> {
    slo::load(&[root().join("slo/objectives")]).expect("the objectives of this repository load")
}

/// Every page by its name without `.md`.
fn pages() -> BTreeMap<String, String> {
    let entries = fs::read_dir(root().join("runbooks")).expect("runbooks is a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let pages = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let page = |path: PathBuf| {
        let name = path
            .file_stem()
            .expect("a page has a name")
            .to_string_lossy()
            .into_owned();
        (
            name,
            fs::read_to_string(&path).expect("a listed file can be read"),
        )
    };
    pages.map(page).collect()
}

fn pages_of_alerts() -> BTreeMap<String, String> {
    let mut pages = pages();
    pages.retain(|name, _| !OTHER_PAGES.contains(&name.as_str()));
    pages
}

/// Fenced blocks of `language`, each with the part of the page that it stands in.
fn fenced(page: &str, language: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut part = String::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        let bare = line.trim();
        match (&mut open, bare.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (None, None) => {
                if let Some(title) = bare.strip_prefix("## ") {
                    part = title.to_owned();
                }
            }
            (Some((_, text)), None) => *text += &format!("{bare}\n"),
            (Some((found, text)), Some(_)) => {
                if found == language {
                    blocks.push((part.clone(), text.clone()));
                }
                open = None;
            }
        }
    }
    assert!(open.is_none(), "a fenced block is not closed");
    blocks
}

#[test]
fn every_alert_has_its_page_and_every_page_its_alert() {
    let alerts: BTreeSet<String> = alerts::list(&objectives())
        .into_iter()
        .map(|alert| alert.name)
        .collect();
    let pages: BTreeSet<String> = pages_of_alerts().into_keys().collect();
    assert_eq!(alerts, pages);
}

#[test]
fn a_page_has_its_name_and_the_five_parts_in_order() {
    for (name, page) in pages_of_alerts() {
        assert!(page.starts_with(&format!("# {name}\n")), "{name}");
        let parts: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert_eq!(parts, PARTS, "{name}");
    }
}

#[test]
fn a_page_says_how_bad_its_alert_is() {
    let pages = pages();
    for alert in alerts::list(&objectives()) {
        let words: Vec<&str> = pages[&alert.name].split_whitespace().collect();
        let said = format!("Severity {}", alert.severity);
        assert!(
            words.join(" ").contains(&said),
            "{} does not say {said:?}",
            alert.name
        );
    }
}

#[test]
fn every_query_of_a_page_asks_only_for_series_that_exist() {
    let catalog = alerts::catalog(&objectives());
    for (name, page) in pages() {
        for (part, query) in fenced(&page, "promql") {
            let query = slo::promql::fill_templates(&query);
            let result = slo::promql::check(&query, &catalog);
            assert!(result.is_ok(), "{name}, {part}:\n{query}{result:?}");
        }
    }
}

#[test]
fn diagnosis_and_verification_each_have_a_query_and_an_expectation() {
    for (name, page) in pages_of_alerts() {
        let queries = fenced(&page, "promql");
        for wanted in ["Diagnosis", "Verification"] {
            assert!(
                queries.iter().any(|(part, _)| part == wanted),
                "{name}: {wanted}"
            );
        }
        let verification = page.split("## Verification").nth(1).unwrap_or_default();
        assert!(
            verification.contains("Expected:"),
            "{name} does not say what to expect"
        );
    }
}

#[test]
fn every_link_of_a_page_leads_to_a_page() {
    let pages = pages();
    for (name, page) in &pages {
        for link in page
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.strip_suffix(".md");
            assert!(
                target.is_some_and(|target| pages.contains_key(target)),
                "{name}: {link}"
            );
        }
    }
}

#[test]
fn the_index_lists_every_alert_as_it_is() {
    let index = &pages()["README"];
    for alert in alerts::list(&objectives()) {
        let row = format!(
            "| [{0}]({0}.md) | {1}, {2} |",
            alert.name, alert.severity, alert.routing
        );
        assert!(index.contains(&row), "the index has no row {row}");
    }
}

#[test]
fn prose_fits_a_terminal() {
    for (name, page) in pages() {
        let mut is_fenced = false;
        for line in page.lines() {
            let is_fence = line.trim_start().starts_with("```");
            is_fenced ^= is_fence;
            let is_prose = !is_fenced && !is_fence && !line.starts_with('|');
            assert!(
                !is_prose || line.chars().count() <= COLUMNS_MAX,
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn every_switch_that_a_page_names_exists() {
    let text = fs::read_to_string(root().join("service/config/base.toml"))
        .expect("the configuration is checked in");
    let config: toml::Table = text.parse().expect("the configuration is TOML");
    for (name, page) in pages() {
        let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
        for switch in words
            .split("`[")
            .skip(1)
            .filter_map(|rest| rest.split('`').next())
        {
            let (section, key) = switch
                .split_once(']')
                .unwrap_or_else(|| panic!("{name}: {switch}"));
            let section = config.get(section).and_then(toml::Value::as_table);
            let section = section.unwrap_or_else(|| panic!("{name}: no section for [{switch}"));
            let key = key.split('=').next().unwrap_or_default().trim();
            assert!(
                key.is_empty() || section.contains_key(key),
                "{name}: [{switch}"
            );
        }
    }
}
