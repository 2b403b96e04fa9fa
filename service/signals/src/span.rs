//! Names of spans.

/// Looking for the picture in Redis.
pub const CACHE_GET: &str = "cache.get";
/// Writing the picture to Redis.
pub const CACHE_SET: &str = "cache.set";
/// Asking Prometheus for the series of a chart.
pub const PROMETHEUS_QUERY: &str = "prometheus.query";
/// Fetching the picture of a card.
pub const PICTURE_FETCH: &str = "picture.fetch";
/// Waiting for a render thread.
pub const RENDER_QUEUE: &str = "render.queue";
/// Breaking text into lines, placing everything.
pub const RENDER_LAYOUT: &str = "render.layout";
/// Filling pixels.
pub const RENDER_RASTER: &str = "render.raster";
/// Pixels to PNG.
pub const RENDER_ENCODE: &str = "render.encode";
/// An experiment, from its first look to its verdict.
pub const CHAOS_EXPERIMENT: &str = "chaos.experiment";
/// One stage of an experiment.
pub const CHAOS_STAGE: &str = "chaos.stage";
/// A fault, from when it is set to when it is gone.
pub const CHAOS_FAULT: &str = "chaos.fault";
