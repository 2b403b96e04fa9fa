use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::Config;

const OLD: &str = "2026-10:9c0d5f3b0f6f4f5a2f0a1b7c8e9d6a5b4c3d2e1f00112233445566778899aabb";
const NEW: &str = "2026-11:j0SC8luArUAvLU0QjnGWkssO1EjhagN2JnidQCS_Wes";

const PATH: &str = "/v1/card.png";
const QUERY: &str = "title=Ready&picture=https%3A%2F%2Fa.example%2Fb.png&width=800";

/// One hour after [`now`].
const EXPIRES: u64 = 1_795_381_200;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(EXPIRES - 3_600)
}

fn keyring_with(settings: &[&str]) -> Result<Keyring, String> {
    let config = Config::with(settings).map_err(|error| error.to_string())?;
    Keyring::new(&config).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        format!("{error}{}", cause.unwrap_or_default())
    })
}

fn keyring(keys: &[&str]) -> Keyring {
    keyring_with(&[&format!("signing.keys={}", keys.join(","))]).unwrap()
}

/// Signs and gives the query.
fn signed(query: &str) -> String {
    let url = keyring(&[NEW, OLD])
        .sign(PATH, query, None, EXPIRES, now())
        .unwrap();
    url.strip_prefix("/v1/card.png?").unwrap().to_owned()
}

fn check(query: &str) -> Result<Unsigned, SignatureError> {
    keyring(&[NEW, OLD]).check(PATH, query, now())
}

fn wrong(query: &str) {
    assert_eq!(check(query), Err(SignatureError::Wrong), "{query}");
}

#[test]
fn a_signed_url_holds_and_leaves_the_other_parameters() {
    let unsigned = check(&signed(QUERY)).unwrap();
    assert_eq!(unsigned.query, QUERY);
    assert_eq!(unsigned.key, "2026-11");
    assert_eq!(unsigned.expires, UNIX_EPOCH + Duration::from_secs(EXPIRES));
    assert_eq!(check(&signed("")).unwrap().query, "");
}

#[test]
fn neither_order_nor_encoding_matters_and_both_are_kept() {
    let query = signed(QUERY);
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.reverse();
    let reordered = pairs.join("&");
    assert_eq!(
        check(&reordered).unwrap().query,
        "width=800&picture=https%3A%2F%2Fa.example%2Fb.png&title=Ready"
    );
    let encoded = query
        .replace("Ready", "%52ead%79")
        .replace("%3A%2F%2F", ":/%2f")
        .replace("2026-11", "2026%2D11");
    assert_eq!(
        check(&encoded).unwrap().query,
        "title=%52ead%79&picture=https:/%2fa.example%2Fb.png&width=800"
    );
    let spaces = signed("title=a b").replace("%20", "+");
    assert_eq!(check(&spaces).unwrap().query, "title=a+b");
    let url = keyring(&[NEW, OLD]);
    assert!(url.check("/v1/c%61rd.png", &query, now()).is_ok());
}

#[test]
fn what_was_changed_is_wrong() {
    let query = signed(QUERY);
    wrong(&query.replace("Ready", "ready"));
    wrong(&query.replace("width=800", "width=801"));
    wrong(&query.replace("width=800", "height=800"));
    wrong(&query.replace("&width=800", ""));
    wrong(&format!("{query}&footer="));
    wrong(&query.replace("=1795381200", "=1795381201"));
    wrong(&query.replace("2026-11", "2026-10"));
    let keyring = keyring(&[NEW, OLD]);
    for path in [
        "/v1/chart.png",
        "/V1/card.png",
        "/v1/card.png/",
        "//v1/card.png",
        "/",
    ] {
        let error = keyring.check(path, &query, now()).unwrap_err();
        assert_eq!(error, SignatureError::Wrong, "{path}");
    }
}

