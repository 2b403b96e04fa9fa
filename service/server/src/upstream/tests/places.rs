//! Where connections lead: to checked addresses of allowed places, and nowhere else.

use std::net::{IpAddr, SocketAddr};

use super::stage::{CARDS, Manner, PUBLIC, Peer, Play, Stage, ok, picture, redirect};
use crate::upstream::address::Class;
use crate::upstream::{FetchError, NotAllowed, UpstreamError};

/// A listener on loopback that nobody may connect to.
async fn trap() -> Peer {
    Peer::saying(ok(&picture())).await
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Permission for a port of images.example.com, so that a connection to loopback would reach the
/// trap.
fn at_port(trap: &Peer) -> (String, String) {
    let place = format!("http://images.example.com:{}/", trap.address.port());
    (format!("pictures.allow={place}"), place)
}

#[tokio::test]
async fn what_is_not_allowed_is_not_even_resolved() {
    let trap = trap().await;
    let play = Play::open(Stage::new(&trap), &["pictures.private=127.0.0.0/8"]);
    let port = trap.address.port();
    for url in [
        format!("http://127.0.0.1:{port}/cards/a.png"),
        format!("http://2130706433:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://images.example.com@127.0.0.1:{port}/cards/"),
        "http://images.example.com/cards/../a.png".to_owned(),
        "http://images.example.com/other.png".to_owned(),
        "https://images.example.com/cards/a.png".to_owned(),
        "file:///etc/passwd".to_owned(),
        String::new(),
    ] {
        let refused = play.fetch(&url).await;
        assert!(
            matches!(refused, Err(UpstreamError::NotAllowed(_))),
            "{url}: {refused:?}"
        );
    }
    assert_eq!(play.stage.resolved("images.example.com"), 0);
    assert_eq!(play.stage.dialled(), []);
    assert_eq!(trap.accepted(), 0);
}

#[tokio::test]
async fn a_name_with_a_private_address_is_not_connected_to() {
    let trap = trap().await;
    let (allow, place) = at_port(&trap);
    for (addresses, class) in [
        (&[ip("127.0.0.1")][..], Class::Loopback),
        (&[ip("0.0.0.0")], Class::Unspecified),
        (&[ip("::1")], Class::Loopback),
        (&[ip("::ffff:127.0.0.1")], Class::Tunnel),
        (&[ip("2002:7f00:1::")], Class::Tunnel),
        (&[ip("64:ff9b::7f00:1")], Class::Tunnel),
        (&[ip("169.254.169.254")], Class::LinkLocal),
        // A good one before it or behind it does not help.
        (&[PUBLIC, ip("127.0.0.1")], Class::Loopback),
        (&[ip("127.0.0.1"), PUBLIC], Class::Loopback),
    ] {
        let stage = Stage::new(&trap).name("images.example.com", &[addresses]);
        let play = Play::open(stage, &[&allow]);
        let failure = play.failure(&place).await;
        let FetchError::Address { class: found, .. } = *failure else {
            panic!("{addresses:?}: {failure:?}")
        };
        assert_eq!(found, class, "{addresses:?}");
        assert_eq!(play.stage.dialled(), []);
    }
    assert_eq!(trap.accepted(), 0);
}

#[tokio::test]
async fn a_private_upstream_needs_a_permission_of_its_own() {
    let peer = trap().await;
    let (allow, place) = at_port(&peer);
    let stage = || Stage::new(&peer).name("images.example.com", &[&[ip("127.0.0.1")]]);
    let play = Play::open(stage(), &[&allow, "pictures.private=10.0.0.0/8"]);
    assert!(matches!(
        *play.failure(&place).await,
        FetchError::Address { .. }
    ));
    assert_eq!(peer.accepted(), 0);
    let play = Play::open(
        stage(),
        &[&allow, "pictures.private=10.0.0.0/8,127.0.0.1/32"],
    );
    assert!(play.fetch(&place).await.is_ok());
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn an_answer_of_dns_that_changes_leads_nowhere_new() {
    let (peer, trap) = (trap().await, trap().await);
    let (allow, place) = at_port(&trap);
    let stage = Stage::new(&peer).name("images.example.com", &[&[PUBLIC], &[ip("127.0.0.1")]]);
    let play = Play::open(stage, &[&allow, "pictures.cache_ttl=0s"]);
    // Whoever resolves once for the check and once for the connection falls into the trap here.
    assert!(play.fetch(&place).await.is_ok());
    assert_eq!(play.stage.resolved("images.example.com"), 1);
    let public = SocketAddr::new(PUBLIC, trap.address.port());
    assert_eq!(play.stage.dialled(), [public]);
    // The second time the new answer is looked at, and refused.
    assert!(matches!(
        *play.failure(&place).await,
        FetchError::Address { .. }
    ));
    assert_eq!(play.stage.dialled(), [public]);
    assert_eq!(trap.accepted(), 0);
}

#[tokio::test]
async fn dns_that_changes_between_redirects_is_looked_at_again() {
    let (peer, trap) = (Peer::saying(redirect("/b.png")).await, trap().await);
    let (allow, place) = at_port(&trap);
    let stage = Stage::new(&peer).name("images.example.com", &[&[PUBLIC], &[ip("127.0.0.1")]]);
    let play = Play::open(stage, &[&allow]);
    assert!(matches!(
        *play.failure(&place).await,
        FetchError::Address { .. }
    ));
    assert_eq!((peer.accepted(), trap.accepted()), (1, 0));
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_they_are_allowed() {
    let peer = Peer::start(|question| {
        Manner::Say(match question.split(' ').nth(1).unwrap() {
            "/cards/1" => redirect("2"),
            "/cards/2" => redirect("/cards/3?x"),
            "/cards/3?x" => redirect("http://images.example.com/cards/4"),
            "/cards/4" => ok(&picture()),
            "/cards/5" => redirect("http://images.example.com:80/cards/1"),
            "/cards/loop" => redirect("loop"),
            _ => redirect(""),
        })
    })
    .await;
    let play = Play::open(Stage::new(&peer), &[]);
    assert!(play.fetch(&format!("{CARDS}1")).await.is_ok());
    assert_eq!(peer.accepted(), 4);
    let failure = play.failure(&format!("{CARDS}5")).await;
    assert!(matches!(*failure, FetchError::Redirects), "{failure:?}");
    let failure = play.failure(&format!("{CARDS}loop")).await;
    assert!(matches!(*failure, FetchError::Redirects), "{failure:?}");
    assert_eq!(peer.accepted(), 12);
    let failure = play.failure(&format!("{CARDS}nowhere")).await;
    assert!(
        matches!(*failure, FetchError::Redirect(NotAllowed::Url(_))),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_redirect_to_anywhere_else_is_not_followed() {
    let trap = trap().await;
    let port = trap.address.port();
    for location in [
        format!("http://127.0.0.1:{port}/cards/a.png"),
        format!("http://localhost:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("//127.0.0.1:{port}/cards/"),
        format!("http://images.example.com:{port}/cards/a.png"),
        format!("http://2130706433:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "https://images.example.com/cards/a.png".to_owned(),
        "http://evil.example/cards/a.png".to_owned(),
        "/secret/a.png".to_owned(),
        "../secret/a.png".to_owned(),
        "%2e%2e/secret/a.png".to_owned(),
        "/cards/..%2fsecret".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1:6379/_FLUSHALL".to_owned(),
        "/cards/a.png;\"".to_owned(),
    ] {
        let peer = Peer::saying(redirect(&location)).await;
        let stage = Stage::new(&peer).name("evil.example", &[&[ip("127.0.0.1")]]);
        // Even where loopback may be connected to, it is not on the list.
        let play = Play::open(stage, &["pictures.private=127.0.0.0/8"]);
        let failure = play.failure(CARDS).await;
        assert!(
            matches!(*failure, FetchError::Redirect(_) | FetchError::NoLocation),
            "{location}: {failure:?}"
        );
        assert_eq!(play.stage.dialled().len(), 1, "{location}");
    }
    assert_eq!(trap.accepted(), 0);
}

#[tokio::test]
async fn the_network_of_this_machine_is_checked_in_the_same_way() {
    let peer = trap().await;
    let place = format!("http://localhost:{}/", peer.address.port());
    let allow = format!("pictures.allow={place}");
    let fetch = async |private: &str| {
        let (config, telemetry, _log) = super::stage::telemetry(&[&allow, private]);
        let upstream = crate::upstream::Upstream::new(&config, &telemetry).unwrap();
        let deadline = resilience::Deadline::after(crate::clock::now(), super::stage::PATIENCE);
        upstream.fetch(&place, deadline).await
    };
    let refused = fetch("pictures.private=").await;
    let Err(UpstreamError::Failed(failure)) = refused else {
        panic!("{refused:?}")
    };
    assert!(matches!(
        *failure,
        FetchError::Address {
            class: Class::Loopback,
            ..
        }
    ));
    assert_eq!(peer.accepted(), 0);
    // Where localhost has an IPv6 address too, nobody listens there, and the next one is tried.
    assert!(fetch("pictures.private=127.0.0.1,::1").await.is_ok());
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn a_name_that_is_unknown_and_a_port_without_listener_are_failures() {
    let peer = trap().await;
    let settings = [
        "pictures.allow=http://unknown.example/,http://gone.example:1/",
        "pictures.private=127.0.0.1",
    ];
    let stage = Stage::new(&peer).name("gone.example", &[&[ip("127.0.0.1")]]);
    let play = Play::open(stage, &settings);
    assert!(matches!(
        *play.failure("http://unknown.example/").await,
        FetchError::Resolve(_)
    ));
    assert!(matches!(
        *play.failure("http://gone.example:1/").await,
        FetchError::Connect(_)
    ));
    assert_eq!(play.calls("connection"), 2);
}
