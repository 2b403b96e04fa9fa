//! A command that could not finish, and the sentence that says why.

use std::error::Error;
use std::fmt;

use crate::Outcome;

/// Why a command stopped early: its outcome, one sentence, and the cause when there is one.
///
/// `Display` writes the sentence and all causes in one line, so it is printed as it is.
#[derive(Debug)]
pub struct Failure {
    outcome: Outcome,
    sentence: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    fn new(outcome: Outcome, sentence: impl Into<String>) -> Self {
        Self {
            outcome,
            sentence: sentence.into(),
            source: None,
        }
    }

    /// Bad arguments or a bad file: exit code 2. The sentence names the thing, and file and line.
    pub fn misused(sentence: impl Into<String>) -> Self {
        Self::new(Outcome::Misused, sentence)
    }

    /// It could not be known: exit code 3.
    pub fn inconclusive(sentence: impl Into<String>) -> Self {
        Self::new(Outcome::Inconclusive, sentence)
    }

    /// A bug, a missing binary, a taken port, a dead child: exit code 70.
    pub fn broken(sentence: impl Into<String>) -> Self {
        Self::new(Outcome::Broken, sentence)
    }

    /// A person stopped it and everything was undone: exit code 130.
    pub fn interrupted(sentence: impl Into<String>) -> Self {
        Self::new(Outcome::Interrupted, sentence)
    }

    /// The same failure with what caused it.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// How the command ends.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        let mut cause = self.source.as_deref().map(|source| source as &dyn Error);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error for Failure {}

/// Turns any error into a [`Failure`] where it is handled.
pub trait OrFail<T> {
    /// Exit code 2, with `sentence` before the cause.
    ///
    /// # Errors
    /// The error of `self`, as misuse.
    fn or_misused(self, sentence: impl Into<String>) -> Result<T, Failure>;

    /// Exit code 70, with `sentence` before the cause.
    ///
    /// # Errors
    /// The error of `self`, as something broken.
    fn or_broken(self, sentence: impl Into<String>) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> OrFail<T> for Result<T, E> {
    fn or_misused(self, sentence: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|cause| Failure::misused(sentence).because(cause))
    }

    fn or_broken(self, sentence: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|cause| Failure::broken(sentence).because(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_prints_its_sentence_and_every_cause_in_one_line() {
        let cause = std::io::Error::other("permission denied");
        let failure = Failure::broken("cannot write report.json").because(cause);
        assert_eq!(
            failure.to_string(),
            "cannot write report.json: permission denied"
        );
        assert_eq!(failure.outcome().exit_code(), 70);
    }
}