#[test]
fn a_signature_for_another_use_is_wrong() {
    let key = key::Key::parse(NEW).unwrap();
    let text = "expires=1795381200&key=2026-11&title=Ready";
    let parameters = canonical::parameters(text).unwrap();
    let message = canonical::message(PATH, &parameters);
    let with = |message: &str| format!("{text}&sig={}", key.sign(message));
    assert!(check(&with(&message)).is_ok());
    for other in [
        message.replace("\nGET\n", "\nPOST\n"),
        message.replace("-v1\n", "-v2\n"),
        message.replace("proofmark-url-v1\n", ""),
        format!("{message}\n"),
        text.to_owned(),
    ] {
        wrong(&with(&other));
    }
}

#[test]
fn every_refusal_says_what_is_wrong_and_nothing_secret() {
    let query = signed("title=Ready");
    let signature = query.rsplit_once('=').unwrap().1.to_owned();
    let late = now() + Duration::from_secs(3_600);
    let far = UNIX_EPOCH + Duration::from_secs(EXPIRES - 40 * 86_400);
    let without = |name: &str| {
        let pairs = query.split('&').filter(|pair| !pair.starts_with(name));
        pairs.collect::<Vec<_>>().join("&")
    };
    let cases = [
        ("unsigned", "title=Ready".to_owned(), now()),
        ("without sig", without("sig"), now()),
        ("without key", without("key"), now()),
        ("without expires", without("expires"), now()),
        ("cut", query[..query.len() - 1].to_owned(), now()),
        ("lengthened", format!("{query}A"), now()),
        ("padded", format!("{query}%3D"), now()),
        ("empty", query.replace(&signature, ""), now()),
        (
            "upper case",
            query.replace(&signature, &signature.to_uppercase()),
            now(),
        ),
        (
            "a key that never was",
            query.replace("2026-11", "2026-12"),
            now(),
        ),
        (
            "no name of a key",
            query.replace("2026-11", "2026_11"),
            now(),
        ),
        ("not a time", query.replace("=1795381200", "=soon"), now()),
        (
            "a signed time",
            query.replace("=1795381200", "=%2B1795381200"),
            now(),
        ),
        (
            "a time with a zero before it",
            query.replace("=1795381200", "=01795381200"),
            now(),
        ),
        ("twice", format!("{query}&title=Ready"), now()),
        ("two signatures", format!("{query}&sig={signature}"), now()),
        ("an encoded name", query.replace("title", "t%69tle"), now()),
        ("a broken escape", query.replace("Ready", "%4"), now()),
        ("changed", query.replace("Ready", "Late"), now()),
        ("expired this moment", query.clone(), late),
        (
            "expired for a day",
            query.clone(),
            late + Duration::from_secs(86_400),
        ),
        ("not ours and expired", query.replace("Ready", "Late"), late),
        ("too far ahead", query.clone(), far),
    ];
    let keyring = keyring(&[NEW, OLD]);
    let report = cases.map(|(name, query, now)| {
        let error = keyring.check(PATH, &query, now).unwrap_err();
        let (status, kind) = (error.status().as_str(), error.kind());
        format!("{name}: {status} {kind} {}: {error}", error.parameter())
    });
    let report = report.join("\n");
    assert!(!report.contains(&signature));
    insta::assert_snapshot!(report);
}

#[test]
fn a_url_holds_up_to_the_second_before_and_for_the_longest_time() {
    let query = signed("title=Ready");
    let keyring = keyring(&[NEW]);
    let just = UNIX_EPOCH + Duration::from_millis(EXPIRES * 1_000 - 1);
    assert!(keyring.check(PATH, &query, just).is_ok());
    let longest = UNIX_EPOCH + Duration::from_secs(EXPIRES - 31 * 86_400);
    assert!(keyring.check(PATH, &query, longest).is_ok());
    let skewed = longest - Duration::from_secs(60);
    assert!(keyring.check(PATH, &query, skewed).is_ok());
    let before = skewed - Duration::from_secs(1);
    let lifetime_max = Duration::from_secs(31 * 86_400);
    let too_long = Err(SignatureError::TooLong { lifetime_max });
    assert_eq!(keyring.check(PATH, &query, before), too_long);
    assert_eq!(keyring.check(PATH, &query, UNIX_EPOCH), too_long);
}

