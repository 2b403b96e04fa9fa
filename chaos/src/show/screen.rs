//! Standard output, as the terminal or the pipe that it is.

use std::io::{IsTerminal as _, Write};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tokio::time::Instant;

use super::board::sentence;
use super::{Board, Look, Moment, Plain, Show, width};

/// What waits to be written; a terminal that is stopped gets no more, and nobody waits for it.
const WAITING_MAX: usize = 256;

/// How long the last words may take.
const LAST_WORDS_MAX: Duration = Duration::from_secs(1);

/// Columns and rows when the terminal does not say.
const SIZE_ASSUMED: (usize, usize) = (80, 24);

/// Something to be shown.
enum Event {
    Line(String),
    Moment(Box<Moment>, Duration),
}

/// Shows a run on standard output. The cursor is never hidden and always below what was written, so
/// that there is nothing to restore however the program ends.
pub(crate) struct Screen {
    began: Instant,
    events: Option<SyncSender<Event>>,
    done: Mutex<Receiver<()>>,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

impl Screen {
    /// The display that fits standard output.
    pub(crate) fn of_stdout() -> Self {
        let kind = Kind::of_stdout();
        Self::start(kind, std::io::stdout)
    }

    /// A display that writes to what `out` gives, from a thread of its own.
    fn start<W: Write>(kind: Kind, out: impl FnOnce() -> W + Send + 'static) -> Self {
        let (events, waiting) = sync_channel(WAITING_MAX);
        let (ended, done) = sync_channel(1);
        let writing = move || {
            let mut writer = Writer::new(kind, out());
            while let Ok(event) = waiting.recv() {
                writer.write(event);
            }
            writer.end();
            // Nobody may be waiting any more.
            let _ = ended.try_send(());
        };
        // Without a thread nothing is shown, and the run goes on.
        let thread = std::thread::Builder::new().name("show".to_owned());
        let is_started = thread.spawn(writing).is_ok();
        Self {
            began: Instant::now(),
            events: is_started.then_some(events),
            done: Mutex::new(done),
        }
    }

    fn send(&self, event: Event) {
        if let Some(events) = &self.events {
            // A reader that does not read is shown less; it must not keep a fault in place.
            let _ = events.try_send(event);
        }
    }
}

impl Show for Screen {
    fn line(&self, text: &str) {
        self.send(Event::Line(text.to_owned()));
    }

    fn moment(&self, moment: &Moment) {
        let event = Event::Moment(Box::new(moment.clone()), self.began.elapsed());
        self.send(event);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.events.take().is_some()
            && let Ok(done) = self.done.get_mut()
        {
            // Whatever has not been written by then is not worth waiting for.
            let _ = done.recv_timeout(LAST_WORDS_MAX);
        }
    }
}

/// What is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Terminal { is_unicode: bool, is_coloured: bool },
    Other { is_unicode: bool },
}

impl Kind {
    fn of_stdout() -> Self {
        let is_set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(is_set);
        let is_unicode = locale.is_some_and(|locale| is_utf8(&locale.to_string_lossy()));
        let is_dumb = is_set("TERM").is_none_or(|term| term == "dumb");
        if !std::io::stdout().is_terminal() || is_dumb {
            // A pipe has no characters, only bytes: they are UTF-8.
            let is_unicode = is_unicode || !std::io::stdout().is_terminal();
            return Self::Other { is_unicode };
        }
        Self::Terminal {
            is_unicode,
            is_coloured: is_set("NO_COLOR").is_none(),
        }
    }

    fn look(self) -> Look {
        let (columns, rows) = match self {
            Self::Terminal { .. } => size_of_stdout(),
            Self::Other { .. } => SIZE_ASSUMED,
        };
        let (is_unicode, is_coloured) = match self {
            Self::Terminal {
                is_unicode,
                is_coloured,
            } => (is_unicode, is_coloured),
            Self::Other { is_unicode } => (is_unicode, false),
        };
        Look {
            // The last column stays free: some terminals begin a new line when it is written.
            columns: columns.saturating_sub(usize::from(matches!(self, Self::Terminal { .. }))),
            rows: rows.saturating_sub(1).max(1),
            is_unicode,
            is_coloured,
        }
    }
}

/// Whether a locale such as `de_DE.UTF-8` writes UTF-8.
fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

fn size_of_stdout() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        }
        _ => SIZE_ASSUMED,
    }
}

/// Turns events into bytes.
struct Writer<W> {
    kind: Kind,
    out: W,
    board: Board,
    plain: Plain,
    /// Widths of the lines of the block that stands.
    standing: Vec<usize>,
}

impl<W: Write> Writer<W> {
    fn new(kind: Kind, out: W) -> Self {
        Self {
            kind,
            out,
            board: Board::default(),
            plain: Plain::default(),
            standing: Vec::new(),
        }
    }

    fn write(&mut self, event: Event) {
        let look = self.kind.look();
        let text = match (self.kind, event) {
            (Kind::Terminal { .. }, Event::Moment(moment, _)) => {
                self.board.update(*moment);
                self.painted(&[], look)
            }
            (Kind::Terminal { .. }, Event::Line(line)) => {
                self.painted(&sentence(&line, look), look)
            }
            (Kind::Other { .. }, Event::Moment(moment, now)) => {
                let line = self.plain.line(&moment, now);
                line.map_or(String::new(), |line| joined(&sentence(&line, look)))
            }
            (Kind::Other { .. }, Event::Line(line)) => joined(&sentence(&line, look)),
        };
        self.send(&text);
    }

    /// The block goes, the lines come in its place, and the block comes back below them.
    fn painted(&mut self, lines: &[String], look: Look) -> String {
        let block = self.board.lines(look);
        let text = format!("{}{}{}", self.erased(look), joined(lines), joined(&block));
        self.standing = block.iter().map(|line| width_of_painted(line)).collect();
        text
    }

    /// What takes the block away, however narrow the terminal has become since.
    fn erased(&self, look: Look) -> String {
        let columns = look.columns + 1;
        let rows: usize = self
            .standing
            .iter()
            .map(|width| width.div_ceil(columns).max(1))
            .sum();
        match rows {
            0 => String::new(),
            rows => format!("\r\x1b[{rows}A\x1b[J"),
        }
    }

    /// What was a picture of the moment goes; the sentences stay.
    fn end(&mut self) {
        if !self.standing.is_empty() {
            let text = self.erased(self.kind.look());
            self.standing.clear();
            self.send(&text);
        }
    }

    fn send(&mut self, text: &str) {
        if !text.is_empty() {
            // There is nobody left to be told of an error.
            let _ = self.out.write_all(text.as_bytes());
            let _ = self.out.flush();
        }
    }
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Columns of a line, its colours left out.
pub(super) fn width_of_painted(line: &str) -> usize {
    let mut bare = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\x1b' {
            characters.by_ref().find(|end| *end == 'm');
        } else {
            bare.push(character);
        }
    }
    width(&bare)
}

#[cfg(test)]
mod tests;
