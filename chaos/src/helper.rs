//! Further processes of this program: the guard, and the Toxiproxy that a run brings with it.

use std::ffi::OsStr;
use std::process::Command;
use std::sync::OnceLock;

type Build = fn(&[&OsStr]) -> Command;

static BUILD: OnceLock<Build> = OnceLock::new();

/// Says how this program is started with other words. Without it that is this program's own file
/// followed by the words, as it is for `proofmark`; a program in which the verbs of this crate have
/// other names has to say so before the first run. Only the first call counts.
pub fn helpers_start_by(build: fn(&[&OsStr]) -> Command) {
    let _ = BUILD.set(build);
}

/// This program with other words, such as `chaos guard`.
///
/// # Errors
/// The system's, when it does not know this program's file.
pub(crate) fn command(words: &[&OsStr]) -> std::io::Result<Command> {
    if let Some(build) = BUILD.get() {
        return Ok(build(words));
    }
    let mut command = Command::new(std::env::current_exe()?);
    command.args(words);
    Ok(command)
}
