//! No secret of the client comes back out of an answer, and none goes to anybody else.

use crate::wire::{PATIENCE, Wire, answer, json};
use slo::prometheus::{Access, Asked, Client, instant_of};

const TOKEN: &str = "hunter22-token";
const PASSWORD: &str = "hunter22:&pass";
const KEY: &str = "hunter22/key";
/// `operator:hunter22:&pass` in base64.
const BASIC: &str = "b3BlcmF0b3I6aHVudGVyMjI6JnBhc3M=";

fn bearer() -> Access {
    Access::default()
        .with_bearer(TOKEN, "token")
        .and_then(|access| {
            access.with_headers(&format!("X-Key: {KEY}\nX-Scope-OrgID: team-a"), "headers")
        })
        .unwrap()
}

fn basic() -> Access {
    let pair = format!("operator:{PASSWORD}");
    Access::default().with_basic(&pair, "basic").unwrap()
}

fn client(url: &str, access: Access) -> Client {
    Client::with(url, PATIENCE, access)
        .unwrap()
        .without_retries()
}

/// Every way in which a server repeats `secret`, in sentences that must not hold it.
async fn echoes(access: &Access, secret: &str) -> Vec<String> {
    let escaped: String = secret
        .chars()
        .map(|c| format!("\\u{:04x}", c as u32))
        .collect();
    let mut said = Vec::new();
    for echo in [secret, &escaped] {
        let error = format!(r#"{{"status":"error","errorType":"auth","error":"no: {echo}"}}"#);
        let vector = format!(
            r#"{{"status":"success","warnings":["as {echo}"],"data":{{"resultType":"vector","result":[{{"metric":{{"who":"{echo}"}},"value":[1,"1"]}}]}}}}"#
        );
        let odd = format!(r#"{{"status":"success","data":{{"resultType":"{echo}","result":[]}}}}"#);
        let page = format!("<html><a href=\"{echo}\">again</a></html>");
        let to = format!("location: http://other.test/?{secret}\r\n");
        let kind = format!("content-type: text/{secret}\r\n");
        for bytes in [
            json("400 Bad Request", &error),
            json("200 OK", &error),
            json("200 OK", &vector),
            json("200 OK", &odd),
            json("200 OK", &page),
            answer(
                "401 Unauthorized",
                "content-type: text/html\r\n",
                &format!("<p>{secret}</p>"),
            ),
            answer("302 Found", &to, ""),
            answer("200 OK", &kind, ""),
        ] {
            let wire = Wire::start(vec![bytes]).await;
            let client = client(&wire.url, access.clone());
            let exchange = client.exchange(&Asked::query("up", None)).await;
            let sentence = match exchange {
                Ok(exchange) => {
                    let body = String::from_utf8_lossy(&exchange.body).into_owned();
                    format!("{body} {:?}", instant_of(&exchange.body, "URL"))
                }
                Err(error) => format!("{error} {error:?}"),
            };
            said.push(sentence.replace(&wire.url, "URL"));
        }
    }
    said
}

#[tokio::test]
async fn what_a_server_repeats_is_hidden() {
    for (access, secrets) in [
        (
            bearer(),
            vec![TOKEN.to_owned(), format!("Bearer {TOKEN}"), KEY.to_owned()],
        ),
        (
            basic(),
            vec![
                PASSWORD.to_owned(),
                format!("Basic {BASIC}"),
                format!("operator:{PASSWORD}"),
            ],
        ),
    ] {
        for secret in secrets {
            for sentence in echoes(&access, &secret).await {
                assert!(sentence.contains("***"), "{secret}: {sentence}");
                assert!(!sentence.contains("hunter22"), "{secret}: {sentence}");
                assert!(!sentence.contains("b3BlcmF0b3I6"), "{secret}: {sentence}");
            }
        }
    }
}

#[tokio::test]
async fn the_reader_sees_what_is_shown() {
    let said = echoes(&bearer(), TOKEN).await;
    insta::assert_snapshot!(said[..8].join("\n"));
}

#[tokio::test]
async fn every_request_shows_who_asks_and_a_redirect_takes_nothing_along() {
    let trap = Wire::start(vec![json("200 OK", "{}")]).await;
    let to = format!("location: {}/\r\n", trap.url);
    let wire = Wire::start(vec![answer("307 Temporary Redirect", &to, "")]).await;
    let long = "x".repeat(5_000);
    for query in ["up", &long] {
        let client = client(&wire.url, bearer());
        assert!(client.instant(query, None).await.is_err());
    }
    assert!(
        client(&wire.url, basic())
            .instant("up", None)
            .await
            .is_err()
    );
    let requests = wire.requests();
    for request in &requests[..2] {
        assert!(
            request.contains(&format!("authorization: Bearer {TOKEN}\r\n")),
            "{request}"
        );
        assert!(request.contains(&format!("x-key: {KEY}\r\n")), "{request}");
        assert!(request.contains("x-scope-orgid: team-a\r\n"), "{request}");
    }
    assert!(requests[1].starts_with("POST "), "{}", requests[1]);
    assert!(requests[2].contains(&format!("authorization: Basic {BASIC}\r\n")));
    assert_eq!(trap.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_client_prints_no_secret() {
    let printed = format!("{:?}", client("http://127.0.0.1:9", bearer()));
    assert!(!printed.contains("hunter22"), "{printed}");
    let printed = format!("{:?}", client("http://127.0.0.1:9", basic()));
    assert!(
        !printed.contains("hunter22") && !printed.contains("b3Blcm"),
        "{printed}"
    );
}
