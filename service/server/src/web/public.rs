//! The public listener: pictures and the page that shows them.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, Uri};
use http_body::Body as _;
use hyper::body::Incoming;
use render::Scene;
use resilience::Deadline;
use signals::{Kind, Method, Route, field};

use super::body::Bodies;
use super::gallery::Gallery;
use super::problem::Problem;
use super::reply::Reply;
use super::{body, card, chart, query};
use crate::clock;
use crate::config::Config;
use crate::fault::{Fault, Mishap};
use crate::listener::{Answer, Body, Service, Slot};
use crate::pictures::{Key, Pictures, Served};
use crate::telemetry::{Line, Record, Severity, Telemetry};

/// Bodies above this are parsed beside the async threads, where they hold up nobody.
const PARSED_INLINE_BYTES: usize = 32 * 1024;

/// The service behind the public listener.
#[derive(Debug)]
pub(crate) struct Public {
    telemetry: Arc<Telemetry>,
    pictures: Arc<Pictures>,
    fault: Fault,
    gallery: Gallery,
    url_bytes_max: usize,
    head_bytes_max: usize,
    bodies: Bodies,
    json_depth_max: usize,
    patience: Duration,
}

impl Service for Public {
    fn answer(&self, request: Request<Incoming>, slot: Arc<Slot>) -> Answer<'_> {
        match self.answer_now(&request, &slot) {
            Some(response) => Answer::Now(Some(response)),
            None => Answer::Later(Box::pin(self.answer_later(request, slot))),
        }
    }
}

impl Public {
    pub(crate) fn new(
        config: &Config,
        telemetry: Arc<Telemetry>,
        pictures: Arc<Pictures>,
        fault: Fault,
    ) -> Self {
        let http = &config.http;
        let bodies = Bodies::new(config, Arc::clone(&telemetry.figures));
        Self {
            telemetry,
            pictures,
            fault,
            gallery: Gallery::new(),
            url_bytes_max: http.url_bytes_max.get(),
            head_bytes_max: http.head_bytes_max.get(),
            bodies,
            json_depth_max: http.json_depth_max.get(),
            patience: http.deadline.get(),
        }
    }

    /// The answer to a query that this thread answered a moment ago: most answers under load, and
    /// the shortest way.
    fn answer_now(&self, request: &Request<Incoming>, slot: &Arc<Slot>) -> Option<Response<Body>> {
        let method = method_of(request.method());
        let is_plain = matches!(method, Method::Get | Method::Head)
            && request.uri().path() == Route::Card.as_str()
            && request.body().is_end_stream()
            && self.fault.is_off();
        if !is_plain || self.check_head(request.uri(), request.headers()).is_err() {
            return None;
        }
        let start = clock::now();
        let picture = self.pictures.recent(request.uri().query()?, start)?;
        let telemetry = Arc::clone(slot.telemetry().unwrap_or(&self.telemetry));
        let record = Record::begin_at(start, telemetry, method, Route::Card, request.headers());
        let reply = Reply::remembered(picture, Kind::Card);
        Some(reply.into_response(method, request.headers(), record, Arc::clone(slot)))
    }

    async fn answer_later(&self, request: Request<Incoming>, slot: Arc<Slot>) -> Response<Body> {
        let (head, content) = request.into_parts();
        // What is still here after the answer was found is a body that nobody read.
        let mut content = Some(content).filter(|content| !content.is_end_stream());
        let (method, route) = (method_of(&head.method), route_of(head.uri.path()));
        let telemetry = Arc::clone(slot.telemetry().unwrap_or(&self.telemetry));
        let record = Record::begin(telemetry, method, route, &head.headers);
        let reply = guarded(self.handle(method, route, &head, &mut content)).await;
        let reply = reply.unwrap_or_else(|words| {
            let line =
                Line::new(Severity::Error, "A request handler panicked").text(field::ERROR, words);
            self.telemetry.log.write(&line);
            Err(Problem::internal())
        });
        let reply = match (reply, content) {
            (Err(problem), Some(unread)) => {
                Reply::Problem(self.refuse(problem, &head, unread).await)
            }
            (reply, _) => reply.unwrap_or_else(Reply::Problem),
        };
        reply.into_response(method, &head.headers, record, slot)
    }

    async fn handle(
        &self,
        method: Method,
        route: Route,
        head: &Parts,
        content: &mut Option<Incoming>,
    ) -> Result<Reply, Problem> {
        self.check_head(&head.uri, &head.headers)?;
        let query = head.uri.query().unwrap_or_default();
        match (route, method) {
            (Route::Card, Method::Get | Method::Head) => self.get_card(query).await,
            (Route::Card, _) => Err(Problem::method_not_allowed("GET, HEAD")),
            (Route::Chart, Method::Post) => self.post_chart(query, head, content).await,
            (Route::Chart, _) => Err(Problem::method_not_allowed("POST")),
            (Route::Gallery, Method::Get | Method::Head) => {
                query::each_parameter(query, &[], |_, _| Ok(()))?;
                Ok(self.gallery.reply())
            }
            (Route::Gallery, _) => Err(Problem::method_not_allowed("GET, HEAD")),
            (Route::Graph | Route::Unmatched, _) => Err(Problem::not_found()),
        }
    }

