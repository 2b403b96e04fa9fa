//! Asks many questions at once, equal ones once, until there is no time left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::evidence::{Asked, Lost, LostKind};
use crate::prometheus::{Answer, Client, Matrix, SourceError};

/// What is asked, with everything that the answer depends on. Times are in milliseconds since
/// 1970.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Question {
    Instant {
        query: String,
        at: i64,
    },
    Samples {
        selector: String,
        at: i64,
    },
    Range {
        query: String,
        start: i64,
        end: i64,
        step: i64,
    },
}

/// An answer as it is kept. Equal questions share it.
#[derive(Debug, Clone)]
enum Body {
    Vector(Arc<Answer>),
    Matrix(Arc<Matrix>),
}

type Shared = Arc<OnceCell<Asked<Body>>>;

/// Prometheus at one time, with one deadline for everything. Equal questions are asked once; once
/// it is out of reach it is not asked again.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    client: &'a Client,
    at: Timestamp,
    deadline: Deadline,
    /// How many questions may be on their way at the same time.
    permits: Semaphore,
    lost: OnceLock<Lost>,
    known: Mutex<HashMap<Question, Shared>>,
}

/// When to give up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self {
            at: Instant::now() + limit,
            limit,
        }
    }

    async fn within<T>(
        self,
        client: &Client,
        question: impl Future<Output = Result<T, SourceError>>,
    ) -> Asked<T> {
        let late = || SourceError::Late {
            address: client.address().to_owned(),
            limit: self.limit,
        };
        let answer = timeout_at(self.at, question)
            .await
            .unwrap_or_else(|_| Err(late()));
        answer.map_err(Lost::from)
    }
}

/// The time by the clock of Prometheus, so that a clock of ours that is off decides nothing.
pub(super) async fn time(client: &Client, deadline: Deadline) -> Asked<Timestamp> {
    let answer = deadline
        .within(client, client.instant("time()", None))
        .await?;
    let strange = || Lost {
        kind: LostKind::NotAnApi,
        message: format!("{} does not know what time it is", client.address()),
    };
    let [sample] = answer.vector.as_slice() else {
        return Err(strange());
    };
    let millis = sample.value * 1_000.0;
    if !millis.is_finite() || millis.abs() > 1e15 {
        return Err(strange());
    }
    Timestamp::from_millisecond(millis as i64).map_err(|_| strange())
}

impl<'a> Asker<'a> {
    /// Asks at most `concurrency` questions at the same time.
    pub(super) fn new(
        client: &'a Client,
        at: Timestamp,
        deadline: Deadline,
        concurrency: usize,
    ) -> Self {
        Self {
            client,
            at,
            deadline,
            permits: Semaphore::new(concurrency.max(1)),
            lost: OnceLock::new(),
            known: Mutex::new(HashMap::new()),
        }
    }

    /// The time that is looked at.
    pub(super) fn at(&self) -> Timestamp {
        self.at
    }

    /// The time that is looked at, in seconds since 1970.
    pub(super) fn at_seconds(&self) -> f64 {
        self.at.as_duration().as_secs_f64()
    }

    /// What `query` gives at the time that is looked at.
    pub(super) async fn instant(&self, query: &str) -> Asked<Arc<Answer>> {
        self.instant_at(query, self.at).await
    }

    /// What `query` gives at another time.
    pub(super) async fn instant_at(&self, query: &str, at: Timestamp) -> Asked<Arc<Answer>> {
        let question = Question::Instant {
            query: query.to_owned(),
            at: at.as_millisecond(),
        };
        match self.ask(question).await? {
            Body::Vector(answer) => Ok(answer),
            Body::Matrix(_) => Err(self.odd()),
        }
    }

    /// The samples of a range selector (`up[10m]`) as they were scraped.
    pub(super) async fn samples(&self, selector: &str) -> Asked<Arc<Matrix>> {
        let question = Question::Samples {
            selector: selector.to_owned(),
            at: self.at.as_millisecond(),
        };
        self.matrix(question).await
    }

    /// What `query` gives at every `step` from `start` to `end`, both included.
    pub(super) async fn range(
        &self,
        query: &str,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
    ) -> Asked<Arc<Matrix>> {
        let question = Question::Range {
            query: query.to_owned(),
            start: start.as_millisecond(),
            end: end.as_millisecond(),
            step: i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1),
        };
        self.matrix(question).await
    }

    async fn matrix(&self, question: Question) -> Asked<Arc<Matrix>> {
        match self.ask(question).await? {
            Body::Matrix(matrix) => Ok(matrix),
            Body::Vector(_) => Err(self.odd()),
        }
    }

    fn odd(&self) -> Lost {
        Lost {
            kind: LostKind::NotAnApi,
            message: format!(
                "{} answered with another type of data",
                self.client.address()
            ),
        }
    }

    async fn ask(&self, question: Question) -> Asked<Body> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = Arc::clone(known.entry(question.clone()).or_default());
        drop(known);
        cell.get_or_init(|| self.fetch(question)).await.clone()
    }

    async fn fetch(&self, question: Question) -> Asked<Body> {
        let _permit = self.permits.acquire().await;
        if let Some(lost) = self.lost.get() {
            return Err(lost.clone());
        }
        let answer = self
            .deadline
            .within(self.client, send(self.client, question));
        let answer = answer.await;
        if let Err(lost) = &answer
            && lost.kind == LostKind::Unreachable
        {
            // Another question may have said so already.
            let _ = self.lost.set(lost.clone());
        }
        answer
    }
}

async fn send(client: &Client, question: Question) -> Result<Body, SourceError> {
    let time = |millis: i64| Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
    match question {
        Question::Instant { query, at } => {
            let answer = client.instant(&query, Some(time(at))).await?;
            Ok(Body::Vector(Arc::new(answer)))
        }
        Question::Samples { selector, at } => {
            let matrix = client.samples(&selector, Some(time(at))).await?;
            Ok(Body::Matrix(Arc::new(matrix)))
        }
        Question::Range {
            query,
            start,
            end,
            step,
        } => {
            let step = Duration::from_millis(step.unsigned_abs());
            let matrix = client.range(&query, time(start), time(end), step).await?;
            Ok(Body::Matrix(Arc::new(matrix)))
        }
    }
}
