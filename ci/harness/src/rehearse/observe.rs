//! What Prometheus saw of a rehearsal: its pulse while it runs, alerts and pictures afterwards.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail};
use render::{Axis, Band, Chart, Fonts, Painter, Scene, Series, Unit};
use signals::{CIRCUIT_STATE, DB_OPERATION, HTTP_REQUEST};
use slo::prometheus::{Client, Labels};

use crate::report::{Alert, Picture};

/// How long Prometheus may take for one answer of the display.
const PULSE_PATIENCE: Duration = Duration::from_secs(2);

/// Between two points of a picture: the scrape interval of a rehearsal, unless that gives too many.
const STEP: Duration = Duration::from_secs(1);

/// Points of one line; a long rehearsal is drawn in coarser steps.
const POINTS_MAX: i64 = 1_000;

/// Width of a picture of the report, in pixels. Drawn at twice the size it is shown at.
const WIDTH: u32 = 1_920;

/// Its height; the same for all, because the size of the letters follows it.
const HEIGHT: u32 = 640;

/// Routes that draw.
const DRAWING: &str = "http_route=~\"/v1/.*\"";

/// A fault that was active for some time, as a picture shows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    /// What it is called.
    pub(crate) label: String,
    /// From when it was applied.
    pub(crate) from: Timestamp,
    /// Until when.
    pub(crate) to: Timestamp,
}

/// Reads the Prometheus of a rehearsal.
#[derive(Debug)]
pub(crate) struct Observer {
    client: Client,
}

/// One picture of the report, before it has data.
#[derive(Debug)]
struct Panel {
    file: &'static str,
    title: &'static str,
    unit: Unit,
    lines: Vec<(&'static str, String)>,
}

impl Observer {
    /// # Errors
    /// [`Failure::broken`] when no HTTP client can be made.
    pub(crate) fn new(prometheus: SocketAddr) -> Result<Self, Failure> {
        let client = Client::new(&format!("http://{prometheus}"), PULSE_PATIENCE)?;
        Ok(Self { client })
    }

    /// One number, or nothing when there is no single finite one.
    async fn number(&self, query: &str) -> Option<f64> {
        let answer = self.client.instant(query, None).await.ok()?;
        let [sample] = answer.vector.as_slice() else {
            return None;
        };
        sample.value.is_finite().then_some(sample.value)
    }

    /// Whether the service is scraped and has answered nothing yet.
    pub(crate) async fn service_is_fresh(&self) -> bool {
        let up = self.number("sum(up{job=\"proofmark\"})").await;
        let answered = self
            .number(&format!("sum({HTTP_REQUEST}_count{{{DRAWING}}})"))
            .await;
        up == Some(1.0) && answered == Some(0.0)
    }

    /// How the service is doing, in one short line.
    pub(crate) async fn pulse(&self) -> String {
        let rate = self
            .number(&format!("sum(rate({HTTP_REQUEST}_count{{{DRAWING}}}[5s]))"))
            .await;
        let p99 = self.number(&quantile(0.99)).await;
        let errors = self.number(&errors_per_second()).await;
        let rate = rate.map_or("– requests/s".to_owned(), |rate| {
            format!("{rate:.0} requests/s")
        });
        let p99 = p99.map_or(String::new(), |p99| {
            format!(", P99 {}", crate::report::milliseconds(p99 * 1e3))
        });
        let errors = match errors {
            Some(errors) if errors > 0.0 => format!(", {errors:.1} errors/s"),
            Some(_) => ", no errors".to_owned(),
            None => String::new(),
        };
        rate + &p99 + &errors
    }

    /// The alerts that fired since `began`, each with its first firing and how long it was seen.
    ///
    /// # Errors
    /// [`Failure::inconclusive`] when Prometheus does not answer.
    pub(crate) async fn alerts(&self, began: Timestamp) -> Result<Vec<Alert>, Failure> {
        let query = "ALERTS{alertstate=\"firing\"}";
        let (start, end, step) = grid(began);
        let matrix = self.client.range(query, start, end, step).await;
        let matrix = matrix
            .map_err(|cause| Failure::inconclusive("cannot read the alerts").because(cause))?;
        let mut found: BTreeMap<String, Alert> = BTreeMap::new();
        for series in matrix.series {
            let (Some(first), Some(last)) = (series.points.first(), series.points.last()) else {
                continue;
            };
            let fired = timestamp(first.0)?;
            let seconds = last.0 - first.0 + step.as_secs_f64();
            let name = label(&series.labels, "alertname");
            let severity = label(&series.labels, "severity");
            let alert = Alert {
                name: name.clone(),
                severity,
                fired,
                seconds,
                at_desk: false,
            };
            let kept = found.entry(name).or_insert_with(|| alert.clone());
            kept.seconds = kept.seconds.max(alert.seconds);
            kept.fired = kept.fired.min(alert.fired);
        }
        let mut alerts: Vec<Alert> = found.into_values().collect();
        alerts.sort_by_key(|alert| alert.fired);
        Ok(alerts)
    }

