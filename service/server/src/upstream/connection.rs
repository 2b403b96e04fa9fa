//! A connection to an address that was checked, encrypted where the URL says so, and metered.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::FetchError;
use super::address::{self, Range};
use super::network::Network;
use super::target::{Host, Origin, Scheme};

/// Addresses of one name that are tried, one after the other.
const ADDRESSES_MAX: usize = 4;

/// Makes connections.
pub(super) struct Connector {
    pub(super) network: Arc<dyn Network>,
    /// Addresses that may be connected to although they are not public.
    pub(super) private: Vec<Range>,
    /// For one connection, its handshake included.
    pub(super) timeout: Duration,
    /// None where no permission is for https.
    pub(super) tls: Option<TlsConnector>,
}

/// Anything that bytes go in and out of.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

impl Connector {
    /// A connection to `origin`. Its addresses are resolved once, all of them are checked, and the
    /// ones that were checked are connected to.
    pub(super) async fn connect(&self, origin: &Origin) -> Result<Box<dyn Wire>, FetchError> {
        let addresses = self.addresses(&origin.host).await?;
        let mut failure = FetchError::Connect(io::ErrorKind::AddrNotAvailable.into());
        for address in addresses {
            let socket = SocketAddr::new(address, origin.port);
            match tokio::time::timeout(self.timeout, self.open(origin, socket)).await {
                Ok(Ok(wire)) => return Ok(wire),
                Ok(Err(error)) => failure = error,
                Err(_) => failure = FetchError::Connect(io::ErrorKind::TimedOut.into()),
            }
        }
        Err(failure)
    }

    async fn addresses(&self, host: &Host) -> Result<Vec<IpAddr>, FetchError> {
        let mut addresses = match host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let resolved = self.network.resolve(name).await;
                resolved.map_err(FetchError::Resolve)?
            }
        };
        // One that must not be asked spoils the answer: whoever gave it is not to be trusted.
        for &address in &addresses {
            address::check(address, &self.private)
                .map_err(|class| FetchError::Address { address, class })?;
        }
        addresses.truncate(ADDRESSES_MAX);
        Ok(addresses)
    }

    async fn open(
        &self,
        origin: &Origin,
        address: SocketAddr,
    ) -> Result<Box<dyn Wire>, FetchError> {
        let stream = self.network.connect(address).await;
        let stream = stream.map_err(FetchError::Connect)?;
        stream.set_nodelay(true).map_err(FetchError::Connect)?;
        match (origin.scheme, &self.tls) {
            (Scheme::Http, _) => Ok(Box::new(stream)),
            (Scheme::Https, Some(tls)) => {
                let name = server_name(&origin.host)?;
                let stream = tls.connect(name, stream).await;
                Ok(Box::new(stream.map_err(FetchError::Tls)?))
            }
            (Scheme::Https, None) => Err(FetchError::Tls(io::ErrorKind::Unsupported.into())),
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("network", &self.network)
            .field("private", &self.private)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// TLS that trusts these roots.
pub(super) fn tls(
    roots: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Result<TlsConnector, tokio_rustls::rustls::Error> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn server_name(host: &Host) -> Result<ServerName<'static>, FetchError> {
    match host {
        Host::Address(address) => Ok(ServerName::from(*address)),
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|error| FetchError::Tls(io::Error::other(error))),
    }
}

/// A wire that breaks after so many bytes were read: whatever an upstream wraps its body in (endless
/// interim answers, padding of chunks) ends too.
pub(super) struct Metered {
    wire: Box<dyn Wire>,
    left: usize,
}

impl Metered {
    pub(super) fn new(wire: Box<dyn Wire>, bytes_max: usize) -> Self {
        Self {
            wire,
            left: bytes_max,
        }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.wire).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        let left = this.left.checked_sub(read);
        this.left = left.ok_or_else(|| io::Error::other("more bytes than any answer needs"))?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().wire).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_shutdown(context)
    }
}
