//! The HTTP side: one question, one bounded answer.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use outcome::Failure;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use tokio::time::{Instant, sleep, timeout};

use super::access::Access;
use super::answer::{Answer, Matrix};
use super::asked::{Asked, Exchange};
use super::connect::{base, connected};
use super::error::{Part, SourceError};
use super::read::{error_of, instant_of, matrix_of, samples_of};
use super::retry::{Again, Budget, Failed};
use super::secret::Redactor;
use crate::text::shown;

/// The largest answer that is read.
pub const ANSWER_SIZE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// So much is read of what comes with an HTTP error: enough for its sentence.
const ERROR_SIZE_BYTES_MAX: usize = 64 * 1024;

/// So much room is made for a body by what its header says of it.
const BODY_RESERVED_BYTES_MAX: usize = 1024 * 1024;

/// Parameters up to this length go into the URL, longer ones into a body: some proxies refuse long
/// URLs, and some readers are only allowed to GET.
const URL_PARAMETERS_BYTES_MAX: usize = 1_500;

/// Asks one Prometheus server. Clones share connections and the budget of further tries.
#[derive(Debug, Clone)]
pub struct Client {
    base: Url,
    address: String,
    timeout: Duration,
    http: reqwest::Client,
    redactor: Arc<Redactor>,
    /// None when every question is asked once.
    budget: Option<Arc<Budget>>,
}

impl Client {
    /// A client of the server at `url` (`http://127.0.0.1:9090`, a path in front of the API is
    /// kept), which may take `timeout` for one answer, further tries included.
    ///
    /// # Errors
    /// [`Failure::misused`] when `url` is not the address of a server or has credentials in it,
    /// [`Failure::broken`] when no HTTP client can be made.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, Failure> {
        Self::with(url, timeout, Access::default())
    }

    /// As [`Client::new`], with `access`, of which nothing goes to any other server.
    ///
    /// # Errors
    /// As [`Client::new`]; also [`Failure::misused`] when `access` cannot be used for `url`.
    pub fn with(url: &str, timeout: Duration, access: Access) -> Result<Self, Failure> {
        let base = base(url)?;
        let address = base.as_str().trim_end_matches('/').to_owned();
        let is_encrypted = base.scheme() == "https";
        if access.needs_tls() && !is_encrypted {
            return Err(Failure::misused(format!(
                "{address}: --ca-file, --client-certificate-file and --server-name have a meaning \
                 for https:// only"
            )));
        }
        let redactor = Arc::new(access.redactor()?);
        let (base, http) = connected(base, access, is_encrypted)?;
        Ok(Self {
            base,
            address,
            timeout,
            http,
            redactor,
            budget: Some(Arc::new(Budget::new())),
        })
    }

    /// The same client, which asks every question once.
    #[must_use]
    pub fn without_retries(mut self) -> Self {
        self.budget = None;
        self
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
        let asked = Asked::query(query, at.map(|at| at.to_string()));
        instant_of(&self.exchange(&asked).await?.body, &self.address)
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
        let asked = Asked::query(selector, at.map(|at| at.to_string()));
        samples_of(&self.exchange(&asked).await?.body, &self.address)
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
        let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        let asked = Asked::range(query, start.to_string(), end.to_string(), step);
        matrix_of(&self.exchange(&asked).await?.body, &self.address)
    }

    /// Sends a question and gives the answer as it came, but for secrets. Where the network or the
    /// server may do better in a moment it is asked again, at most twice, within the time for one
    /// answer.
    ///
    /// # Errors
    /// Why there is no answer, as [`SourceError`]: never one that a reader of the body would give.
    pub async fn exchange(&self, asked: &Asked) -> Result<Exchange, SourceError> {
        let tries = timeout(self.timeout, self.tries(asked));
        tries.await.unwrap_or_else(|_| {
            Err(SourceError::Late {
                address: self.address.clone(),
                limit: self.timeout,
            })
        })
    }

    async fn tries(&self, asked: &Asked) -> Result<Exchange, SourceError> {
        let began = Instant::now();
        let mut tries = 0;
        loop {
            tries += 1;
            let failed = match self.try_once(asked).await {
                Ok(exchange) => {
                    self.budget.iter().for_each(|budget| budget.earn());
                    return Ok(exchange);
                }
                Err(failed) => failed,
            };
            let left = self.timeout.saturating_sub(began.elapsed());
            let wait = failed.again.wait(tries, left);
            match (wait, &self.budget) {
                (Some(wait), Some(budget)) if budget.spend() => sleep(wait).await,
                _ => return Err(failed.error),
            }
        }
    }

    async fn try_once(&self, asked: &Asked) -> Result<Exchange, Failed> {
        let sent = self.request(asked).send().await;
        let response = sent.map_err(|error| self.transport(&error))?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(response).await);
        }
        self.check_headers(&response)?;
        let date = date(&response);
        let body = self.body(response).await?;
        Ok(Exchange {
            body: self.redactor.bytes(body),
            date,
        })
    }

    fn request(&self, asked: &Asked) -> RequestBuilder {
        let mut url = self.base.clone();
        let path = self.base.path().trim_end_matches('/');
        url.set_path(&format!("{path}/api/v1/{}", asked.path));
        let encoded = encoded(&url, asked, self.timeout);
        if encoded.len() > URL_PARAMETERS_BYTES_MAX {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            return self.http.post(url).header(CONTENT_TYPE, form).body(encoded);
        }
        if !encoded.is_empty() {
            url.set_query(Some(&encoded));
        }
        self.http.get(url)
    }

    /// An answer with another status than 200.
    async fn refusal(&self, mut response: Response) -> Failed {
        let status = response.status();
        let header = |name| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let seconds = header(RETRY_AFTER).and_then(|text| text.trim().parse().ok());
        let again = Again::of_status(status.as_u16(), seconds);
        let target = header(LOCATION).filter(|_| status.is_redirection());
        let mut bytes = Vec::new();
        // What breaks off here is told by its status, and a long story by its beginning.
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = ERROR_SIZE_BYTES_MAX - bytes.len();
            bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if bytes.len() == ERROR_SIZE_BYTES_MAX {
                break;
            }
        }
        let bytes = self.redactor.bytes(bytes);
        let text = shown(&String::from_utf8_lossy(&bytes));
        let message = match (target, error_of(&bytes)) {
            (Some(target), _) => {
                let target = shown(&self.redactor.text(&target));
                format!("a redirect to {target}, which is not followed: name the final address")
            }
            (None, Some(message)) => message,
            (None, None) if text.is_empty() => {
                status.canonical_reason().unwrap_or("no reason").to_owned()
            }
            (None, None) => text,
        };
        let error = SourceError::Refused {
            address: self.address.clone(),
            status: status.as_u16(),
            message,
        };
        Failed { error, again }
    }

    /// Refuses what cannot be an answer of the API before it is read.
    fn check_headers(&self, response: &Response) -> Result<(), Failed> {
        let headers = response.headers();
        let text = |value: &HeaderValue| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            shown(&self.redactor.text(&value))
        };
        let encoding = headers.get(CONTENT_ENCODING).map(&text);
        if let Some(encoding) = encoding.filter(|encoding| encoding != "identity") {
            let said = format!("the body is encoded as {encoding:?}, which nobody asked for");
            return Err(self.foreign(&said));
        }
        let kind = headers.get(CONTENT_TYPE).map(text).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let said = format!("the content type is {kind:?}; expected \"application/json\"");
            return Err(self.foreign(&said));
        }
        match response.content_length() {
            Some(length) if length > ANSWER_SIZE_BYTES_MAX as u64 => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Failed> {
        let said = response.content_length().unwrap_or(0);
        let said = usize::try_from(said).unwrap_or(usize::MAX);
        let mut bytes = Vec::with_capacity(said.min(BODY_RESERVED_BYTES_MAX));
        loop {
            let chunk = response.chunk().await;
            match chunk.map_err(|error| self.transport(&error))? {
                None => return Ok(bytes),
                Some(chunk) if bytes.len() + chunk.len() > ANSWER_SIZE_BYTES_MAX => {
                    return Err(self.too_large());
                }
                Some(chunk) => bytes.extend_from_slice(&chunk),
            }
        }
    }

    fn transport(&self, error: &reqwest::Error) -> Failed {
        // The innermost cause says it best; the outer ones repeat the URL.
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let cause = cause.to_string();
        let error_of_source = SourceError::Unreachable {
            address: self.address.clone(),
            cause: shown(&self.redactor.text(&cause)) + advice(&cause),
        };
        Failed {
            error: error_of_source,
            again: Again::of_transport(error),
        }
    }

    fn foreign(&self, message: &str) -> Failed {
        let error = SourceError::NotAnApi {
            address: self.address.clone(),
            message: shown(message),
        };
        Failed {
            error,
            again: Again::Never,
        }
    }

    fn too_large(&self) -> Failed {
        let error = SourceError::TooLarge {
            address: self.address.clone(),
            limit: ANSWER_SIZE_BYTES_MAX,
            of: Part::Bytes,
        };
        Failed {
            error,
            again: Again::Never,
        }
    }
}

