//! Calls of a keeper of processes.

use std::time::Duration;

use reqwest::{Client, Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Act;

/// Longest call: a process that is started again must become ready.
const CALL_TIME_MAX: Duration = Duration::from_secs(45);

/// How long a keeper may take to accept a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);

/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why a process was not, or is not known to be, as it was asked to be.
#[derive(Debug, thiserror::Error)]
#[error("the keeper of processes did not {what}: {cause}")]
pub(crate) struct ProcessError {
    pub(crate) what: String,
    pub(crate) cause: String,
}

/// The keeper of processes that a rehearsal offers on loopback.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    base: Url,
    http: Client,
}

/// One process, as the keeper lists it.
#[derive(Debug, Deserialize)]
struct Listed {
    name: String,
    act: Option<String>,
    holder: Option<String>,
    expires_in_seconds: Option<u64>,
}

impl Processes {
    /// Finds out whether a keeper answers at `url`, such as `http://127.0.0.1:8475`.
    ///
    /// # Errors
    /// [`ProcessError`] when `url` is none of http on loopback, or no keeper answers there.
    pub(crate) async fn connect(url: &str) -> Result<Self, ProcessError> {
        let failed = |cause: String| error("answer", cause);
        let base = Url::parse(url).map_err(|error| failed(format!("{url:?}: {error}")))?;
        let host = base.host_str().unwrap_or_default();
        let is_loopback = host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        if base.scheme() != "http" || !is_loopback || !matches!(base.path(), "" | "/") {
            let expected = "expected http://ADDRESS:PORT on loopback";
            return Err(failed(format!("{url:?}: {expected}")));
        }
        let http = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(CALL_TIME_MAX)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let found = Self { base, http };
        found.list().await?;
        Ok(found)
    }

    async fn list(&self) -> Result<Vec<Listed>, ProcessError> {
        let what = "list its processes";
        let text = self.call(what, Method::GET, &["processes"], None).await?;
        serde_json::from_str(&text).map_err(|cause| error(what, cause.to_string()))
    }

    /// The process that is not as it was started, if any, and how.
    ///
    /// # Errors
    /// [`ProcessError`] when the keeper does not say, or does not keep such a process.
    pub(crate) async fn trouble(&self, process: &str) -> Result<Option<String>, ProcessError> {
        let list = self.list().await?;
        let Some(found) = list.iter().find(|listed| listed.name == process) else {
            let names: Vec<&str> = list.iter().map(|listed| listed.name.as_str()).collect();
            let cause = format!("there is no such process, expected one of {names:?}");
            return Err(error(&format!("know {process}"), cause));
        };
        Ok(found.act.as_ref().map(|act| {
            let holder = found.holder.as_deref().unwrap_or("somebody");
            let left = found.expires_in_seconds.unwrap_or_default();
            format!("{process} is under the act {act} of {holder}, for {left} s more at most")
        }))
    }

    /// Does it in the name of `holder`, for `lease`; doing the same again renews the lease. Whole
    /// seconds, 1 to 600; a fraction counts as a second.
    ///
    /// # Errors
    /// [`ProcessError`] when it is not known to be done; the keeper then undoes it when the lease
    /// ends.
    pub(crate) async fn act(
        &self,
        process: &str,
        act: Act,
        holder: &str,
        lease: Duration,
    ) -> Result<(), ProcessError> {
        let seconds = lease.as_secs() + u64::from(lease.subsec_nanos() > 0);
        let body = json!({ "holder": holder, "lease_seconds": seconds });
        let what = format!("{act} {process}");
        let path = ["processes", process, act.as_str()];
        self.call(&what, Method::POST, &path, Some(body)).await?;
        Ok(())
    }

    /// Undoes it, and waits until the process is as it was; content when it is so already.
    ///
    /// # Errors
    /// [`ProcessError`] when the process is not known to be as it was.
    pub(crate) async fn undo(&self, process: &str) -> Result<(), ProcessError> {
        let what = format!("undo what is done to {process}");
        let path = ["processes", process, "undo"];
        self.call(&what, Method::POST, &path, None).await?;
        Ok(())
    }

    async fn call(
        &self,
        what: &str,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<String, ProcessError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(path);
        }
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let sentence = |cause: reqwest::Error| error(what, causes(&cause));
        let mut answer = request.send().await.map_err(sentence)?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(sentence)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES_MAX {
                let cause = format!("its answer has more than {ANSWER_BYTES_MAX} bytes");
                return Err(error(what, cause));
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if status.is_success() {
            return Ok(text);
        }
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        let said = said["error"].as_str().unwrap_or("it did not say why");
        Err(error(what, format!("{said} ({})", status.as_u16())))
    }
}

fn error(what: &str, cause: String) -> ProcessError {
    let what = what.to_owned();
    ProcessError { what, cause }
}

/// An error with all its causes: the first says only that a request failed.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
