//! The yardstick of the hit benchmark: a bare axum route that returns the bytes of a file.
//!
//! `cargo run --release -p server --example bare -- picture.png` prints where it listens. Whatever
//! else it is sent it takes and forgets, so that it can stand in for a trace collector as well.

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: bare FILE.png")?;
    let png = Bytes::from(std::fs::read(file)?);
    let picture = move || async move { ([(header::CONTENT_TYPE, "image/png")], png.clone()) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening http://{}/v1/card.png", listener.local_addr()?);
    let app = Router::new()
        .route("/v1/card.png", get(picture))
        .fallback(async || "");
    axum::serve(listener, app).await?;
    Ok(())
}
