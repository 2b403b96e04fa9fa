//! Asks one question after the other until there is no time left.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::evidence::{Asked, Lost, LostKind};
use crate::prometheus::{Answer, Client, Matrix, SourceError};

/// Prometheus at one time, with one deadline for everything. Equal questions are asked once; once
/// it is out of reach it is not asked again.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    client: &'a Client,
    at: Timestamp,
    deadline: Deadline,
    lost: Option<Lost>,
    known: HashMap<String, Asked<Answer>>,
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
    pub(super) fn new(client: &'a Client, at: Timestamp, deadline: Deadline) -> Self {
        Self {
            client,
            at,
            deadline,
            lost: None,
            known: HashMap::new(),
        }
    }

    /// The time that is looked at, in seconds since 1970.
    pub(super) fn at_seconds(&self) -> f64 {
        self.at.as_duration().as_secs_f64()
    }

    pub(super) async fn instant(&mut self, query: &str) -> Asked<Answer> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        if let Some(known) = self.known.get(query) {
            return known.clone();
        }
        let question = self.client.instant(query, Some(self.at));
        let answer = self.deadline.within(self.client, question).await;
        let answer = self.remembered(answer);
        self.known.insert(query.to_owned(), answer.clone());
        answer
    }

    pub(super) async fn samples(&mut self, selector: &str) -> Asked<Matrix> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let question = self.client.samples(selector, Some(self.at));
        let answer = self.deadline.within(self.client, question).await;
        self.remembered(answer)
    }

    fn remembered<T>(&mut self, answer: Asked<T>) -> Asked<T> {
        if let Err(lost) = &answer
            && lost.kind == LostKind::Unreachable
        {
            self.lost = Some(lost.clone());
        }
        answer
    }
}