    /// `GET /v1/card.png`: one card as PNG.
    ///
    /// 400 invalid parameter; 422 over a limit; 503 shed, with `Retry-After`; 504 deadline exceeded.
    async fn get_card(&self, query: &str) -> Result<Reply, Problem> {
        self.suffer().await?;
        let deadline = self.deadline();
        let scene = Scene::Card(card::parse(query)?);
        scene.check()?;
        let key = self.pictures.key(&scene);
        let served = self.serve(scene, key, deadline).await?;
        self.pictures.keep_recent(query, &served.picture);
        Ok(Reply::Picture {
            served,
            kind: Kind::Card,
        })
    }

    /// `POST /v1/chart.png`: a chart of the series in the body as PNG.
    ///
    /// As for cards; also 400 body broken off, 408 body late, 413 body too large, 415 not JSON.
    async fn post_chart(
        &self,
        query: &str,
        head: &Parts,
        content: &mut Option<Incoming>,
    ) -> Result<Reply, Problem> {
        self.suffer().await?;
        query::each_parameter(query, &[], |_, _| Ok(()))?;
        body::check_is_json(&head.headers)?;
        let body = match content.take() {
            Some(content) => body::read(head, content, &self.bodies).await?,
            None => Bytes::new(),
        };
        // Parsing may have to wait for a thread, and that counts.
        let deadline = self.deadline();
        let (depth_max, pictures) = (self.json_depth_max, Arc::clone(&self.pictures));
        let is_small = body.len() <= PARSED_INLINE_BYTES;
        let parse = move || -> Result<(Scene, Key), Problem> {
            let scene = Scene::Chart(chart::parse(&body, depth_max)?);
            scene.check()?;
            let key = pictures.key(&scene);
            Ok((scene, key))
        };
        let parsed = if is_small {
            parse()
        } else {
            tokio::task::spawn_blocking(parse)
                .await
                .unwrap_or_else(|_| Err(Problem::internal()))
        };
        let (scene, key) = parsed?;
        let served = self.serve(scene, key, deadline).await?;
        Ok(Reply::Picture {
            served,
            kind: Kind::Chart,
        })
    }

    /// When the answer to a request that was read just now is due.
    fn deadline(&self) -> Deadline {
        Deadline::after(clock::now(), self.patience)
    }

    async fn serve(&self, scene: Scene, key: Key, deadline: Deadline) -> Result<Served, Problem> {
        if let Some(picture) = self.pictures.remembered(&key).await {
            return Ok(Served::remembered(picture));
        }
        Ok(self.pictures.get(key, scene, deadline).await?)
    }

    /// Reads the body of a refused request out of the way, so that the client gets to read why.
    async fn refuse(&self, mut problem: Problem, head: &Parts, unread: Incoming) -> Problem {
        let is_reusable = body::discard(head, unread, &self.bodies).await;
        problem.closes |= !is_reusable;
        problem
    }

    fn check_head(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let url_bytes = uri
            .path_and_query()
            .map_or(0, |target| target.as_str().len());
        if url_bytes > self.url_bytes_max {
            return Err(Problem::url_too_long(self.url_bytes_max, url_bytes));
        }
        // Each header has a colon, a space and a line break beside name and value.
        let headers = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4);
        let head_bytes = url_bytes + headers.sum::<usize>();
        if head_bytes > self.head_bytes_max {
            return Err(Problem::head_too_large(self.head_bytes_max, head_bytes));
        }
        Ok(())
    }

    /// What the fault switch of a rehearsal does to a request: nearly always nothing.
    async fn suffer(&self) -> Result<(), Problem> {
        match self.fault.befall(clock::chance) {
            Mishap::None => Ok(()),
            Mishap::Error => Err(Problem::injected()),
            Mishap::Delay(delay) => {
                Box::pin(tokio::time::sleep(delay)).await;
                Ok(())
            }
        }
    }
}

/// The output of a future, or the words of its panic.
async fn guarded<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        // After a panic the future is dropped, never polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => {
                let words = panic
                    .downcast_ref::<&str>()
                    .map(|words| (*words).to_owned());
                let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
                Poll::Ready(Err(words.unwrap_or_default()))
            }
        }
    })
    .await
}

fn method_of(method: &http::Method) -> Method {
    match *method {
        http::Method::GET => Method::Get,
        http::Method::HEAD => Method::Head,
        http::Method::POST => Method::Post,
        _ => Method::Other,
    }
}

fn route_of(path: &str) -> Route {
    let known = Route::ALL.iter().find(|route| route.as_str() == path);
    known.copied().unwrap_or(Route::Unmatched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_paths_are_routes() {
        assert_eq!(route_of("/v1/card.png"), Route::Card);
        for path in [
            "/v1/card.png/",
            "/V1/card.png",
            "//v1/card.png",
            "_OTHER",
            "",
        ] {
            assert_eq!(route_of(path), Route::Unmatched, "{path}");
        }
    }

    #[tokio::test]
    async fn a_panic_becomes_words() {
        let boom = async {
            if true {
                panic!("no {}", "luck")
            }
        };
        assert_eq!(guarded(boom).await, Err("no luck".to_owned()));
        assert_eq!(guarded(async { 5 }).await, Ok(5));
    }
}
