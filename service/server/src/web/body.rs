//! Reads the body of a request: bounded in size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::problem::Problem;

/// How many times the limit is read and thrown away, so that a client that is still sending gets to
/// read the refusal.
const DISCARDED_LIMITS: usize = 8;

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

/// The whole body.
pub(crate) async fn read(
    head: &Parts,
    body: Incoming,
    bytes_max: usize,
    timeout: Duration,
) -> Result<Bytes, Problem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max && awaits_our_word(head) {
        return Err(Problem::body_too_large(bytes_max, announced));
    }
    let mut bytes = BytesMut::new();
    let read = read_all(body, bytes_max, |data| bytes.extend_from_slice(data));
    match tokio::time::timeout(timeout, read).await {
        Err(_) => Err(Problem::body_late(timeout)),
        Ok(Err(Unread::TooLarge { seen })) => {
            Err(Problem::body_too_large(bytes_max, seen.max(announced)))
        }
        Ok(Err(Unread::BrokenOff)) => Err(Problem::body_broken_off()),
        Ok(Ok(())) => Ok(bytes.freeze()),
    }
}

/// Reads the body of a request that is refused already, and throws it away: a connection that is
/// closed with unread bytes is reset, and then the client may never see the refusal.
///
/// Gives whether the connection can be used again: the body was no larger than any that is taken,
/// and came whole.
pub(crate) async fn discard(
    head: &Parts,
    body: Incoming,
    bytes_max: usize,
    timeout: Duration,
) -> bool {
    if awaits_our_word(head) {
        return false;
    }
    let read = tokio::time::timeout(timeout, read_all(body, bytes_max, |_| {})).await;
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
