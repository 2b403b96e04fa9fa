//! Configuration: read once, whole, before anything else happens.
//!
//! `service/config/base.toml` is compiled in and shows every key. Over it lie, weakest first, a
//! file, the environment and the command line; each key remembers who set it, so that a bad value
//! is reported with its place.

mod value;
mod layers;
mod signing;
mod prometheus;
mod charts;

use std::net::SocketAddr;
use std::path::Path;

use serde::Deserialize;

pub(crate) use charts::{Charts, RATE_INTERVAL};
pub use layers::ConfigError;
pub(crate) use prometheus::Prometheus;
pub(crate) use value::{Count, List, Optional, OtlpEndpoint, Ratio, RedisUrl, Span};

use layers::Layers;

use crate::upstream;

/// The defaults, as text.
pub(crate) const BASE: &str = include_str!("../../config/base.toml");

/// The named charts of the service itself, as text.
const CHARTS: &str = include_str!("../../config/charts.toml");

/// Environment variable without which the fault switch is refused.
pub(crate) const REHEARSAL: &str = "PROOFMARK_REHEARSAL";

/// Everything that can be set. There is no `Default`: the defaults are in `base.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub(crate) http: Http,
    pub(crate) render: Render,
    pub(crate) fonts: Fonts,
    pub(crate) signing: signing::Signing,
    pub(crate) cache: Cache,
    pub(crate) redis: Redis,
    pub(crate) pictures: Pictures,
    pub(crate) prometheus: Prometheus,
    pub(crate) charts: Charts,
    pub(crate) telemetry: Telemetry,
    pub(crate) release: Release,
    pub(crate) fault: Fault,
}

/// Listeners, limits of a request, timeouts: section `[http]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    #[serde(deserialize_with = "value::address")]
    pub(crate) listen: SocketAddr,
    #[serde(deserialize_with = "value::address")]
    pub(crate) admin: SocketAddr,
    pub(crate) connections_max: Count<1, 100_000>,
    pub(crate) url_bytes_max: Count<64, 32_768>,
    pub(crate) head_bytes_max: Count<256, 49_152>,
    pub(crate) body_bytes_max: Count<1, 67_108_864>,
    pub(crate) bodies_bytes_max: Count<1, 17_179_869_184>,
    pub(crate) json_depth_max: Count<4, 100>,
    pub(crate) header_timeout: Span<1>,
    pub(crate) body_timeout: Span<1>,
    pub(crate) write_timeout: Span<1>,
    pub(crate) answer_timeout: Span<1>,
    pub(crate) deadline: Span<1>,
    pub(crate) drain_announce: Span<0>,
    pub(crate) drain_idle: Span<0>,
    pub(crate) drain_deadline: Span<0>,
}

/// Drawing: section `[render]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Render {
    pub(crate) threads: Count<0, 256>,
    pub(crate) queue_max: Count<1, 65_536>,
    pub(crate) queue_cost_max: Span<1>,
    pub(crate) queue_bytes_max: Count<1_024, 17_179_869_184>,
    pub(crate) dear: Span<1>,
    pub(crate) cost_max: Span<1>,
}

/// Section `[fonts]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fonts {
    pub(crate) fallback: Optional<std::path::PathBuf>,
}

/// Pictures in this process: section `[cache]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cache {
    pub(crate) bytes_max: Count<0, 1_099_511_627_776>,
    pub(crate) ttl: Span<1_000>,
    pub(crate) flights_max: Count<1, 65_536>,
}

/// Pictures in Redis: section `[redis]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redis {
    pub(crate) url: Optional<RedisUrl>,
    pub(crate) timeout: Span<1>,
    pub(crate) writes_max: Count<1, 4_096>,
    pub(crate) value_bytes_max: Count<1_024, 536_870_912>,
    pub(crate) breaker: Breaker,
}

