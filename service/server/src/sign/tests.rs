use super::*;
use clap::{Args as _, Parser};

const KEYS: &str = "signing.keys=2026-11:j0SC8luArUAvLU0QjnGWkssO1EjhagN2JnidQCS_Wes,\
                    2026-10:9c0d5f3b0f6f4f5a2f0a1b7c8e9d6a5b4c3d2e1f00112233445566778899aabb";

/// The verb alone, as the binary shows it.
#[derive(Debug, Parser)]
#[command(name = "proofmark sign")]
struct Command {
    #[command(flatten)]
    args: Args,
}

/// 2026-11-22 20:00:00 UTC and half a second.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_795_377_600_500)
}

fn parse(words: &[&str]) -> Args {
    let words = std::iter::once(&"proofmark sign").chain(words);
    Command::try_parse_from(words).unwrap().args
}

/// What the command prints, or why it stops.
fn said(words: &[&str]) -> String {
    let config = Config::with(&[KEYS, "http.url_bytes_max=256"]).unwrap();
    match execute(&config, &parse(words), now()) {
        Ok(said) => {
            let mut lines = said.notes;
            lines.insert(0, format!("{} {}", said.outcome.exit_code(), said.answer));
            lines.join("\n")
        }
        Err(failure) => format!("{} {failure}", failure.outcome().exit_code()),
    }
}

#[test]
fn the_help_fits_eighty_columns() {
    let command = Args::augment_args(clap::Command::new("proofmark sign").term_width(80));
    let help = command.clone().render_help().to_string();
    for line in help.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!(help);
}

#[test]
fn a_url_is_signed_in_one_line() {
    let report = [
        said(&["/v1/card.png?title=Ready to ship&picture=https://a.example/b.png"]),
        said(&[
            "--key",
            "2026-10",
            "--expires",
            "30m",
            "/v1/chart.png?query=up",
        ]),
        said(&[
            "--until",
            "2026-11-23T06:30:00+09:00",
            "/v1/chart.png?query=发布",
        ]),
        said(&["--base", "https://b.example/", "/v1/chart.png?query=up"]),
        said(&["--base", "", "/v1/chart.png?name=latency_p99"]),
        said(&[&format!(
            "https://c.example/v1/card.png?picture=https://a.example/{}",
            "x".repeat(200)
        )]),
    ];
    insta::assert_snapshot!(report.join("\n\n"));
}

#[test]
fn what_cannot_be_signed_is_misuse_and_says_why() {
    let report = [
        said(&["--key", "2025-01", "/v1/card.png"]),
        said(&["--expires", "32days", "/v1/card.png"]),
        said(&["--expires", "0s", "/v1/card.png"]),
        said(&["--until", "2026-11-22T19:59:59Z", "/v1/card.png"]),
        said(&["--until", "1969-12-31T23:59:59Z", "/v1/card.png"]),
        said(&["--base", "http://a", "http://b/v1/card.png"]),
        said(&["/v1/card.png?key=a"]),
        said(&["/v1/card.png?title=a&title=b"]),
        said(&["/v1/card.png?title=100%"]),
        said(&["/v1/../card.png"]),
        said(&["/card.png"]),
    ];
    insta::assert_snapshot!(report.join("\n"));
    let none = Config::with(&[]).unwrap();
    let failure = execute(&none, &parse(&["/v1/card.png"]), now()).unwrap_err();
    insta::assert_snapshot!(failure, @"cannot sign: there is no key: name a file in signing.keys_file, or set PROOFMARK_SIGNING_KEYS");
}

#[test]
fn a_check_says_until_when_or_why_not() {
    let signed = said(&["/v1/card.png?title=Ready&picture=https://a.example/b.png"]);
    let url = signed.split_whitespace().nth(1).unwrap();
    let report = [
        said(&["--check", url]),
        said(&["--check", &url.replace("Ready", "Late")]),
        said(&["--check", &url[..url.len() - 1]]),
        said(&["--check", "/v1/card.png?title=Ready"]),
        said(&["--check", "card.png"]),
    ];
    insta::assert_snapshot!(report.join("\n"));
    let config = Config::with(&[KEYS]).unwrap();
    let later = now() + Duration::from_secs(7_200);
    let said = execute(&config, &parse(&["--check", url]), later).unwrap();
    assert_eq!(said.outcome, Outcome::Missed);
    insta::assert_snapshot!(said.answer, @"does not hold: the URL expired 1h ago");
}

#[test]
fn a_new_key_is_a_line_that_the_configuration_takes() {
    let random: [u8; FRESH_BYTES] = std::array::from_fn(|index| (index * index * 7 + 3) as u8);
    let today = new_key("", &random, now()).unwrap();
    insta::assert_snapshot!(today.answer, @"2026-11-22:AwofQnOy_1rDOr9S86JfKgPq3-LzEj96wxp_8nMCn0o");
    assert!(Config::with(&[&format!("signing.keys={}", today.answer)]).is_ok());
    let named = new_key("spare", &random, now()).unwrap();
    assert!(named.answer.starts_with("spare:"));
    let failure = new_key("Not a name", &random, now()).unwrap_err();
    insta::assert_snapshot!(failure, @"--new-key Not a name: the id of a key has 1 to 32 of a-z, 0-9 and -");
    assert_ne!(clock::secret::<32>(), clock::secret::<32>());
}

#[test]
fn only_one_thing_is_done_at_a_time() {
    for words in [
        vec![],
        vec!["--check"],
        vec!["--new-key", "a", "/v1/card.png"],
        vec!["--check", "--expires", "1h", "/v1/card.png"],
        vec![
            "--expires",
            "1h",
            "--until",
            "2026-11-23T05:00:00Z",
            "/v1/card.png",
        ],
        vec!["--expires", "soon", "/v1/card.png"],
        vec!["--until", "tomorrow", "/v1/card.png"],
    ] {
        let words = std::iter::once("proofmark sign").chain(words);
        assert!(
            Command::try_parse_from(words.clone()).is_err(),
            "{:?}",
            words.collect::<Vec<_>>()
        );
    }
    assert_eq!(parse(&["--new-key"]).new_key.as_deref(), Some(""));
    assert_eq!(parse(&["--new-key", "a"]).new_key.as_deref(), Some("a"));
}
