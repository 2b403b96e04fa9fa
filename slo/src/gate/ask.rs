//! Asks many questions at once, equal ones once, until there is no time left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use outcome::Failure;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::evidence::{Asked, Lost, LostKind};
use super::record::{Question, Recorder, Recording};
use crate::prometheus::{self, Answer, Client, Matrix, SourceError};

/// An answer as it is kept. Equal questions share it.
#[derive(Debug, Clone)]
enum Body {
    Vector(Arc<Answer>),
    Matrix(Arc<Matrix>),
}

type Shared = Arc<OnceCell<Asked<Body>>>;

/// Who answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    /// A Prometheus; what it says is kept when there is a recorder.
    Live {
        client: &'a Client,
        recorder: Option<&'a Recorder>,
        deadline: Deadline,
    },
    /// The answers of an earlier run.
    Recorded(&'a Recording),
}

/// Prometheus at one time, with one deadline for everything. Equal questions are asked once; once
/// it is out of reach it is not asked again.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    source: Source<'a>,
    address: &'a str,
    at: Timestamp,
    /// How many questions may be on their way at the same time.
    permits: Semaphore,
    lost: OnceLock<Lost>,
    /// What makes the whole run end.
    failure: OnceLock<Failure>,
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

    async fn within(self, client: &Client, question: &Question) -> Asked<Vec<u8>> {
        let late = || SourceError::Late {
            address: client.address().to_owned(),
            limit: self.limit,
        };
        let asked = asked(question);
        let answer = timeout_at(self.at, client.exchange(&asked))
            .await
            .unwrap_or_else(|_| Err(late()));
        answer.map(|exchange| exchange.body).map_err(Lost::from)
    }
}

impl<'a> Asker<'a> {
    /// Asks at most `concurrency` questions at the same time. `address` is how sentences call the
    /// one who answers.
    pub(super) fn new(source: Source<'a>, address: &'a str, concurrency: usize) -> Self {
        Self {
            source,
            address,
            at: Timestamp::UNIX_EPOCH,
            permits: Semaphore::new(concurrency.max(1)),
            lost: OnceLock::new(),
            failure: OnceLock::new(),
            known: Mutex::new(HashMap::new()),
        }
    }

    /// The same, looking at another time.
    pub(super) fn looking_at(self, at: Timestamp) -> Self {
        Self { at, ..self }
    }

    /// The first thing that makes the whole run end, if there was any.
    pub(super) fn into_failure(self) -> Option<Failure> {
        self.failure.into_inner()
    }

    /// The time by the clock of Prometheus, so that a clock of ours that is off decides nothing.
    pub(super) async fn now(&self) -> Asked<Timestamp> {
        let strange = || Lost {
            kind: LostKind::NotAnApi,
            message: format!("{} does not know what time it is", self.address),
        };
        let Body::Vector(answer) = self.ask(Question::Now).await? else {
            return Err(strange());
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
            query: selector.to_owned(),
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
        self.matrix(range_question(query, start, end, step)).await
    }

    /// As [`Self::range`]; `None` of a recording in which this was not asked: a question that came up
    /// since then must not change what was said then.
    pub(super) async fn range_if_known(
        &self,
        query: &str,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
    ) -> Option<Asked<Arc<Matrix>>> {
        let question = range_question(query, start, end, step);
        if let Source::Recorded(recording) = self.source
            && !recording.has(&question)
        {
            return None;
        }
        Some(self.matrix(question).await)
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
            message: format!("{} answered with another type of data", self.address),
        }
    }

    async fn ask(&self, question: Question) -> Asked<Body> {
        let cell = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(question.clone()).or_default())
        };
        cell.get_or_init(|| self.fetch(question)).await.clone()
    }

    async fn fetch(&self, question: Question) -> Asked<Body> {
        let _permit = self.permits.acquire().await;
        let body = self.bytes(&question).await?;
        let read = match question {
            Question::Now | Question::Instant { .. } => {
                prometheus::instant_of(&body, self.address).map(|read| Body::Vector(Arc::new(read)))
            }
            Question::Samples { .. } => {
                prometheus::samples_of(&body, self.address).map(|read| Body::Matrix(Arc::new(read)))
            }
            Question::Range { .. } => {
                prometheus::matrix_of(&body, self.address).map(|read| Body::Matrix(Arc::new(read)))
            }
        };
        read.map_err(Lost::from)
    }

    async fn bytes(&self, question: &Question) -> Asked<Vec<u8>> {
        match self.source {
            Source::Recorded(recording) => recording.answer(question).unwrap_or_else(|failure| {
                let lost = Lost {
                    kind: LostKind::NotAnApi,
                    message: failure.to_string(),
                };
                // The first one is told.
                let _ = self.failure.set(failure);
                Err(lost)
            }),
            Source::Live {
                client,
                recorder,
                deadline,
            } => {
                let answer = match self.lost.get() {
                    Some(lost) => Err(lost.clone()),
                    None => deadline.within(client, question).await,
                };
                if let Err(lost) = &answer
                    && lost.kind == LostKind::Unreachable
                {
                    // Another question may have said so already.
                    let _ = self.lost.set(lost.clone());
                }
                if let Some(recorder) = recorder {
                    recorder.keep(question, &answer);
                }
                answer
            }
        }
    }
}

pub(super) fn range_question(
    query: &str,
    start: Timestamp,
    end: Timestamp,
    step: Duration,
) -> Question {
    Question::Range {
        query: query.to_owned(),
        start: start.as_millisecond(),
        end: end.as_millisecond(),
        step: i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1),
    }
}

/// What the client is to ask.
fn asked(question: &Question) -> prometheus::Asked {
    let time = |millis: &i64| {
        let time = Timestamp::from_millisecond(*millis).unwrap_or(Timestamp::MAX);
        time.to_string()
    };
    match question {
        Question::Now => prometheus::Asked::query("time()", None),
        Question::Instant { query, at } | Question::Samples { query, at } => {
            prometheus::Asked::query(query, Some(time(at)))
        }
        Question::Range {
            query,
            start,
            end,
            step,
        } => prometheus::Asked::range(query, time(start), time(end), *step),
    }
}
