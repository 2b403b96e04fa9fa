//! Drawing threads behind a line that is bounded by predicted cost.
//!
//! Threads of their own, because drawing is work for a core: in the async runtime it would make
//! cached answers wait.

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

#[cfg(test)]
mod tests {
    use super::*;
    use render::Card;
    use std::sync::mpsc;

    fn figures() -> Arc<Figures> {
        Arc::new(Figures::new("1", "2", false))
    }

    fn scene(title: &str) -> Scene {
        Scene::Card(Card {
            title: title.to_owned(),
            ..Card::default()
        })
    }

    /// Larger than any that is cheap.
    fn dear_scene() -> Scene {
        Scene::Card(Card {
            title: "dear".to_owned(),
            width: 4_000,
            height: 4_000,
            ..Card::default()
        })
    }

    fn picture() -> render::Picture {
        render::Picture {
            png: b"png".to_vec(),
            width: 1,
            height: 1,
            missing_glyphs: 0,
            missing: Vec::new(),
            is_simplified: false,
        }
    }

    fn bounds(threads: usize, queue_max: usize) -> PoolBounds {
        let second = Duration::from_secs(1);
        PoolBounds {
            line: LineBounds {
                workers: threads,
                length_max: queue_max,
                cost_max: 2 * second,
                bytes_max: 1 << 26,
                dear: second / 20,
            },
            cost_max: 2 * second,
        }
    }

    fn soon() -> Deadline {
        Deadline::after(clock::now(), Duration::from_secs(10))
    }

    #[tokio::test]
    async fn a_panic_in_drawing_fails_one_request_and_the_thread_lives_on() {
        let make = || -> Box<Draw> {
            Box::new(|scene, _| match scene {
                Scene::Card(card) if card.title == "boom" => panic!("no {}", card.title),
                _ => Ok(picture()),
            })
        };
        let pool = Pool::start(bounds(1, 8), figures(), Arc::new(make)).unwrap();
        let error = pool.draw(scene("boom"), 9, soon()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the picture could not be drawn: a panic: no boom"
        );
        assert!(pool.draw(scene("fine"), 9, soon()).await.is_ok());
    }

    #[tokio::test]
    async fn a_full_line_refuses_and_a_late_job_is_not_drawn() {
        let (go, gate) = mpsc::channel::<()>();
        let (began, begun) = mpsc::channel::<String>();
        let gate = Arc::new(Mutex::new(gate));
        let make = move || -> Box<Draw> {
            let (gate, began) = (Arc::clone(&gate), began.clone());
            Box::new(move |scene, _| {
                if let Scene::Card(card) = scene {
                    began.send(card.title.clone()).unwrap();
                }
                gate.lock().unwrap().recv().unwrap();
                Ok(picture())
            })
        };
        let pool = Arc::new(Pool::start(bounds(1, 2), figures(), Arc::new(make)).unwrap());
        let draw = |title: &'static str, deadline| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.draw(scene(title), 9, deadline).await.map(|_| ()) })
        };
        let first = draw("first", soon());
        let name = tokio::task::spawn_blocking(move || (begun.recv().unwrap(), begun))
            .await
            .unwrap();
        assert_eq!(name.0, "first");
        let late = draw("late", Deadline::after(clock::now(), Duration::ZERO));
        while pool.shared.lock().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        let last = draw("last", soon());
        while pool.shared.lock().waiting.len() < 2 {
            tokio::task::yield_now().await;
        }
        let refused = pool.draw(scene("refused"), 9, soon()).await;
        assert!(matches!(refused, Err(DrawError::Full { .. })));
        go.send(()).unwrap();
        go.send(()).unwrap();
        assert!(first.await.unwrap().is_ok());
        assert!(matches!(late.await.unwrap(), Err(DrawError::Late)));
        assert!(last.await.unwrap().is_ok());
        assert_eq!(name.1.try_iter().collect::<Vec<_>>(), ["last"]);
    }

    #[tokio::test]
    async fn dear_pictures_leave_a_thread_to_cheap_ones() {
        let (go, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let make = move || -> Box<Draw> {
            let gate = Arc::clone(&gate);
            Box::new(move |scene, _| {
                if matches!(scene, Scene::Card(card) if card.title == "dear") {
                    gate.lock().unwrap().recv().unwrap();
                }
                Ok(picture())
            })
        };
        let pool = Arc::new(Pool::start(bounds(2, 8), figures(), Arc::new(make)).unwrap());
        let dear = || {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.draw(dear_scene(), 9, soon()).await })
        };
        let (one, other) = (dear(), dear());
        // One is being drawn for as long as we like, the other may not be.
        while pool.shared.lock().waiting.cost() != cost_of(&dear_scene()) {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            let cheap = pool.draw(scene("cheap"), 9, soon());
            let drawn = tokio::time::timeout(Duration::from_secs(5), cheap).await;
            assert!(drawn.expect("it waits behind dear ones").is_ok());
        }
        go.send(()).unwrap();
        go.send(()).unwrap();
        assert!(one.await.unwrap().is_ok() && other.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_picture_that_alone_is_too_dear_is_refused_before_it_waits() {
        let make = || -> Box<Draw> { Box::new(|_, _| Ok(picture())) };
        let tight = PoolBounds {
            cost_max: Duration::from_micros(10),
            ..bounds(1, 8)
        };
        let pool = Pool::start(tight, figures(), Arc::new(make)).unwrap();
        let error = pool.draw(scene("dear"), 9, soon()).await.unwrap_err();
        assert!(
            matches!(error, DrawError::TooDear { limit, actual } if limit == tight.cost_max && actual > limit)
        );
    }

    #[tokio::test]
    async fn each_stage_is_timed_and_the_wait_too() {
        let figures = figures();
        let make = || -> Box<Draw> {
            Box::new(|_, enter| {
                for stage in [
                    RenderStage::Layout,
                    RenderStage::Raster,
                    RenderStage::Encode,
                ] {
                    enter(stage);
                }
                Ok(picture())
            })
        };
        let pool = Pool::start(bounds(1, 8), Arc::clone(&figures), Arc::new(make)).unwrap();
        let drawn = pool.draw(scene("card"), 9, soon()).await.unwrap();
        let spans: Vec<&str> = drawn.timings.iter().map(|timing| timing.span).collect();
        assert_eq!(
            spans,
            [
                "render.queue",
                "render.layout",
                "render.raster",
                "render.encode"
            ]
        );
        let count = "render_stage_duration_seconds_count{kind=\"card\",stage=\"encode\"} 1";
        assert!(figures.encode().contains(count));
    }
}
