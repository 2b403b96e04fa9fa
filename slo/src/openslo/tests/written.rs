//! An objective that is written out as OpenSLO reads back equal.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;

use super::*;
use crate::calendar::{Calendar, CalendarUnit};
use crate::objective::{Counted, Indicator, Method, Objective, Operator, Ratio, Raw, Threshold};
use crate::query::{Form, Query};
use crate::window;

fn counters() -> impl Strategy<Value = Query> {
    let selector = r#"[a-z_:][a-z0-9_:]{2,12}(\{[a-z]{1,5}(=|!=|=~|!~)"[a-z0-9 :/#'-]{0,9}"\})?"#;
    let counter =
        selector.prop_filter_map("a selector", |text| Query::parse(&text, Some(true)).ok());
    let template = "[a-z]{3,9}".prop_map(|name| {
        Query::count(&format!("sum(rate({name}_total[{{{{.window}}}}]))")).unwrap()
    });
    prop_oneof![counter, template]
}

fn gauges() -> impl Strategy<Value = Query> {
    "m_[a-z]{1,9}".prop_map(|name| Query::parse(&format!("max({name}) + 1"), Some(false)).unwrap())
}

fn values() -> impl Strategy<Value = Query> {
    let text = prop_oneof![
        "[a-z]{3,9}",
        "[a-z]{3,9}".prop_map(|name| format!("max(rate({name}[{{{{.window}}}}]))\n  > 0")),
    ];
    text.prop_filter_map("an expression", |text| Query::value(&text).ok())
}

fn counted(query: Query, is_good: bool) -> Counted {
    if is_good {
        Counted::Good(query)
    } else {
        Counted::Bad(query)
    }
}

fn indicators() -> impl Strategy<Value = Indicator> {
    let ratio = |part, total, is_good| {
        let counted = counted(part, is_good);
        Indicator::Ratio(Ratio { counted, total })
    };
    let operator = prop_oneof![
        Just(Operator::AtMost),
        Just(Operator::Below),
        Just(Operator::AtLeast),
        Just(Operator::Above)
    ];
    let bound = any::<f64>().prop_filter("a number", |value| value.is_finite());
    prop_oneof![
        (counters(), counters(), any::<bool>()).prop_map(move |(p, t, g)| ratio(p, t, g)),
        (gauges(), gauges(), any::<bool>()).prop_map(move |(p, t, g)| ratio(p, t, g)),
        (values(), any::<bool>()).prop_map(|(query, is_good)| {
            let share = counted(query, is_good);
            Indicator::Raw(Raw { share })
        }),
        (values(), operator, bound).prop_map(|(query, operator, value)| {
            Indicator::Threshold(Threshold {
                query,
                operator,
                value,
            })
        }),
    ]
}

fn calendars() -> impl Strategy<Value = Calendar> {
    let unit = prop_oneof![
        Just(CalendarUnit::Day),
        Just(CalendarUnit::Week),
        Just(CalendarUnit::Month),
        Just(CalendarUnit::Quarter)
    ];
    let zone = prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("America/New_York")];
    (unit, 1..4_i32, zone, 1..29_i8, 0..24_i8).prop_map(|(unit, count, zone, day, hour)| Calendar {
        start: DateTime::constant(2024, 3, day, hour, 30, 0, 0),
        zone: TimeZoneDatabase::bundled().get(zone).unwrap(),
        unit,
        count,
    })
}

fn methods(slice_target: f64) -> impl Strategy<Value = Method> {
    let slice = (1..60_u64).prop_map(|minutes| Duration::from_secs(minutes * 60));
    prop_oneof![
        Just(Method::Occurrences),
        slice.clone().prop_map(move |slice| Method::Timeslices {
            slice,
            target: slice_target
        }),
        slice.prop_map(|slice| Method::RatioTimeslices { slice }),
    ]
}

fn objectives_any() -> impl Strategy<Value = Objective> {
    let window = (1..366_u64).prop_map(|days| Duration::from_secs(days * 86_400));
    let name = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
    let words = "[A-Za-z][A-Za-z0-9 é:#'\"-]{0,20}[a-z]";
    let parts = (
        name,
        words,
        words,
        name,
        0.000_1..0.999_99_f64,
        0.01..1.0_f64,
    );
    (
        parts,
        window,
        proptest::option::of(calendars()),
        indicators(),
    )
        .prop_flat_map(
            |(
                (name, display_name, description, service, target, slice_target),
                window,
                calendar,
                indicator,
            )| {
                let is_threshold = matches!(indicator, Indicator::Threshold(_));
                let longest = calendar.as_ref().map_or(window, |calendar| {
                    Duration::from_secs(
                        calendar.unit.seconds_max() * calendar.count.unsigned_abs() as u64,
                    )
                });
                methods(if is_threshold { 1.0 } else { slice_target }).prop_map(move |method| {
                    Objective {
                        name: name.clone(),
                        display_name: display_name.clone(),
                        description: description.split_whitespace().collect::<Vec<_>>().join(" "),
                        service: service.clone(),
                        target,
                        window: longest,
                        window_text: window::text(longest),
                        calendar: calendar.clone(),
                        method,
                        indicator: indicator.clone(),
                        source: None,
                        file: "written.yaml".into(),
                        line: 1,
                    }
                })
            },
        )
}

