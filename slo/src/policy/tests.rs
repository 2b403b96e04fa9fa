use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::gate::Verdict;
use crate::objective::Objective;
use crate::promql::{self, Catalog};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `availability` and `latency` of the service `proofmark`.
fn bundled() -> Vec<Objective> {
    crate::load(&[root("objectives")]).unwrap()
}

fn parse(text: &str) -> Result<Policy, Fault> {
    let text = format!("apiVersion: proofmark/v1\nkind: GatePolicy\n{text}");
    Policy::parse(&text, Path::new("gate.yaml"), &bundled())
}

fn policy(text: &str) -> Policy {
    parse(text).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

fn known(figure: f64) -> Baseline {
    Baseline::Known {
        figure,
        releases: vec!["1.3.0".to_owned(), "1.2.9".to_owned()],
    }
}

fn unknown() -> Baseline {
    Baseline::Unknown {
        why: "none of 2 earlier releases passed".to_owned(),
    }
}

/// A good objective, to be spoiled.
fn good(name: &str) -> ObjectiveFigures {
    ObjectiveFigures {
        service: "proofmark".to_owned(),
        name: name.to_owned(),
        promise: Verdict::Pass,
        error_ratio: Some(0.0001),
        baseline: known(0.0001),
        budget_left: BudgetLeft::Known(0.8),
    }
}

fn judge(policy: &Policy, objectives: &[ObjectiveFigures]) -> PolicyJudged {
    policy.judge(&Figures {
        at: "2026-11-22T12:00:00Z".parse().unwrap(),
        objectives,
        signals: &[],
    })
}

const CRITERIA: &str = r#"
objectives:
  - objective: availability
    pass: [{criteria: ["<=+10%", "<=0.0005"]}]
    warning: [{criteria: ["<=0.001"]}]
"#;

/// The verdict of the one objective in [`CRITERIA`].
fn of_criteria(spoil: impl Fn(&mut ObjectiveFigures)) -> CriteriaJudged {
    let mut figures = good("availability");
    spoil(&mut figures);
    judge(&policy(CRITERIA), &[figures]).criteria.remove(0)
}

#[test]
fn the_bundled_policy_fits_the_bundled_objectives() {
    let policy = read(&root("gate.yaml"), &bundled()).unwrap();
    assert_eq!(policy.min_events, Some(1_000));
    assert_eq!(policy.objectives.len(), 2);
    // It shows the defaults, so it must be them.
    let least = self::policy("");
    assert_eq!(policy.comparison.number(), least.comparison.number());
    assert_eq!(policy.total_score.pass, least.total_score.pass);
    assert_eq!(policy.releases, least.releases);
    assert_eq!(policy.confidence, least.confidence);
    let shown = policy.golden_signals.unwrap();
    let defaults = self::policy("golden_signals: {}").golden_signals.unwrap();
    assert_eq!(shown.requests, defaults.requests);
    assert_eq!(shown.dependencies, defaults.dependencies);
    assert_eq!(shown.saturation, defaults.saturation);
}

#[test]
fn the_default_signals_are_those_of_the_catalog() {
    let signals = policy("golden_signals: {}").golden_signals.unwrap();
    let Requests {
        histogram,
        route,
        errors,
    } = &signals.requests;
    let mut queries = vec![
        format!("sum by ({route}) (rate({histogram}_count{{{errors}}}[5m]))"),
        format!("histogram_quantile(0.99, sum by (le) (rate({histogram}_bucket[5m])))"),
        promql::fill_window(&signals.saturation.query, "5m"),
    ];
    for Dependency { histogram, label } in &signals.dependencies {
        queries.push(format!(
            "sum by (le, {label}) (rate({histogram}_bucket[5m]))"
        ));
    }
    let releases = ReleaseMetric::default();
    queries.push(format!(
        "count by ({}) ({})",
        releases.label, releases.metric
    ));
    for query in queries {
        assert_eq!(
            promql::check(&query, &Catalog::of_workspace()),
            Ok(()),
            "{query}"
        );
    }
}

#[test]
fn what_is_wrong_is_named_with_line_and_field() {
    let cases = [
        "objectives:\n- objective: availability\n  wieght: 2",
        "objectives:\n- objective: availibility",
        "objectives:\n- objective: other/latency",
        "objectives:\n- objective: latency\n- objective: proofmark/latency",
        "objectives:\n- objective: latency\n  weight: 0",
        "objectives:\n- objective: latency\n  weight: -1",
        "objectives:\n- {objective: latency,\n   weight: 1.5}",
        "objectives:\n- objective: latency\n  pass:\n  - criteria:\n    - \"<=0.1\"\n    - \"<=5%\"",
        "objectives:\n- objective: latency\n  pass:\n  - criteria: [\"<=0.1\",\n      \"<=1\"]",
        "objectives:\n- objective: latency\n  pass: []",
        "objectives:\n- objective: latency\n  warning: [{criteria: [\"<=0.1\"]}]",
        "objectives:\n- objective: latency\n  key_sli: sometimes",
        "objectives: []",
        "objectives:",
        "min_events: 0",
        "min_events:",
        "confidence: 95",
        "confidence: .nan",
        "comparison: {compare_with: single_result, number_of_comparison_results: 3}",
        "comparison: {include_result_with_score: fail}",
        "comparison: {aggregate_function: mean}",
        "total_score:\n  pass: \"90%\"\n  warning: \"95%\"",
        "total_score: {pass: 90}",
        "error_budget:",
        "error_budget: {}",
        "error_budget:\n  freeze_below: 10%\n  override: {by: \"\", reason: x, until: 2026-12-01T00:00:00Z}",
        "error_budget:\n  freeze_below: 10%\n  override:\n    by: Ada\n    reason: ' - '\n    until: 2026-12-01T00:00:00Z",
        "error_budget:\n  freeze_below: 10%\n  override:\n    by: Ada\n    reason: fix",
        "error_budget:\n  freeze_below: 10%\n  override:\n    by: Ada\n    reason: fix\n    until: 2026-12-01",
        "golden_signals:\n  limits:\n    traffic: {hour: \"<=5\"}",
        "golden_signals:\n  limits:\n    traffic: {at_least: 1}",
        "golden_signals:\n  limits:\n    traffic: {hour: \"<=+5%\", at_least: -1}",
        "golden_signals:\n  requests:\n    histogram: seconds_bucket",
        "golden_signals:\n  requests:\n    errors: \"code=5\"",
        "golden_signals:\n  saturation:\n    query: sum(",
        "releases: {number: 11}",
        "releases: {label: a-b}",
        "\"\\u001b[31m\": 1",
        "min_events: 1\nmin_events: 2",
        "min_events: [",
        "confidence: !env 0.9",
        "---\nkind: GatePolicy",
    ];
    let mut table = String::new();
    for case in cases {
        let fault = parse(case).expect_err(case);
        table += &format!("{case}\n    -> {fault}\n\n");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn another_kind_of_file_is_refused() {
    let refused = |text: &str| {
        Policy::parse(text, Path::new("p.yaml"), &bundled())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(""),
        "p.yaml:1: the file is empty; expected a GatePolicy"
    );
    assert_eq!(
        refused("apiVersion: proofmark/v2\nkind: GatePolicy\n"),
        r#"p.yaml:1: apiVersion: "proofmark/v2"; expected proofmark/v1"#
    );
    assert_eq!(
        refused("apiVersion: proofmark/v1\nkind: SLO\n"),
        r#"p.yaml:2: kind: "SLO"; expected GatePolicy"#
    );
    assert_eq!(
        refused("kind: GatePolicy\n"),
        "p.yaml:1: missing field `apiVersion`"
    );
    let large = "#".repeat(FILE_SIZE_BYTES_MAX as usize + 1);
    assert!(refused(&large).contains("larger than 262144 bytes"));
}

#[test]
fn what_cannot_be_read_is_misuse_that_names_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let large = vec![b'#'; FILE_SIZE_BYTES_MAX as usize + 1];
    for (path, part) in [
        (
            folder.path().join("missing"),
            "missing: cannot read the policy",
        ),
        (file("binary", b"a: 1\n\xff"), "binary:2: expected UTF-8"),
        (file("large", &large), "large: larger than 262144"),
        (
            file("wrong", b"kind: X\n"),
            "wrong:1: kind: \"X\"; expected GatePolicy",
        ),
    ] {
        let failure = read(&path, &bundled()).unwrap_err();
        assert_eq!(failure.outcome(), outcome::Outcome::Misused);
        assert!(failure.to_string().contains(part), "{failure}");
    }
}

#[test]
fn a_name_that_two_services_have_needs_its_service() {
    let mut objectives = bundled();
    let mut other = objectives[0].clone();
    other.service = "other".to_owned();
    objectives.push(other);
    let parse = |rules: &str| {
        let text = format!("apiVersion: proofmark/v1\nkind: GatePolicy\nobjectives:\n{rules}");
        Policy::parse(&text, Path::new("gate.yaml"), &objectives)
    };
    let fault = parse("- objective: availability").unwrap_err();
    assert!(
        fault
            .message
            .contains("expected proofmark/availability or other/availability"),
        "{fault}"
    );
    let both =
        parse("- {objective: other/availability, weight: 3}\n- objective: proofmark/availability");
    let mut figures = [good("availability"), good("availability"), good("latency")];
    figures[1].service = "other".to_owned();
    let judged = judge(&both.unwrap(), &figures);
    let weights: Vec<u64> = judged.criteria.iter().map(|one| one.weight).collect();
    assert_eq!(weights, [1, 3, 1]);
}

#[test]
fn an_objective_passes_warns_or_fails_by_its_criteria() {
    let verdict = |ratio: f64, baseline: f64| {
        of_criteria(|figures| {
            figures.error_ratio = Some(ratio);
            figures.baseline = known(baseline);
        })
        .verdict
    };
    assert_eq!(verdict(0.0001, 0.0001), Verdict::Pass);
    assert_eq!(verdict(0.00012, 0.0001), Verdict::Warn);
    assert_eq!(verdict(0.0006, 0.0006), Verdict::Warn);
    assert_eq!(verdict(0.0011, 0.0011), Verdict::Fail);
}

#[test]
fn criteria_never_make_it_better_than_the_promise() {
    for promise in [Verdict::Warn, Verdict::Inconclusive, Verdict::Fail] {
        let judged = of_criteria(|figures| figures.promise = promise);
        assert_eq!(judged.verdict, promise);
    }
    // Nor do they prove a fail with figures that are in doubt.
    let doubted = of_criteria(|figures| {
        figures.promise = Verdict::Inconclusive;
        figures.error_ratio = Some(0.5);
    });
    assert_eq!(doubted.verdict, Verdict::Inconclusive);
}

#[test]
fn a_missed_promise_fails_whatever_the_score() {
    let policy = policy("total_score: {pass: \"10%\", warning: \"5%\"}");
    let mut missed = good("latency");
    missed.promise = Verdict::Fail;
    let judged = judge(&policy, &[good("availability"), missed]);
    assert_eq!(judged.score.verdict, Verdict::Warn);
    assert_eq!(judged.verdict, Verdict::Fail);
}

#[test]
fn the_first_release_is_said_to_be_the_first() {
    let first = |ratio: f64| {
        of_criteria(|figures| {
            figures.baseline = Baseline::FirstRelease;
            figures.error_ratio = Some(ratio);
        })
    };
    assert_eq!(first(0.0005).verdict, Verdict::Pass);
    insta::assert_snapshot!(first(0.0005).sentences.join("\n"), @"This is the first release: <=+10% compares with earlier ones and is left out.");
    assert_eq!(first(0.0006).verdict, Verdict::Warn);
    assert_eq!(first(0.0011).verdict, Verdict::Fail);
    assert_eq!(first(0.0005).criteria[0].outcome, CriterionOutcome::LeftOut);
}

#[test]
fn a_warning_of_which_nothing_is_left_rescues_nothing() {
    let policy = policy(
        r#"objectives: [{objective: latency, pass: [{criteria: ["<=0.001"]}], warning: [{criteria: ["<=+10%"]}]}]"#,
    );
    let mut figures = good("latency");
    figures.baseline = Baseline::FirstRelease;
    figures.error_ratio = Some(0.002);
    assert_eq!(
        judge(&policy, &[figures]).criteria[0].verdict,
        Verdict::Fail
    );
}

#[test]
fn what_is_not_known_of_an_objective_is_inconclusive() {
    let spoils: [fn(&mut ObjectiveFigures); 6] = [
        |figures| figures.error_ratio = None,
        |figures| figures.error_ratio = Some(f64::NAN),
        |figures| figures.error_ratio = Some(f64::INFINITY),
        |figures| figures.error_ratio = Some(-0.1),
        |figures| figures.baseline = unknown(),
        |figures| figures.baseline = known(f64::NAN),
    ];
    for (index, spoil) in spoils.into_iter().enumerate() {
        let judged = of_criteria(spoil);
        assert_eq!(judged.verdict, Verdict::Inconclusive, "{index}");
        assert!(!judged.sentences.is_empty(), "{index}");
    }
    // A figure that fails for certain needs no baseline.
    let failed = of_criteria(|figures| {
        figures.baseline = unknown();
        figures.error_ratio = Some(0.0011);
    });
    assert_eq!(failed.verdict, Verdict::Fail);
}

#[test]
fn one_entry_is_enough_and_an_unknown_one_does_not_hide_it() {
    let policy = policy(
        r#"objectives: [{objective: latency, pass: [{criteria: ["<=+10%"]}, {criteria: ["<=0.001"]}]}]"#,
    );
    let verdict = |ratio: f64, baseline: Baseline| {
        let mut figures = good("latency");
        figures.error_ratio = Some(ratio);
        figures.baseline = baseline;
        judge(&policy, &[figures]).criteria[0].verdict
    };
    assert_eq!(verdict(0.001, unknown()), Verdict::Pass);
    assert_eq!(verdict(0.002, unknown()), Verdict::Inconclusive);
    assert_eq!(verdict(0.002, known(0.002)), Verdict::Pass);
    assert_eq!(verdict(0.002, known(0.001)), Verdict::Fail);
    assert_eq!(verdict(0.002, Baseline::FirstRelease), Verdict::Fail);
}

/// Names, weight, key and verdict by criteria: ratios that [`CRITERIA`] of each call differently.
fn scored(rules: &str, verdicts: &[Verdict]) -> ScoreJudged {
    let names = ["availability", "latency"];
    let figures: Vec<ObjectiveFigures> = names
        .iter()
        .zip(verdicts)
        .map(|(name, verdict)| ObjectiveFigures {
            promise: *verdict,
            ..good(name)
        })
        .collect();
    judge(&policy(rules), &figures).score
}

#[test]
fn the_score_adds_weights() {
    use Verdict::{Fail, Inconclusive, Pass, Warn};
    let weighted = "objectives: [{objective: availability, weight: 3}]";
    for (rules, verdicts, reached, verdict) in [
        ("", [Pass, Pass], Some(1.0), Pass),
        ("", [Pass, Warn], Some(0.75), Warn),
        ("", [Pass, Fail], Some(0.5), Fail),
        (weighted, [Pass, Fail], Some(0.75), Warn),
        (weighted, [Pass, Warn], Some(0.875), Warn),
        (weighted, [Warn, Pass], Some(0.625), Fail),
        // Even the best of what is not known is too little.
        (weighted, [Fail, Inconclusive], None, Fail),
        (weighted, [Inconclusive, Pass], None, Inconclusive),
        // Even the worst would be enough, and still nobody knows.
        (weighted, [Pass, Inconclusive], None, Inconclusive),
        (
            "objectives: [{objective: latency, key_sli: true}, {objective: availability, weight: 99}]",
            [Pass, Fail],
            Some(0.99),
            Fail,
        ),
        (
            "objectives: [{objective: latency, key_sli: true}]",
            [Inconclusive, Fail],
            None,
            Fail,
        ),
    ] {
        let score = scored(rules, &verdicts);
        assert_eq!(
            (score.reached, score.verdict),
            (reached, verdict),
            "{rules} {verdicts:?}"
        );
        assert!(!score.sentences.is_empty());
    }
    let unknown = scored(weighted, &[Pass, Inconclusive]);
    assert_eq!((unknown.worst, unknown.best), (0.75, 1.0));
}

#[test]
fn a_score_that_passes_with_a_failed_objective_is_a_warning() {
    let rules = "objectives: [{objective: availability, weight: 99}]";
    let score = scored(rules, &[Verdict::Pass, Verdict::Fail]);
    assert_eq!(score.reached, Some(0.99));
    assert_eq!(score.verdict, Verdict::Warn);
}

#[test]
fn nothing_to_score_is_inconclusive() {
    let judged = judge(&policy(""), &[]);
    assert_eq!(judged.score.verdict, Verdict::Inconclusive);
    assert_eq!(judged.verdict, Verdict::Inconclusive);
}

#[test]
fn a_rule_whose_objective_nobody_judged_is_inconclusive() {
    let judged = judge(&policy(CRITERIA), &[good("latency")]);
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert_eq!(judged.criteria[1].objective, "availability");
}

fn frozen(overriding: &str, left: BudgetLeft) -> BudgetJudged {
    let text = format!("error_budget:\n  freeze_below: 10%\n{overriding}");
    let mut figures = good("availability");
    figures.budget_left = left;
    judge(&policy(&text), &[good("latency"), figures])
        .budget
        .unwrap()
}

fn overriding(until: &str) -> String {
    format!("  override: {{by: Ada Lovelace, reason: The fix itself, until: {until}}}\n")
}

#[test]
fn a_spent_budget_freezes_releases() {
    for (left, verdict) in [
        (BudgetLeft::Known(1.0), Verdict::Pass),
        (BudgetLeft::Known(0.1), Verdict::Pass),
        (BudgetLeft::Known(0.0999), Verdict::Fail),
        (BudgetLeft::Known(-3.0), Verdict::Fail),
        (BudgetLeft::HistoryTooShort, Verdict::Pass),
        (BudgetLeft::Unknown, Verdict::Inconclusive),
        (BudgetLeft::Known(f64::NAN), Verdict::Inconclusive),
        (BudgetLeft::Known(f64::NEG_INFINITY), Verdict::Inconclusive),
        (BudgetLeft::Known(1.1), Verdict::Inconclusive),
    ] {
        assert_eq!(frozen("", left).verdict, verdict, "{left:?}");
    }
    assert!(judge(&policy(""), &[good("latency")]).budget.is_none());
}

#[test]
fn an_override_lifts_the_freeze_while_it_lasts_and_is_always_said() {
    let spent = BudgetLeft::Known(0.01);
    for (until, state, verdict) in [
        (
            "2026-12-01T00:00:00Z",
            OverrideState::InForce,
            Verdict::Warn,
        ),
        ("2026-11-22T12:00:00Z", OverrideState::Over, Verdict::Fail),
        ("2025-01-01T00:00:00Z", OverrideState::Over, Verdict::Fail),
        (
            "2027-02-20T12:00:00Z",
            OverrideState::InForce,
            Verdict::Warn,
        ),
        (
            "2027-02-20T12:00:01Z",
            OverrideState::TooLong,
            Verdict::Fail,
        ),
        (
            "9999-01-01T00:00:00Z",
            OverrideState::TooLong,
            Verdict::Fail,
        ),
    ] {
        for left in [spent, BudgetLeft::Known(1.0)] {
            let judged = frozen(&overriding(until), left);
            let text = judged.sentences.join("\n");
            assert!(
                text.contains("Ada Lovelace") && text.contains("The fix itself"),
                "{text}"
            );
            assert_eq!(judged.overriding.unwrap().state, state, "{until}");
            let expected = if left == spent {
                verdict
            } else {
                Verdict::Pass
            };
            assert_eq!(judged.verdict, expected, "{until}");
        }
        // It lifts a freeze, not ignorance.
        let unknown = frozen(&overriding(until), BudgetLeft::Unknown);
        assert_eq!(unknown.verdict, Verdict::Inconclusive);
    }
}

fn steady(signal: Signal) -> SignalFigures {
    SignalFigures {
        signal,
        now: Some(0.2),
        hour_ago: Past::Known(0.2),
        week_ago: Past::Known(0.2),
    }
}

const LIMITS: &str = r#"
golden_signals:
  limits:
    latency_p99: { hour: "<=+50%", week: "<=+50%", at_least: 0.05 }
    traffic: { hour: ">=-40%", breach: warning }
"#;

fn of_signals(latency: SignalFigures) -> PolicyJudged {
    policy(LIMITS).judge(&Figures {
        at: "2026-11-22T12:00:00Z".parse().unwrap(),
        objectives: &[good("latency")],
        signals: &[latency, steady(Signal::Traffic)],
    })
}

#[test]
fn a_signal_is_held_against_the_hour_and_the_week() {
    for (now, hour_ago, week_ago, verdict) in [
        (Some(0.2), Past::Known(0.2), Past::Known(0.2), Verdict::Pass),
        (
            Some(0.31),
            Past::Known(0.2),
            Past::Known(0.3),
            Verdict::Fail,
        ),
        (
            Some(0.31),
            Past::Known(0.3),
            Past::Known(0.2),
            Verdict::Fail,
        ),
        // Twice as much, and yet less than what matters.
        (
            Some(0.08),
            Past::Known(0.04),
            Past::Known(0.04),
            Verdict::Pass,
        ),
        (
            Some(0.09),
            Past::Known(0.04),
            Past::Known(0.04),
            Verdict::Fail,
        ),
        (Some(0.2), Past::Known(0.2), Past::Nothing, Verdict::Pass),
        (Some(0.31), Past::Known(0.2), Past::Nothing, Verdict::Fail),
        (Some(0.2), Past::Nothing, Past::Nothing, Verdict::Pass),
        (
            Some(0.2),
            Past::Unknown,
            Past::Known(0.2),
            Verdict::Inconclusive,
        ),
        (
            Some(0.2),
            Past::Known(0.2),
            Past::Unknown,
            Verdict::Inconclusive,
        ),
        (
            Some(0.2),
            Past::Known(f64::NAN),
            Past::Nothing,
            Verdict::Inconclusive,
        ),
        (
            Some(0.2),
            Past::Known(-1.0),
            Past::Nothing,
            Verdict::Inconclusive,
        ),
        (
            None,
            Past::Known(0.2),
            Past::Known(0.2),
            Verdict::Inconclusive,
        ),
        (None, Past::Nothing, Past::Nothing, Verdict::Inconclusive),
        (
            Some(f64::NAN),
            Past::Nothing,
            Past::Nothing,
            Verdict::Inconclusive,
        ),
        (
            Some(-1.0),
            Past::Known(0.2),
            Past::Known(0.2),
            Verdict::Inconclusive,
        ),
        (Some(0.5), Past::Known(0.2), Past::Unknown, Verdict::Fail),
    ] {
        let latency = SignalFigures {
            signal: Signal::LatencyP99,
            now,
            hour_ago,
            week_ago,
        };
        let judged = of_signals(latency);
        assert_eq!(judged.signals[0].verdict, verdict, "{latency:?}");
        assert_eq!(judged.verdict, verdict, "{latency:?}");
        let is_plain = verdict == Verdict::Pass && !matches!(week_ago, Past::Nothing);
        assert_eq!(
            judged.signals[0].sentences.is_empty(),
            is_plain,
            "{latency:?}"
        );
    }
}

#[test]
fn a_limit_that_only_warns_warns() {
    let mut traffic = steady(Signal::Traffic);
    traffic.now = Some(0.1);
    let judged = policy(LIMITS).judge(&Figures {
        at: "2026-11-22T12:00:00Z".parse().unwrap(),
        objectives: &[good("latency")],
        signals: &[steady(Signal::LatencyP99), traffic],
    });
    assert_eq!(judged.signals[1].verdict, Verdict::Warn);
    assert_eq!(judged.verdict, Verdict::Warn);
}

#[test]
fn a_signal_without_figures_or_with_several_is_not_known() {
    let of = |signals: &[SignalFigures]| {
        let figures = Figures {
            at: "2026-11-22T12:00:00Z".parse().unwrap(),
            objectives: &[good("latency")],
            signals,
        };
        policy(LIMITS).judge(&figures).verdict
    };
    let (latency, traffic) = (steady(Signal::LatencyP99), steady(Signal::Traffic));
    assert_eq!(of(&[latency, traffic]), Verdict::Pass);
    assert_eq!(of(&[latency]), Verdict::Inconclusive);
    assert_eq!(of(&[]), Verdict::Inconclusive);
    assert_eq!(of(&[latency, latency, traffic]), Verdict::Inconclusive);
}

#[test]
fn what_is_said_reads_well() {
    let text = std::fs::read_to_string(root("gate.yaml")).unwrap();
    let text = text.replace(
        "  # override:\n  #   by: Ada Lovelace\n  #   reason: The fix of the cache that spent the budget\n  #   until: 2026-12-01T00:00:00Z",
        "  override:\n    by: Ada Lovelace\n    reason: The fix of the cache that spent the budget\n    until: 2026-12-01T00:00:00Z",
    );
    let policy = Policy::parse(&text, Path::new("gate.yaml"), &bundled()).unwrap();
    let mut availability = good("availability");
    availability.error_ratio = Some(0.000_3);
    availability.budget_left = BudgetLeft::Known(0.043);
    let mut latency = good("latency");
    latency.error_ratio = Some(0.004);
    latency.baseline = unknown();
    latency.budget_left = BudgetLeft::HistoryTooShort;
    let signals = [
        SignalFigures {
            signal: Signal::LatencyP99,
            now: Some(0.43),
            hour_ago: Past::Known(0.14),
            week_ago: Past::Nothing,
        },
        SignalFigures {
            signal: Signal::Errors,
            now: None,
            hour_ago: Past::Unknown,
            week_ago: Past::Unknown,
        },
        SignalFigures {
            signal: Signal::Traffic,
            now: Some(12.0),
            hour_ago: Past::Known(100.0),
            week_ago: Past::Unknown,
        },
        steady(Signal::Saturation),
    ];
    let judged = policy.judge(&Figures {
        at: "2026-11-22T12:00:00Z".parse().unwrap(),
        objectives: &[availability, latency],
        signals: &signals,
    });
    let mut text = String::new();
    let mut section = |title: &str, verdict: Verdict, sentences: &[String]| {
        text += &format!("{title}: {verdict}\n");
        for sentence in sentences {
            text += &format!("  {sentence}\n");
        }
    };
    for one in &judged.criteria {
        section(&one.objective, one.verdict, &one.sentences);
    }
    section("score", judged.score.verdict, &judged.score.sentences);
    let budget = judged.budget.as_ref().unwrap();
    section("error budget", budget.verdict, &budget.sentences);
    for one in &judged.signals {
        section(&one.title, one.verdict, &one.sentences);
    }
    insta::assert_snapshot!(text);
    insta::assert_snapshot!(serde_json::to_string_pretty(&judged).unwrap());
    let again: PolicyJudged =
        serde_json::from_str(&serde_json::to_string(&judged).unwrap()).unwrap();
    assert_eq!(again, judged);
}

#[test]
fn the_schema_is_the_committed_one_and_says_what_each_field_is() {
    let committed = std::fs::read_to_string(root("schema/gate.schema.json")).unwrap();
    assert_eq!(
        committed,
        schema(),
        "slo/schema/gate.schema.json is not up to date"
    );
    let schema: serde_json::Value = serde_json::from_str(&committed).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let definitions = schema["$defs"].as_object().unwrap();
    let mut objects = 0;
    for (name, definition) in definitions
        .iter()
        .map(|(n, d)| (n.as_str(), d))
        .chain([("Policy", &schema)])
    {
        let Some(properties) = definition["properties"].as_object() else {
            continue;
        };
        objects += 1;
        assert_eq!(definition["additionalProperties"], false, "{name}");
        for (field, property) in properties {
            assert!(property["description"].is_string(), "{name}.{field}");
            assert!(
                !property["default"].is_null() || property.get("default").is_none(),
                "{name}.{field}"
            );
        }
    }
    assert_eq!(objects, 14);
    assert_eq!(
        schema["required"],
        serde_json::json!(["apiVersion", "kind"])
    );
}

fn any_figure() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        Just(Some(f64::NAN)),
        Just(Some(f64::INFINITY)),
        Just(Some(-1.0)),
        (0.0..0.002_f64).prop_map(Some),
    ]
}

