use super::*;

const ADDRESS: &str = "http://prometheus:9090";

fn vector(result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#)
}

fn matrix(result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{result}]}}}}"#)
}

fn instant(text: &str) -> Result<Answer, SourceError> {
    instant_of(text.as_bytes(), ADDRESS)
}

fn why_not(text: &str) -> String {
    match instant(text).unwrap_err() {
        SourceError::NotAnApi { message, .. } => message,
        other => panic!("{other:?}"),
    }
}

fn why_no_matrix(text: &str) -> String {
    match matrix_of(text.as_bytes(), ADDRESS).unwrap_err() {
        SourceError::NotAnApi { message, .. } => message,
        other => panic!("{other:?}"),
    }
}

fn too_large(limit: usize, of: Part) -> SourceError {
    SourceError::TooLarge {
        address: ADDRESS.to_owned(),
        limit,
        of,
    }
}

#[test]
fn a_vector_and_a_scalar_are_samples() {
    let answer = instant(&vector(
        r#"{"metric":{"job":"a"},"value":[1.5,"NaN"]},{"metric":{},"value":[1.5,"+Inf"]}"#,
    ))
    .unwrap();
    assert!(answer.vector[0].value.is_nan());
    assert_eq!(answer.vector[0].labels["job"], "a");
    assert_eq!(answer.vector[1].value, f64::INFINITY);
    let text = r#"{"status":"success","data":{"resultType":"scalar","result":[2,"3"]}}"#;
    let expected = Sample {
        labels: Labels::new(),
        value: 3.0,
        time: 2.0,
    };
    assert_eq!(instant(text).unwrap().vector, [expected]);
}

