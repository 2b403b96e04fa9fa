//! Charts from Prometheus: from parameters to series.
//!
//! [`ChartRequest`] is what a URL asks for, with nothing left open. [`Source`] asks Prometheus for
//! it: at the step that the picture can show, then, when that takes too long, at a coarser one; and
//! it keeps the last good data of each chart for the time when there is no newer. What is drawn of
//! it, and what is written on it, is for the caller to say. No data is never no problem: an empty
//! result is an empty chart, and everything else is a [`SourceError`].

mod step;
mod legend;
mod request;
mod answer;
mod error;
mod client;
mod last_good;

#[cfg(test)]
mod tests;

use std::mem::size_of;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use outcome::{Failure, OrFail};
use render::Series;
use resilience::Deadline;
use signals::{ErrorType, span};

pub(crate) use error::{Blame, SourceError};
pub(crate) use last_good::LastGood;
pub(crate) use legend::Legend;
pub(crate) use request::{ChartRequest, Rules};

use crate::clock;
use crate::config::Config;
use crate::pictures::{Arrival, Flights, Landing, NoArrival, Seat, arrive};
use crate::telemetry::{Telemetry, Timing};
use crate::web::Problem;
use client::{Ask, Client, Turn};
use last_good::Shelf;
use step::Grid;

/// Different charts that are asked for at a time.
const FLIGHTS_MAX: usize = 256;

/// How much of the time the first try gets, if a coarser one can follow.
const FINE_SHARE: f64 = 0.6;

/// With less time than this nobody is asked.
const TRY_MIN: Duration = Duration::from_millis(20);

/// Charts from Prometheus.
#[derive(Debug)]
pub(crate) struct Source {
    rules: Rules,
    client: Option<Client>,
    flights: Arc<Flights<Flown>>,
    shelf: Shelf,
    drawing_reserve: Duration,
    stale_max: Duration,
}

/// The series of one chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Data {
    /// In the order of the legend.
    pub(crate) series: Vec<Series>,
    /// First moment that was asked for, in seconds since 1970; also where nothing was there.
    pub(crate) start: f64,
    /// Last moment that was asked for, in seconds since 1970.
    pub(crate) end: f64,
    /// Between two moments.
    pub(crate) step: Duration,
    /// The last moment that was asked for.
    pub(crate) evaluated_at: Timestamp,
    /// What Prometheus doubts about it: the data may be incomplete.
    pub(crate) notes: Vec<String>,
    /// Whether the step is coarser than the picture could show, because time was short.
    pub(crate) is_coarse: bool,
}

/// What asking gave, and what was done for it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) result: Result<Arc<Data>, SourceError>,
    /// Empty when another request asked for the same.
    pub(crate) timings: Arc<Vec<Timing>>,
}

/// What a flight brings.
type Flown = Asked;

impl Source {
    /// What the configuration says; Prometheus is connected when it is first asked.
    ///
    /// # Errors
    /// [`Failure::broken`] when no HTTP client can be made.
    pub(crate) fn new(config: &Config, telemetry: &Telemetry) -> Result<Self, Failure> {
        let settings = &config.prometheus;
        let client = Client::new(config, telemetry);
        Ok(Self {
            rules: Rules::new(config),
            client: client.or_broken("prometheus.url: cannot make an HTTP client")?,
            flights: Arc::new(Flights::new(FLIGHTS_MAX)),
            shelf: Shelf::default(),
            drawing_reserve: settings.drawing_reserve.get(),
            stale_max: settings.stale_max.get(),
        })
    }

    /// The chart that a query asks for at `now`.
    pub(crate) fn parse(&self, query: &str, now: SystemTime) -> Result<ChartRequest, Problem> {
        ChartRequest::parse(query, now, &self.rules)
    }

    /// The data of a chart, a little before `deadline` at the latest, so that it can be drawn.
    ///
    /// Requests for the same data at the same time share one query, which goes on when a caller
    /// goes away.
    pub(crate) async fn get(self: &Arc<Self>, request: &ChartRequest, deadline: Deadline) -> Asked {
        let id = request.data_identity();
        // The second time only for one whose pilot had less time than he has.
        for _ in 0..2 {
            let (arrival, is_shared) = match self.flights.board(id) {
                Seat::Full => return Asked::failed(SourceError::Refused),
                Seat::Passenger(arrival) => (arrival, true),
                Seat::Pilot(landing, arrival) => {
                    let (source, request) = (Arc::clone(self), request.clone());
                    // A task of its own: it goes on when this caller goes away.
                    tokio::spawn(async move { source.fly(landing, &request, deadline).await });
                    (arrival, false)
                }
            };
            if !is_shared {
                // The pilot gives up by himself, in time for drawing.
                return arrival_of(arrival, deadline.left(clock::now())).await;
            }
            let mut asked = arrival_of(arrival, self.left(deadline)).await;
            asked.timings = Arc::default();
            let is_early = asked.result == Err(SourceError::Late) && self.left(deadline) >= TRY_MIN;
            if !is_early {
                return asked;
            }
        }
        Asked::failed(SourceError::Late)
    }

