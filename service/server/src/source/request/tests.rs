use super::*;
use proptest::prelude::*;
use std::time::UNIX_EPOCH;

/// 2026-11-22T19:40:07.25Z.
const NOW_MS: u64 = 1_795_376_407_250;

fn rules(settings: &[&str]) -> Rules {
    let mut all = vec!["prometheus.adhoc=true"];
    all.extend(settings);
    Rules::new(&Config::with(&all).unwrap())
}

fn parsed_at(query: &str, now_ms: u64) -> Result<ChartRequest, Problem> {
    let now = UNIX_EPOCH + Duration::from_millis(now_ms);
    ChartRequest::parse(query, now, &rules(&[]))
}

fn parsed(query: &str) -> ChartRequest {
    parsed_at(query, NOW_MS).unwrap_or_else(|problem| panic!("{query}: {}", problem.detail))
}

fn refusal(query: &str) -> String {
    let problem = parsed_at(query, NOW_MS).expect_err(query);
    let parameter = problem.parameter.as_deref().unwrap_or("–");
    format!(
        "{} {parameter}: {}",
        problem.status.as_str(),
        problem.detail
    )
}

#[test]
fn a_name_is_enough() {
    let request = parsed("name=latency_p99");
    assert!(request.name.is_some() && !request.is_pinned);
    assert_eq!(request.blame(), Blame::Configuration);
    assert_eq!((request.width, request.height), (800, 400));
    assert_eq!((request.unit, request.kind), (Unit::Seconds, Kind::Line));
    assert_eq!(
        (request.title.as_str(), request.zone.name()),
        ("Latency: P99 by route", "UTC")
    );
    assert_eq!(request.thresholds[0].label, "objective");
    assert_eq!(request.grid.points(), 241);
    assert_eq!(request.grid.end_ms, 1_795_376_400_000);
}

#[test]
fn every_parameter_is_read() {
    let request = parsed(
        "query=sum%28up%29&range=6h&at=2026-11-22T18:00:07Z&step=1m&width=640&height=320&\
         theme=dark&zone=europe/berlin&title=Up&unit=ratio&kind=area&stacked=true",
    );
    assert!(request.name.is_none() && request.is_pinned);
    assert_eq!(request.blame(), Blame::Caller);
    assert_eq!(
        (request.width, request.height, request.theme),
        (640, 320, Theme::Dark)
    );
    assert_eq!(
        (request.unit, request.kind, request.stacked),
        (Unit::Ratio, Kind::Area, true)
    );
    assert_eq!(
        (request.title.as_str(), request.zone.name()),
        ("Up", "Europe/Berlin")
    );
    assert_eq!(request.grid.step(), Duration::from_secs(60));
    assert_eq!(request.grid.points(), 361);
    assert_eq!(request.grid.end_ms, 1_795_370_400_000);
    let title = parsed("query=sum+by+%28a%29+%0A++%28up%29").title;
    assert_eq!(title, "sum by (a) (up)", "the query on one line");
    assert_eq!(parsed("query=up&title=").title, "");
}

#[test]
fn moments_are_read_in_two_ways() {
    let end = |at: &str| parsed(&format!("name=queue_depth&at={at}")).grid.end_ms;
    let expected = 1_795_370_400_000;
    for at in [
        "2026-11-22T18:00:07Z",
        "2026-11-22T19:00:07%2B01:00",
        "1795370407",
        "1795370407.999",
        "1795370407.5",
        "1795370400",
        "1795370400.000000000001",
    ] {
        assert_eq!(end(at), expected, "{at}");
    }
    assert_eq!(end("1795370399.999"), expected - 15_000);
}

#[test]
fn what_cannot_be_drawn_or_asked_is_refused_by_name() {
    let long = format!("query={}", "a".repeat(5_000));
    let report: Vec<String> = [
        "",
        "name=",
        "name=latency",
        "name=Latency_p99",
        "name=latency_p99&query=up",
        "query=",
        "query=%20%0A",
        "query=up%00",
        &long,
        "query=up&range=5s",
        "query=up&range=59999ms",
        "query=up&range=32d",
        "query=up&range=2678400001ms",
        "query=up&range=1",
        "query=up&range=-1h",
        "query=up&range=99999999999y",
        "query=up&step=5s",
        "query=up&range=31d&step=15s",
        "query=up&at=yesterday",
        "query=up&at=-5",
        "query=up&at=1e9",
        "query=up&at=99999999999999999999",
        "query=up&at=1795376500",
        "query=up&at=2027-01-01T00:00:00Z",
        "query=up&width=10",
        "query=up&width=4096&height=4096",
        "query=up&width=%2B800",
        "query=up&height=high",
        "query=up&theme=blue",
        "query=up&zone=Europe/Bern",
        "query=up&zone=../../etc/passwd",
        "query=up&title=a%0Ab",
        "query=up&unit=miles",
        "query=up&kind=pie",
        "query=up&stacked=yes",
        "query=up&query=up",
        "query=up&sig=x",
    ]
    .iter()
    .map(|query| refusal(query))
    .collect();
    insta::assert_snapshot!(report.join("\n"));
}

#[test]
fn queries_in_the_url_are_off_unless_configured() {
    let rules = Rules::new(&Config::with(&[]).unwrap());
    let problem = ChartRequest::parse("query=up", UNIX_EPOCH, &rules).unwrap_err();
    assert_eq!(problem.parameter.as_deref(), Some("query"));
    assert!(ChartRequest::parse("name=queue_depth", UNIX_EPOCH, &rules).is_ok());
}

