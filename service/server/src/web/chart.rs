//! The body of `POST /v1/chart.png`.

use render::{
    Axis, Band, Chart, Color, Kind, Mark, MarkKind, Series, Theme, Threshold, Unit, Zone,
};
use serde::Deserialize;

use super::json::{self, choice};
use super::members::{Ends, Number, Object, Pixels, Point};
use super::problem::Problem;
use super::query::check_text;

/// A chart as JSON. Names are those of [`Chart`]; what is left out is as in its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChartBody {
    width: Option<Pixels>,
    height: Option<Pixels>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    subtitle: String,
    kind: Option<String>,
    #[serde(default)]
    stacked: bool,
    unit: Option<String>,
    x: Option<String>,
    zone: Option<String>,
    range: Option<Ends>,
    theme: Option<String>,
    series: Vec<Object<SeriesBody>>,
    #[serde(default)]
    thresholds: Vec<Object<ThresholdBody>>,
    #[serde(default)]
    bands: Vec<Object<BandBody>>,
    #[serde(default)]
    marks: Vec<Object<MarkBody>>,
    evaluated_at: Option<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesBody {
    #[serde(default)]
    name: String,
    color: Option<String>,
    points: Vec<Point>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThresholdBody {
    value: Number,
    #[serde(default)]
    label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BandBody {
    from: Number,
    to: Number,
    #[serde(default)]
    label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkBody {
    at: Number,
    #[serde(default)]
    label: String,
    kind: Option<String>,
}

/// The chart that a body describes.
pub(crate) fn parse(body: &[u8], depth_max: usize) -> Result<Chart, Problem> {
    chart(json::read(body, depth_max)?)
}

fn chart(body: ChartBody) -> Result<Chart, Problem> {
    let default = Chart::default();
    check_text("title", &body.title)?;
    check_text("subtitle", &body.subtitle)?;
    for (name, text) in [("evaluated_at", &body.evaluated_at), ("note", &body.note)] {
        check_text(name, text.as_deref().unwrap_or_default())?;
    }
    Ok(Chart {
        width: body.width.map_or(default.width, |Pixels(width)| width),
        height: body.height.map_or(default.height, |Pixels(height)| height),
        title: body.title,
        subtitle: body.subtitle,
        kind: choice::<Kind>("kind", body.kind)?.unwrap_or(default.kind),
        stacked: body.stacked,
        unit: choice::<Unit>("unit", body.unit)?.unwrap_or(default.unit),
        x: choice::<Axis>("x", body.x)?.unwrap_or(default.x),
        zone: zone(body.zone)?,
        range: range(body.range)?,
        theme: choice::<Theme>("theme", body.theme)?.unwrap_or(default.theme),
        series: each(body.series, series_of)?,
        thresholds: each(body.thresholds, threshold_of)?,
        bands: each(body.bands, band_of)?,
        marks: each(body.marks, mark_of)?,
        evaluated_at: body.evaluated_at,
        note: body.note,
    })
}

/// Reads the entries of a list, each with its place in it.
fn each<B, T>(
    entries: Vec<Object<B>>,
    read: impl Fn(usize, B) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let entries = entries.into_iter().enumerate();
    entries
        .map(|(index, Object(entry))| read(index, entry))
        .collect()
}

fn zone(name: Option<String>) -> Result<Zone, Problem> {
    let Some(name) = name else {
        return Ok(Zone::UTC);
    };
    // The error names the zone itself.
    let refuse = |error| Problem::parameter("zone", format!("{error}."));
    name.parse().map_err(refuse)
}

fn range(ends: Option<Ends>) -> Result<Option<(f64, f64)>, Problem> {
    match ends {
        None => Ok(None),
        Some(Ends(from, to)) if from < to => Ok(Some((from, to))),
        Some(_) => Err(Problem::parameter(
            "range",
            "It does not go upwards: [from, to] with from less than to.",
        )),
    }
}

fn threshold_of(index: usize, threshold: ThresholdBody) -> Result<Threshold, Problem> {
    check_text(&format!("thresholds[{index}].label"), &threshold.label)?;
    Ok(Threshold {
        value: threshold.value.0,
        label: threshold.label,
    })
}

fn band_of(index: usize, band: BandBody) -> Result<Band, Problem> {
    check_text(&format!("bands[{index}].label"), &band.label)?;
    Ok(Band {
        from: band.from.0,
        to: band.to.0,
        label: band.label,
    })
}

fn mark_of(index: usize, mark: MarkBody) -> Result<Mark, Problem> {
    check_text(&format!("marks[{index}].label"), &mark.label)?;
    let kind = choice::<MarkKind>(&format!("marks[{index}].kind"), mark.kind)?;
    Ok(Mark {
        at: mark.at.0,
        label: mark.label,
        kind: kind.unwrap_or_default(),
    })
}

fn series_of(index: usize, series: SeriesBody) -> Result<Series, Problem> {
    check_text(&format!("series[{index}].name"), &series.name)?;
    check_order(index, &series.points)?;
    Ok(Series {
        name: series.name,
        color: choice::<Color>(&format!("series[{index}].color"), series.color)?,
        points: series
            .points
            .into_iter()
            .map(|Point(x, y)| (x, y))
            .collect(),
    })
}

/// Refuses a series that goes back: none of measurements does, so the sender has mixed something up.
fn check_order(index: usize, points: &[Point]) -> Result<(), Problem> {
    // JSON has no number that is not finite, so any two can be compared.
    let Some(before) = points.windows(2).position(|pair| pair[1].0 < pair[0].0) else {
        return Ok(());
    };
    Err(Problem::parameter(
        &format!("series[{index}].points[{}]", before + 1),
        "Its x goes back: it is less than that of the point before.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(body: &[u8]) -> String {
        let problem = parse(body, 16).unwrap_err();
        let parameter = problem.parameter.as_deref().unwrap();
        format!(
            "{} {parameter}: {}",
            problem.status.as_str(),
            problem.detail
        )
    }

    #[test]
    fn every_member_is_read() {
        let body = r##"{
            "title": "P99", "subtitle": "by route", "unit": "seconds", "x": "number", "theme": "dark",
            "width": 640, "height": 320, "kind": "area", "stacked": true, "zone": "europe/berlin",
            "range": [0, 9.5], "evaluated_at": "evaluated now", "note": "coarser step",
            "series": [{"name": "card", "color": "#f00",
                "points": [[1, 2.5], [2, null], [3, "+Inf"], [3, "-Inf"], [4, "NaN"]]}],
            "marks": [{"at": 7, "label": "v2", "kind": "deploy"}, {"at": 8}],
            "thresholds": [{"value": 1.2, "label": "objective"}],
            "bands": [{"from": 1, "to": 2, "label": "redis slow"}]
        }"##;
        let chart = parse(body.as_bytes(), 16).unwrap();
        assert_eq!(
            (chart.width, chart.height, chart.unit, chart.x),
            (640, 320, Unit::Seconds, Axis::Number)
        );
        assert_eq!(chart.series[0].color, Some(Color::rgb(0xff0000)));
        assert_eq!(chart.series[0].points[0], (1.0, 2.5));
        let values: Vec<f64> = chart.series[0].points.iter().map(|point| point.1).collect();
        assert!(values[1].is_nan() && values[4].is_nan());
        assert_eq!(values[2..4], [f64::INFINITY, f64::NEG_INFINITY]);
        assert_eq!(
            (chart.kind, chart.stacked, chart.zone.name()),
            (Kind::Area, true, "Europe/Berlin")
        );
        assert_eq!(chart.range, Some((0.0, 9.5)));
        assert_eq!(chart.evaluated_at.as_deref(), Some("evaluated now"));
        assert_eq!(chart.note.as_deref(), Some("coarser step"));
        let kinds: Vec<MarkKind> = chart.marks.iter().map(|mark| mark.kind).collect();
        assert_eq!(kinds, [MarkKind::Deploy, MarkKind::Note]);
        assert_eq!(chart.thresholds[0].label, "objective");
        assert_eq!(chart.bands[0].to, 2.0);
    }

    #[test]
    fn a_bad_body_names_its_member() {
        let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
        let bodies: &[&[u8]] = &[
            b"",
            b"{",
            b"[]",
            b"{\"series\":[]} x",
            b"{\"titel\":\"x\",\"series\":[]}",
            b"{\"title\":\"x\"}",
            b"{\"title\":\"x\",\"title\":\"y\",\"series\":[]}",
            b"{\"title\":\"\xff\",\"series\":[]}",
            b"{\"title\":\"a\\nb\",\"series\":[]}",
            b"{\"series\":[{\"points\":[[1,2],[3]]}]}",
            b"{\"series\":[{\"points\":[[1,2,3]]}]}",
            b"{\"series\":[{\"points\":[[1,1e999]]}]}",
            b"{\"series\":[{\"points\":[],\"color\":\"blue\"}]}",
            b"{\"series\":[],\"unit\":\"miles\"}",
            deep.as_bytes(),
            b"[1200,630,\"t\",\"\",null,null,null,[],[],[]]",
            b"{\"series\":[[\"n\",null,[[1,2]]]]}",
            b"{\"series\":[],\"thresholds\":[[1,\"\"]]}",
            b"{\"series\":[],\"bands\":[[1,2,\"\"]]}",
            b"{\"series\":[],\"series\":[]}",
            b"{\"series\":[{\"name\":\"a\"}]}",
            b"{\"series\":[],\"bands\":[{\"from\":1,\"to\":2,\"to\":3}]}",
            b"{\"series\":[],\"width\":-1}",
            b"{\"series\":[],\"width\":5e9}",
            b"{\"series\":[],\"height\":\"wide\"}",
            b"{\"series\":[{\"points\":[1]}]}",
            b"{\"series\":[{\"points\":[[\"1\",2]]}]}",
            b"{\"series\":[{\"points\":[[1,\"Infinity\"]]}]}",
            b"{\"series\":[],\"zone\":\"Mars/Olympus\"}",
            b"{\"series\":[],\"kind\":\"pie\"}",
            b"{\"series\":[],\"stacked\":\"yes\"}",
            b"{\"series\":[],\"range\":[2,2]}",
            b"{\"series\":[],\"range\":[2]}",
            b"{\"series\":[],\"marks\":[{\"at\":1,\"kind\":\"fire\"}]}",
            b"{\"series\":[],\"marks\":[{\"label\":\"a\"}]}",
            b"{\"series\":[],\"note\":\"a\\u0007b\"}",
            b"{\"series\":[{\"points\":[]},{\"points\":[[1,2],[1,3],[0.5,null]]}]}",
        ];
        let report: Vec<String> = bodies.iter().map(|body| refusal(body)).collect();
        insta::assert_snapshot!(report.join("\n"));
    }

    #[test]
    fn a_number_of_pixels_that_is_too_large_for_any_type_is_left_to_the_limits() {
        for digits in ["4294967296", "18446744073709551615"] {
            let body = format!("{{\"series\":[],\"width\":{digits},\"height\":null}}");
            let chart = parse(body.as_bytes(), 16).unwrap();
            assert_eq!(
                (chart.width, chart.height),
                (u32::MAX, Chart::default().height)
            );
        }
    }

    #[test]
    fn points_at_the_same_x_are_in_order() {
        let body =
            br#"{"series":[{"points":[[-1,2],[-1,3],[0,null],[0.0,1]]},{"points":[[-9,1]]}]}"#;
        assert_eq!(parse(body, 16).unwrap().series[0].points.len(), 4);
    }

    #[test]
    fn a_body_of_any_bytes_is_a_chart_or_a_refusal() {
        const FUZZ_TIME: std::time::Duration = std::time::Duration::from_secs(2);
        bolero::check!(name = "chart")
            .with_test_time(FUZZ_TIME)
            .with_max_len(1_000)
            .for_each(|bytes: &[u8]| match parse(bytes, 16) {
                Ok(chart) => {
                    let scene = render::Scene::Chart(chart);
                    let again = render::Scene::Chart(parse(bytes, 16).unwrap());
                    assert_eq!(scene.canonical_bytes(), again.canonical_bytes());
                    let _ = scene.check();
                }
                Err(problem) => assert!(problem.parameter.is_some(), "{}", problem.detail),
            });
    }

    /// Numbers as JSON writes them, and what it has no number for.
    fn any_value() -> impl Strategy<Value = (String, f64)> {
        prop_oneof![
            (-1e12..1e12_f64).prop_map(|value| (format!("{value:?}"), value)),
            any::<i32>().prop_map(|value| (value.to_string(), f64::from(value))),
            Just(("null".to_owned(), f64::NAN)),
            Just(("\"NaN\"".to_owned(), f64::NAN)),
            Just(("\"+Inf\"".to_owned(), f64::INFINITY)),
            Just(("\"-Inf\"".to_owned(), f64::NEG_INFINITY)),
        ]
    }

    proptest! {
        #[test]
        fn points_are_read_as_they_were_written(values in prop::collection::vec(any_value(), 0..30)) {
            let points = values.iter().enumerate();
            let points: Vec<String> = points.map(|(x, (text, _))| format!("[{x},{text}]")).collect();
            let body = format!("{{\"series\":[{{\"points\":[{}]}}]}}", points.join(","));
            let chart = parse(body.as_bytes(), 16).unwrap();
            for (index, (point, (_, value))) in chart.series[0].points.iter().zip(&values).enumerate() {
                prop_assert_eq!(point.0, index as f64);
                let is_gap = value.is_nan() && point.1.is_nan();
                // The parser may miss the last bit.
                let is_near = point.1 == *value || (point.1 - value).abs() <= value.abs() * 1e-15;
                prop_assert!(is_gap || is_near, "{:?} {}", point, value);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes, 16);
        }
    }
}
