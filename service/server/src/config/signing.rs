//! Who may make the service fetch or query: section `[signing]`.

use serde::Deserialize;

use super::{Optional, Span};
use crate::signature::KeyList;

/// Section `[signing]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signing {
    pub(crate) required: bool,
    pub(crate) keys: KeyList,
    pub(crate) keys_file: Optional<std::path::PathBuf>,
    pub(crate) lifetime_max: Span<1_000>,
}