fn any_past() -> impl Strategy<Value = Past> {
    prop_oneof![
        Just(Past::Unknown),
        Just(Past::Nothing),
        any_figure().prop_map(|figure| figure.map_or(Past::Unknown, Past::Known)),
    ]
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        4 => Just(Verdict::Pass),
        1 => Just(Verdict::Warn),
        1 => Just(Verdict::Inconclusive),
        1 => Just(Verdict::Fail),
    ]
}

fn any_objective(name: &'static str) -> impl Strategy<Value = ObjectiveFigures> {
    let baseline = prop_oneof![
        Just(Baseline::FirstRelease),
        Just(unknown()),
        any_figure().prop_map(|figure| figure.map_or_else(unknown, known)),
    ];
    let budget_left = prop_oneof![
        Just(BudgetLeft::Unknown),
        Just(BudgetLeft::HistoryTooShort),
        any_figure().prop_map(|figure| figure.map_or(BudgetLeft::Unknown, BudgetLeft::Known)),
        (0.0..1.0_f64).prop_map(BudgetLeft::Known),
    ];
    (any_verdict(), any_figure(), baseline, budget_left).prop_map(
        move |(promise, error_ratio, baseline, budget_left)| ObjectiveFigures {
            promise,
            error_ratio,
            baseline,
            budget_left,
            ..good(name)
        },
    )
}

