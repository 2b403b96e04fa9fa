//! The mark of a lease on a server that has none: a `noop` toxic whose name says whose, until when.

use std::collections::BTreeMap;

use super::Toxic;

/// What every marker's name begins with.
const PREFIX: &str = "proofmark-lease";

/// Characters of the holder that are kept; a name has at most 128.
const HOLDER_CHARS_MAX: usize = 40;

/// A mark that somebody may break a proxy until a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    /// Unix time in milliseconds.
    pub(crate) expires_ms: i64,
    /// Tells this lease from all others: 16 hexadecimal digits.
    pub(crate) nonce: String,
    /// ASCII letters, digits, `-` and `_`.
    pub(crate) holder: String,
}

impl Marker {
    /// The mark of a holder, in characters that can stand in a path.
    pub(crate) fn new(holder: &str, nonce: u64, expires_ms: i64) -> Self {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        };
        Self {
            expires_ms,
            nonce: format!("{nonce:016x}"),
            holder: holder.chars().take(HOLDER_CHARS_MAX).map(plain).collect(),
        }
    }

    /// Reads the name of a toxic; `None` when it is no marker.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.splitn(4, '.');
        if parts.next() != Some(PREFIX) {
            return None;
        }
        let expires_ms = parts.next()?.parse().ok()?;
        let (nonce, holder) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let is_nonce = nonce.len() == 16 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_nonce.then_some(Self {
            expires_ms,
            nonce,
            holder,
        })
    }

    /// The name of its toxic.
    pub(crate) fn name(&self) -> String {
        let Self {
            expires_ms,
            nonce,
            holder,
        } = self;
        format!("{PREFIX}.{expires_ms}.{nonce}.{holder}")
    }

    /// The toxic; it works on no connection, and would do nothing to it.
    pub(crate) fn toxic(&self) -> Toxic {
        Toxic {
            name: self.name(),
            kind: "noop".to_owned(),
            stream: "downstream".to_owned(),
            toxicity: 0.0,
            attributes: BTreeMap::new(),
        }
    }

    /// Whole seconds until it expires, rounded up; 0 when it has.
    pub(crate) fn seconds_left(&self, now_ms: i64) -> u64 {
        let left = self.expires_ms.saturating_sub(now_ms).max(0);
        u64::try_from(left).unwrap_or(0).div_ceil(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_back_from_its_name() {
        let marker = Marker::new("redis gone/é", 7, 61_000);
        assert_eq!(
            marker.name(),
            "proofmark-lease.61000.0000000000000007.redis-gone--"
        );
        assert_eq!(Marker::parse(&marker.name()), Some(marker.clone()));
        assert_eq!(marker.seconds_left(1_000), 60);
        assert_eq!(marker.seconds_left(60_999), 1);
        assert_eq!(marker.seconds_left(61_000), 0);
        assert!(
            Marker::new(&"x".repeat(500), u64::MAX, i64::MAX)
                .name()
                .len()
                <= 128
        );
    }

    #[test]
    fn no_other_name_is_a_marker() {
        for name in [
            "latency_downstream",
            "proofmark-lease",
            "proofmark-lease.x.0000000000000007.me",
            "proofmark-lease.1.7.me",
            "proofmark-lease.1.0000000000000007",
            "proofmark-lease.99999999999999999999.0000000000000007.me",
        ] {
            assert_eq!(Marker::parse(name), None, "{name}");
        }
    }
}
