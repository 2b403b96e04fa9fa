//! What fetches or queries for its caller: signed URLs, pictures from elsewhere, charts of a
//! Prometheus, and what is left when those are gone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use server::{Config, Keyring};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::desk::Desk;

/// A key of these tests and of nothing else.
const KEYS: &str = "signing.keys=story:8lbZ7WD6jFPLg5K9fmmymRUo1Su2jztYPXbUu7a8Sr0";

/// Longer than any test, shorter than a URL may hold.
const LIFETIME: Duration = Duration::from_secs(600);

/// Answers every request with the same bytes, until it is dropped.
struct Upstream {
    origin: String,
    serving: JoinHandle<()>,
}

impl Upstream {
    async fn start(media_type: &str, body: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n"
        );
        let answer = [head.into_bytes(), body].concat();
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 4_096];
                // One read is enough for the short requests of these tests.
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(&answer).await;
            }
        });
        Self { origin, serving }
    }

    /// Nobody is there any more.
    async fn stop(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }
}

/// Path and query with a signature that holds.
fn signed(path: &str, query: &str) -> String {
    let keyring = Keyring::new(&Config::with(&[KEYS]).unwrap()).unwrap();
    let now = SystemTime::now();
    let expires = (now + LIFETIME).duration_since(UNIX_EPOCH).unwrap();
    keyring
        .sign(path, query, None, expires.as_secs(), now)
        .unwrap()
}

fn header<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

fn logo() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 8, 8);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[200; 8 * 8 * 3]).unwrap();
    writer.finish().unwrap();
    file
}

/// A desk that may fetch from `origin`, which is at home.
async fn desk_for_pictures(origin: &str) -> Desk {
    let allow = format!("pictures.allow={origin}/logos/");
    let settings = [
        KEYS,
        &allow,
        "pictures.private=127.0.0.1/32",
        "pictures.cache_ttl=0s",
        "pictures.failure_ttl=0s",
    ];
    Desk::open(&settings).await
}

#[tokio::test]
async fn a_signed_card_shows_its_picture_and_is_degraded_without_it() {
    let upstream = Upstream::start("image/png", logo()).await;
    let desk = desk_for_pictures(&upstream.origin).await;
    let picture = format!("{}/logos/a.png", upstream.origin);
    let query = format!("title=Ready&template=picture&picture={picture}");
    let url = signed("/v1/card.png", &query);

    let whole = desk.get(&url).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(header(&whole, "render-degraded"), "");
    assert_eq!(
        header(&whole, "cache-control"),
        "public, max-age=0, must-revalidate"
    );
    let whole = whole.bytes().await.unwrap();
    let bare = desk.get("/v1/card.png?title=Ready&template=picture").await;
    let bare = bare.bytes().await.unwrap();
    assert_ne!(whole, bare, "the picture is on it");

    upstream.stop().await;
    let without = desk.get(&url).await;
    assert_eq!(without.status(), 200);
    assert_eq!(header(&without, "render-degraded"), "partial; picture");
    assert_eq!(header(&without, "cache-control"), "no-store");
    assert_eq!(without.bytes().await.unwrap(), bare);
}

#[tokio::test]
async fn nothing_is_fetched_for_a_url_without_a_signature_that_holds() {
    let upstream = Upstream::start("image/png", logo()).await;
    let desk = desk_for_pictures(&upstream.origin).await;
    let picture = format!("{}/logos/a.png", upstream.origin);
    let query = format!("title=Ready&template=picture&picture={picture}");
    let url = signed("/v1/card.png", &query);
    let elsewhere = query.replace("/logos/", "/");
    for (url, status) in [
        (format!("/v1/card.png?{query}"), 401),
        (url.replace("Ready", "Steady"), 403),
        (url.replace("key=story", "key=other"), 403),
        (format!("{url}&title=twice"), 400),
        (url.replace("card.png", "chart.png"), 403),
        (signed("/v1/card.png", &elsewhere), 422),
    ] {
        let answer = desk.get_as_program(&url).await;
        assert_eq!(answer.status(), status, "{url}");
        assert_eq!(header(&answer, "cache-control"), "no-store", "{url}");
    }
    // As an image tag asks.
    let request = desk.http.get(desk.url(&format!("/v1/card.png?{query}")));
    let answer = request.header("accept", "image/*").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(header(&answer, "content-type"), "image/png");
    assert!(answer.bytes().await.unwrap().starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn a_chart_of_prometheus_may_be_kept_as_long_as_its_url_says_and_outlives_it() {
    let values = r#"[[1794999960,"1"],[1795000020,"2"]]"#;
    let body = format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":{values}}}]}}}}"#
    );
    let prometheus = Upstream::start("application/json", body.into_bytes()).await;
    let url = format!("prometheus.url={}", prometheus.origin);
    let desk = Desk::open(&[KEYS, &url, "prometheus.adhoc=true"]).await;

    let pinned = "name=queue_depth&at=1795000020&range=1m&step=1m";
    let answer = desk.get(&format!("/v1/chart.png?{pinned}")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        header(&answer, "cache-control"),
        "public, max-age=31536000, immutable"
    );
    let query = "query=up&at=1795000020&range=1m&step=1m";
    let answer = desk.get(&signed("/v1/chart.png", query)).await;
    assert_eq!(answer.status(), 200);
    let kept = header(&answer, "cache-control").to_owned();
    assert!(
        kept.starts_with("private, max-age=") && kept.ends_with(", immutable"),
        "{kept}"
    );
    let answer = desk.get_as_program(&format!("/v1/chart.png?{query}")).await;
    assert_eq!(answer.status(), 401);

    prometheus.stop().await;
    let stale = desk.get(&format!("/v1/chart.png?{pinned}")).await;
    assert_eq!(stale.status(), 200);
    assert_eq!(header(&stale, "render-degraded"), "stale; source");
    assert_eq!(header(&stale, "cache-control"), "no-store");
    let never_seen = desk.get("/v1/chart.png?name=cpu_saturation").await;
    assert_eq!(never_seen.status(), 502);
    assert_eq!(header(&never_seen, "content-type"), "image/png");
    assert_eq!(
        header(&never_seen, "render-degraded"),
        "fallback; source-unavailable"
    );
}

#[tokio::test]
async fn a_graph_is_drawn_and_its_difference_is_another_picture() {
    let desk = Desk::open(&[]).await;
    let draw = async |body: &str| {
        let request = desk.http.post(desk.url("/v1/graph.png"));
        let request = request.header("content-type", "application/json");
        let answer = request.body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{body}");
        answer.bytes().await.unwrap()
    };
    let graph = r#""nodes":[{"id":"a"},{"id":"b"}],"edges":[{"from":"a","to":"b"}]"#;
    let turned = r#""nodes":[{"id":"b"},{"id":"a"}],"edges":[{"from":"a","to":"b"}]"#;
    let drawn = draw(&format!("{{{graph}}}")).await;
    assert_eq!(drawn, draw(&format!("{{{turned}}}")).await);
    let before = r#""before":{"nodes":[{"id":"a"}],"edges":[]}"#;
    assert_ne!(drawn, draw(&format!("{{{graph},{before}}}")).await);
}
