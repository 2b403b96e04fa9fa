//! Values over values, each with the place it came from.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// What the names of our variables start with.
const PREFIX: &str = "PROOFMARK_";

/// The section whose subsections are named by whoever writes them.
const OPEN_SECTION: &str = "charts";

/// Why a configuration is not valid.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// As it was given.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line}: {reason}", file.display())]
    Syntax {
        /// As it was given.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What was expected.
        reason: String,
    },
    /// There is no such key.
    #[error("{origin}: no such setting")]
    Unknown {
        /// Who set it.
        origin: String,
    },
    /// The key is a section and was given a value.
    #[error("{origin}: this is a section, of {keys}")]
    Section {
        /// Who set it.
        origin: String,
        /// The keys of the section.
        keys: String,
    },
    /// A setting that is not `key=value`.
    #[error("--set {setting}: expected key=value, such as render.queue_max=64")]
    NotKeyValue {
        /// As it was given.
        setting: String,
    },
    /// The value is of the wrong kind or out of range.
    #[error("{origin}: {reason}")]
    Invalid {
        /// Who set it.
        origin: String,
        /// What was expected.
        reason: String,
    },
    /// The service is asked to misbehave, but not by a rehearsal.
    #[error("fault.mode: refused, because PROOFMARK_REHEARSAL=1 is not set")]
    FaultOutsideRehearsal,
    /// Both listeners want the same address.
    #[error("http.listen and http.admin are both {address}")]
    OneAddress {
        /// That address.
        address: SocketAddr,
    },
}

/// The merged values and who set each.
#[derive(Debug)]
pub(super) struct Layers {
    merged: Table,
    origins: HashMap<String, String>,
}

impl Layers {
    /// The lowest layer, which has every key.
    pub(super) fn new(base: &str) -> Result<Self, ConfigError> {
        let merged = base
            .parse()
            .map_err(|error: toml::de::Error| ConfigError::Invalid {
                origin: "base.toml".to_owned(),
                reason: error.message().to_owned(),
            })?;
        Ok(Self {
            merged,
            origins: HashMap::new(),
        })
    }

    /// The same with the sections of a second text.
    pub(super) fn with_base(mut self, name: &str, base: &str) -> Result<Self, ConfigError> {
        let sections: Table =
            base.parse()
                .map_err(|error: toml::de::Error| ConfigError::Invalid {
                    origin: name.to_owned(),
                    reason: error.message().to_owned(),
                })?;
        self.merged.extend(sections);
        Ok(self)
    }

    /// Lays a file over it.
    pub(super) fn add_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Read {
            file: file.to_owned(),
            source,
        })?;
        let syntax = |error: toml::de::Error| ConfigError::Syntax {
            file: file.to_owned(),
            line: error.span().map_or(1, |span| line_of(&text, span.start)),
            reason: error.message().trim().replace('\n', ", "),
        };
        let values: Table = text.parse().map_err(syntax)?;
        let places = DeTable::parse(&text).map_err(syntax)?;
        let mut leaves = Vec::new();
        collect_leaves(&text, places.get_ref(), &values, "", &mut leaves);
        for (key, line, value) in leaves {
            let origin = format!("{}:{line}: {key}", file.display());
            self.set(&key, origin, |_| value)?;
        }
        Ok(())
    }

    /// Lays variables of the environment over it. Those that belong to none of our sections are
    /// not ours.
    pub(super) fn add_variables(
        &mut self,
        variables: &[(String, String)],
    ) -> Result<(), ConfigError> {
        let mut keys = HashMap::new();
        collect_variables(&self.merged, "", &mut keys);
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let origin = format!("variable {name}");
            if let Some(key) = keys.get(rest) {
                self.set(key, origin, |present| value_of_text(present, text))?;
            } else if self
                .merged
                .keys()
                .any(|section| is_of_section(rest, section))
            {
                return Err(ConfigError::Unknown { origin });
            }
        }
        Ok(())
    }

    /// Lays settings of the form `key=value` over it.
    pub(super) fn add_settings(&mut self, settings: &[String]) -> Result<(), ConfigError> {
        for setting in settings {
            let parts = setting.split_once('=').filter(|(key, _)| !key.is_empty());
            let Some((key, text)) = parts else {
                return Err(ConfigError::NotKeyValue {
                    setting: setting.clone(),
                });
            };
            self.set(key, format!("--set {key}"), |present| {
                value_of_text(present, text)
            })?;
        }
        Ok(())
    }

    /// The whole as a `T`.
    pub(super) fn finish<T: DeserializeOwned>(self) -> Result<T, ConfigError> {
        serde_path_to_error::deserialize(self.merged).map_err(|error| {
            let key = error.path().to_string();
            let origin = self.origins.get(&key).cloned().unwrap_or(key);
            let reason = error.inner().message().trim().replace('\n', ", ");
            ConfigError::Invalid { origin, reason }
        })
    }

    fn set(
        &mut self,
        key: &str,
        origin: String,
        value: impl FnOnce(&Value) -> Value,
    ) -> Result<(), ConfigError> {
        self.open(key);
        let mut parts = key.split('.');
        let mut present = parts.next().and_then(|part| self.merged.get_mut(part));
        for part in parts {
            present = present
                .and_then(Value::as_table_mut)
                .and_then(|table| table.get_mut(part));
        }
        match present {
            None => Err(ConfigError::Unknown { origin }),
            Some(Value::Table(section)) => {
                let keys: Vec<&str> = section.keys().map(String::as_str).collect();
                Err(ConfigError::Section {
                    origin,
                    keys: keys.join(", "),
                })
            }
            Some(present) => {
                *present = value(present);
                self.origins.insert(key.to_owned(), origin);
                Ok(())
            }
        }
    }
}

