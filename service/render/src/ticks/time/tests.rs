use std::collections::BTreeSet;

use jiff::civil::DateTime;
use proptest::prelude::*;

use super::*;

/// 2026-11-22 16:00:00 UTC.
const AFTERNOON: f64 = 1_795_363_200.0;

fn labels(low: f64, span: f64, count: usize, zone: &str) -> String {
    let scale = time_scale(low, low + span, count, &zone.parse().unwrap());
    assert!(scale.ticks.len() <= count, "{span}: {:?}", scale.ticks);
    let labels: Vec<String> = scale.ticks.into_iter().map(|tick| tick.label).collect();
    labels.join(" | ")
}

#[test]
fn ticks_stand_on_round_times() {
    let spans = [
        20.0,
        180.0,
        3_600.0,
        6.0 * 3_600.0,
        86_400.0,
        7.0 * 86_400.0,
        30.0 * 86_400.0,
        200.0 * 86_400.0,
        900.0 * 86_400.0,
        1e10,
    ];
    let all = spans.map(|span| labels(AFTERNOON, span, 6, "UTC"));
    insta::assert_snapshot!(all.join("\n"), @r"
    16:00:00 | 16:00:05 | 16:00:10 | 16:00:15 | 16:00:20
    16:00 | 16:01 | 16:02 | 16:03
    16:00 | 16:15 | 16:30 | 16:45 | 17:00
    16:00 | 18:00 | 20:00 | 22:00
    18:00 | Nov 23 | 06:00 | 12:00
    Nov 23 | Nov 25 | Nov 27 | Nov 29
    Nov 23 | Nov 30 | Dec 7 | Dec 14 | Dec 21
    Jan 2027 | Mar 2027 | May 2027
    Jan 2027 | Jul 2027 | Jan 2028 | Jul 2028 | Jan 2029
    2100 | 2200 | 2300
    ");
}

/// The moment that clocks in a zone show.
fn at(local: &str, zone: &str) -> f64 {
    let zone: Zone = zone.parse().unwrap();
    let shown: DateTime = local.parse().unwrap();
    let moment = zone.rules().to_ambiguous_timestamp(shown).compatible();
    moment.unwrap().as_second() as f64
}

#[test]
fn days_of_23_and_25_hours_keep_their_round_times() {
    let day = |date: &str, hours: f64, count, zone: &str| {
        labels(at(date, zone), hours * 3_600.0, count, zone)
    };
    let all = [
        day("2026-03-29T00:00", 23.0, 8, "Europe/Berlin"),
        day("2026-03-29T00:00", 6.0, 7, "Europe/Berlin"),
        day("2026-10-25T00:00", 25.0, 9, "Europe/Berlin"),
        day("2026-10-25T00:00", 6.0, 8, "Europe/Berlin"),
        day("2026-10-24T00:00", 96.0, 6, "Europe/Berlin"),
        day("2026-11-22T16:00", 24.0, 6, "Asia/Kolkata"),
        day("2026-10-04T00:00", 6.0, 8, "Australia/Lord_Howe"),
        day("2018-11-03T12:00", 36.0, 6, "America/Sao_Paulo"),
        day("2026-11-22T00:00", 2_000.0, 6, "Asia/Shanghai"),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    Mar 29 | 06:00 | 12:00 | 18:00 | Mar 30
    Mar 29 | 01:00 | 03:00 | 04:00 | 05:00 | 06:00 | 07:00
    Oct 25 | 03:00 | 06:00 | 09:00 | 12:00 | 15:00 | 18:00 | 21:00 | Oct 26
    Oct 25 | 01:00 | 02:00 CEST | 02:00 CET | 03:00 | 04:00 | 05:00
    Oct 24 | Oct 25 | Oct 26 | Oct 27
    18:00 | Nov 23 | 06:00 | 12:00
    Oct 4 | 01:00 | 03:00 | 04:00 | 05:00 | 06:00
    12:00 | Nov 4 | 12:00 | Nov 5
    Nov 23 | Dec 7 | Dec 21 | Jan 4 | Jan 18 | Feb 1
    ");
}

#[test]
fn the_zone_is_said_in_hours() {
    let label = |zone: &str, low: f64| offset_label((low, low + 86_400.0), &zone.parse().unwrap());
    assert_eq!(label("UTC", AFTERNOON), "UTC");
    assert_eq!(label("Europe/London", AFTERNOON), "UTC");
    assert_eq!(label("Europe/Berlin", AFTERNOON), "UTC+1");
    assert_eq!(label("Asia/Kolkata", AFTERNOON), "UTC+5:30");
    assert_eq!(label("America/St_Johns", AFTERNOON), "UTC-3:30");
    let spring = at("2026-03-29T00:00", "Europe/Berlin");
    assert_eq!(label("Europe/Berlin", spring), "UTC+1/+2");
    assert_eq!(label("Europe/Berlin", f64::MAX), "UTC");
}

#[test]
fn a_moment_is_said_as_exactly_as_its_range_needs() {
    let zone = "Asia/Shanghai".parse().unwrap();
    let said = [60.0, 7_200.0, 1e5, 1e9].map(|span| moment_label(AFTERNOON, span, &zone));
    assert_eq!(said, ["00:00:00", "00:00", "Nov 23 00:00", "2026-11-23"]);
}

#[test]
fn any_two_times_give_an_axis() {
    let times = [
        f64::MIN,
        -1e12,
        -62_135_596_800.0,
        -1.5,
        0.0,
        0.25,
        1.8e9,
        2.6e11,
        f64::MAX,
    ];
    for low in times {
        for high in times.into_iter().filter(|&high| high >= low) {
            for count in [0, 1, 2, 9, 1_000] {
                let scale = time_scale(low, high, count, &Zone::UTC);
                assert!(scale.low < scale.high);
                assert!(scale.ticks.len() <= TICKS_MAX, "{low} {high} {count}");
                let within = |tick: &Tick| tick.value >= low && tick.value <= high;
                assert!(low == high || scale.ticks.iter().all(within));
            }
        }
    }
}

fn any_zone() -> impl Strategy<Value = Zone> {
    let names = [
        "UTC",
        "Europe/Berlin",
        "Europe/London",
        "America/New_York",
        "America/St_Johns",
        "America/Sao_Paulo",
        "America/Santiago",
        "Asia/Shanghai",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Pacific/Apia",
        "Africa/Casablanca",
        "Africa/Cairo",
        "Antarctica/Troll",
    ];
    prop::sample::select(names.to_vec()).prop_map(|name| name.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ticks_are_ordered_inside_few_and_told_apart(
        low in -2e9..4e9_f64,
        span in prop_oneof![5.0..1e4_f64, 1e4..1e6_f64, 1e6..1e9_f64],
        count in 2..=12_usize,
        zone in any_zone(),
    ) {
        let scale = time_scale(low, low + span, count, &zone);
        let values: Vec<f64> = scale.ticks.iter().map(|tick| tick.value).collect();
        prop_assert!(values.is_sorted_by(|a, b| a < b), "{:?}", scale.ticks);
        prop_assert!(values.len() <= count);
        prop_assert!(values.iter().all(|&at| at >= low && at <= low + span));
        // A date comes back after a year, a time of day after a day, but not beside itself.
        let texts: BTreeSet<&str> = scale.ticks.iter().map(|tick| tick.label.as_str()).collect();
        let lap = if span < 40_000.0 { scale.ticks.len() } else { 2.min(scale.ticks.len()) };
        prop_assert!(texts.len() >= lap, "{:?}", scale.ticks);
        prop_assert!(scale.ticks.windows(2).all(|pair| pair[0].label != pair[1].label));
    }

    #[test]
    fn the_clocks_of_the_zone_show_what_a_tick_says(
        low in 0.0..3e9_f64, span in 20.0..2e6_f64, count in 3..=12_usize, zone in any_zone(),
    ) {
        for tick in time_scale(low, low + span, count, &zone).ticks {
            let at = Timestamp::from_second(tick.value as i64).unwrap();
            let shown = at.to_zoned(zone.rules().clone());
            let formats = ["%H:%M", "%H:%M:%S", "%b %-d", "%b %Y", "%Y", "%H:%M %Z", "%H:%M:%S %Z"];
            let said = formats.map(|format| shown.strftime(format).to_string());
            prop_assert!(said.contains(&tick.label), "{tick:?} at {shown}");
        }
    }
}
