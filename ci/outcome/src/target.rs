//! Which hosts may be sent load and faults.

use std::net::IpAddr;

use crate::Failure;

/// Checks that `host` (a name or address without port) is loopback or was allowed by name.
///
/// Loopback is `localhost` and every loopback address. Names are not resolved: what is not
/// obviously loopback has to be named, so that a wrong DNS entry cannot aim a fault at production.
///
/// # Errors
/// [`Failure::misused`] that names the host and the flag that would allow it.
pub fn check_target(host: &str, allowed: &[String]) -> Result<(), Failure> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback());
    if is_loopback || allowed.iter().any(|name| name.eq_ignore_ascii_case(bare)) {
        return Ok(());
    }
    Err(Failure::misused(format!(
        "{bare} is not loopback; to aim at it all the same, add --allow-remote {bare}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_needs_no_permission() {
        for host in [
            "localhost",
            "LOCALHOST",
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
        ] {
            assert!(check_target(host, &[]).is_ok(), "{host}");
        }
    }

    #[test]
    fn any_other_host_must_be_named() {
        for host in [
            "example.org",
            "10.0.0.1",
            "0.0.0.0",
            "localhost.example.org",
            "127.0.0.1.example.org",
        ] {
            assert!(check_target(host, &[]).is_err(), "{host}");
            assert!(
                check_target(host, &["other.example.org".to_owned()]).is_err(),
                "{host}"
            );
            assert!(check_target(host, &[host.to_owned()]).is_ok(), "{host}");
        }
    }
}
