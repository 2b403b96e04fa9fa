//! Why a signature, a key or a set of keys is refused. No text holds a secret or a right signature.

use std::path::PathBuf;
use std::time::Duration;

use signals::Status;

/// Why a signed URL is refused. The text can be shown to its caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It has no signature, or a part of it was left out.
    #[error("this needs a signed URL, and its parameter {parameter} is missing")]
    Missing {
        /// `sig`, `key` or `expires`.
        parameter: &'static str,
    },
    /// A part of the signature cannot be one.
    #[error("{parameter} {reason}")]
    Malformed {
        /// `sig`, `key` or `expires`.
        parameter: &'static str,
        /// What it should have been.
        reason: &'static str,
    },
    /// No key of this name is live: it was rotated out, or never was.
    #[error("there is no key {id:?}, or no longer: sign the URL again")]
    UnknownKey {
        /// As the caller gave it, 32 characters at most.
        id: String,
    },
    /// It is not what the key signs: something was changed, or the secret is another one.
    #[error("the signature does not fit this URL")]
    Wrong,
    /// It held once.
    #[error("the URL expired {} ago", span(*since))]
    Expired {
        /// In whole seconds.
        since: Duration,
    },
    /// It would hold for longer than any URL may.
    #[error("the URL would hold for longer than {}", span(*lifetime_max))]
    TooLong {
        /// `signing.lifetime_max`.
        lifetime_max: Duration,
    },
    /// A parameter is there twice, and which one counts is anybody's guess.
    #[error("{parameter} is given more than once")]
    Duplicate {
        /// Its name, 64 characters at most.
        parameter: String,
    },
    /// The URL has no one meaning.
    #[error("the URL cannot be read: {reason}")]
    Unreadable {
        /// Where it stops.
        reason: &'static str,
    },
}

impl SignatureError {
    /// A stable name for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "signature-missing",
            Self::Malformed { .. } => "signature-malformed",
            Self::UnknownKey { .. } => "signature-key-unknown",
            Self::Wrong => "signature-wrong",
            Self::Expired { .. } => "signature-expired",
            Self::TooLong { .. } => "signature-lifetime",
            Self::Duplicate { .. } | Self::Unreadable { .. } => "invalid-parameter",
        }
    }

    /// 401 without a signature, 403 with one that does not hold, 400 for a URL that says nothing.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Missing { .. } => Status::Unauthorized,
            Self::Duplicate { .. } | Self::Unreadable { .. } => Status::BadRequest,
            _ => Status::Forbidden,
        }
    }

    /// The parameter to look at.
    #[must_use]
    pub fn parameter(&self) -> &str {
        match self {
            Self::Missing { parameter } | Self::Malformed { parameter, .. } => parameter,
            Self::UnknownKey { .. } => super::KEY,
            Self::Wrong => super::SIGNATURE,
            Self::Expired { .. } | Self::TooLong { .. } => super::EXPIRES,
            Self::Duplicate { parameter } => parameter,
            Self::Unreadable { .. } => "query",
        }
    }
}

/// Why a URL cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// There is nothing to sign with.
    #[error("there is no key: name a file in signing.keys_file, or set PROOFMARK_SIGNING_KEYS")]
    NoKeys,
    /// There are keys, but not this one.
    #[error("there is no key {id:?}; there are {known}")]
    UnknownKey {
        /// As it was asked for.
        id: String,
        /// The names of the keys.
        known: String,
    },
    /// The URL has a signature already.
    #[error("the URL already has {parameter}: leave sig, key and expires out")]
    Signed {
        /// `sig`, `key` or `expires`.
        parameter: &'static str,
    },
    /// It would never hold.
    #[error("it would expire before it is made")]
    Past,
    /// It would hold for longer than any URL may.
    #[error(
        "it would hold for longer than signing.lifetime_max, {}",
        span(*lifetime_max)
    )]
    TooLong {
        /// `signing.lifetime_max`.
        lifetime_max: Duration,
    },
    /// The URL has no one meaning.
    #[error(transparent)]
    Url(#[from] SignatureError),
}

/// Why a text is no key. It never says what the text was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no colon in it.
    #[error("a key is written id:secret")]
    NotIdSecret,
    /// The part before the colon.
    #[error("the id of a key has 1 to 32 of a-z, 0-9 and -")]
    Id,
    /// The part after the colon.
    #[error("the secret of a key is base64url or hexadecimal")]
    Encoding,
    /// It could be guessed.
    #[error("the secret has {bytes} bytes; 32 to 256 are needed: proofmark sign --new-key")]
    Length {
        /// Decoded.
        bytes: usize,
    },
    /// It was made by a person, or is printed in the manual.
    #[error("the secret is not random, or is a published one: proofmark sign --new-key")]
    Weak,
}

/// Why the keys of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file cannot be read.
    #[error("signing.keys_file: cannot read {}", file.display())]
    Read {
        /// As it was given.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no list of keys.
    #[error("signing.keys_file: {} is not a list of keys: it has more than {max} bytes", file.display())]
    FileSize {
        /// As it was given.
        file: PathBuf,
        /// The most that is read.
        max: u64,
    },
    /// A line of the file is no key.
    #[error("signing.keys_file: {}:{line}", file.display())]
    Line {
        /// As it was given.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What it should have been.
        source: KeyError,
    },
    /// Two keys have the same name.
    #[error("signing: the key {id:?} is there twice, in signing.keys or signing.keys_file")]
    Twice {
        /// The name.
        id: String,
    },
    /// There are more keys than a rotation can need.
    #[error("signing: there are {count} keys, more than {max}")]
    TooMany {
        /// In both places together.
        count: usize,
        /// The most.
        max: usize,
    },
    /// Something needs signed URLs, and nobody could sign one.
    #[error(
        "signing: something that fetches or queries is enabled and signing.required is true, but \
         there is no key: make one with proofmark sign --new-key and name its file in \
         signing.keys_file"
    )]
    NoKeys,
}

/// A duration by its largest unit, and the next one where there is some of it: `1h 30m`, `31d`.
pub(crate) fn span(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut rest = duration.as_secs();
    let largest = UNITS.iter().position(|(seconds, _)| rest >= *seconds);
    let shown = UNITS[largest.unwrap_or(3)..].iter().take(2);
    let mut parts = Vec::new();
    for (seconds, unit) in shown {
        let count = rest / seconds;
        rest %= seconds;
        if count > 0 || parts.is_empty() {
            parts.push(format!("{count}{unit}"));
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_two_units_at_most() {
        let report: Vec<String> = [
            0, 59, 60, 3_599, 3_600, 3_605, 90_000, 2_678_400, 31_535_999,
        ]
        .map(|seconds| span(Duration::from_secs(seconds)))
        .into();
        assert_eq!(
            report.join(", "),
            "0s, 59s, 1m, 59m 59s, 1h, 1h, 1d 1h, 31d, 364d 23h"
        );
    }
}
