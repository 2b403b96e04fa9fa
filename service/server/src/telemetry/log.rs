//! Where log lines go: a bounded buffer that one thread writes out.
//!
//! Writing a line is an append under a short lock. The writer is woken once for many lines, so that
//! a log line costs no system call of its own. A full buffer drops lines and counts them.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::IntCounter;

use super::{Line, Otlp, Severity};
use crate::clock;

/// How long the writer lets lines gather.
const GATHER: Duration = Duration::from_millis(20);

/// How long the end of the service waits for the last lines to be written.
const FLUSH_PATIENCE: Duration = Duration::from_secs(1);

/// A handle to the log; clones write to the same one.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    shared: Arc<Shared>,
    otlp: Option<Arc<Otlp>>,
}

#[derive(Debug)]
struct Shared {
    buffer: Mutex<Buffer>,
    /// Signals the writer that there is something, and those who flush that there is nothing.
    changed: Condvar,
    bytes_max: usize,
    dropped: IntCounter,
}

#[derive(Debug, Default)]
struct Buffer {
    text: String,
    lines: u64,
    is_writing: bool,
    is_closed: bool,
}

impl Log {
    /// Starts the writer. The file is opened here, so that a bad path stops the start.
    pub(crate) fn start(
        file: Option<&Path>,
        bytes_max: usize,
        dropped: IntCounter,
    ) -> io::Result<Self> {
        let mut sink: Box<dyn Write + Send> = match file {
            Some(file) => Box::new(File::options().create(true).append(true).open(file)?),
            None => Box::new(io::stderr()),
        };
        let buffer = Mutex::new(Buffer::default());
        let shared = Arc::new(Shared {
            buffer,
            changed: Condvar::new(),
            bytes_max,
            dropped,
        });
        let writer = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || while writer.write_out(&mut *sink) {})?;
        Ok(Self { shared, otlp: None })
    }

    /// The same log, which sends its lines to a collector too.
    pub(crate) fn with_otlp(mut self, otlp: Option<Arc<Otlp>>) -> Self {
        self.otlp = otlp;
        self
    }

    /// Writes one line.
    pub(crate) fn write(&self, line: &Line) {
        let at = clock::wall();
        if let Some(otlp) = &self.otlp {
            otlp.log(line, at);
        }
        self.append(line.severity != Severity::Info, |out| line.write(at, out));
    }

    /// Appends a line that is no urgent one.
    pub(super) fn append_line(&self, line: &str) {
        self.append(false, |out| out.push_str(line));
    }

    /// Appends text of whole lines that `write` makes; an urgent one is not kept to gather more.
    fn append(&self, is_urgent: bool, write: impl FnOnce(&mut String)) {
        let mut buffer = self.shared.lock();
        if buffer.text.len() >= self.shared.bytes_max {
            drop(buffer);
            self.shared.dropped.inc();
            return;
        }
        let is_first = buffer.text.is_empty();
        write(&mut buffer.text);
        buffer.lines += 1;
        drop(buffer);
        if is_first || is_urgent {
            self.shared.changed.notify_all();
        }
    }

    /// Waits until all lines of now are written, or for a second. Blocks.
    pub(crate) fn flush(&self) {
        let is_busy = |buffer: &mut Buffer| !buffer.text.is_empty() || buffer.is_writing;
        let buffer = self.shared.lock();
        // Whether it was in time or not, this was the last chance.
        let _ = self
            .shared
            .changed
            .wait_timeout_while(buffer, FLUSH_PATIENCE, is_busy);
    }

    /// Writes what is there and ends the writer.
    pub(crate) fn close(&self) {
        self.flush();
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Buffer> {
        // A panic between two appends leaves whole text behind.
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes one buffer full; false when the log is closed.
    fn write_out(&self, sink: &mut dyn Write) -> bool {
        let is_idle = |buffer: &mut Buffer| buffer.text.is_empty() && !buffer.is_closed;
        let waited = self.changed.wait_while(self.lock(), is_idle);
        let buffer = waited.unwrap_or_else(PoisonError::into_inner);
        let gathered = self.changed.wait_timeout(buffer, GATHER);
        let mut buffer = gathered.unwrap_or_else(PoisonError::into_inner).0;
        let text = std::mem::take(&mut buffer.text);
        let lines = std::mem::take(&mut buffer.lines);
        let is_closed = buffer.is_closed;
        buffer.is_writing = true;
        drop(buffer);
        if sink
            .write_all(text.as_bytes())
            .and_then(|()| sink.flush())
            .is_err()
        {
            self.dropped.inc_by(lines);
        }
        let mut buffer = self.lock();
        buffer.is_writing = false;
        if buffer.text.is_empty() {
            // The capacity is kept, so that a steady log allocates nothing.
            buffer.text = text;
            buffer.text.clear();
        }
        self.changed.notify_all();
        !is_closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(bytes_max: usize) -> (Log, tempfile::NamedTempFile, IntCounter) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let dropped = IntCounter::new("dropped_total", "Dropped.").unwrap();
        let log = Log::start(Some(file.path()), bytes_max, dropped.clone()).unwrap();
        (log, file, dropped)
    }

    #[test]
    fn every_line_is_written_in_order() {
        let (log, file, dropped) = log(1 << 20);
        for index in 0..1_000 {
            log.append(false, |out| out.push_str(&format!("{index}\n")));
        }
        log.close();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let expected: String = (0..1_000).map(|index| format!("{index}\n")).collect();
        assert_eq!(text, expected);
        assert_eq!(dropped.get(), 0);
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let (log, file, dropped) = log(4_096);
        for _ in 0..1_000 {
            log.append(false, |out| out.push_str(&"x".repeat(1_023)));
        }
        log.close();
        let written = std::fs::read_to_string(file.path()).unwrap().len() as u64 / 1_023;
        assert!(dropped.get() > 0);
        assert_eq!(written + dropped.get(), 1_000);
    }
}
