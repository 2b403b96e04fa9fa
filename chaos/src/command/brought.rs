//! The proxies that experiments bring with them: made before the first, gone after the last.

use outcome::Failure;

use crate::client::{ProxyState, ProxyWanted, Toxiproxy};
use crate::experiment::Plan;
use crate::runner::{UNDO_PAUSE, UNDO_TRIES_MAX};

/// What all experiments bring, each proxy once.
///
/// # Errors
/// [`Failure::misused`] when two of them mean different proxies by one name.
pub(super) fn all(experiments: &[Plan]) -> Result<Vec<ProxyWanted>, Failure> {
    let mut all: Vec<ProxyWanted> = Vec::new();
    for wanted in experiments.iter().flat_map(|one| &one.proxies) {
        match all.iter().find(|other| other.name == wanted.name) {
            None => all.push(wanted.clone()),
            Some(same) if same == wanted => {}
            Some(_) => {
                return Err(Failure::misused(format!(
                    "the files bring different proxies called {}, expected one",
                    wanted.name
                )));
            }
        }
    }
    Ok(all)
}

/// Makes the proxies that are not there yet; gives the names of those. One that is there is left as
/// it is.
///
/// # Errors
/// [`Failure::misused`] when one of them is there and is another; [`Failure::broken`] when one
/// cannot be made. None of those that were made is left behind then.
pub(super) async fn make(
    toxiproxy: &Toxiproxy,
    wanted: &[ProxyWanted],
) -> Result<Vec<String>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let found = toxiproxy.proxies().await?;
    let mut missing = Vec::new();
    for proxy in wanted {
        match found.get(&proxy.name) {
            None => missing.push(proxy.clone()),
            Some(there) if is_same(proxy, there) => {}
            Some(there) => {
                return Err(Failure::misused(format!(
                    "Toxiproxy has a proxy {} from {} to {}, expected {} to {}",
                    proxy.name, there.listen, there.upstream, proxy.listen, proxy.upstream
                )));
            }
        }
    }
    let names: Vec<String> = missing.iter().map(|proxy| proxy.name.clone()).collect();
    if names.is_empty() {
        return Ok(names);
    }
    if let Err(error) = toxiproxy.populate(&missing).await {
        // Why they could not be made says more than why they could not be removed.
        let _ = remove(toxiproxy, &names).await;
        return Err(error.into());
    }
    Ok(names)
}

/// Removes proxies that [`make`] made.
///
/// # Errors
/// [`Failure::broken`] that names the first one left behind; the others are removed all the same.
pub(super) async fn remove(toxiproxy: &Toxiproxy, names: &[String]) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    // A call that was given up could otherwise make one after it was removed.
    toxiproxy.settle().await;
    let mut first_failure = Ok(());
    for name in names {
        let mut tries = 1;
        let removed = loop {
            match toxiproxy.delete(name).await {
                Err(_) if tries < UNDO_TRIES_MAX => tries += 1,
                removed => break removed,
            }
            tokio::time::sleep(UNDO_PAUSE).await;
        };
        let failure = |error| Failure::broken(format!("left behind: proxy {name}")).because(error);
        first_failure = first_failure.and(removed.map_err(failure));
    }
    first_failure
}

/// Whether a proxy is what a file means. Listening addresses are shown as they were bound, so only
/// their ports can be compared, and 0 is any.
fn is_same(wanted: &ProxyWanted, there: &ProxyState) -> bool {
    let port = |address: &str| {
        let (_, port) = address.rsplit_once(':')?;
        port.parse::<u16>().ok()
    };
    let listens = match port(&wanted.listen) {
        Some(0) => true,
        number => number == port(&there.listen),
    };
    listens && wanted.upstream == there.upstream
}

#[cfg(test)]
mod tests {
    use outcome::Outcome;

    use super::*;
    use crate::toxiproxy::ToxiproxyServer;

    fn redis(listen: &str, upstream: &str) -> ProxyWanted {
        ProxyWanted {
            name: "redis".to_owned(),
            listen: listen.to_owned(),
            upstream: upstream.to_owned(),
        }
    }

    async fn server() -> (ToxiproxyServer, Toxiproxy) {
        let listen = "127.0.0.1:0".parse().unwrap();
        let server = ToxiproxyServer::start(listen, 0, Vec::new()).await.unwrap();
        let client = Toxiproxy::connect(server.address).await.unwrap();
        (server, client)
    }

    #[tokio::test]
    async fn what_was_made_is_removed_and_what_was_there_stays() {
        let (_server, client) = server().await;
        let there = redis("127.0.0.1:0", "127.0.0.1:1");
        let other = ProxyWanted {
            name: "other".to_owned(),
            ..there.clone()
        };
        client.populate(std::slice::from_ref(&there)).await.unwrap();
        let before = client.proxies().await.unwrap();
        let made = make(&client, &[there, other]).await.unwrap();
        assert_eq!(made, ["other"]);
        assert!(client.proxies().await.unwrap().contains_key("other"));
        remove(&client, &made).await.unwrap();
        assert_eq!(client.proxies().await.unwrap(), before);
        // Somebody else was faster.
        remove(&client, &made).await.unwrap();
    }

    #[tokio::test]
    async fn another_proxy_of_the_same_name_is_not_replaced() {
        let (_server, client) = server().await;
        let there = redis("127.0.0.1:0", "127.0.0.1:1");
        client.populate(std::slice::from_ref(&there)).await.unwrap();
        let before = client.proxies().await.unwrap();
        for other in [
            redis("127.0.0.1:0", "127.0.0.1:2"),
            redis("127.0.0.1:1", "127.0.0.1:1"),
        ] {
            let failure = make(&client, &[other]).await.unwrap_err();
            assert_eq!(failure.outcome(), Outcome::Misused, "{failure}");
        }
        assert_eq!(client.proxies().await.unwrap(), before);
    }

    #[tokio::test]
    async fn of_proxies_that_cannot_all_be_made_none_is_left() {
        let (_server, client) = server().await;
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = taken.local_addr().map(|at| (taken, at)).unwrap();
        let first = redis("127.0.0.1:0", "127.0.0.1:1");
        let second = ProxyWanted {
            name: "second".to_owned(),
            ..redis(&taken.1.to_string(), "127.0.0.1:1")
        };
        let failure = make(&client, &[first, second]).await.unwrap_err();
        assert_eq!(failure.outcome(), Outcome::Broken, "{failure}");
        assert!(client.proxies().await.unwrap().is_empty());
    }
}
