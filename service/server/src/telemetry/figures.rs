//! The metrics of the service, with handles for the hot paths.

use std::sync::OnceLock;
use std::time::Duration;

use meter::Meter;
use prometheus::{Gauge, Histogram, IntCounter};
use resilience::Circuit;
use signals::{
    BUILD_INFO, CIRCUIT_STATE, CPU_SATURATION, CacheResult, CpuSource, DB_OPERATION, DbOperation,
    DbSystem, DegradedLevel, DegradedReason, Dependency, ErrorType, HTTP_CLIENT, HTTP_CONNECTIONS,
    HTTP_REQUEST, Kind, Method, RENDER_CACHE, RENDER_DEGRADED, RENDER_INFLIGHT,
    RENDER_MISSING_GLYPHS, RENDER_QUEUE_DEPTH, RENDER_SHED, RENDER_STAGE, Revision, Route,
    ShedReason, Stage, Status, TELEMETRY_DROPPED, Telemetry, Tier, Version,
};

/// The live metrics of one server.
#[derive(Debug)]
pub(crate) struct Figures {
    meter: Meter,
    /// One cell for each possible label set, filled on first use: a lookup by index takes no lock.
    requests: Box<[OnceLock<Histogram>]>,
    pub(crate) memory_hit: IntCounter,
    pub(crate) connections: Gauge,
    pub(crate) queue_depth: Gauge,
    pub(crate) inflight: Gauge,
    pub(crate) missing_glyphs: IntCounter,
    pub(crate) logs_dropped: IntCounter,
    pub(crate) traces_dropped: IntCounter,
}

/// Ways a request to a route can end.
type Endings = &'static [(Status, ErrorType)];

/// What any request can come to.
const ANY: Endings = &[
    (Status::UriTooLong, ErrorType::None),
    (Status::HeadersTooLarge, ErrorType::None),
    (Status::ClientClosed, ErrorType::None),
];

/// What asking for a picture can come to.
const PICTURE: Endings = &[
    (Status::Ok, ErrorType::None),
    (Status::BadRequest, ErrorType::None),
    (Status::Unprocessable, ErrorType::None),
    (Status::InternalServerError, ErrorType::Render),
    (Status::InternalServerError, ErrorType::Internal),
    (Status::Unavailable, ErrorType::Shed),
    (Status::GatewayTimeout, ErrorType::Timeout),
];

/// Methods that the routes are asked by, mistakes apart.
const USUAL: [(Method, Route); 9] = [
    (Method::Get, Route::Card),
    (Method::Head, Route::Card),
    (Method::Get, Route::Chart),
    (Method::Head, Route::Chart),
    (Method::Post, Route::Chart),
    (Method::Post, Route::Graph),
    (Method::Get, Route::Gallery),
    (Method::Head, Route::Gallery),
    (Method::Get, Route::Unmatched),
];

/// What can happen before a route is known: one connection too many, or what is no HTTP.
const UNROUTED: Endings = &[
    (Status::Unavailable, ErrorType::Shed),
    (Status::BadRequest, ErrorType::None),
    (Status::UriTooLong, ErrorType::None),
    (Status::HeadersTooLarge, ErrorType::None),
];

/// What asking for something that needs a signature can come to.
const SIGNED: Endings = &[
    (Status::Unauthorized, ErrorType::None),
    (Status::Forbidden, ErrorType::None),
];

/// What asking Prometheus can come to.
const SOURCED: Endings = &[
    (Status::NotFound, ErrorType::None),
    (Status::BadGateway, ErrorType::Connection),
    (Status::BadGateway, ErrorType::Response),
    (Status::BadGateway, ErrorType::Timeout),
    (Status::Unavailable, ErrorType::CircuitOpen),
];

const CONDITIONAL: Endings = &[(Status::NotModified, ErrorType::None)];

const BODY: Endings = &[
    (Status::RequestTimeout, ErrorType::None),
    (Status::ContentTooLarge, ErrorType::None),
    (Status::UnsupportedMediaType, ErrorType::None),
];

