//! The open connections of one proxy, and the toxics that each of them has adopted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::SeedableRng;
use rand::rngs::StdRng;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::chain::Chain;
use super::ends::{Ends, Patience};
use super::error::ApiError;
use super::limit::{CHANGE_TIME_MAX, CHANGES_QUEUED_MAX, CONNECTIONS_MAX, DIAL_TIME_MAX};
use super::limit::{KEEPALIVE_IDLE, KEEPALIVE_INTERVAL};
use super::link::{Change, Link};
use super::toxic::{Stream, Toxic};
use super::traffic::Traffic;

/// The connections of a proxy; clones are the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    inner: Arc<Mutex<Inner>>,
    traffic: Arc<Traffic>,
    patience: Patience,
}

#[derive(Debug)]
struct Inner {
    toxics: Arc<[Toxic]>,
    open: HashMap<u64, Open>,
    next_id: u64,
    seed: u64,
}

#[derive(Debug)]
struct Open {
    closed: CancellationToken,
    links: Vec<mpsc::Sender<Change>>,
}

/// Takes a connection out of the list however its task ends.
#[derive(Debug)]
struct Entry {
    id: u64,
    connections: Connections,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.connections.lock().open.remove(&self.id);
    }
}

impl Connections {
    /// No connections and no toxics yet; `seed` decides all that is random.
    pub(crate) fn new(seed: u64, traffic: Arc<Traffic>, patience: Patience) -> Self {
        let inner = Inner {
            toxics: Arc::new([]),
            open: HashMap::new(),
            next_id: 0,
            seed,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            traffic,
            patience,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing under the lock can leave it half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves a client until either side, a toxic, `proxy_closed` or long silence ends it.
    pub(crate) async fn serve(
        self,
        client: TcpStream,
        upstream: Arc<str>,
        proxy_closed: CancellationToken,
    ) {
        let closed = proxy_closed.child_token();
        let Some(entry) = self.enter(closed.clone()) else {
            return;
        };
        let dialed = tokio::select! {
            () = closed.cancelled() => return,
            dialed = dial(&upstream) => dialed,
        };
        let Some(server) = dialed else { return };
        let (Ok(()), Ok(())) = (prepare(&client), prepare(&server)) else {
            return;
        };
        let ends = Arc::new(Ends::new(closed));
        let [up, down] = self.links(entry.id, client, server, &ends);
        tokio::select! {
            _ = async { tokio::join!(up.run(), down.run()) } => {}
            () = ends.abandoned(self.patience) => {}
        }
    }

    /// Counts a connection before its upstream is dialed; `None` when there are too many.
    fn enter(&self, closed: CancellationToken) -> Option<Entry> {
        let mut inner = self.lock();
        if inner.open.len() >= CONNECTIONS_MAX {
            return None;
        }
        let id = inner.next_id;
        inner.next_id += 1;
        let links = Vec::new();
        inner.open.insert(id, Open { closed, links });
        drop(inner);
        let connections = self.clone();
        Some(Entry { id, connections })
    }

    /// Makes both links; from here on they are told about changes.
    fn links(&self, id: u64, client: TcpStream, server: TcpStream, ends: &Arc<Ends>) -> [Link; 2] {
        let (client, server) = (Arc::new(client), Arc::new(server));
        let mut inner = self.lock();
        let mut link = |stream, source: &Arc<_>, destination: &Arc<_>| {
            let random = generator(inner.seed, id, stream);
            let own = inner.toxics.iter().filter(|toxic| toxic.stream == stream);
            let chain = Chain::new(own, random, Instant::now());
            let (sender, changes) = mpsc::channel(CHANGES_QUEUED_MAX);
            if let Some(open) = inner.open.get_mut(&id) {
                open.links.push(sender);
            }
            Link {
                stream,
                chain,
                source: Arc::clone(source),
                destination: Arc::clone(destination),
                changes,
                ends: Arc::clone(ends),
                traffic: Arc::clone(&self.traffic),
            }
        };
        let up = link(Stream::Upstream, &client, &server);
        let down = link(Stream::Downstream, &server, &client);
        drop(inner);
        if up.chain.resets() || down.chain.resets() {
            // A connection that cannot be made to send RST closes with FIN, which is what one that
            // was opened before the toxic does as well.
            let _ = client.set_zero_linger();
            let _ = server.set_zero_linger();
        }
        [up, down]
    }

    /// Gives these toxics to new connections at once, and waits until open ones have them.
    pub(crate) async fn change(&self, toxics: Vec<Toxic>) -> Result<(), ApiError> {
        let toxics: Arc<[Toxic]> = toxics.into();
        let (adopted, mut waiting) = mpsc::channel(1);
        {
            let mut inner = self.lock();
            inner.toxics = Arc::clone(&toxics);
            for open in inner.open.values() {
                let change = Change {
                    toxics: Arc::clone(&toxics),
                    adopted: adopted.clone(),
                };
                open.send(&change);
            }
        }
        drop(adopted);
        // Nothing is ever sent: it ends when every link has dropped its end.
        let all_adopted = tokio::time::timeout(CHANGE_TIME_MAX, waiting.recv());
        all_adopted.await.map(|_| ()).map_err(|_| ApiError::Stuck)
    }
}

impl Open {
    fn send(&self, change: &Change) {
        for link in &self.links {
            // A link that has ended needs no change; one that is so far behind would work with
            // toxics that nobody asked for.
            if let Err(mpsc::error::TrySendError::Full(_)) = link.try_send(change.clone()) {
                self.closed.cancel();
            }
        }
    }
}

/// What is random in one direction of a connection: the number of the connection decides it, and
/// not when it or another one did anything.
fn generator(seed: u64, connection: u64, stream: Stream) -> StdRng {
    let mut own = [0; 32];
    own[..8].copy_from_slice(&seed.to_le_bytes());
    own[8..16].copy_from_slice(&connection.to_le_bytes());
    own[16] = u8::from(stream == Stream::Upstream);
    StdRng::from_seed(own)
}

/// Small writes go at once, and a peer that has vanished is noticed.
fn prepare(socket: &TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_IDLE)
        .with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(socket).set_tcp_keepalive(&keepalive)
}

async fn dial(upstream: &str) -> Option<TcpStream> {
    let dialed = tokio::time::timeout(DIAL_TIME_MAX, TcpStream::connect(upstream)).await;
    // An upstream that cannot be reached shows as a connection that closes at once.
    dialed.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    fn draws(seed: u64, connection: u64, stream: Stream) -> [u64; 4] {
        let mut random = generator(seed, connection, stream);
        [(); 4].map(|()| random.random())
    }

    #[test]
    fn the_seed_the_connection_and_the_stream_alone_decide_what_is_drawn() {
        let drawn = draws(7, 3, Stream::Upstream);
        assert_eq!(drawn, draws(7, 3, Stream::Upstream));
        assert_ne!(drawn, draws(8, 3, Stream::Upstream));
        assert_ne!(drawn, draws(7, 4, Stream::Upstream));
        assert_ne!(drawn, draws(7, 3, Stream::Downstream));
    }

    #[tokio::test]
    async fn a_prepared_socket_asks_whether_its_peer_is_there() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        prepare(&socket).unwrap();
        let socket = SockRef::from(&socket);
        assert!(socket.keepalive().unwrap());
        assert!(socket.tcp_nodelay().unwrap());
    }
}
