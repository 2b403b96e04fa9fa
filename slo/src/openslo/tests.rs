use std::path::Path;

use super::*;

const SOUND: &str = "\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: availability
  labels: {team: web, tiers: [a, b]}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow:
    - duration: 4w
      isRolling: true
  objectives:
    - targetPercent: 99.9
  indicator:
    spec:
      ratioMetric:
        counter: true
        bad:
          metricSource:
            type: Prometheus
            spec:
              query: bad_total
        total:
          metricSource:
            type: Prometheus
            spec:
              query: all_total
";

fn outcome(text: &str) -> String {
    let read = read(text, Path::new("shop.yaml")).and_then(|documents| objectives(&documents));
    match read {
        Ok(objectives) => format!("{} objectives", objectives.len()),
        Err(fault) => fault.to_string(),
    }
}

fn with(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "{from}");
    outcome(&SOUND.replacen(from, to, 1))
}

#[test]
fn a_sound_file_gives_its_objective() {
    let documents = read(SOUND, Path::new("shop.yaml")).unwrap();
    let objectives = objectives(&documents).unwrap();
    let [objective] = objectives.as_slice() else {
        panic!("{objectives:?}")
    };
    assert_eq!(objective.display_name, "availability");
    assert!((objective.target - 0.999).abs() < 1e-12);
    assert_eq!(objective.window_text, "28d");
    assert_eq!(objective.line, 1);
}

#[test]
fn every_fault_names_file_line_and_what_was_expected() {
    let cases = [
        ("openslo/v1", "openslo/v2"),
        ("kind: SLO", "kind: AlertPolicy"),
        ("name: availability", "name: Availability"),
        ("  labels", "  colour: red\n  labels"),
        ("  service: shop\n", ""),
        ("service: shop", "service: the shop"),
        ("Occurrences", "Timeslices"),
        ("duration: 4w", "duration: 1M"),
        ("isRolling: true", "isRolling: false"),
        (
            "isRolling: true",
            "isRolling: true\n      calendar: {startTime: x}",
        ),
        (
            "    - targetPercent: 99.9\n",
            "    - targetPercent: 99.9\n    - targetPercent: 99\n",
        ),
        ("targetPercent: 99.9", "targetPercent: 100"),
        ("targetPercent: 99.9", "target: 99.9"),
        ("targetPercent: 99.9", "target: .nan"),
        ("targetPercent: 99.9", "targetPercent: many"),
        (
            "targetPercent: 99.9",
            "target: 0.9\n      targetPercent: 90",
        ),
        (
            "targetPercent: 99.9",
            "targetPercent: 99.9\n      targetPercent: 90",
        ),
        ("targetPercent: 99.9", "targetPercent: 99.9\n      op: lte"),
        (
            "  indicator:\n",
            "  alertPolicies:\n    - x\n  indicator:\n",
        ),
        ("  indicator:\n", "  indicatorRef: x\n  indicator:\n"),
        ("ratioMetric", "thresholdMetric"),
        ("counter: true", "counter: false"),
        ("        counter: true\n", ""),
        ("        bad:", "        rawType: success\n        bad:"),
        ("type: Prometheus", "type: Datadog"),
        (
            "type: Prometheus",
            "metricSourceRef: x\n            type: Prometheus",
        ),
        ("query: bad_total", "query: bad_total{"),
        ("query: all_total", "query: sum(rate(all_total[5m]))"),
        ("query: all_total", "query: [all_total]"),
        ("kind: SLO", "\tkind: SLO"),
    ];
    let seen: Vec<String> = cases
        .iter()
        .map(|(from, to)| format!("{to:?}\n    {}", with(from, to)))
        .collect();
    for line in &seen {
        assert!(line.contains("\n    shop.yaml:"), "{line}");
    }
    insta::assert_snapshot!(seen.join("\n"));
}

#[test]
fn an_indicator_can_stand_in_a_document_of_its_own() {
    let (head, spec) = SOUND.split_once("  indicator:\n    spec:\n").unwrap();
    let dedented: String = spec
        .lines()
        .map(|line| format!("{}\n", &line[4..]))
        .collect();
    let sli = format!(
        "apiVersion: openslo/v1\nkind: SLI\nmetadata:\n  name: answered\nspec:\n{dedented}"
    );
    let slo = format!("{head}  indicatorRef: answered\n");
    assert_eq!(outcome(&format!("{sli}---\n{slo}---\n")), "1 objectives");
    assert_eq!(
        outcome(&slo),
        "shop.yaml:14: there is no SLI called \"answered\" among the files of this load"
    );
    assert_eq!(
        outcome(&format!("{slo}---\n{}", sli.replace("bad_total", "1 +"))),
        "shop.yaml:27: not PromQL: the query makes no sense where it stands"
    );
    assert_eq!(
        outcome(&format!("{sli}---\n{sli}")),
        "shop.yaml:22: a second SLI is called \"answered\""
    );
}

#[test]
fn a_service_that_is_declared_must_be_the_one() {
    let service = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: shop}\nspec: {}\n";
    assert_eq!(outcome(&format!("{service}---\n{SOUND}")), "1 objectives");
    let other = service.replace("shop", "bank");
    assert_eq!(
        outcome(&format!("{other}---\n{SOUND}")),
        "shop.yaml:12: there is no Service called \"shop\""
    );
}

#[test]
fn the_same_objective_twice_is_refused() {
    assert_eq!(
        outcome(&format!("{SOUND}---\n{SOUND}")),
        "shop.yaml:32: \"availability\" of service \"shop\" is already at shop.yaml:1"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(cut in 0..SOUND.len(), insert in "[-: \\n\\t&*{}\\[\\]#!|>a-z0-9]{0,12}") {
        let mut text = SOUND.to_owned();
        text.insert_str(cut, &insert);
        let _ = outcome(&text);
    }
}
