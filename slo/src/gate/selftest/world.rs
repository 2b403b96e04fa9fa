//! A Prometheus that knows one objective, as good or bad as it is told to be.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use outcome::Failure;

use super::super::evidence::Counts;
use super::super::measure::{Grid, Shape};
use super::super::plan::{Curves, Measure, Options, Plan, RECENT, UpPlan};
use super::input::Input;
use crate::objective::{Objective, Operator};

const JOB: &str = "selftest";
const INSTANCE: &str = "127.0.0.1:1";

/// Events of a window: enough to prove any target that a window can show.
const EVENTS: f64 = 1e9;

/// Scrapes of a window.
const SCRAPES: u32 = 240;

/// By how many seconds a clock is off that is.
const SKEW_SECONDS: f64 = 3_600.0;

/// What a query gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// One value of each series.
    Vector(Vec<f64>),
    /// Points of one series, and how often the series is there.
    Matrix(Vec<(f64, f64)>, usize),
}

/// Answers by query.
#[derive(Debug)]
pub(super) struct World {
    pub(super) input: Input,
    now: f64,
    answers: HashMap<String, Answer>,
}

impl World {
    pub(super) fn new(
        objective: &Objective,
        options: &Options,
        now: Timestamp,
        input: Input,
    ) -> Result<Self, Failure> {
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let plan = Plan::new(objective, options, now)?;
        let mut world = Self {
            input,
            now: now.as_second() as f64,
            answers: HashMap::new(),
        };
        world.measure(&plan.measure, plan.terms.counts, options.window);
        if let Some(period) = &plan.period {
            world.measure(&period.measure, plan.terms.counts, period.window);
            world.know(&period.edge, Answer::Vector(vec![1.0]));
        }
        for selector in &plan.selectors {
            let age = if input == Input::Stale { 7_200.0 } else { 1.0 };
            world.know(&selector.targets, Answer::Vector(vec![1.0]));
            world.know(&selector.newest, Answer::Vector(vec![world.now - age]));
        }
        world.scrapes(options.window);
        Ok(world)
    }

    /// What `query` gives; a server knows nothing of other queries.
    pub(super) fn answer(&self, query: &str) -> Answer {
        let skew = if self.input == Input::ClockSkew {
            SKEW_SECONDS
        } else {
            0.0
        };
        if query == "time()" {
            return Answer::Vector(vec![self.now + skew]);
        }
        let known = self.answers.get(query);
        known.cloned().unwrap_or(Answer::Vector(Vec::new()))
    }

    fn know(&mut self, query: &str, answer: Answer) {
        self.answers.insert(query.to_owned(), answer);
    }

    fn measure(&mut self, measure: &Measure, counts: Counts, window: Duration) {
        match measure {
            Measure::Counts { total, counted } => {
                let events = if self.input == Input::TooFew {
                    5.0
                } else {
                    EVENTS
                };
                let bad = events * self.bad_share();
                let part = match (self.input, counts) {
                    (Input::Contradiction, _) => events * 2.0,
                    (_, Counts::Bad) => bad,
                    (_, Counts::Good) => events - bad,
                };
                for (count, value) in [(total, events), (counted, part)] {
                    if let Ok(query) = count.over(window) {
                        let values = self.values(value);
                        self.know(&query, Answer::Vector(values));
                    }
                }
            }
            Measure::Curves(curves) => self.curves(curves, window),
        }
    }

    fn bad_share(&self) -> f64 {
        match self.input {
            Input::Bad => 1.0,
            Input::HalfBad => 0.5,
            _ => 0.0,
        }
    }

    /// The value, or what stands in its place.
    fn values(&self, value: f64) -> Vec<f64> {
        match self.input {
            Input::NoData => Vec::new(),
            Input::NotANumber => vec![f64::NAN],
            Input::Infinite => vec![f64::INFINITY],
            Input::Negative => vec![-1.0],
            Input::SeveralSeries => vec![value, value],
            _ => vec![value],
        }
    }

