//! Servers of other projects: they are found before anything is started.

use std::path::PathBuf;

use outcome::Failure;

/// The servers of other projects that a stack needs.
#[derive(Debug)]
pub(crate) struct Binaries {
    pub(super) redis: PathBuf,
    pub(super) prometheus: PathBuf,
    pub(super) alertmanager: PathBuf,
}

impl Binaries {
    /// Finds them before anything is started.
    ///
    /// # Errors
    /// [`Failure::broken`] that names the first missing one and the command that installs it.
    pub(crate) fn find() -> Result<Self, Failure> {
        Ok(Self {
            redis: installed("redis-server")?,
            prometheus: installed("prometheus")?,
            alertmanager: installed("prometheus-alertmanager")?,
        })
    }
}

/// The binary of another project, by name.
fn installed(name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    found.ok_or_else(|| Failure::broken(format!("{name} is not installed: run ci/setup")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_that_is_not_there_is_named_with_the_command_that_installs_it() {
        let failure = installed("no-such-binary").unwrap_err();
        assert_eq!(
            failure.to_string(),
            "no-such-binary is not installed: run ci/setup"
        );
        assert_eq!(failure.outcome().exit_code(), 70);
    }
}
