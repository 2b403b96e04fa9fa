//! A future whose panic is a value, so that a rollback can follow it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

/// The future panicked; the message has been printed by the panic hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panicked;

/// Runs `future` to its end or its panic.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = Box::pin(future);
    std::future::poll_fn(move |context| {
        // After a panic the future is never polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}
