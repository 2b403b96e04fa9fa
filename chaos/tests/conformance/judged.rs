//! Who is judged: the embedded server, a running one, or the original, started for each case.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use chaos::toxiproxy::ToxiproxyServer;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// Ports that are tried: another process may take one before the server does.
const PORTS_TRIED_MAX: usize = 5;

/// Looks for a server that starts, a fiftieth of a second apart.
const LOOKS_MAX: usize = 500;

/// Whom to judge.
pub(crate) enum Judged {
    Embedded,
    /// One of ours, as a process of its own.
    Ours(SocketAddr),
    /// The original, running.
    Original(SocketAddr),
    /// The original, started for each case.
    Program(String),
}

/// A server of one case.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _embedded: Option<ToxiproxyServer>,
    _child: Option<Child>,
}

impl Judged {
    pub(crate) fn is_original(&self) -> bool {
        matches!(self, Self::Original(_) | Self::Program(_))
    }

    /// Whether all cases run on the same server.
    pub(crate) fn shared(&self) -> bool {
        matches!(self, Self::Original(_) | Self::Ours(_))
    }

    /// The server for a case; it ends with it.
    pub(crate) async fn start(&self) -> Result<Server, String> {
        match self {
            Self::Ours(address) | Self::Original(address) => Ok(Server {
                address: *address,
                _embedded: None,
                _child: None,
            }),
            Self::Embedded => embedded().await,
            Self::Program(program) => original(program).await,
        }
    }
}

async fn embedded() -> Result<Server, String> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let started = ToxiproxyServer::start(listen, 1, Vec::new()).await;
    let server = started.map_err(|error| format!("{error:?}"))?;
    Ok(Server {
        address: server.address,
        _embedded: Some(server),
        _child: None,
    })
}

async fn original(program: &str) -> Result<Server, String> {
    let told = |error: std::io::Error| format!("cannot start {program}: {error}");
    for _ in 0..PORTS_TRIED_MAX {
        let free = TcpListener::bind("127.0.0.1:0").await.map_err(told)?;
        let address = free.local_addr().map_err(told)?;
        drop(free);
        let mut child = Command::new(program)
            .args(["-host", "127.0.0.1", "-port", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(told)?;
        for _ in 0..LOOKS_MAX {
            if child.try_wait().map_err(told)?.is_some() {
                break;
            }
            if TcpStream::connect(address).await.is_ok() {
                return Ok(Server {
                    address,
                    _embedded: None,
                    _child: Some(child),
                });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Err(format!("{program} does not start"))
}
