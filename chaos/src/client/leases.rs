//! Leases of the embedded server, as a client sees them.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{ClientError, Toxiproxy};

/// A lease that was granted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Granted {
    /// What it is called in changes under it.
    pub(crate) id: String,
    pub(crate) seconds: u64,
    pub(crate) proxies: Vec<String>,
}

/// Whose lease stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Refused {
    pub(crate) proxy: String,
    pub(crate) holder: String,
    pub(crate) expires_in_seconds: u64,
}

impl Toxiproxy {
    /// Whether the server has leases, as the embedded one does.
    ///
    /// # Errors
    /// [`ClientError`] when that is not known.
    pub(crate) async fn has_leases(&self) -> Result<bool, ClientError> {
        let what = "say whether it has leases";
        let answer = self.wire.call(what, Method::GET, &["leases"], None).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(false),
            _ => answer.accepted(what).map(|_| true),
        }
    }

    /// Takes a lease; `Ok(Err(_))` when somebody else has one over one of the proxies.
    ///
    /// # Errors
    /// [`ClientError`] when it is not known to be taken; then it ends by itself.
    pub(crate) async fn take_lease(
        &self,
        holder: &str,
        time: Duration,
        proxies: &[String],
    ) -> Result<Result<Granted, Refused>, ClientError> {
        let what = "give a lease";
        let body = json!({ "holder": holder, "seconds": time.as_secs(), "proxies": proxies });
        let answer = self
            .wire
            .call(what, Method::POST, &["leases"], Some(body))
            .await?;
        if answer.status == StatusCode::CONFLICT {
            return answer.read(what).map(Err);
        }
        let granted: Granted = answer.accepted(what)?.read(what)?;
        let covers = |name| granted.proxies.contains(name);
        if granted.seconds != time.as_secs() || !proxies.iter().all(covers) {
            let found = format!("it is for {} s over {:?}", granted.seconds, granted.proxies);
            let what = what.to_owned();
            return Err(ClientError::NotDone { what, found });
        }
        Ok(Ok(granted))
    }

    /// Gives a lease its whole time again; false when it has ended.
    ///
    /// # Errors
    /// [`ClientError`] when that is not known.
    pub(crate) async fn renew_lease(&self, id: &str) -> Result<bool, ClientError> {
        let what = "renew a lease";
        let answer = self
            .wire
            .call(what, Method::POST, &["leases", id], None)
            .await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(false),
            _ => answer.accepted(what).map(|_| true),
        }
    }

    /// Gives a lease back; content when it has ended already. All that was done under it has been
    /// undone then.
    ///
    /// # Errors
    /// [`ClientError`] when that is not known; then it ends by itself.
    pub(crate) async fn end_lease(&self, id: &str) -> Result<(), ClientError> {
        let what = "end a lease";
        let answer = self
            .wire
            .call(what, Method::DELETE, &["leases", id], None)
            .await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(()),
            _ => answer.accepted(what).map(drop),
        }
    }
}
