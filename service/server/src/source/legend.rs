//! What the series of a chart are called, and their order.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use render::NAME_CHARACTERS_MAX;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Labels of a series, the name of its metric under `__name__`.
pub(super) type Labels = BTreeMap<String, String>;

/// The label under which the name of a metric stands.
const METRIC: &str = "__name__";

/// A name with places for labels, such as `{http_route} {tier}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Legend {
    parts: Vec<Part>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Label(String),
}

impl Legend {
    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of a series; a label that it does not have is empty.
    fn name(&self, labels: &Labels) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Label(label) => labels.get(label).map_or("", String::as_str),
        });
        parts.collect()
    }
}

impl FromStr for Legend {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((label, after)) = after.split_once('}') else {
                return Err(format!("{text:?} has a {{ without a }}"));
            };
            if !is_label(label) {
                return Err(format!("{label:?} is not the name of a label"));
            }
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Label(label.to_owned()));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let is_free = |part: &Part| matches!(part, Part::Text(text) if text.contains('}'));
        if parts.iter().any(is_free) {
            return Err(format!("{text:?} has a }} without a {{"));
        }
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        let text = text.to_owned();
        Ok(Self { parts, text })
    }
}

impl<'de> Deserialize<'de> for Legend {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

fn is_label(name: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.bytes().next().is_some_and(is_start)
        && name
            .bytes()
            .all(|byte| is_start(byte) || byte.is_ascii_digit())
}

/// A name for each of the series: that of the legend, else the labels that tell them apart.
///
/// A single series without a legend has no name: the title says what it is.
pub(super) fn names(legend: Option<&Legend>, all: &[&Labels]) -> Vec<String> {
    let telling = telling(all);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let name = |labels: &&Labels| {
        let written = legend.map(|legend| legend.name(labels)).unwrap_or_default();
        let name = shorten(&written);
        let name = if name.is_empty() {
            shorten(&told(labels, &telling))
        } else {
            name
        };
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 && !name.is_empty() {
            numbered(&name, *count)
        } else {
            name
        }
    };
    all.iter().map(name).collect()
}

/// Which of two series comes first: by name, numbers by their value, then by all labels.
pub(super) fn order(one: (&str, &Labels), other: (&str, &Labels)) -> Ordering {
    let number = |name: &str| name.parse::<f64>().ok();
    let by_name = match (number(one.0), number(other.0)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    by_name
        .then_with(|| one.0.cmp(other.0))
        .then_with(|| one.1.cmp(other.1))
}

/// The labels whose values are not the same in every series.
fn telling<'a>(all: &[&'a Labels]) -> Vec<&'a str> {
    let Some((first, others)) = all.split_first() else {
        return Vec::new();
    };
    let mut telling = BTreeSet::new();
    for other in others {
        let names = first.keys().chain(other.keys());
        telling.extend(names.filter(|name| first.get(*name) != other.get(*name)));
    }
    telling.into_iter().map(String::as_str).collect()
}

/// One label as its value, several as `name=value`.
fn told(labels: &Labels, telling: &[&str]) -> String {
    let present: Vec<(&str, &str)> = telling
        .iter()
        .filter_map(|name| Some((*name, labels.get(*name)?.as_str())))
        .collect();
    match (telling.len(), present.as_slice()) {
        (1, [(_, value)]) => (*value).to_owned(),
        _ => {
            let part = |(name, value): &(&str, &str)| match *name {
                METRIC => (*value).to_owned(),
                name => format!("{name}={value}"),
            };
            present.iter().map(part).collect::<Vec<_>>().join(", ")
        }
    }
}

/// At most as much as a chart takes, without what cannot be drawn.
fn shorten(name: &str) -> String {
    // Of a text of any length only the beginning is looked at.
    let clean = name.chars().take(NAME_CHARACTERS_MAX * 2);
    let clean: String = clean
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    cut(clean.trim(), NAME_CHARACTERS_MAX)
}

/// The first `max` characters, the last of them an ellipsis when there are more.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    text.chars()
        .take(max.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// The name of the second and further series that would be called the same.
fn numbered(name: &str, count: usize) -> String {
    let number = format!(" #{count}");
    cut(name, NAME_CHARACTERS_MAX.saturating_sub(number.len())) + &number
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn named(legend: &str, all: &[Labels]) -> Vec<String> {
        let legend = Some(legend).filter(|legend| !legend.is_empty());
        let legend = legend.map(|legend| legend.parse::<Legend>().unwrap());
        names(legend.as_ref(), &all.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_legend_is_filled_with_labels() {
        let all = [
            labels(&[("job", "a"), ("tier", "memory")]),
            labels(&[("job", "a"), ("tier", "redis")]),
        ];
        assert_eq!(named("{job}: {tier}", &all), ["a: memory", "a: redis"]);
        assert_eq!(named("{job}", &all), ["a", "a #2"]);
        assert_eq!(
            named("{nothing}", &all),
            ["memory", "redis"],
            "as without a legend"
        );
    }

    #[test]
    fn without_a_legend_only_what_tells_series_apart_is_said() {
        let all = [
            labels(&[("__name__", "up"), ("job", "a"), ("zone", "x")]),
            labels(&[("__name__", "down"), ("job", "a"), ("zone", "y")]),
            labels(&[("__name__", "up"), ("job", "a")]),
        ];
        assert_eq!(named("", &all), ["up, zone=x", "down, zone=y", "up"]);
        assert_eq!(named("", &all[..1]), [""]);
        assert_eq!(named("", &[]), [] as [&str; 0]);
    }

    #[test]
    fn a_legend_that_makes_no_sense_is_refused() {
        for text in [
            "{", "{a", "a}", "{}", "{a b}", "{1}", "{a}}", "{{a}}", "{é}",
        ] {
            assert!(text.parse::<Legend>().is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_in_the_order_of_their_values() {
        let none = Labels::new();
        let mut names = ["10", "b", "+Inf", "0.5", "a", "2", "2"];
        names.sort_by(|one, other| order((one, &none), (other, &none)));
        assert_eq!(names, ["0.5", "2", "2", "10", "+Inf", "a", "b"]);
    }

    proptest! {
        #[test]
        fn every_name_can_be_drawn_and_names_differ(
            values in prop::collection::vec("(?s).{0,200}", 2..6),
            legend in prop::option::of("[a-z ]{0,3}\\{v\\}[a-z ]{0,3}"),
        ) {
            let all: Vec<Labels> = values.iter().map(|value| labels(&[("v", value)])).collect();
            let found = named(legend.as_deref().unwrap_or_default(), &all);
            for name in &found {
                prop_assert!(name.chars().count() <= NAME_CHARACTERS_MAX);
                prop_assert!(!name.chars().any(char::is_control));
            }
        }

        #[test]
        fn any_text_is_a_legend_or_an_error(text in "[{}a-z_0-9 ]{0,12}") {
            let _ = text.parse::<Legend>();
        }
    }
}
