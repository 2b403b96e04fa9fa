//! Pictures in Redis, which several instances share. Its loss costs nothing but speed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, RedisError};
use resilience::{Breaker, Circuit, Class, Pass, Policy};
use signals::{DbOperation, Dependency, ErrorType, field};
use tokio::sync::Semaphore;

use super::picture::{Key, Picture};
use crate::clock;
use crate::config::{self, Config};
use crate::telemetry::{Figures, Line, Log, Severity, Telemetry};

/// What Redis had.
#[derive(Debug)]
pub(crate) enum Found {
    /// The picture.
    Picture(Picture),
    /// No value.
    Nothing,
    /// A value that is not what was written.
    Corrupt,
    /// It could not be asked.
    Unknown(ErrorType),
}

/// The way to Redis; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct RedisTier {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: Client,
    timeout: Duration,
    ttl: Duration,
    value_bytes_max: usize,
    link: Mutex<Link>,
    writes: Arc<Semaphore>,
    figures: Arc<Figures>,
    log: Log,
}

/// The connection, and whether it is worth trying.
struct Link {
    breaker: Breaker,
    connection: Option<ConnectionManager>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}

impl RedisTier {
    /// The way to the configured Redis, if there is one. Nothing is connected yet.
    pub(crate) fn new(config: &Config, telemetry: &Telemetry) -> Option<Self> {
        let settings = &config.redis;
        let client = settings.url.get()?.client();
        let link = Link {
            breaker: Breaker::new(policy(&settings.breaker)),
            connection: None,
        };
        Some(Self {
            shared: Arc::new(Shared {
                client,
                timeout: settings.timeout.get(),
                ttl: config.cache.ttl.get(),
                value_bytes_max: settings.value_bytes_max.get(),
                link: Mutex::new(link),
                writes: Arc::new(Semaphore::new(settings.writes_max.get())),
                figures: Arc::clone(&telemetry.figures),
                log: telemetry.log.clone(),
            }),
        })
    }

    /// Looks for a picture.
    pub(crate) async fn get(&self, key: &Key) -> Found {
        let mut command = ::redis::cmd("GET");
        command.arg(key.redis.text());
        match self
            .shared
            .ask::<Option<Vec<u8>>>(DbOperation::Get, command)
            .await
        {
            Ok(None) => Found::Nothing,
            Ok(Some(value)) => {
                Picture::from_value(value, key).map_or(Found::Corrupt, Found::Picture)
            }
            Err(error) => Found::Unknown(error),
        }
    }

    /// Writes a picture in the background; not at all when too many are being written.
    pub(crate) fn put(&self, key: Key, picture: Arc<Picture>) {
        if picture.png.len() > self.shared.value_bytes_max {
            return;
        }
        let Ok(permit) = Arc::clone(&self.shared.writes).try_acquire_owned() else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let mut command = ::redis::cmd("SET");
            command.arg(key.redis.text()).arg(picture.to_value(&key));
            command.arg("EX").arg(shared.ttl.as_secs().max(1));
            // A picture that is not written is drawn again; the breaker has taken note.
            let _ = shared.ask::<()>(DbOperation::Set, command).await;
            drop(permit);
        });
    }
}

impl Shared {
    /// Makes one call, if the circuit lets it through, and takes note of how it went.
    async fn ask<T: ::redis::FromRedisValue>(
        &self,
        operation: DbOperation,
        command: ::redis::Cmd,
    ) -> Result<T, ErrorType> {
        let (pass, mut connection) = self.admit()?;
        let start = clock::now();
        // The connection has a timeout of its own; this one covers connecting as well.
        let answer = tokio::time::timeout(self.timeout, command.query_async(&mut connection)).await;
        let (result, error) = match answer {
            Ok(Ok(value)) => (Ok(value), None),
            Ok(Err(error)) => (Err(kind_of(&error)), Some(error.to_string())),
            Err(_) => (
                Err(ErrorType::Timeout),
                Some(format!("no answer within {:?}", self.timeout)),
            ),
        };
        let error_type = result.as_ref().err().copied().unwrap_or(ErrorType::None);
        self.figures
            .redis(operation, error_type, clock::since(start));
        self.record(pass, operation, error);
        result
    }

    fn lock(&self) -> MutexGuard<'_, Link> {
        // No call inside can panic half way.
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self) -> Result<(Pass, ConnectionManager), ErrorType> {
        let mut link = self.lock();
        let pass = link
            .breaker
            .admit(clock::now())
            .map_err(|_| ErrorType::CircuitOpen)?;
        self.show(link.breaker.circuit());
        if let Some(connection) = &link.connection {
            return Ok((pass, connection.clone()));
        }
        let settings = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_response_timeout(Some(self.timeout))
            // More than one operation may take, so that a slow handshake is finished by the next.
            .set_connection_timeout(Some(self.timeout * 10));
        let made = ConnectionManager::new_lazy_with_config(self.client.clone(), settings);
        let connection = made.map_err(|_| ErrorType::Connection)?;
        link.connection = Some(connection.clone());
        Ok((pass, connection))
    }

    fn record(&self, pass: Pass, operation: DbOperation, error: Option<String>) {
        let class = if error.is_none() {
            Class::Success
        } else {
            Class::Failure
        };
        let mut link = self.lock();
        let before = link.breaker.circuit();
        link.breaker
            .record(pass, class, clock::now(), clock::chance());
        let after = link.breaker.circuit();
        if before == after {
            return;
        }
        if after == Circuit::Open {
            // A connection into the void looks healthy for minutes: the probe gets a new one.
            link.connection = None;
        }
        self.show(after);
        drop(link);
        let line = match after {
            Circuit::Closed => {
                Line::new(Severity::Info, "Redis answers again: its circuit is closed")
            }
            _ => Line::new(
                Severity::Warn,
                "Redis fails: its circuit is open, pictures are drawn",
            ),
        };
        let line = line
            .word(field::DEPENDENCY, "redis")
            .word(field::DB_OPERATION, operation.as_str());
        self.log.write(&match error {
            Some(error) => line.text(field::ERROR, error),
            None => line,
        });
    }

    fn show(&self, circuit: Circuit) {
        self.figures.circuit(Dependency::Redis, circuit);
    }
}

fn policy(settings: &config::Breaker) -> Policy {
    Policy {
        failures_max: u32::try_from(settings.failures_max.get()).unwrap_or(u32::MAX),
        cooldown: settings.cooldown.get(),
        jitter_ratio: settings.jitter_ratio.get(),
    }
}

fn kind_of(error: &RedisError) -> ErrorType {
    if error.is_timeout() {
        ErrorType::Timeout
    } else if error.is_io_error() || error.is_connection_dropped() || error.is_connection_refusal()
    {
        ErrorType::Connection
    } else {
        ErrorType::Response
    }
}
