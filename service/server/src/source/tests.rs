//! Stories of a source: with a real Prometheus, and with servers that are none.

mod hostile;
mod real;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use render::Series;
use resilience::Deadline;

use super::*;
use crate::telemetry::Build;

/// Data of one series with so many points.
pub(super) fn data(points: usize) -> Data {
    let grid = Grid::over(0, 60_000, 15_000);
    let series = Series {
        name: String::new(),
        color: None,
        points: vec![(0.0, 0.0); points],
    };
    Data::new(vec![series], &grid, Vec::new())
}

/// A source with its telemetry, so that both can be looked at.
struct Bench {
    source: Arc<Source>,
    telemetry: Telemetry,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(url: &str, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, log) = (
            format!("prometheus.url={url}"),
            format!("telemetry.log_file={}", folder.path().join("log").display()),
        );
        let mut all = vec![url.as_str(), log.as_str(), "prometheus.adhoc=true"];
        all.extend(settings);
        let config = Config::with(&all).unwrap();
        let telemetry = Telemetry::start(&config, &Build::of(&config)).unwrap();
        Self {
            source: Arc::new(Source::new(&config, &telemetry).unwrap()),
            telemetry,
            _folder: folder,
        }
    }

    fn request(&self, query: &str) -> ChartRequest {
        self.source
            .parse(query, SystemTime::now())
            .unwrap_or_else(|problem| panic!("{query}: {}", problem.detail))
    }

    /// Asks with this much time, of which nothing is kept for drawing unless set.
    async fn get(&self, query: &str, patience: Duration) -> Result<Arc<Data>, SourceError> {
        let deadline = Deadline::after(clock::now(), patience);
        self.source.get(&self.request(query), deadline).await.result
    }

    /// The value of one series of our own metrics.
    fn value(&self, series: &str) -> f64 {
        let exposition = self.telemetry.figures.encode();
        let line = exposition
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{series} is not in\n{exposition}"))
            .parse()
            .unwrap()
    }
}
