use std::sync::{Arc, Mutex};

use super::*;
use crate::show::ProbeNow;

const TERMINAL: Kind = Kind::Terminal {
    is_unicode: true,
    is_coloured: false,
};

/// As much of a terminal as the display uses.
#[derive(Debug, Default)]
struct Terminal {
    rows: Vec<String>,
    row: usize,
}

impl Terminal {
    fn read(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if self.rows.len() <= self.row {
                self.rows.resize(self.row + 1, String::new());
            }
            if let Some(after) = rest.strip_prefix("\x1b[") {
                let end = after.find(char::is_alphabetic).unwrap();
                match &after[end..=end] {
                    "A" => self.row -= after[..end].parse::<usize>().unwrap(),
                    "J" => {
                        self.rows.truncate(self.row);
                        self.rows.push(String::new());
                    }
                    other => panic!("{other}"),
                }
                rest = &after[end + 1..];
                continue;
            }
            match first {
                '\n' => self.row += 1,
                '\r' => {}
                other => self.rows[self.row].push(other),
            }
            rest = &rest[first.len_utf8()..];
        }
    }

    fn text(&self) -> String {
        self.rows.join("\n").trim_end().to_owned()
    }
}

fn moment(stage: &str) -> Event {
    let moment = Moment {
        experiment: "redis-slow".to_owned(),
        stage: stage.to_owned(),
        probes: vec![ProbeNow {
            name: "p95-seconds".to_owned(),
            value: Some(0.25),
            holds: true,
        }],
        ..Moment::default()
    };
    Event::Moment(Box::new(moment), Duration::ZERO)
}

fn line(text: &str) -> Event {
    Event::Line(text.to_owned())
}

#[test]
fn sentences_stand_above_the_block_and_outlive_it() {
    let mut writer = Writer::new(TERMINAL, Vec::new());
    let mut terminal = Terminal::default();
    let mut seen = |writer: &mut Writer<Vec<u8>>| {
        let bytes = std::mem::take(&mut writer.out);
        terminal.read(&String::from_utf8(bytes).unwrap());
        terminal.text()
    };
    writer.write(line("first"));
    writer.write(moment("smoke"));
    let block = |stage: &str| format!("redis-slow · {stage}\n  ✓ p95-seconds       0.25  ▁");
    assert_eq!(seen(&mut writer), format!("first\n{}", block("smoke")));
    writer.write(line("second"));
    assert_eq!(
        seen(&mut writer),
        format!("first\nsecond\n{}", block("smoke"))
    );
    writer.write(moment("full"));
    assert_eq!(
        seen(&mut writer),
        format!("first\nsecond\n{}▁", block("full"))
    );
    writer.end();
    assert_eq!(seen(&mut writer), "first\nsecond");
    // The cursor was never hidden: there is nothing that an end by force could leave behind.
    writer.write(moment("full"));
    assert!(!String::from_utf8(writer.out).unwrap().contains("?25"));
}

#[test]
fn a_pipe_gets_lines_without_any_control() {
    let mut writer = Writer::new(Kind::Other { is_unicode: true }, Vec::new());
    writer.write(line("a \x1b[31mred\x1b[0m\nword"));
    writer.write(moment("smoke"));
    writer.write(moment("smoke"));
    writer.end();
    let text = String::from_utf8(writer.out).unwrap();
    assert_eq!(
        text,
        "a [31mred [0m word\nredis-slow: smoke 0 s; p95-seconds 0.25\n"
    );
}

/// A writer that keeps what it was given.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn everything_is_written_before_the_display_is_gone() {
    let kept = Kept::default();
    let out = kept.clone();
    let screen = Screen::start(Kind::Other { is_unicode: true }, move || out);
    for number in 0..100 {
        screen.line(&format!("line {number}"));
    }
    drop(screen);
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 100);
    assert!(text.ends_with("line 99\n"));
}

/// A terminal that was stopped: a write begins and does not end.
struct Stopped(Receiver<()>);

impl Write for Stopped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Ends with the test.
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_terminal_that_is_stopped_keeps_nobody() {
    let (hold, held) = sync_channel(1);
    let screen = Screen::start(TERMINAL, move || Stopped(held));
    for _ in 0..10_000 {
        screen.line("nobody reads");
    }
    drop(screen);
    drop(hold);
}

#[test]
fn a_locale_says_whether_there_is_unicode() {
    for (locale, expected) in [
        ("de_DE.UTF-8", true),
        ("C.utf8", true),
        ("C", false),
        ("POSIX", false),
        ("en_US.ISO-8859-1", false),
    ] {
        assert_eq!(is_utf8(locale), expected, "{locale}");
    }
}
