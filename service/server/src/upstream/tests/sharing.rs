//! Many callers: one fetch for equal URLs, few fetches at a time, and none where it is hopeless.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::stage::{CARDS, Manner, Peer, Play, Stage, answer, ok, picture};
use crate::upstream::{FetchError, UpstreamError};

#[tokio::test]
async fn equal_urls_share_one_fetch_and_the_picture_is_kept_for_a_while() {
    let peer = Peer::saying(ok(&picture())).await;
    let play = Arc::new(Play::open(Stage::new(&peer), &[]));
    let url = format!("{CARDS}logo.png");
    let fetches: Vec<_> = (0..100)
        .map(|_| {
            let (play, url) = (Arc::clone(&play), url.clone());
            tokio::spawn(async move { play.fetch(&url).await.unwrap().identity() })
        })
        .collect();
    let mut identities = Vec::new();
    for fetch in fetches {
        identities.push(fetch.await.unwrap());
    }
    identities.dedup();
    assert_eq!(identities.len(), 1);
    // Written in another way, it is the same.
    assert!(
        play.fetch("HTTP://Images.Example.COM.:80/cards/logo.png")
            .await
            .is_ok()
    );
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn a_failure_is_kept_for_a_moment_too() {
    let peer = Peer::saying(answer("404 Not Found", "content-length: 0\r\n", b"")).await;
    let play = Play::open(Stage::new(&peer), &["pictures.failure_ttl=1h"]);
    for _ in 0..3 {
        assert!(matches!(*play.failure(CARDS).await, FetchError::Status(_)));
    }
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn fetches_are_bounded_and_one_more_is_told_at_once() {
    let peer = Peer::start(|_| Manner::Hold(Vec::new())).await;
    let play = Play::open(Stage::new(&peer), &["pictures.fetches_max=2"]);
    let brief = Duration::from_millis(1);
    for name in ["a", "b"] {
        let url = format!("{CARDS}{name}");
        let late = play.fetch_within(&url, brief).await;
        let Err(UpstreamError::Failed(failure)) = late else {
            panic!("{late:?}")
        };
        assert!(matches!(*failure, FetchError::Late));
    }
    // Both go on although nobody waits for them.
    assert!(matches!(
        *play.failure(&format!("{CARDS}c")).await,
        FetchError::Busy
    ));
}

#[tokio::test]
async fn a_fetch_goes_on_when_its_caller_does_not_wait() {
    let (let_go, gate) = watch::channel(false);
    let peer = Peer::start_wrapped(
        |_| Manner::Say(ok(&picture())),
        move |stream| {
            let mut gate = gate.clone();
            async move {
                let _ = gate.wait_for(|is_open| *is_open).await;
                Ok(stream)
            }
        },
    )
    .await;
    let play = Play::open(Stage::new(&peer), &[]);
    assert!(
        play.fetch_within(CARDS, Duration::from_millis(1))
            .await
            .is_err()
    );
    let_go.send(true).unwrap();
    assert!(play.fetch(CARDS).await.is_ok());
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn bodies_together_are_bounded() {
    // Each sends nearly all it may and then waits, so that all are held at the same time.
    let body = [picture(), vec![0; 60_000]].concat();
    let nearly = answer("200 OK", "content-length: 65000\r\n", &body);
    let (end, told) = watch::channel(false);
    let peer = Peer::start(move |_| Manner::HoldUntil(nearly.clone(), told.clone())).await;
    let play = Arc::new(Play::open(
        Stage::new(&peer),
        &["pictures.bytes_max=65536", "pictures.timeout=20s"],
    ));
    let mut fetches = tokio::task::JoinSet::new();
    for index in 0..8 {
        let (play, url) = (Arc::clone(&play), format!("{CARDS}{index}"));
        fetches.spawn(async move { play.failure(&url).await });
    }
    for _ in 0..5 {
        let failure = fetches.join_next().await.unwrap().unwrap();
        assert!(matches!(*failure, FetchError::Busy), "{failure:?}");
    }
    end.send(true).unwrap();
    for _ in 0..3 {
        let failure = fetches.join_next().await.unwrap().unwrap();
        assert!(matches!(*failure, FetchError::Http(_)), "{failure:?}");
    }
    // What was lent is given back: three bodies of four pieces.
    assert_eq!(play.upstream.shared.exchange.pieces_left(), 3 * 4);
}

#[tokio::test]
async fn a_dead_upstream_is_left_alone() {
    let peer = Peer::saying(answer("503 X", "content-length: 0\r\n", b"")).await;
    let settings = ["pictures.failure_ttl=0s", "pictures.breaker.cooldown=1h"];
    let play = Play::open(Stage::new(&peer), &settings);
    for _ in 0..5 {
        assert!(matches!(*play.failure(CARDS).await, FetchError::Status(_)));
    }
    assert!(matches!(
        *play.failure(CARDS).await,
        FetchError::CircuitOpen
    ));
    assert_eq!((play.circuit(), peer.accepted()), (2, 5));
    assert_eq!((play.calls("response"), play.calls("circuit_open")), (5, 1));
}

#[tokio::test]
async fn an_upstream_that_is_back_is_found_again() {
    let is_dead = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&is_dead);
    let peer = Peer::start(move |_| {
        Manner::Say(if seen.load(Ordering::SeqCst) {
            answer("503 X", "content-length: 0\r\n", b"")
        } else {
            ok(&picture())
        })
    })
    .await;
    let settings = [
        "pictures.failure_ttl=0s",
        "pictures.breaker.failures_max=1",
        "pictures.breaker.cooldown=50ms",
    ];
    let play = Play::open(Stage::new(&peer), &settings);
    assert!(matches!(*play.failure(CARDS).await, FetchError::Status(_)));
    assert_eq!(play.circuit(), 2);
    is_dead.store(false, Ordering::SeqCst);
    let begun = tokio::time::Instant::now();
    while let Err(UpstreamError::Failed(failure)) = play.fetch(CARDS).await {
        assert!(matches!(*failure, FetchError::CircuitOpen), "{failure:?}");
        assert!(begun.elapsed() < super::stage::PATIENCE);
        tokio::task::yield_now().await;
    }
    assert_eq!((play.circuit(), peer.accepted()), (0, 2));
}

#[tokio::test]
async fn what_one_url_is_about_does_not_open_the_circuit() {
    let peer = Peer::start(|question| {
        Manner::Say(match question.split(' ').nth(1).unwrap() {
            "/cards/404" => answer("404 Not Found", "content-length: 0\r\n", b""),
            "/cards/page" => ok(b"<!doctype html><title>no</title>"),
            "/cards/large" => answer("200 OK", "content-length: 99999999\r\n", b""),
            _ => ok(&picture()[..30]),
        })
    })
    .await;
    let settings = ["pictures.failure_ttl=0s", "pictures.breaker.failures_max=1"];
    let play = Play::open(Stage::new(&peer), &settings);
    for name in ["404", "page", "large", "half"] {
        let failure = play.failure(&format!("{CARDS}{name}")).await;
        assert!(!matches!(*failure, FetchError::CircuitOpen), "{name}");
    }
    assert_eq!((play.circuit(), peer.accepted()), (0, 4));
}
