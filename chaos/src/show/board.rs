//! The block that shows where an experiment stands, line by line.

use std::collections::BTreeMap;

use super::spark::{VALUES_MAX, Values};
use super::text::{fitted, wrapped};
use super::{Moment, ProbeNow, cut, figure, lasting, one_line, width};

/// Columns of a line at most, however wide the terminal is.
pub(super) const COLUMNS_MAX: usize = 80;
/// A narrower terminal is treated as if it were so wide.
const COLUMNS_MIN: usize = 24;
/// Faults and probes that are listed; the rest is counted.
const FAULTS_MAX: usize = 8;
const PROBES_MAX: usize = 16;
/// Probes whose values are kept.
const KEPT_MAX: usize = 256;
/// Columns of a name at most and at least, of a value, and of all blanks and signs beside them.
const NAME_MAX: usize = 22;
const NAME_MIN: usize = 6;
const VALUE: usize = 9;
const AROUND: usize = 8;
/// A row of bars is worth its room from here on.
const BARS_MIN: usize = 8;
/// What a fault takes at least beside its lease.
const LEASE_LESS: usize = 8;
/// Columns of the bar of a stage.
const STAGE_BAR_MAX: usize = 20;

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Columns of a line; more than 80 are not used.
    pub(crate) columns: usize,
    /// Lines at most, so that all of them can be painted anew.
    pub(crate) rows: usize,
    pub(crate) is_unicode: bool,
    pub(crate) is_coloured: bool,
}

impl Look {
    fn room(self) -> usize {
        self.columns.clamp(COLUMNS_MIN, COLUMNS_MAX)
    }

    fn mark(self) -> &'static str {
        if self.is_unicode { "…" } else { "..." }
    }

    /// Text in a colour, where there are colours.
    fn paint(self, code: &str, text: &str) -> String {
        if self.is_coloured && !text.is_empty() {
            return format!("\x1b[{code}m{text}\x1b[0m");
        }
        text.to_owned()
    }

    /// Text that every terminal can show: what is not ASCII is a question mark where only that is.
    fn fit(self, text: &str) -> String {
        let line = one_line(text);
        if self.is_unicode || line.is_ascii() {
            return line;
        }
        let known = |character: char| match character {
            '…' => '.',
            '–' | '—' => '-',
            '≤' => '<',
            '≥' => '>',
            ascii if ascii.is_ascii() => ascii,
            _ => '?',
        };
        line.chars().map(known).collect()
    }
}

const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";
const MAGENTA: &str = "35";
const BOLD: &str = "1";
const FAINT: &str = "2";

/// Where a run stands, with what its probes were before.
#[derive(Debug, Default)]
pub(crate) struct Board {
    moment: Option<Moment>,
    values: BTreeMap<String, Values>,
}

impl Board {
    /// Takes what was just read. Another experiment begins anew.
    pub(crate) fn update(&mut self, moment: Moment) {
        let before = self.moment.as_ref().map(|before| &before.experiment);
        if before != Some(&moment.experiment) {
            self.values.clear();
        }
        for probe in &moment.probes {
            if self.values.len() < KEPT_MAX || self.values.contains_key(&probe.name) {
                let values = self.values.entry(probe.name.clone()).or_default();
                values.push(probe.value);
            }
        }
        self.moment = Some(moment);
    }

    /// The block, each line no wider than `look` allows; nothing before the first moment.
    pub(crate) fn lines(&self, look: Look) -> Vec<String> {
        let Some(moment) = &self.moment else {
            return Vec::new();
        };
        let mut lines = head(moment, look);
        lines.extend(faults(moment, look));
        lines.extend(self.probes(moment, look));
        // What does not fit could not be painted over.
        let rows = look.rows.max(1);
        if lines.len() > rows {
            lines.truncate(rows);
        }
        lines
    }

    fn probes(&self, moment: &Moment, look: Look) -> Vec<String> {
        let shown: Vec<&ProbeNow> = moment.probes.iter().take(PROBES_MAX).collect();
        let names = shown.iter().map(|probe| width(&look.fit(&probe.name)));
        let room = look.room().saturating_sub(AROUND + VALUE);
        // Names give way to bars as long as they can be told apart.
        let most = room
            .saturating_sub(VALUES_MAX)
            .max(room.saturating_sub(BARS_MIN).min(NAME_MAX));
        let name = names.max().unwrap_or(0).clamp(NAME_MIN, most.max(NAME_MIN));
        let bars = room.saturating_sub(name).min(VALUES_MAX);
        let line = |probe: &&ProbeNow| self.probe(probe, (name, bars), look);
        let mut lines: Vec<String> = shown.iter().map(line).collect();
        let hidden = moment.probes.len().saturating_sub(PROBES_MAX);
        if hidden > 0 {
            lines.push(cut(&format!("  and {hidden} more probes"), look.room(), ""));
        }
        lines
    }

