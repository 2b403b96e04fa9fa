//! One request: filled, marked, sent, its answer read to the last byte and classed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use outcome::{Failure, OrFail};
use rand::Rng;
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use signals::LoadResult as Class;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::plan::{Method, Plan, Request, Timeouts};
use crate::tally::Answer;
use crate::varying::Draw;

/// Largest answer that is read; the rest of a larger one is left and it counts as failed.
const ANSWER_SIZE_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Most paths of one request whose ETag is remembered.
const ETAGS_MAX: usize = 1_024;
/// How long an answer may still take after an interruption.
const INTERRUPTED_WAIT: Duration = Duration::from_secs(1);
/// How synthetic traffic names itself.
const USER_AGENT: &str = concat!("proofmark-load/", env!("CARGO_PKG_VERSION"));
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Sends the requests of a plan.
#[derive(Debug)]
pub(crate) struct Sender {
    client: Client,
    origin: String,
    seed: u32,
    requests: Vec<Request>,
    /// The sum of the weights up to and with each request.
    weights: Vec<u64>,
    etags: Vec<Mutex<HashMap<String, HeaderValue>>>,
    stop: watch::Receiver<bool>,
}

/// A request that left.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) answer: Answer,
    /// When its last byte was read, or when it was given up.
    pub(crate) at: Instant,
}

impl Sender {
    /// A sender of this plan to `origin`, which ends without a slash.
    ///
    /// # Errors
    /// [`Failure::broken`] when the HTTP client cannot be built.
    pub(crate) fn new(
        plan: &Plan,
        origin: &str,
        seed: u32,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, Failure> {
        let mut sum = 0;
        let weights = plan.requests.iter().map(|request| {
            sum += u64::from(request.weight);
            sum
        });
        Ok(Self {
            client: client(&plan.timeouts).or_broken("cannot build the HTTP client")?,
            origin: origin.to_owned(),
            seed,
            weights: weights.collect(),
            etags: plan.requests.iter().map(|_| Mutex::default()).collect(),
            requests: plan.requests.clone(),
            stop,
        })
    }

    /// Which kind of request this number is, and the values that fill it.
    pub(crate) fn draw(&self, number: u64) -> (usize, Draw) {
        let mut draw = Draw::new(self.seed, number);
        let ticket = draw.below(self.weights.last().copied().unwrap_or(1));
        (self.weights.partition_point(|sum| *sum <= ticket), draw)
    }

    /// Sends one request of this kind and reads its answer.
    pub(crate) async fn send(&self, kind: usize, draw: &mut Draw) -> Sent {
        let mut stop = self.stop.clone();
        let interrupted = async {
            let _ = stop.wait_for(|stop| *stop).await;
            tokio::time::sleep(INTERRUPTED_WAIT).await;
        };
        let answer = tokio::select! {
            answer = self.exchange(kind, draw) => answer,
            () = interrupted => failed("interrupted"),
        };
        Sent {
            answer,
            at: Instant::now(),
        }
    }

    async fn exchange(&self, kind: usize, draw: &mut Draw) -> Answer {
        let request = &self.requests[kind];
        let path = request.path.fill(draw);
        let known = if request.etag {
            self.etag_of(kind, &path)
        } else {
            None
        };
        let built = match self.build(request, &path, known.clone(), draw) {
            Ok(built) => built,
            Err(_) => return failed("request"),
        };
        let mut response = match self.client.execute(built).await {
            Ok(response) => response,
            Err(error) => return failed(reason_of(&error)),
        };
        let status = response.status().as_u16();
        if let Err(reason) = read_to_end(&mut response).await {
            return failed(reason);
        }
        if let Some(etag) = response.headers().get(ETAG).filter(|_| request.etag) {
            self.remember(kind, path, etag.clone());
        }
        let is_expected = match known {
            Some(_) => status == 304,
            None => request.expect.contains(&status),
        };
        let class = if is_expected {
            Class::Expected
        } else {
            Class::Unexpected
        };
        Answer {
            class,
            status: Some(status),
            failure: None,
        }
    }

    fn build(
        &self,
        request: &Request,
        path: &str,
        etag: Option<HeaderValue>,
        draw: &mut Draw,
    ) -> Result<reqwest::Request, reqwest::Error> {
        let url = format!("{}{path}", self.origin);
        let mut builder = self
            .client
            .request(method_of(request.method), url)
            .header(TRACEPARENT, traceparent());
        for (name, value) in &request.headers {
            builder = builder.header(name, value.fill(draw));
        }
        if let Some(etag) = etag {
            builder = builder.header(IF_NONE_MATCH, etag);
        }
        if let Some(body) = &request.body {
            let has_type = request.headers.iter().any(|(name, _)| name == CONTENT_TYPE);
            if body.is_json && !has_type {
                builder = builder.header(CONTENT_TYPE, "application/json");
            }
            builder = builder.body(body.text.fill(draw));
        }
        builder.build()
    }

    fn etag_of(&self, kind: usize, path: &str) -> Option<HeaderValue> {
        self.etags[kind]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned()
    }

    fn remember(&self, kind: usize, path: String, etag: HeaderValue) {
        let mut etags = self.etags[kind]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if etags.len() < ETAGS_MAX || etags.contains_key(&path) {
            etags.insert(path, etag);
        }
    }
}

/// No proxy and no redirect: what was checked to be loopback must stay the only target.
fn client(timeouts: &Timeouts) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(USER_AGENT)
        .no_proxy()
        .redirect(Policy::none())
        .timeout(timeouts.request)
        .connect_timeout(timeouts.connect)
        .build()
}