const PAGE: Endings = &[
    (Status::Ok, ErrorType::None),
    (Status::BadRequest, ErrorType::None),
];
const INJECTED: Endings = &[(Status::InternalServerError, ErrorType::Injected)];
const NOT_ALLOWED: Endings = &[(Status::MethodNotAllowed, ErrorType::None)];
const NOT_FOUND: Endings = &[(Status::NotFound, ErrorType::None)];

/// The ways in which an answer can be less than what was asked for.
const DEGRADATIONS: [(DegradedLevel, DegradedReason); 7] = [
    (DegradedLevel::Partial, DegradedReason::Picture),
    (DegradedLevel::Partial, DegradedReason::Step),
    (DegradedLevel::Partial, DegradedReason::Budget),
    (DegradedLevel::Stale, DegradedReason::Source),
    (DegradedLevel::Stale, DegradedReason::Deadline),
    (DegradedLevel::Fallback, DegradedReason::Source),
    (DegradedLevel::Fallback, DegradedReason::Deadline),
];

impl Figures {
    /// All metrics of the service, each series that can happen at 0.
    pub(crate) fn new(version: &str, revision: &str, injects_errors: bool) -> Self {
        let meter = Meter::new(&[
            HTTP_REQUEST.metric(),
            HTTP_CONNECTIONS.metric(),
            RENDER_STAGE.metric(),
            RENDER_CACHE.metric(),
            RENDER_INFLIGHT.metric(),
            RENDER_QUEUE_DEPTH.metric(),
            RENDER_SHED.metric(),
            RENDER_MISSING_GLYPHS.metric(),
            RENDER_DEGRADED.metric(),
            HTTP_CLIENT.metric(),
            DB_OPERATION.metric(),
            CIRCUIT_STATE.metric(),
            BUILD_INFO.metric(),
            CPU_SATURATION.metric(),
            TELEMETRY_DROPPED.metric(),
        ])
        .with_process();
        let build = (Version(version.to_owned()), Revision(revision.to_owned()));
        meter.set(&BUILD_INFO, build, 1.0);
        let cells = Method::ALL.len() * Route::ALL.len() * Status::ALL.len() * ErrorType::ALL.len();
        let figures = Self {
            requests: (0..cells).map(|_| OnceLock::new()).collect(),
            memory_hit: meter.counter(&RENDER_CACHE, (Tier::Memory, CacheResult::Hit)),
            connections: meter.gauge(&HTTP_CONNECTIONS, ()),
            queue_depth: meter.gauge(&RENDER_QUEUE_DEPTH, ()),
            inflight: meter.gauge(&RENDER_INFLIGHT, ()),
            missing_glyphs: meter.counter(&RENDER_MISSING_GLYPHS, ()),
            logs_dropped: meter.counter(&TELEMETRY_DROPPED, (Telemetry::Logs,)),
            traces_dropped: meter.counter(&TELEMETRY_DROPPED, (Telemetry::Traces,)),
            meter,
        };
        figures.seed_requests(injects_errors);
        figures.seed_rest();
        figures
    }

    /// Everything in Prometheus' text format.
    pub(crate) fn encode(&self) -> String {
        self.meter.encode()
    }

    pub(crate) fn request(
        &self,
        method: Method,
        route: Route,
        status: Status,
        error: ErrorType,
    ) -> &Histogram {
        let index = (method as usize * Route::ALL.len() + route as usize) * Status::ALL.len();
        let index = (index + status as usize) * ErrorType::ALL.len() + error as usize;
        self.requests[index].get_or_init(|| {
            self.meter
                .histogram(&HTTP_REQUEST, (method, route, status, error))
        })
    }

    pub(crate) fn stage(&self, kind: Kind, stage: Stage, elapsed: Duration) {
        self.meter.observe(&RENDER_STAGE, (kind, stage), elapsed);
    }

    pub(crate) fn cache(&self, tier: Tier, result: CacheResult) {
        self.meter.add(&RENDER_CACHE, (tier, result), 1);
    }

    pub(crate) fn shed(&self, reason: ShedReason) {
        self.meter.add(&RENDER_SHED, (reason,), 1);
    }

    pub(crate) fn redis(&self, operation: DbOperation, error: ErrorType, elapsed: Duration) {
        self.meter
            .observe(&DB_OPERATION, (DbSystem::Redis, operation, error), elapsed);
    }