    fn curves(&mut self, curves: &Curves, window: Duration) {
        let end = (self.now * 1_000.0) as i64;
        let grid = Grid::over(end - window.as_millis() as i64, end, curves.step);
        let bad_before = (grid.points as f64 * self.bad_share()) as usize;
        let matrix = |of: &dyn Fn(bool) -> f64, world: &Self| {
            let mut points = Vec::new();
            for index in 0..grid.points {
                let seconds = (grid.first + index as i64 * grid.step) as f64 / 1_000.0;
                let is_left_out = world.input == Input::HalfMissing && index % 2 == 1;
                let value = world.values(of(index < bad_before));
                if let (Some(value), false) = (value.first(), is_left_out) {
                    points.push((seconds, *value));
                }
            }
            let series = match world.input {
                Input::NoData => 0,
                Input::SeveralSeries => 2,
                _ => 1,
            };
            Answer::Matrix(points, series)
        };
        let value = matrix(&|is_bad| value_of(curves.shape, is_bad, self.input), self);
        self.know(&curves.value, value);
        if let Some(total) = &curves.total {
            let value = matrix(&|_| 100.0, self);
            self.know(total, value);
        }
    }

    /// Who is scraped, and how.
    fn scrapes(&mut self, window: Duration) {
        let plan = UpPlan::new(&[JOB], window);
        let scrapes = f64::from(SCRAPES);
        let up = if self.input == Input::TargetDown {
            0.0
        } else {
            1.0
        };
        self.know(&plan.now, Answer::Vector(vec![up]));
        self.know(&plan.at_start, Answer::Vector(vec![1.0]));
        self.know(&plan.scrapes, Answer::Vector(vec![scrapes]));
        self.know(&plan.scrapes_good, Answer::Vector(vec![scrapes]));
        let length = window.max(RECENT).as_secs_f64();
        let step = length / scrapes;
        let times = (0..SCRAPES).map(|index| self.now - length + f64::from(index + 1) * step);
        let is_there = |time: &f64| {
            let share = (self.now - time) / length;
            self.input != Input::Gap || !(0.3..0.7).contains(&share)
        };
        let points = times.filter(is_there).map(|time| (time, 1.0)).collect();
        self.know(&plan.samples, Answer::Matrix(points, 1));
    }

    /// The answer as JSON.
    pub(super) fn json(&self, query: &str) -> String {
        let (kind, series) = match self.answer(query) {
            Answer::Vector(values) => {
                let value = |(index, value): (usize, &f64)| {
                    let text = number(*value);
                    format!("{{{},\"value\":[{},\"{text}\"]}}", metric(index), self.now)
                };
                let series: Vec<String> = values.iter().enumerate().map(value).collect();
                ("vector", series)
            }
            Answer::Matrix(points, count) => {
                let mut values = String::new();
                for (time, value) in &points {
                    let comma = if values.is_empty() { "" } else { "," };
                    let _ = write!(values, "{comma}[{time},\"{}\"]", number(*value));
                }
                let series =
                    (0..count).map(|index| format!("{{{},\"values\":[{values}]}}", metric(index)));
                ("matrix", series.collect())
            }
        };
        let warnings = if self.input == Input::Partial {
            r#","warnings":["a store did not answer"]"#
        } else {
            ""
        };
        format!(
            r#"{{"status":"success","data":{{"resultType":"{kind}","result":[{}]}}{warnings}}}"#,
            series.join(",")
        )
    }
}

/// A series of the one target; of several, those after the first have another label.
fn metric(index: usize) -> String {
    let more = match index {
        0 => String::new(),
        _ => format!(r#","part":"{index}""#),
    };
    format!(r#""metric":{{"job":"{JOB}","instance":"{INSTANCE}"{more}}}"#)
}

/// As Prometheus writes it.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        (if value > 0.0 { "+Inf" } else { "-Inf" }).to_owned()
    } else {
        value.to_string()
    }
}

/// What a point is when it is good or bad.
fn value_of(shape: Shape, is_bad: bool, input: Input) -> f64 {
    let far = |bound: f64| bound.abs() + 1.0;
    match shape {
        Shape::Good | Shape::Bad if input == Input::Contradiction => 200.0,
        Shape::GoodShare | Shape::BadShare if input == Input::Contradiction => 1.5,
        Shape::Bad | Shape::Good => 100.0 * f64::from(u8::from(is_bad == (shape == Shape::Bad))),
        Shape::BadShare | Shape::GoodShare => {
            f64::from(u8::from(is_bad == (shape == Shape::BadShare)))
        }
        Shape::Value(operator, bound) => match operator {
            Operator::AtMost | Operator::Below if is_bad => bound + far(bound),
            Operator::AtMost | Operator::Below => bound - far(bound),
            Operator::AtLeast | Operator::Above if is_bad => bound - far(bound),
            Operator::AtLeast | Operator::Above => bound + far(bound),
        },
    }
}
