//! Who is trusted, and who is not.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use slo::prometheus::{Access, Client, SourceError};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::wire::{ONE, PATIENCE, Wire, json, request};

const HERE: &str = "127.0.0.1";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for `name` and its key, that were good until the end of `last_year`.
fn signed(authority: &Authority, name: &str, last_year: i32) -> (rcgen::Certificate, KeyPair) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(last_year, 12, 31);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap(), key)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// A Prometheus over TLS, and the requests that reach it.
struct Tls {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Tls {
    /// Wants a certificate of `clients` when there is one.
    async fn start(
        (certificate, key): (rcgen::Certificate, KeyPair),
        clients: Option<&Authority>,
    ) -> Self {
        let builder = ServerConfig::builder_with_provider(provider());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = builder.with_single_cert(vec![certificate.der().clone()], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that does not trust us ends the handshake.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let request = request(&mut stream).await;
                if !request.is_empty() {
                    seen.lock().unwrap().push(request);
                }
                let _ = stream.write_all(&json("200 OK", ONE)).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            url: format!("https://{HERE}:{port}"),
            requests,
        }
    }

    async fn asked(&self, access: Access) -> Result<usize, SourceError> {
        let client = Client::with(&self.url, PATIENCE, access).unwrap();
        let answer = client.without_retries().instant("up", None).await?;
        Ok(answer.vector.len())
    }

    /// What the client says of a server that it must not trust; no request reaches it.
    async fn refused(&self, access: Access) -> String {
        let access = access.with_bearer("hunter22", "token").unwrap();
        let error = self.asked(access).await.unwrap_err();
        assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
        assert_eq!(*self.requests.lock().unwrap(), Vec::<String>::new());
        error.to_string().replace(&self.url, "URL")
    }
}

fn trusting(authority: &Authority) -> Access {
    let pem = authority.pem();
    Access::default()
        .with_authorities(pem.as_bytes(), "ca.pem")
        .unwrap()
}

#[tokio::test]
async fn an_own_authority_is_trusted_and_gets_the_credentials() {
    let ours = authority("ours");
    let tls = Tls::start(signed(&ours, HERE, 2_999), None).await;
    let access = trusting(&ours).with_bearer("hunter22", "token").unwrap();
    assert_eq!(tls.asked(access).await, Ok(1));
    let requests = tls.requests.lock().unwrap();
    assert!(requests[0].contains("authorization: Bearer hunter22\r\n"));
}

#[tokio::test]
async fn one_of_several_authorities_is_enough() {
    let (ours, other) = (authority("ours"), authority("other"));
    let tls = Tls::start(signed(&ours, HERE, 2_999), None).await;
    let both = format!("{}{}", other.pem(), ours.pem());
    let access = Access::default().with_authorities(both.as_bytes(), "ca.pem");
    assert_eq!(tls.asked(access.unwrap()).await, Ok(1));
}

#[tokio::test]
async fn an_authority_that_is_not_named_is_not_trusted() {
    let tls = Tls::start(signed(&authority("other"), HERE, 2_999), None).await;
    let said = tls.refused(trusting(&authority("ours"))).await;
    insta::assert_snapshot!(said, @"cannot reach URL: invalid peer certificate: UnknownIssuer (name who signed it with --ca-file)");
}

#[tokio::test]
async fn a_certificate_that_expired_is_not_trusted() {
    let ours = authority("ours");
    let tls = Tls::start(signed(&ours, HERE, 2_020), None).await;
    let said = tls.refused(trusting(&ours)).await;
    assert!(said.contains("certificate expired"), "{said}");
}

#[tokio::test]
async fn a_certificate_of_another_server_is_trusted_only_by_its_name() {
    let ours = authority("ours");
    let tls = Tls::start(signed(&ours, "prometheus.test", 2_999), None).await;
    let said = tls.refused(trusting(&ours)).await;
    insta::assert_snapshot!(said, @r#"cannot reach URL: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("prometheus.test") (name the server as its certificate does, or give --server-name)"#);
    let said = tls
        .refused(trusting(&ours).with_server_name("other.test"))
        .await;
    assert!(said.contains("other.test"), "{said}");
    let access = trusting(&ours).with_server_name("prometheus.test");
    assert_eq!(tls.asked(access).await, Ok(1));
    let requests = tls.requests.lock().unwrap();
    assert!(
        requests[0].contains("host: prometheus.test:"),
        "{}",
        requests[0]
    );
}

#[tokio::test]
async fn a_client_shows_its_certificate_to_who_wants_it() {
    let (ours, clients) = (authority("ours"), authority("clients"));
    let tls = Tls::start(signed(&ours, HERE, 2_999), Some(&clients)).await;
    let said = tls.refused(trusting(&ours)).await;
    assert!(said.contains("--client-certificate-file"), "{said}");
    let (certificate, key) = signed(&clients, "gate.test", 2_999);
    let pem = certificate.pem() + &key.serialize_pem();
    let access = trusting(&ours).with_identity(pem.as_bytes(), "client.pem");
    assert_eq!(tls.asked(access.unwrap()).await, Ok(1));
}

#[tokio::test]
async fn a_port_without_tls_is_named() {
    let wire = Wire::start(vec![json("200 OK", ONE)]).await;
    let url = wire.url.replace("http://", "https://");
    let client = Client::with(&url, PATIENCE, trusting(&authority("ours"))).unwrap();
    let error = client
        .without_retries()
        .instant("up", None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("speaks no TLS"), "{error}");
}
