//! What upstreams answer, honest or not.

use std::time::Duration;

use super::stage::{CARDS, Manner, Peer, Play, Stage, answer, ok, picture};
use crate::upstream::FetchError;
use render::DecodeError;

/// Fetches once from an upstream that always behaves like this.
async fn failure_of(manner: Manner, settings: &[&str]) -> (Peer, FetchError) {
    let peer = Peer::start(move |_| manner.clone()).await;
    let play = Play::open(Stage::new(&peer), settings);
    let failure = play.failure(&format!("{CARDS}a.png")).await;
    let Play { upstream, .. } = play;
    drop(upstream);
    (peer, std::sync::Arc::into_inner(failure).unwrap())
}

async fn failure_of_saying(bytes: &[u8]) -> FetchError {
    failure_of(
        Manner::Say(bytes.to_vec()),
        &["pictures.cache_ttl=0s", "pictures.failure_ttl=0s"],
    )
    .await
    .1
}

#[tokio::test]
async fn a_picture_arrives_and_the_question_says_nothing_of_the_caller() {
    let peer = Peer::saying(ok(&picture())).await;
    let play = Play::open(Stage::new(&peer), &[]);
    let raster = play.fetch(&format!("{CARDS}a.png?size=2")).await.unwrap();
    assert_eq!(raster.rgba(), [255, 0, 0, 255, 0, 0, 255, 255]);
    let question = peer.questions().concat();
    let question = question.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(question.replace("\r\n", "\n").trim_end(), @"
    GET /cards/a.png?size=2 HTTP/1.1
    host: images.example.com
    accept: image/png, image/webp, image/jpeg
    accept-encoding: identity
    connection: close
    user-agent: proofmark/VERSION
    ");
    assert_eq!(play.calls(""), 1);
}

#[tokio::test]
async fn a_body_comes_in_chunks_or_until_the_end_as_well() {
    let picture = picture();
    let mut chunked = answer("200 OK", "transfer-encoding: chunked\r\n", b"");
    for piece in picture.chunks(7) {
        chunked.extend(format!("{:x};padding=x\r\n", piece.len()).bytes());
        chunked.extend(piece);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\nx-trailer: 1\r\n\r\n");
    for bytes in [
        chunked,
        answer("200 OK", "", &picture),
        answer("200 Fine", "content-type: text/html\r\n", &picture),
        [&b"HTTP/1.1 103 Early Hints\r\n\r\n"[..], &ok(&picture)].concat(),
    ] {
        let peer = Peer::saying(bytes).await;
        let play = Play::open(Stage::new(&peer), &[]);
        assert!(play.fetch(&format!("{CARDS}a.png")).await.is_ok());
    }
}

#[tokio::test]
async fn a_length_that_is_not_true_is_found_out() {
    let picture = picture();
    // Too long: the connection ends before the body.
    let bytes = answer("200 OK", "content-length: 1000\r\n", &picture);
    assert!(matches!(
        failure_of_saying(&bytes).await,
        FetchError::Http(_)
    ));
    // Too short: what is left is half a picture.
    let bytes = answer("200 OK", "content-length: 40\r\n", &picture);
    assert!(matches!(
        failure_of_saying(&bytes).await,
        FetchError::Decode(DecodeError::Broken { .. })
    ));
    // More than allowed: refused before the body.
    let bytes = answer("200 OK", "content-length: 4194305\r\n", &picture);
    assert!(matches!(
        failure_of_saying(&bytes).await,
        FetchError::TooLarge { .. }
    ));
    // Two, no number, beyond all numbers.
    for lengths in [
        "content-length: 40\r\ncontent-length: 41\r\n",
        "content-length: x\r\n",
        "content-length: -1\r\n",
        "content-length: 99999999999999999999999\r\n",
    ] {
        let bytes = answer("200 OK", lengths, &picture);
        assert!(
            matches!(failure_of_saying(&bytes).await, FetchError::Http(_)),
            "{lengths}"
        );
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_the_limit() {
    let mut begin = answer("200 OK", "", &picture());
    let settings = ["pictures.bytes_max=65536"];
    let endless = Manner::Repeat(begin.clone(), vec![0; 8_192]);
    let (_, failure) = failure_of(endless, &settings).await;
    assert!(
        matches!(failure, FetchError::TooLarge { bytes_max: 65_536 }),
        "{failure:?}"
    );

    begin = answer("200 OK", "transfer-encoding: chunked\r\n", b"");
    let picture = picture();
    begin.extend(format!("{:x}\r\n", picture.len()).bytes());
    begin.extend(&picture);
    begin.extend(b"\r\n");
    let chunk = [&b"2000\r\n"[..], &[0; 8_192], b"\r\n"].concat();
    let (_, failure) = failure_of(Manner::Repeat(begin.clone(), chunk), &settings).await;
    assert!(
        matches!(failure, FetchError::TooLarge { .. }),
        "{failure:?}"
    );

    // Nearly nothing but seams, and answers before the answer: no body at all, and no end.
    let seams = Manner::Repeat(
        begin,
        b"1;x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n0\r\n".repeat(100),
    );
    let interim = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(100);
    for manner in [seams, Manner::Repeat(Vec::new(), interim)] {
        let (_, failure) = failure_of(manner, &settings).await;
        assert!(
            matches!(failure, FetchError::Http(_) | FetchError::TooLarge { .. }),
            "{failure:?}"
        );
    }
}

#[tokio::test]
async fn whoever_is_slow_is_left_at_the_deadline() {
    let pause = Duration::from_millis(20);
    let body = ok(&picture());
    for manner in [
        Manner::Dribble(body.clone(), pause),
        Manner::Hold(Vec::new()),
        Manner::Hold(body[..20].to_vec()),
        Manner::Hold(body[..body.len() - 1].to_vec()),
    ] {
        let (_, failure) = failure_of(manner, &["pictures.timeout=100ms"]).await;
        assert!(matches!(failure, FetchError::Late), "{failure:?}");
    }
}

#[tokio::test]
async fn only_200_is_an_answer() {
    for status in [
        "204 No Content",
        "206 Partial Content",
        "304 Not Modified",
        "404 Not Found",
        "429 X",
        "500 X",
    ] {
        let bytes = answer(status, "connection: close\r\n", &picture());
        let failure = failure_of_saying(&bytes).await;
        let FetchError::Status(code) = failure else {
            panic!("{status}: {failure:?}")
        };
        assert!(status.starts_with(code.as_str()));
    }
}

#[tokio::test]
async fn what_is_compressed_or_no_picture_is_refused() {
    let encoded = |encoding: &str| answer("200 OK", encoding, &picture());
    for encoding in ["gzip", "br", "identity, gzip", "x"] {
        let bytes = encoded(&format!("content-encoding: {encoding}\r\n"));
        assert!(matches!(
            failure_of_saying(&bytes).await,
            FetchError::Encoded
        ));
    }
    let peer = Peer::saying(encoded("content-encoding: Identity\r\n")).await;
    let play = Play::open(Stage::new(&peer), &[]);
    assert!(play.fetch(CARDS).await.is_ok());

    let page = b"<!doctype html><title>Please log in</title>";
    assert!(matches!(
        failure_of_saying(&ok(page)).await,
        FetchError::NoPicture
    ));
    for body in [&b""[..], b"\x89PNG", b"\x89PNG\r\n\x1a\n broken from here"] {
        let failure = failure_of_saying(&ok(body)).await;
        assert!(matches!(failure, FetchError::Decode(_)), "{failure:?}");
    }
    // The rest of a page is not waited for.
    let page = ok(page)[..].to_vec();
    let (_, failure) = failure_of(Manner::Hold(page[..page.len() - 9].to_vec()), &[]).await;
    assert!(matches!(failure, FetchError::NoPicture), "{failure:?}");
}

#[tokio::test]
async fn what_is_no_http_or_too_much_of_it_is_refused() {
    let many: String = (0..100).map(|index| format!("x-{index}: y\r\n")).collect();
    let large = format!("x: {}\r\n", "y".repeat(100_000));
    for bytes in [
        b"".to_vec(),
        b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec(),
        picture(),
        b"HTTP/2 200 OK\r\n\r\n".to_vec(),
        b"ICY 200 OK\r\n\r\n".to_vec(),
        answer("200 OK", &many, &picture()),
        answer("200 OK", &large, &picture()),
        answer("200 OK", "x : y\r\n\0: z\r\n", &picture()),
    ] {
        let failure = failure_of_saying(&bytes).await;
        assert!(matches!(failure, FetchError::Http(_)), "{failure:?}");
    }
}

#[tokio::test]
async fn a_decoder_that_panics_costs_one_picture() {
    let peer = Peer::saying(ok(&picture())).await;
    let mut play = Play::open(Stage::new(&peer), &["pictures.failure_ttl=0s"]);
    let shared = std::sync::Arc::get_mut(&mut play.upstream.shared).unwrap();
    shared.decode = |_, _| panic!("a bug of the decoder");
    let failure = play.failure(CARDS).await;
    assert!(matches!(*failure, FetchError::Panicked));
    let shared = std::sync::Arc::get_mut(&mut play.upstream.shared).unwrap();
    shared.decode = render::Raster::decode;
    assert!(play.fetch(CARDS).await.is_ok());
}