/// Pictures from elsewhere on cards: section `[pictures]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pictures {
    pub(crate) allow: List<upstream::Permission, 64>,
    pub(crate) private: List<upstream::Range, 64>,
    pub(crate) timeout: Span<1>,
    pub(crate) connect_timeout: Span<1>,
    pub(crate) bytes_max: Count<1_024, 16_777_216>,
    pub(crate) fetches_max: Count<1, 256>,
    pub(crate) cache_bytes_max: Count<0, 1_073_741_824>,
    pub(crate) cache_ttl: Span<0>,
    pub(crate) failure_ttl: Span<0>,
    pub(crate) breaker: Breaker,
}

/// When a dependency is left alone: sections `[redis.breaker]`, `[pictures.breaker]` and
/// `[prometheus.breaker]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Breaker {
    pub(crate) failures_max: Count<1, 1_000>,
    pub(crate) cooldown: Span<1>,
    pub(crate) jitter_ratio: Ratio,
}

/// Traces and logs: section `[telemetry]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telemetry {
    pub(crate) otlp_endpoint: Optional<OtlpEndpoint>,
    pub(crate) trace_ratio: Ratio,
    pub(crate) access_log: bool,
    pub(crate) request_metrics: bool,
    pub(crate) log_file: Optional<std::path::PathBuf>,
    pub(crate) log_bytes_max: Count<4_096, 1_073_741_824>,
    pub(crate) otlp_queue_max: Count<1, 1_048_576>,
    pub(crate) saturation_every: Span<10>,
}

/// What this build is called: section `[release]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    pub(crate) version: Optional<String>,
    pub(crate) revision: Optional<String>,
}

/// The fault switch: section `[fault]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) mode: FaultMode,
    pub(crate) errors_ratio: Ratio,
    pub(crate) latency_ratio: Ratio,
    pub(crate) latency: Span<1>,
}

/// How the service is made to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FaultMode {
    /// Not at all.
    None,
    /// A share of the requests is answered with 500.
    Errors,
    /// A share of the requests is answered late.
    Latency,
}

impl Config {
    /// The defaults with these settings (`key=value`) over them.
    ///
    /// # Errors
    /// [`ConfigError`] that names the setting.
    pub fn with(settings: &[&str]) -> Result<Self, ConfigError> {
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        Self::layered(None, &[], &settings)
    }

    /// The defaults, under a file, under variables of the environment, under settings
    /// (`key=value`).
    ///
    /// # Errors
    /// [`ConfigError`] that names the file and line, the variable or the setting.
    pub fn layered(
        file: Option<&Path>,
        variables: &[(String, String)],
        settings: &[String],
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers::new(BASE)?.with_base("charts.toml", CHARTS)?;
        if let Some(file) = file {
            layers.add_file(file)?;
        }
        layers.add_variables(variables)?;
        layers.add_settings(settings)?;
        let config: Self = layers.finish()?;
        config.check(variables)?;
        Ok(config)
    }

