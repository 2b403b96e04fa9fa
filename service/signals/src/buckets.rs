//! Upper bounds of the histograms, in seconds.
//!
//! The bounds of request duration include every threshold that an objective or an alert uses; a
//! query that names another bound fails the tests.

/// HTTP requests: the semantic conventions' bounds, 1 ms below, and the 1.2 s of the latency alert.
pub const REQUEST_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 1.2, 2.5, 5.0, 7.5,
    10.0,
];

/// Calls of a store, whose timeout is 50 ms by default.
pub const STORE_BUCKETS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0,
];

/// Stages of drawing.
pub const STAGE_BUCKETS: &[f64] = &[
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
];
