//! Counts events over a window that is too long to be read at once.
//!
//! Prometheus refuses a query that would load too many samples (`--query.max-samples`) or takes
//! too long (`--query.timeout`). The count over a window is the sum of the counts over its parts, so
//! a refused window is asked for in 2, 4, … 64 equal pieces, each at its own time. Events between
//! the last sample of one piece and the first of the next are counted by the extrapolation of
//! `increase`, as they are at the ends of the whole; the two differ by less than 1 %.
//!
//! A hole in scraping that is longer than a piece is the exception: the whole counts what a counter
//! gained across it, and its pieces cannot. [`Pieced::holes`] tells.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::ask::Asker;
use super::collect::Warnings;
use super::evidence::{Asked, Lost, LostKind, Reading};

/// The most pieces of a window.
const PIECES_MAX: u32 = 64;

/// No piece is shorter: forty scrapes of 15 seconds, ten of a minute. In much less, `increase` has
/// too few samples to stand for its range.
const PIECE_MIN: Duration = Duration::from_secs(600);

/// Pieces that are asked for at the same time, so that a server short of memory is not asked for
/// the whole once more.
const PIECES_AT_ONCE: usize = 2;

/// What Prometheus, and whoever embeds its engine, says of a query that is too large for it.
const TOO_LARGE: [&str; 2] = [
    "query processing would load too many samples into memory",
    "query timed out in expression evaluation",
];

/// A count over a window, and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pieced {
    /// The count: one value; none without data; several when some piece gave several.
    pub(super) reading: Reading,
    /// In how many pieces the window was read.
    pub(super) pieces: u32,
    /// Pieces without any series between others that have some. Of a count of all events each is a
    /// time in which events may have gone unseen.
    pub(super) holes: u32,
}

/// Counts over `window` up to the time that is looked at, by what `query` makes of a length of time.
///
/// A window that the server calls too large is read in pieces, in at most [`PIECES_MAX`] of at
/// least [`PIECE_MIN`]. When those are too large as well, that refusal is the answer.
///
/// # Errors
/// [`LostKind::BadQuery`] with the words of `query` when it makes none; else why there is no answer
/// to a piece, which may be the deadline.
pub(super) async fn events_over(
    asker: &Asker<'_>,
    query: impl Fn(Duration) -> Result<String, String>,
    window: Duration,
    warnings: &mut Warnings,
) -> Asked<Pieced> {
    let mut pieces = 1;
    loop {
        let answer = in_pieces(asker, &query, window, pieces, warnings).await;
        match answer {
            Err(lost) if is_too_large(&lost) && has_shorter(window, pieces) => pieces *= 2,
            answer => return answer,
        }
    }
}

/// Whether the server refused because of the size of what was asked.
fn is_too_large(lost: &Lost) -> bool {
    lost.kind == LostKind::Refused && TOO_LARGE.iter().any(|words| lost.message.contains(words))
}

fn has_shorter(window: Duration, pieces: u32) -> bool {
    pieces < PIECES_MAX && window / (pieces * 2) >= PIECE_MIN
}

async fn in_pieces(
    asker: &Asker<'_>,
    query: impl Fn(Duration) -> Result<String, String>,
    window: Duration,
    pieces: u32,
    warnings: &mut Warnings,
) -> Asked<Pieced> {
    let questions = parts(asker.at(), window, pieces).map(|(end, length)| {
        let query = query(length).map_err(|message| Lost {
            kind: LostKind::BadQuery,
            message,
        });
        async move { asker.instant_at(&query?, end).await }
    });
    let mut answers = stream::iter(questions).buffered(PIECES_AT_ONCE);
    let mut readings = Vec::new();
    while let Some(answer) = answers.next().await {
        let answer = warnings.of_answer(answer?);
        readings.push(answer.vector.iter().map(|sample| sample.value).collect());
    }
    Ok(sum(&readings))
}

/// The ends and the lengths of so many equal parts of a window, latest first; milliseconds that do
/// not divide are spread over them.
fn parts(
    at: Timestamp,
    window: Duration,
    pieces: u32,
) -> impl Iterator<Item = (Timestamp, Duration)> {
    let whole = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let back = move |part: u32| {
        let millis = i128::from(whole) * i128::from(part) / i128::from(pieces);
        i64::try_from(millis).unwrap_or(i64::MAX)
    };
    (0..pieces).map(move |part| {
        let (begin, end) = (back(part + 1), back(part));
        let time = at.checked_sub(SignedDuration::from_millis(end));
        let length = Duration::from_millis((begin - end).unsigned_abs());
        (time.unwrap_or(Timestamp::MIN), length)
    })
}

/// Puts the values of the pieces together, which are in the order of time or against it.
fn sum(pieces: &[Vec<f64>]) -> Pieced {
    let asked = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    let of = |reading: Vec<f64>, holes| Pieced {
        reading: Reading { values: reading },
        pieces: asked,
        holes,
    };
    if let Some(several) = pieces.iter().find(|values| values.len() > 1) {
        return of(several.clone(), 0);
    }
    let values: Vec<Option<f64>> = pieces
        .iter()
        .map(|values| values.first().copied())
        .collect();
    let first = values.iter().position(Option::is_some);
    let last = values.iter().rposition(Option::is_some);
    let (Some(first), Some(last)) = (first, last) else {
        return of(Vec::new(), 0);
    };
    let within = &values[first..=last];
    let holes = within.iter().filter(|value| value.is_none()).count();
    let total = within.iter().flatten().sum();
    of(vec![total], u32::try_from(holes).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
