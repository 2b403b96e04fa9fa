//! Servers that fail for a while, and requests that share what there is of time.

use super::*;

#[tokio::test]
async fn a_coarser_step_answers_when_the_fine_one_takes_too_long() {
    let fake = Fake::start(|index, asking| match index {
        0 => Act::Hold(Vec::new()),
        _ => Act::Send(ok(&asking.matrix())),
    })
    .await;
    let bench = Bench::new(&fake.url, &[SMALL_RESERVE]);
    let data = bench
        .get("query=up&range=6h", Duration::from_secs(2))
        .await
        .unwrap();
    assert!(data.is_coarse);
    assert_eq!(data.step, Duration::from_secs(120));
    assert_eq!(data.start, data.end - 6.0 * 3_600.0);
    assert!(
        data.series[0]
            .points
            .iter()
            .all(|point| (data.start..=data.end).contains(&point.0))
    );
}

#[tokio::test]
async fn a_server_that_says_that_a_query_is_too_dear_is_asked_for_less_and_is_healthy() {
    let fake = Fake::start(|_, asking| {
        let is_fine = asking.number("step") < 60.0;
        Act::Send(match is_fine {
            true => json(
                "503 Service Unavailable",
                &failure("timeout", "query timed out"),
            ),
            false => ok(&asking.matrix()),
        })
    })
    .await;
    let bench = Bench::new(&fake.url, &["prometheus.breaker.failures_max=1"]);
    for query in ["query=a", "query=b"] {
        assert!(bench.get(query, PATIENCE).await.unwrap().is_coarse);
    }
    let timeouts: Vec<f64> = fake
        .asked("timeout")
        .iter()
        .map(|text| text.trim_end_matches("ms").parse().unwrap())
        .collect();
    // 60 % of the time for the fine step, and Prometheus is told a little less.
    assert!((9_000.0..=10_800.0).contains(&timeouts[0]), "{timeouts:?}");
}

#[tokio::test]
async fn a_prometheus_that_keeps_failing_is_left_alone() {
    let fake = Fake::always(answer("503 Service Unavailable", "text/plain", "no")).await;
    let bench = Bench::new(&fake.url, &["prometheus.breaker.cooldown=1h"]);
    for index in 0..8 {
        let error = bench
            .get(&format!("query=up{index}"), PATIENCE)
            .await
            .unwrap_err();
        let is_open = matches!(error, SourceError::CircuitOpen { .. });
        assert_eq!(is_open, index >= 5, "{index}: {error}");
    }
    assert_eq!(fake.count(), 5);
    assert_eq!(
        bench.value("circuit_breaker_state{dependency=\"prometheus\"}"),
        2.0
    );
}

#[tokio::test]
async fn a_prometheus_that_comes_back_is_asked_again() {
    let fake = Fake::start(|index, asking| match index < 5 {
        true => Act::Send(Vec::new()),
        false => Act::Send(ok(&asking.matrix())),
    })
    .await;
    let bench = Bench::new(&fake.url, &["prometheus.breaker.cooldown=1ms"]);
    let begun = clock::now();
    while bench.get("query=up", PATIENCE).await.is_err() {
        assert!(clock::since(begun) < PATIENCE);
        tokio::task::yield_now().await;
    }
    assert_eq!(
        bench.value("circuit_breaker_state{dependency=\"prometheus\"}"),
        0.0
    );
}

#[tokio::test]
async fn bad_queries_and_little_time_do_not_open_the_circuit() {
    let fake = Fake::start(|_, asking| {
        let is_bad = asking.parameters.iter().any(|(_, value)| value == "bad");
        match is_bad {
            true => Act::Send(json("400 Bad Request", &failure("bad_data", "parse error"))),
            false => Act::Hold(Vec::new()),
        }
    })
    .await;
    let bench = Bench::new(
        &fake.url,
        &[SMALL_RESERVE, "prometheus.breaker.failures_max=1"],
    );
    for _ in 0..3 {
        let error = bench.get("query=bad", PATIENCE).await.unwrap_err();
        assert!(matches!(error, SourceError::BadQuery { .. }), "{error}");
        let error = bench.get("query=slow", Duration::from_millis(100)).await;
        assert_eq!(error, Err(SourceError::Late));
    }
}

#[tokio::test]
async fn more_queries_than_allowed_wait_and_are_then_refused() {
    let fake = Fake::start(|_, _| Act::Hold(Vec::new())).await;
    let bench = Bench::new(&fake.url, &["prometheus.queries_max=1", SMALL_RESERVE]);
    let mut asking = tokio::task::JoinSet::new();
    // One is asked, 64 wait, the others are refused at once.
    for index in 0..70 {
        let source = Arc::clone(&bench.source);
        let request = bench.request(&format!("query=up{index}"));
        let deadline = Deadline::after(clock::now(), Duration::from_secs(600));
        asking.spawn(async move { source.get(&request, deadline).await.result });
    }
    for _ in 0..5 {
        let refused = tokio::time::timeout(PATIENCE, asking.join_next()).await;
        let refused = refused.expect("whoever is too many is told at once");
        assert_eq!(refused.unwrap().unwrap(), Err(SourceError::Refused));
    }
    assert_eq!(asking.len(), 65);
    assert!(fake.count() <= 1);
}

#[tokio::test]
async fn one_whose_turn_does_not_come_is_refused_in_time() {
    let fake = Fake::start(|_, _| Act::Hold(Vec::new())).await;
    let bench = Bench::new(&fake.url, &["prometheus.queries_max=1"]);
    let (source, request) = (Arc::clone(&bench.source), bench.request("query=first"));
    let deadline = Deadline::after(clock::now(), Duration::from_secs(600));
    let first = tokio::spawn(async move { source.get(&request, deadline).await });
    let begun = clock::now();
    while fake.count() == 0 {
        assert!(clock::since(begun) < PATIENCE);
        tokio::task::yield_now().await;
    }
    let second = bench.get("query=second", Duration::from_millis(400)).await;
    assert_eq!(second, Err(SourceError::Refused));
    first.abort();
}

