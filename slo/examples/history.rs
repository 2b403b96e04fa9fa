//! What the benchmark of the gate works on: a history for promtool, and objectives over it.
//!
//! Twenty services have five series each, of one histogram: answers with 200 and 500, and the
//! answers with 200 within 0.1 s, 0.5 s and any time. Everything is a function of the time, so each
//! recording has exactly the value that its rule would give. `ci/peers/gate` calls it.

use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Parser;

/// Services; each is a job with one instance.
const SERVICES: usize = 20;

/// Seconds between two scrapes.
const STEP: i64 = 15;

/// Seconds between two evaluations of the recording rules: the default of Prometheus.
const RECORDED_EVERY: i64 = 60;

/// What a recording looks back on, in seconds.
const RECORDED_OVER: i64 = 300;

const DAY: i64 = 86_400;

/// The most days of history, so that the text stays below a few gigabytes.
const DAYS_MAX: i64 = 31;

/// The most objectives: the gate reads no file above one megabyte, and a service has one file.
const OBJECTIVES_MAX: usize = 20_000;

/// Makes a history, or objectives over it.
#[derive(Debug, Parser)]
enum Make {
    /// The history as OpenMetrics text, on standard output.
    Metrics {
        /// Its end, in seconds since 1970.
        #[arg(long)]
        end: i64,
        /// Its length.
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=DAYS_MAX))]
        days: i64,
    },
    /// Objectives as OpenSLO, a file for each service.
    Openslo {
        /// Folder for the files; it is made.
        folder: PathBuf,
        #[arg(long)]
        count: usize,
        /// Under the names for which the history has recordings.
        #[arg(long)]
        recorded: bool,
    },
    /// The first objective of each of some services for `slokit check`, on standard output.
    Slokit {
        #[arg(long)]
        count: usize,
    },
    /// The same for slo-generator: `config.yaml` and a folder `objectives`.
    SloGenerator {
        /// Folder for both; it is made.
        folder: PathBuf,
        #[arg(long)]
        count: usize,
        #[arg(long)]
        prometheus: String,
    },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Make::parse() {
        Make::Metrics { end, days } => {
            let mut text = BufWriter::new(std::io::stdout().lock());
            // On a whole minute, so that scrapes and recordings meet.
            metrics(&mut text, end / RECORDED_EVERY * RECORDED_EVERY, days)?;
            text.flush()?;
        }
        Make::Openslo {
            folder,
            count,
            recorded,
        } => openslo(&folder, count.min(OBJECTIVES_MAX), recorded)?,
        Make::Slokit { count } => print!("{}", slokit(count.min(SERVICES))),
        Make::SloGenerator {
            folder,
            count,
            prometheus,
        } => slo_generator(&folder, count.min(SERVICES), &prometheus)?,
    }
    Ok(())
}

/// Series of a service.
#[derive(Debug, Clone, Copy)]
enum Series {
    Good,
    Bad,
    Fast,
    Soon,
    Timed,
}

impl Series {
    const ALL: [Self; 5] = [Self::Good, Self::Bad, Self::Fast, Self::Soon, Self::Timed];

