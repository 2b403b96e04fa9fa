//! Alerts in one SQLite file.
//!
//! Write-ahead logging lets others read while the desk writes; full synchronisation makes what was
//! answered with success survive a power cut.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, params};

use crate::message::{Alert, Status};
use crate::record::AlertRecord;

/// Version of the tables; a file with another one is not touched.
const TABLES_VERSION: i64 = 1;
/// Marks the file as ours: "PMDK".
const APPLICATION_ID: i64 = 0x504D_444B;

/// Times are text with nine digits after the point, so that their order is the order of time.
const TABLES: &str = "
CREATE TABLE alerts (
    fingerprint    TEXT NOT NULL,
    starts_at      TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('firing', 'resolved')),
    resolved_at    TEXT,
    received_first TEXT NOT NULL,
    received_last  TEXT NOT NULL,
    deliveries     INTEGER NOT NULL,
    labels         TEXT NOT NULL,
    annotations    TEXT NOT NULL,
    generator_url  TEXT NOT NULL,
    PRIMARY KEY (fingerprint, starts_at)
) STRICT;
CREATE INDEX alerts_by_start ON alerts (starts_at DESC, received_first DESC);
CREATE INDEX alerts_by_age ON alerts (status, received_last);
";

const COLUMNS: &str = "fingerprint, starts_at, status, resolved_at, received_first, \
                       received_last, deliveries, labels, annotations, generator_url";

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// SQLite says so.
    #[error("SQLite")]
    Sqlite(#[from] rusqlite::Error),
    /// The file is a database of something else.
    #[error("the file is a database of another program")]
    Foreign,
    /// The file was written by another version.
    #[error("its tables have version {found}, expected {TABLES_VERSION}")]
    Version {
        /// The version of the file.
        found: i64,
    },
}

/// An open file of alerts.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    records_max: u64,
}

impl Store {
    /// Opens the file, and creates it when it is not there. At most `records_max` alerts stay in
    /// it; a write waits up to `busy` for others to finish theirs.
    pub(crate) fn open(file: &Path, records_max: u64, busy: Duration) -> Result<Self, StoreError> {
        let mut connection = Connection::open(file)?;
        connection.busy_timeout(busy)?;
        if Self::version(&connection)? == 0 {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            Self::create(&mut connection)?;
        }
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(Self {
            connection,
            records_max,
        })
    }

    /// Opens a file that is there, to read it.
    pub(crate) fn open_existing(file: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        match Self::version(&connection)? {
            0 => Err(StoreError::Foreign),
            _ => Ok(Self {
                connection,
                records_max: u64::MAX,
            }),
        }
    }

    /// Merges alerts received at `now`, all or none of them; when this returns they are durable.
    pub(crate) fn keep(&mut self, alerts: &[Alert], now: Timestamp) -> Result<(), StoreError> {
        let behavior = rusqlite::TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        for alert in alerts {
            let known = find(&transaction, &alert.fingerprint, alert.starts_at)?;
            write(
                &transaction,
                &AlertRecord::merge(known.as_ref(), alert, now),
            )?;
        }
        trim(&transaction, self.records_max)?;
        transaction.commit()?;
        Ok(())
    }

    /// The newest alerts by their start, at most `count_max`.
    pub(crate) fn newest(&self, count_max: u32) -> Result<Vec<AlertRecord>, StoreError> {
        let query = format!(
            "SELECT {COLUMNS} FROM alerts \
             ORDER BY starts_at DESC, received_first DESC, fingerprint LIMIT ?1"
        );
        let mut statement = self.connection.prepare(&query)?;
        let records = statement.query_map([count_max], record)?;
        Ok(records.collect::<Result<_, _>>()?)
    }

    /// The version of the tables; 0 of an empty file.
    fn version(connection: &Connection) -> Result<i64, StoreError> {
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
        match (pragma("application_id")?, pragma("user_version")?) {
            (APPLICATION_ID, TABLES_VERSION) => Ok(TABLES_VERSION),
            (APPLICATION_ID, found) => Err(StoreError::Version { found }),
            (0, 0) if tables == 0 => Ok(0),
            _ => Err(StoreError::Foreign),
        }
    }

