//! One change of a Toxiproxy, as an experiment asks for it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::state::Toxic;

/// A change of one proxy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub(crate) enum Change {
    /// A toxic is added.
    Add { proxy: String, toxic: Toxic },
    /// A toxic gets other numbers; its type and stream stay.
    Update { proxy: String, toxic: Toxic },
    /// A toxic is removed.
    Remove { proxy: String, name: String },
    /// It listens, or refuses connections and closes open ones.
    Enable { proxy: String, enabled: bool },
}

impl Change {
    /// The proxy that is changed.
    pub(crate) fn proxy(&self) -> &str {
        match self {
            Self::Add { proxy, .. }
            | Self::Update { proxy, .. }
            | Self::Remove { proxy, .. }
            | Self::Enable { proxy, .. } => proxy,
        }
    }

    /// The change that takes a fault away; `None` when this one is no fault.
    pub(crate) fn undo(&self) -> Option<Self> {
        match self {
            Self::Add { proxy, toxic } | Self::Update { proxy, toxic } => Some(Self::Remove {
                proxy: proxy.clone(),
                name: toxic.name.clone(),
            }),
            Self::Enable {
                proxy,
                enabled: false,
            } => Some(Self::Enable {
                proxy: proxy.clone(),
                enabled: true,
            }),
            Self::Remove { .. } | Self::Enable { enabled: true, .. } => None,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add { proxy, toxic } => {
                write!(f, "add {}", toxic.kind)?;
                for (name, value) in &toxic.attributes {
                    write!(f, " {name}={value}")?;
                }
                write!(f, " to {proxy} {}", toxic.stream)
            }
            Self::Update { proxy, toxic } => {
                write!(f, "update {}", toxic.name)?;
                for (name, value) in &toxic.attributes {
                    write!(f, " {name}={value}")?;
                }
                write!(f, " of {proxy}")
            }
            Self::Remove { proxy, name } => write!(f, "remove {name} from {proxy}"),
            Self::Enable {
                proxy,
                enabled: true,
            } => write!(f, "enable {proxy}"),
            Self::Enable {
                proxy,
                enabled: false,
            } => write!(f, "disable {proxy}"),
        }
    }
}
