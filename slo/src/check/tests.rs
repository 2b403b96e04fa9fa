use std::path::Path;

use super::*;

fn bundled() -> Vec<Objective> {
    crate::load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("objectives")]).unwrap()
}

fn table_of(objectives: &[Objective], catalog: &Catalog) -> (String, Outcome) {
    checked(objectives, &[], catalog, None)
}

#[test]
fn the_bundled_objectives_are_in_order() {
    let (table, outcome) = table_of(&bundled(), &Catalog::of_workspace());
    assert_eq!(outcome, Outcome::Held);
    insta::assert_snapshot!(table, @"
    ok        99.95 % over 7d  proofmark/availability
    ok           99 % over 7d  proofmark/latency
    ");
}

#[test]
fn a_query_that_names_what_nobody_records_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    let text = include_str!("../../objectives/latency.yaml");
    let text = text
        .replace("le=\"0.5\"", "le=\"0.3\"")
        .replace("seconds_count", "seconds_cuont");
    std::fs::write(&file, &text).unwrap();
    let objectives = crate::load(&[file]).unwrap();
    let (found, outcome) = table_of(&objectives, &Catalog::of_workspace());
    assert_eq!(outcome, Outcome::Misused);
    assert!(
        found
            .lines()
            .all(|line| line.len() <= 80 || !line.trim().contains(' ')),
        "{found}"
    );
    for part in [
        "le=\"0.3\"",
        "seconds_cuont",
        "seconds_count meant?",
        "wrong",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    // Each names the line of its own query.
    let lines = text.lines().enumerate();
    let queries: Vec<usize> = lines
        .filter_map(|(index, line)| line.contains("query:").then_some(index + 1))
        .collect();
    assert_eq!(queries.len(), 2);
    for line in queries {
        assert!(
            found.contains(&format!("a.yaml:{line}:")),
            "{line}: {found}"
        );
    }
    let (_, outcome) = table_of(&objectives, &Catalog::of_workspace().with_any_metric());
    assert_eq!(
        outcome,
        Outcome::Misused,
        "a metric that is known is still checked"
    );
}

/// Objectives with something to say about each, of a shop whose metrics are in a file.
const SHOP: &str = include_str!("../../tests/check/shop.yaml");
const SHOP_METRICS: &str = include_str!("../../tests/check/shop.metrics");

#[test]
fn the_table_says_what_and_where_within_80_columns() {
    let sloth = include_str!("../../tests/sloth/getting-started.yml");
    let source = |path: &str, text: &str| load::Source {
        path: path.into(),
        text: text.to_owned(),
    };
    let sources = [
        source("slo/shop.yaml", SHOP),
        source("slo/sloth.yml", sloth),
    ];
    let (objectives, remarks) = load::objectives_and_remarks(&sources).unwrap();
    let catalog = names::catalog(SHOP_METRICS).unwrap();
    let (table, outcome) = checked(&objectives, &remarks, &catalog, None);
    assert_eq!(outcome, Outcome::Misused);
    for line in table.lines() {
        assert!(
            line.chars().count() <= 80 || !line.trim().contains(' '),
            "{line}"
        );
    }
    insta::assert_snapshot!(table);
}

#[test]
fn notes_alone_do_not_fail() {
    let text = SHOP
        .split("---")
        .find(|text| text.contains("name: checkout\n"))
        .unwrap();
    let objectives = crate::read(text, Path::new("shop.yaml")).unwrap();
    let catalog = names::catalog(SHOP_METRICS).unwrap();
    let (table, outcome) = checked(&objectives, &[], &catalog, None);
    assert!(
        table.starts_with("note ") && table.contains("note: nothing shows"),
        "{table}"
    );
    assert_eq!(outcome, Outcome::Held);
}

#[test]
fn files_of_metrics_are_bounded_and_read_strictly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("metrics");
    let missing = of_file(&file).unwrap_err().to_string();
    assert!(
        missing.contains("metrics: cannot read metrics"),
        "{missing}"
    );
    std::fs::write(&file, "a 1\n<html>\n").unwrap();
    let wrong = of_file(&file).unwrap_err();
    assert!(
        wrong.to_string().contains("metrics:2: expected the name"),
        "{wrong}"
    );
    assert_eq!(wrong.outcome(), Outcome::Misused);
}

#[test]
fn the_command_line_takes_one_source_of_metrics() {
    use clap::FromArgMatches as _;
    let command = <Args as clap::Args>::augment_args(clap::Command::new("slo"));
    let parse = |arguments: &[&str]| {
        let all = ["slo", "check", "a.yaml"].iter().chain(arguments);
        let matches = command.clone().try_get_matches_from(all);
        matches.is_ok_and(|matches| Args::from_arg_matches(&matches).is_ok())
    };
    assert!(parse(&[]));
    assert!(parse(&["b", "--metrics", "m"]));
    assert!(parse(&["--prometheus", "http://a"]));
    assert!(!parse(&["--prometheus", "http://a", "--metrics", "m"]));
    assert!(!parse(&["--prometheus", "http://a", "--any-metric"]));
    assert!(!parse(&["--metrics", "m", "--any-metric"]));
}
