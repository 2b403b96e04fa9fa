//! Free ports on loopback, for programs that cannot choose one and say which.

use std::net::{Ipv4Addr, TcpListener};

use outcome::{Failure, OrFail};

/// `N` different ports that were free a moment ago.
///
/// All are held at once while they are chosen, so that they differ. Another program may take one
/// before it is used; the child that finds it taken then dies with a message that names it.
///
/// # Errors
/// [`Failure::broken`] when the system has no free port.
pub(crate) fn free<const N: usize>() -> Result<[u16; N], Failure> {
    let sentence = "there is no free port on loopback";
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).or_broken(sentence)?;
        *port = listener.local_addr().or_broken(sentence)?.port();
        held.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_ports_differ_and_can_be_bound() {
        let ports: [u16; 16] = free().unwrap();
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), 16);
        TcpListener::bind((Ipv4Addr::LOCALHOST, ports[0])).unwrap();
    }
}
