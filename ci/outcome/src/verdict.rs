//! The six ways a command can end.

use std::fmt;

/// How a command ended. The order of the variants is the order of badness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Everything that was asked held.
    Held,
    /// It could not be known: no data, too few events, stale, source unreachable.
    Inconclusive,
    /// An objective, a threshold or a steady state did not hold.
    Missed,
    /// Bad arguments or a bad file.
    Misused,
    /// A bug, a missing binary, a port taken, a child that died.
    Broken,
    /// A person stopped it, and everything was undone first.
    Interrupted,
}

impl Outcome {
    /// All outcomes, best first.
    pub const ALL: [Self; 6] = [
        Self::Held,
        Self::Inconclusive,
        Self::Missed,
        Self::Misused,
        Self::Broken,
        Self::Interrupted,
    ];

    /// The process exit code: 0, 3, 1, 2, 70 or 130.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Missed => 1,
            Self::Misused => 2,
            Self::Inconclusive => 3,
            Self::Broken => 70,
            Self::Interrupted => 130,
        }
    }

    /// The outcome that an exit code of ours stands for; any other code is [`Outcome::Broken`].
    #[must_use]
    pub fn of_exit_code(code: Option<i32>) -> Self {
        let known = Self::ALL
            .into_iter()
            .find(|outcome| Some(i32::from(outcome.exit_code())) == code);
        known.unwrap_or(Self::Broken)
    }

    /// The worse of two outcomes: interrupted, 70, 2, 1, 3, 0.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        self.max(other)
    }

    /// The outcome in one lower-case word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Missed => "missed",
            Self::Misused => "misused",
            Self::Inconclusive => "inconclusive",
            Self::Broken => "broken",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_is_70_then_2_then_1_then_3_then_0() {
        let mut codes: Vec<u8> = Vec::new();
        let mut rest = Outcome::ALL.to_vec();
        while let Some(worst) = rest.iter().copied().reduce(Outcome::worst) {
            codes.push(worst.exit_code());
            rest.retain(|outcome| *outcome != worst);
        }
        assert_eq!(codes, [130, 70, 2, 1, 3, 0]);
    }

    #[test]
    fn an_exit_code_that_is_not_ours_is_broken() {
        assert_eq!(Outcome::of_exit_code(Some(3)), Outcome::Inconclusive);
        assert_eq!(Outcome::of_exit_code(Some(101)), Outcome::Broken);
        assert_eq!(Outcome::of_exit_code(None), Outcome::Broken);
    }
}
