//! A real Redis behind the service: used, lost, found again, and never trusted blindly.

use tokio::time::Instant;

use crate::desk::{Desk, PATIENCE, Redis};

const DRAWN: &str = "render_stage_duration_seconds_count{kind=\"card\",stage=\"encode\"}";
const WRITTEN: &str = "db_client_operation_duration_seconds_count{db_operation_name=\"SET\",\
    db_system_name=\"redis\",error_type=\"\"}";
const CIRCUIT: &str = "circuit_breaker_state{dependency=\"redis\"}";

fn looked(result: &str) -> String {
    format!("render_cache_requests_total{{result=\"{result}\",tier=\"redis\"}}")
}

/// A service whose timeout is generous, because these tests are not about time.
async fn open(redis: &Redis) -> Desk {
    Desk::open(&[
        &redis.setting(),
        "redis.timeout=5s",
        "redis.breaker.cooldown=50ms",
    ])
    .await
}

#[tokio::test]
async fn another_instance_takes_the_picture_from_redis() {
    let redis = Redis::start().await;
    let first = open(&redis).await;
    let drawn = first
        .get("/v1/card.png?title=a")
        .await
        .bytes()
        .await
        .unwrap();
    first.await_value(WRITTEN, |count| count == 1.0).await;
    let keys = redis.ask(&["KEYS", "*"]).await;
    let key = keys.iter().find(|line| line.starts_with("graph:")).unwrap();
    assert!(key.ends_with(":v2"), "{key}");
    let ttl = &redis.ask(&["TTL", key]).await[0];
    assert!(
        (3_590..=3_600).contains(&ttl.trim_start_matches(':').parse::<u32>().unwrap()),
        "{ttl}"
    );

    let second = open(&redis).await;
    let found = second
        .get("/v1/card.png?title=a")
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(found, drawn);
    assert_eq!(second.value(DRAWN).await, 0.0);
    assert_eq!(second.value(&looked("hit")).await, 1.0);
}

#[tokio::test]
async fn a_corrupt_value_is_counted_and_drawn_again() {
    let redis = Redis::start().await;
    let first = open(&redis).await;
    let drawn = first
        .get("/v1/card.png?title=a")
        .await
        .bytes()
        .await
        .unwrap();
    first.await_value(WRITTEN, |count| count == 1.0).await;
    let keys = redis.ask(&["KEYS", "*"]).await;
    let key = keys.iter().find(|line| line.starts_with("graph:")).unwrap();
    redis.ask(&["SETRANGE", key, "200", "corrupt"]).await;

    let second = open(&redis).await;
    assert_eq!(
        second
            .get("/v1/card.png?title=a")
            .await
            .bytes()
            .await
            .unwrap(),
        drawn
    );
    assert_eq!(second.value(&looked("corrupt")).await, 1.0);
    assert_eq!(second.value(DRAWN).await, 1.0);
    second.await_value(WRITTEN, |count| count == 1.0).await;
    let third = open(&redis).await;
    third.get("/v1/card.png?title=a").await;
    assert_eq!(third.value(&looked("hit")).await, 1.0);
}

#[tokio::test]
async fn losing_redis_costs_no_answer_and_it_is_used_again_when_it_is_back() {
    let redis = Redis::start().await;
    let port = redis.port;
    let desk = open(&redis).await;
    assert_eq!(desk.get("/v1/card.png?title=before").await.status(), 200);
    desk.await_value(WRITTEN, |count| count == 1.0).await;
    drop(redis);

    let begun = Instant::now();
    let mut index = 0;
    while desk.value(CIRCUIT).await != 2.0 {
        index += 1;
        assert_eq!(
            desk.get(&format!("/v1/card.png?title=without-{index}"))
                .await
                .status(),
            200
        );
        assert!(begun.elapsed() < PATIENCE, "the circuit does not open");
    }
    assert!(desk.value(&looked("error")).await >= 1.0);

    let _redis = Redis::start_at(port).await;
    while desk.value(CIRCUIT).await != 0.0 {
        index += 1;
        assert_eq!(
            desk.get(&format!("/v1/card.png?title=again-{index}"))
                .await
                .status(),
            200
        );
        assert!(begun.elapsed() < PATIENCE, "the circuit does not close");
    }
    let before = desk.value(WRITTEN).await;
    desk.get("/v1/card.png?title=after").await;
    desk.await_value(WRITTEN, |count| count > before).await;
    let log = desk.close().await;
    let messages: Vec<&str> = log
        .iter()
        .filter_map(|line| line["message"].as_str())
        .collect();
    assert!(
        messages
            .iter()
            .any(|message| message.contains("its circuit is open")),
        "{messages:?}"
    );
    assert!(
        messages
            .iter()
            .any(|message| message.contains("its circuit is closed")),
        "{messages:?}"
    );
}

#[tokio::test]
async fn redis_that_is_absent_delays_neither_start_nor_answer() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let setting = format!("redis.url=redis://{nobody}");
    let desk = Desk::open(&[&setting]).await;
    for index in 0..10 {
        assert_eq!(
            desk.get(&format!("/v1/card.png?title={index}"))
                .await
                .status(),
            200
        );
    }
    assert_eq!(desk.value(CIRCUIT).await, 2.0);
}

#[tokio::test]
async fn redis_that_accepts_and_never_answers_costs_only_its_timeout() {
    // Its backlog takes the connections; nobody ever answers on them.
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let setting = format!("redis.url=redis://{}", mute.local_addr().unwrap());
    let desk = Desk::open(&[&setting, "redis.timeout=20ms", "redis.breaker.cooldown=1h"]).await;
    for index in 0..8 {
        assert_eq!(
            desk.get(&format!("/v1/card.png?title={index}"))
                .await
                .status(),
            200
        );
    }
    let timeouts = "db_client_operation_duration_seconds_count{db_operation_name=\"GET\",\
        db_system_name=\"redis\",error_type=\"timeout\"}";
    assert!(desk.value(timeouts).await >= 1.0);
    desk.await_value(CIRCUIT, |state| state == 2.0).await;
}
