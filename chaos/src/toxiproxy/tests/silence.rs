//! Peers that say nothing, or stop to read.

use std::time::Instant;

use super::*;

/// A proxy of a server that soon gives up a connection, and whoever it leads to.
async fn impatient() -> (ToxiproxyServer, SocketAddr, TcpListener) {
    let mut settings = settings(Offer::default());
    settings.rules.patience = Patience {
        idle: Duration::from_millis(800),
        half_open: Duration::from_millis(200),
    };
    let server = ToxiproxyServer::start_with(settings).await.unwrap();
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = World {
        server,
        http: Client::builder().no_proxy().build().unwrap(),
    };
    let leads = upstream.local_addr().unwrap().to_string();
    let (_, made) = world
        .post("proxies", json!({ "name": "p", "upstream": leads }))
        .await;
    let listen = made["listen"].as_str().unwrap().parse().unwrap();
    (world.server, listen, upstream)
}

/// Reads until the connection ends, however it does.
async fn until_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    let _ = tokio::time::timeout(PATIENCE, read)
        .await
        .expect("it is kept");
    rest
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed_on_both_sides() {
    let (_server, listen, upstream) = impatient().await;
    let mut client = TcpStream::connect(listen).await.unwrap();
    let (mut server, _) = upstream.accept().await.unwrap();
    let began = Instant::now();
    // Whoever says something is not idle.
    while began.elapsed() < Duration::from_secs(2) {
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
    }
    assert_eq!(until_the_end(&mut client).await, b"");
    assert_eq!(until_the_end(&mut server).await, b"");
}

#[tokio::test]
async fn a_connection_whose_other_half_says_nothing_more_is_closed() {
    let (_server, listen, upstream) = impatient().await;
    let mut client = TcpStream::connect(listen).await.unwrap();
    let (mut server, _) = upstream.accept().await.unwrap();
    client.shutdown().await.unwrap();
    server.write_all(b"bye").await.unwrap();
    assert_eq!(until_the_end(&mut client).await, b"bye");
    assert_eq!(until_the_end(&mut server).await, b"");
}

#[tokio::test]
async fn a_connection_whose_reader_has_stopped_is_closed() {
    let (_server, listen, upstream) = impatient().await;
    let _client = TcpStream::connect(listen).await.unwrap();
    let (mut server, _) = upstream.accept().await.unwrap();
    let flood = async {
        let block = vec![0; 64 * 1024];
        while server.write_all(&block).await.is_ok() {}
    };
    let flooded = tokio::time::timeout(PATIENCE, flood).await;
    flooded.expect("it is kept");
}

#[tokio::test]
async fn a_client_that_never_ends_its_header_is_closed_and_holds_nobody_up() {
    let world = World::with_redis().await;
    let mut slow = TcpStream::connect(world.server.address).await.unwrap();
    slow.write_all(b"GET /proxies HTTP/1.1\r\nhost")
        .await
        .unwrap();
    assert_eq!(world.get("proxies/redis").await["name"], json!("redis"));
    until_the_end(&mut slow).await;
}
