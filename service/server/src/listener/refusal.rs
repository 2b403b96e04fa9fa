//! What is refused before any handler sees it, made as visible as any other answer.
//!
//! Neither a method nor a route is known at that point: both count as `_OTHER`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use signals::{ErrorType, Method, Route, ShedReason, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::clock;
use crate::telemetry::{Ending, Line, Record, Severity, Telemetry};

/// Answer to a connection that is one too many.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\ncontent-length: 120\r\n\
    cache-control: no-store\r\nretry-after: 1\r\nconnection: close\r\n\r\n\
    {\"type\":\"urn:proofmark:problem:overloaded\",\"title\":\"Overloaded\",\"status\":503,\"detail\":\"There are too many connections.\"}";

/// Shortest time between two log lines about connections: there can be thousands a second.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// Refused connections that are kept open for a moment, so that the answer is not lost to a reset:
/// closing a connection on which something unread has arrived takes back what was sent.
const LINGERING_MAX: usize = 128;
const LINGER_TIME_MAX: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 64 * 1024;

/// Connections that had to go at the cap, or to stay outside: each is counted, few are logged.
#[derive(Debug)]
pub(super) struct Shedding {
    refused: Tally,
    displaced: Tally,
    lingering: Arc<Semaphore>,
}

impl Default for Shedding {
    fn default() -> Self {
        Self {
            refused: Tally::default(),
            displaced: Tally::default(),
            lingering: Arc::new(Semaphore::new(LINGERING_MAX)),
        }
    }
}

impl Shedding {
    /// Answers a connection that is one too many. The request on it is never looked at, so it counts
    /// as one request, of no known method and route, that took no time.
    pub(super) fn refuse(&mut self, stream: TcpStream, telemetry: Option<&Telemetry>) {
        // Best effort: an empty send buffer takes the answer whole.
        let _ = stream.try_write(TOO_MANY);
        match Arc::clone(&self.lingering).try_acquire_owned() {
            Ok(permit) => drop(tokio::spawn(async move {
                linger(stream).await;
                drop(permit);
            })),
            Err(_) => discard(&stream),
        }
        let Some(telemetry) = telemetry else { return };
        telemetry.figures.shed(ShedReason::Connections);
        let (method, route) = (Method::Other, Route::Unmatched);
        let (status, error) = (Status::Unavailable, ErrorType::Shed);
        let request = telemetry.figures.request(method, route, status, error);
        request.observe(0.0);
        if let Some(count) = self.refused.note(clock::now()) {
            let message = format!("Too many connections: {count} refused since this was last said");
            telemetry.log.write(&Line::new(Severity::Warn, message));
        }
    }

    /// Counts a connection that went to make room for another.
    pub(super) fn displaced(&mut self, telemetry: Option<&Telemetry>) {
        let Some(telemetry) = telemetry else { return };
        telemetry.figures.shed(ShedReason::Evicted);
        if let Some(count) = self.displaced.note(clock::now()) {
            let message =
                format!("Many connections: {count} idle ones gave way since this was last said");
            telemetry.log.write(&Line::new(Severity::Warn, message));
        }
    }
}

/// Reads until the client has closed as well, within bounds.
async fn linger(mut stream: TcpStream) {
    let mut buffer = [0; 4_096];
    let read_on = async {
        stream.shutdown().await?;
        let mut seen = 0;
        while seen < LINGER_BYTES_MAX {
            match stream.read(&mut buffer).await? {
                0 => break,
                count => seen += count,
            }
        }
        Ok::<_, std::io::Error>(())
    };
    // However it ends, the connection is closed then.
    let _ = tokio::time::timeout(LINGER_TIME_MAX, read_on).await;
}

/// Reads what has arrived by now, within bounds, so that closing is no reset.
pub(super) fn discard(stream: &TcpStream) {
    let mut buffer = [0; 4_096];
    for _ in 0..LINGER_BYTES_MAX / buffer.len() {
        if !matches!(stream.try_read(&mut buffer), Ok(1..)) {
            return;
        }
    }
}

/// Counts what happens often and is said rarely.
#[derive(Debug, Default)]
struct Tally {
    said: Option<Instant>,
    unsaid: u64,
}

impl Tally {
    /// It happened once more at `now`; gives how many the log has not heard of, if it is to hear.
    fn note(&mut self, now: Instant) -> Option<u64> {
        self.unsaid += 1;
        if self.said.is_some_and(|said| now < said + SAID_EVERY) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

/// Records a head that hyper refused by itself, if that is how the connection ended.
pub(super) fn record_bad_head(telemetry: &Arc<Telemetry>, error: &hyper::Error) {
    if !error.is_parse() {
        return;
    }
    let words = error.to_string();
    // As hyper has answered; only its words tell one large head from the other.
    let status = match error.is_parse_too_large() {
        true if words.contains("URI") => Status::UriTooLong,
        true => Status::HeadersTooLarge,
        false => Status::BadRequest,
    };
    let mut ending = Ending::plain(status, ErrorType::None);
    ending.reason = Some(words);
    let (method, route) = (Method::Other, Route::Unmatched);
    let mut record = Record::begin(Arc::clone(telemetry), method, route, &HeaderMap::new());
    // The bare answer has no place for a trace.
    let _ = record.answer(ending);
    record.delivered(clock::now());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_one_connection_too_many_has_the_length_that_it_says() {
        let text = std::str::from_utf8(TOO_MANY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}\r\n", body.len())),
            "{}",
            body.len()
        );
        let _: serde_json::Value = serde_json::from_str(body).unwrap();
    }

    #[test]
    fn refused_connections_are_told_at_once_and_then_in_sums() {
        let t0 = Instant::now(); // Only differences from `t0` matter.
        let mut tally = Tally::default();
        assert_eq!(tally.note(t0), Some(1));
        assert_eq!(tally.note(t0 + SAID_EVERY / 2), None);
        assert_eq!(tally.note(t0 + SAID_EVERY / 2), None);
        assert_eq!(tally.note(t0 + SAID_EVERY), Some(3));
    }
}
