//! Drawing threads behind a line that is bounded by predicted cost.
//!
//! Threads of their own, because drawing is work for a core: in the async runtime it would make
//! cached answers wait.

#[cfg(test)]
mod tests;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use render::{RenderError, RenderStage, Scene};
use resilience::{Begun, Bound, Deadline, Full, LineBounds, Load, Taken, WaitingLine};
use signals::{ErrorType, Kind, ShedReason, Stage, span};
use tokio::sync::oneshot;

use super::flights::NoArrival;
use super::kind_of;
use crate::clock;
use crate::config::Config;
use crate::telemetry::{Figures, Timing};

/// How a scene becomes a picture; one for each thread.
pub(crate) type Draw =
    dyn FnMut(&Scene, &mut dyn FnMut(RenderStage)) -> Result<render::Picture, RenderError> + Send;

/// Why there is no picture.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum DrawError {
    /// As many wait as may.
    #[error("too many pictures wait to be drawn")]
    Full {
        /// Until there should be room.
        retry_after: Duration,
    },
    /// Drawing it alone would cost more than any picture may.
    #[error("the picture would take {actual:?} to draw, more than {limit:?}")]
    TooDear {
        /// What one picture may cost.
        limit: Duration,
        /// What this one is predicted to cost.
        actual: Duration,
    },
    /// The deadline passed before the picture was there.
    #[error("the picture was not there in time")]
    Late,
    /// Drawing failed.
    #[error("the picture could not be drawn: {reason}")]
    Failed {
        /// In words, with all causes.
        reason: String,
    },
}

impl From<NoArrival> for DrawError {
    fn from(why: NoArrival) -> Self {
        match why {
            NoArrival::Late => Self::Late,
            NoArrival::Lost => Self::Failed {
                reason: "its flight was lost".to_owned(),
            },
        }
    }
}

/// A drawn picture and how long each part took.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) picture: render::Picture,
    pub(crate) timings: Vec<Timing>,
}

/// What the pool allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolBounds {
    /// Its threads are the workers of the line.
    pub(crate) line: LineBounds,
    /// Predicted cost of one picture at most.
    pub(crate) cost_max: Duration,
}

impl PoolBounds {
    pub(crate) fn of(config: &Config) -> Self {
        let render = &config.render;
        Self {
            line: LineBounds {
                workers: config.threads(),
                length_max: render.queue_max.get(),
                cost_max: render.queue_cost_max.get(),
                bytes_max: render.queue_bytes_max.get(),
                dear: render.dear.get(),
            },
            cost_max: render.cost_max.get(),
        }
    }
}

/// The threads. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    cost_max: Duration,
}

struct Shared {
    line: Mutex<Line>,
    changed: Condvar,
    figures: Arc<Figures>,
}

#[derive(Debug)]
struct Line {
    waiting: WaitingLine<Job>,
    is_closed: bool,
}

#[derive(Debug)]
struct Job {
    scene: Scene,
    entered: Instant,
    answer: oneshot::Sender<Result<Drawn, DrawError>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// Starts the threads, each with a way to draw that `make` gives it.
    pub(crate) fn start(
        bounds: PoolBounds,
        figures: Arc<Figures>,
        make: Arc<dyn Fn() -> Box<Draw> + Send + Sync>,
    ) -> std::io::Result<Self> {
        let line = Line {
            waiting: WaitingLine::new(bounds.line),
            is_closed: false,
        };
        let shared = Arc::new(Shared {
            line: Mutex::new(line),
            changed: Condvar::new(),
            figures,
        });
        let pool = Self {
            shared,
            cost_max: bounds.cost_max,
        };
        for index in 0..bounds.line.workers {
            let (shared, make) = (Arc::clone(&pool.shared), Arc::clone(&make));
            std::thread::Builder::new()
                .name(format!("render-{index}"))
                .spawn(move || shared.work(&*make))?;
        }
        Ok(pool)
    }

