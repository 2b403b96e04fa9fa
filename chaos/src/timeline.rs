//! The picture of an experiment: what was broken above, how the service bore it below.
//!
//! It is drawn from the journal alone, so that any journal can be drawn again.

mod lanes;
mod marks;
mod strips;
#[cfg(test)]
pub(crate) mod sample;

use std::sync::Arc;

use jiff::Timestamp;
use outcome::{Failure, OrFail, Outcome};
use render::{
    Color, Fonts, NAME_CHARACTERS_MAX, Painter, SUBTITLE_CHARACTERS_MAX, TITLE_CHARACTERS_MAX,
    Timeline,
};

use crate::journal::Journal;
use crate::show::one_line;
pub(crate) use strips::expected;

/// Width of the picture, in pixels.
const WIDTH: u32 = 1_200;

/// Draws the timeline of an experiment as PNG, 1,200 px wide and as high as it needs to be: bars of
/// stages and faults, marks for effects, alerts, rollback and recovery, and a strip for each probe
/// that was sampled, hatched where its value is not known.
///
/// # Errors
/// [`Failure::broken`] that names a time or a value that is no number, or when the picture would be
/// larger than one may be.
pub fn draw_timeline(journal: &Journal) -> Result<Vec<u8>, Failure> {
    let timeline = timeline(journal)?;
    let sentence = || format!("cannot draw the timeline of {}", journal.experiment.name);
    let fonts = Fonts::bundled().or_broken(sentence())?;
    let mut painter = Painter::new(Arc::new(fonts));
    let picture = painter.draw_timeline(&timeline).or_broken(sentence())?;
    Ok(picture.png)
}

/// What there is to draw.
fn timeline(journal: &Journal) -> Result<Timeline, Failure> {
    check(journal)?;
    let until = end(journal);
    let (lanes, more_faults) = lanes::lanes(journal, until);
    let (strips, more_probes) = strips::strips(journal);
    let (sign, color) = seal(journal.outcome());
    Ok(Timeline {
        width: WIDTH,
        title: cut(&journal.experiment.title, TITLE_CHARACTERS_MAX),
        word: cut(&format!("{sign} {}", journal.outcome), NAME_CHARACTERS_MAX),
        word_color: color,
        subtitle: subtitle(journal, more_faults, more_probes),
        seconds: (0.0, until),
        lanes,
        marks: marks::marks(journal),
        strips,
        ..Timeline::default()
    })
}

/// An outcome as a sign that needs no colour, and a colour that needs no sign.
pub(crate) fn seal(outcome: Outcome) -> (&'static str, Color) {
    match outcome {
        Outcome::Held => ("✓", Color::rgb(0x0b6b3a)),
        Outcome::Missed => ("✗", Color::rgb(0xb3181f)),
        Outcome::Inconclusive => ("?", Color::rgb(0x6b2fa0)),
        _ => ("!", Color::rgb(0x475569)),
    }
}

/// Refuses what is no number: it would be drawn somewhere, and be wrong there.
fn check(journal: &Journal) -> Result<(), Failure> {
    let wrong = |what: String| {
        let name = one_line(&journal.experiment.name);
        Failure::broken(format!(
            "journal of {name}: {} is no number, expected seconds and values that are",
            one_line(&what)
        ))
    };
    if !journal.duration.is_finite() {
        return Err(wrong("duration".to_owned()));
    }
    for (index, fault) in journal.faults.iter().enumerate() {
        let ends = [Some(fault.start_seconds), fault.end_seconds];
        if !ends.into_iter().flatten().all(f64::is_finite) {
            return Err(wrong(format!("a time of faults[{index}] ({})", fault.name)));
        }
    }
    for samples in &journal.samples {
        for (index, (seconds, value)) in samples.points.iter().enumerate() {
            let is_sound = seconds.is_finite() && value.is_none_or(f64::is_finite);
            if !is_sound {
                return Err(wrong(format!("point {index} of {}", samples.probe)));
            }
        }
        let bounds = [samples.least, samples.most];
        if bounds.into_iter().flatten().any(f64::is_nan) {
            return Err(wrong(format!("a bound of {}", samples.probe)));
        }
    }
    Ok(())
}

/// The last second that is drawn: nothing that is known lies behind it.
fn end(journal: &Journal) -> f64 {
    let faults = journal.faults.iter();
    let faults = faults.flat_map(|fault| [Some(fault.start_seconds), fault.end_seconds]);
    let points = journal.samples.iter().flat_map(|samples| &samples.points);
    let points = points.map(|(seconds, _)| Some(*seconds));
    let stages = journal.stages.iter();
    let stages = stages.map(|stage| Some(seconds(journal, stage.end)));
    let all = faults.chain(points).chain(stages).flatten();
    let last = all.fold(journal.duration, f64::max);
    if last > 0.0 { last } else { 1.0 }
}

/// Seconds from the start of the experiment to a time.
fn seconds(journal: &Journal, at: Timestamp) -> f64 {
    at.duration_since(journal.start).as_secs_f64()
}

fn subtitle(journal: &Journal, more_faults: usize, more_probes: usize) -> String {
    let mut words = Vec::new();
    if !journal.detail.is_empty() {
        words.push(one_line(&journal.detail));
    }
    words.push(journal.start.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    words.push(format!("{} s", journal.duration.round()));
    for (more, what) in [(more_faults, "faults"), (more_probes, "probes")] {
        if more > 0 {
            words.push(format!("{more} more {what} are not drawn"));
        }
    }
    cut(&words.join(" · "), SUBTITLE_CHARACTERS_MAX)
}

/// A name that a picture takes.
fn name(text: &str) -> String {
    cut(text, NAME_CHARACTERS_MAX)
}

fn cut(text: &str, max: usize) -> String {
    let text = one_line(text);
    if text.chars().count() <= max {
        return text;
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
