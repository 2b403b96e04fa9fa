//! The HTTP side: one request, one bounded answer.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Response, Url};

use super::SourceError;
use super::answer::{Answer, Body, Matrix, read};

/// The largest answer that is read.
pub const ANSWER_SIZE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Parameters up to this length go into the URL, longer ones into a body: some proxies refuse long
/// URLs, and some readers are only allowed to GET.
const URL_PARAMETERS_BYTES_MAX: usize = 1_500;

/// Asks one Prometheus server.
#[derive(Debug, Clone)]
pub struct Client {
    base: Url,
    address: String,
    timeout: Duration,
    http: reqwest::Client,
}

impl Client {
    /// A client of the server at `url` (`http://127.0.0.1:9090`, a path in front of the API is
    /// kept), which may take `timeout` for one answer.
    ///
    /// # Errors
    /// [`Failure::misused`] when `url` is not the address of a server, [`Failure::broken`] when no
    /// HTTP client can be made.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, Failure> {
        let base = base(url)?;
        let mut shown = base.clone();
        // Err only says that such a URL has no credentials.
        let _ = shown
            .set_password(None)
            .and_then(|()| shown.set_username(""));
        let mut builder = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(Policy::none())
            .user_agent(concat!("proofmark/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            address: shown.as_str().trim_end_matches('/').to_owned(),
            base,
            timeout,
            http: builder.build().or_broken("cannot make an HTTP client")?,
        })
    }

    /// The server, without credentials.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Evaluates `query` at one time, or now when there is none.
    ///
    /// # Errors
    /// Why there is no answer, as [`SourceError`].
    pub async fn instant(&self, query: &str, at: Option<Timestamp>) -> Result<Answer, SourceError> {
        match self.ask("query", &self.parameters(query, at)).await? {
            Body::Vector(answer) => Ok(answer),
            _ => Err(self.foreign("the result is a matrix; expected a vector")),
        }
    }

    /// The samples of a range selector (`up[10m]`) as they were scraped.
    ///
    /// # Errors
    /// Why there is no answer, as [`SourceError`].
    pub async fn samples(
        &self,
        selector: &str,
        at: Option<Timestamp>,
    ) -> Result<Matrix, SourceError> {
        match self.ask("query", &self.parameters(selector, at)).await? {
            Body::Matrix(matrix) => Ok(matrix),
            _ => Err(self.foreign("the result is a vector; expected a matrix")),
        }
    }

    /// Evaluates `query` at every `step` from `start` to `end`.
    ///
    /// # Errors
    /// Why there is no answer, as [`SourceError`].
    pub async fn range(
        &self,
        query: &str,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
    ) -> Result<Matrix, SourceError> {
        let parameters = [
            ("query", query.to_owned()),
            ("start", start.to_string()),
            ("end", end.to_string()),
            ("step", format!("{}ms", step.as_millis().max(1))),
            ("timeout", crate::window::text(self.timeout)),
        ];
        match self.ask("query_range", &parameters).await? {
            Body::Matrix(matrix) => Ok(matrix),
            _ => Err(self.foreign("the result is a vector; expected a matrix")),
        }
    }

    fn parameters(&self, query: &str, at: Option<Timestamp>) -> Vec<(&'static str, String)> {
        let mut parameters = vec![
            ("query", query.to_owned()),
            ("timeout", crate::window::text(self.timeout)),
        ];
        parameters.extend(at.map(|at| ("time", at.to_string())));
        parameters
    }

    async fn ask(&self, path: &str, parameters: &[(&str, String)]) -> Result<Body, SourceError> {
        let mut url = self.base.clone();
        url.set_path(&format!(
            "{}/api/v1/{path}",
            self.base.path().trim_end_matches('/')
        ));
        let encoded = encoded(&url, parameters);
        let request = if encoded.len() <= URL_PARAMETERS_BYTES_MAX {
            url.set_query(Some(&encoded));
            self.http.get(url)
        } else {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            self.http.post(url).header(CONTENT_TYPE, form).body(encoded)
        };
        let response = request
            .send()
            .await
            .map_err(|error| self.transport(&error))?;
        let status = response.status();
        let bytes = self.body(response).await?;
        let refused = |message: String| SourceError::Refused {
            address: self.address.clone(),
            status: status.as_u16(),
            message,
        };
        match read(&bytes) {
            Body::Error(message) => Err(refused(message)),
            Body::Foreign(_) if status.is_redirection() => Err(refused(
                "a redirect, which is not followed: name the final address".to_owned(),
            )),
            _ if !status.is_success() => Err(refused(crate::text::shown(
                &String::from_utf8_lossy(&bytes),
            ))),
            Body::Foreign(message) => Err(self.foreign(&message)),
            body => Ok(body),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.transport(&error))?
        {
            if bytes.len() + chunk.len() > ANSWER_SIZE_BYTES_MAX {
                let address = self.address.clone();
                return Err(SourceError::TooLarge {
                    address,
                    limit_bytes: ANSWER_SIZE_BYTES_MAX,
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn transport(&self, error: &reqwest::Error) -> SourceError {
        let address = self.address.clone();
        if error.is_timeout() {
            return SourceError::Late {
                address,
                limit: self.timeout,
            };
        }
        // The innermost cause says it best; the outer ones repeat the URL, credentials included.
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        SourceError::Unreachable {
            address,
            cause: crate::text::shown(&cause.to_string()),
        }
    }

    fn foreign(&self, message: &str) -> SourceError {
        SourceError::NotAnApi {
            address: self.address.clone(),
            message: message.to_owned(),
        }
    }
}

fn base(url: &str) -> Result<Url, Failure> {
    let expected = "expected the address of a Prometheus server such as http://127.0.0.1:9090";
    let sentence = format!("{:?}: {expected}", crate::text::shown(url));
    let base = Url::parse(url).or_misused(sentence.clone())?;
    let is_http = matches!(base.scheme(), "http" | "https") && base.has_host();
    if !is_http || base.query().is_some() || base.fragment().is_some() {
        return Err(Failure::misused(sentence));
    }
    Ok(base)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

fn encoded(url: &Url, parameters: &[(&str, String)]) -> String {
    let mut url = url.clone();
    url.query_pairs_mut().clear().extend_pairs(parameters);
    url.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_of_a_server_is_taken() {
        for url in [
            "",
            "localhost:9090",
            "ftp://a",
            "http://",
            "http://a?x=1",
            "http://a#b",
            "file:///etc",
            "http://a b",
        ] {
            let failure = Client::new(url, Duration::from_secs(1)).unwrap_err();
            assert_eq!(failure.outcome(), outcome::Outcome::Misused, "{url}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let client =
            Client::new("http://me:secret@127.0.0.1:9/prom/", Duration::from_secs(1)).unwrap();
        assert_eq!(client.address(), "http://127.0.0.1:9/prom");
    }

    #[test]
    fn loopback_is_known_in_every_spelling() {
        for (url, expected) in [
            ("http://localhost:1", true),
            ("http://127.8.0.1", true),
            ("http://[::1]:9090", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example.org", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}

/// STUB
#[derive(Debug, Clone)]
pub struct Asked {
    pub(crate) path: &'static str,
    pub(crate) parameters: Vec<(&'static str, String)>,
}
impl Asked {
    /// q
    pub fn query(q: &str, time: Option<String>) -> Self {
        let mut parameters = vec![("query", q.to_owned())];
        parameters.extend(time.map(|t| ("time", t)));
        Self {
            path: "query",
            parameters,
        }
    }
    /// r
    pub fn range(q: &str, start: String, end: String, step: i64) -> Self {
        Self {
            path: "query_range",
            parameters: vec![
                ("query", q.to_owned()),
                ("start", start),
                ("end", end),
                ("step", format!("{step}ms")),
            ],
        }
    }
}
/// STUB
#[derive(Debug)]
pub struct Exchange {
    /// b
    pub body: Vec<u8>,
}
impl Client {
    /// x
    pub async fn exchange(&self, asked: &Asked) -> Result<Exchange, SourceError> {
        let mut parameters = asked.parameters.clone();
        parameters.push(("timeout", crate::window::text(self.timeout)));
        let mut url = self.base.clone();
        url.set_path(&format!(
            "{}/api/v1/{}",
            self.base.path().trim_end_matches('/'),
            asked.path
        ));
        let encoded = encoded(&url, &parameters);
        let request = if encoded.len() <= URL_PARAMETERS_BYTES_MAX {
            url.set_query(Some(&encoded));
            self.http.get(url)
        } else {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            self.http.post(url).header(CONTENT_TYPE, form).body(encoded)
        };
        let response = request
            .send()
            .await
            .map_err(|error| self.transport(&error))?;
        let status = response.status();
        let bytes = self.body(response).await?;
        let refused = |message: String| SourceError::Refused {
            address: self.address.clone(),
            status: status.as_u16(),
            message,
        };
        match read(&bytes) {
            Body::Error(message) => Err(refused(message)),
            Body::Foreign(_) if status.is_redirection() => Err(refused(
                "a redirect, which is not followed: name the final address".to_owned(),
            )),
            _ if !status.is_success() => Err(refused(crate::text::shown(
                &String::from_utf8_lossy(&bytes),
            ))),
            _ => Ok(Exchange { body: bytes }),
        }
    }
}
/// i
pub fn instant_of(bytes: &[u8], address: &str) -> Result<Answer, SourceError> {
    match read(bytes) {
        Body::Vector(a) => Ok(a),
        Body::Foreign(m) => Err(SourceError::NotAnApi {
            address: address.to_owned(),
            message: m,
        }),
        _ => Err(SourceError::NotAnApi {
            address: address.to_owned(),
            message: "the result is a matrix; expected a vector".to_owned(),
        }),
    }
}
/// m
pub fn matrix_of(bytes: &[u8], address: &str) -> Result<Matrix, SourceError> {
    match read(bytes) {
        Body::Matrix(a) => Ok(a),
        Body::Foreign(m) => Err(SourceError::NotAnApi {
            address: address.to_owned(),
            message: m,
        }),
        _ => Err(SourceError::NotAnApi {
            address: address.to_owned(),
            message: "the result is a vector; expected a matrix".to_owned(),
        }),
    }
}