#[test]
fn a_key_is_rotated_in_three_steps() {
    let old = keyring(&[OLD])
        .sign(PATH, "", None, EXPIRES, now())
        .unwrap();
    let query = old.split_once('?').unwrap().1;
    let both = keyring(&[NEW, OLD]);
    assert!(both.check(PATH, query, now()).is_ok());
    let by_name = both
        .sign(PATH, "", Some("2026-10"), EXPIRES, now())
        .unwrap();
    assert_eq!(by_name, old);
    assert_ne!(both.sign(PATH, "", None, EXPIRES, now()).unwrap(), old);
    let error = keyring(&[NEW]).check(PATH, query, now()).unwrap_err();
    let id = "2026-10".to_owned();
    assert_eq!(error, SignatureError::UnknownKey { id });
    // The name is signed as well: another key of this name is another key.
    let renamed = OLD.replace("2026-10", "2026-11");
    let swapped = query.replace("2026-10", "2026-11");
    let error = keyring(&[&renamed]).check(PATH, &swapped, now());
    assert_eq!(error, Err(SignatureError::Wrong));
}

#[test]
fn a_route_says_whether_it_needs_a_signature() {
    let keyring = keyring(&[NEW]);
    let query = signed(QUERY);
    let admit = |query: &str, needs| {
        let admitted = keyring.admit(PATH, query, now(), needs);
        admitted.map(|rest| rest.into_owned())
    };
    assert_eq!(admit(&query, true).as_deref(), Ok(QUERY));
    assert_eq!(admit(&query, false).as_deref(), Ok(QUERY));
    assert_eq!(admit(QUERY, false).as_deref(), Ok(QUERY));
    let missing = Err(SignatureError::Missing { parameter: "sig" });
    assert_eq!(admit(QUERY, true), missing);
    // Whoever leaves out a part does not come by.
    assert!(admit(&query.replace("&sig=", "&sog="), false).is_err());
    assert!(admit("title=Ready&sig", false).is_err());
    let open = keyring_with(&["signing.required=false"]).unwrap();
    assert_eq!(open.admit(PATH, QUERY, now(), true).as_deref(), Ok(QUERY));
    assert!(open.admit(PATH, &query, now(), true).is_err());
}

#[test]
fn what_fetches_or_queries_needs_a_signature() {
    assert!(is_needed(PATH, "title=a&picture=b"));
    assert!(is_needed(PATH, "picture"));
    assert!(is_needed("/v1/chart.png", "query=up"));
    assert!(!is_needed("/v1/chart.png", "name=query"));
    assert!(!is_needed(PATH, "query=up"));
}

#[test]
fn the_service_needs_a_key_only_for_what_needs_one() {
    let none = keyring_with(&[]).unwrap();
    assert!(none.is_required());
    assert!(none.check_usable(false).is_ok());
    assert_eq!(none.warning(true), None);
    insta::assert_snapshot!(none.check_usable(true).unwrap_err(), @"signing: something that fetches or queries is enabled and signing.required is true, but there is no key: make one with proofmark sign --new-key and name its file in signing.keys_file");
    assert!(keyring(&[NEW]).check_usable(true).is_ok());
    let open = keyring_with(&["signing.required=false"]).unwrap();
    assert!(open.check_usable(true).is_ok());
    assert!(open.warning(true).is_some());
    assert_eq!(open.warning(false), None);
}