#[test]
fn the_order_of_fields_and_fields_to_come_do_not_matter() {
    let expected = instant(&vector(r#"{"metric":{"a":"\u00e9"},"value":[1,"2"]}"#)).unwrap();
    for text in [
        r#"{"data":{"result":[{"value":[1,"2"],"metric":{"a":"é"}}],"resultType":"vector"},"status":"success"}"#,
        r#"{"data":{"result":[{"value":[1,"2"],"metric":{"a":"é"}}],"resultType":"vector","stats":{"x":[{}]}},
           "status":"success","infos":["PromQL info: metric might not be a counter"],"warnings":null}"#,
        r#"{"status":"\u0073uccess","warnings":[],"data":{"resultType":"v\u0065ctor",
           "result":[{"metric":{"a":"é"},"value":[1.0,"2.0"],"more":1}]}}"#,
    ] {
        assert_eq!(instant(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn warnings_are_kept_within_bounds() {
    let warned = |count: usize| {
        let warnings = vec![format!("{:?}", "w".repeat(1_000)); count].join(",");
        let text = vector("").replace(
            r#""status""#,
            &format!(r#""warnings":[{warnings}],"status""#),
        );
        instant(&text).unwrap().warnings
    };
    assert_eq!(warned(WARNINGS_MAX).len(), WARNINGS_MAX);
    let warnings = warned(50);
    assert_eq!(warnings.len(), WARNINGS_MAX);
    assert!(warnings[0].len() < 300);
    assert_eq!(warnings[WARNINGS_MAX - 1], "and 41 more");
}

#[test]
fn whatever_is_odd_is_named() {
    let series = |values: &str| matrix(&format!(r#"{{"metric":{{"a":"b"}},"values":{values}}}"#));
    let one = r#"{"metric":{"__name__":"up","job":"a\"b"},"value":[1,"1"]}"#;
    let mut said: Vec<String> = [
        "",
        "<html><body>Please log in to go on, or ask who may let you in</body></html>",
        r#"["success",{"resultType":"vector","result":[]},"","",null]"#,
        "{}",
        "null",
        "{\"status\":\"success\"",
        r#"{"status":"success"}"#,
        r#"{"status":"success","data":null}"#,
        r#"{"status":"fine"}"#,
        r#"{"status":"error","status":"success","data":{}}"#,
        r#"{"status":"success","error":"no","data":{"resultType":"vector","result":[]}}"#,
        r#"{"status":"success","data":{"resultType":"vector"}}"#,
        r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#,
        r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1",1]}}"#,
        &matrix(""),
        &vector(r#"{"metric":{"__name__":"up"}}"#),
        &vector(r#"{"metric":{"__name__":"up"},"histogram":[1,{}]}"#),
        &vector(r#"{"metric":{},"value":[1,"x\u001b"]}"#),
        &vector(r#"{"metric":{},"value":[1,2]}"#),
        &vector(r#"{"metric":{},"value":[1e999,"2"]}"#),
        &vector(r#"{"metric":{},"value":["1","2"]}"#),
        &vector(r#"{"metric":{"a":1},"value":[1,"2"]}"#),
        &vector(r#"{"metric":{"a":"b","a":"c"},"value":[1,"2"]}"#),
        &vector(r#"{"value":[1,"2"]}"#),
        &vector(&format!("{one},{one}")),
        &format!("{} x", vector("")),
    ]
    .map(why_not)
    .into();
    said.extend(
        [
            &vector(""),
            &series(r#"[[1,"1"],[1,"2"]]"#),
            &series(r#"[[2,"1"],[1.5,"2"]]"#),
            &series("null"),
            &matrix(r#"{"metric":{"a":"b"},"values":[],"histograms":[]}"#),
            &matrix(r#"{"metric":{},"values":[]},{"metric":{},"values":[]}"#),
        ]
        .map(|text| why_no_matrix(text)),
    );
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn depth_is_no_danger() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    why_not(&deep);
    why_not(&vector(&deep));
    let hidden = format!(r#"{{"metric":{{}},"value":[1,"2"],"more":{deep}}}"#);
    // What nobody reads may be as deep as it likes.
    assert_eq!(instant(&vector(&hidden)).unwrap().vector.len(), 1);
}

#[test]
fn an_error_keeps_its_words() {
    let text = r#"{"status":"error","errorType":"bad_data","error":"parse\u001b error"}"#;
    let SourceError::Refused {
        status, message, ..
    } = instant(text).unwrap_err()
    else {
        panic!()
    };
    assert_eq!((status, message.as_str()), (200, "bad_data: parse error"));
    assert_eq!(error_of(text.as_bytes()), Some(message));
    assert_eq!(error_of(b"<html>"), None);
    assert!(matches!(
        matrix_of(text.as_bytes(), ADDRESS),
        Err(SourceError::Refused { .. })
    ));
}

#[test]
fn every_list_has_a_limit() {
    let points = |count: usize| {
        let points: Vec<String> = (0..count).map(|time| format!(r#"[{time},"1"]"#)).collect();
        matrix(&format!(
            r#"{{"metric":{{}},"values":[{}]}}"#,
            points.join(",")
        ))
    };
    let text = points(POINTS_MAX);
    let read = matrix_of(text.as_bytes(), ADDRESS).unwrap();
    assert_eq!(read.series[0].points.len(), POINTS_MAX);
    let text = points(POINTS_MAX + 1);
    let read = matrix_of(text.as_bytes(), ADDRESS);
    assert_eq!(read, Err(too_large(POINTS_MAX, Part::Points)));
    let read = samples_of(text.as_bytes(), ADDRESS).unwrap();
    assert_eq!(read.series[0].points.len(), POINTS_MAX + 1);
    let read = samples_of(points(SAMPLES_MAX + 1).as_bytes(), ADDRESS);
    assert_eq!(read, Err(too_large(SAMPLES_MAX, Part::Points)));

    let series = |count: usize| {
        let series = (0..count).map(|i| format!(r#"{{"metric":{{"i":"{i}"}},"value":[1,"1"]}}"#));
        vector(&series.collect::<Vec<_>>().join(","))
    };
    let read = instant(&series(SERIES_MAX)).unwrap();
    assert_eq!(read.vector.len(), SERIES_MAX);
    let read = instant(&series(SERIES_MAX + 1));
    assert_eq!(read, Err(too_large(SERIES_MAX, Part::Series)));

    let labels: Vec<String> = (0..=LABELS_MAX).map(|i| format!(r#""l{i}":"""#)).collect();
    let text = format!(r#"{{"metric":{{{}}},"value":[1,"1"]}}"#, labels.join(","));
    assert!(why_not(&vector(&text)).contains("more than 256 labels"));
}

#[test]
fn versions_and_names_are_read() {
    let text = r#"{"status":"success","data":{"version":"2.42.0","revision":"x"}}"#;
    assert_eq!(version_of(text.as_bytes(), ADDRESS).unwrap(), "2.42.0");
    assert!(version_of(vector("").as_bytes(), ADDRESS).is_err());
    let text = r#"{"status":"success","data":["up","x_total"]}"#;
    assert_eq!(
        names_of(text.as_bytes(), ADDRESS).unwrap(),
        ["up", "x_total"]
    );
    let partial = r#"{"status":"success","data":["up"],"warnings":["a store is away"]}"#;
    assert!(names_of(partial.as_bytes(), ADDRESS).is_err());
    let names = vec![r#""n""#; NAMES_MAX + 1].join(",");
    let text = format!(r#"{{"status":"success","data":[{names}]}}"#);
    let read = names_of(text.as_bytes(), ADDRESS);
    assert_eq!(read, Err(too_large(NAMES_MAX, Part::Names)));
}
