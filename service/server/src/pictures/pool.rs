//! Drawing threads behind a bounded line.
//!
//! Threads of their own, because drawing is work for a core: in the async runtime it would make
//! cached answers wait.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use render::{RenderError, RenderStage, Scene};
use resilience::{Deadline, Taken, WaitingLine};
use signals::{ErrorType, Kind, ShedReason, Stage, span};
use tokio::sync::oneshot;

use super::flights::NoArrival;
use super::kind_of;
use crate::clock;
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

/// The threads. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
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
    /// Starts `threads` threads, each with a way to draw that `make` gives it.
    pub(crate) fn start(
        threads: usize,
        queue_max: usize,
        figures: Arc<Figures>,
        make: Arc<dyn Fn() -> Box<Draw> + Send + Sync>,
    ) -> std::io::Result<Self> {
        let line = Line {
            waiting: WaitingLine::new(queue_max, threads),
            is_closed: false,
        };
        let shared = Arc::new(Shared {
            line: Mutex::new(line),
            changed: Condvar::new(),
            figures,
        });
        let pool = Self { shared };
        for index in 0..threads {
            let (shared, make) = (Arc::clone(&pool.shared), Arc::clone(&make));
            std::thread::Builder::new()
                .name(format!("render-{index}"))
                .spawn(move || shared.work(&*make))?;
        }
        Ok(pool)
    }

    /// Draws a scene, unless too many wait already.
    pub(crate) async fn draw(&self, scene: Scene, deadline: Deadline) -> Result<Drawn, DrawError> {
        let (answer, drawn) = oneshot::channel();
        self.shared.enter(scene, answer, deadline)?;
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
        answer: oneshot::Sender<Result<Drawn, DrawError>>,
        deadline: Deadline,
    ) -> Result<(), DrawError> {
        let now = clock::now();
        let mut line = self.lock();
        let entered = line.waiting.enter(
            Job {
                scene,
                entered: now,
                answer,
            },
            now,
            deadline,
        );
        self.figures.queue_depth.set(line.waiting.len() as f64);
        drop(line);
        entered.map_err(|full| {
            self.figures.shed(ShedReason::QueueFull);
            DrawError::Full {
                retry_after: full.retry_after,
            }
        })?;
        self.changed.notify_one();
        Ok(())
    }

    /// The life of one thread.
    fn work(&self, make: &(dyn Fn() -> Box<Draw> + Send + Sync)) {
        let mut draw = make();
        while let Some(taken) = self.next() {
            let (job, now) = match taken {
                (Taken::Next(job, _), now) => (job, now),
                (Taken::Expired(job, _), _) => {
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
            self.lock().waiting.learn_cost(clock::since(now));
            let _ = job.answer.send(result);
        }
    }

    /// Waits for the next job; none when the pool is closed.
    fn next(&self) -> Option<(Taken<Job>, Instant)> {
        let is_idle = |line: &mut Line| line.waiting.is_empty() && !line.is_closed;
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

    fn picture() -> render::Picture {
        render::Picture {
            png: b"png".to_vec(),
            width: 1,
            height: 1,
            missing_glyphs: 0,
            is_simplified: false,
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
        let pool = Pool::start(1, 8, figures(), Arc::new(make)).unwrap();
        let error = pool.draw(scene("boom"), soon()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the picture could not be drawn: a panic: no boom"
        );
        assert!(pool.draw(scene("fine"), soon()).await.is_ok());
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
        let pool = Arc::new(Pool::start(1, 2, figures(), Arc::new(make)).unwrap());
        let draw = |title: &'static str, deadline| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.draw(scene(title), deadline).await.map(|_| ()) })
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
        let refused = pool.draw(scene("refused"), soon()).await;
        assert!(matches!(refused, Err(DrawError::Full { .. })));
        go.send(()).unwrap();
        go.send(()).unwrap();
        assert!(first.await.unwrap().is_ok());
        assert!(matches!(late.await.unwrap(), Err(DrawError::Late)));
        assert!(last.await.unwrap().is_ok());
        assert_eq!(name.1.try_iter().collect::<Vec<_>>(), ["last"]);
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
        let pool = Pool::start(1, 8, Arc::clone(&figures), Arc::new(make)).unwrap();
        let drawn = pool.draw(scene("card"), soon()).await.unwrap();
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