#[test]
fn a_file_of_keys_is_read_after_the_setting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    let setting = format!("signing.keys_file={}", file.display());
    let read = |text: &str, keys: &str| {
        std::fs::write(&file, text).unwrap();
        let keys = format!("signing.keys={keys}");
        let keyring = keyring_with(&[&setting, &keys])?;
        let url = keyring.sign(PATH, "", None, EXPIRES, now()).unwrap();
        Ok::<_, String>(url.contains("key=2026-11"))
    };
    let text = format!("# Keys of the service.\r\n\n  {OLD}\r\n{NEW}");
    assert_eq!(read(&text, ""), Ok(false));
    assert_eq!(read(OLD, NEW), Ok(true));
    let many: Vec<String> = (0..9)
        .map(|index| NEW.replace("-11", &format!("-x{index}")))
        .collect();
    let report: Vec<String> = [
        read(&format!("# {OLD}\n{OLD} # old\n"), ""),
        read(&format!("\n{}\n", &OLD[..60]), ""),
        read("a:changeme\n", ""),
        read(NEW, NEW),
        read(&many.join("\n"), ""),
        read(&"#".repeat(16_385), ""),
        keyring_with(&["signing.keys_file=/missing/keys"]).map(|_| true),
    ]
    .into_iter()
    .map(|result| {
        result
            .unwrap_err()
            .replace(&folder.path().display().to_string(), ".")
    })
    .collect();
    insta::assert_snapshot!(report.join("\n"));
}

#[test]
fn secrets_are_in_no_output() {
    let secrets = [
        "j0SC8luArUAvLU0QjnGWkssO1EjhagN2JnidQCS_Wes",
        "9c0d5f3b0f6f",
    ];
    let setting = format!("signing.keys={NEW} {OLD}");
    let config = Config::with(&[&setting]).unwrap();
    let keyring = Keyring::new(&config).unwrap();
    let mut shown = format!("{config:?} {keyring:?}");
    assert!(shown.contains("Key(2026-11:…)"), "{shown}");
    for broken in ["", "!", ":"] {
        let setting = format!("signing.keys={NEW}{broken},{}{broken}", &OLD[8..]);
        let error = Config::with(&[&setting]).unwrap_err();
        shown.push_str(&format!(" {error} {error:?}"));
    }
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// Parameters as somebody may choose them.
fn values() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(".{0,12}", 1..5)
}

/// A query of these values, each encoded.
fn query_of(values: &[String]) -> String {
    let pairs = values.iter().enumerate().map(|(index, value)| {
        let mut pair = format!("p{index}=");
        crate::percent::encode(value.as_bytes(), &mut pair);
        pair
    });
    pairs.collect::<Vec<_>>().join("&")
}

proptest! {
    #[test]
    fn what_is_signed_holds_in_any_order(values in values(), turn in 0_usize..8) {
        let query = signed(&query_of(&values));
        let mut pairs: Vec<&str> = query.split('&').collect();
        let turn = turn % pairs.len();
        pairs.rotate_left(turn);
        prop_assert!(check(&pairs.join("&")).is_ok());
    }

    #[test]
    fn any_change_of_one_value_is_refused(values in values(), at: prop::sample::Index, other in ".{0,12}") {
        let at = at.index(values.len());
        prop_assume!(values[at] != other);
        let query = signed(&query_of(&values));
        let mut changed = values.clone();
        changed[at] = other;
        let query = query.replacen(&query_of(&values), &query_of(&changed), 1);
        prop_assert_eq!(check(&query), Err(SignatureError::Wrong));
    }

    #[test]
    fn any_change_of_one_byte_of_the_signature_is_refused(at in 0_usize..43, byte in 0x20_u8..0x7f) {
        let query = signed(QUERY);
        let at = query.len() - 43 + at;
        prop_assume!(query.as_bytes()[at] != byte);
        let mut bytes = query.into_bytes();
        bytes[at] = byte;
        prop_assert!(check(std::str::from_utf8(&bytes).unwrap()).is_err());
    }

    #[test]
    fn any_text_is_judged_without_a_panic(path in ".{0,20}", query in ".{0,60}", seconds: u64) {
        let keyring = keyring(&[NEW]);
        let now = UNIX_EPOCH + Duration::from_secs(seconds >> 2);
        prop_assert!(keyring.check(&path, &query, now).is_err());
        let _ = keyring.look(&path, &query, now);
        let _ = keyring.sign(&path, &query, None, seconds, now);
    }
}
