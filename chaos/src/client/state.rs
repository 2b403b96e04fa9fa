//! What a Toxiproxy says it is doing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::marker::Marker;

/// A proxy as the API shows it; fields that we do not use may be there.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ProxyState {
    pub(crate) enabled: bool,
    /// Where it listens; the original shows the address as it was bound.
    #[serde(default)]
    pub(crate) listen: String,
    /// Where it leads, as it was asked for.
    #[serde(default)]
    pub(crate) upstream: String,
    #[serde(default)]
    pub(crate) toxics: Vec<Toxic>,
}

impl ProxyState {
    /// What keeps it from passing everything on untouched. The mark of a lease does not.
    pub(crate) fn trouble(&self) -> Option<String> {
        if !self.enabled {
            return Some("is disabled".to_owned());
        }
        let mut toxics = self.toxics.iter();
        toxics
            .find(|toxic| Marker::parse(&toxic.name).is_none())
            .map(|toxic| format!("has the toxic {}", toxic.name))
    }
}

/// A toxic as the API shows it, and as it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Toxic {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) stream: String,
    pub(crate) toxicity: f64,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, i64>,
}

/// Toxicity goes through `f32` on its way.
const TOXICITY_ERROR_MAX: f64 = 1e-6;

impl Toxic {
    /// The first respect in which `found` is not what was asked for. Attributes that were not
    /// asked for have their defaults, which is no difference.
    pub(crate) fn difference(&self, found: &Self) -> Option<String> {
        if found.kind != self.kind {
            return Some(format!("its type is {}", found.kind));
        }
        if found.stream != self.stream {
            return Some(format!("its stream is {}", found.stream));
        }
        if (found.toxicity - self.toxicity).abs() > TOXICITY_ERROR_MAX {
            return Some(format!("its toxicity is {}", found.toxicity));
        }
        let differing = self
            .attributes
            .iter()
            .find(|(name, wanted)| found.attributes.get(*name) != Some(wanted));
        differing.map(|(name, _)| match found.attributes.get(name) {
            Some(value) => format!("its {name} is {value}"),
            None => format!("it has no {name}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(ms: i64) -> Toxic {
        Toxic {
            name: "latency_downstream".to_owned(),
            kind: "latency".to_owned(),
            stream: "downstream".to_owned(),
            toxicity: 0.1,
            attributes: BTreeMap::from([("latency".to_owned(), ms)]),
        }
    }

    #[test]
    fn defaults_and_rounding_are_no_difference() {
        let mut found = latency(800);
        found.toxicity = f64::from(0.1_f32);
        found.attributes.insert("jitter".to_owned(), 0);
        assert_eq!(latency(800).difference(&found), None);
    }

    #[test]
    fn any_other_value_is_named() {
        assert_eq!(
            latency(800).difference(&latency(80)).as_deref(),
            Some("its latency is 80")
        );
        let mut found = latency(800);
        found.attributes.clear();
        assert_eq!(
            latency(800).difference(&found).as_deref(),
            Some("it has no latency")
        );
        found.stream = "upstream".to_owned();
        assert_eq!(
            latency(800).difference(&found).as_deref(),
            Some("its stream is upstream")
        );
    }
}
