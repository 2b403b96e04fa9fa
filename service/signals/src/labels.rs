//! The labels, each an enum of its values or a text with a maximum of them.

use crate::declare::{label, open_label};

label! {
    /// Method of a request; anything unusual is `_OTHER`.
    Method = "http_request_method" {
        /// Reads.
        Get = "GET",
        /// Reads the head only.
        Head = "HEAD",
        /// Sends a body.
        Post = "POST",
        /// Any other method.
        Other = "_OTHER",
    }
}

label! {
    /// Route of a request, never its path.
    Route = "http_route" {
        /// A card from query parameters.
        Card = "/v1/card.png",
        /// A chart from inline series, or from Prometheus.
        Chart = "/v1/chart.png",
        /// A graph from inline nodes and edges.
        Graph = "/v1/graph.png",
        /// The gallery page.
        Gallery = "/",
        /// A path that no route serves.
        Unmatched = "_OTHER",
    }
}

label! {
    /// Status code of an answer, as far as the service gives it.
    Status = "http_response_status_code" {
        /// OK.
        Ok = "200",
        /// Not modified.
        NotModified = "304",
        /// Syntax of the request.
        BadRequest = "400",
        /// A signature is needed.
        Unauthorized = "401",
        /// The signature does not hold.
        Forbidden = "403",
        /// No such thing.
        NotFound = "404",
        /// The route does not take this method.
        MethodNotAllowed = "405",
        /// The body did not arrive in time.
        RequestTimeout = "408",
        /// The body is too large.
        ContentTooLarge = "413",
        /// The target of the request is too long.
        UriTooLong = "414",
        /// The body is not JSON.
        UnsupportedMediaType = "415",
        /// A named limit was passed.
        Unprocessable = "422",
        /// The head is too large.
        HeadersTooLarge = "431",
        /// The caller went away before the answer (only counted, never sent).
        ClientClosed = "499",
        /// A fault of ours.
        InternalServerError = "500",
        /// What the answer is made from could not be had.
        BadGateway = "502",
        /// Refused at admission.
        Unavailable = "503",
        /// The deadline passed.
        GatewayTimeout = "504",
    }
}

impl Status {
    /// The label of a numeric code; one that the service does not give counts as 500.
    #[must_use]
    pub fn of_code(code: u16) -> Self {
        let known = Self::ALL
            .iter()
            .find(|status| status.as_str().parse() == Ok(code));
        known.copied().unwrap_or(Self::InternalServerError)
    }
}

label! {
    /// What kind of failure an operation had; empty when it had none.
    ErrorType = "error_type" {
        /// It succeeded, or the caller was at fault.
        None = "",
        /// It took longer than allowed.
        Timeout = "timeout",
        /// The other side could not be reached.
        Connection = "connection",
        /// The other side answered with an error.
        Response = "response",
        /// Refused at admission.
        Shed = "shed",
        /// The circuit was open.
        CircuitOpen = "circuit_open",
        /// Drawing failed.
        Render = "render",
        /// A fault switch of a rehearsal.
        Injected = "injected",
        /// A bug.
        Internal = "internal",
    }
}

label! {
    /// Which picture was asked for.
    Kind = "kind" {
        /// A card.
        Card = "card",
        /// A chart.
        Chart = "chart",
        /// A graph.
        Graph = "graph",
    }
}

label! {
    /// A stage of drawing.
    Stage = "stage" {
        /// Waiting for a render thread.
        Queue = "queue",
        /// Breaking text into lines, placing everything.
        Layout = "layout",
        /// Filling pixels.
        Raster = "raster",
        /// Pixels to PNG.
        Encode = "encode",
    }
}

label! {
    /// Where a picture was looked for.
    Tier = "tier" {
        /// In this process.
        Memory = "memory",
        /// In Redis.
        Redis = "redis",
    }
}

label! {
    /// What looking in a cache gave.
    CacheResult = "result" {
        /// It was there.
        Hit = "hit",
        /// It was not there.
        Miss = "miss",
        /// An equal request was being drawn, and its picture was shared.
        Shared = "shared",
        /// The cache could not be asked.
        Error = "error",
        /// What it held was not what was stored, and was thrown away.
        Corrupt = "corrupt",
    }
}

label! {
    /// Why a request was refused at admission.
    ShedReason = "reason" {
        /// The render queue was full.
        QueueFull = "queue_full",
        /// There were too many connections.
        Connections = "connections",
        /// Its connection was idle and gave way to another.
        Evicted = "evicted",
        /// Drawing it would cost more than others could wait for.
        Cost = "cost",
    }
}

label! {
    /// Which store was asked.
    DbSystem = "db_system_name" {
        /// Redis.
        Redis = "redis",
    }
}

label! {
    /// What a store was asked to do.
    DbOperation = "db_operation_name" {
        /// Read a value.
        Get = "GET",
        /// Write a value.
        Set = "SET",
    }
}

label! {
    /// Something the service calls.
    Dependency = "dependency" {
        /// Redis.
        Redis = "redis",
        /// The Prometheus that charts are asked from.
        Prometheus = "prometheus",
        /// Whoever has the picture on a card.
        Pictures = "pictures",
    }
}

label! {
    /// How far an answer is from what was asked for.
    DegradedLevel = "level" {
        /// Something was left out or made simpler.
        Partial = "partial",
        /// The last good picture, with its age written on it.
        Stale = "stale",
        /// A picture that says what is missing.
        Fallback = "fallback",
    }
}

label! {
    /// Why an answer is degraded.
    DegradedReason = "reason" {
        /// The picture on a card could not be had.
        Picture = "picture",
        /// Only a coarser step was there in time.
        Step = "step",
        /// The work budget of a layout was spent.
        Budget = "budget",
        /// The source of the data did not answer, or answered with an error.
        Source = "source",
        /// The deadline was near.
        Deadline = "deadline",
    }
}

label! {
    /// Where the reading of CPU saturation comes from.
    CpuSource = "source" {
        /// Share of periods in which the cgroup was throttled.
        Cgroup = "cgroup",
        /// Share of time in which a task waited for a CPU.
        Pressure = "pressure",
        /// CPU seconds of the process against the cores.
        Process = "process",
    }
}

label! {
    /// Which kind of telemetry.
    Telemetry = "signal" {
        /// Log lines.
        Logs = "logs",
        /// Spans.
        Traces = "traces",
    }
}

label! {
    /// What a load request came to.
    LoadResult = "result" {
        /// The status that the plan expects.
        Expected = "expected",
        /// Any other status.
        Unexpected = "unexpected",
        /// No answer.
        Failed = "failed",
    }
}

label! {
    /// What became of a webhook.
    WebhookResult = "result" {
        /// Its alerts were kept.
        Accepted = "accepted",
        /// It was not a webhook of version 4, or too large.
        Rejected = "rejected",
        /// It could not be written.
        Failed = "failed",
    }
}

open_label! {
    /// Version of the running build.
    Version = "version" at most 1
}
open_label! {
    /// Commit of the running build.
    Revision = "revision" at most 1
}
open_label! {
    /// Name of a request in a load plan.
    RequestName = "request" at most 64
}
open_label! {
    /// Name of an experiment.
    ExperimentName = "experiment" at most 64
}
open_label! {
    /// Name of a stage of an experiment.
    StageName = "stage" at most 64
}
open_label! {
    /// Name of what a fault is aimed at.
    FaultTarget = "target" at most 64
}
open_label! {
    /// Name of a fault.
    FaultName = "fault" at most 64
}
