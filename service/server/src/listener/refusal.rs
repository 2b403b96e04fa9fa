//! What is refused before any handler sees it, made as visible as any other answer.
//!
//! Neither a method nor a route is known at that point: both count as `_OTHER`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use signals::{ErrorType, Method, Route, ShedReason, Status};
use tokio::net::TcpStream;

use crate::clock;
use crate::telemetry::{Ending, Line, Record, Severity, Telemetry};

/// Answer to a connection that is one too many.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\ncontent-length: 120\r\n\
    cache-control: no-store\r\nretry-after: 1\r\nconnection: close\r\n\r\n\
    {\"type\":\"urn:proofmark:problem:overloaded\",\"title\":\"Overloaded\",\"status\":503,\"detail\":\"There are too many connections.\"}";

/// Shortest time between two log lines about refused connections: there can be thousands a second.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// Connections refused at the cap: each is counted, few are logged.
#[derive(Debug, Default)]
pub(super) struct Shedding {
    said: Option<Instant>,
    unsaid: u64,
}

impl Shedding {
    /// Answers a connection that is one too many. The request on it is never read, so it counts as
    /// one request, of no known method and route, that took no time.
    pub(super) fn refuse(&mut self, stream: &TcpStream, telemetry: Option<&Telemetry>) {
        // Best effort: an empty send buffer takes the answer whole.
        let _ = stream.try_write(TOO_MANY);
        let Some(telemetry) = telemetry else { return };
        telemetry.figures.shed(ShedReason::Connections);
        let (method, route) = (Method::Other, Route::Unmatched);
        let (status, error) = (Status::Unavailable, ErrorType::Shed);
        let request = telemetry.figures.request(method, route, status, error);
        request.observe(0.0);
        if let Some(count) = self.note(clock::now()) {
            let message = format!("Too many connections: {count} refused since this was last said");
            telemetry.log.write(&Line::new(Severity::Warn, message));
        }
    }

    /// One more was refused at `now`; gives how many the log has not heard of, if it is to hear.
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
    record.delivered();
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
        let mut shedding = Shedding::default();
        assert_eq!(shedding.note(t0), Some(1));
        assert_eq!(shedding.note(t0 + SAID_EVERY / 2), None);
        assert_eq!(shedding.note(t0 + SAID_EVERY / 2), None);
        assert_eq!(shedding.note(t0 + SAID_EVERY), Some(3));
    }
}
