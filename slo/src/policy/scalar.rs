//! Single values, each checked where it stands, so that an error has its line.

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use promql_parser::parser::Expr;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};

use crate::promql;
use crate::text::shown;

/// The longest text of a value that is no query, in bytes.
const TEXT_SIZE_BYTES_MAX: usize = 500;

/// The longest name of a metric, a label or an objective, in bytes.
const NAME_SIZE_BYTES_MAX: usize = 200;

/// The form of a metric's name, for the schema.
pub(super) const METRIC: &str = "^[a-zA-Z_:][a-zA-Z0-9_:]*$";

/// The form of a label's name, for the schema.
pub(super) const LABEL: &str = "^[a-zA-Z_][a-zA-Z0-9_]*$";

/// Reads text and checks it.
pub(super) fn checked<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    check: fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    struct Checked<T>(fn(&str) -> Result<T, String>);
    impl<T> Visitor<'_> for Checked<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            (self.0)(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Checked(check))
}

/// Reads a number and checks it.
fn number<'de, D: Deserializer<'de>>(
    deserializer: D,
    check: fn(f64) -> Result<f64, String>,
) -> Result<f64, D::Error> {
    struct Checked(fn(f64) -> Result<f64, String>);
    impl Visitor<'_> for Checked {
        type Value = f64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<f64, E> {
            (self.0)(value).map_err(E::custom)
        }
    }
    deserializer.deserialize_f64(Checked(check))
}

/// Reads a whole number from `min` to `max`.
fn whole<'de, D: Deserializer<'de>>(deserializer: D, min: u64, max: u64) -> Result<u64, D::Error> {
    struct Between(u64, u64);
    impl Visitor<'_> for Between {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a whole number from {} to {}", self.0, self.1)
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<u64, E> {
            if (self.0..=self.1).contains(&value) {
                return Ok(value);
            }
            Err(E::custom(format!(
                "{value} is out of range; expected a whole number from {} to {}",
                self.0, self.1
            )))
        }
    }
    deserializer.deserialize_u64(Between(min, max))
}

/// A value that is there. `key:` with nothing behind it is no value, and is refused.
pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A list of 1 to `MAX` items. It stops reading at the first that is too many.
pub(super) fn list<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Items<T, const MAX: usize>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Items<T, MAX> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of 1 to {MAX} items")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut read = Vec::new();
            while read.len() < MAX {
                match items.next_element()? {
                    Some(item) => read.push(item),
                    None if read.is_empty() => {
                        let message = format!("the list is empty; expected 1 to {MAX} items");
                        return Err(A::Error::custom(message));
                    }
                    None => return Ok(read),
                }
            }
            match items.next_element::<IgnoredAny>()? {
                None => Ok(read),
                Some(_) => Err(A::Error::custom(format!("expected at most {MAX} items"))),
            }
        }
    }
    deserializer.deserialize_seq(Items::<T, MAX>(PhantomData))
}

/// `proofmark/v1`, and nothing else.
pub(super) fn api_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    checked(deserializer, |text| match text {
        "proofmark/v1" => Ok(()),
        other => Err(format!("{}; expected proofmark/v1", quoted(other))),
    })
}

/// `GatePolicy`, and nothing else.
pub(super) fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    checked(deserializer, |text| match text {
        "GatePolicy" => Ok(()),
        other => Err(format!("{}; expected GatePolicy", quoted(other))),
    })
}

/// Events that it takes, 1 to a trillion.
pub(super) fn events_min<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    whole(d, 1, 1_000_000_000_000).map(Some)
}

/// A weight, 1 to 1,000.
pub(super) fn weight<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    whole(deserializer, 1, 1_000)
}

/// A number of earlier releases, 1 to 10.
pub(super) fn releases<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    whole(deserializer, 1, 10)
}

/// The same where it may be left out.
pub(super) fn releases_given<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    releases(d).map(Some)
}

/// A level of confidence, 0.5 to 0.9999.
pub(super) fn confidence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    number(deserializer, |level| {
        if (0.5..=0.9999).contains(&level) && level > 0.5 {
            return Ok(level);
        }
        Err(format!(
            "{level}; expected a share above 0.5 and at most 0.9999, such as 0.95"
        ))
    })
}

/// An amount that is not negative.
pub(super) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    number(deserializer, |amount| {
        // The sign of -0 would reach the report.
        if (0.0..=1e12).contains(&amount) && amount.is_sign_positive() {
            return Ok(amount);
        }
        Err(format!("{amount}; expected an amount of 0 or more"))
    })
}

/// A share of the whole, written `"90%"`: above 0 and up to 1.
pub(super) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    checked(deserializer, read_share)
}

fn read_share(text: &str) -> Result<f64, String> {
    let Some(digits) = text.strip_suffix('%') else {
        let message = format!("{}; expected per cent, such as \"90%\"", quoted(text));
        return Err(message);
    };
    match plain_number(digits.trim_end_matches(' ')) {
        Some(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent / 100.0),
        _ => Err(format!(
            "{}; expected more than 0% and at most 100%",
            quoted(text)
        )),
    }
}

/// Digits, and perhaps a point with digits on both sides: at most 15 of each.
pub(super) fn plain_number(text: &str) -> Option<f64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_plain =
        |part: &str| (1..=15).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    (is_plain(whole) && is_plain(part)).then(|| text.parse().ok())?
}

/// Name of a metric.
pub(super) fn metric<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, |text| {
        name(text, "the name of a metric", |c| c == ':')
    })
}

