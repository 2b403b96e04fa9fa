//! What each route does: read what is asked for, see whether it may be asked, get it, answer.

mod card;
mod chart;
mod inline;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use outcome::{Failure, OrFail};
use render::Scene;
use resilience::Deadline;
use signals::{DegradedLevel, DegradedReason, Kind};

use super::body::Bodies;
use super::patience;
use super::problem::Problem;
use super::reply::{Degraded, Keep, Reply, Shown};
use crate::clock;
use crate::config::Config;
use crate::pictures::{Key, Pictures, Served, kind_of};
use crate::signature::{Keyring, SignatureError, Signed, is_needed};
use crate::source::Source;
use crate::telemetry::{Figures, Line, Severity, Telemetry, Timing};
use crate::upstream::Upstream;

/// What is kept of a deadline for sending the answer; of a short one a tenth is.
const ANSWER_RESERVE: Duration = Duration::from_millis(50);

/// The routes under `/v1/`.
#[derive(Debug)]
pub(crate) struct Routes {
    pictures: Arc<Pictures>,
    keyring: Keyring,
    upstream: Upstream,
    source: Arc<Source>,
    figures: Arc<Figures>,
    bodies: Arc<Bodies>,
    json_depth_max: usize,
    patience_max: Duration,
}

/// A request that may be answered.
struct Admitted<'a> {
    /// Its parameters, without signature and deadline.
    parameters: Cow<'a, str>,
    /// How long its signature holds; none if it has none.
    holds: Option<Duration>,
    /// How long its caller waits.
    patience: Duration,
}

impl Routes {
    /// The routes as the configuration wants them. Nothing is connected yet.
    ///
    /// # Errors
    /// [`Failure::misused`] for keys that cannot be read, or none where a signature is needed, and
    /// for what the two ways to data refuse.
    pub(crate) fn new(
        config: &Config,
        telemetry: &Telemetry,
        pictures: Arc<Pictures>,
        bodies: Arc<Bodies>,
    ) -> Result<Self, Failure> {
        let keyring = Keyring::new(config).or_misused("signing")?;
        let is_open = !config.pictures.allow.get().is_empty() || config.prometheus.adhoc;
        keyring.check_usable(is_open).or_misused("signing")?;
        if let Some(warning) = keyring.warning(is_open) {
            telemetry.log.write(&Line::new(Severity::Warn, warning));
        }
        let http = &config.http;
        Ok(Self {
            pictures,
            keyring,
            upstream: Upstream::new(config, telemetry)?,
            source: Arc::new(Source::new(config, telemetry)?),
            figures: Arc::clone(&telemetry.figures),
            bodies,
            json_depth_max: http.json_depth_max.get(),
            patience_max: http.deadline.get(),
        })
    }

    /// Holds a request against its signature, and takes out of its query what is not for the route.
    fn admit<'a>(&self, head: &'a Parts) -> Result<Admitted<'a>, Problem> {
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        let now = clock::wall();
        let (query, holds) = match self.keyring.look(path, query, now)? {
            Signed::Valid(unsigned) => {
                let holds = unsigned.expires.duration_since(now).unwrap_or_default();
                (Cow::Owned(unsigned.query), Some(holds))
            }
            Signed::Absent if is_needed(path, query) && self.keyring.is_required() => {
                return Err(SignatureError::Missing { parameter: "sig" }.into());
            }
            Signed::Absent => (Cow::Borrowed(query), None),
        };
        let (rest, patience) = patience::take(&head.headers, &query, self.patience_max)?;
        let rest = rest.into_owned();
        Ok(Admitted {
            parameters: if rest == query {
                query
            } else {
                Cow::Owned(rest)
            },
            holds,
            patience,
        })
    }

    /// The picture of a scene that passes its limits.
    async fn serve(&self, scene: Scene, deadline: Deadline) -> Result<Served, Problem> {
        let key = self.pictures.key(&scene);
        self.serve_as(key, scene, deadline).await
    }

    async fn serve_as(
        &self,
        key: Key,
        scene: Scene,
        deadline: Deadline,
    ) -> Result<Served, Problem> {
        if let Some(picture) = self.pictures.remembered(&key).await {
            return Ok(Served::remembered(picture));
        }
        Ok(self.pictures.get(key, scene, deadline).await?)
    }

    /// The answer to a request whose picture is there.
    fn show(&self, served: Served, kind: Kind, keep: Keep, degraded: Option<Degraded>) -> Reply {
        let is_simplified = served.picture.is_simplified.then_some(Degraded {
            level: DegradedLevel::Partial,
            reason: DegradedReason::Budget,
        });
        let degraded = degraded.or(is_simplified);
        if let Some(Degraded { level, reason }) = degraded {
            self.figures.degraded(level, reason);
        }
        Reply::Picture(Shown {
            served,
            kind,
            keep,
            degraded,
        })
    }
}

/// When the work for a request that was read just now must end, so that its answer is there before
/// the caller stops waiting.
fn deadline(patience: Duration) -> Deadline {
    let reserve = (patience / 10).min(ANSWER_RESERVE);
    Deadline::after(clock::now(), patience - reserve)
}

/// Puts what was done before a picture was looked for in front of what was done then.
fn with_earlier(served: &mut Served, mut earlier: Vec<Timing>) {
    if earlier.is_empty() {
        return;
    }
    if let Some(timings) = &served.timings {
        earlier.extend_from_slice(timings);
    }
    served.timings = Some(Arc::new(earlier));
}
