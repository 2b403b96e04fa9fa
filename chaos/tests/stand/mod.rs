//! An embedded server, whoever calls it, and a server behind it.

use std::net::SocketAddr;
use std::time::Duration;

use chaos::toxiproxy::ToxiproxyServer;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How long anything in these tests may take before it counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) server: ToxiproxyServer,
    pub(crate) http: reqwest::Client,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let server = ToxiproxyServer::start(listen, 7, Vec::new()).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self { server, http }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("http://{}{path}", self.server.address);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// A proxy called `p` that leads to `upstream`; gives the address that it listens on.
    pub(crate) async fn proxy_to(&self, upstream: SocketAddr) -> SocketAddr {
        let wanted =
            json!({ "name": "p", "listen": "127.0.0.1:0", "upstream": upstream.to_string() });
        let (status, made) = self.call("POST", "/proxies", wanted).await;
        assert_eq!(status, 201, "{made}");
        made["listen"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn add(&self, toxic: Value) {
        let (status, answer) = self.call("POST", "/proxies/p/toxics", toxic).await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// Sends everything back that it is sent.
pub(crate) async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.into_split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}
