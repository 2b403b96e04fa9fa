//! Names of log fields and span attributes.

/// Trace that a line belongs to: 32 hexadecimal digits.
pub const TRACE_ID: &str = "trace_id";
/// Span that a line belongs to: 16 hexadecimal digits.
pub const SPAN_ID: &str = "span_id";
/// Flags of the trace: `01` when it is sampled.
pub const TRACE_FLAGS: &str = "trace_flags";
/// When it happened: RFC 3339 with microseconds, UTC.
pub const TIMESTAMP: &str = "timestamp";
/// How bad it is: `DEBUG`, `INFO`, `WARN`, `ERROR`.
pub const SEVERITY: &str = "severity";
/// The sentence.
pub const MESSAGE: &str = "message";
/// Method of the request.
pub const METHOD: &str = "http.request.method";
/// Route of the request, never its path.
pub const ROUTE: &str = "http.route";
/// Status of the answer.
pub const STATUS: &str = "http.response.status_code";
/// Bytes of the answer's body.
pub const BODY_SIZE: &str = "http.response.body.size";
/// How long it took, in seconds.
pub const DURATION: &str = "duration_seconds";
/// What kind of failure it was.
pub const ERROR_TYPE: &str = "error.type";
/// Where the picture came from: `memory`, `redis`, `shared`, `drawn`.
pub const SOURCE: &str = "render.source";
/// Which picture was drawn.
pub const KIND: &str = "render.kind";
/// Whether traffic is made by a test: `test`.
pub const SYNTHETIC: &str = "user_agent.synthetic.type";
/// What is called.
pub const DEPENDENCY: &str = "dependency";
/// What the store was asked to do.
pub const DB_OPERATION: &str = "db.operation.name";
/// Which store was asked.
pub const DB_SYSTEM: &str = "db.system.name";
/// The error in words, with all its causes.
pub const ERROR: &str = "error";
/// Experiment that breaks something on purpose.
pub const EXPERIMENT: &str = "chaos.experiment";
/// Stage of the experiment.
pub const STAGE: &str = "chaos.stage";
/// Proxy or process that is broken.
pub const TARGET: &str = "chaos.target";
/// What is done to it, such as `latency`.
pub const FAULT: &str = "chaos.fault";
/// How an experiment ended: `held`, `missed`, `inconclusive`, `broken` or `interrupted`.
pub const OUTCOME: &str = "chaos.outcome";
