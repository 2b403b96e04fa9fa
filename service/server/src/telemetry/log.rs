//! Where log lines go: bounded buffers that one thread writes out.
//!
//! Writing a line is an append under a short lock. There is a buffer for each core, so that threads
//! rarely meet at one; lines of different threads may stand in another order than they were written,
//! by as long as they gather. The writer is woken once for many lines, so that a log line costs no
//! system call of its own. A full buffer drops lines and counts them.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::IntCounter;

use super::{Line, Otlp, Severity};
use crate::clock;

/// How long the writer lets lines gather.
const GATHER: Duration = Duration::from_millis(20);

/// How long the end of the service waits for the last lines to be written.
const FLUSH_PATIENCE: Duration = Duration::from_secs(1);

/// More buffers than this are of no use.
const BUFFERS_MAX: usize = 16;

/// A buffer that has grown beyond this does not keep its memory.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// A handle to the log; clones write to the same one.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    shared: Arc<Shared>,
    otlp: Option<Arc<Otlp>>,
}

#[derive(Debug)]
struct Shared {
    buffers: Box<[Buffer]>,
    buffer_bytes_max: usize,
    bell: Mutex<Bell>,
    /// Signals the writer that there is something, and those who flush that there is nothing.
    changed: Condvar,
    dropped: IntCounter,
}

/// On cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Buffer {
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    text: String,
    count: u64,
}

/// What the writer and the others tell each other.
#[derive(Debug, Default)]
struct Bell {
    has_lines: bool,
    is_urgent: bool,
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
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = cores.min(BUFFERS_MAX);
        let shared = Arc::new(Shared {
            buffers: (0..count).map(|_| Buffer::default()).collect(),
            buffer_bytes_max: bytes_max / count,
            bell: Mutex::default(),
            changed: Condvar::new(),
            dropped,
        });
        let writer = Arc::clone(&shared);
        let mut spare = Lines::default();
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || while writer.write_out(&mut *sink, &mut spare) {})?;
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
        let shared = &*self.shared;
        let mut lines = shared.buffers[thread_number() % shared.buffers.len()].lock();
        if lines.text.len() >= shared.buffer_bytes_max {
            drop(lines);
            shared.dropped.inc();
            return;
        }
        let is_first = lines.text.is_empty();
        write(&mut lines.text);
        lines.count += 1;
        drop(lines);
        if is_first || is_urgent {
            let mut bell = shared.bell();
            bell.has_lines = true;
            bell.is_urgent |= is_urgent;
            drop(bell);
            shared.changed.notify_all();
        }
    }

    /// Waits until all lines of now are written, or for a second. Blocks.
    pub(crate) fn flush(&self) {
        let shared = &*self.shared;
        let mut bell = shared.bell();
        bell.is_urgent |= bell.has_lines;
        shared.changed.notify_all();
        let is_busy = |bell: &mut Bell| bell.has_lines || bell.is_writing;
        // Whether it was in time or not, this was the last chance.
        let _ = shared
            .changed
            .wait_timeout_while(bell, FLUSH_PATIENCE, is_busy);
    }

    /// Writes what is there and ends the writer.
    pub(crate) fn close(&self) {
        self.flush();
        self.shared.bell().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl Buffer {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        // A panic between two appends leaves whole text behind.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn bell(&self) -> MutexGuard<'_, Bell> {
        self.bell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what all buffers hold; false when the log is closed.
    fn write_out(&self, sink: &mut dyn Write, spare: &mut Lines) -> bool {
        let is_idle = |bell: &mut Bell| !bell.has_lines && !bell.is_closed;
        let waited = self.changed.wait_while(self.bell(), is_idle);
        let bell = waited.unwrap_or_else(PoisonError::into_inner);
        let may_gather = |bell: &mut Bell| !bell.is_urgent && !bell.is_closed;
        let gathered = self.changed.wait_timeout_while(bell, GATHER, may_gather);
        let mut bell = gathered.unwrap_or_else(PoisonError::into_inner).0;
        // What is appended from here on rings again, whether this round still takes it or not.
        *bell = Bell {
            is_writing: true,
            is_closed: bell.is_closed,
            ..Bell::default()
        };
        let is_closed = bell.is_closed;
        drop(bell);
        for buffer in &self.buffers {
            // The buffers take turns at one spare, so that a steady log allocates nothing.
            std::mem::swap(&mut *buffer.lock(), spare);
            if spare.text.is_empty() {
                continue;
            }
            let written = sink.write_all(spare.text.as_bytes());
            if written.and_then(|()| sink.flush()).is_err() {
                self.dropped.inc_by(spare.count);
            }
            spare.count = 0;
            spare.text.clear();
            spare.text.shrink_to(KEPT_BYTES_MAX);
        }
        self.bell().is_writing = false;
        self.changed.notify_all();
        !is_closed
    }
}

/// A number for this thread, so that the threads of a pool have different ones.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    NUMBER.get().unwrap_or_else(|| {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        NUMBER.set(Some(number));
        number
    })
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

    #[test]
    fn lines_of_many_threads_are_written_whole_and_each_thread_in_its_order() {
        let (log, file, dropped) = log(1 << 24);
        std::thread::scope(|scope| {
            for name in 0..8 {
                let log = &log;
                scope.spawn(move || {
                    for index in 0..2_000 {
                        log.append_line(&format!("{name} {index}\n"));
                    }
                });
            }
        });
        log.close();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let mut next = [0; 8];
        for line in text.lines() {
            let (name, index) = line.split_once(' ').unwrap();
            let next = &mut next[name.parse::<usize>().unwrap()];
            assert_eq!(index.parse(), Ok(*next));
            *next += 1;
        }
        assert_eq!((next, dropped.get()), ([2_000; 8], 0));
    }
}