/// Whether a figure can be judged at all.
fn is_sound(figure: Option<f64>) -> bool {
    figure.is_some_and(|figure| figure.is_finite() && figure >= 0.0)
}

proptest! {
    /// Says for itself, in the plainest words, what a pass needs.
    #[test]
    fn what_is_not_known_never_passes(
        one in any_objective("availability"),
        other in any_objective("latency"),
        latency in (any_figure(), any_past(), any_past()),
    ) {
        let rules = format!("{CRITERIA}error_budget: {{freeze_below: 10%}}\n{LIMITS}");
        let (now, hour_ago, week_ago) = latency;
        let latency = SignalFigures { signal: Signal::LatencyP99, now, hour_ago, week_ago };
        let objectives = [one, other];
        let judged = policy(&rules).judge(&Figures {
            at: "2026-11-22T12:00:00Z".parse().unwrap(),
            objectives: &objectives,
            signals: &[latency, steady(Signal::Traffic)],
        });
        prop_assert!(objectives.iter().all(|figures| judged.verdict >= figures.promise));
        let is_known = is_sound(now)
            && [hour_ago, week_ago].iter().all(|past| match past {
                Past::Known(figure) => is_sound(Some(*figure)),
                Past::Nothing => true,
                Past::Unknown => false,
            })
            && objectives.iter().all(|figures| match figures.budget_left {
                BudgetLeft::Known(left) => left.is_finite(),
                BudgetLeft::HistoryTooShort => true,
                BudgetLeft::Unknown => false,
            })
            && is_sound(objectives[0].error_ratio)
            && !matches!(&objectives[0].baseline, Baseline::Unknown { .. })
            && objectives[0].baseline.figure().is_none_or(f64::is_finite);
        // A baseline is not needed where the absolute bound of pass fails and the warning decides.
        let is_warned_for_certain = objectives[0].error_ratio.is_some_and(|ratio| ratio > 0.0005);
        if !is_known && !(is_warned_for_certain && judged.verdict == Verdict::Warn) {
            prop_assert!(judged.verdict >= Verdict::Inconclusive, "{:?}", judged);
        }
    }

    #[test]
    fn more_known_lies_within_what_was_possible(
        verdicts in proptest::collection::vec(any_verdict(), 2), hidden in 0_usize..2
    ) {
        let rules = "objectives: [{objective: availability, weight: 3}]";
        let mut unknown = verdicts.clone();
        unknown[hidden] = Verdict::Inconclusive;
        let before = scored(rules, &unknown);
        let after = scored(rules, &verdicts);
        prop_assert!(before.worst <= after.worst && after.best <= before.best);
        prop_assert!(before.verdict >= Verdict::Inconclusive);
        // A fail that is certain stays one, whatever comes out.
        if before.verdict == Verdict::Fail {
            prop_assert_eq!(after.verdict, Verdict::Fail);
        }
    }
}
