//! The open connections of one proxy, and the toxics that each of them has adopted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::chain::Chain;
use super::error::ApiError;
use super::limit::{CHANGE_TIME_MAX, CHANGES_QUEUED_MAX, CONNECTIONS_MAX, DIAL_TIME_MAX};
use super::link::{Change, Ends, Link};
use super::toxic::{Stream, Toxic};
use super::traffic::Traffic;

/// The connections of a proxy; clones are the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    inner: Arc<Mutex<Inner>>,
    traffic: Arc<Traffic>,
}

#[derive(Debug)]
struct Inner {
    toxics: Arc<[Toxic]>,
    open: HashMap<u64, Open>,
    next_id: u64,
    random: StdRng,
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
    pub(crate) fn new(seed: u64, traffic: Arc<Traffic>) -> Self {
        let inner = Inner {
            toxics: Arc::new([]),
            open: HashMap::new(),
            next_id: 0,
            random: StdRng::seed_from_u64(seed),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            traffic,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing under the lock can leave it half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves a client until either side, a toxic or `proxy_closed` ends it.
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
        let (Ok(()), Ok(())) = (client.set_nodelay(true), server.set_nodelay(true)) else {
            return;
        };
        let [up, down] = self.links(entry.id, client, server, closed);
        tokio::join!(up.run(), down.run());
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
    fn links(
        &self,
        id: u64,
        client: TcpStream,
        server: TcpStream,
        closed: CancellationToken,
    ) -> [Link; 2] {
        let (client, server) = (Arc::new(client), Arc::new(server));
        let ends = Arc::new(Ends::new(closed));
        let mut inner = self.lock();
        let mut link = |stream, source: &Arc<_>, destination: &Arc<_>| {
            let random = StdRng::seed_from_u64(inner.random.random());
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
                ends: Arc::clone(&ends),
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

async fn dial(upstream: &str) -> Option<TcpStream> {
    let dialed = tokio::time::timeout(DIAL_TIME_MAX, TcpStream::connect(upstream)).await;
    // An upstream that cannot be reached shows as a connection that closes at once.
    dialed.ok()?.ok()
}