    pub(crate) fn circuit(&self, dependency: Dependency, circuit: Circuit) {
        let state = match circuit {
            Circuit::Closed => 0.0,
            Circuit::HalfOpen => 1.0,
            Circuit::Open => 2.0,
        };
        self.meter.set(&CIRCUIT_STATE, (dependency,), state);
    }

    /// One call of an upstream, its body included.
    pub(crate) fn client(&self, dependency: Dependency, error: ErrorType, elapsed: Duration) {
        self.meter
            .observe(&HTTP_CLIENT, (dependency, error), elapsed);
    }

    pub(crate) fn degraded(&self, level: DegradedLevel, reason: DegradedReason) {
        self.meter.add(&RENDER_DEGRADED, (level, reason), 1);
    }

    pub(crate) fn saturation(&self, source: CpuSource, ratio: f64) {
        self.meter.set(&CPU_SATURATION, (source,), ratio);
    }

    fn seed_requests(&self, injects_errors: bool) {
        let mut endings: Vec<(Method, Route, Endings)> = Vec::new();
        for method in [Method::Get, Method::Head] {
            endings.extend([
                (method, Route::Card, PICTURE),
                (method, Route::Card, CONDITIONAL),
                (method, Route::Gallery, PAGE),
                (method, Route::Gallery, CONDITIONAL),
                (method, Route::Card, SIGNED),
                (method, Route::Chart, PICTURE),
                (method, Route::Chart, CONDITIONAL),
                (method, Route::Chart, SIGNED),
                (method, Route::Chart, SOURCED),
                (method, Route::Graph, NOT_ALLOWED),
            ]);
        }
        endings.extend([
            (Method::Post, Route::Chart, PICTURE),
            (Method::Post, Route::Chart, BODY),
            (Method::Post, Route::Graph, PICTURE),
            (Method::Post, Route::Graph, BODY),
        ]);
        for route in [Route::Card, Route::Gallery] {
            endings.push((Method::Post, route, NOT_ALLOWED));
        }
        for route in [Route::Card, Route::Chart, Route::Graph, Route::Gallery] {
            endings.push((Method::Other, route, NOT_ALLOWED));
        }
        for &method in Method::ALL {
            endings.push((method, Route::Unmatched, NOT_FOUND));
        }
        endings.push((Method::Other, Route::Unmatched, UNROUTED));
        for (method, route) in USUAL {
            endings.push((method, route, ANY));
            if injects_errors && matches!(route, Route::Card | Route::Chart | Route::Graph) {
                endings.push((method, route, INJECTED));
            }
        }
        for (method, route, endings) in endings {
            for &(status, error) in endings {
                let _ = self.request(method, route, status, error);
            }
        }
    }

    fn seed_rest(&self) {
        for &kind in Kind::ALL {
            for &stage in Stage::ALL {
                self.meter.seed(&RENDER_STAGE, (kind, stage));
            }
        }
        for result in [CacheResult::Hit, CacheResult::Miss, CacheResult::Shared] {
            self.meter.seed(&RENDER_CACHE, (Tier::Memory, result));
        }
        for result in [
            CacheResult::Hit,
            CacheResult::Miss,
            CacheResult::Error,
            CacheResult::Corrupt,
        ] {
            self.meter.seed(&RENDER_CACHE, (Tier::Redis, result));
        }
        for &reason in ShedReason::ALL {
            self.meter.seed(&RENDER_SHED, (reason,));
        }
        let errors = [
            ErrorType::None,
            ErrorType::Timeout,
            ErrorType::Connection,
            ErrorType::Response,
        ];
        for &operation in DbOperation::ALL {
            for error in errors {
                self.meter
                    .seed(&DB_OPERATION, (DbSystem::Redis, operation, error));
            }
        }
        for dependency in [Dependency::Prometheus, Dependency::Pictures] {
            for error in errors.into_iter().chain([ErrorType::CircuitOpen]) {
                self.meter.seed(&HTTP_CLIENT, (dependency, error));
            }
        }
        for &dependency in Dependency::ALL {
            self.circuit(dependency, Circuit::Closed);
        }
        for (level, reason) in DEGRADATIONS {
            self.meter.seed(&RENDER_DEGRADED, (level, reason));
        }
    }
}
