//! Plain calls: what `toxiproxy_rust` cannot say, each with a deadline and a bounded answer.

use std::net::SocketAddr;

use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ClientError;
use super::worker::CALL_TIME_MAX;
use crate::toxiproxy::Token;

/// Most of an answer that is repeated in an error.
const ERROR_CHARS_MAX: usize = 200;

/// Most of an answer that is read; a server full of proxies says less.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most characters of the name of a proxy or a toxic.
const NAME_CHARS_MAX: usize = 128;

/// A server that can be called.
#[derive(Debug)]
pub(super) struct Wire {
    base: Url,
    http: reqwest::Client,
    token: Option<Token>,
}

/// An answer, whatever it says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

impl Wire {
    /// A client for one server; nothing is called yet.
    pub(super) fn new(address: SocketAddr, token: Option<&Token>) -> Result<Self, ClientError> {
        let what = "be called";
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // A kept connection that the server closes in this moment would fail the next call.
            .pool_max_idle_per_host(0)
            .timeout(CALL_TIME_MAX)
            .build()
            .map_err(|error| unreachable(what, &error))?;
        let base = Url::parse(&format!("http://{address}/"));
        let base = base.map_err(|error| ClientError::Unreachable {
            what: what.to_owned(),
            cause: error.to_string(),
        })?;
        let token = token.cloned();
        Ok(Self { base, http, token })
    }

    pub(super) fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// What a route says, as text.
    pub(super) async fn text(&self, what: &str, path: &[&str]) -> Result<String, ClientError> {
        let answer = self.call(what, Method::GET, path, None).await?;
        Ok(answer.accepted(what)?.text)
    }

    /// What a route says, read.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &[&str],
    ) -> Result<T, ClientError> {
        let answer = self.call(what, Method::GET, path, None).await?;
        answer.accepted(what)?.read(what)
    }

    /// Has something done; what the server says about it is not believed but read back.
    pub(super) async fn send(
        &self,
        what: &str,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<(), ClientError> {
        let answer = self.call(what, method, path, body).await?;
        answer.accepted(what).map(drop)
    }

    /// Makes one call, and takes any status for an answer.
    pub(super) async fn call(
        &self,
        what: &str,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<Answer, ClientError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(path);
        }
        let mut request = self.http.request(method, url);
        if let Some(token) = self.token() {
            request = request.bearer_auth(token.reveal());
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let failed = |error| unreachable(what, &error);
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(ClientError::Unreadable {
                    what: what.to_owned(),
                    cause: format!("it is longer than {ANSWER_BYTES_MAX} bytes"),
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer { status, text })
    }
}

impl Answer {
    /// The answer, if it is no refusal.
    pub(super) fn accepted(self, what: &str) -> Result<Self, ClientError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let clean = self.text.trim().chars().filter(|c| !c.is_control());
        Err(ClientError::Refused {
            what: what.to_owned(),
            status: self.status.as_u16(),
            text: clean.take(ERROR_CHARS_MAX).collect(),
        })
    }

    /// What it says.
    pub(super) fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, ClientError> {
        serde_json::from_str(&self.text).map_err(|error| ClientError::Unreadable {
            what: what.to_owned(),
            cause: error.to_string(),
        })
    }
}

/// A name that can stand in a path; a server could not be asked about any other.
pub(super) fn checked_name<'a>(what: &'static str, name: &'a str) -> Result<&'a str, ClientError> {
    let length = name.chars().count();
    let is_fine = (1..=NAME_CHARS_MAX).contains(&length)
        && !name.chars().any(char::is_control)
        && !matches!(name, "." | "..");
    if is_fine {
        return Ok(name);
    }
    Err(ClientError::BadName {
        what,
        name: name.chars().take(NAME_CHARS_MAX).collect(),
    })
}

fn unreachable(what: &str, error: &reqwest::Error) -> ClientError {
    if error.is_timeout() {
        return ClientError::TimedOut {
            what: what.to_owned(),
            seconds: CALL_TIME_MAX.as_secs(),
        };
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    ClientError::Unreachable {
        what: what.to_owned(),
        cause: cause.to_string(),
    }
}
