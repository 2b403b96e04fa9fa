//! Equal work that is wanted at the same time is done once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

type Id = [u8; 32];

/// What is being worked on now.
#[derive(Debug)]
pub(crate) struct Flights<V> {
    open: Mutex<HashMap<Id, watch::Receiver<Option<V>>>>,
    open_max: usize,
}

/// A place in a flight.
#[derive(Debug)]
pub(crate) enum Seat<V> {
    /// Does the work and hands the result to [`Landing::land`].
    Pilot(Landing<V>, Arrival<V>),
    /// Waits for the work of another.
    Passenger(Arrival<V>),
    /// There are as many flights as allowed.
    Full,
}

/// Where a result will be.
pub(crate) type Arrival<V> = watch::Receiver<Option<V>>;

/// The duty to end a flight. Dropped without a result, its passengers are told that it was lost.
#[derive(Debug)]
pub(crate) struct Landing<V> {
    flights: Arc<Flights<V>>,
    id: Id,
    result: watch::Sender<Option<V>>,
}

/// Why a flight gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoArrival {
    /// It took too long.
    Late,
    /// Its pilot panicked.
    Lost,
}

impl<V: Clone> Flights<V> {
    pub(crate) fn new(open_max: usize) -> Self {
        Self {
            open: Mutex::new(HashMap::new()),
            open_max,
        }
    }

    /// Takes a place in the flight of `id`.
    pub(crate) fn board(self: &Arc<Self>, id: Id) -> Seat<V> {
        let mut open = self.lock();
        if let Some(arrival) = open.get(&id) {
            return Seat::Passenger(arrival.clone());
        }
        if open.len() >= self.open_max {
            return Seat::Full;
        }
        let (result, arrival) = watch::channel(None);
        open.insert(id, arrival.clone());
        Seat::Pilot(
            Landing {
                flights: Arc::clone(self),
                id,
                result,
            },
            arrival,
        )
    }
}

impl<V> Flights<V> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Arrival<V>>> {
        // Each change of the map is one call, so a panic leaves it whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Landing<V> {
    /// Ends the flight with a result for everyone aboard.
    pub(crate) fn land(self, value: V) {
        self.result.send_replace(Some(value));
    }
}

impl<V> Drop for Landing<V> {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.id);
    }
}

/// Waits for the end of a flight.
pub(crate) async fn arrive<V: Clone>(
    mut arrival: Arrival<V>,
    patience: Duration,
) -> Result<V, NoArrival> {
    let landed = tokio::time::timeout(patience, arrival.wait_for(Option::is_some)).await;
    let value = landed
        .map_err(|_| NoArrival::Late)?
        .map_err(|_| NoArrival::Lost)?;
    value.clone().ok_or(NoArrival::Lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn flights() -> Arc<Flights<u32>> {
        Arc::new(Flights::new(2))
    }

    fn pilot(flights: &Arc<Flights<u32>>, id: u8) -> (Landing<u32>, Arrival<u32>) {
        match flights.board([id; 32]) {
            Seat::Pilot(landing, arrival) => (landing, arrival),
            seat => panic!("{seat:?}"),
        }
    }

    #[tokio::test]
    async fn everyone_aboard_gets_the_one_result() {
        let flights = flights();
        let (landing, first) = pilot(&flights, 1);
        let Seat::Passenger(second) = flights.board([1; 32]) else {
            panic!("a second pilot")
        };
        landing.land(42);
        assert_eq!(arrive(first, PATIENCE).await, Ok(42));
        assert_eq!(arrive(second, PATIENCE).await, Ok(42));
        // The next one is a flight of its own.
        let _ = pilot(&flights, 1);
    }

    #[tokio::test]
    async fn passengers_of_a_lost_flight_are_told() {
        let flights = flights();
        let (landing, arrival) = pilot(&flights, 1);
        drop(landing);
        assert_eq!(arrive(arrival, PATIENCE).await, Err(NoArrival::Lost));
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_patience() {
        let flights = flights();
        let (_landing, arrival) = pilot(&flights, 1);
        assert_eq!(
            arrive(arrival, Duration::from_millis(1)).await,
            Err(NoArrival::Late)
        );
    }

    #[test]
    fn flights_are_bounded() {
        let flights = flights();
        let _one = pilot(&flights, 1);
        let _two = pilot(&flights, 2);
        assert!(matches!(flights.board([3; 32]), Seat::Full));
        assert!(matches!(flights.board([1; 32]), Seat::Passenger(_)));
    }
}