/// What to do about a TLS failure.
fn advice(cause: &str) -> &'static str {
    let advices = [
        ("UnknownIssuer", " (name who signed it with --ca-file)"),
        (
            "not valid for name",
            " (name the server as its certificate does, or give --server-name)",
        ),
        (
            "CertificateRequired",
            " (show one with --client-certificate-file)",
        ),
        (
            "InvalidContentType",
            " (the port speaks no TLS: is it http://?)",
        ),
    ];
    let found = advices.iter().find(|(part, _)| cause.contains(part));
    found.map_or("", |(_, advice)| advice)
}

/// The time in the `Date` header.
fn date(response: &Response) -> Option<Timestamp> {
    let text = response.headers().get(DATE)?.to_str().ok()?;
    Some(rfc2822::parse(text).ok()?.timestamp())
}

fn encoded(url: &Url, asked: &Asked, timeout: Duration) -> String {
    let mut url = url.clone();
    {
        let mut pairs = url.query_pairs_mut();
        pairs.clear().extend_pairs(&asked.parameters);
        if asked.takes_timeout() {
            pairs.append_pair("timeout", &crate::window::text(timeout));
        }
    }
    url.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_encoded_with_its_timeout() {
        let url = Url::parse("http://a").unwrap();
        let asked = Asked::query("up{a=\"b&c\"}", Some("1970-01-01T00:00:01Z".to_owned()));
        insta::assert_snapshot!(encoded(&url, &asked, Duration::from_secs(1)), @"query=up%7Ba%3D%22b%26c%22%7D&time=1970-01-01T00%3A00%3A01Z&timeout=1s");
        assert_eq!(encoded(&url, &Asked::version(), Duration::MAX), "");
    }
}
