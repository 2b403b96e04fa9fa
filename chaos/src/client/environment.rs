//! `HTTP_PROXY`, which `toxiproxy_rust` obeys even for loopback.
//!
//! A call for `/reset` that goes to a company's web proxy undoes nothing. The crate offers no way
//! around the environment, and changing it in a running process is unsafe; so the program starts
//! itself once more with a `NO_PROXY` that covers the address.

use std::ffi::OsString;
use std::net::IpAddr;
use std::os::unix::process::CommandExt;

use outcome::{Failure, OrFail};

/// Variables that would send a plain HTTP call through a proxy.
const PROXY_VARIABLES: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Makes sure that calls to `host` go to `host`; replaces this process when they would not.
///
/// # Errors
/// [`Failure::broken`] when the program cannot be started again.
pub(crate) fn keep_calls_direct(host: IpAddr) -> Result<(), Failure> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let is_proxied = PROXY_VARIABLES
        .iter()
        .any(|name| !variable(name).is_empty());
    // The upper-case one wins when both are set, even when it is empty.
    let exceptions = std::env::var("NO_PROXY").unwrap_or_else(|_| variable("no_proxy"));
    if !is_proxied || covers(&exceptions, host) {
        return Ok(());
    }
    let sentence = "cannot start again with NO_PROXY set";
    let program = std::env::current_exe().or_broken(sentence)?;
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let exceptions = match exceptions.as_str() {
        "" => host.to_string(),
        some => format!("{some},{host}"),
    };
    let error = std::process::Command::new(program)
        .args(args)
        .env("NO_PROXY", exceptions)
        .exec();
    Err(Failure::broken(sentence).because(error))
}

/// Whether a list such as `localhost,127.0.0.1` certainly covers `host`.
fn covers(exceptions: &str, host: IpAddr) -> bool {
    let host = host.to_string();
    exceptions
        .split(',')
        .map(str::trim)
        .any(|entry| entry == "*" || entry == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_certainly_covers_the_host_counts() {
        let host = "127.0.0.1".parse().unwrap();
        for covering in ["*", "127.0.0.1", "localhost, 127.0.0.1"] {
            assert!(covers(covering, host), "{covering}");
        }
        for other in ["", "localhost", "127.0.0.11", "127.0.0"] {
            assert!(!covers(other, host), "{other}");
        }
    }
}
