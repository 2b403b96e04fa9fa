//! The admin listener: life, readiness, metrics, version. It stays up while the rest drains.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::problem::Problem;
use super::reply::{set_problem_headers, status_code};
use crate::listener::{Answer, Body, Service, Slot};
use crate::telemetry::{Build, Telemetry};

const TEXT: &str = "text/plain; charset=utf-8";

/// Whether new requests are wanted.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    is_draining: AtomicBool,
}

impl Readiness {
    /// From now on no new requests are wanted.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }
}

/// The service behind the admin listener.
#[derive(Debug)]
pub(crate) struct Admin {
    telemetry: Arc<Telemetry>,
    readiness: Arc<Readiness>,
    version: Bytes,
}

impl Admin {
    pub(crate) fn new(telemetry: Arc<Telemetry>, readiness: Arc<Readiness>, build: Build) -> Self {
        let version = serde_json::json!({
            "name": "proofmark",
            "version": build.version,
            "revision": build.revision,
            "renderer": render::RENDERER_VERSION,
        });
        Self {
            telemetry,
            readiness,
            version: version.to_string().into(),
        }
    }

    fn handle(&self, path: &str) -> Result<(StatusCode, &'static str, Bytes), Problem> {
        match path {
            "/livez" => Ok((StatusCode::OK, TEXT, "alive\n".into())),
            "/readyz" if self.readiness.is_draining.load(Ordering::Relaxed) => {
                Ok((StatusCode::SERVICE_UNAVAILABLE, TEXT, "draining\n".into()))
            }
            "/readyz" => Ok((StatusCode::OK, TEXT, "ready\n".into())),
            "/metrics" => Ok((
                StatusCode::OK,
                meter::CONTENT_TYPE,
                self.telemetry.figures.encode().into(),
            )),
            "/version" => Ok((StatusCode::OK, "application/json", self.version.clone())),
            _ => {
                let mut problem = Problem::not_found();
                problem.detail = "There are /livez, /readyz, /metrics and /version.".to_owned();
                Err(problem)
            }
        }
    }
}

impl Service for Admin {
    fn answer(&self, request: Request<Incoming>, slot: Arc<Slot>) -> Answer<'_> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let handled = match is_read {
            true => self.handle(request.uri().path()),
            false => Err(Problem::method_not_allowed("GET, HEAD")),
        };
        let mut headers = HeaderMap::new();
        let (status, content) = match handled {
            Ok((status, kind, content)) => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                (status, content)
            }
            Err(problem) => {
                set_problem_headers(&mut headers, &problem);
                (status_code(problem.status), problem.body(None))
            }
        };
        let is_head = *request.method() == Method::HEAD;
        if is_head {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.len()));
        }
        let content = if is_head { Bytes::new() } else { content };
        let mut response = Response::new(Body::unrecorded(content, slot));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Answer::Now(Some(response))
    }
}