    /// Draws every panel into `folder`, with the faults as shaded ranges.
    ///
    /// # Errors
    /// [`Failure::inconclusive`] when Prometheus does not answer, [`Failure::broken`] when a picture
    /// cannot be drawn or written.
    pub(crate) async fn draw(
        &self,
        began: Timestamp,
        faults: &[Fault],
        folder: &Path,
    ) -> Result<Vec<Picture>, Failure> {
        let fonts = Fonts::bundled().or_broken("the font in the program is broken")?;
        let mut painter = Painter::new(Arc::new(fonts));
        let mut pictures = Vec::new();
        for panel in panels() {
            let chart = self.chart(&panel, began, faults).await?;
            let sentence = format!("cannot draw {}", panel.file);
            let drawn = painter
                .draw(&Scene::Chart(chart), &mut |_| ())
                .or_broken(sentence.as_str())?;
            std::fs::write(folder.join(panel.file), &drawn.png).or_broken(sentence)?;
            pictures.push(Picture {
                file: panel.file.to_owned(),
                alt: format!("Chart: {}", panel.title),
                width: WIDTH / 2,
            });
        }
        Ok(pictures)
    }

    async fn chart(
        &self,
        panel: &Panel,
        began: Timestamp,
        faults: &[Fault],
    ) -> Result<Chart, Failure> {
        let (start, end, step) = grid(began);
        let mut lines = Vec::new();
        for (name, query) in &panel.lines {
            let matrix = self.client.range(query, start, end, step).await;
            let matrix = matrix.map_err(|cause| {
                Failure::inconclusive(format!("cannot read {}", panel.title)).because(cause)
            })?;
            let points = matrix
                .series
                .into_iter()
                .next()
                .map(|series| series.points)
                .unwrap_or_default();
            lines.push(Series {
                name: (*name).to_owned(),
                color: None,
                points,
            });
        }
        let bands = faults.iter().map(|fault| Band {
            from: seconds(fault.from),
            to: seconds(fault.to),
            label: fault.label.clone(),
        });
        Ok(Chart {
            width: WIDTH,
            height: HEIGHT,
            title: panel.title.to_owned(),
            unit: panel.unit,
            x: Axis::Time,
            series: lines,
            bands: bands.collect(),
            ..Chart::default()
        })
    }
}

fn quantile(share: f64) -> String {
    format!(
        "histogram_quantile({share}, sum by (le) (rate({HTTP_REQUEST}_bucket{{{DRAWING}}}[5s])))"
    )
}

fn errors_per_second() -> String {
    format!("sum(rate({HTTP_REQUEST}_count{{{DRAWING},http_response_status_code=~\"5..\"}}[5s]))")
}

fn panels() -> Vec<Panel> {
    let redis = |errors: &str| {
        format!(
            "sum(rate({DB_OPERATION}_count{{db_system_name=\"redis\",error_type{errors}}}[5s]))"
        )
    };
    vec![
        Panel {
            file: "latency.png",
            title: "Latency of requests",
            unit: Unit::Seconds,
            lines: vec![
                ("P50", quantile(0.5)),
                ("P95", quantile(0.95)),
                ("P99", quantile(0.99)),
            ],
        },
        Panel {
            file: "traffic.png",
            title: "Requests and errors per second",
            unit: Unit::PerSecond,
            lines: vec![
                (
                    "requests",
                    format!("sum(rate({HTTP_REQUEST}_count{{{DRAWING}}}[5s]))"),
                ),
                ("5xx", errors_per_second()),
            ],
        },
        Panel {
            file: "redis.png",
            title: "Calls of Redis per second",
            unit: Unit::PerSecond,
            lines: vec![("answered", redis("=\"\"")), ("failed", redis("!=\"\""))],
        },
        Panel {
            file: "circuit.png",
            title: "Circuit before Redis: 0 closed, 1 half open, 2 open",
            unit: Unit::None,
            lines: vec![(
                "circuit",
                format!("max({CIRCUIT_STATE}{{dependency=\"redis\"}})"),
            )],
        },
    ]
}

fn grid(began: Timestamp) -> (Timestamp, Timestamp, Duration) {
    let end = Timestamp::now();
    let seconds = end.duration_since(began).as_secs().max(1);
    let step = STEP * u32::try_from(seconds / POINTS_MAX + 1).unwrap_or(u32::MAX);
    (began, end, step)
}

fn label(labels: &Labels, name: &str) -> String {
    labels.get(name).cloned().unwrap_or_default()
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

fn timestamp(seconds: f64) -> Result<Timestamp, Failure> {
    let duration = jiff::SignedDuration::try_from_secs_f64(seconds)
        .or_broken("Prometheus gave a time out of range")?;
    Timestamp::from_duration(duration).or_broken("Prometheus gave a time out of range")
}

#[cfg(test)]
mod tests {
    use super::*;
    use slo::promql::{self, Catalog};

    #[test]
    fn every_query_of_the_report_resolves() {
        let catalog = Catalog::of_workspace();
        let lines = panels().into_iter().flat_map(|panel| panel.lines);
        for query in lines
            .map(|(_, query)| query)
            .chain([quantile(0.99), errors_per_second()])
        {
            promql::check(&query, &catalog)
                .unwrap_or_else(|problems| panic!("{query}: {problems:?}"));
        }
    }
}
