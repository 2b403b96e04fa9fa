//! From a scene to the bytes of its picture: memory, then Redis, then drawing.
//!
//! Equal scenes that are asked for at the same time share one flight, and a flight does not end
//! when a caller goes away.

mod picture;
mod recent;
pub(crate) mod flights;
mod pool;
mod redis;

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::future::Cache;
use render::{Fonts, MissingGlyphs, Painter, Scene};
use resilience::Deadline;
use signals::{CacheResult, ErrorType, Kind, ShedReason, Tier, span};

pub(crate) use flights::{Arrival, Flights, Landing, NoArrival, Seat, arrive};
pub(crate) use picture::{Key, Picture, entity_tag};
pub(crate) use pool::{Draw, DrawError};

use crate::clock;
use crate::config::Config;
use crate::telemetry::{Figures, Source, Telemetry, Timing};
use pool::{Pool, PoolBounds};
use redis::{Found, RedisTier};

/// A picture and how it was come by.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) picture: Arc<Picture>,
    pub(crate) source: Source,
    pub(crate) timings: Option<Arc<Vec<Timing>>>,
}

/// Why there is no picture, and what was done until then.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) why: DrawError,
    pub(crate) timings: Option<Arc<Vec<Timing>>>,
}

/// All ways to a picture.
#[derive(Debug)]
pub(crate) struct Pictures {
    memory: Cache<[u8; 32], Arc<Picture>>,
    flights: Arc<Flights<Result<Served, Failed>>>,
    redis: Option<RedisTier>,
    pool: Pool,
    figures: Arc<Figures>,
    font_identity: [u8; 32],
    /// None where a test draws without fonts.
    fonts: Option<Arc<Fonts>>,
}

impl Pictures {
    /// Starts the drawing threads; Redis is connected when it is first asked.
    ///
    /// # Errors
    /// The system's, when a thread cannot be started.
    pub(crate) fn start(
        config: &Config,
        fonts: Arc<Fonts>,
        telemetry: &Telemetry,
    ) -> std::io::Result<Self> {
        let font_identity = fonts.identity();
        let shared = Arc::clone(&fonts);
        let draw = move || -> Box<Draw> {
            let mut painter = Painter::new(Arc::clone(&fonts));
            Box::new(move |scene, enter| painter.draw(scene, enter))
        };
        let mut pictures = Self::start_with(config, font_identity, telemetry, Arc::new(draw))?;
        pictures.fonts = Some(shared);
        Ok(pictures)
    }

    /// The same with another way to draw.
    pub(crate) fn start_with(
        config: &Config,
        font_identity: [u8; 32],
        telemetry: &Telemetry,
        draw: Arc<dyn Fn() -> Box<Draw> + Send + Sync>,
    ) -> std::io::Result<Self> {
        let figures = Arc::clone(&telemetry.figures);
        let weigh = |_: &[u8; 32], picture: &Arc<Picture>| picture.weight_bytes();
        Ok(Self {
            memory: Cache::builder()
                .max_capacity(config.cache.bytes_max.get() as u64)
                .time_to_live(config.cache.ttl.get())
                .weigher(weigh)
                .build(),
            flights: Arc::new(Flights::new(config.cache.flights_max.get())),
            redis: RedisTier::new(config, telemetry),
            pool: Pool::start(PoolBounds::of(config), Arc::clone(&figures), draw)?,
            figures,
            font_identity,
            fonts: None,
        })
    }

    /// Refuses a scene with characters that no font has.
    pub(crate) fn check_glyphs(&self, scene: &Scene) -> Result<(), MissingGlyphs> {
        let missing = self.fonts.as_ref().map(|fonts| fonts.missing(scene));
        match missing {
            Some(missing) if !missing.is_empty() => Err(missing),
            _ => Ok(()),
        }
    }

    /// The key of a scene, under the fonts of this process.
    pub(crate) fn key(&self, scene: &Scene) -> Key {
        Key::of(scene, &self.font_identity)
    }

    /// The picture of `key` if this process has it.
    pub(crate) async fn remembered(&self, key: &Key) -> Option<Arc<Picture>> {
        let picture = self.memory.get(&key.strong).await?;
        self.figures.memory_hit.inc();
        Some(picture)
    }

    /// The picture that this thread has just answered `query` with.
    pub(crate) fn recent(&self, query: &str, now: Instant) -> Option<Arc<Picture>> {
        let picture = recent::find(self.owner(), query, now)?;
        self.figures.memory_hit.inc();
        Some(picture)
    }

    /// Lets this thread answer `query` with `picture` for a moment.
    pub(crate) fn keep_recent(&self, query: &str, picture: &Arc<Picture>) {
        recent::keep(self.owner(), query, picture, clock::now());
    }

    /// Tells the servers of one process apart.
    fn owner(&self) -> usize {
        Arc::as_ptr(&self.figures).addr()
    }

