//! Signed URLs: who may make the service fetch a picture or ask Prometheus a question.
//!
//! A signed URL carries `expires` (unix seconds), `key` (the name of a key) and `sig`: HMAC-SHA256
//! over its path and all its other parameters, in base64url without padding. Neither the order of
//! the parameters nor their encoding matters; everything else does. At least two keys can be live,
//! so a new one can be handed out before the old one goes.
//!
//! Start at [`Keyring`]. There is no clock here: whoever asks says what time it is.
//!
//! ```
//! use std::time::{Duration, UNIX_EPOCH};
//!
//! let keys = "signing.keys=2026-11:j0SC8luArUAvLU0QjnGWkssO1EjhagN2JnidQCS_Wes";
//! let keyring = server::Keyring::new(&server::Config::with(&[keys])?)?;
//! let now = UNIX_EPOCH + Duration::from_secs(1_795_380_000);
//!
//! let url = keyring.sign("/v1/card.png", "title=Ready to ship", None, 1_795_383_600, now)?;
//! let (path, query) = url.split_once('?').unwrap();
//! assert!(query.starts_with("title=Ready%20to%20ship&expires=1795383600&key=2026-11&sig="));
//!
//! let unsigned = keyring.check(path, query, now)?;
//! assert_eq!(unsigned.query, "title=Ready%20to%20ship");
//! assert!(keyring.check(path, query, now + Duration::from_secs(3_600)).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod canonical;
mod key;
mod keyring;

#[cfg(test)]
mod tests;

pub use error::{KeyError, KeyringError, SignError, SignatureError};
pub use keyring::{Keyring, Signed, Unsigned};

pub(crate) use error::span;
pub(crate) use key::{FRESH_BYTES, KeyList, fresh};

/// The parameters of a signature.
const SIGNATURE: &str = "sig";
const KEY: &str = "key";
const EXPIRES: &str = "expires";

/// Paths, and the parameter that makes each of them fetch or query on behalf of its caller.
const PRIVILEGED: [(&str, &str); 2] = [("/v1/card.png", "picture"), ("/v1/chart.png", "query")];

/// Whether a URL asks the service to fetch or to query what its caller chose, so that it must be
/// signed. A chart that the configuration names needs no signature.
#[must_use]
pub fn is_needed(path: &str, query: &str) -> bool {
    PRIVILEGED
        .iter()
        .filter(|(privileged, _)| *privileged == path)
        .any(|(_, parameter)| has_parameter(query, parameter))
}

fn has_parameter(query: &str, name: &str) -> bool {
    query
        .split('&')
        .any(|pair| pair.split_once('=').map_or(pair, |(name, _)| name) == name)
}