fn metric(text: &mut String, indent: usize, name: &str, query: &Query) {
    let query = serde_json::to_string(query.as_str()).unwrap();
    let _ = writeln!(
        text,
        "{:indent$}{name}: {{metricSource: {{type: Prometheus, spec: {{query: {query}}}}}}}",
        ""
    );
}

/// The objective as a person would write it.
fn written(objective: &Objective) -> String {
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let (method, slices) = written_method(objective);
    let mut text = format!(
        "apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: {}\n  displayName: {}\nspec:\n  \
         service: {}\n  description: {}\n  budgetingMethod: {method}\n  timeWindow:\n",
        json(&objective.name),
        json(&objective.display_name),
        json(&objective.service),
        json(&objective.description),
    );
    text += &written_window(objective);
    let bound = written_bound(&objective.indicator);
    let target = objective.target;
    let _ = writeln!(
        text,
        "  objectives:\n  - {{target: {target:?}{bound}{slices}}}"
    );
    text += "  indicator:\n    spec:\n";
    write_indicator(&mut text, &objective.indicator);
    text
}

fn written_method(objective: &Objective) -> (&'static str, String) {
    match objective.method {
        Method::Occurrences => ("Occurrences", String::new()),
        Method::Timeslices { slice, target } => {
            let target = match objective.indicator {
                Indicator::Threshold(_) => String::new(),
                _ => format!(", timeSliceTarget: {target:?}"),
            };
            let slice = window::text(slice);
            ("Timeslices", format!(", timeSliceWindow: {slice}{target}"))
        }
        Method::RatioTimeslices { slice } => {
            let slice = window::text(slice);
            ("RatioTimeslices", format!(", timeSliceWindow: {slice}"))
        }
    }
}

fn written_window(objective: &Objective) -> String {
    let Some(Calendar {
        start,
        zone,
        unit,
        count,
    }) = &objective.calendar
    else {
        let window = &objective.window_text;
        return format!("  - {{duration: {window}, isRolling: true}}\n");
    };
    let unit = match unit {
        CalendarUnit::Day => 'd',
        CalendarUnit::Week => 'w',
        CalendarUnit::Month => 'M',
        CalendarUnit::Quarter => 'Q',
        CalendarUnit::Year => 'Y',
    };
    let start = start.to_string().replace('T', " ");
    let zone = zone.iana_name().unwrap();
    format!(
        "  - duration: {count}{unit}\n    calendar:\n      startTime: {start}\n      timeZone: {zone}\n"
    )
}

fn written_bound(indicator: &Indicator) -> String {
    let Indicator::Threshold(threshold) = indicator else {
        return String::new();
    };
    let operator = match threshold.operator {
        Operator::AtMost => "lte",
        Operator::Below => "lt",
        Operator::AtLeast => "gte",
        Operator::Above => "gt",
    };
    format!(", op: {operator}, value: {:?}", threshold.value)
}

fn write_indicator(text: &mut String, indicator: &Indicator) {
    match indicator {
        Indicator::Threshold(threshold) => metric(text, 6, "thresholdMetric", &threshold.query),
        Indicator::Raw(raw) => {
            let kind = match raw.share {
                Counted::Good(_) => "success",
                Counted::Bad(_) => "failure",
            };
            let _ = writeln!(text, "      ratioMetric:\n        rawType: {kind}");
            metric(text, 8, "raw", raw.share.query());
        }
        Indicator::Ratio(ratio) => {
            let is_counter = ratio.total.form() != Form::Gauge;
            let _ = writeln!(text, "      ratioMetric:\n        counter: {is_counter}");
            let part = match ratio.counted {
                Counted::Good(_) => "good",
                Counted::Bad(_) => "bad",
            };
            metric(text, 8, part, ratio.counted.query());
            metric(text, 8, "total", &ratio.total);
        }
    }
}

/// An objective whose queries come from no file.
fn without_places(objective: &Objective) -> Objective {
    let bare = |query: &Query| query.clone().without_place();
    let share = |counted: &Counted| match counted {
        Counted::Good(query) => Counted::Good(bare(query)),
        Counted::Bad(query) => Counted::Bad(bare(query)),
    };
    let indicator = match &objective.indicator {
        Indicator::Ratio(ratio) => Indicator::Ratio(Ratio {
            counted: share(&ratio.counted),
            total: bare(&ratio.total),
        }),
        Indicator::Raw(raw) => Indicator::Raw(Raw {
            share: share(&raw.share),
        }),
        Indicator::Threshold(threshold) => Indicator::Threshold(Threshold {
            query: bare(&threshold.query),
            ..threshold.clone()
        }),
    };
    Objective {
        indicator,
        ..objective.clone()
    }
}

proptest! {
    #[test]
    fn an_objective_that_is_written_out_reads_back_equal(objective in objectives_any()) {
        let text = written(&objective);
        let read = read(&text, Path::new("written.yaml")).and_then(|read| objectives(&read));
        let read = read.unwrap_or_else(|fault| panic!("{fault}\n{text}"));
        prop_assert_eq!(read.iter().map(without_places).collect::<Vec<_>>(), [objective], "{}", text);
    }
}
