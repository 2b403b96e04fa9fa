use std::path::Path;

use super::*;

mod faults;
mod written;

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

fn objectives_of(text: &str) -> Vec<crate::Objective> {
    let documents = read(text, Path::new("shop.yaml")).unwrap_or_else(|fault| panic!("{fault}"));
    objectives(&documents).unwrap_or_else(|fault| panic!("{fault}"))
}

#[test]
fn several_objectives_of_one_slo_are_told_apart() {
    let entries = "- {displayName: In time, target: 0.99}\n    - target: 0.9\n";
    let all = objectives_of(&SOUND.replace("- targetPercent: 99.9\n", entries));
    let seen: Vec<_> = all
        .iter()
        .map(|one| {
            (
                one.name.as_str(),
                one.display_name.as_str(),
                one.target,
                one.line,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("availability-in-time", "availability: In time", 0.99, 13),
            ("availability-2", "availability-2", 0.9, 14)
        ]
    );
    assert_eq!(all[0].indicator, all[1].indicator);
}

#[test]
fn slices_have_a_length_and_a_target() {
    let sliced = |method: &str, more: &str| {
        let target = format!("targetPercent: 99.9{more}");
        let text = SOUND
            .replace("Occurrences", method)
            .replace("targetPercent: 99.9", &target);
        match read(&text, Path::new("shop.yaml")).and_then(|documents| objectives(&documents)) {
            Ok(all) => format!("{:?}", all[0].method),
            Err(fault) => fault.to_string(),
        }
    };
    let window = "\n      timeSliceWindow: ";
    let target = "\n      timeSliceTarget: ";
    let seen = [
        sliced("Timeslices", &format!("{window}5m{target}0.95")),
        sliced("Timeslices", &format!("{window}2{target}1")),
        sliced("RatioTimeslices", &format!("{window}1h")),
        sliced("Timeslices", &format!("{window}5m")),
        sliced("Timeslices", &format!("{target}0.95")),
        sliced("Timeslices", &format!("{window}5m{target}1.5")),
        sliced("Timeslices", &format!("{window}5m{target}.nan")),
        sliced("Timeslices", &format!("{window}5w{target}1")),
        sliced("Timeslices", &format!("{window}1ms{target}1")),
        sliced("Timeslices", &format!("{window}-5{target}1")),
        sliced("RatioTimeslices", &format!("{window}1h{target}1")),
    ];
    insta::assert_snapshot!(seen.join("\n"));
}

const CALENDAR: &str = "    - duration: 1M
      calendar:
        startTime: 2024-01-01 00:00:00
        timeZone: Europe/Berlin
";

#[test]
fn a_window_can_follow_the_calendar() {
    let rolling = "    - duration: 4w\n      isRolling: true\n";
    let one = objectives_of(&SOUND.replace(rolling, CALENDAR)).remove(0);
    assert_eq!(
        one.window,
        std::time::Duration::from_secs(31 * 86_400 + 3_600)
    );
    assert_eq!(one.window_text, "745h");
    let calendar = one.calendar.unwrap();
    let (begin, end) = calendar
        .window_at("2024-03-15T00:00:00Z".parse().unwrap())
        .unwrap();
    assert_eq!(
        format!("{begin} {end}"),
        "2024-02-29T23:00:00Z 2024-03-31T22:00:00Z"
    );
}

/// An SLI of another kind in place of the ratio of counters.
fn with_indicator(spec: &str, entry: &str) -> String {
    let (head, _) = SOUND.split_once("      ratioMetric:").unwrap();
    format!("{}{spec}", head.replace("targetPercent: 99.9", entry))
}

const THRESHOLD: &str = "      thresholdMetric:
        metricSource:
          type: Prometheus
          spec:
            query: histogram_quantile(0.99, sum by (le) (rate(x_bucket[{{.window}}])))
";

const RAW: &str = "      ratioMetric:
        rawType: success
        raw:
          metricSource:
            type: Prometheus
            spec:
              query: good:ratio
";

#[test]
fn a_value_can_be_held_against_a_bound() {
    let text = with_indicator(THRESHOLD, "target: 0.9\n      op: lte\n      value: 0.3");
    let one = objectives_of(&text).remove(0);
    let crate::Indicator::Threshold(threshold) = &one.indicator else {
        panic!("{one:?}")
    };
    assert_eq!(
        (threshold.operator, threshold.value),
        (crate::Operator::AtMost, 0.3)
    );
    assert_eq!(one.place_of(&threshold.query), "shop.yaml:22");
    let seen: Vec<String> = [
        "target: 0.9",
        "target: 0.9\n      op: lte",
        "target: 0.9\n      value: 3",
        "target: 0.9\n      op: le\n      value: 3",
        "target: 0.9\n      op: gt\n      value: .inf",
        "target: 0.9\n      op: gt\n      value: 1e999",
    ]
    .iter()
    .map(|entry| outcome(&with_indicator(THRESHOLD, entry)))
    .collect();
    insta::assert_snapshot!(seen.join("\n"));
    let sliced = with_indicator(
        THRESHOLD,
        "target: 0.9\n      op: lte\n      value: 1\n      timeSliceWindow: 5m\n      timeSliceTarget: 1",
    );
    insta::assert_snapshot!(outcome(&sliced.replace("Occurrences", "Timeslices")));
}

#[test]
fn a_share_can_be_recorded_as_such() {
    let one = objectives_of(&with_indicator(RAW, "target: 0.9")).remove(0);
    let crate::Indicator::Raw(raw) = &one.indicator else {
        panic!("{one:?}")
    };
    assert!(matches!(raw.share, crate::Counted::Good(_)));
    let failure = RAW.replace("success", "failure");
    let one = objectives_of(&with_indicator(&failure, "target: 0.9")).remove(0);
    let crate::Indicator::Raw(raw) = &one.indicator else {
        panic!("{one:?}")
    };
    assert!(matches!(raw.share, crate::Counted::Bad(_)));
    for (from, to, expected) in [
        (
            "        rawType: success\n",
            "",
            "expected rawType beside raw",
        ),
        ("success", "good", "expected success or failure"),
        ("good:ratio", "good:ratio[5m]", "it gives a matrix"),
    ] {
        let said = outcome(&with_indicator(&RAW.replace(from, to), "target: 0.9"));
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn gauges_count_at_each_moment() {
    let one = objectives_of(&SOUND.replace("counter: true", "counter: false")).remove(0);
    for query in one.indicator.queries() {
        assert_eq!(query.form(), crate::Form::Gauge);
    }
    let mixed = SOUND.replace("counter: true", "counter: false").replace(
        "query: all_total",
        "query: sum(increase(all_total[{{.window}}]))",
    );
    assert_eq!(
        outcome(&mixed),
        "shop.yaml:22: bad and total count differently; expected {{.window}} in both or in neither"
    );
}

const DATA_SOURCE: &str = "\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: main}
spec:
  type: Prometheus
  connectionDetails:
    url: http://127.0.0.1:9090/prom
";

#[test]
fn a_data_source_says_where_to_ask() {
    let slo = SOUND.replace("type: Prometheus", "metricSourceRef: main");
    let text = format!("{slo}---\n{DATA_SOURCE}");
    let one = objectives_of(&text).remove(0);
    assert_eq!(one.source.as_deref(), Some("http://127.0.0.1:9090/prom"));
    let changes = [
        ("name: main", "name: other"),
        ("  type: Prometheus", "  type: Graphite"),
        ("    url: http", "    token: secret\n    url: http"),
        ("http://127.0.0.1:9090/prom", "prometheus"),
        ("http://127.0.0.1:9090/prom", "ftp://a"),
        ("http://127.0.0.1:9090/prom", "http://me:secret@a"),
        ("http://127.0.0.1:9090/prom", "http://a?tenant=x"),
        ("    url: http://127.0.0.1:9090/prom", "    {}"),
        ("url: http://127.0.0.1:9090/prom", "url: 9090"),
    ];
    let seen = changes.map(|(from, to)| {
        assert!(DATA_SOURCE.contains(from), "{from}");
        outcome(&format!("{slo}---\n{}", DATA_SOURCE.replace(from, to)))
    });
    insta::assert_snapshot!(seen.join("\n"));
    let half = SOUND.replacen("type: Prometheus", "metricSourceRef: main", 1);
    assert_eq!(
        outcome(&format!("{half}---\n{DATA_SOURCE}")),
        "shop.yaml:19: bad and total name different sources; expected one"
    );
}

#[test]
fn what_is_too_much_is_refused_with_its_place() {
    let many = "    - target: 0.9\n".repeat(101);
    let brackets = format!("a: {}", "[".repeat(300));
    let aliases = format!(
        "a: &a [{}]\nb: &b [{}]\nc: [{}]\n",
        vec!["x"; 100].join(","),
        vec!["*a"; 100].join(","),
        vec!["*b"; 100].join(",")
    );
    for (text, expected) in [
        (
            SOUND.replace("    - targetPercent: 99.9\n", &many),
            "shop.yaml:12: objectives has 101",
        ),
        (brackets, "shop.yaml:1: more than 200 brackets"),
        (
            aliases,
            "shop.yaml:1: c[18][78][95]: the document has more than 200000 values",
        ),
        (
            format!("a:\n  {}", "- ".repeat(150)),
            "shop.yaml:2: it is nested too deep",
        ),
    ] {
        let said = outcome(&text);
        assert!(said.starts_with(expected), "{said}");
    }
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
