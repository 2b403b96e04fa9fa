//! Good requests.

use crate::desk::Desk;

#[tokio::test]
async fn a_card_is_a_png_of_the_size_that_was_asked_for() {
    let desk = Desk::open(&[]).await;
    let answer = desk
        .get("/v1/card.png?title=Ready&width=400&height=200")
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(
        answer.headers()["cache-control"],
        "public, max-age=0, must-revalidate"
    );
    assert!(answer.headers()["etag"].to_str().unwrap().starts_with('"'));
    let png = answer.bytes().await.unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(
        (&png[16..20], &png[20..24]),
        (&400_u32.to_be_bytes()[..], &200_u32.to_be_bytes()[..])
    );
}

#[tokio::test]
async fn a_chart_is_drawn_from_its_body() {
    let desk = Desk::open(&[]).await;
    let body = r#"{"title":"P99","series":[{"name":"a","points":[[1,1],[2,null],[3,2]]}]}"#;
    let answer = desk.post_chart(body).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(&answer.bytes().await.unwrap()[1..4], b"PNG");
}

#[tokio::test]
async fn a_large_chart_within_the_limits_is_drawn() {
    let desk = Desk::open(&[]).await;
    let points: Vec<String> = (0..10_000).map(|x| format!("[{x},{}]", x % 97)).collect();
    let body = format!(r#"{{"series":[{{"points":[{}]}}]}}"#, points.join(","));
    assert_eq!(desk.post_chart(body).await.status(), 200);
}

#[tokio::test]
async fn who_has_the_picture_is_not_sent_it_again() {
    let desk = Desk::open(&[]).await;
    let etag = desk.get("/v1/card.png?title=a").await.headers()["etag"].clone();
    for known in [
        etag.to_str().unwrap().to_owned(),
        format!("\"x\", W/{}", etag.to_str().unwrap()),
        "*".to_owned(),
    ] {
        let request = desk
            .http
            .get(desk.url("/v1/card.png?title=a"))
            .header("if-none-match", &known);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 304, "{known}");
        assert_eq!(answer.headers()["etag"], etag);
        assert!(answer.bytes().await.unwrap().is_empty());
    }
    let other = desk
        .http
        .get(desk.url("/v1/card.png?title=b"))
        .header("if-none-match", &etag);
    assert_eq!(other.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_chart_has_a_tag_but_no_conditional_answer() {
    let desk = Desk::open(&[]).await;
    let etag = desk.post_chart(r#"{"series":[]}"#).await.headers()["etag"].clone();
    let request = desk
        .http
        .post(desk.url("/v1/chart.png"))
        .header("if-none-match", etag);
    let request = request
        .header("content-type", "application/json")
        .body(r#"{"series":[]}"#);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn head_says_what_get_would_without_the_body() {
    let desk = Desk::open(&[]).await;
    for path in [
        "/v1/card.png?title=a",
        "/",
        "/v1/card.png?titel=a",
        "/nowhere",
    ] {
        let get = desk.get(path).await;
        let head = desk.http.head(desk.url(path)).send().await.unwrap();
        assert_eq!(get.status(), head.status(), "{path}");
        for name in ["content-type", "cache-control", "content-length"] {
            assert_eq!(
                get.headers().get(name),
                head.headers().get(name),
                "{path} {name}"
            );
        }
        assert_eq!(
            get.headers().get("etag"),
            head.headers().get("etag"),
            "{path}"
        );
        assert!(head.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_gallery_is_one_page_with_a_tag() {
    let desk = Desk::open(&[]).await;
    let page = desk.get("/").await;
    assert_eq!(page.status(), 200);
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let etag = page.headers()["etag"].clone();
    assert!(page.text().await.unwrap().contains("/v1/card.png"));
    let again = desk
        .http
        .get(desk.url("/"))
        .header("if-none-match", etag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 304);
}

#[tokio::test]
async fn the_admin_listener_tells_about_the_service() {
    let desk = Desk::open(&["release.version=9.9.9", "release.revision=abc"]).await;
    let get = async |path: &str| {
        let answer = desk
            .http
            .get(format!("http://{}{path}", desk.server.admin))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get("/livez").await, (200, "alive\n".to_owned()));
    assert_eq!(get("/readyz").await, (200, "ready\n".to_owned()));
    let (status, version) = get("/version").await;
    assert_eq!(status, 200);
    insta::assert_snapshot!(
        version,
        @r#"{"name":"proofmark","renderer":2,"revision":"abc","version":"9.9.9"}"#
    );
    assert_eq!(
        desk.value(r#"build_info{revision="abc",version="9.9.9"}"#)
            .await,
        1.0
    );
    assert_eq!(get("/v1/card.png").await.0, 404);
}
