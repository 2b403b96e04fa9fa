//! Which proxies a file may bring with it.

use super::activity::is_name;
use crate::client::ProxyWanted;

/// Says in what a proxy is not what a file may ask for.
pub(super) fn check(proxy: &ProxyWanted, allowed: &[String]) -> Result<(), String> {
    let name = &proxy.name;
    if !is_name(name) {
        return Err(format!(
            "has the name {name:?}, expected 1 to 64 letters, digits and -_."
        ));
    }
    for (field, address) in [("listen", &proxy.listen), ("upstream", &proxy.upstream)] {
        check_address(address, allowed).map_err(|wrong| format!("{name}: {field} {wrong}"))?;
    }
    Ok(())
}

fn check_address(address: &str, allowed: &[String]) -> Result<(), String> {
    let parts = address
        .rsplit_once(':')
        .filter(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    match parts {
        Some((host, _)) => {
            outcome::check_target(host, allowed).map_err(|refused| refused.to_string())
        }
        None => Err(format!("is {address:?}, expected HOST:PORT")),
    }
}