    /// Draws a scene of `bytes`, unless it costs too much, alone or with those who wait already.
    pub(crate) async fn draw(
        &self,
        scene: Scene,
        bytes: usize,
        deadline: Deadline,
    ) -> Result<Drawn, DrawError> {
        let cost = cost_of(&scene);
        if cost > self.cost_max {
            return Err(DrawError::TooDear {
                limit: self.cost_max,
                actual: cost,
            });
        }
        let (answer, drawn) = oneshot::channel();
        self.shared
            .enter(scene, Load { cost, bytes }, answer, deadline)?;
        drawn.await.unwrap_or_else(|_| {
            Err(DrawError::Failed {
                reason: "its thread ended".to_owned(),
            })
        })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Line> {
        // Drawing happens outside the lock; what is done inside leaves the line whole.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(
        &self,
        scene: Scene,
        load: Load,
        answer: oneshot::Sender<Result<Drawn, DrawError>>,
        deadline: Deadline,
    ) -> Result<(), DrawError> {
        let now = clock::now();
        let job = Job {
            scene,
            entered: now,
            answer,
        };
        let mut line = self.lock();
        let entered = line.waiting.enter(job, load, now, deadline);
        self.figures.queue_depth.set(line.waiting.len() as f64);
        drop(line);
        entered.map_err(|Full { bound, retry_after }| {
            self.figures.shed(match bound {
                Bound::Length | Bound::Bytes => ShedReason::QueueFull,
                Bound::Cost | Bound::Deadline => ShedReason::Cost,
            });
            DrawError::Full { retry_after }
        })?;
        self.changed.notify_one();
        Ok(())
    }

    /// The life of one thread.
    fn work(&self, make: &(dyn Fn() -> Box<Draw> + Send + Sync)) {
        let mut draw = make();
        while let Some(taken) = self.next() {
            let (job, begun, now) = match taken {
                (Taken::Next(job, begun), now) => (job, begun, now),
                (Taken::Expired(job), _) => {
                    // Nobody may be waiting any more.
                    let _ = job.answer.send(Err(DrawError::Late));
                    continue;
                }
                (Taken::Nobody, _) => continue,
            };
            self.figures.inflight.inc();
            let stages = Stages::begin(kind_of(&job.scene), job.entered, now);
            let (result, has_panicked) = attempt(&mut draw, &job.scene, stages, &self.figures);
            if has_panicked {
                // The painter may be half changed: a new one takes its place.
                draw = make();
            }
            self.figures.inflight.dec();
            self.finish(begun, clock::since(now));
            let _ = job.answer.send(result);
        }
    }

    /// This thread is free again.
    fn finish(&self, begun: Begun, took: Duration) {
        let mut line = self.lock();
        line.waiting.finish(begun, took);
        let has_next = line.waiting.has_next();
        drop(line);
        // A thread that had to leave a dear picture alone may draw it now.
        if has_next {
            self.changed.notify_one();
        }
    }

    /// Waits for the next job; none when the pool is closed.
    fn next(&self) -> Option<(Taken<Job>, Instant)> {
        let is_idle = |line: &mut Line| !line.waiting.has_next() && !line.is_closed;
        let waited = self.changed.wait_while(self.lock(), is_idle);
        let mut line = waited.unwrap_or_else(PoisonError::into_inner);
        if line.is_closed {
            return None;
        }
        let now = clock::now();
        let taken = line.waiting.take(now);
        self.figures.queue_depth.set(line.waiting.len() as f64);
        Some((taken, now))
    }
}

/// How long one thread of the reference machine would take.
fn cost_of(scene: &Scene) -> Duration {
    Duration::from_micros(scene.cost_micros())
}

/// Draws once; also says whether drawing panicked.
fn attempt(
    draw: &mut Box<Draw>,
    scene: &Scene,
    mut stages: Stages,
    figures: &Figures,
) -> (Result<Drawn, DrawError>, bool) {
    let guarded = AssertUnwindSafe(|| draw(scene, &mut |stage| stages.enter(stage, clock::now())));
    match catch_unwind(guarded) {
        Ok(Ok(picture)) => {
            let timings = stages.end(clock::now(), figures);
            (Ok(Drawn { picture, timings }), false)
        }
        Ok(Err(error)) => (
            Err(DrawError::Failed {
                reason: with_causes(&error),
            }),
            false,
        ),
        Err(panic) => {
            let words = panic.downcast_ref::<&str>().copied();
            let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            let reason = format!("a panic: {}", words.unwrap_or("without words"));
            (Err(DrawError::Failed { reason }), true)
        }
    }
}

/// The stages of one drawing as they happen.
struct Stages {
    kind: Kind,
    timings: Vec<(Stage, Timing)>,
    open: Option<(Stage, &'static str, Instant)>,
}

impl Stages {
    fn begin(kind: Kind, entered: Instant, taken: Instant) -> Self {
        let mut stages = Self {
            kind,
            timings: Vec::with_capacity(4),
            open: None,
        };
        stages.open = Some((Stage::Queue, span::RENDER_QUEUE, entered));
        stages.close(taken);
        stages
    }

    fn enter(&mut self, stage: RenderStage, now: Instant) {
        self.close(now);
        self.open = Some(match stage {
            RenderStage::Layout => (Stage::Layout, span::RENDER_LAYOUT, now),
            RenderStage::Raster => (Stage::Raster, span::RENDER_RASTER, now),
            RenderStage::Encode => (Stage::Encode, span::RENDER_ENCODE, now),
        });
    }

    fn close(&mut self, end: Instant) {
        if let Some((stage, span, start)) = self.open.take() {
            self.timings.push((
                stage,
                Timing {
                    span,
                    start,
                    end,
                    error: ErrorType::None,
                },
            ));
        }
    }

    fn end(mut self, now: Instant, figures: &Figures) -> Vec<Timing> {
        self.close(now);
        let kind = self.kind;
        let observe = |(stage, timing): (Stage, Timing)| {
            figures.stage(
                kind,
                stage,
                timing.end.saturating_duration_since(timing.start),
            );
            timing
        };
        self.timings.into_iter().map(observe).collect()
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
