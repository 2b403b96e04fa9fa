//! What can be done to a process.

use std::fmt;

/// What can be done to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Stop it in its tracks; it goes on when the lease ends.
    Pause,
    /// Kill it; it is started when the lease ends.
    Kill,
    /// Kill it and start it at once.
    Restart,
}

impl Act {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Pause, Self::Kill, Self::Restart];

    /// Its word in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Kill => "kill",
            Self::Restart => "restart",
        }
    }

    /// The act that a word of the API names.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == word)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
