//! Says what is happening and for how long: one rewritten line on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use tokio::time::Instant;

/// Between two plain lines of one step, so that a CI log stays short.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Columns of the rewritten line.
const WIDTH: usize = 79;

/// The display. Errors of the output are ignored: a closed pipe must not change a verdict.
#[derive(Debug)]
pub(crate) struct Progress {
    style: Style,
    started: Instant,
    step: Option<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Rewritten,
    Plain,
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    expected: Option<Duration>,
    started: Instant,
    told: Instant,
}

impl Progress {
    /// A display for standard error: rewritten on a terminal that can do it, plain with `NO_COLOR`,
    /// in CI, and in a pipe.
    pub(crate) fn for_stderr() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let rewritten = std::io::stderr().is_terminal() && !set("NO_COLOR") && !set("CI") && !dumb;
        let style = if rewritten {
            Style::Rewritten
        } else {
            Style::Plain
        };
        Self {
            style,
            started: Instant::now(),
            step: None,
        }
    }

    /// Begins a step, which ends the one before.
    pub(crate) fn begin(&mut self, name: &'static str, expected: Option<Duration>) {
        let now = Instant::now();
        self.step = Some(Step {
            name,
            expected,
            started: now,
            told: now,
        });
        match self.style {
            Style::Rewritten => self.rewrite(""),
            Style::Plain => self.say(&format!("{name} …")),
        }
    }

    /// Tells how the step is getting on; call it about once a second.
    pub(crate) fn tick(&mut self, detail: &str) {
        if self.style == Style::Rewritten {
            self.rewrite(detail);
            return;
        }
        let now = Instant::now();
        let Some(step) = self.step.as_mut() else {
            return;
        };
        if now - step.told >= PLAIN_EVERY {
            step.told = now;
            let line = format!(
                "{}: {}{}",
                step.name,
                so_far(now - step.started, step.expected),
                after_comma(detail)
            );
            self.say(&line);
        }
    }

    /// Ends the step with what came of it.
    pub(crate) fn done(&mut self, detail: &str) {
        let Some(step) = self.step.take() else { return };
        let took = step.started.elapsed();
        match self.style {
            Style::Plain => self.say(&format!(
                "{}: {:.1} s{}",
                step.name,
                took.as_secs_f64(),
                after_comma(detail)
            )),
            Style::Rewritten => {
                let line = done_line(step.name, took, detail);
                let _ = writeln!(std::io::stderr(), "\r\x1b[2K{line}");
            }
        }
    }

    fn say(&self, text: &str) {
        let at = self.started.elapsed().as_secs_f64();
        let _ = writeln!(std::io::stderr(), "[{at:6.1} s] {text}");
    }

    fn rewrite(&self, detail: &str) {
        let Some(step) = &self.step else { return };
        let line = running_line(step.name, step.started.elapsed(), step.expected, detail);
        let mut stderr = std::io::stderr();
        let _ = write!(stderr, "\r\x1b[2K{line}");
        let _ = stderr.flush();
    }
}

fn so_far(elapsed: Duration, expected: Option<Duration>) -> String {
    match expected {
        Some(expected) => format!("{} of {} s", elapsed.as_secs(), expected.as_secs()),
        None => format!("{} s", elapsed.as_secs()),
    }
}

fn after_comma(detail: &str) -> String {
    if detail.is_empty() {
        String::new()
    } else {
        format!(", {detail}")
    }
}

fn running_line(name: &str, elapsed: Duration, expected: Option<Duration>, detail: &str) -> String {
    let line = format!(
        " \x1b[36m•\x1b[0m {name:<12} {:>12}  {detail}",
        so_far(elapsed, expected)
    );
    cut(&line, WIDTH + "\x1b[36m\x1b[0m".len())
}

fn done_line(name: &str, took: Duration, detail: &str) -> String {
    let line = format!(
        " \x1b[32m✓\x1b[0m {name:<12} {:>10.1} s  {detail}",
        took.as_secs_f64()
    );
    cut(&line, WIDTH + "\x1b[32m\x1b[0m".len())
}

/// At most so many characters: a line that wraps cannot be rewritten.
fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_tells_how_far_it_is() {
        let line = running_line(
            "load",
            Duration::from_secs(12),
            Some(Duration::from_secs(60)),
            "150 requests/s, P99 3 ms, no errors",
        );
        insta::assert_snapshot!(line.replace('\x1b', "␛"), @" ␛[36m•␛[0m load           12 of 60 s  150 requests/s, P99 3 ms, no errors");
    }

    #[test]
    fn a_finished_step_tells_how_long_it_took() {
        let line = done_line("gate", Duration::from_millis(412), "pass");
        insta::assert_snapshot!(line.replace('\x1b', "␛"), @" ␛[32m✓␛[0m gate                0.4 s  pass");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let line = running_line("load", Duration::from_secs(1), None, &"x".repeat(200));
        assert_eq!(line.chars().count() - "\x1b[36m\x1b[0m".len(), WIDTH);
    }
}
