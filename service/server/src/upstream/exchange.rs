//! One question to an upstream and its answer, of which nothing is believed.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, LOCATION,
    USER_AGENT,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use render::PictureFormat;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::FetchError;
use super::connection::{Connector, Metered};
use super::target::Target;

/// The head of an answer, in bytes and in headers.
const HEAD_BYTES_MAX: usize = 16 * 1_024;
const HEADERS_MAX: usize = 64;

/// What an answer may need beside its body: heads, and a quarter for the seams of chunks.
const BESIDE_BODY_BYTES_MAX: usize = 256 * 1_024;

/// How many of the largest bodies are held at a time, all fetches together.
const LARGEST_BODIES_MAX: usize = 3;

/// Memory for bodies is lent out in pieces of this size.
const PIECE_BYTES: usize = 16 * 1_024;

/// What an upstream had.
#[derive(Debug)]
pub(super) enum Answer {
    Body(Body),
    /// Where to ask instead, as it was written.
    Elsewhere(String),
}

/// A body of at most the allowed bytes; its memory is lent until it is dropped.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    lent: Option<OwnedSemaphorePermit>,
}

/// Asks upstreams.
#[derive(Debug)]
pub(super) struct Exchange {
    connector: Connector,
    body_bytes_max: usize,
    pieces: Arc<Semaphore>,
}

impl Exchange {
    pub(super) fn new(connector: Connector, body_bytes_max: usize) -> Self {
        let pieces = LARGEST_BODIES_MAX * body_bytes_max.div_ceil(PIECE_BYTES);
        Self {
            connector,
            body_bytes_max,
            pieces: Arc::new(Semaphore::new(pieces)),
        }
    }

    #[cfg(test)]
    pub(super) fn pieces_left(&self) -> usize {
        self.pieces.available_permits()
    }

    /// Makes one connection for one question. Its time is bounded by the caller.
    pub(super) async fn ask(&self, target: &Target) -> Result<Answer, FetchError> {
        let wire = self.connector.connect(&target.origin).await?;
        let bytes_max = self.body_bytes_max + self.body_bytes_max / 4 + BESIDE_BODY_BYTES_MAX;
        let wire = TokioIo::new(Metered::new(wire, bytes_max));
        let mut protocol = http1::Builder::new();
        protocol.max_buf_size(HEAD_BYTES_MAX);
        protocol.max_headers(HEADERS_MAX);
        let (mut sender, connection) = protocol.handshake(wire).await.map_err(FetchError::Http)?;
        // Ends with this question, however that ends.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let request = request(target).map_err(|_| FetchError::Unaskable)?;
        let answer = sender.send_request(request).await;
        self.judge(answer.map_err(FetchError::Http)?).await
    }

    async fn judge(&self, answer: Response<Incoming>) -> Result<Answer, FetchError> {
        let headers = answer.headers();
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
                let location = location.ok_or(FetchError::NoLocation)?;
                return Ok(Answer::Elsewhere(location.to_owned()));
            }
            status => return Err(FetchError::Status(status)),
        }
        if !is_identity(headers) {
            return Err(FetchError::Encoded);
        }
        let announced = headers.get(CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > self.body_bytes_max as u64) {
            return Err(self.too_large());
        }
        self.read(answer.into_body()).await.map(Answer::Body)
    }

    /// Reads a body as it comes. What was announced is not asked again.
    async fn read(&self, mut incoming: Incoming) -> Result<Body, FetchError> {
        let mut body = Body {
            bytes: Vec::new(),
            lent: None,
        };
        let mut is_picture = false;
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame.map_err(FetchError::Http)?.into_data() else {
                continue; // Trailers say nothing about a picture.
            };
            if data.len() > self.body_bytes_max - body.bytes.len() {
                return Err(self.too_large());
            }
            self.grow(&mut body, data.len())?;
            body.bytes.extend_from_slice(&data);
            if !is_picture && body.bytes.len() >= PictureFormat::SIGNATURE_BYTES {
                PictureFormat::of(&body.bytes).ok_or(FetchError::NoPicture)?;
                is_picture = true;
            }
        }
        Ok(body)
    }

    /// Makes room for `more` bytes; the memory is lent before it is taken.
    fn grow(&self, body: &mut Body, more: usize) -> Result<(), FetchError> {
        let wanted = body.bytes.len() + more;
        if wanted <= body.bytes.capacity() {
            return Ok(());
        }
        let capacity = (body.bytes.capacity() * 2).clamp(wanted, self.body_bytes_max.max(wanted));
        let lent = body
            .lent
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let pieces = capacity.div_ceil(PIECE_BYTES).saturating_sub(lent);
        let pieces = u32::try_from(pieces).map_err(|_| FetchError::Busy)?;
        let permit = Arc::clone(&self.pieces).try_acquire_many_owned(pieces);
        let permit = permit.map_err(|_| FetchError::Busy)?;
        match &mut body.lent {
            Some(lent) => lent.merge(permit),
            none => *none = Some(permit),
        }
        body.bytes.reserve_exact(capacity - body.bytes.len());
        Ok(())
    }

    fn too_large(&self) -> FetchError {
        FetchError::TooLarge {
            bytes_max: self.body_bytes_max,
        }
    }
}

/// The question: nothing of the caller's is in it.
fn request(target: &Target) -> Result<Request<Empty<Bytes>>, http::Error> {
    Request::get(target.path_and_query())
        .header(HOST, target.origin.authority())
        .header(ACCEPT, "image/png, image/webp, image/jpeg")
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close")
        .header(USER_AGENT, concat!("proofmark/", env!("CARGO_PKG_VERSION")))
        .body(Empty::new())
}

fn is_identity(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    encodings.all(|value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity"))
}
