//! Standard output of the commands that are written here.

use std::io::Write;

/// Writes to standard output. A reader that went away must not change what was found out.
pub(crate) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}