async fn read_to_end(response: &mut Response) -> Result<(), &'static str> {
    let mut size_bytes = 0;
    while let Some(chunk) = response.chunk().await.map_err(|error| reason_of(&error))? {
        size_bytes += chunk.len();
        if size_bytes > ANSWER_SIZE_MAX_BYTES {
            return Err("size");
        }
    }
    Ok(())
}

fn reason_of(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "connection"
    } else if error.is_timeout() {
        "timeout"
    } else {
        "response"
    }
}

fn failed(reason: &'static str) -> Answer {
    Answer {
        class: Class::Failed,
        status: None,
        failure: Some(reason),
    }
}

fn method_of(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// A fresh sampled trace; ids do not follow from the seed, or two runs would share their traces.
fn traceparent() -> String {
    let mut generator = rand::rng();
    // All zeros is not a valid id.
    let trace = generator.random::<u128>().max(1);
    let span = generator.random::<u64>().max(1);
    format!("00-{trace:032x}-{span:016x}-01")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(text: &str) -> Sender {
        let plan = Plan::parse(text).unwrap();
        let (_, stop) = watch::channel(false);
        Sender::new(&plan, "http://127.0.0.1:1", 7, stop).unwrap()
    }

    const PLAN: &str = "
name: shop
shape: { kind: steady, rate: 50, duration: 10s }
thresholds: ['error-rate<1%']
requests:
  - { name: often, path: '/{n:1..9}', weight: 85 }
  - { name: seldom, path: /s, weight: 15, headers: { content-type: text/plain }, method: POST, body: [1] }
";

    #[test]
    fn kinds_follow_their_weights_and_the_seed() {
        let sender = sender(PLAN);
        let seldom = (0..10_000)
            .filter(|number| sender.draw(*number).0 == 1)
            .count();
        assert!((1_400..1_600).contains(&seldom), "{seldom}");
        assert_eq!(sender.draw(5).0, sender.draw(5).0);
    }

    #[test]
    fn a_request_is_marked_and_a_header_of_the_plan_wins_over_the_derived_one() {
        let sender = sender(PLAN);
        let build = |kind: usize, etag| {
            let mut draw = Draw::new(7, 1);
            sender
                .build(&sender.requests[kind], "/s?a=%zz", etag, &mut draw)
                .unwrap()
        };
        let plain = build(0, Some(HeaderValue::from_static("\"x\"")));
        assert_eq!(plain.url().as_str(), "http://127.0.0.1:1/s?a=%zz");
        assert_eq!(plain.headers()[IF_NONE_MATCH], "\"x\"");
        let trace = plain.headers()[TRACEPARENT].to_str().unwrap().to_owned();
        assert_eq!((trace.len(), &trace[..3], &trace[52..]), (55, "00-", "-01"));
        assert_ne!(build(0, None).headers()[TRACEPARENT], trace);
        assert_eq!(build(1, None).headers()[CONTENT_TYPE], "text/plain");
    }

    #[test]
    fn remembered_etags_are_bounded() {
        let sender = sender(PLAN);
        for number in 0..2 * ETAGS_MAX {
            sender.remember(0, format!("/{number}"), HeaderValue::from_static("\"x\""));
        }
        assert_eq!(sender.etags[0].lock().unwrap().len(), ETAGS_MAX);
        assert!(sender.etag_of(0, "/1").is_some() && sender.etag_of(0, "/5000").is_none());
    }
}
