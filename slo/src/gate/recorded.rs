//! Reads the events of a long window from recording rules, and checks them against the queries.
//!
//! The rules keep all events and bad events of the last five minutes under [`RECORDED_EVENTS`] and
//! [`RECORDED_BAD_EVENTS`]: counts, because an exact bound takes counts and a ratio has none. Laid
//! side by side they are the events of any window. The newest minutes, which no rule has seen yet,
//! are read from the queries themselves.
//!
//! A recording is believed only where three hours of it, the first, the middle and the last, say
//! what the queries say of the same hours: a rule may be of an older objective of the same name.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::ask::Asker;
use super::collect::Warnings;
use super::evidence::{Asked, LostKind};
use super::reason::Which;
use crate::objective::{Counted, Indicator, Objective, Ratio};
use crate::prometheus::Answer;
use crate::text::count;
use crate::window;

/// Records all events of the last five minutes.
pub const RECORDED_EVENTS: &str = "slo:sli_events:increase5m";

/// Records the bad events of the last five minutes.
pub const RECORDED_BAD_EVENTS: &str = "slo:sli_bad_events:increase5m";

/// Length of a tile, in milliseconds: what one recorded value counts.
const TILE: i64 = 300_000;

/// Shorter windows are read from the queries, which is as fast.
const WINDOW_MIN: Duration = Duration::from_secs(6 * 3_600);

/// Share of the tiles of a window that must be there.
const PRESENT_MIN: f64 = 0.98;

/// Tiles of an hour that is checked.
const TILES_CHECKED: i64 = 12;

/// A recorded hour may differ from the query by this share of it, and so many events: the ends of a
/// range are extrapolated.
const DIFFERENCE_SHARE_MAX: f64 = 0.03;
/// See [`DIFFERENCE_SHARE_MAX`].
const DIFFERENCE_EVENTS_MAX: f64 = 5.0;

/// How old a recorded value may be: rules are evaluated each minute or more often.
const EVALUATION_MILLIS_MAX: i64 = 60_000;

/// What the recordings of an objective say of a window.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Recorded {
    /// There are none, or not of the whole window, or they are not one plain number: read the
    /// queries.
    Absent,
    /// They are something else than the queries: nothing is known until one of them is mended.
    Disagrees(Disagreement),
    /// The events, and how complete they are.
    Events {
        /// All events.
        total: f64,
        /// The bad ones.
        bad: f64,
        /// Recorded values that make up the window.
        tiles: u32,
        /// Of them, those that are missing: at most 2 %.
        tiles_missing: u32,
    },
}

/// An hour of which a recording and its query say different things.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Disagreement {
    /// Whether all events or the bad ones.
    pub(super) which: Which,
    /// Events by the recording.
    pub(super) recorded: f64,
    /// Events by the query; `None` when it gave no plain number.
    pub(super) raw: Option<f64>,
    /// The end of the hour.
    pub(super) at: Timestamp,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.which {
            Which::Bad => RECORDED_BAD_EVENTS,
            _ => RECORDED_EVENTS,
        };
        let raw = self.raw.map_or("no number".to_owned(), count);
        let (recorded, at) = (count(self.recorded), self.at);
        write!(
            f,
            "{name} has {recorded} events in the hour before {at}, its query {raw}"
        )
    }
}

/// All events and the bad ones of some time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair {
    total: f64,
    bad: f64,
}

impl Pair {
    fn of(self, which: Which) -> f64 {
        match which {
            Which::Bad => self.bad,
            _ => self.total,
        }
    }
}

