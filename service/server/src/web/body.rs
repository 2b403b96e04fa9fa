//! Reads the body of a request: bounded in size and time, and all of them together in memory.

mod held;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use signals::ShedReason;

use super::problem::Problem;
use crate::config::Config;
use crate::telemetry::Figures;
use held::{Claim, Held};

/// How many times the limit is read and thrown away, so that a client that is still sending gets to
/// read the refusal.
const DISCARDED_LIMITS: usize = 8;

/// What bodies may ask for.
#[derive(Debug)]
pub(crate) struct Bodies {
    bytes_max: usize,
    timeout: Duration,
    held: Arc<Held>,
    figures: Arc<Figures>,
}

impl Bodies {
    pub(crate) fn new(config: &Config, figures: Arc<Figures>) -> Self {
        let http = &config.http;
        let bytes_max = http.body_bytes_max.get();
        Self {
            bytes_max,
            timeout: http.body_timeout.get(),
            // One alone always fits.
            held: Arc::new(Held::new(http.bodies_bytes_max.get().max(2 * bytes_max))),
            figures,
        }
    }
}

/// Refuses a body that does not say that it is JSON.
pub(crate) fn check_is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let is_encoded = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity");
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (media_type, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let is_json = media_type.trim().eq_ignore_ascii_case("application/json");
    let is_utf_8 = match parameters.trim().split_once('=') {
        None => parameters.trim().is_empty(),
        Some((name, value)) => {
            name.eq_ignore_ascii_case("charset")
                && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
    };
    if is_json && is_utf_8 && !is_encoded {
        Ok(())
    } else {
        Err(Problem::not_json())
    }
}

/// The whole body. Its bytes count as held until they are dropped.
pub(crate) async fn read(head: &Parts, body: Incoming, bodies: &Bodies) -> Result<Bytes, Problem> {
    let (bytes_max, timeout) = (bodies.bytes_max, bodies.timeout);
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max && awaits_our_word(head) {
        return Err(Problem::body_too_large(bytes_max, announced));
    }
    let mut kept = Some(Kept {
        bytes: BytesMut::new(),
        claim: Held::claim(&bodies.held),
    });
    let keep = |data: &[u8]| {
        // What finds no room is read on all the same, so that the client gets to read why.
        kept = kept.take().and_then(|kept| kept.extended(data));
    };
    let read = tokio::time::timeout(timeout, read_all(body, bytes_max, keep)).await;
    match read {
        Err(_) => Err(Problem::body_late(timeout)),
        Ok(Err(Unread::TooLarge { seen })) => {
            Err(Problem::body_too_large(bytes_max, seen.max(announced)))
        }
        Ok(Err(Unread::BrokenOff)) => Err(Problem::body_broken_off()),
        Ok(Ok(())) => kept.map(Bytes::from_owner).ok_or_else(|| {
            bodies.figures.shed(ShedReason::QueueFull);
            Problem::bodies_full()
        }),
    }
}

/// Bytes, and the claim to the memory that they take.
struct Kept {
    bytes: BytesMut,
    claim: Claim,
}

impl Kept {
    /// With more at the end; none if there is no room for it.
    fn extended(mut self, data: &[u8]) -> Option<Self> {
        let needed = self.bytes.len() + data.len();
        if needed > self.bytes.capacity() {
            // As it grows by itself: the doubling is ours to count.
            let capacity = needed.max(2 * self.bytes.capacity());
            self.claim.resize(capacity).then_some(())?;
            self.bytes.reserve(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Some(self)
    }
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads the body of a request that is refused already, and throws it away: a connection that is
/// closed with unread bytes is reset, and then the client may never see the refusal.
///
/// Gives whether the connection can be used again: the body was no larger than any that is taken,
/// and came whole.
pub(crate) async fn discard(head: &Parts, body: Incoming, bodies: &Bodies) -> bool {
    if awaits_our_word(head) {
        return false;
    }
    let read = read_all(body, bodies.bytes_max, |_| {});
    let read = tokio::time::timeout(bodies.timeout, read).await;
    matches!(read, Ok(Ok(())))
}

/// Whether the client waits for our word before it sends its body.
fn awaits_our_word(head: &Parts) -> bool {
    head.headers.contains_key(header::EXPECT)
}

/// Why a body was not read.
enum Unread {
    TooLarge {
        seen: usize,
    },
    /// It is shorter than announced, or its chunks are malformed.
    BrokenOff,
}

/// Gives each piece to `keep` until there are more than `bytes_max`.
async fn read_all(
    mut body: Incoming,
    bytes_max: usize,
    mut keep: impl FnMut(&[u8]),
) -> Result<(), Unread> {
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Unread::BrokenOff)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        seen += data.len();
        if seen <= bytes_max {
            keep(data);
        } else if seen > bytes_max.saturating_mul(DISCARDED_LIMITS) {
            break;
        }
    }
    if seen > bytes_max {
        Err(Unread::TooLarge { seen })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_in_utf_8_is_taken() {
        let check = |kind: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            check_is_json(&headers).is_ok()
        };
        for kind in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(check(kind), "{kind}");
        }
        for kind in [
            "text/plain",
            "",
            "application/jsonp",
            "application/json; charset=latin-1",
            "application/json; x",
        ] {
            assert!(!check(kind), "{kind}");
        }
        assert!(check_is_json(&HeaderMap::new()).is_err());
    }
}
