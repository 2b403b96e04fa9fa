//! What a collector is sent, and what stands in the file of lines.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue as Attribute, any_value};
use prost::Message;
use tokio::net::TcpListener;

use super::*;
use crate::experiment::model::FaultKind;

/// What a collector was sent.
#[derive(Debug, Default)]
struct Taken {
    traces: Vec<ExportTraceServiceRequest>,
    logs: Vec<ExportLogsServiceRequest>,
}

type Shared = Arc<Mutex<Taken>>;
type Answer = [(header::HeaderName, &'static str); 1];

/// An answer without fields is an empty message: everything was taken.
const ALL_TAKEN: Answer = [(header::CONTENT_TYPE, "application/x-protobuf")];

async fn take_traces(State(taken): State<Shared>, batch: Bytes) -> Answer {
    let batch = ExportTraceServiceRequest::decode(batch).unwrap();
    taken.lock().unwrap().traces.push(batch);
    ALL_TAKEN
}

async fn take_logs(State(taken): State<Shared>, batch: Bytes) -> Answer {
    let batch = ExportLogsServiceRequest::decode(batch).unwrap();
    taken.lock().unwrap().logs.push(batch);
    ALL_TAKEN
}

async fn collector() -> (SocketAddr, Shared) {
    let taken = Shared::default();
    let app = Router::new()
        .route("/v1/traces", post(take_traces))
        .route("/v1/logs", post(take_logs))
        .with_state(Arc::clone(&taken));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, taken)
}

fn gone() -> Fault {
    Fault {
        name: "redis-goes".to_owned(),
        kind: FaultKind::Down {
            proxy: "redis".to_owned(),
        },
    }
}

fn story(telemetry: &Telemetry) {
    telemetry.experiment_begins("redis-gone");
    telemetry.stage_begins("full");
    telemetry.fault_is("full", &gone(), "redis refuses connections");
    telemetry.fault_is_gone("full", &gone());
    telemetry.stage_ends();
    telemetry.experiment_ends("redis-gone", Outcome::Held);
}

fn text(attributes: &[Attribute], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    let value = found.and_then(|found| found.value.as_ref()?.value.clone());
    match value {
        Some(any_value::Value::StringValue(text)) => text,
        other => panic!("{name} is {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_learns_what_was_broken_when_and_why() {
    let (address, taken) = collector().await;
    let telemetry = Telemetry::new(Some(&format!("http://{address}"))).unwrap();
    story(&telemetry);
    tokio::task::block_in_place(|| telemetry.close());
    let taken = taken.lock().unwrap();

    let resources = taken.traces.iter().flat_map(|batch| &batch.resource_spans);
    let scopes = resources.flat_map(|resource| &resource.scope_spans);
    let spans: Vec<_> = scopes.flat_map(|scope| &scope.spans).collect();
    let named = |name: &str| *spans.iter().find(|span| span.name == name).unwrap();
    let (experiment, stage) = (named(span::CHAOS_EXPERIMENT), named(span::CHAOS_STAGE));
    let fault = named(span::CHAOS_FAULT);
    assert_eq!(spans.len(), 3);
    assert_eq!(experiment.parent_span_id, Vec::<u8>::new());
    assert_eq!(stage.parent_span_id, experiment.span_id);
    assert_eq!(fault.parent_span_id, stage.span_id);
    assert_eq!(text(&experiment.attributes, field::OUTCOME), "held");
    assert_eq!(text(&stage.attributes, field::STAGE), "full");
    assert_eq!(text(&fault.attributes, field::TARGET), "redis");
    assert_eq!(text(&fault.attributes, field::FAULT), gone().label());
    assert!(fault.end_time_unix_nano >= fault.start_time_unix_nano);
    assert_eq!(fault.events[0].name, "redis refuses connections");

    let resources = taken.logs.iter().flat_map(|batch| &batch.resource_logs);
    let scopes = resources.flat_map(|resource| &resource.scope_logs);
    let records: Vec<_> = scopes.flat_map(|scope| &scope.log_records).collect();
    assert_eq!(records.len(), 5);
    let broken = records
        .iter()
        .find(|record| record.span_id == stage.span_id)
        .unwrap();
    assert_eq!(broken.trace_id, experiment.trace_id);
    assert_eq!(text(&broken.attributes, field::EXPERIMENT), "redis-gone");
}

#[test]
fn every_line_of_the_file_is_an_object_that_belongs_to_the_trace() {
    let folder = tempfile::tempdir().unwrap();
    let telemetry = Telemetry::new(None).unwrap();
    telemetry.log_to(folder.path(), "redis-gone").unwrap();
    story(&telemetry);
    let text = std::fs::read_to_string(folder.path().join("redis-gone.log.jsonl")).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let said: Vec<&str> = lines
        .iter()
        .filter_map(|line| line[field::MESSAGE].as_str())
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    The experiment begins
    The stage begins
    Broken on purpose: redis refuses connections
    Mended again
    The experiment ends
    ");
    assert!(
        lines
            .iter()
            .all(|line| line[field::TRACE_ID] == lines[0][field::TRACE_ID])
    );
    assert_eq!(lines[2][field::FAULT], gone().label());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_holds_nothing_up_for_long() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let telemetry = Telemetry::new(Some(&format!("http://{address}"))).unwrap();
    story(&telemetry);
    let closing = tokio::task::spawn_blocking(move || telemetry.close());
    let closed = tokio::time::timeout(3 * CLOSE_PATIENCE, closing).await;
    closed.expect("it waits for the collector").unwrap();
}