impl Layers {
    /// Makes room for `charts.NAME.KEY` when another chart has a `KEY`: its value shows the kind.
    fn open(&mut self, key: &str) {
        let mut parts = key.split('.');
        let (Some(OPEN_SECTION), Some(name), Some(field), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return;
        };
        let section = self.merged.get_mut(OPEN_SECTION);
        let Some(section) = section.and_then(Value::as_table_mut) else {
            return;
        };
        let Some(model) = section.values().find_map(|entry| entry.get(field)).cloned() else {
            return;
        };
        let entry = section
            .entry(name)
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(entry) = entry {
            // What is laid here is replaced at once by the caller.
            entry.entry(field).or_insert(model);
        }
    }
}

/// Text as a value of the kind that is there now; text that does not fit stays text, and is refused
/// when the whole is read.
fn value_of_text(present: &Value, text: &str) -> Value {
    let parsed = match present {
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Every value of a file with its full key and its line.
fn collect_leaves(
    text: &str,
    places: &DeTable<'_>,
    values: &Table,
    prefix: &str,
    leaves: &mut Vec<(String, usize, Value)>,
) {
    for (key, place) in places {
        let name = key.get_ref().as_ref();
        let Some(value) = values.get(name) else {
            continue;
        };
        let full = format!("{prefix}{name}");
        match (place.get_ref(), value) {
            (DeValue::Table(places), Value::Table(values)) if !values.is_empty() => {
                collect_leaves(text, places, values, &format!("{full}."), leaves);
            }
            // An empty section sets nothing.
            (_, Value::Table(_)) => {}
            _ => leaves.push((full, line_of(text, key.span().start), value.clone())),
        }
    }
}

/// The variable of every key: `redis.breaker.cooldown` is `REDIS_BREAKER_COOLDOWN`.
fn collect_variables(table: &Table, prefix: &str, keys: &mut HashMap<String, String>) {
    for (name, value) in table {
        let full = format!("{prefix}{name}");
        match value {
            Value::Table(section) => collect_variables(section, &format!("{full}."), keys),
            _ => drop(keys.insert(full.replace('.', "_").to_uppercase(), full)),
        }
    }
}

fn is_of_section(rest: &str, section: &str) -> bool {
    rest.strip_prefix(&section.to_uppercase())
        .is_some_and(|key| key.starts_with('_'))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|&byte| byte == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_variable_of_its_own() {
        let layers = Layers::new(super::super::BASE).unwrap();
        let mut keys = HashMap::new();
        collect_variables(&layers.merged, "", &mut keys);
        let lines = super::super::BASE
            .lines()
            .filter(|line| !line.starts_with('#'));
        assert_eq!(
            keys.len(),
            lines.filter(|line| line.contains(" = ")).count()
        );
        assert_eq!(keys["REDIS_BREAKER_COOLDOWN"], "redis.breaker.cooldown");
    }
}
