use Past::{Known, Nothing, Unknown};

use super::*;

/// Judges these signals beside a good objective.
fn of(signals: &[SignalFigures]) -> PolicyJudged {
    policy(LIMITS).judge(&Figures {
        at: "2026-11-22T12:00:00Z".parse().unwrap(),
        objectives: &[good("latency")],
        signals,
    })
}

/// Judges a latency now, an hour ago and a week ago, in seconds; the traffic is steady.
fn of_latency(now: Option<f64>, hour_ago: Past, week_ago: Past) -> SignalJudged {
    let latency = SignalFigures {
        signal: Signal::LatencyP99,
        now,
        hour_ago,
        week_ago,
    };
    let mut judged = of(&[latency, steady(Signal::Traffic)]);
    assert_eq!(judged.verdict, judged.signals[0].verdict);
    judged.signals.remove(0)
}

#[test]
fn a_signal_is_held_against_the_hour_and_the_week() {
    for (now, hour_ago, week_ago, verdict) in [
        (0.2, 0.2, 0.2, Verdict::Pass),
        (0.31, 0.2, 0.3, Verdict::Fail),
        (0.31, 0.3, 0.2, Verdict::Fail),
        // Twice as much, and yet less than what matters.
        (0.08, 0.04, 0.04, Verdict::Pass),
        (0.09, 0.04, 0.04, Verdict::Fail),
        (0.04, 0.0, 0.0, Verdict::Pass),
        (0.06, 0.0, 0.0, Verdict::Fail),
    ] {
        let judged = of_latency(Some(now), Known(hour_ago), Known(week_ago));
        assert_eq!(judged.verdict, verdict, "{now} {hour_ago} {week_ago}");
        assert_eq!(judged.sentences.is_empty(), verdict == Verdict::Pass);
    }
}

#[test]
fn what_there_was_not_yet_is_left_out_and_said() {
    for (now, hour_ago, verdict) in [
        (0.2, Known(0.2), Verdict::Pass),
        (0.31, Known(0.2), Verdict::Fail),
        (0.2, Nothing, Verdict::Pass),
    ] {
        let judged = of_latency(Some(now), hour_ago, Nothing);
        assert_eq!(judged.verdict, verdict, "{now} {hour_ago:?}");
        assert_eq!(judged.week, Some(CriterionOutcome::LeftOut));
        let said = judged.sentences.join(" ");
        assert!(
            said.contains("nothing to compare with a week ago"),
            "{said}"
        );
    }
}

#[test]
fn what_is_not_known_of_a_signal_is_inconclusive() {
    let nan = f64::NAN;
    for (now, hour_ago, week_ago) in [
        (Some(0.2), Unknown, Known(0.2)),
        (Some(0.2), Known(0.2), Unknown),
        (Some(0.2), Unknown, Nothing),
        (Some(0.2), Known(nan), Nothing),
        (Some(0.2), Known(f64::INFINITY), Nothing),
        (Some(0.2), Known(-1.0), Nothing),
        (None, Known(0.2), Known(0.2)),
        (None, Nothing, Nothing),
        (Some(nan), Nothing, Nothing),
        (Some(f64::INFINITY), Known(0.2), Known(0.2)),
        (Some(-1.0), Known(0.2), Known(0.2)),
    ] {
        let judged = of_latency(now, hour_ago, week_ago);
        assert_eq!(
            judged.verdict,
            Verdict::Inconclusive,
            "{now:?} {hour_ago:?} {week_ago:?}"
        );
        assert!(!judged.sentences.is_empty());
    }
    // A comparison that fails for certain needs no other.
    assert_eq!(
        of_latency(Some(0.5), Known(0.2), Unknown).verdict,
        Verdict::Fail
    );
}

#[test]
fn a_limit_that_only_warns_warns() {
    let mut traffic = steady(Signal::Traffic);
    traffic.now = Some(0.1);
    let judged = of(&[steady(Signal::LatencyP99), traffic]);
    assert_eq!(judged.signals[1].verdict, Verdict::Warn);
    assert_eq!(judged.verdict, Verdict::Warn);
}

#[test]
fn a_signal_without_figures_or_with_several_is_not_known() {
    let (latency, traffic) = (steady(Signal::LatencyP99), steady(Signal::Traffic));
    assert_eq!(of(&[latency, traffic]).verdict, Verdict::Pass);
    assert_eq!(of(&[latency]).verdict, Verdict::Inconclusive);
    assert_eq!(of(&[]).verdict, Verdict::Inconclusive);
    assert_eq!(
        of(&[latency, latency, traffic]).verdict,
        Verdict::Inconclusive
    );
}