/// The events of `objective` over `window` up to the time that is looked at, by its recordings.
///
/// They are those of the whole service: the caller reads the queries when it narrows them.
///
/// # Errors
/// Why there is no answer. A server that refuses to read recordings has none.
pub(super) async fn recorded_events(
    asker: &Asker<'_>,
    objective: &Objective,
    window: Duration,
    warnings: &mut Warnings,
) -> Asked<Recorded> {
    let (Some(_), Indicator::Ratio(ratio)) = (objective.event_counts("5m"), &objective.indicator)
    else {
        return Ok(Recorded::Absent);
    };
    let Some(layout) = Layout::new(asker.at(), window) else {
        return Ok(Recorded::Absent);
    };
    let kept = kept(asker, objective, layout.edge, layout.tiles, warnings).await?;
    let Some((kept, tiles_present)) = kept else {
        return Ok(Recorded::Absent);
    };
    if (tiles_present as f64) < layout.tiles as f64 * PRESENT_MIN {
        return Ok(Recorded::Absent);
    }
    for end in layout.hours() {
        match checked(asker, objective, ratio, end, warnings).await? {
            Checked::Same => {}
            Checked::Differs(found) => return Ok(Recorded::Disagrees(found)),
            Checked::Holed => return Ok(Recorded::Absent),
        }
    }
    let Some(newest) = raw(asker, ratio, layout.tail, asker.at(), warnings).await? else {
        return Ok(Recorded::Absent);
    };
    let tiles = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
    Ok(Recorded::Events {
        total: kept.total + newest.total,
        bad: kept.bad + newest.bad,
        tiles: tiles(layout.tiles),
        tiles_missing: tiles(layout.tiles - tiles_present),
    })
}

/// How a window is laid out: so many tiles up to an edge, and a tail.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Layout {
    /// Where tiles end and the tail begins, in milliseconds since 1970. Subqueries look at
    /// multiples of their step, so it is one.
    edge: i64,
    tiles: i64,
    /// One to two tiles, so that rules that run late have seen the last tile, and `increase` has
    /// samples enough.
    tail: Duration,
}

impl Layout {
    /// `None` when the window is too short to be recorded.
    fn new(at: Timestamp, window: Duration) -> Option<Self> {
        if window < WINDOW_MIN || window > window::WINDOW_MAX {
            return None;
        }
        let at = at.as_millisecond();
        let edge = (at - TILE).div_euclid(TILE) * TILE;
        let tail = at - edge;
        let window = i64::try_from(window.as_millis()).ok()?;
        Some(Self {
            edge,
            tiles: (window - tail + TILE / 2) / TILE,
            tail: Duration::from_millis(tail.unsigned_abs()),
        })
    }

    /// The ends of the hours that are checked, in milliseconds since 1970, latest first.
    fn hours(self) -> [i64; 3] {
        let oldest = self.tiles - TILES_CHECKED;
        [0, oldest / 2, oldest].map(|back| self.edge - back * TILE)
    }
}

fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MIN)
}

/// What is recorded of so many tiles up to `end`, and how many are there of the count that has
/// fewer. `None` when there are none, or the answer is not one plain number for each.
async fn kept(
    asker: &Asker<'_>,
    objective: &Objective,
    end: i64,
    tiles: i64,
    warnings: &mut Warnings,
) -> Asked<Option<(Pair, i64)>> {
    let query = question(&objective.recorded_id(), tiles);
    let answer = match asker.instant_at(&query, moment(end)).await {
        // The query is ours, so that nobody's file is to blame.
        Err(lost) if matches!(lost.kind, LostKind::Refused | LostKind::BadQuery) => {
            return Ok(None);
        }
        answer => warnings.of_answer(answer?),
    };
    let figure = |name: &str| figure(&answer, name);
    let sums = figure(TOTAL).zip(figure(BAD));
    let points = figure(TOTAL_POINTS).zip(figure(BAD_POINTS));
    Ok(sums
        .zip(points)
        .map(|((total, bad), (points, bad_points))| {
            let present = points.min(bad_points) as i64;
            (Pair { total, bad }, present)
        }))
}

/// Label that tells the figures of one answer apart.
const FIGURE: &str = "figure";
const TOTAL: &str = "total";
const BAD: &str = "bad";
const TOTAL_POINTS: &str = "total_points";
const BAD_POINTS: &str = "bad_points";

