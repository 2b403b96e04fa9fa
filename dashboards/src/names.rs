//! Names of labels, taken from the catalog of signals.

use signals::{
    CacheResult, CpuSource, DbOperation, DegradedLevel, Dependency, ErrorType, ExperimentName,
    FaultName, Kind, LabelValue, Route, ShedReason, Stage, Status, Telemetry, Tier, Version,
};

macro_rules! names {
    ($( $(#[$help:meta])* $name:ident = $label:ty; )*) => {
        $( $(#[$help])* pub(crate) const $name: &str = <$label as LabelValue>::LABEL.name; )*
    };
}

names! {
    /// Route of a request.
    ROUTE = Route;
    /// Status code of an answer.
    STATUS = Status;
    /// Kind of a failure.
    ERROR_TYPE = ErrorType;
    /// Kind of a picture.
    KIND = Kind;
    /// Stage of drawing.
    STAGE = Stage;
    /// Where a picture was looked for.
    TIER = Tier;
    /// What looking for it gave.
    RESULT = CacheResult;
    /// Why a request was refused.
    REASON = ShedReason;
    /// How far an answer is from what was asked for.
    LEVEL = DegradedLevel;
    /// What a store was asked.
    OPERATION = DbOperation;
    /// What the service calls.
    DEPENDENCY = Dependency;
    /// Where a reading of CPU saturation comes from.
    CPU_SOURCE = CpuSource;
    /// Kind of telemetry.
    TELEMETRY = Telemetry;
    /// Version of a build.
    VERSION = Version;
    /// Name of an experiment.
    EXPERIMENT = ExperimentName;
    /// Name of a fault.
    FAULT = FaultName;
}
