//! Declared metrics as live ones.

use std::collections::HashMap;
use std::time::Duration;

use prometheus::{
    Encoder, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts,
    Registry, TextEncoder,
};
use signals::{LabelSet, Metric, MetricKind, Signal};

/// A set of live metrics. Recording takes a hash lookup and a read lock; a hot path keeps the
/// handle that [`Meter::counter`] or [`Meter::histogram`] gives.
#[derive(Debug)]
pub struct Meter {
    registry: Registry,
    families: HashMap<&'static str, Family>,
}

#[derive(Debug)]
enum Family {
    Counter(IntCounterVec),
    Gauge(GaugeVec),
    Histogram(HistogramVec),
}

impl Meter {
    /// Live metrics for these declarations.
    ///
    /// # Panics
    /// When two declarations share a name or one is not a valid Prometheus metric: a test of
    /// `signals` holds that this cannot happen.
    #[must_use]
    pub fn new(metrics: &[Metric]) -> Self {
        let registry = Registry::new();
        let families = metrics
            .iter()
            .map(|metric| (metric.name, family(&registry, metric)))
            .collect();
        Self { registry, families }
    }

    /// Adds the figures of this process: CPU, memory, descriptors, start time.
    ///
    /// # Panics
    /// When called twice.
    #[must_use]
    pub fn with_process(self) -> Self {
        let collector = prometheus::process_collector::ProcessCollector::for_self();
        self.registry
            .register(Box::new(collector))
            .expect("process metrics are registered once");
        self
    }

    /// Adds `amount` to a counter.
    pub fn add<L: LabelSet>(&self, signal: &Signal<L>, labels: L, amount: u64) {
        self.counter(signal, labels).inc_by(amount);
    }

    /// Sets a gauge.
    pub fn set<L: LabelSet>(&self, signal: &Signal<L>, labels: L, value: f64) {
        self.gauge(signal, labels).set(value);
    }

    /// Takes a series away, so that it is no longer scraped.
    pub fn forget<L: LabelSet>(&self, signal: &Signal<L>, labels: L) {
        let Family::Gauge(family) = self.family(signal) else {
            return;
        };
        // Err only says that there was no such series.
        let _ = labels.with_values(|values| family.remove_label_values(values));
    }

    /// Observes a duration in full precision.
    pub fn observe<L: LabelSet>(&self, signal: &Signal<L>, labels: L, elapsed: Duration) {
        self.histogram(signal, labels)
            .observe(elapsed.as_secs_f64());
    }

    /// Creates the series of a counter, a gauge or a histogram with value 0, so that its absence
    /// means failure.
    pub fn seed<L: LabelSet>(&self, signal: &Signal<L>, labels: L) {
        labels.with_values(|values| match self.family(signal) {
            Family::Counter(family) => drop(family.with_label_values(values)),
            Family::Gauge(family) => drop(family.with_label_values(values)),
            Family::Histogram(family) => drop(family.with_label_values(values)),
        });
    }

    /// The live series of a counter.
    ///
    /// # Panics
    /// When the signal is not a counter of this meter.
    pub fn counter<L: LabelSet>(&self, signal: &Signal<L>, labels: L) -> IntCounter {
        let Family::Counter(family) = self.family(signal) else {
            panic!("{signal} is not a counter")
        };
        labels.with_values(|values| family.with_label_values(values))
    }

    /// The live series of a gauge.
    ///
    /// # Panics
    /// When the signal is not a gauge of this meter.
    pub fn gauge<L: LabelSet>(&self, signal: &Signal<L>, labels: L) -> prometheus::Gauge {
        let Family::Gauge(family) = self.family(signal) else {
            panic!("{signal} is not a gauge")
        };
        labels.with_values(|values| family.with_label_values(values))
    }

    /// The live series of a histogram.
    ///
    /// # Panics
    /// When the signal is not a histogram of this meter.
    pub fn histogram<L: LabelSet>(&self, signal: &Signal<L>, labels: L) -> Histogram {
        let Family::Histogram(family) = self.family(signal) else {
            panic!("{signal} is not a histogram")
        };
        labels.with_values(|values| family.with_label_values(values))
    }

    /// Everything in Prometheus' text format.
    ///
    /// # Panics
    /// Never: the encoder writes to memory, and names were checked when the meter was built.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .expect("memory takes every byte");
        String::from_utf8(text).expect("the text format is UTF-8")
    }

    fn family<L: LabelSet>(&self, signal: &Signal<L>) -> &Family {
        let name = signal.metric().name;
        self.families
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not a metric of this meter"))
    }
}

fn family(registry: &Registry, metric: &Metric) -> Family {
    let names: Vec<&str> = metric.labels.iter().map(|label| label.name).collect();
    let options = Opts::new(metric.name, metric.help);
    let valid = "a declared metric is a valid one";
    match metric.kind {
        MetricKind::Counter => {
            let family = IntCounterVec::new(options, &names).expect(valid);
            registry.register(Box::new(family.clone())).expect(valid);
            Family::Counter(family)
        }
        MetricKind::Gauge => {
            let family = GaugeVec::new(options, &names).expect(valid);
            registry.register(Box::new(family.clone())).expect(valid);
            Family::Gauge(family)
        }
        MetricKind::Histogram(bounds) => {
            let options = HistogramOpts::from(options).buckets(bounds.to_vec());
            let family = HistogramVec::new(options, &names).expect(valid);
            registry.register(Box::new(family.clone())).expect(valid);
            Family::Histogram(family)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signals::{
        CHAOS_FAULT_ACTIVE, ExperimentName, FaultName, FaultTarget, Kind, RENDER_STAGE, Stage,
        StageName,
    };

    #[test]
    fn every_declared_metric_can_be_registered() {
        let _ = Meter::new(signals::catalog()).with_process();
    }

    #[test]
    fn a_seeded_series_is_there_with_zero() {
        let meter = Meter::new(&[RENDER_STAGE.metric()]);
        meter.seed(&RENDER_STAGE, (Kind::Card, Stage::Encode));
        let text = meter.encode();
        assert!(
            text.contains("render_stage_duration_seconds_count{kind=\"card\",stage=\"encode\"} 0"),
            "{text}"
        );
    }

    #[test]
    fn a_forgotten_series_is_gone() {
        let meter = Meter::new(&[CHAOS_FAULT_ACTIVE.metric()]);
        let labels = || {
            (
                ExperimentName("redis-slow".into()),
                StageName("full".into()),
                FaultTarget("redis".into()),
                FaultName("latency".into()),
            )
        };
        meter.set(&CHAOS_FAULT_ACTIVE, labels(), 1.0);
        assert!(meter.encode().contains("redis-slow"));
        meter.forget(&CHAOS_FAULT_ACTIVE, labels());
        assert!(!meter.encode().contains("redis-slow"));
    }
}
