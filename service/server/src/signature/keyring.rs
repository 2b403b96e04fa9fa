//! The live keys, and what they say about a URL.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::canonical::{self, Parameter};
use super::key::{self, Key, SIGNATURE_BYTES};
use super::{EXPIRES, KEY, KeyringError, SIGNATURE, SignError, SignatureError, has_parameter};
use crate::config::Config;

/// Live keys: one that signs, one that is on its way out, and room for a mishap.
const KEYS_MAX: usize = 8;

/// Most that is read of `signing.keys_file`.
const FILE_BYTES_MAX: u64 = 16_384;

/// How far the clocks of two machines may be apart when a URL has just been made for the longest time
/// there is.
const CLOCK_LEEWAY: Duration = Duration::from_secs(60);

/// Digits of `expires`: enough until the year 5138.
const EXPIRES_DIGITS_MAX: usize = 11;

/// The live keys: section `[signing]`. Cheap to ask, free of locks, never printed.
#[derive(Debug, Clone)]
pub struct Keyring {
    /// The first one signs.
    keys: Vec<Key>,
    is_required: bool,
    lifetime_max: Duration,
}

/// What a URL says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// It does not claim to be signed.
    Absent,
    /// It is signed, and the signature holds.
    Valid(Unsigned),
}

/// A URL whose signature holds, without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// The other parameters, in the order and spelling of the caller.
    pub query: String,
    /// Name of the key that signed it.
    pub key: String,
    /// Until when it holds, this moment left out.
    pub expires: SystemTime,
}

impl Keyring {
    /// The keys of `signing.keys` and then those of `signing.keys_file`, which is read now.
    ///
    /// # Errors
    /// [`KeyringError`] when the file cannot be read or holds something else than keys, when a name
    /// is there twice, or when there are more than 8 keys.
    pub fn new(config: &Config) -> Result<Self, KeyringError> {
        let signing = &config.signing;
        let mut keys = signing.keys.0.clone();
        if let Some(file) = signing.keys_file.get() {
            keys.extend(read_keys(file)?);
        }
        let (count, max) = (keys.len(), KEYS_MAX);
        if count > max {
            return Err(KeyringError::TooMany { count, max });
        }
        for (index, key) in keys.iter().enumerate() {
            if keys[..index].iter().any(|known| known.id() == key.id()) {
                let id = key.id().to_owned();
                return Err(KeyringError::Twice { id });
            }
        }
        Ok(Self {
            keys,
            is_required: signing.required,
            lifetime_max: signing.lifetime_max.get(),
        })
    }

    /// Whether what fetches or queries needs a signed URL.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.is_required
    }

    /// The longest that a URL may hold.
    #[must_use]
    pub fn lifetime_max(&self) -> Duration {
        self.lifetime_max
    }

    /// Whether the service can start with these keys, when `needs` says that something is enabled
    /// that fetches or queries what a caller chooses.
    ///
    /// # Errors
    /// [`KeyringError::NoKeys`] when signatures are required and there is no key to check them with.
    pub fn check_usable(&self, needs: bool) -> Result<(), KeyringError> {
        if needs && self.is_required && self.keys.is_empty() {
            return Err(KeyringError::NoKeys);
        }
        Ok(())
    }

    /// The warning to write at the start, when strangers may make the service fetch or query.
    #[must_use]
    pub fn warning(&self, needs: bool) -> Option<&'static str> {
        (needs && !self.is_required).then_some(
            "signing.required is false: anybody who reaches this service can make it fetch from \
             the allowed upstreams or query Prometheus",
        )
    }

    /// The parameters that are left for a route, once the signature has done its work.
    ///
    /// `needs_signature` says whether this URL asks for something that needs one; a signature that
    /// is there has to hold in any case.
    ///
    /// # Errors
    /// [`SignatureError`], also when a signature is needed, required and not there.
    pub fn admit<'q>(
        &self,
        path: &str,
        query: &'q str,
        now: SystemTime,
        needs_signature: bool,
    ) -> Result<Cow<'q, str>, SignatureError> {
        match self.look(path, query, now)? {
            Signed::Valid(unsigned) => Ok(Cow::Owned(unsigned.query)),
            Signed::Absent if needs_signature && self.is_required => {
                let parameter = SIGNATURE;
                Err(SignatureError::Missing { parameter })
            }
            Signed::Absent => Ok(Cow::Borrowed(query)),
        }
    }

    /// Whether a URL claims to be signed. One that does and is not is an error.
    ///
    /// # Errors
    /// [`SignatureError`] for a claim that does not hold.
    pub fn look(&self, path: &str, query: &str, now: SystemTime) -> Result<Signed, SignatureError> {
        let claims = [SIGNATURE, KEY, EXPIRES]
            .iter()
            .any(|name| has_parameter(query, name));
        if !claims {
            return Ok(Signed::Absent);
        }
        self.check(path, query, now).map(Signed::Valid)
    }

    /// Checks the signature of a URL at `now`. `path` and `query` are as the request has them.
    ///
    /// # Errors
    /// [`SignatureError`], which says of a URL that it expired only if it was ours.
    pub fn check(
        &self,
        path: &str,
        query: &str,
        now: SystemTime,
    ) -> Result<Unsigned, SignatureError> {
        let parameters = canonical::parameters(query)?;
        let claim = Claim::of(&parameters)?;
        let path = canonical::path(path)?;
        let key = self.keys.iter().find(|key| key.id() == claim.key);
        let key = key.ok_or_else(|| SignatureError::UnknownKey {
            id: claim.key.to_owned(),
        })?;
        let signed = parameters
            .iter()
            .filter(|parameter| parameter.name != SIGNATURE);
        if !key.verify(&canonical::message(&path, signed), &claim.signature) {
            return Err(SignatureError::Wrong);
        }
        self.check_time(claim.expires, now)?;
        let rest = parameters
            .iter()
            .filter(|parameter| ![SIGNATURE, KEY, EXPIRES].contains(&parameter.name))
            .map(|parameter| parameter.pair);
        Ok(Unsigned {
            query: rest.collect::<Vec<&str>>().join("&"),
            key: claim.key.to_owned(),
            expires: moment(claim.expires),
        })
    }

    fn check_time(&self, expires: u64, now: SystemTime) -> Result<(), SignatureError> {
        let expires = moment(expires);
        if let Ok(since) = now.duration_since(expires) {
            let since = Duration::from_secs(since.as_secs());
            return Err(SignatureError::Expired { since });
        }
        let lifetime_max = self.lifetime_max;
        match expires.duration_since(now) {
            Ok(left) if left > lifetime_max.saturating_add(CLOCK_LEEWAY) => {
                Err(SignatureError::TooLong { lifetime_max })
            }
            _ => Ok(()),
        }
    }

    /// Path and query with a signature that holds until `expires` (unix seconds), by the key of this
    /// name, or else by the first one. Parameters keep their order and are written in the canonical
    /// encoding.
    ///
    /// # Errors
    /// [`SignError`] when there is no such key, when the URL has a signature or no one meaning, or
    /// when it would be refused at once.
    pub fn sign(
        &self,
        path: &str,
        query: &str,
        key: Option<&str>,
        expires: u64,
        now: SystemTime,
    ) -> Result<String, SignError> {
        let key = self.key(key)?;
        let path = canonical::path(path)?;
        let mut parameters = canonical::parameters(query)?;
        let signed = [SIGNATURE, KEY, EXPIRES].into_iter().find(|reserved| {
            parameters
                .iter()
                .any(|parameter| parameter.name == *reserved)
        });
        if let Some(parameter) = signed {
            return Err(SignError::Signed { parameter });
        }
        let left = moment(expires).duration_since(now).unwrap_or_default();
        if left.is_zero() {
            return Err(SignError::Past);
        }
        let lifetime_max = self.lifetime_max;
        if left > lifetime_max {
            return Err(SignError::TooLong { lifetime_max });
        }
        for (name, value) in [(EXPIRES, expires.to_string()), (KEY, key.id().to_owned())] {
            parameters.push(Parameter {
                name,
                value: value.into_bytes(),
                pair: "",
            });
        }
        let signature = key.sign(&canonical::message(&path, &parameters));
        let query = canonical::query(&parameters);
        Ok(format!("{path}?{query}&{SIGNATURE}={signature}"))
    }

    fn key(&self, id: Option<&str>) -> Result<&Key, SignError> {
        let first = self.keys.first().ok_or(SignError::NoKeys)?;
        let Some(id) = id else { return Ok(first) };
        let key = self.keys.iter().find(|key| key.id() == id);
        key.ok_or_else(|| {
            let known: Vec<&str> = self.keys.iter().map(Key::id).collect();
            SignError::UnknownKey {
                id: id.to_owned(),
                known: known.join(", "),
            }
        })
    }
}

