//! A thread of its own for `toxiproxy_rust`.
//!
//! That crate blocks, panics on a transport error while it holds its lock, and waits up to 30 s for
//! an answer. Here it lives on one thread, client and all; a panic costs the client, a call that
//! takes too long costs the thread, and the caller always gets an answer in time.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;
use toxiproxy_rust::client::Client;

use super::ClientError;

/// How long one call may take.
pub(crate) const CALL_TIME_MAX: Duration = Duration::from_secs(5);

/// How long `toxiproxy_rust` can wait for an answer, and a little more.
const STUCK_TIME_MAX: Duration = Duration::from_secs(32);

/// Calls that wait for the thread.
const JOBS_MAX: usize = 8;

type Job = Box<dyn FnOnce(&Client) + Send>;

/// The thread, and what is known of its predecessors.
#[derive(Debug)]
pub(crate) struct Worker {
    address: SocketAddr,
    jobs: mpsc::SyncSender<Job>,
    /// Calls that were given up and may still take effect.
    stuck: Vec<oneshot::Receiver<()>>,
}

impl Worker {
    pub(crate) fn start(address: SocketAddr) -> Result<Self, ClientError> {
        let jobs = spawn(address)?;
        let stuck = Vec::new();
        Ok(Self {
            address,
            jobs,
            stuck,
        })
    }

    /// Makes one call.
    pub(crate) async fn call<T: Send + 'static>(
        &mut self,
        what: &str,
        call: impl FnOnce(&Client) -> Result<T, String> + Send + 'static,
    ) -> Result<T, ClientError> {
        let (reply, answer) = oneshot::channel();
        let (finished, end) = oneshot::channel();
        let job: Job = Box::new(move |client| {
            // Dropped, and with it noticed, even when the call panics.
            let _finished: oneshot::Sender<()> = finished;
            let _ = reply.send(call(client));
        });
        let unreachable = |cause: &str| ClientError::Unreachable {
            what: what.to_owned(),
            cause: cause.to_owned(),
        };
        self.jobs
            .try_send(job)
            .map_err(|_| unreachable("its thread is gone"))?;
        match tokio::time::timeout(CALL_TIME_MAX, answer).await {
            Ok(Ok(answered)) => answered.map_err(|cause| unreachable(&cause)),
            Ok(Err(_)) => Err(unreachable("the call panicked")),
            Err(_) => {
                self.stuck.push(end);
                self.jobs = spawn(self.address)?;
                Err(ClientError::TimedOut {
                    what: what.to_owned(),
                    seconds: CALL_TIME_MAX.as_secs(),
                })
            }
        }
    }

    /// Waits until no call that was given up can take effect any more.
    pub(crate) async fn settle(&mut self) {
        let ends = std::mem::take(&mut self.stuck);
        let all = async {
            for end in ends {
                // Err is the usual way: the sender is dropped when the call is over.
                let _ = end.await;
            }
        };
        // What takes longer has been given up by `toxiproxy_rust` itself.
        let _ = tokio::time::timeout(STUCK_TIME_MAX, all).await;
    }
}

fn spawn(address: SocketAddr) -> Result<mpsc::SyncSender<Job>, ClientError> {
    let (sender, jobs) = mpsc::sync_channel::<Job>(JOBS_MAX);
    let work = move || {
        let mut client = None;
        while let Ok(job) = jobs.recv() {
            let call = || job(client.get_or_insert_with(|| Client::new(address)));
            if std::panic::catch_unwind(AssertUnwindSafe(call)).is_err() {
                // Its lock is poisoned.
                client = None;
            }
        }
    };
    let thread = std::thread::Builder::new()
        .name("toxiproxy-client".to_owned())
        .spawn(work);
    thread.map(|_| sender).map_err(ClientError::NoThread)
}