    /// The picture of a scene that [`Pictures::remembered`] did not have.
    pub(crate) async fn get(
        self: &Arc<Self>,
        key: Key,
        scene: Scene,
        deadline: Deadline,
    ) -> Result<Served, Failed> {
        let (arrival, is_shared) = match self.flights.board(key.strong) {
            Seat::Full => {
                self.figures.shed(ShedReason::QueueFull);
                return Err(Failed::plain(DrawError::Full {
                    retry_after: Duration::from_secs(1),
                }));
            }
            Seat::Passenger(arrival) => {
                self.figures.cache(Tier::Memory, CacheResult::Shared);
                // The pilot has an equal one; a thousand who wait must not hold a thousand.
                drop((key, scene));
                (arrival, true)
            }
            Seat::Pilot(landing, arrival) => {
                let pictures = Arc::clone(self);
                // A task of its own: it goes on when this caller goes away.
                tokio::spawn(async move { pictures.fly(landing, key, scene, deadline).await });
                (arrival, false)
            }
        };
        let landed = flights::arrive(arrival, deadline.left(clock::now())).await;
        let mut served = landed.unwrap_or_else(|why| Err(Failed::plain(why.into())))?;
        if is_shared {
            served.source = Source::Shared;
        }
        Ok(served)
    }

    async fn fly(
        &self,
        landing: Landing<Result<Served, Failed>>,
        key: Key,
        scene: Scene,
        deadline: Deadline,
    ) {
        // A flight that landed between our look into memory and our boarding left its picture there.
        if let Some(picture) = self.remembered(&key).await {
            landing.land(Ok(Served::remembered(picture)));
            return;
        }
        self.figures.cache(Tier::Memory, CacheResult::Miss);
        let mut timings = Vec::new();
        let found = self.look_in_redis(&key, &mut timings).await;
        let is_new = found.is_none();
        let result = match found {
            Some(picture) => Ok((picture, Source::Redis)),
            None => self
                .draw(scene, key.scene_bytes(), deadline, &mut timings)
                .await
                .map(|picture| (picture, Source::Drawn)),
        };
        let timings = Some(Arc::new(timings));
        match result {
            Ok((picture, source)) => {
                self.memory.insert(key.strong, Arc::clone(&picture)).await;
                landing.land(Ok(Served {
                    picture: Arc::clone(&picture),
                    source,
                    timings,
                }));
                if let Some(redis) = self
                    .redis
                    .as_ref()
                    .filter(|_| is_new && !picture.is_simplified)
                {
                    redis.put(key, picture);
                }
            }
            Err(why) => landing.land(Err(Failed { why, timings })),
        }
    }

    async fn look_in_redis(&self, key: &Key, timings: &mut Vec<Timing>) -> Option<Arc<Picture>> {
        let start = clock::now();
        let found = self.redis.as_ref()?.get(key).await;
        let (result, error, picture) = match found {
            Found::Picture(picture) => (CacheResult::Hit, ErrorType::None, Some(Arc::new(picture))),
            Found::Nothing => (CacheResult::Miss, ErrorType::None, None),
            Found::Corrupt => (CacheResult::Corrupt, ErrorType::None, None),
            Found::Unknown(error) => (CacheResult::Error, error, None),
        };
        self.figures.cache(Tier::Redis, result);
        timings.push(Timing {
            span: span::CACHE_GET,
            start,
            end: clock::now(),
            error,
        });
        picture
    }

    async fn draw(
        &self,
        scene: Scene,
        scene_bytes: usize,
        deadline: Deadline,
        timings: &mut Vec<Timing>,
    ) -> Result<Arc<Picture>, DrawError> {
        let drawn = self.pool.draw(scene, scene_bytes, deadline).await?;
        timings.extend(drawn.timings);
        let missing_glyphs = drawn.picture.missing_glyphs;
        self.figures
            .missing_glyphs
            .inc_by(u64::from(missing_glyphs));
        let mut png = drawn.picture.png;
        // A cache that counts bytes must not keep the room that the encoder left.
        png.shrink_to_fit();
        let mut picture = Picture::new(png.into(), missing_glyphs);
        picture.is_simplified = drawn.picture.is_simplified;
        Ok(Arc::new(picture))
    }
}

impl Served {
    /// A picture that this process had.
    pub(crate) fn remembered(picture: Arc<Picture>) -> Self {
        Self {
            picture,
            source: Source::Memory,
            timings: None,
        }
    }
}

impl Failed {
    fn plain(why: DrawError) -> Self {
        Self { why, timings: None }
    }
}

/// The kind of a scene, as metrics call it.
pub(crate) fn kind_of(scene: &Scene) -> Kind {
    match scene {
        Scene::Card(_) => Kind::Card,
        Scene::Chart(_) => Kind::Chart,
        Scene::Graph(_) => Kind::Graph,
    }
}
