//! What a file configures, and where it uses that.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::Configured;
use super::locate::Way;
use super::troubles::Troubles;

/// What the command line gives a value for.
const ADDRESSES: [&str; 4] = ["prometheus", "service", "toxiproxy", "processes"];

/// Configured values of a file.
const VALUES_MAX: usize = 64;

/// Texts and numbers by their names.
pub(super) type Literals = BTreeMap<String, Value>;

/// The texts and numbers of a configuration; addresses stay names.
pub(super) fn literals(
    configuration: &BTreeMap<String, Configured>,
    troubles: &mut Troubles<'_>,
) -> Literals {
    let way = Way::default().field("configuration");
    if configuration.len() > VALUES_MAX {
        troubles.add(
            &way,
            format!("has too many values, expected at most {VALUES_MAX}"),
        );
    }
    let mut literals = Literals::new();
    for (name, value) in configuration {
        let way = way.field(name);
        let is_address = ADDRESSES.contains(&name.as_str());
        match value {
            Configured::Environment(_) if is_address => {}
            Configured::Environment(_) => troubles.add(
                &way,
                format!("comes from the environment, expected that of {ADDRESSES:?} only"),
            ),
            _ if is_address => troubles.add(
                &way,
                "is given by the command line, expected {type: env, key: NAME, default: URL}",
            ),
            Configured::Text(text) => {
                literals.insert(name.clone(), Value::from(text.as_str()));
            }
            Configured::Number(number) => {
                literals.insert(name.clone(), Value::from(*number));
            }
        }
    }
    literals
}

/// Says which `${name}` below `value` is not configured.
pub(super) fn check_used(
    value: &Value,
    way: &Way,
    configuration: &BTreeMap<String, Configured>,
    troubles: &mut Troubles<'_>,
) {
    match value {
        Value::String(text) => {
            for name in used(text) {
                if !configuration.contains_key(name) {
                    let sentence = format!(
                        "uses ${{{name}}}, which is not in configuration, expected one of {ADDRESSES:?} or a value there"
                    );
                    troubles.add(way, sentence);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_used(item, &way.item(index), configuration, troubles);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                check_used(field, &way.field(name), configuration, troubles);
            }
        }
        _ => {}
    }
}

fn used(text: &str) -> impl Iterator<Item = &str> {
    let rests = text.split("${").skip(1);
    rests.map(|rest| rest.split('}').next().unwrap_or_default())
}

/// Puts texts and numbers where their names stand. A text that is nothing but a name becomes the
/// value itself, as in Chaos Toolkit.
pub(super) fn fill(value: &mut Value, literals: &Literals) {
    match value {
        Value::String(text) => {
            let whole = text
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'));
            if let Some(literal) = whole.and_then(|name| literals.get(name)) {
                *value = literal.clone();
                return;
            }
            for (name, literal) in literals {
                let written = literal
                    .as_str()
                    .map_or_else(|| literal.to_string(), str::to_owned);
                *text = text.replace(&format!("${{{name}}}"), &written);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, literals)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, literals)),
        _ => {}
    }
}