    fn name_and_labels(self) -> (&'static str, &'static str) {
        const COUNT: &str = "http_request_duration_seconds_count";
        const BUCKET: &str = "http_request_duration_seconds_bucket";
        match self {
            Self::Good => (COUNT, r#",code="200""#),
            Self::Bad => (COUNT, r#",code="500""#),
            Self::Fast => (BUCKET, r#",code="200",le="0.1""#),
            Self::Soon => (BUCKET, r#",code="200",le="0.5""#),
            Self::Timed => (BUCKET, r#",code="200",le="+Inf""#),
        }
    }

    /// Its share of the requests.
    fn share(self) -> f64 {
        match self {
            Self::Good | Self::Timed => 0.9998,
            Self::Bad => 0.0002,
            Self::Fast => 0.97,
            Self::Soon => 0.996,
        }
    }

    /// The counter of a service at a time: requests follow the day, from 25 to 75 a second and more.
    fn at(self, service: usize, at: i64) -> i64 {
        let (day, at) = (DAY as f64, at as f64);
        let per_second = 50.0 + service as f64;
        // The integral of 1 + sin / 2 over the time.
        let swing = day / TAU / 2.0 * (1.0 - (TAU * at / day).cos());
        // Counted from a year ago or so, to keep the numbers those of a counter.
        (per_second * self.share() * (at - 1.76e9 + swing)) as i64
    }
}

/// An objective that each service has.
struct Kind {
    name: &'static str,
    percent: &'static str,
    /// What is counted, and whether it is good or bad.
    counted: (&'static str, Series),
    /// Of which all; both codes when there is none.
    total: Option<Series>,
}

const KINDS: [Kind; 10] = [
    kind("answered", "99.9", ("bad", Series::Bad), None),
    kind("answered-well", "99.9", ("good", Series::Good), None),
    kind("fast", "95", ("good", Series::Fast), Some(Series::Good)),
    kind("soon", "99", ("good", Series::Soon), Some(Series::Good)),
    kind(
        "fast-timed",
        "95",
        ("good", Series::Fast),
        Some(Series::Timed),
    ),
    kind(
        "soon-timed",
        "99",
        ("good", Series::Soon),
        Some(Series::Timed),
    ),
    kind("fast-of-all", "95", ("good", Series::Fast), None),
    kind("soon-of-all", "99", ("good", Series::Soon), None),
    kind("timed", "99.9", ("good", Series::Timed), None),
    kind(
        "fast-of-soon",
        "95",
        ("good", Series::Fast),
        Some(Series::Soon),
    ),
];

const fn kind(
    name: &'static str,
    percent: &'static str,
    counted: (&'static str, Series),
    total: Option<Series>,
) -> Kind {
    Kind {
        name,
        percent,
        counted,
        total,
    }
}

impl Kind {
    fn total_at(&self, service: usize, at: i64) -> i64 {
        match self.total {
            Some(series) => series.at(service, at),
            None => Series::Good.at(service, at) + Series::Bad.at(service, at),
        }
    }

    fn bad_at(&self, service: usize, at: i64) -> i64 {
        let counted = self.counted.1.at(service, at);
        match self.counted.0 {
            "bad" => counted,
            _ => self.total_at(service, at) - counted,
        }
    }
}

/// The selector of a series, or of the answers with both codes. A variant matches the same series
/// by another text, and so has questions of its own.
fn selector(service: usize, series: Option<Series>, variant: usize) -> String {
    let (name, labels) = match series {
        Some(series) => series.name_and_labels(),
        None => ("http_request_duration_seconds_count", ""),
    };
    let other = match variant {
        0 => String::new(),
        variant => format!(r#",variant!="{variant}""#),
    };
    format!(r#"{name}{{job="s{service:02}"{labels}{other}}}"#)
}

fn metrics(text: &mut impl Write, end: i64, days: i64) -> std::io::Result<()> {
    let start = end - days * DAY;
    writeln!(text, "# TYPE http_request_duration_seconds histogram")?;
    let of_all = (0..SERVICES).flat_map(|service| Series::ALL.map(|series| (service, series)));
    for (service, series) in of_all {
        let (name, labels) = series.name_and_labels();
        for at in (start..=end).step_by(STEP as usize) {
            let value = series.at(service, at);
            writeln!(
                text,
                r#"{name}{{job="s{service:02}",instance="s{service:02}:80"{labels}}} {value} {at}"#
            )?;
        }
    }
    writeln!(text, "# TYPE up gauge")?;
    for service in 0..SERVICES {
        for at in (start..=end).step_by(STEP as usize) {
            writeln!(
                text,
                r#"up{{job="s{service:02}",instance="s{service:02}:80"}} 1 {at}"#
            )?;
        }
    }
    recordings(
        text,
        "slo:sli_events:increase5m",
        (start, end),
        Kind::total_at,
    )?;
    recordings(
        text,
        "slo:sli_bad_events:increase5m",
        (start, end),
        Kind::bad_at,
    )?;
    writeln!(text, "# EOF")
}

/// The recordings of every objective. A range of five minutes begins and ends with a scrape, so
/// `increase` has nothing to extrapolate.
fn recordings(
    text: &mut impl Write,
    name: &str,
    (start, end): (i64, i64),
    value: fn(&Kind, usize, i64) -> i64,
) -> std::io::Result<()> {
    writeln!(text, "# TYPE {name} gauge")?;
    let all = (0..SERVICES).flat_map(|service| KINDS.iter().map(move |kind| (service, kind)));
    for (service, kind) in all {
        let id = kind.name;
        let labels = format!(
            r#"sloth_id="k{service:02}-{id}",sloth_service="k{service:02}",sloth_slo="{id}",sloth_window="5m""#
        );
        for at in (start + RECORDED_OVER..=end).step_by(RECORDED_EVERY as usize) {
            let grown = value(kind, service, at) - value(kind, service, at - RECORDED_OVER);
            writeln!(text, "{name}{{{labels}}} {grown} {at}")?;
        }
    }
    Ok(())
}

/// Objective after objective, a service each, then the next kind, then the next variant.
fn openslo(folder: &Path, count: usize, recorded: bool) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let prefix = if recorded { 'k' } else { 's' };
    for service in 0..SERVICES.min(count) {
        let mut text = String::new();
        for index in (service..count).step_by(SERVICES) {
            let (kind, variant) = (
                &KINDS[index / SERVICES % KINDS.len()],
                index / SERVICES / KINDS.len(),
            );
            document(&mut text, prefix, service, kind, variant);
        }
        std::fs::write(folder.join(format!("{prefix}{service:02}.yaml")), text)?;
    }
    Ok(())
}

fn document(text: &mut String, prefix: char, service: usize, kind: &Kind, variant: usize) {
    let Kind {
        name,
        percent,
        counted: (word, counted),
        total,
    } = kind;
    let name = match variant {
        0 => (*name).to_owned(),
        variant => format!("{name}-{variant}"),
    };
    let counted = selector(service, Some(*counted), variant);
    let total = selector(service, *total, variant);
    let source =
        |query| format!("{{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}");
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "---\napiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: {name}}}\nspec:\n  \
         service: {prefix}{service:02}\n  budgetingMethod: Occurrences\n  \
         timeWindow: [{{duration: 7d, isRolling: true}}]\n  \
         objectives: [{{targetPercent: {percent}}}]\n  indicator:\n    spec:\n      ratioMetric:\n        \
         counter: true\n        {word}: {}\n        total: {}\n",
        source(counted),
        source(total)
    );
}

/// The queries of the first objective of a service: what is bad, what is good, and all.
fn answered(service: usize) -> [String; 3] {
    [Some(Series::Bad), Some(Series::Good), None].map(|series| selector(service, series, 0))
}

fn slokit(count: usize) -> String {
    let mut text = "version: prometheus/v1\nservice: shop\nslos:\n".to_owned();
    for service in 0..count {
        let [bad, _, total] = answered(service);
        let _ = write!(
            text,
            "  - name: s{service:02}-answered\n    objective: 99.9\n    sli:\n      events:\n        \
             error_query: 'sum(rate({bad}[{{{{.window}}}}]))'\n        \
             total_query: 'sum(rate({total}[{{{{.window}}}}]))'\n    \
             alerting: {{name: S{service:02}Answered}}\n"
        );
    }
    text
}

fn slo_generator(folder: &Path, count: usize, prometheus: &str) -> std::io::Result<()> {
    let objectives = folder.join("objectives");
    std::fs::create_dir_all(&objectives)?;
    let step = |name: &str, seconds: i64| {
        format!(
            "      - {{name: {name}, window: {seconds}, burn_rate_threshold: 9, alert: true, \
             message_alert: spent, message_ok: kept}}\n"
        )
    };
    let config = format!(
        "backends: {{prometheus: {{url: '{prometheus}'}}}}\nexporters: {{}}\nerror_budget_policies:\n  \
         default:\n    steps:\n{}{}",
        step("hour", 3_600),
        step("week", 7 * DAY)
    );
    std::fs::write(folder.join("config.yaml"), config)?;
    for service in 0..count {
        let [_, good, total] = answered(service);
        let text = format!(
            "apiVersion: sre.google.com/v2\nkind: ServiceLevelObjective\nmetadata:\n  \
             name: s{service:02}-answered\n  labels: {{service_name: s{service:02}, feature_name: shop, \
             slo_name: answered}}\nspec:\n  description: answered\n  backend: prometheus\n  \
             method: good_bad_ratio\n  exporters: []\n  goal: 0.999\n  service_level_indicator:\n    \
             filter_good: '{good}'\n    filter_valid: '{total}'\n"
        );
        std::fs::write(objectives.join(format!("s{service:02}.yaml")), text)?;
    }
    Ok(())
}
