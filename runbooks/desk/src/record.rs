//! What is kept of an alert, and how a message changes it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::message::{Alert, Status};

/// The schema of [`AlertList`].
pub const SCHEMA: &str = "proofmark-desk-alerts/1";

/// A firing message that comes this soon after the resolved one was overtaken by it. Later, the
/// alert fires again with the start it had: that happens when Prometheus was away for a while.
const OVERTAKEN_MAX: SignedDuration = SignedDuration::from_secs(60);

/// One alert as it is kept; fingerprint and start identify it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AlertRecord {
    /// Its identity among alerts with other labels.
    pub fingerprint: String,
    /// When its condition began to hold.
    pub starts_at: Timestamp,
    /// How it stands.
    pub status: Status,
    /// When its condition ended; only while it is resolved.
    pub resolved_at: Option<Timestamp>,
    /// When the desk first heard of it.
    pub received_first: Timestamp,
    /// When the desk last heard of it.
    pub received_last: Timestamp,
    /// How often the desk heard of it.
    pub deliveries: u64,
    /// What identifies it, `alertname` among it.
    pub labels: BTreeMap<String, String>,
    /// What explains it, as it was last said.
    pub annotations: BTreeMap<String, String>,
    /// The query it comes from.
    pub generator_url: String,
}

/// Alerts, newest first, as `/alerts` and `proofmark desk alerts --json` write them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AlertList {
    /// [`SCHEMA`].
    pub schema: String,
    /// The alerts.
    pub alerts: Vec<AlertRecord>,
}

impl AlertList {
    pub(crate) fn new(alerts: Vec<AlertRecord>) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            alerts,
        }
    }
}

impl AlertRecord {
    /// What is known after `alert` was received at `now`, given what was known of it before.
    ///
    /// Messages may come twice and out of order: the order does not change what is known of a
    /// resolved alert, as long as the firing message comes within a minute.
    #[must_use]
    pub fn merge(known: Option<&Self>, alert: &Alert, now: Timestamp) -> Self {
        let mut record = Self {
            fingerprint: alert.fingerprint.clone(),
            starts_at: alert.starts_at,
            status: alert.status,
            // An end before the start or in the future is not known to be one.
            resolved_at: alert.ends_at.map(|end| {
                if end < alert.starts_at || end > now {
                    now.max(alert.starts_at)
                } else {
                    end
                }
            }),
            received_first: known.map_or(now, |known| known.received_first.min(now)),
            received_last: known.map_or(now, |known| known.received_last.max(now)),
            deliveries: known.map_or(1, |known| known.deliveries.saturating_add(1)),
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            generator_url: alert.generator_url.clone(),
        };
        let Some(known) = known.filter(|known| known.status == Status::Resolved) else {
            return record;
        };
        let is_overtaken = now.duration_since(known.received_last) <= OVERTAKEN_MAX;
        if alert.status == Status::Firing && is_overtaken {
            record.status = Status::Resolved;
            record.resolved_at = known.resolved_at;
            // It must not keep itself young: only what is later than the resolution reopens it.
            record.received_last = known.received_last;
            record.annotations.clone_from(&known.annotations);
        } else if alert.status == Status::Resolved {
            record.resolved_at = known.resolved_at.or(record.resolved_at);
        }
        record
    }

    /// Name of the alert; empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.label("alertname")
    }

    /// Value of a label; empty when there is none.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_767_323_045 + seconds).unwrap()
    }

    fn alert(status: Status, ends: Option<i64>) -> Alert {
        Alert {
            fingerprint: "a1".to_owned(),
            starts_at: at(0),
            ends_at: ends.map(at),
            status,
            labels: BTreeMap::from([("alertname".to_owned(), "LatencyHigh".to_owned())]),
            annotations: BTreeMap::new(),
            generator_url: String::new(),
        }
    }

    fn firing() -> Alert {
        alert(Status::Firing, None)
    }

    fn resolved() -> Alert {
        alert(Status::Resolved, Some(100))
    }

    /// The record after messages at these seconds.
    fn after(messages: &[(Alert, i64)]) -> AlertRecord {
        let merge = |known: Option<AlertRecord>, (alert, second): &(Alert, i64)| {
            Some(AlertRecord::merge(known.as_ref(), alert, at(*second)))
        };
        messages.iter().fold(None, merge).unwrap()
    }

    #[test]
    fn an_alert_fires_and_resolves_with_all_its_times() {
        let record = after(&[(firing(), 10), (firing(), 50), (resolved(), 105)]);
        assert_eq!(record.status, Status::Resolved);
        assert_eq!(record.resolved_at, Some(at(100)));
        assert_eq!(
            (record.received_first, record.received_last),
            (at(10), at(105))
        );
        assert_eq!(record.deliveries, 3);
    }

    #[test]
    fn a_message_that_comes_twice_changes_only_when_it_was_heard() {
        let once = after(&[(firing(), 10), (resolved(), 105)]);
        let twice = after(&[(firing(), 10), (resolved(), 105), (resolved(), 300)]);
        assert_eq!(twice.received_last, at(300));
        let calm = AlertRecord {
            received_last: once.received_last,
            deliveries: once.deliveries,
            ..twice
        };
        assert_eq!(calm, once);
    }

    #[test]
    fn a_firing_message_that_was_overtaken_by_its_resolution_does_not_reopen_it() {
        let record = after(&[(resolved(), 105), (firing(), 106), (firing(), 165)]);
        assert_eq!(
            (record.status, record.resolved_at),
            (Status::Resolved, Some(at(100)))
        );
        assert_eq!(record.received_first, at(105));
    }

    #[test]
    fn one_that_fires_again_later_with_the_same_start_is_firing() {
        let record = after(&[(firing(), 10), (resolved(), 105), (firing(), 166)]);
        assert_eq!((record.status, record.resolved_at), (Status::Firing, None));
        // Even when overtaken messages came in between.
        let record = after(&[(resolved(), 105), (firing(), 150), (firing(), 166)]);
        assert_eq!(record.status, Status::Firing);
    }

    #[test]
    fn an_impossible_end_is_replaced_by_when_it_was_heard() {
        for end in [-1, 10_000] {
            let record = after(&[(alert(Status::Resolved, Some(end)), 105)]);
            assert_eq!(record.resolved_at, Some(at(105)));
        }
    }
}