/// What its picture is kept under, before the data is known: all that is seen, and which data it is.
fn identity(request: &ChartRequest) -> (Vec<u8>, [u8; 32]) {
    let scene = Scene::Chart(request.chart(None));
    (scene.canonical_bytes(), request.data_identity())
}

#[test]
fn order_defaults_and_encoding_do_not_matter() {
    let id = |query: &str| identity(&parsed(query));
    let plain = id("name=latency_p99");
    for same in [
        "name=latency%5Fp99",
        "range=60m&name=latency_p99",
        "width=800&theme=light&name=latency_p99&height=400&kind=line&zone=Etc/UTC&stacked=false"
            .replace("&zone=Etc/UTC", "&zone=utc")
            .as_str(),
        "name=latency_p99&step=15s&unit=seconds&range=3600s&title=Latency:+P99+by+route",
        "name=latency_p99&at=2026-11-22T19:40:05Z",
    ] {
        assert_eq!(id(same), plain, "{same}");
    }
}

#[test]
fn everything_that_is_seen_is_part_of_the_identity() {
    let mut seen = vec![identity(&parsed("name=latency_p99"))];
    for other in [
        "name=latency_p50",
        "name=latency_p99&range=2h",
        "name=latency_p99&at=1795370400",
        "name=latency_p99&step=30s",
        "name=latency_p99&width=801",
        "name=latency_p99&height=401",
        "name=latency_p99&theme=dark",
        "name=latency_p99&zone=Asia/Shanghai",
        "name=latency_p99&title=x",
        "name=latency_p99&unit=none",
        "name=latency_p99&kind=bar",
        "name=latency_p99&kind=bar&stacked=true",
        "query=up",
        "query=up&title=x",
    ] {
        let id = identity(&parsed(other));
        assert!(!seen.contains(&id), "{other}");
        seen.push(id);
    }
}

#[test]
fn requests_within_a_step_are_the_same_and_the_next_step_is_another() {
    let id = |now_ms| identity(&parsed_at("name=queue_depth", now_ms).unwrap());
    assert_eq!(id(NOW_MS), id(NOW_MS + 7_000));
    assert_ne!(id(NOW_MS), id(NOW_MS + 8_000));
}

#[test]
fn only_a_given_moment_that_has_settled_is_pinned() {
    let is_pinned = |query: &str| parsed(query).is_pinned;
    assert!(!is_pinned("name=queue_depth"));
    assert!(is_pinned("name=queue_depth&at=2026-11-22T19:34:00Z"));
    assert!(!is_pinned("name=queue_depth&at=2026-11-22T19:36:00Z"));
}

#[test]
fn what_differs_in_looks_only_shares_its_data() {
    let data = |query: &str| parsed(query).data_identity();
    let plain = data("name=queue_depth");
    let dark = "name=queue_depth&theme=dark&height=300&title=x&zone=Asia/Shanghai&kind=bar";
    assert_eq!(data(dark), plain);
    assert_ne!(data("name=queue_depth&range=2h"), plain);
}

#[test]
fn older_data_stands_in_for_a_chart_of_now_but_not_for_another_moment() {
    let id = |query: &str, now_ms| parsed_at(query, now_ms).unwrap().series_identity();
    let plain = id("name=queue_depth", NOW_MS);
    assert_eq!(id("name=queue_depth&width=400", NOW_MS + 600_000), plain);
    let pinned = |at: &str| id(&format!("name=queue_depth&at={at}"), NOW_MS);
    assert_ne!(pinned("1795370400"), plain);
    assert_ne!(pinned("1795370400"), pinned("1795374000"));
    assert_ne!(id("name=queue_depth&range=2h", NOW_MS), plain);
}

#[test]
fn a_rate_interval_is_filled_in() {
    let request =
        parsed("query=rate%28a%5B$__rate_interval%5D%29-rate%28b%5B$%7B__rate_interval%7D%5D%29");
    assert_eq!(
        request.promql(&request.grid),
        "rate(a[60000ms])-rate(b[60000ms])"
    );
    let coarse = request.grid.coarser().unwrap();
    assert_eq!(request.promql(&coarse), "rate(a[75000ms])-rate(b[75000ms])");
}

proptest! {
    #[test]
    fn any_query_is_read_without_a_panic(value in ".{0,60}", index in 0..NAMES.len()) {
        let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let _ = parsed_at(&format!("{}={encoded}", NAMES[index]), NOW_MS);
        let _ = parsed_at(&format!("name=queue_depth&{}={encoded}", NAMES[index]), NOW_MS);
        let _ = parsed_at(&value, NOW_MS);
    }

    #[test]
    fn whatever_is_accepted_stays_within_its_bounds(
        range in 60_u64..2_678_400,
        step in prop::option::of(15_u64..100_000),
        width in 64_u32..4_096,
        before in 0_u64..1_000_000_000,
    ) {
        let step = step.map_or(String::new(), |step| format!("&step={step}s"));
        let at = NOW_MS / 1_000 - before;
        let query = format!("query=up&range={range}s&width={width}&height=64&at={at}{step}");
        if let Ok(request) = parsed_at(&query, NOW_MS) {
            prop_assert!(request.grid.points() <= SERIES_POINTS_MAX);
            prop_assert!(request.grid.step() >= Duration::from_secs(15));
            prop_assert!(request.grid.end_ms <= (at * 1_000) as i64);
            prop_assert_eq!(request.is_pinned, request.grid.end_ms + 300_000 < NOW_MS as i64);
        }
    }
}
