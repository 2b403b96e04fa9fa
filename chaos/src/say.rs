//! Lines for people on standard output.

use std::io::Write;

/// Writes a line, if anybody reads it: a pipe that was closed (`| head`) or a terminal that is gone
/// must not keep a fault in place.
pub(crate) fn say(line: &str) {
    // There is nobody left to be told of an error.
    let _ = writeln!(std::io::stdout(), "{line}");
}