/// The sums and the numbers of so many tiles, in one query: there may be very many objectives.
fn question(id: &str, tiles: i64) -> String {
    let id = promql_parser::util::escape_string(id);
    // Just short of the next tile, whichever ends of a range a server includes.
    let range = tiles * (TILE / 1_000) - 1;
    let figure = |function: &str, name: &str, figure: &str| {
        format!(
            "label_replace({function}({name}{{sloth_id=\"{id}\"}}[{range}s:5m]), \"{FIGURE}\", \
             \"{figure}\", \"\", \"\")"
        )
    };
    [
        figure("sum_over_time", RECORDED_EVENTS, TOTAL),
        figure("sum_over_time", RECORDED_BAD_EVENTS, BAD),
        figure("count_over_time", RECORDED_EVENTS, TOTAL_POINTS),
        figure("count_over_time", RECORDED_BAD_EVENTS, BAD_POINTS),
    ]
    .join(" or ")
}

/// The one finite value of a figure.
fn figure(answer: &Answer, name: &str) -> Option<f64> {
    let of = |sample: &&crate::prometheus::Sample| {
        sample
            .labels
            .get(FIGURE)
            .is_some_and(|figure| figure == name)
    };
    let mut samples = answer.vector.iter().filter(of);
    match (samples.next(), samples.next()) {
        (Some(one), None) if one.value.is_finite() => Some(one.value),
        _ => None,
    }
}

/// What the queries give at one time; `None` unless each gives one finite number.
async fn raw(
    asker: &Asker<'_>,
    ratio: &Ratio,
    window: Duration,
    at: Timestamp,
    warnings: &mut Warnings,
) -> Asked<Option<Pair>> {
    let window = window::text(window);
    let mut values = [None; 2];
    let queries = [&ratio.total, ratio.counted.query()];
    for (value, query) in values.iter_mut().zip(queries) {
        let answer = asker.instant_at(&query.events(&window), at).await?;
        let answer = warnings.of_answer(answer);
        if let [sample] = answer.vector.as_slice() {
            *value = Some(sample.value).filter(|value| value.is_finite());
        }
    }
    let [Some(total), Some(counted)] = values else {
        return Ok(None);
    };
    let bad = match ratio.counted {
        Counted::Bad(_) => counted,
        Counted::Good(_) => total - counted,
    };
    Ok(Some(Pair { total, bad }))
}

/// What the check of an hour came to.
enum Checked {
    Same,
    Differs(Disagreement),
    /// Some of it is not recorded, so it proves nothing.
    Holed,
}

/// Whether an hour of the recordings is what the queries say of it.
async fn checked(
    asker: &Asker<'_>,
    objective: &Objective,
    ratio: &Ratio,
    end: i64,
    warnings: &mut Warnings,
) -> Asked<Checked> {
    let hour = Duration::from_secs(3_600);
    let kept = kept(asker, objective, end, TILES_CHECKED, warnings).await?;
    let Some((kept, TILES_CHECKED)) = kept else {
        return Ok(Checked::Holed);
    };
    let now = raw(asker, ratio, hour, moment(end), warnings).await?;
    if now.is_some_and(|now| difference(kept, now, now).is_none()) {
        return Ok(Checked::Same);
    }
    // A rule saw the hour up to a minute earlier, in which much may have happened.
    let earlier = moment(end - EVALUATION_MILLIS_MAX);
    let earlier = raw(asker, ratio, hour, earlier, warnings).await?;
    let differs = |which, raw| {
        Checked::Differs(Disagreement {
            which,
            recorded: kept.of(which),
            raw,
            at: moment(end),
        })
    };
    Ok(match (now, earlier) {
        (Some(now), Some(earlier)) => match difference(kept, now, earlier) {
            None => Checked::Same,
            Some(which) => differs(which, Some(now.of(which))),
        },
        _ => differs(Which::Total, None),
    })
}

/// Which of the recorded counts is beyond what the queries gave at two times.
fn difference(kept: Pair, one: Pair, other: Pair) -> Option<Which> {
    [Which::Total, Which::Bad].into_iter().find(|which| {
        let (one, other) = (one.of(*which), other.of(*which));
        let slack = |value: f64| value.abs() * DIFFERENCE_SHARE_MAX + DIFFERENCE_EVENTS_MAX;
        let least = one.min(other);
        let most = one.max(other);
        let range = least - slack(least)..=most + slack(most);
        !range.contains(&kept.of(*which))
    })
}

#[cfg(test)]
mod tests;
