//! The public listener: pictures and the page that shows them.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, Uri};
use http_body::Body as _;
use hyper::body::Incoming;
use outcome::Failure;
use signals::{Kind, Method, Route, field};

use super::accept::Tie;
use super::apology::Apologies;
use super::body::Bodies;
use super::gallery::Gallery;
use super::problem::Problem;
use super::reply::Reply;
use super::routes::Routes;
use super::{accept, body, query};
use crate::clock;
use crate::config::Config;
use crate::fault::{Fault, Mishap};
use crate::listener::{Answer, Body, Service, Slot};
use crate::pictures::Pictures;
use crate::telemetry::{Line, Record, Severity, Telemetry};

/// The service behind the public listener.
#[derive(Debug)]
pub(crate) struct Public {
    telemetry: Arc<Telemetry>,
    pictures: Arc<Pictures>,
    fault: Fault,
    gallery: Gallery,
    routes: Routes,
    apologies: Apologies,
    url_bytes_max: usize,
    head_bytes_max: usize,
    bodies: Arc<Bodies>,
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
        spare: Bytes,
        fault: Fault,
    ) -> Result<Self, Failure> {
        let http = &config.http;
        let bodies = Arc::new(Bodies::new(config, Arc::clone(&telemetry.figures)));
        let routes = Routes::new(
            config,
            &telemetry,
            Arc::clone(&pictures),
            Arc::clone(&bodies),
        )?;
        Ok(Self {
            telemetry,
            routes,
            apologies: Apologies::new(Arc::clone(&pictures), spare),
            pictures,
            fault,
            gallery: Gallery::new(),
            url_bytes_max: http.url_bytes_max.get(),
            head_bytes_max: http.head_bytes_max.get(),
            bodies,
        })
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
        let reply = match reply {
            Ok(reply) => reply,
            Err(problem) => self.apologise(problem, route, &head, content).await,
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
        let (is_read, is_post) = (
            matches!(method, Method::Get | Method::Head),
            method == Method::Post,
        );
        if !matches!(route, Route::Gallery | Route::Unmatched) {
            self.suffer().await?;
        }
        match route {
            Route::Card if is_read => self.routes.get_card(head).await,
            Route::Card => Err(Problem::method_not_allowed("GET, HEAD")),
            Route::Chart if is_read => self.routes.get_chart(head).await,
            Route::Chart if is_post => self.routes.post_chart(head, content).await,
            Route::Chart => Err(Problem::method_not_allowed("GET, HEAD, POST")),
            Route::Graph if is_post => self.routes.post_graph(head, content).await,
            Route::Graph => Err(Problem::method_not_allowed("POST")),
            Route::Gallery if is_read => {
                let query = head.uri.query().unwrap_or_default();
                query::each_parameter(query, &[], |_, _| Ok(()))?;
                Ok(self.gallery.reply())
            }
            Route::Gallery => Err(Problem::method_not_allowed("GET, HEAD")),
            Route::Unmatched => Err(Problem::not_found()),
        }
    }

    /// An error in the form that the caller can use.
    async fn apologise(
        &self,
        mut problem: Problem,
        route: Route,
        head: &Parts,
        unread: Option<Incoming>,
    ) -> Reply {
        if let Some(unread) = unread {
            problem = self.refuse(problem, head, unread).await;
        }
        let tie = match route {
            // Alerts, mails and incident pages show it; a program says that it wants words.
            Route::Chart if head.method != http::Method::POST => Tie::Picture,
            _ => Tie::Words,
        };
        let is_drawn = !matches!(route, Route::Gallery | Route::Unmatched);
        if !is_drawn || !accept::wants_picture(&head.headers, tie) {
            return Reply::Problem(problem);
        }
        let png = self.apologies.picture(&problem).await;
        Reply::Apology { problem, png }
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