/// Name of the metric of a histogram, without its suffix.
pub(super) fn histogram<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, |text| {
        for suffix in ["_bucket", "_count", "_sum"] {
            if let Some(bare) = text.strip_suffix(suffix) {
                return Err(format!(
                    "{} is one part of a histogram; expected {}",
                    quoted(text),
                    quoted(bare)
                ));
            }
        }
        name(text, "the name of a histogram", |c| c == ':')
    })
}

/// Name of a label.
pub(super) fn label<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, |text| match text {
        "__name__" | "le" => Err(format!("the label {text} is taken; expected another one")),
        _ => name(text, "the name of a label", |_| false),
    })
}

fn name(text: &str, what: &str, also: fn(char) -> bool) -> Result<String, String> {
    let goes_on_well = |c: char| c.is_ascii_alphanumeric() || c == '_' || also(c);
    let is_name = (1..=NAME_SIZE_BYTES_MAX).contains(&text.len())
        && text.chars().all(goes_on_well)
        && !text.starts_with(|c: char| c.is_ascii_digit());
    if !is_name {
        return Err(format!(
            "{}; expected {what}, of letters, digits and underscores",
            quoted(text)
        ));
    }
    Ok(text.to_owned())
}

/// Name of an objective, or service and name: kept as it stands, looked up later.
pub(super) fn objective<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, |text| {
        let is_bounded = (1..=NAME_SIZE_BYTES_MAX).contains(&text.len());
        if !is_bounded || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(format!(
                "{}; expected an objective, as name or service/name",
                quoted(text)
            ));
        }
        Ok(text.to_owned())
    })
}

/// Matchers as they stand between the braces of a selector; written anew, so that nothing else
/// slips into the queries that they are put into.
pub(super) fn matchers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, read_matchers)
}

fn read_matchers(text: &str) -> Result<String, String> {
    let expected = || {
        format!(
            "{}; expected matchers as between the braces of a selector, such as \
             http_response_status_code=~\"5..\"",
            quoted(text)
        )
    };
    if text.len() > TEXT_SIZE_BYTES_MAX {
        return Err(expected());
    }
    let selector = promql::parse(&format!("x{{{text}}}")).map_err(|_| expected())?;
    let Expr::VectorSelector(selector) = selector else {
        return Err(expected());
    };
    let known = &selector.matchers;
    let is_of_name = known.matchers.iter().any(|m| m.name == "__name__");
    let is_plain = selector.offset.is_none() && selector.at.is_none() && !is_of_name;
    if !is_plain || known.matchers.is_empty() || !known.or_matchers.is_empty() {
        return Err(expected());
    }
    let written: Vec<String> = known.matchers.iter().map(ToString::to_string).collect();
    let written = written.join(",");
    // What is written must be read as what was read.
    let again = promql::parse(&format!("x{{{written}}}"));
    match again {
        Ok(Expr::VectorSelector(again)) if again.matchers == *known => Ok(written),
        _ => Err(expected()),
    }
}

/// A query that gives one number; `{{.window}}` in it stands for the window of the gate.
pub(super) fn query<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, |text| {
        let text = text.trim();
        promql::parse(&promql::fill_window(text, "5m"))
            .map(|_| text.to_owned())
            .map_err(|problem| format!("not PromQL: {problem}"))
    })
}

/// Words for people, with at least one letter.
pub(super) fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, |text| {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let says_nothing = ["null", "none", "todo", "..."].contains(&line.to_lowercase().as_str());
        if says_nothing || !line.chars().any(char::is_alphabetic) {
            return Err(format!("{} says nothing; expected words", quoted(text)));
        }
        if line.len() > TEXT_SIZE_BYTES_MAX || line.chars().any(char::is_control) {
            return Err(format!(
                "expected one text of at most {TEXT_SIZE_BYTES_MAX} bytes, without control characters"
            ));
        }
        Ok(line)
    })
}

/// A time, as RFC 3339.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    checked(deserializer, |text| {
        text.parse().map_err(|_| {
            format!(
                "{}; expected a time as RFC 3339, such as 2026-12-01T00:00:00Z",
                quoted(text)
            )
        })
    })
}

/// Foreign text in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", shown(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_in_per_cent() {
        assert_eq!(read_share("90%"), Ok(0.9));
        assert_eq!(read_share("0.5 %"), Ok(0.005));
        for text in [
            "90", "0.9", "", "%", "-1%", "+1%", "0%", "101%", "NaN%", "1e1%", ".5%", "5.%", "１%",
        ] {
            let message = read_share(text).expect_err(text);
            assert!(message.contains("expected"), "{message}");
        }
    }

    #[test]
    fn matchers_bring_nothing_else_with_them() {
        assert_eq!(
            read_matchers(r#" code =~ "5..", job='a"b' ,"#),
            Ok(r#"code=~"5..",job="a\"b""#.to_owned())
        );
        for text in [
            "",
            " ",
            "code",
            r#"code="5"} or y{a="b""#,
            r#"code="5"}[5m"#,
            r#"code="5"} offset 5m #"#,
            r#"__name__="x""#,
            r#"code=~"(""#,
            r#"a="b" or c="d""#,
        ] {
            assert!(read_matchers(text).is_err(), "{text:?}");
        }
        // A comment is no part of what is kept.
        if let Ok(kept) = read_matchers("a=\"b\"} #") {
            assert_eq!(kept, "a=\"b\"");
        }
    }
}
