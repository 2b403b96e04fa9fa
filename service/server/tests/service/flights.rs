//! Equal requests share one drawing; too many different ones are shed.

use std::collections::HashMap;

use crate::desk::Desk;

const DRAWN: &str = "render_stage_duration_seconds_count{kind=\"card\",stage=\"encode\"}";

#[tokio::test(flavor = "multi_thread")]
async fn equal_requests_at_the_same_time_are_drawn_once() {
    let desk = Desk::open(&["render.threads=1"]).await;
    let url = desk.url("/v1/card.png?title=same&width=2000&height=2000");
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let request = desk.http.get(&url);
            tokio::spawn(async move { request.send().await.unwrap().bytes().await.unwrap() })
        })
        .collect();
    let mut pictures = Vec::new();
    for request in requests {
        pictures.push(request.await.unwrap());
    }
    assert!(pictures.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(desk.value(DRAWN).await, 1.0);
    let mut seen = 0.0;
    for result in ["hit", "miss", "shared"] {
        seen += desk
            .value(&format!(
                "render_cache_requests_total{{result=\"{result}\",tier=\"memory\"}}"
            ))
            .await;
    }
    assert_eq!(seen, 50.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_queue_holds_is_shed_with_advice() {
    let desk = Desk::open(&["render.threads=1", "render.queue_max=1"]).await;
    let requests: Vec<_> = (0..40)
        .map(|index| {
            let request = desk.http.get(desk.url(&format!(
                "/v1/card.png?title={index}&width=2000&height=2000"
            )));
            tokio::spawn(async move {
                let answer = request.send().await.unwrap();
                let advice = answer.headers().get("retry-after").is_some();
                (answer.status().as_u16(), advice)
            })
        })
        .collect();
    let mut counts: HashMap<(u16, bool), u32> = HashMap::new();
    for request in requests {
        *counts.entry(request.await.unwrap()).or_default() += 1;
    }
    let shed = counts.get(&(503, true)).copied().unwrap_or(0);
    assert!(shed > 0, "{counts:?}");
    assert_eq!(
        shed + counts.get(&(200, false)).copied().unwrap_or(0),
        40,
        "{counts:?}"
    );
    assert_eq!(
        desk.value("render_shed_total{reason=\"queue_full\"}").await,
        f64::from(shed)
    );
}

#[tokio::test]
async fn a_picture_that_is_too_dear_is_refused_by_name() {
    let desk = Desk::open(&["render.cost_max=2ms"]).await;
    let usual = desk.get("/v1/card.png?title=usual").await;
    assert_eq!(usual.status(), 200);
    let dear = desk
        .get("/v1/card.png?title=dear&width=2000&height=2000")
        .await;
    assert_eq!(dear.status(), 422);
    let problem: serde_json::Value = serde_json::from_str(&dear.text().await.unwrap()).unwrap();
    assert_eq!(problem["type"], "urn:proofmark:problem:limit-exceeded");
    assert_eq!(
        (&problem["parameter"], &problem["limit"]),
        (&"picture".into(), &2.into())
    );
    assert!(problem["actual"].as_u64() > Some(2), "{problem}");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("milliseconds of drawing, more than 2"),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn more_work_than_can_wait_is_shed_by_its_cost() {
    let desk = Desk::open(&["render.threads=1", "render.queue_cost_max=10ms"]).await;
    let requests: Vec<_> = (0..40)
        .map(|index| {
            let path = format!("/v1/card.png?title={index}&width=2000&height=2000");
            let request = desk.http.get(desk.url(&path));
            tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
        })
        .collect();
    let mut shed = 0.0;
    for request in requests {
        shed += f64::from(u8::from(request.await.unwrap() == 503));
    }
    assert!(shed > 0.0);
    assert_eq!(desk.value("render_shed_total{reason=\"cost\"}").await, shed);
}

#[tokio::test]
async fn a_request_past_its_deadline_is_answered_with_504() {
    let desk = Desk::open(&["http.deadline=1ms", "render.threads=1"]).await;
    let answer = desk
        .get("/v1/card.png?title=late&width=2000&height=2000")
        .await;
    assert_eq!(answer.status(), 504);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("urn:proofmark:problem:deadline-exceeded")
    );
}

#[tokio::test]
async fn a_second_request_comes_from_memory() {
    let desk = Desk::open(&[]).await;
    for _ in 0..3 {
        desk.get("/v1/card.png?title=a")
            .await
            .bytes()
            .await
            .unwrap();
    }
    assert_eq!(desk.value(DRAWN).await, 1.0);
    assert_eq!(
        desk.value("render_cache_requests_total{result=\"hit\",tier=\"memory\"}")
            .await,
        2.0
    );
    // The order of the parameters and their encoding do not matter.
    desk.get("/v1/card.png?footer=x&title=b").await;
    desk.get("/v1/card.png?title=%62&footer=x").await;
    assert_eq!(desk.value(DRAWN).await, 2.0);
}