    /// Drawing threads, with 0 resolved.
    pub(crate) fn threads(&self) -> usize {
        match self.render.threads.get() {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }

    /// What no single value can tell.
    fn check(&self, variables: &[(String, String)]) -> Result<(), ConfigError> {
        let is_rehearsal = variables
            .iter()
            .any(|(name, value)| name == REHEARSAL && value == "1");
        if self.fault.mode != FaultMode::None && !is_rehearsal {
            return Err(ConfigError::FaultOutsideRehearsal);
        }
        if self.http.listen == self.http.admin && self.http.listen.port() != 0 {
            return Err(ConfigError::OneAddress {
                address: self.http.listen,
            });
        }
        self.charts.check(self.prometheus.range_max.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(settings: &[&str]) -> String {
        Config::with(settings).unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_valid() {
        let config = Config::with(&[]).unwrap();
        assert_eq!(
            config.http.header_timeout.get(),
            std::time::Duration::from_secs(5)
        );
        assert!(config.redis.url.get().is_none());
        assert!(config.threads() >= 1);
    }

    #[test]
    fn a_bad_setting_names_its_key_and_what_was_expected() {
        let report: Vec<String> = [
            "render.queue_max=many",
            "render.queue_max=0",
            "render.queue_mx=5",
            "render=5",
            "queue_max",
            "=5",
            "http.listen=localhost",
            "http.deadline=5",
            "http.deadline=0s",
            "http.deadline=400d",
            "telemetry.trace_ratio=1.5",
            "telemetry.trace_ratio=NaN",
            "telemetry.access_log=yes",
            "telemetry.otlp_endpoint=collector:4318",
            "redis.url=http://user:secret@host",
            "pictures.allow=images.example.com",
            "pictures.allow=https://a.example/,https://a.example/../",
            "pictures.private=10.0.0.1/8",
            "pictures.bytes_max=1073741824",
            "fault.mode=chaos",
            "fault.mode=errors",
            "http.admin=127.0.0.1:8080",
        ]
        .iter()
        .map(|setting| error(&[setting]))
        .collect();
        insta::assert_snapshot!(report.join("\n"));
    }

    #[test]
    fn a_bad_file_names_file_line_and_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("service.toml");
        let mut report = Vec::new();
        for text in [
            "[render]\nqueue_max = 5\n[render\n",
            "[render]\n\nqueue_mx = 5\n",
            "[render]\nqueue_max = \"5\"\n",
            "render = 5\n",
            "[http]\ndeadline = \"5 parsecs\"\n",
            "[http.listen]\nport = 5\n",
            "[redis.breaker]\njitter_ratio = 7\n",
            "[pictures]\nallow = [\"https://a.example/\", \"ftp://a.example/\"]\n",
            "[pictures]\nallow = [5]\n",
        ] {
            std::fs::write(&file, text).unwrap();
            let error = Config::layered(Some(&file), &[], &[])
                .unwrap_err()
                .to_string();
            report.push(error.replace(&folder.path().display().to_string(), "."));
        }
        let error = Config::layered(Some(Path::new("/missing/service.toml")), &[], &[]);
        report.push(error.unwrap_err().to_string());
        insta::assert_snapshot!(report.join("\n"));
    }

    #[test]
    fn the_command_line_beats_the_environment_and_that_beats_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("service.toml");
        std::fs::write(
            &file,
            "[render]\nqueue_max = 1\nthreads = 1\n[cache]\nflights_max = 1\n",
        )
        .unwrap();
        let variables = [
            ("PROOFMARK_RENDER_QUEUE_MAX", "2"),
            ("PROOFMARK_RENDER_THREADS", "2"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = ["render.queue_max=3".to_owned()];
        let config = Config::layered(Some(&file), &variables, &settings).unwrap();
        assert_eq!(config.render.queue_max.get(), 3);
        assert_eq!(config.render.threads.get(), 2);
        assert_eq!(config.cache.flights_max.get(), 1);
    }

    #[test]
    fn a_misspelt_variable_is_refused_and_a_foreign_one_ignored() {
        let variable = |name: &str| [(name.to_owned(), "5".to_owned())];
        let misspelt = Config::layered(None, &variable("PROOFMARK_RENDER_QUEUEMAX"), &[]);
        insta::assert_snapshot!(
            misspelt.unwrap_err(),
            @"variable PROOFMARK_RENDER_QUEUEMAX: no such setting"
        );
        assert!(Config::layered(None, &variable("PROOFMARK_COLOUR"), &[]).is_ok());
    }

    #[test]
    fn the_fault_switch_needs_a_rehearsal() {
        let settings = ["fault.mode=errors".to_owned()];
        let variable = |value: &str| [(REHEARSAL.to_owned(), value.to_owned())];
        assert!(Config::layered(None, &variable("1"), &settings).is_ok());
        assert!(Config::layered(None, &variable("0"), &settings).is_err());
    }

    #[test]
    fn a_password_is_not_printed() {
        let config = Config::with(&["redis.url=redis://user:secret@127.0.0.1/"]).unwrap();
        assert!(!format!("{config:?}").contains("secret"));
        assert!(!error(&["redis.url=redis://user:secret@:x"]).contains("secret"));
    }
}
