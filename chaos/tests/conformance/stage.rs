//! Runs the steps of a case against a server and says what was seen.
//!
//! | step | does |
//! | --- | --- |
//! | `GET /path`, `POST /path BODY` … | a call; `typed` before it also shows the type of the answer |
//! | `agent TEXT` | the user agent of the calls that follow |
//! | `connect A PROXY` | a client's end, called A; `connect A PROXY ::1` over IPv6 |
//! | `accept B [up6]` | the upstream's end of the connection that was made last |
//! | `unaccepted MS` | no connection reaches the upstream within this time |
//! | `send A TEXT`, `send A 64kB` | queues text, or bytes whose order can be checked |
//! | `read A COUNT`, `end A` | so many bytes; all until the end, and how it ended |
//! | `silent A MS` | nothing comes within this time |
//! | `half A`, `close A`, `reset A` | FIN, both ways closed, RST |
//! | `flood A`, `still A` | writes until told otherwise; waits until nothing can be written |
//! | `mark`, then `… after MS` | the step may not end earlier than this after the mark |
//! | `within MS` | says whether the time since the mark is less |

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use socket2::{Domain, Socket as RawSocket, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::PATIENCE;
use crate::ports::Ports;
use crate::socket::{Socket, bytes};

/// A call of the original may take 25 s before it is given up by the original itself.
const CALL_TIME_MAX: Duration = Duration::from_secs(35);

/// What a case runs on.
pub(crate) struct Stage {
    server: SocketAddr,
    http: reqwest::Client,
    agent: Option<String>,
    ports: Ports,
    upstreams: BTreeMap<String, TcpListener>,
    sockets: BTreeMap<String, Socket>,
    mark: Instant,
    /// Bound and never listening: nobody answers here, and nobody else is given the port.
    _held: Vec<RawSocket>,
}

impl Stage {
    pub(crate) async fn new(server: SocketAddr) -> Result<Self, std::io::Error> {
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect)
            .timeout(CALL_TIME_MAX)
            .build()
            .map_err(std::io::Error::other)?;
        let mut stage = Self {
            server,
            http,
            agent: None,
            ports: Ports::default(),
            upstreams: BTreeMap::new(),
            sockets: BTreeMap::new(),
            mark: Instant::now(),
            _held: Vec::new(),
        };
        for (name, address) in [
            ("up", "127.0.0.1:0"),
            ("up6", "[::1]:0"),
            ("busy", "127.0.0.1:0"),
        ] {
            let listener = TcpListener::bind(address).await?;
            stage.ports.name(name, listener.local_addr()?.port());
            stage.upstreams.insert(name.to_owned(), listener);
        }
        for name in ["nobody", "free", "free2"] {
            let held = RawSocket::new(Domain::IPV4, Type::STREAM, None)?;
            held.set_reuse_address(true)?;
            held.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
            let address = held.local_addr()?.as_socket();
            stage
                .ports
                .name(name, address.map_or(0, |address| address.port()));
            stage._held.push(held);
        }
        Ok(stage)
    }

    /// Does one step. `Ok(None)` when there is nothing to see.
    pub(crate) async fn step(&mut self, text: &str) -> Result<Option<String>, String> {
        let (text, after) = match text.rsplit_once(" after ") {
            Some((text, ms)) if ms.parse::<u64>().is_ok() => (text, ms.parse::<u64>().ok()),
            _ => (text, None),
        };
        let seen = self.act(text).await?;
        let Some(after) = after else { return Ok(seen) };
        let early = self.mark.elapsed() < Duration::from_millis(after);
        let when = if early { "too early" } else { "not too early" };
        Ok(Some(format!("{}, {when}", seen.unwrap_or_default())))
    }

    async fn act(&mut self, text: &str) -> Result<Option<String>, String> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (name, more) = rest.split_once(' ').unwrap_or((rest, ""));
        match verb {
            "typed" => self.call(rest, true).await.map(Some),
            "agent" => {
                self.agent = Some(rest.to_owned());
                Ok(None)
            }
            "mark" => {
                self.mark = Instant::now();
                Ok(None)
            }
            "within" => {
                let less = self.mark.elapsed() < milliseconds(name)?;
                Ok(Some(if less { "in time" } else { "late" }.to_owned()))
            }
            "connect" => self.connect(name, more).await.map(Some),
            "accept" => self.accept(name, more).await.map(Some),
            "unaccepted" => self.unaccepted(milliseconds(name)?).await.map(Some),
            "close" | "reset" => {
                let socket = self.sockets.remove(name).ok_or("no such socket")?;
                socket.close(verb == "reset").await.map(|()| None)
            }
            "send" | "half" | "flood" | "still" | "read" | "end" | "silent" => {
                self.socket(verb, name, more).await
            }
            _ if verb.bytes().all(|letter| letter.is_ascii_uppercase()) => {
                self.call(text, false).await.map(Some)
            }
            _ => Err(format!("there is no step {verb:?}")),
        }
    }

    async fn socket(
        &mut self,
        verb: &str,
        name: &str,
        more: &str,
    ) -> Result<Option<String>, String> {
        let Some(socket) = self.sockets.get_mut(name) else {
            return Ok(Some("there is no such socket".to_owned()));
        };
        match verb {
            "send" => socket.send(more).await.map(|()| None),
            "half" => socket.half().await.map(|()| None),
            "flood" => socket.flood().await.map(|()| None),
            "still" => socket.still().await.map(|()| None),
            "end" => Ok(Some(socket.end().await)),
            "silent" => Ok(Some(socket.silence(milliseconds(more)?).await)),
            _ => {
                let count = bytes(more).ok_or("read NAME COUNT")?;
                Ok(Some(socket.read(count).await))
            }
        }
    }

    async fn call(&mut self, text: &str, typed: bool) -> Result<String, String> {
        let mut parts = text.splitn(3, ' ');
        let method = parts.next().unwrap_or_default();
        let path = parts.next().ok_or("METHOD /path BODY")?;
        let body = self.ports.filled(parts.next().unwrap_or_default());
        let method = method.parse().map_err(|_| "no such method")?;
        let url = format!("http://{}{path}", self.server);
        let mut request = self.http.request(method, url).body(body);
        if let Some(agent) = &self.agent {
            request = request.header("User-Agent", agent);
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.is_timeout() => return Ok("no answer".to_owned()),
            Err(error) => return Err(format!("{text}: {error}")),
        };
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").cloned();
        let body = answer
            .text()
            .await
            .map_err(|error| format!("{text}: {error}"))?;
        let mut seen = status.to_string();
        if typed {
            let kind = kind.as_ref().and_then(|kind| kind.to_str().ok());
            seen += &format!(" {}", kind.unwrap_or("untyped"));
        }
        if !body.is_empty() {
            let value = serde_json::from_str(&body).unwrap_or(Value::String(body));
            seen += &format!(" {}", self.ports.told(&value));
        }
        Ok(seen)
    }

    async fn connect(&mut self, name: &str, place: &str) -> Result<String, String> {
        let (proxy, host) = place.split_once(' ').unwrap_or((place, "127.0.0.1"));
        let Some(port) = self.ports.of(proxy) else {
            return Ok("nowhere to connect to".to_owned());
        };
        let dial = TcpStream::connect((host, port));
        match tokio::time::timeout(PATIENCE, dial).await {
            Ok(Ok(stream)) => {
                self.sockets.insert(name.to_owned(), Socket::new(stream));
                Ok("connected".to_owned())
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                Ok("refused".to_owned())
            }
            other => Err(format!("cannot connect to {place}: {other:?}")),
        }
    }

    async fn accept(&mut self, name: &str, which: &str) -> Result<String, String> {
        let which = if which.is_empty() { "up" } else { which };
        let listener = self
            .upstreams
            .get(which)
            .ok_or("there is no such upstream")?;
        match tokio::time::timeout(PATIENCE, listener.accept()).await {
            Ok(Ok((stream, _))) => {
                self.sockets.insert(name.to_owned(), Socket::new(stream));
                Ok("accepted".to_owned())
            }
            other => Ok(format!("nothing came: {other:?}")),
        }
    }

    async fn unaccepted(&mut self, time: Duration) -> Result<String, String> {
        let listener = self.upstreams.get("up").ok_or("there is no upstream")?;
        let came = tokio::time::timeout(time, listener.accept()).await.is_ok();
        Ok(if came { "a connection" } else { "none" }.to_owned())
    }

    /// Leaves a server without proxies.
    pub(crate) async fn clear(self) -> Result<(), String> {
        let url = format!("http://{}/proxies", self.server);
        let all = self
            .http
            .get(&url)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        let all: Value = all.json().await.map_err(|error| error.to_string())?;
        for name in all.as_object().into_iter().flatten().map(|(name, _)| name) {
            let path: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let gone = self.http.delete(format!("{url}/{path}"));
            gone.send().await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let ms = text
        .parse()
        .map_err(|_| format!("{text:?} is no number of ms"))?;
    Ok(Duration::from_millis(ms))
}