/// What the parameters of a signature say, not yet believed.
struct Claim<'p> {
    signature: [u8; SIGNATURE_BYTES],
    key: &'p str,
    expires: u64,
}

impl<'p> Claim<'p> {
    fn of(parameters: &'p [Parameter<'_>]) -> Result<Self, SignatureError> {
        let value = |name| {
            let parameter = parameters.iter().find(|parameter| parameter.name == name);
            parameter
                .map(|parameter| parameter.value.as_slice())
                .ok_or(SignatureError::Missing { parameter: name })
        };
        let malformed = |parameter, reason| SignatureError::Malformed { parameter, reason };
        let (signature, key, expires) = (value(SIGNATURE)?, value(KEY)?, value(EXPIRES)?);
        Ok(Self {
            signature: key::signature(signature).ok_or(malformed(
                SIGNATURE,
                "is not 43 characters of base64url: was the URL cut?",
            ))?,
            key: std::str::from_utf8(key)
                .ok()
                .filter(|id| key::is_id(id))
                .ok_or(malformed(KEY, "is not the name of a key"))?,
            expires: unix_seconds(expires)
                .ok_or(malformed(EXPIRES, "is not a number of unix seconds"))?,
        })
    }
}

/// Digits in the one right form.
fn unix_seconds(text: &[u8]) -> Option<u64> {
    let is_number = (1..=EXPIRES_DIGITS_MAX).contains(&text.len())
        && text.iter().all(u8::is_ascii_digit)
        && (text[0] != b'0' || text.len() == 1);
    let text = std::str::from_utf8(text).ok().filter(|_| is_number)?;
    text.parse().ok()
}

/// Unix seconds as a time; what no clock can show is far away in any case.
fn moment(unix_seconds: u64) -> SystemTime {
    let seconds = unix_seconds.min(99_999_999_999);
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// One key a line; empty lines and lines that start with `#` say nothing.
fn read_keys(file: &Path) -> Result<Vec<Key>, KeyringError> {
    let unreadable = |source| KeyringError::Read {
        file: file.to_owned(),
        source,
    };
    let mut text = String::new();
    let opened = File::open(file).map_err(unreadable)?;
    let read = opened.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    if read.map_err(unreadable)? as u64 > FILE_BYTES_MAX {
        return Err(KeyringError::FileSize {
            file: file.to_owned(),
            max: FILE_BYTES_MAX,
        });
    }
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(|(index, line)| {
        Key::parse(line).map_err(|source| KeyringError::Line {
            file: file.to_owned(),
            line: index + 1,
            source,
        })
    });
    keys.collect()
}