    fn create(connection: &mut Connection) -> Result<(), StoreError> {
        let behavior = rusqlite::TransactionBehavior::Exclusive;
        let transaction = connection.transaction_with_behavior(behavior)?;
        // Another desk may have been faster.
        if Self::version(&transaction)? == 0 {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", TABLES_VERSION)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

fn find(
    transaction: &Transaction<'_>,
    fingerprint: &str,
    starts_at: Timestamp,
) -> Result<Option<AlertRecord>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM alerts WHERE fingerprint = ?1 AND starts_at = ?2");
    let mut statement = transaction.prepare_cached(&query)?;
    Ok(statement
        .query_row(params![fingerprint, time_text(starts_at)], record)
        .optional()?)
}

fn write(transaction: &Transaction<'_>, record: &AlertRecord) -> Result<(), StoreError> {
    let command = format!(
        "INSERT OR REPLACE INTO alerts ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
    );
    let json = |texts| serde_json::to_string(texts).map_err(|error| unwritable(error.into()));
    transaction.prepare_cached(&command)?.execute(params![
        record.fingerprint,
        time_text(record.starts_at),
        record.status.as_str(),
        record.resolved_at.map(time_text),
        time_text(record.received_first),
        time_text(record.received_last),
        i64::try_from(record.deliveries).unwrap_or(i64::MAX),
        json(&record.labels)?,
        json(&record.annotations)?,
        record.generator_url,
    ])?;
    Ok(())
}

/// Removes what is more than `records_max`: resolved alerts first, the longest unheard of first.
fn trim(transaction: &Transaction<'_>, records_max: u64) -> Result<(), StoreError> {
    let count: i64 = transaction.query_row("SELECT count(*) FROM alerts", [], |row| row.get(0))?;
    let excess = count.saturating_sub(i64::try_from(records_max).unwrap_or(i64::MAX));
    if excess > 0 {
        let command = "DELETE FROM alerts WHERE rowid IN (SELECT rowid FROM alerts \
                       ORDER BY status = 'firing', received_last, starts_at LIMIT ?1)";
        transaction.execute(command, [excess])?;
    }
    Ok(())
}

fn record(row: &Row<'_>) -> rusqlite::Result<AlertRecord> {
    let time = |index: usize| -> rusqlite::Result<Timestamp> {
        row.get::<_, String>(index)?
            .parse()
            .map_err(|error| unreadable(index, error))
    };
    let json = |index: usize| {
        let text: String = row.get(index)?;
        serde_json::from_str(&text).map_err(|error| unreadable(index, error))
    };
    let status: String = row.get(2)?;
    let resolved: Option<String> = row.get(3)?;
    Ok(AlertRecord {
        fingerprint: row.get(0)?,
        starts_at: time(1)?,
        status: Status::parse(&status).ok_or_else(|| unreadable(2, "an unknown status"))?,
        resolved_at: resolved.map(|_| time(3)).transpose()?,
        received_first: time(4)?,
        received_last: time(5)?,
        deliveries: row.get::<_, i64>(6)?.unsigned_abs(),
        labels: json(7)?,
        annotations: json(8)?,
        generator_url: row.get(9)?,
    })
}

fn unreadable(
    index: usize,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, cause.into())
}

fn unwritable(cause: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Sqlite(rusqlite::Error::ToSqlConversionFailure(cause))
}

fn time_text(time: Timestamp) -> String {
    format!("{time:.9}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const BUSY: Duration = Duration::from_millis(50);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_767_323_045 + seconds).unwrap()
    }

    fn alert(fingerprint: &str, start: Timestamp, status: Status) -> Alert {
        Alert {
            fingerprint: fingerprint.to_owned(),
            starts_at: start,
            ends_at: (status == Status::Resolved).then_some(start),
            status,
            labels: BTreeMap::from([("alertname".to_owned(), "a'b\"c\u{7}é".to_owned())]),
            annotations: BTreeMap::new(),
            generator_url: "http://prometheus/".to_owned(),
        }
    }

    fn fingerprints(store: &Store) -> Vec<String> {
        store
            .newest(10)
            .unwrap()
            .into_iter()
            .map(|record| record.fingerprint)
            .collect()
    }

    #[test]
    fn what_was_kept_is_read_back_newest_first_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.db");
        let mut store = Store::open(&file, 10, BUSY).unwrap();
        let half = Timestamp::from_millisecond(at(1).as_millisecond() + 500).unwrap();
        let alerts = [
            alert("b", at(1), Status::Firing),
            alert("c", half, Status::Firing),
            alert("a", at(0), Status::Firing),
        ];
        store.keep(&alerts, at(5)).unwrap();
        store
            .keep(&[alert("a", at(0), Status::Resolved)], at(6))
            .unwrap();
        let other = Store::open_existing(&file).unwrap();
        assert_eq!(fingerprints(&other), ["c", "b", "a"]);
        let newest = other.newest(10).unwrap();
        assert_eq!(newest[0], AlertRecord::merge(None, &alerts[1], at(5)));
        assert_eq!(
            (newest[2].status, newest[2].deliveries),
            (Status::Resolved, 2)
        );
        assert_eq!(other.newest(1).unwrap().len(), 1);
    }

