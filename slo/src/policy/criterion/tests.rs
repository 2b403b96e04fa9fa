use proptest::prelude::*;

use super::*;

fn criterion(text: &str) -> Criterion {
    text.parse().unwrap()
}

#[test]
fn the_grammar_is_read_and_written() {
    for (text, relation, limit) in [
        ("<=0.001", Relation::AtMost, Limit::Value(0.001)),
        ("<600", Relation::Below, Limit::Value(600.0)),
        ("<=+10%", Relation::AtMost, Limit::ChangePercent(10.0)),
        (">=-40%", Relation::AtLeast, Limit::ChangePercent(-40.0)),
        ("<=+0.001", Relation::AtMost, Limit::Change(0.001)),
        (">-2.5", Relation::Above, Limit::Change(-2.5)),
        ("=0", Relation::Equal, Limit::Value(0.0)),
    ] {
        let read = criterion(text);
        assert_eq!((read.relation(), read.limit()), (relation, limit), "{text}");
        assert_eq!(read.to_string(), text);
    }
    assert_eq!(criterion(" <= +10 % ").to_string(), "<=+10%");
    assert_eq!(criterion("<=-0%").to_string(), "<=+0%");
}

#[test]
fn what_is_no_criterion_says_what_was_expected() {
    let message = |text: &str| text.parse::<Criterion>().unwrap_err().to_string();
    insta::assert_snapshot!(message("<=5%"), @r#""<=5%" can be read in two ways; write <=+5% for 5 % above the earlier releases, or <=0.05 for a bound of 0.05"#);
    insta::assert_snapshot!(message("0.5"), @r#""0.5" is no criterion; expected <, <=, =, >= or > and a number, such as <=+10%"#);
    insta::assert_snapshot!(message("<=a"), @r#""<=a": after the relation expected a number such as 0.001, +10% or -40%"#);
    for text in [
        "",
        " ",
        "<",
        "<=",
        "==1",
        "=<1",
        "<>1",
        "!=1",
        "<=+",
        "<=%",
        "<=+%",
        "<=--1",
        "<=+-1",
        "<=1e3",
        "<=.5",
        "<=5.",
        "<=1,5",
        "<=NaN",
        "<=inf",
        "<=+inf%",
        "<=1 000",
        "<=1%%",
        "<=+1%5",
        "≤1",
        "<=１",
        "<=0x1",
        ">=-100%",
        ">=-150%",
        "<=+100001%",
        "\t<=1",
        "<=1\n",
        "<=9999999999999",
        "<=1234567890123456",
        "<=+1ms",
    ] {
        let message = message(text);
        assert!(message.contains("expected"), "{text:?}: {message}");
    }
    assert!(message(&"<".repeat(1_000)).contains("at most 60 bytes"));
}

#[test]
fn a_change_is_measured_from_the_baseline() {
    for (text, value, baseline, held) in [
        ("<=+10%", 0.11, 0.1, true),
        ("<=+10%", 0.1101, 0.1, false),
        (">=-40%", 60.0, 100.0, true),
        (">=-40%", 59.9, 100.0, false),
        ("<=-10%", 0.09, 0.1, true),
        ("<=-10%", 0.1, 0.1, false),
        ("<=+0.001", 0.002, 0.001, true),
        ("<=+0.001", 0.0021, 0.001, false),
        ("<+10%", 0.11, 0.1, false),
        // Nothing can be 10 % above nothing.
        ("<=+10%", 0.0, 0.0, true),
        ("<=+10%", 1e-12, 0.0, false),
        ("<+10%", 0.0, 0.0, false),
        (">=-40%", 0.0, 0.0, true),
    ] {
        let expected = if held {
            CriterionOutcome::Held
        } else {
            CriterionOutcome::NotHeld
        };
        assert_eq!(
            criterion(text).judge(value, Some(baseline)),
            expected,
            "{value} {text} of {baseline}"
        );
    }
}

#[test]
fn what_is_not_known_never_holds() {
    for text in ["<=+10%", ">=-40%", "<=+0.001", "<=1", ">=0", "=0", ">0"] {
        let read = criterion(text);
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(
                read.judge(odd, Some(0.1)),
                CriterionOutcome::NotANumber,
                "{text}"
            );
            if read.is_relative() {
                assert_eq!(
                    read.judge(0.1, Some(odd)),
                    CriterionOutcome::NotANumber,
                    "{text}"
                );
                assert_eq!(
                    read.judge(0.1, None),
                    CriterionOutcome::NoBaseline,
                    "{text}"
                );
            }
        }
    }
    assert_eq!(
        criterion("<=+100000%").judge(0.1, Some(f64::MAX)),
        CriterionOutcome::NotANumber,
        "a bound beyond every number is no bound"
    );
}

#[test]
fn a_criterion_on_a_share_can_hold_and_can_fail() {
    for text in [
        "<=0.001", "<1", ">=0.5", ">0", "=0", "=1", "<=+10%", "<=+0.001", "<=0",
    ] {
        assert!(criterion(text).check_share().is_ok(), "{text}");
    }
    for text in [
        "<=1", "<=5", "<2", ">=0", "<0", ">=1.5", ">1", "=2", "<=+1", ">=-1",
    ] {
        assert!(criterion(text).check_share().is_err(), "{text}");
    }
}

fn any_limit() -> impl Strategy<Value = Limit> {
    let number =
        || (0_u64..=1_000_000_000, 0_u32..=9).prop_map(|(n, e)| n as f64 / 10_f64.powi(e as i32));
    let sign = || prop_oneof![Just(1.0), Just(-1.0)];
    prop_oneof![
        number().prop_map(Limit::Value),
        (sign(), number()).prop_map(|(s, n)| Limit::Change(s * n)),
        (-9_999_i32..=10_000_000)
            .prop_map(|hundredths| Limit::ChangePercent(f64::from(hundredths) / 100.0)),
    ]
}

fn any_relation() -> impl Strategy<Value = Relation> {
    prop_oneof![
        Just(Relation::Below),
        Just(Relation::AtMost),
        Just(Relation::Equal),
        Just(Relation::AtLeast),
        Just(Relation::Above),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(relation in any_relation(), limit in any_limit()) {
        let written = Criterion { relation, limit };
        prop_assert_eq!(criterion(&written.to_string()), written);
    }

    #[test]
    fn any_text_is_a_criterion_or_refused(text in "[<>=+\\-%0-9. a]{0,12}") {
        if let Ok(read) = text.parse::<Criterion>() {
            prop_assert_eq!(criterion(&read.to_string()), read);
        }
    }

    #[test]
    fn a_better_figure_never_breaks_what_a_worse_one_holds(
        limit in any_limit(), worse in 0.0..10.0_f64, share in 0.0..1.0_f64, baseline in 0.0..10.0_f64
    ) {
        let better = worse * share;
        for relation in [Relation::AtMost, Relation::Below] {
            let read = Criterion { relation, limit };
            if read.judge(worse, Some(baseline)) == CriterionOutcome::Held {
                prop_assert_eq!(read.judge(better, Some(baseline)), CriterionOutcome::Held);
            }
        }
    }

    #[test]
    fn a_relation_and_its_opposite_never_agree(
        limit in any_limit(), value in 0.0..10.0_f64, baseline in 0.0..10.0_f64
    ) {
        for (relation, opposite) in [(Relation::AtMost, Relation::Above), (Relation::Below, Relation::AtLeast)] {
            let one = Criterion { relation, limit }.judge(value, Some(baseline));
            let other = Criterion { relation: opposite, limit }.judge(value, Some(baseline));
            prop_assert_ne!(one, other);
        }
    }
}
