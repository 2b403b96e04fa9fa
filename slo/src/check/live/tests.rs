use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query as Parameters, State};
use axum::routing::get;
use outcome::Outcome;

use super::super::checked;
use super::*;

/// A Prometheus that answers what it is told to, and remembers what it was asked.
#[derive(Clone, Default)]
struct Server {
    answers: Arc<Vec<(&'static str, &'static str)>>,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn answer(
    State(server): State<Server>,
    Parameters(parameters): Parameters<HashMap<String, String>>,
) -> ([(&'static str, &'static str); 1], String) {
    let query = parameters["query"].clone();
    let found = server.answers.iter().find(|(part, _)| query.contains(part));
    let result = found.map_or("[]", |(_, result)| *result);
    server.asked.lock().unwrap().push(query);
    let body = if result.starts_with('{') {
        result.to_owned()
    } else {
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}"#)
    };
    ([("content-type", "application/json")], body)
}

/// The address of a server that gives the first answer whose text is in the query.
async fn serve(answers: &[(&'static str, &'static str)]) -> (String, Server) {
    let server = Server {
        answers: Arc::new(answers.to_vec()),
        ..Server::default()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new()
        .route("/api/v1/query", get(answer))
        .with_state(server.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, server)
}

fn objectives() -> Vec<Objective> {
    let text = include_str!("../../../objectives/latency.yaml");
    crate::read(text, Path::new("latency.yaml")).unwrap()
}

const NAMES: (&str, &str) = (
    "count by (__name__)",
    r#"[{"metric":{"__name__":"http_server_request_duration_seconds_bucket"},"value":[1,"9"]},
        {"metric":{"__name__":"http_server_request_duration_seconds_count"},"value":[1,"9"]}]"#,
);
const BOUNDS: (&str, &str) = (
    "count by (le)",
    r#"[{"metric":{"le":"0.5"},"value":[1,"9"]},{"metric":{"le":"+Inf"},"value":[1,"9"]}]"#,
);
const SERIES: (&str, &str) = ("count(http", r#"[{"metric":{},"value":[1,"9"]}]"#);
const TRAFFIC: (&str, &str) = ("sum(increase(", r#"[{"metric":{},"value":[1,"100"]}]"#);

async fn said(answers: &[(&'static str, &'static str)]) -> (String, Outcome) {
    let (address, _server) = serve(answers).await;
    let objectives = objectives();
    let live = ask(&address, &objectives).await.unwrap();
    let (table, outcome) = checked(&objectives, &[], &live.catalog, Some(&live));
    (table.replace(&address, "URL"), outcome)
}

#[tokio::test]
async fn what_is_there_and_busy_enough_is_in_order() {
    let (table, outcome) = said(&[NAMES, BOUNDS, SERIES, TRAFFIC]).await;
    assert_eq!(outcome, Outcome::Held, "{table}");
}

#[tokio::test]
async fn each_thing_that_is_missing_is_said() {
    let other_bounds = (
        "count by (le)",
        r#"[{"metric":{"le":"0.25"},"value":[1,"9"]}]"#,
    );
    let none = ("count(http", "[]");
    let little = ("sum(increase(", r#"[{"metric":{},"value":[1,"10.4"]}]"#);
    let several = (
        "sum(increase(",
        r#"[{"metric":{"a":"1"},"value":[1,"1"]},{"metric":{"a":"2"},"value":[1,"1"]}]"#,
    );
    let strange = ("sum(increase(", r#"[{"metric":{},"value":[1,"NaN"]}]"#);
    let mut all = String::new();
    for answers in [
        vec![],
        vec![NAMES, other_bounds, SERIES, TRAFFIC],
        vec![NAMES, BOUNDS, none, TRAFFIC],
        vec![NAMES, BOUNDS, SERIES, little],
        vec![NAMES, BOUNDS, SERIES, several],
        vec![NAMES, BOUNDS, SERIES, strange],
    ] {
        let (table, outcome) = said(&answers).await;
        assert_eq!(outcome, Outcome::Misused, "{table}");
        all += &table;
        all.push('\n');
    }
    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn what_cannot_be_known_is_inconclusive() {
    let objectives = objectives();
    let warned = r#"{"status":"success","warnings":["a store is away"],"data":{"resultType":"vector","result":[]}}"#;
    for (body, expected) in [
        (warned, "answered in part only: a store is away"),
        (
            r#"{"status":"error","errorType":"bad_data","error":"no"}"#,
            "no",
        ),
        ("{}", "did not answer as Prometheus does"),
    ] {
        let (address, _server) = serve(&[("count", body)]).await;
        let failure = ask(&address, &objectives).await.unwrap_err();
        assert_eq!(failure.outcome(), Outcome::Inconclusive, "{failure}");
        assert!(failure.to_string().contains(expected), "{failure}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let failure = ask(&address, &objectives).await.unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Inconclusive, "{failure}");
    let failure = ask("nowhere", &objectives).await.unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Misused, "{failure}");
}

#[tokio::test]
async fn every_question_is_promql_and_asked_once() {
    let (address, server) = serve(&[NAMES, BOUNDS, SERIES, TRAFFIC]).await;
    ask(&address, &objectives()).await.unwrap();
    let asked = server.asked.lock().unwrap().clone();
    for query in &asked {
        assert!(crate::promql::parse(query).is_ok(), "{query}");
    }
    let distinct: BTreeSet<&String> = asked.iter().collect();
    assert_eq!(distinct.len(), asked.len());
    assert_eq!(asked.len(), 1 + 1 + 2 + 1, "{asked:?}");
}

#[test]
fn needed_events_are_those_of_an_exact_bound() {
    assert_eq!([0.99, 0.999, 0.9995].map(needed), [299.0, 2_995.0, 5_990.0]);
}
