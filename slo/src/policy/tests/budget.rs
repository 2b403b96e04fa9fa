use super::*;

fn frozen(overriding: &str, left: BudgetLeft) -> BudgetJudged {
    let text = format!("error_budget:\n  freeze_below: 10%\n{overriding}");
    let mut figures = good("availability");
    figures.budget_left = left;
    judge(&policy(&text), &[good("latency"), figures])
        .budget
        .unwrap()
}

fn overriding(until: &str) -> String {
    format!(
        "  override: {{by: the release manager on duty, reason: The fix itself, until: {until}}}\n"
    )
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
                text.contains("the release manager on duty") && text.contains("The fix itself"),
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