    /// The newest data of a chart that is not too old to be shown, and its age.
    pub(crate) fn last_good(&self, request: &ChartRequest) -> Option<LastGood> {
        let id = request.series_identity();
        self.shelf.find(&id, clock::now(), self.stale_max)
    }

    /// What is left of the time without that for drawing.
    fn left(&self, deadline: Deadline) -> Duration {
        deadline
            .left(clock::now())
            .saturating_sub(self.drawing_reserve)
    }

    async fn fly(&self, landing: Landing<Flown>, request: &ChartRequest, deadline: Deadline) {
        let mut timings = Vec::new();
        let result = match &self.client {
            Some(client) => self.ask(client, request, deadline, &mut timings).await,
            None => Err(SourceError::NotConfigured),
        };
        let result = result.map(Arc::new);
        if let Ok(data) = &result {
            self.shelf
                .keep(request.series_identity(), data, clock::now());
        }
        landing.land(Asked {
            result,
            timings: Arc::new(timings),
        });
    }

    /// Asks for the step that the picture can show; when that takes too long, for a coarser one.
    async fn ask(
        &self,
        client: &Client,
        request: &ChartRequest,
        deadline: Deadline,
        timings: &mut Vec<Timing>,
    ) -> Result<Data, SourceError> {
        let turn = client.turn(self.left(deadline)).await?;
        let (fine, coarser) = (request.grid, request.grid.coarser());
        let mut patience = self.left(deadline);
        if coarser.is_some() {
            patience = patience.mul_f64(FINE_SHARE);
        }
        if patience < TRY_MIN {
            return Err(SourceError::Late);
        }
        let tried = attempt(client, &turn, request, &fine, patience, timings).await;
        let (Err(SourceError::Late), Some(coarse)) = (&tried, coarser) else {
            return tried;
        };
        let patience = self.left(deadline);
        if patience < TRY_MIN {
            return Err(SourceError::Late);
        }
        let mut data = attempt(client, &turn, request, &coarse, patience, timings).await?;
        data.is_coarse = true;
        // What is shown is still what was asked for.
        data.start = fine.ends().0;
        Ok(data)
    }
}

async fn arrival_of(arrival: Arrival<Flown>, patience: Duration) -> Asked {
    match arrive(arrival, patience).await {
        Ok(asked) => asked,
        Err(NoArrival::Late) => Asked::failed(SourceError::Late),
        Err(NoArrival::Lost) => Asked::failed(SourceError::Unavailable {
            reason: "the service has a bug".to_owned(),
            error: ErrorType::Internal,
        }),
    }
}

/// Asks once.
async fn attempt(
    client: &Client,
    turn: &Turn<'_>,
    request: &ChartRequest,
    grid: &Grid,
    patience: Duration,
    timings: &mut Vec<Timing>,
) -> Result<Data, SourceError> {
    let start = clock::now();
    let ask = Ask {
        query: request.promql(grid),
        legend: request.legend().cloned(),
        grid: *grid,
    };
    let answered = client.range(turn, ask, patience).await;
    let result = answered.map_err(|error| error.blamed_on(request.blame()));
    let result = result.map(|found| Data::new(found.series, grid, found.notes));
    let error = result.as_ref().err().map(SourceError::error_type);
    timings.push(Timing {
        span: span::PROMETHEUS_QUERY,
        start,
        end: clock::now(),
        error: error.unwrap_or(ErrorType::None),
    });
    result
}

impl Data {
    fn new(series: Vec<Series>, grid: &Grid, notes: Vec<String>) -> Self {
        let (start, end) = grid.ends();
        Self {
            series,
            start,
            end,
            step: grid.step(),
            // Every moment of a request is one that can be written.
            evaluated_at: Timestamp::from_millisecond(grid.end_ms).unwrap_or_default(),
            notes,
            is_coarse: false,
        }
    }

    /// About how much memory it takes.
    fn size_bytes(&self) -> usize {
        let series = self.series.iter().map(|series| {
            let points = series.points.capacity() * size_of::<(f64, f64)>();
            size_of::<Series>() + series.name.capacity() + points
        });
        size_of::<Self>() + series.sum::<usize>()
    }
}

impl Asked {
    fn failed(error: SourceError) -> Self {
        Self {
            result: Err(error),
            timings: Arc::default(),
        }
    }
}
