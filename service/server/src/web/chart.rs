//! The body of `POST /v1/chart.png`.

use std::fmt::Display;
use std::str::FromStr;

use render::{Axis, Band, Chart, Color, Series, Theme, Threshold, Unit};
use serde::Deserialize;

use super::members::{Number, Object, Pixels, Point};
use super::problem::Problem;
use super::query::{check_text, shown};

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
    unit: Option<String>,
    x: Option<String>,
    theme: Option<String>,
    series: Vec<Object<SeriesBody>>,
    #[serde(default)]
    thresholds: Vec<Object<ThresholdBody>>,
    #[serde(default)]
    bands: Vec<Object<BandBody>>,
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

/// The chart that a body describes.
pub(crate) fn parse(body: &[u8], depth_max: usize) -> Result<Chart, Problem> {
    let depth = depth(body);
    if depth > depth_max {
        return Err(Problem::too_deep(depth_max, depth));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let Object(parsed) = serde_path_to_error::deserialize(&mut json).map_err(bad_member)?;
    json.end()
        .map_err(|error| Problem::parameter("body", format!("{error}.")))?;
    chart(parsed)
}

/// What the parser says, at the member that it says it about.
pub(super) fn bad_member(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    // A question mark stands for where the text broke off.
    let path = path.trim_end_matches(['?', '.']);
    let words = error.inner().to_string();
    let parameter = match (path, named_member(&words)) {
        ("", None) => "body".to_owned(),
        ("", Some(name)) => name.to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(name)) => format!("{path}.{name}"),
    };
    Problem::parameter(&shown(&parameter), format!("{}.", shorten(&words)))
}

/// The member that is missing or there twice: it is known only by name, as it has no one place.
fn named_member(words: &str) -> Option<&str> {
    let rest = words.strip_prefix("missing field `");
    let rest = rest.or_else(|| words.strip_prefix("duplicate field `"))?;
    Some(rest.split_once('`')?.0)
}

fn chart(body: ChartBody) -> Result<Chart, Problem> {
    let default = Chart::default();
    check_text("title", &body.title)?;
    check_text("subtitle", &body.subtitle)?;
    let series = body
        .series
        .into_iter()
        .enumerate()
        .map(|(index, Object(series))| series_of(index, series));
    let thresholds = body
        .thresholds
        .into_iter()
        .enumerate()
        .map(|(index, Object(threshold))| {
            check_text(&format!("thresholds[{index}].label"), &threshold.label)?;
            Ok(Threshold {
                value: threshold.value.0,
                label: threshold.label,
            })
        });
    let bands = body
        .bands
        .into_iter()
        .enumerate()
        .map(|(index, Object(band))| {
            check_text(&format!("bands[{index}].label"), &band.label)?;
            Ok(Band {
                from: band.from.0,
                to: band.to.0,
                label: band.label,
            })
        });
    Ok(Chart {
        width: body.width.map_or(default.width, |Pixels(width)| width),
        height: body.height.map_or(default.height, |Pixels(height)| height),
        title: body.title,
        subtitle: body.subtitle,
        unit: choice::<Unit>("unit", body.unit)?.unwrap_or(default.unit),
        x: choice::<Axis>("x", body.x)?.unwrap_or(default.x),
        theme: choice::<Theme>("theme", body.theme)?.unwrap_or(default.theme),
        series: series.collect::<Result<_, Problem>>()?,
        thresholds: thresholds.collect::<Result<_, Problem>>()?,
        bands: bands.collect::<Result<_, Problem>>()?,
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
            .map(|Point(x, y)| (x, y.unwrap_or(f64::NAN)))
            .collect(),
    })
}

/// Refuses a line that goes back: no series of measurements does, and thousands of strokes across
/// the whole picture take seconds to draw.
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

pub(super) fn choice<T: FromStr<Err: Display>>(
    parameter: &str,
    text: Option<String>,
) -> Result<Option<T>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let refuse = |error| Problem::parameter(parameter, format!("{:?}: {error}.", shown(&text)));
    text.parse().map(Some).map_err(refuse)
}

/// What the parser says, without more than a piece of what the caller sent.
fn shorten(text: &str) -> String {
    const MAX: usize = 300;
    if text.chars().count() <= MAX {
        text.to_owned()
    } else {
        text.chars().take(MAX).chain(['…']).collect()
    }
}

/// How deep arrays and objects are nested, strings left out. Also right for what is no JSON: it is
/// never too small.
pub(super) fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_string, mut is_escaped) = (false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'[' | b'{' if !is_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
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
            "width": 640, "height": 320,
            "series": [{"name": "card", "color": "#f00", "points": [[1, 2.5], [2, null], [3, 4]]}],
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
        assert!(chart.series[0].points[1].1.is_nan());
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
    fn brackets_in_strings_are_not_depth() {
        assert_eq!(depth(br#"{"a":"[[[\"[[","b":[1]}"#), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes, 16);
        }
    }
}
