//! Varying parts are filled as written, within bounds, and the same again for a seed.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn fill(text: &str, escape: Escape) -> String {
    Text::parse(text, escape)
        .unwrap()
        .fill(&mut Draw::new(7, 42))
}

#[test]
fn text_without_parts_stays_as_it_is() {
    assert_eq!(
        fill("/v1/card.png?title=a%20b", Escape::Percent),
        "/v1/card.png?title=a%20b"
    );
    assert_eq!(fill("{{\"a\": 1}}", Escape::None), "{\"a\": 1}");
}

#[test]
fn drawn_values_cannot_change_a_path() {
    assert_eq!(
        fill("/?t={pick:a&b=c d|a&b=c d}", Escape::Percent),
        "/?t=a%26b%3Dc%20d"
    );
    assert_eq!(fill("/{unique}", Escape::Percent), "/7-2a");
}

#[test]
fn what_is_encoded_already_is_sent_as_it_stands_and_cannot_break_json() {
    assert_eq!(
        fill("/?{raw:t=a%20b&s=1|t=a%20b&s=1}", Escape::Percent),
        "/?t=a%20b&s=1"
    );
    assert_eq!(fill("{raw:a\"b}", Escape::Json), "a\\\"b");
    let path = Text::parse("/{raw:a b|c}/{pick:d e}", Escape::Percent).unwrap();
    let written: Vec<&str> = path.written().collect();
    assert_eq!(written, ["/", "a b", "c", "/"]);
}

#[test]
fn a_json_string_that_is_only_a_number_becomes_one() {
    let text = Text::of_json(&json!({
        "title": "No {n:5..5} \"{pick:é\"}\"",
        "points": [[0, "{n:9..9}"], [1.5, null]],
    }))
    .unwrap();
    let filled = text.fill(&mut Draw::new(1, 1));
    assert_eq!(
        serde_json::from_str::<Value>(&filled).unwrap(),
        json!({"title": "No 5 \"é\"\"", "points": [[0, 9], [1.5, null]]})
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    let error = |text| Text::parse(text, Escape::None).unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            "{user}", "{n:5..1}", "{n:1-5}", "{n:1..99999999999999999999}", "{unique", "a}b",
            "{pick:a|{n:1..2}}", "{}",
        ]
        .map(error)
        .join("\n"),
        @r"
    unknown part {user}; expected {n:1..5000}, {pick:a|b|c}, {raw:a|b|c} or {unique}
    {n:5..1} is not a range; expected {n:FIRST..LAST} with FIRST <= LAST
    {n:1-5} is not a range; expected {n:FIRST..LAST} with FIRST <= LAST
    {n:1..99999999999999999999} is not a range; expected {n:FIRST..LAST} with FIRST <= LAST
    a { is not closed; write {{ for the character itself
    a } is not opened; write }} for the character itself
    unknown part {pick:a|{n:1..2}; expected {n:1..5000}, {pick:a|b|c}, {raw:a|b|c} or {unique}
    unknown part {}; expected {n:1..5000}, {pick:a|b|c}, {raw:a|b|c} or {unique}
    "
    );
}

proptest! {
    #[test]
    fn a_number_stays_in_its_range_and_follows_from_the_seed(
        first in any::<i64>(), last in any::<i64>(), seed in any::<u32>(), number in any::<u64>(),
    ) {
        let (first, last) = (first.min(last), first.max(last));
        let text = Text::parse(&format!("{{n:{first}..{last}}}"), Escape::None).unwrap();
        let filled = text.fill(&mut Draw::new(seed, number));
        let drawn: i64 = filled.parse().unwrap();
        prop_assert!((first..=last).contains(&drawn));
        prop_assert!(filled.len() <= text.size_max_bytes());
        prop_assert_eq!(filled, text.fill(&mut Draw::new(seed, number)));
    }

    #[test]
    fn any_text_is_read_or_refused_and_never_grows_past_its_bound(text in "[a-z{}:|.0-9n\"é ]{0,40}") {
        if let Ok(read) = Text::parse(&text, Escape::Percent) {
            prop_assert!(read.fill(&mut Draw::new(1, 2)).len() <= read.size_max_bytes());
        }
    }

    #[test]
    fn any_json_without_parts_comes_out_as_it_went_in(text in "[^{}]{0,40}", number in any::<i64>()) {
        let value = json!({"t": text, "n": [number, true, null, {text.clone(): 1}]});
        let filled = Text::of_json(&value).unwrap().fill(&mut Draw::new(1, 2));
        prop_assert_eq!(serde_json::from_str::<Value>(&filled).unwrap(), value);
    }

    #[test]
    fn unique_words_differ(left in any::<u64>(), right in any::<u64>()) {
        let text = Text::parse("{unique}", Escape::None).unwrap();
        let same = text.fill(&mut Draw::new(1, left)) == text.fill(&mut Draw::new(1, right));
        prop_assert_eq!(same, left == right);
    }
}
