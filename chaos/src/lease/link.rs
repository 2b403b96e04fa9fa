//! The runner's end of the conversation with its guard.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use super::message::{Line, Order, Reply};
use crate::client::ClientError;
use crate::helper;

/// How long the guard may take to mark the proxies, and to undo what is left at the end.
const LONG_TIME_MAX: Duration = Duration::from_secs(40);

/// How long the guard may take for anything else.
const REPLY_TIME_MAX: Duration = Duration::from_secs(8);

/// A guard that was started. When this is dropped the guard undoes what it knows of, and ends.
#[derive(Debug)]
pub(super) struct Guard {
    /// `None` once the conversation has failed: an answer could belong to an earlier question.
    line: Arc<Mutex<Option<Line>>>,
    process: Mutex<Child>,
}

impl Guard {
    /// Starts a guard and says hello; its answer says whether the proxies are ours.
    ///
    /// # Errors
    /// [`ClientError::Guard`] when it does not start or answer.
    pub(super) async fn start(hello: Order) -> Result<(Self, Reply), ClientError> {
        let failed = |error: std::io::Error| failed("start", &error);
        // A socket is a pipe both ways; standard output stays free for whoever reads it.
        let (own, other) = StdUnixStream::pair().map_err(failed)?;
        own.set_nonblocking(true).map_err(failed)?;
        let line = Line::new(UnixStream::from_std(own).map_err(failed)?);
        let words = ["chaos", "guard"].map(OsStr::new);
        let mut command = Command::from(helper::command(&words).map_err(failed)?);
        command
            .stdin(Stdio::from(OwnedFd::from(other)))
            .stdout(Stdio::null())
            .process_group(0)
            .kill_on_drop(false);
        let process = Mutex::new(command.spawn().map_err(failed)?);
        // It holds the other end, which would keep the conversation open without a guard.
        drop(command);
        let line = Arc::new(Mutex::new(Some(line)));
        let guard = Self { line, process };
        let reply = guard.ask_within(hello, LONG_TIME_MAX).await?;
        Ok((guard, reply))
    }

    /// Says something and waits for the answer.
    ///
    /// # Errors
    /// [`ClientError::Guard`] when there is none, from then on.
    pub(super) async fn ask(&self, order: Order) -> Result<Reply, ClientError> {
        self.ask_within(order, REPLY_TIME_MAX).await
    }

    /// Says goodbye and waits until the guard has ended.
    ///
    /// # Errors
    /// [`ClientError::Guard`] when it does not, or had to leave something behind.
    pub(super) async fn dismiss(self) -> Result<(), ClientError> {
        self.ask_within(Order::Goodbye, LONG_TIME_MAX).await?;
        let mut process = self.process.into_inner();
        let ended = tokio::time::timeout(LONG_TIME_MAX, process.wait()).await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(failed("end well", &status)),
            Ok(Err(error)) => Err(failed("end", &error)),
            Err(late) => Err(failed("end", &late)),
        }
    }

    async fn ask_within(&self, order: Order, time: Duration) -> Result<Reply, ClientError> {
        let line = Arc::clone(&self.line);
        // A task of its own: whoever gives up waiting for the answer leaves no half conversation.
        let asking = tokio::spawn(async move {
            let mut line = line.lock().await;
            let mut talk = line.take().ok_or_else(|| failed("answer", &"it is gone"))?;
            let asked = async {
                talk.say(&order).await?;
                talk.hear().await
            };
            let reply = match tokio::time::timeout(time, asked).await {
                Ok(Ok(Some(reply))) => reply,
                Ok(Ok(None)) => return Err(failed("answer", &"it is gone")),
                Ok(Err(error)) => return Err(failed("answer", &error)),
                Err(late) => return Err(failed("answer", &late)),
            };
            *line = Some(talk);
            Ok(reply)
        });
        asking.await.unwrap_or(Err(ClientError::Panicked))
    }
}

fn failed(what: &'static str, cause: &dyn std::fmt::Display) -> ClientError {
    let cause = cause.to_string();
    ClientError::Guard { what, cause }
}

#[cfg(test)]
impl Guard {
    /// Kills the guard, which is nobody's business but a test's.
    pub(super) async fn kill(&self) {
        let _ = self.process.lock().await.kill().await;
    }
}