#[tokio::test]
async fn equal_requests_at_the_same_time_are_asked_once() {
    let empty = success("matrix", "[]");
    let fake = Fake::start(move |_, _| {
        Act::Later(
            head("200 OK", "application/json", empty.len()).into(),
            empty.clone().into(),
        )
    })
    .await;
    let bench = Bench::new(&fake.url, &[]);
    let now = SystemTime::now();
    let mut asking = tokio::task::JoinSet::new();
    for index in 0..20 {
        let theme = ["light", "dark"][index % 2];
        let request = bench
            .source
            .parse(&format!("query=up&theme={theme}"), now)
            .unwrap();
        let source = Arc::clone(&bench.source);
        let deadline = Deadline::after(clock::now(), PATIENCE);
        asking.spawn(async move { source.get(&request, deadline).await.result });
    }
    let begun = clock::now();
    while fake.count() == 0 {
        assert!(clock::since(begun) < PATIENCE);
        tokio::task::yield_now().await;
    }
    // Whoever is let go too early is let go again.
    while !asking.is_empty() {
        fake.go.notify_waiters();
        while let Some(asked) = asking.try_join_next() {
            assert!(asked.unwrap().is_ok());
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(fake.count(), 1);
}

#[tokio::test]
async fn a_passenger_with_more_time_than_the_pilot_asks_again() {
    let fake = Fake::start(|index, asking| match index {
        0 | 1 => Act::Hold(Vec::new()),
        _ => Act::Send(ok(&asking.matrix())),
    })
    .await;
    let bench = Bench::new(&fake.url, &[SMALL_RESERVE]);
    let request = bench.request("query=up&range=6h");
    let hurried = Deadline::after(clock::now(), Duration::from_millis(300));
    let patient = Deadline::after(clock::now(), PATIENCE);
    let (first, second) = tokio::join!(
        bench.source.get(&request, hurried),
        bench.source.get(&request, patient)
    );
    assert_eq!(first.result, Err(SourceError::Late));
    assert!(second.result.is_ok());
}

#[tokio::test]
async fn the_last_good_data_is_there_when_nothing_newer_is() {
    let fake = Fake::start(|index, asking| match index {
        0 => Act::Send(ok(&asking.matrix())),
        _ => Act::Send(Vec::new()),
    })
    .await;
    let bench = Bench::new(&fake.url, &[]);
    let request = bench.request("name=queue_depth");
    assert!(bench.source.last_good(&request).is_none());
    let data = bench.get("name=queue_depth", PATIENCE).await.unwrap();
    let error = bench.get("name=queue_depth", PATIENCE).await.unwrap_err();
    assert!(error.is_outage(), "{error}");
    let last = bench
        .source
        .last_good(&bench.request("name=queue_depth&theme=dark"))
        .unwrap();
    assert_eq!(last.data, data);
    assert!(last.age < PATIENCE);
    for other in [
        "name=queue_depth&range=2h",
        "name=queue_depth&at=1700000000",
        "name=request_rate",
    ] {
        assert!(
            bench.source.last_good(&bench.request(other)).is_none(),
            "{other}"
        );
    }
}

#[tokio::test]
async fn a_query_goes_on_when_its_caller_goes_away() {
    let fake = Fake::start(|_, asking| {
        let body = asking.matrix();
        Act::Later(
            head("200 OK", "application/json", body.len()).into(),
            body.into(),
        )
    })
    .await;
    let bench = Bench::new(&fake.url, &[]);
    let request = bench.request("name=queue_depth");
    let (source, asked) = (Arc::clone(&bench.source), request.clone());
    let deadline = Deadline::after(clock::now(), PATIENCE);
    let caller = tokio::spawn(async move { source.get(&asked, deadline).await });
    let begun = clock::now();
    while fake.count() == 0 {
        assert!(clock::since(begun) < PATIENCE);
        tokio::task::yield_now().await;
    }
    caller.abort();
    while bench.source.last_good(&request).is_none() {
        fake.go.notify_waiters();
        assert!(clock::since(begun) < PATIENCE);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_refused_of_a_named_chart_is_a_fault_of_the_configuration() {
    let fake = Fake::always(json("400 Bad Request", &failure("bad_data", "parse error"))).await;
    let bench = Bench::new(&fake.url, &[]);
    let problem = Problem::from(bench.get("name=queue_depth", PATIENCE).await.unwrap_err());
    assert_eq!(
        (problem.status.as_str(), problem.error.as_str()),
        ("502", "response")
    );
    let problem = Problem::from(bench.get("query=up", PATIENCE).await.unwrap_err());
    assert_eq!(
        (problem.status.as_str(), problem.error.as_str()),
        ("400", "")
    );
}

#[tokio::test]
async fn without_a_prometheus_nothing_is_asked_and_nothing_secret_is_said() {
    let error = Bench::new("", &[]).get("name=queue_depth", PATIENCE).await;
    assert_eq!(error, Err(SourceError::NotConfigured));
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let bench = Bench::new(&format!("http://me:secret@{address}/"), &[]);
    let error = bench.get("name=queue_depth", PATIENCE).await.unwrap_err();
    assert!(matches!(
        &error,
        SourceError::Unavailable {
            error: ErrorType::Connection,
            ..
        }
    ));
    let text = error.to_string();
    assert!(
        !text.contains("secret") && !text.contains("127.0.0.1"),
        "{text}"
    );
}
