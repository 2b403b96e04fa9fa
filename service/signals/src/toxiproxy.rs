//! Names of the metrics that the embedded Toxiproxy offers: those of the original, so that a
//! dashboard made for it works. They are no signals of ours, and no catalog lists them.

/// Bytes read from a source, by direction, proxy, listener and upstream.
pub const RECEIVED_BYTES: &str = "toxiproxy_proxy_received_bytes_total";
/// Bytes that a destination has taken, by direction, proxy, listener and upstream.
pub const SENT_BYTES: &str = "toxiproxy_proxy_sent_bytes_total";
/// Memory of the process, in bytes.
pub const RESIDENT_BYTES: &str = "process_resident_memory_bytes";
/// Time on processors, in seconds.
pub const CPU_SECONDS: &str = "process_cpu_seconds_total";
/// Open file descriptors.
pub const OPEN_FILES: &str = "process_open_fds";
