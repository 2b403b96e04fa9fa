//! The clock that a time axis follows.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Characters of the name of a zone that an error repeats.
const SHOWN_CHARACTERS_MAX: usize = 64;

/// A named time zone, such as `Europe/Berlin`; UTC unless chosen. As text its IANA name.
///
/// Its rules come with the program, never from the system, so that a picture is the same on every
/// machine. Cheap to clone.
#[derive(Clone)]
pub struct Zone(TimeZone);

/// A text that names no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no time zone of the IANA database, such as Europe/Berlin")]
pub struct ZoneError {
    /// What was asked for, at most 64 characters of it.
    pub name: String,
}

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The name in the IANA database, in its own spelling.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    pub(crate) fn rules(&self) -> &TimeZone {
        &self.0
    }

    /// How far its clocks are ahead of UTC at a Unix time, in seconds; 0 for times without a date.
    pub(crate) fn ahead_seconds(&self, second: i64) -> i64 {
        let at = Timestamp::from_second(second);
        at.map_or(0, |at| i64::from(self.0.to_offset(at).seconds()))
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name()).finish()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(name: &str) -> Result<Self, ZoneError> {
        if name.eq_ignore_ascii_case("utc") {
            return Ok(Self::UTC);
        }
        // The system's own zone and "unknown" are names to the library, but to no reader.
        let found = TimeZoneDatabase::bundled().get(name).ok();
        let found = found.filter(|zone| zone.iana_name().is_some() && !zone.is_unknown());
        found.map(Self).ok_or_else(|| ZoneError {
            name: name.chars().take(SHOWN_CHARACTERS_MAX).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_its_name_in_any_case() {
        let zone: Zone = "europe/berlin".parse().unwrap();
        assert_eq!(zone.name(), "Europe/Berlin");
        assert_eq!(zone, "Europe/Berlin".parse().unwrap());
        assert_eq!(zone.ahead_seconds(1_795_363_200), 3_600);
        assert_eq!("Utc".parse(), Ok(Zone::default()));
    }

    #[test]
    fn what_is_no_zone_is_named() {
        for name in [
            "",
            "Mars/Olympus",
            "Etc/Unknown",
            "localtime",
            "../UTC",
            "CEST",
            "+02:00",
        ] {
            let error = name.parse::<Zone>().unwrap_err();
            assert_eq!(error.name, name);
        }
        let error = "Mars/Olympus".parse::<Zone>().unwrap_err();
        insta::assert_snapshot!(error, @r#""Mars/Olympus" is no time zone of the IANA database, such as Europe/Berlin"#);
        assert_eq!("x".repeat(500).parse::<Zone>().unwrap_err().name.len(), 64);
    }
}
