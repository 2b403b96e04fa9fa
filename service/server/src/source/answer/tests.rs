use super::*;
use proptest::prelude::*;

/// From 0 to 60 s, every 15 s.
const GRID: Grid = Grid {
    start_ms: 0,
    end_ms: 60_000,
    step_ms: 15_000,
};

fn success(result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":{result}}}}}"#)
}

fn shaped(result: &str) -> Result<Vec<Series>, ShapeError> {
    match read(success(result).as_bytes()) {
        Body::Matrix(matrix) => matrix.into_series(&GRID, None).map(|found| found.series),
        other => panic!("{other:?}"),
    }
}

fn foreign(text: &str) -> String {
    match read(text.as_bytes()) {
        Body::Foreign(words) => words,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn numbers_of_every_kind_are_read() {
    let series = shaped(
        r#"[{"metric":{"job":"a"},"values":[[0,"1.5"],[15,"NaN"],[30,"+Inf"],[45.0,"-Inf"],[60,"1e3"]]}]"#,
    );
    let points = &series.unwrap()[0].points;
    assert_eq!(points[0], (0.0, 1.5));
    assert!(points[1].1.is_nan());
    assert_eq!(points[2].1, f64::INFINITY);
    assert_eq!(points[3].1, f64::NEG_INFINITY);
    assert_eq!(points[4], (60.0, 1_000.0));
}

#[test]
fn a_missing_moment_breaks_the_line() {
    let series =
        shaped(r#"[{"metric":{},"values":[[0,"1"],[15,"2"],[45,"3"],[60,"4"]]}]"#).unwrap();
    let points = &series[0].points;
    assert_eq!(points.len(), 5);
    assert_eq!(points[2].0, 30.0);
    assert!(points[2].1.is_nan());
    assert_eq!(points[3], (45.0, 3.0));
}

#[test]
fn series_are_in_the_order_of_their_names_however_they_arrive() {
    let series = |labels: [&str; 3]| {
        let one = |label: &str| format!(r#"{{"metric":{{"le":"{label}"}},"values":[[0,"1"]]}}"#);
        let series = shaped(&format!("[{}]", labels.map(one).join(","))).unwrap();
        series
            .into_iter()
            .map(|series| series.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(series(["10", "+Inf", "2.5"]), ["2.5", "10", "+Inf"]);
    assert_eq!(series(["2.5", "10", "+Inf"]), ["2.5", "10", "+Inf"]);
}

#[test]
fn no_series_is_an_empty_chart() {
    assert_eq!(shaped("[]").unwrap(), []);
}

#[test]
fn too_many_series_are_counted_not_cut() {
    let one = |index: usize| format!(r#"{{"metric":{{"i":"{index}"}},"values":[[0,"1"]]}}"#);
    let many: Vec<String> = (0..SERIES_MAX + 8).map(one).collect();
    let expected = ShapeError::Limit(SourceError::TooManySeries {
        limit: SERIES_MAX,
        actual: SERIES_MAX + 8,
    });
    assert_eq!(shaped(&format!("[{}]", many.join(","))), Err(expected));
    assert_eq!(
        shaped(&format!("[{}]", many[..SERIES_MAX].join(",")))
            .unwrap()
            .len(),
        SERIES_MAX
    );
}

#[test]
fn too_many_points_are_not_cut_either() {
    let values: Vec<String> = (0..SERIES_POINTS_MAX + 1)
        .map(|index| format!("[{index},\"1\"]"))
        .collect();
    let series = |count: usize| {
        let values = values[..count].join(",");
        success(&format!(r#"[{{"metric":{{}},"values":[{values}]}}]"#))
    };
    assert!(foreign(&series(SERIES_POINTS_MAX + 1)).contains("too many points"));
    assert!(matches!(
        read(series(SERIES_POINTS_MAX).as_bytes()),
        Body::Matrix(_)
    ));
}

#[test]
fn more_points_than_a_chart_takes_are_refused() {
    let values: Vec<String> = (0..10_001)
        .map(|index| format!("[{index},\"1\"]"))
        .collect();
    let values = values.join(",");
    let one = |index: usize| format!(r#"{{"metric":{{"i":"{index}"}},"values":[{values}]}}"#);
    let all: Vec<String> = (0..10).map(one).collect();
    let Body::Matrix(matrix) = read(success(&format!("[{}]", all.join(","))).as_bytes()) else {
        panic!()
    };
    let grid = Grid {
        start_ms: 0,
        end_ms: 10_000_000,
        step_ms: 1_000,
    };
    let expected = ShapeError::Limit(SourceError::TooManyPoints {
        limit: CHART_POINTS_MAX,
        actual: 100_010,
    });
    assert_eq!(matrix.into_series(&grid, None), Err(expected));
}

#[test]
fn moments_that_nobody_asked_for_are_foreign() {
    for values in [
        r#"[[0,"1"],[0,"1"]]"#,
        r#"[[30,"1"],[15,"1"]]"#,
        r#"[[-15,"1"]]"#,
        r#"[[75,"1"]]"#,
        r#"[[1e300,"1"]]"#,
    ] {
        let result = shaped(&format!(r#"[{{"metric":{{}},"values":{values}}}]"#));
        assert!(matches!(result, Err(ShapeError::Foreign(_))), "{values}");
    }
}

#[test]
fn warnings_are_kept_within_bounds() {
    let notes = vec![format!("{:?}", format!("line\n{}", "w".repeat(1_000))); 50].join(",");
    let body = success("[]");
    let text = format!(
        "{},\"warnings\":[{notes}],\"infos\":[\"i\"]}}",
        &body[..body.len() - 1]
    );
    let Body::Matrix(matrix) = read(text.as_bytes()) else {
        panic!()
    };
    assert_eq!(matrix.notes.len(), NOTES_MAX);
    assert!(matrix.notes[0].chars().count() == WORDS_CHARACTERS_MAX);
    assert!(matrix.notes[0].starts_with("line www"));
    let text = format!(
        "{},\"warnings\":null,\"infos\":[\"i\"]}}",
        &body[..body.len() - 1]
    );
    assert!(matches!(read(text.as_bytes()), Body::Matrix(matrix) if matrix.notes == ["i"]));
}

#[test]
fn an_error_keeps_its_words() {
    let text = r#"{"status":"error","errorType":"bad_data","error":"parse\n error\u001b[0m"}"#;
    let expected = Body::Error {
        kind: "bad_data".to_owned(),
        message: "parse error [0m".to_owned(),
    };
    assert_eq!(read(text.as_bytes()), expected);
}

#[test]
fn native_histograms_are_told_apart() {
    let body = success(r#"[{"metric":{},"histograms":[[0,{"count":"1","sum":"2"}]]}]"#);
    assert_eq!(read(body.as_bytes()), Body::Histograms);
}

#[test]
fn anything_else_is_foreign_and_says_why() {
    let other =
        |kind: &str, result: &str| success(result).replace("\"matrix\"", &format!("{kind:?}"));
    let labels: Vec<String> = (0..100).map(|index| format!("\"l{index}\":\"\"")).collect();
    let report: Vec<String> = [
        String::new(),
        "<html>".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"status":"success"}"#.to_owned(),
        r#"{"status":"fine"}"#.to_owned(),
        r#"{"status":"success","status":"success"}"#.to_owned(),
        success("[]") + "x",
        success("[]").replace("}}", "}"),
        other("scalar", r#"[0,"1"]"#),
        other("string", r#"[0,"one"]"#),
        other("vector", r#"[{"metric":{},"value":[0,"1"]}]"#),
        other("vector", "[]"),
        success(r#"[0,"1"]"#),
        success("{}"),
        success("[[]]"),
        success("[{}]"),
        success(r#"[{"metric":{}}]"#),
        success(r#"[{"values":[]}]"#),
        success(r#"[{"metric":{},"metric":{},"values":[]}]"#),
        success(r#"[{"metric":{"a":"","a":""},"values":[]}]"#),
        success(r#"[{"metric":{"a":1},"values":[]}]"#),
        success(&format!(
            r#"[{{"metric":{{{}}},"values":[]}}]"#,
            labels.join(",")
        )),
        success(r#"[{"metric":{},"values":[[0,1]]}]"#),
        success(r#"[{"metric":{},"values":[["0","1"]]}]"#),
        success(r#"[{"metric":{},"values":[[0,"one"]]}]"#),
        success(r#"[{"metric":{},"values":[[0,""]]}]"#),
        success(r#"[{"metric":{},"values":[[0,"1",2]]}]"#),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        success(&format!("{}{}", "[".repeat(1_000), "]".repeat(1_000))),
    ]
    .iter()
    .map(|text| foreign(text))
    .collect();
    insta::assert_snapshot!(report.join("\n"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }

    #[test]
    fn an_answer_that_breaks_off_is_never_data(cut in 1_usize..80) {
        let whole = success(r#"[{"metric":{"job":"a"},"values":[[0,"1"],[15,"2"]]}]"#);
        let end = whole.len().saturating_sub(cut);
        prop_assert!(matches!(read(&whole.as_bytes()[..end]), Body::Foreign(_)));
    }

    /// Moments may be missing anywhere: what is there is drawn, and never across a gap.
    #[test]
    fn every_gap_breaks_the_line(is_there in prop::collection::vec(any::<bool>(), 5)) {
        let times: Vec<usize> = (0..5).filter(|&index| is_there[index]).map(|index| index * 15).collect();
        let values: Vec<String> = times.iter().map(|time| format!("[{time},\"1\"]")).collect();
        let series = shaped(&format!(r#"[{{"metric":{{}},"values":[{}]}}]"#, values.join(","))).unwrap();
        let points = &series[0].points;
        prop_assert_eq!(points.iter().filter(|point| point.1 == 1.0).count(), times.len());
        prop_assert!(points.len() <= GRID.points());
        for pair in points.windows(2) {
            prop_assert!(pair[0].0 < pair[1].0);
            let is_gap = pair[0].1.is_nan() || pair[1].1.is_nan();
            prop_assert!(is_gap || pair[1].0 - pair[0].0 == 15.0);
        }
    }
}