    #[test]
    fn the_longest_unheard_resolved_alerts_make_room_and_firing_ones_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("desk.db"), 3, BUSY).unwrap();
        store
            .keep(&[alert("a", at(0), Status::Firing)], at(0))
            .unwrap();
        store
            .keep(&[alert("b", at(1), Status::Resolved)], at(1))
            .unwrap();
        store
            .keep(&[alert("c", at(2), Status::Resolved)], at(2))
            .unwrap();
        store
            .keep(&[alert("d", at(3), Status::Firing)], at(3))
            .unwrap();
        assert_eq!(fingerprints(&store), ["d", "c", "a"]);
        let more = ["e", "f"].map(|name| alert(name, at(4), Status::Firing));
        store.keep(&more, at(4)).unwrap();
        assert_eq!(fingerprints(&store), ["e", "f", "d"]);
    }

    #[test]
    fn alerts_of_a_message_that_cannot_be_written_are_not_kept_in_part() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.db");
        let mut store = Store::open(&file, 10, BUSY).unwrap();
        let other = Connection::open(&file).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let alerts = [
            alert("a", at(0), Status::Firing),
            alert("b", at(1), Status::Firing),
        ];
        assert!(store.keep(&alerts, at(5)).is_err());
        other.execute_batch("ROLLBACK").unwrap();
        assert!(store.newest(10).unwrap().is_empty());
        store.keep(&alerts, at(5)).unwrap();
        assert_eq!(store.newest(10).unwrap().len(), 2);
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.db");
        std::fs::write(
            &file,
            "a letter, not a database, and long enough to be looked at",
        )
        .unwrap();
        let text = "a letter, not a database, and long enough to be looked at";
        assert!(Store::open(&file, 10, BUSY).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        let foreign = folder.path().join("foreign.db");
        Connection::open(&foreign)
            .unwrap()
            .execute_batch("CREATE TABLE t (c)")
            .unwrap();
        assert!(matches!(
            Store::open(&foreign, 10, BUSY),
            Err(StoreError::Foreign)
        ));
        let newer = folder.path().join("newer.db");
        drop(Store::open(&newer, 10, BUSY).unwrap());
        Connection::open(&newer)
            .unwrap()
            .pragma_update(None, "user_version", 2)
            .unwrap();
        let error = Store::open(&newer, 10, BUSY).unwrap_err();
        assert_eq!(error.to_string(), "its tables have version 2, expected 1");
    }
}
