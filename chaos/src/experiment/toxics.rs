//! The toxics that there are, and what each of them takes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Longest time that a toxic may ask for: one day, as the embedded server has it.
const DELAY_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// Largest number of bytes that an attribute may ask for: 1 TiB.
const BYTES_MAX: i64 = 1 << 40;

/// Attributes of one toxic: a whole number each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    /// What is meant, with its unit.
    pub(super) meaning: &'static str,
    pub(super) least: i64,
    pub(super) most: i64,
    /// Whether the toxic makes no sense without it.
    pub(super) is_needed: bool,
}

const fn needed(name: &'static str, meaning: &'static str, least: i64, most: i64) -> Attribute {
    Attribute {
        name,
        meaning,
        least,
        most,
        is_needed: true,
    }
}

const fn optional(name: &'static str, meaning: &'static str, most: i64) -> Attribute {
    Attribute {
        name,
        meaning,
        least: 0,
        most,
        is_needed: false,
    }
}

/// Every type of toxic of Toxiproxy 2.12.
pub(super) const KINDS: [(&str, &[Attribute]); 8] = [
    (
        "latency",
        &[
            needed("latency", "ms by which everything is late", 0, DELAY_MS_MAX),
            optional(
                "jitter",
                "ms by which that varies, up and down",
                DELAY_MS_MAX,
            ),
        ],
    ),
    (
        "bandwidth",
        &[needed(
            "rate",
            "kB that pass in a second; 0 lets nothing pass",
            0,
            10_000_000,
        )],
    ),
    (
        "slow_close",
        &[needed(
            "delay",
            "ms by which closing is late",
            1,
            DELAY_MS_MAX,
        )],
    ),
    (
        "timeout",
        &[optional(
            "timeout",
            "ms after which it closes; 0 never closes",
            DELAY_MS_MAX,
        )],
    ),
    (
        "reset_peer",
        &[optional(
            "timeout",
            "ms after which it resets",
            DELAY_MS_MAX,
        )],
    ),
    (
        "slicer",
        &[
            needed("average_size", "bytes of a slice", 1, BYTES_MAX),
            optional(
                "size_variation",
                "bytes by which that varies; less than the size",
                BYTES_MAX,
            ),
            optional("delay", "µs between two slices", DELAY_MS_MAX * 1000),
        ],
    ),
    (
        "limit_data",
        &[needed("bytes", "bytes after which it closes", 0, BYTES_MAX)],
    ),
    ("noop", &[]),
];

/// The attributes of a toxic, and where each fault of them stands: the name of the attribute, or an
/// empty one for the whole.
pub(super) fn attributes(
    kind: &str,
    given: &Map<String, Value>,
) -> Result<BTreeMap<String, i64>, Vec<(String, String)>> {
    let Some((_, known)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        return Ok(BTreeMap::new());
    };
    let mut faults = Vec::new();
    let mut read = BTreeMap::new();
    for (name, value) in given {
        match known.iter().find(|attribute| attribute.name == name) {
            None => faults.push((name.clone(), unknown(kind, known))),
            Some(attribute) => match number(value, attribute) {
                Ok(number) => {
                    read.insert(name.clone(), number);
                }
                Err(sentence) => faults.push((name.clone(), sentence)),
            },
        }
    }
    for attribute in known.iter().filter(|attribute| attribute.is_needed) {
        if !given.contains_key(attribute.name) {
            let Attribute { name, meaning, .. } = attribute;
            faults.push((
                String::new(),
                format!("of {kind} have no {name}, expected {meaning}"),
            ));
        }
    }
    let of = |name: &str| read.get(name).copied().unwrap_or_default();
    if kind == "slicer" && faults.is_empty() && of("size_variation") >= of("average_size") {
        let sentence = "is not less than average_size, expected that".to_owned();
        faults.push(("size_variation".to_owned(), sentence));
    }
    if faults.is_empty() {
        Ok(read)
    } else {
        Err(faults)
    }
}

fn unknown(kind: &str, known: &[Attribute]) -> String {
    let names: Vec<&str> = known.iter().map(|attribute| attribute.name).collect();
    match names.as_slice() {
        [] => format!("is unknown, {kind} has no attributes"),
        names => format!("is unknown, expected {} of {kind}", names.join(" or ")),
    }
}

fn number(value: &Value, attribute: &Attribute) -> Result<i64, String> {
    let Attribute {
        least,
        most,
        meaning,
        ..
    } = attribute;
    let number = value
        .as_i64()
        .filter(|number| (least..=most).contains(&number));
    number.ok_or_else(|| format!("is {value}, expected {least} to {most} ({meaning})"))
}

/// Whether there is such a toxic.
pub(super) fn is_known(kind: &str) -> bool {
    KINDS.iter().any(|(name, _)| *name == kind)
}

/// All types, for a sentence.
pub(super) fn kinds() -> String {
    KINDS.map(|(name, _)| name).join(", ")
}
