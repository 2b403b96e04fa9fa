//! Everything in the server that could grow, and how far it may.

use std::time::Duration;

/// Proxies of one server.
pub(crate) const PROXIES_MAX: usize = 64;

/// Open connections of one proxy; further ones are closed as soon as they are accepted.
pub(crate) const CONNECTIONS_MAX: usize = 1024;

/// Toxics of one proxy, over both streams.
pub(crate) const TOXICS_MAX: usize = 32;

/// Body of one API request.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// Characters in the name of a proxy or a toxic.
pub(crate) const NAME_CHARS_MAX: usize = 128;

/// Longest time that an attribute may ask for where attributes are validated: one day.
pub(crate) const DELAY_MAX_MS: i64 = 24 * 60 * 60 * 1000;

/// Largest rate where attributes are validated, in kB/s: 1 TB/s.
pub(crate) const RATE_MAX: i64 = 1_000_000_000;

/// Most bytes where attributes are validated.
pub(crate) const BYTES_MAX: i64 = 1 << 40;

/// Longest time that is waited for, whatever an attribute says: a year.
pub(crate) const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Time that one piece takes under a bandwidth.
pub(crate) const PIECE_TIME: Duration = Duration::from_millis(20);

/// Most that one read takes from a socket.
pub(crate) const READ_BYTES_MAX: usize = 32 * 1024;

/// What a stage that passes bytes on at once may hold.
pub(crate) const PASSING_BYTES_MAX: usize = 64 * 1024;

/// What a stage that delays bytes may hold: 5 MB/s under a latency of 800 ms.
pub(crate) const DELAYING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Chunks in a stage, however small they are.
pub(crate) const CHUNKS_MAX: usize = 4096;

/// How long the upstream of a proxy may take to accept a connection.
pub(crate) const DIAL_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a connection may be silent before its peers are asked whether they are there.
pub(crate) const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// Time between such questions; the system gives a peer up after a few without an answer.
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// How long nothing may move over a connection before it is closed.
pub(crate) const IDLE_TIME: Duration = Duration::from_secs(60 * 60);

/// The same once one side has said all it had to say.
pub(crate) const HALF_OPEN_TIME: Duration = Duration::from_secs(5 * 60);

/// Shortest of these times that can be asked for.
pub(crate) const SILENCE_MIN: Duration = Duration::from_millis(100);

/// Longest of these times that can be asked for.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long open connections may take to adopt a change of toxics.
pub(crate) const CHANGE_TIME_MAX: Duration = Duration::from_secs(5);

/// Changes of toxics that wait for one connection.
pub(crate) const CHANGES_QUEUED_MAX: usize = 4;