    fn probe(&self, probe: &ProbeNow, (name, bars): (usize, usize), look: Look) -> String {
        let value = probe.value.filter(|value| value.is_finite());
        let (sign, ascii, colour) = match (value, probe.holds) {
            (None, _) => ('?', "?", MAGENTA),
            (Some(_), true) => ('✓', "ok", GREEN),
            (Some(_), false) => ('✗', "NO", RED),
        };
        let sign = if look.is_unicode {
            format!("{sign} ")
        } else {
            fitted(ascii, 2, "")
        };
        let shown = value.map_or("unknown".to_owned(), figure);
        let name = fitted(&look.fit(&probe.name), name, look.mark());
        let values = self.values.get(&probe.name);
        let bars = values.filter(|_| bars >= BARS_MIN);
        let bars = bars.map_or(String::new(), |values| {
            values.bars(look.room() - AROUND - VALUE - width(&name), look.is_unicode)
        });
        let sign = look.paint(colour, &sign);
        format!("  {sign}{name}  {shown:>VALUE$}  {bars}")
            .trim_end()
            .to_owned()
    }
}

/// The experiment, its stage, and how far that is.
fn head(moment: &Moment, look: Look) -> Vec<String> {
    let dot = if look.is_unicode { " · " } else { " - " };
    let mut words = vec![look.fit(&moment.experiment), look.fit(&moment.stage)];
    words.retain(|word| !word.is_empty());
    if moment.number > 0 {
        let count = moment.count.max(moment.number);
        words.push(format!("stage {} of {count}", moment.number));
    }
    let right = progress(moment, look);
    let room = look.room();
    let left = words.join(dot);
    if right.is_empty() {
        return vec![look.paint(BOLD, &cut(&left, room, look.mark()))];
    }
    if width(&left) + 2 + width(&right) <= room {
        let gap = " ".repeat(room - width(&left) - width(&right));
        return vec![format!("{}{gap}{right}", look.paint(BOLD, &left))];
    }
    let left = look.paint(BOLD, &cut(&left, room, look.mark()));
    vec![left, cut(&format!("  {right}"), room, look.mark())]
}

/// A bar and the seconds of a stage; only the seconds where nothing was planned.
fn progress(moment: &Moment, look: Look) -> String {
    let elapsed = lasting(moment.elapsed);
    if moment.planned.is_zero() {
        return if moment.elapsed.is_zero() {
            String::new()
        } else {
            elapsed
        };
    }
    let cells = STAGE_BAR_MAX.min(look.room() / 4);
    let part = moment.elapsed.as_secs_f64() / moment.planned.as_secs_f64();
    let done = ((part * cells as f64) as usize).min(cells);
    let (full, empty) = if look.is_unicode {
        ("━", "─")
    } else {
        ("#", "-")
    };
    let bar = full.repeat(done) + &empty.repeat(cells - done);
    format!("{bar} {elapsed} of {}", lasting(moment.planned))
}

fn faults(moment: &Moment, look: Look) -> Vec<String> {
    let room = look.room();
    let mut lines = Vec::new();
    for fault in moment.faults.iter().take(FAULTS_MAX) {
        let sign = if look.is_unicode { "●" } else { "*" };
        let lease = match fault.lease_left {
            Some(left) => cut(&format!("lease {}", lasting(left)), room - LEASE_LESS, ""),
            None => String::new(),
        };
        let taken = 4 + if lease.is_empty() {
            0
        } else {
            2 + width(&lease)
        };
        let text = fitted(
            &look.fit(&fault.text),
            room.saturating_sub(taken),
            look.mark(),
        );
        let line = format!("  {} {text}", look.paint(YELLOW, sign));
        lines.push(if lease.is_empty() {
            line.trim_end().to_owned()
        } else {
            format!("{line}  {}", look.paint(FAINT, &lease))
        });
    }
    let hidden = moment.faults.len().saturating_sub(FAULTS_MAX);
    if hidden > 0 {
        lines.push(cut(&format!("  and {hidden} more faults"), room, ""));
    }
    lines
}

/// A sentence that stays, in lines that fit.
pub(super) fn sentence(text: &str, look: Look) -> Vec<String> {
    wrapped(&look.fit(text), look.room(), 3)
}
