//! Where charts are asked from: section `[prometheus]`.

use std::fmt;

use reqwest::Url;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::{Breaker, Count, Optional, Span};

/// One Prometheus, and how much it may be asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prometheus {
    pub(crate) url: Optional<PrometheusUrl>,
    pub(crate) adhoc: bool,
    pub(crate) range_max: Span<60_000>,
    pub(crate) step_min: Span<1_000>,
    pub(crate) settle: Span<0>,
    pub(crate) queries_max: Count<1, 1_024>,
    pub(crate) body_bytes_max: Count<65_536, 1_073_741_824>,
    pub(crate) drawing_reserve: Span<0>,
    pub(crate) stale_max: Span<0>,
    pub(crate) breaker: Breaker,
}

/// Base address of a Prometheus, without a slash at its end. It may hold a password, so it is never
/// printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PrometheusUrl(Url);

impl PrometheusUrl {
    /// The address of one part of its API, such as `query_range`.
    pub(crate) fn api(&self, part: &str) -> Url {
        let mut url = self.0.clone();
        let before = self.0.path().trim_end_matches('/');
        url.set_path(&format!("{before}/api/v1/{part}"));
        url
    }
}

impl fmt::Debug for PrometheusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrometheusUrl(…)")
    }
}

impl<'de> Deserialize<'de> for PrometheusUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let url = text.parse::<Url>().ok().filter(|url| {
            let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
            is_http && url.query().is_none() && url.fragment().is_none()
        });
        url.map(Self)
            .ok_or_else(|| D::Error::custom("not an address such as \"http://127.0.0.1:9090\""))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn api(url: &str) -> String {
        let config = Config::with(&[&format!("prometheus.url={url}")]).unwrap();
        let url = config.prometheus.url.get().unwrap();
        url.api("query_range").to_string()
    }

    #[test]
    fn a_path_in_front_of_the_api_is_kept() {
        assert_eq!(
            api("http://127.0.0.1:9090"),
            "http://127.0.0.1:9090/api/v1/query_range"
        );
        assert_eq!(
            api("https://metrics.example.com/prometheus/"),
            "https://metrics.example.com/prometheus/api/v1/query_range"
        );
    }

    #[test]
    fn what_is_no_address_is_refused_and_no_password_is_printed() {
        for url in [
            "localhost:9090",
            "ftp://a",
            "http://",
            "http://a?x=1",
            "http://a#b",
            "http://me:secret@:x",
            "/metrics",
        ] {
            let error = Config::with(&[&format!("prometheus.url={url}")]).unwrap_err();
            assert_eq!(
                error.to_string(),
                "--set prometheus.url: not an address such as \"http://127.0.0.1:9090\""
            );
        }
        let config = Config::with(&["prometheus.url=http://me:secret@127.0.0.1:9090"]).unwrap();
        assert!(!format!("{config:?}").contains("secret"));
    }
}
