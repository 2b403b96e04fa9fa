//! TLS: only to whom the certificate is for.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::stage::{Manner, PUBLIC, Peer, Play, Stage, ok, picture, redirect};
use crate::upstream::{FetchError, NotAllowed};

// Made once with openssl for these tests and good for a hundred years; nobody trusts that root.
const ROOT: &[u8] = include_bytes!("root.der");
const CERTIFICATE: &[u8] = include_bytes!("images.example.com.der");
const KEY: &[u8] = include_bytes!("images.example.com.key.der");

const ALLOW: &str = "pictures.allow=https://images.example.com/,https://other.example.com/,http://images.example.com/";

fn root() -> Vec<CertificateDer<'static>> {
    vec![CertificateDer::from_slice(ROOT)]
}

/// An upstream with the certificate of images.example.com.
async fn peer(bytes: Vec<u8>) -> Peer {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(KEY));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from_slice(CERTIFICATE)], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Peer::start_wrapped(
        move |_| Manner::Say(bytes.clone()),
        move |stream| {
            let acceptor = acceptor.clone();
            async move { acceptor.accept(stream).await }
        },
    )
    .await
}

#[tokio::test]
async fn a_picture_comes_over_tls_from_whom_the_certificate_is_for() {
    let peer = peer(ok(&picture())).await;
    let play = Play::open_trusting(Stage::new(&peer), root(), &[ALLOW]);
    assert!(play.fetch("https://images.example.com/a.png").await.is_ok());
    assert_eq!(play.stage.dialled()[0].port(), 443);
    assert!(peer.questions()[0].contains("host: images.example.com\r\n"));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let peer = peer(ok(&picture())).await;
    let stage = Stage::new(&peer).name("other.example.com", &[&[PUBLIC]]);
    let play = Play::open_trusting(stage, root(), &[ALLOW]);
    let failure = play.failure("https://other.example.com/a.png").await;
    assert!(matches!(*failure, FetchError::Tls(_)), "{failure:?}");
    assert_eq!(peer.questions().len(), 0);
}

#[tokio::test]
async fn a_root_that_is_not_trusted_is_refused() {
    let peer = peer(ok(&picture())).await;
    let other = vec![CertificateDer::from_slice(CERTIFICATE)];
    for roots in [other, Vec::new()] {
        let play = Play::open_trusting(Stage::new(&peer), roots, &[ALLOW]);
        let failure = play.failure("https://images.example.com/a.png").await;
        assert!(matches!(*failure, FetchError::Tls(_)), "{failure:?}");
    }
    assert_eq!(peer.questions().len(), 0);
}

#[tokio::test]
async fn an_upstream_that_speaks_no_tls_is_not_asked() {
    let peer = Peer::saying(ok(&picture())).await;
    let settings = [ALLOW, "pictures.connect_timeout=5s"];
    let play = Play::open_trusting(Stage::new(&peer), root(), &settings);
    let deaf = play.fetch_within(
        "https://images.example.com/",
        std::time::Duration::from_millis(50),
    );
    assert!(deaf.await.is_err());
    assert_eq!(peer.questions().len(), 0);
}

#[tokio::test]
async fn a_redirect_never_leaves_tls() {
    let peer = peer(redirect("http://images.example.com/a.png")).await;
    let play = Play::open_trusting(Stage::new(&peer), root(), &[ALLOW]);
    let failure = play.failure("https://images.example.com/a.png").await;
    assert!(
        matches!(*failure, FetchError::Redirect(NotAllowed::Downgrade)),
        "{failure:?}"
    );
    assert_eq!(peer.accepted(), 1);
}
