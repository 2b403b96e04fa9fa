//! SIGINT, SIGTERM and SIGHUP as something that can be awaited.
//!
//! Goose installs a handler of its own for each run, which ends the process on the second signal.
//! It does so through `ctrlc`, which takes one handler per process: ours comes first and stays.

use std::sync::LazyLock;

use outcome::{Failure, OrFail};
use tokio::sync::watch;

static INTERRUPTED: LazyLock<(watch::Sender<bool>, Result<(), ctrlc::Error>)> =
    LazyLock::new(|| {
        let (sender, _) = watch::channel(false);
        let signalled = sender.clone();
        let installed = ctrlc::set_handler(move || {
            signalled.send_replace(true);
        });
        (sender, installed)
    });

/// Becomes `true` when the process is asked to stop.
///
/// # Errors
/// [`Failure::broken`] when the handler cannot be installed.
pub(crate) fn watched() -> Result<watch::Receiver<bool>, Failure> {
    let (sender, installed) = &*INTERRUPTED;
    if let Err(error) = installed {
        return Err(error.to_string()).or_broken("cannot install the signal handler");
    }
    Ok(sender.subscribe())
}
