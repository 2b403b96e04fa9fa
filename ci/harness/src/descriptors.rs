//! Room for connections: the service, the load and the proxies hold thousands.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are enough for any number of connections that can be configured.
const WANTED: u64 = 131_072;

/// Raises the limit of this process as far as that is needed and allowed. Each connection is a
/// descriptor, and the usual soft limit of 1,024 would be the real cap.
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(WANTED, |hard| hard.min(WANTED));
    if limit.current.is_some_and(|soft| soft < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        // If it is refused, the command runs with what it has.
        let _ = setrlimit(Resource::Nofile, raised);
    }
}
