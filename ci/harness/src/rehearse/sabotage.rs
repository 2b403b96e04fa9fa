//! What the service is made to do wrong, so that the verdict can be seen to fail.

/// A fault switch of the service that a normally started one refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sabotage {
    /// A share of the requests is answered with 500.
    Errors,
    /// A share of the requests is answered late.
    Latency,
}

impl Sabotage {
    /// The settings of the service, as `--set` takes them.
    pub(crate) fn settings(self) -> Vec<String> {
        match self {
            Self::Errors => vec!["fault.mode=errors".to_owned()],
            Self::Latency => vec!["fault.mode=latency".to_owned()],
        }
    }

    /// In words, for the report.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Latency => "latency",
        }
    }
}
