//! What went through a proxy, and the page on which Prometheus reads it.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use signals::toxiproxy as name;

use super::toxic::Stream;

/// Bytes that went through one proxy since it was made; they only grow.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    received: [AtomicU64; 2],
    sent: [AtomicU64; 2],
}

impl Traffic {
    /// Counts bytes that were read from the source of `stream`.
    pub(crate) fn received(&self, stream: Stream, bytes: usize) {
        self.received[place(stream)].fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts bytes that the destination of `stream` has taken.
    pub(crate) fn sent(&self, stream: Stream, bytes: usize) {
        self.sent[place(stream)].fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The counters as they stand, with the labels that tell this proxy from others.
    pub(crate) fn read(&self, proxy: &str, listener: &str, upstream: &str) -> Reading {
        let load = |counters: &[AtomicU64; 2]| {
            [0, 1].map(|place: usize| counters[place].load(Ordering::Relaxed))
        };
        let others = [
            ("proxy", proxy),
            ("listener", listener),
            ("upstream", upstream),
        ];
        let others = others.map(|(label, value)| format!(",{label}=\"{}\"", escaped(value)));
        Reading {
            labels: others.concat(),
            received: load(&self.received),
            sent: load(&self.sent),
        }
    }
}

/// One proxy's counters at one moment.
#[derive(Debug)]
pub(crate) struct Reading {
    labels: String,
    received: [u64; 2],
    sent: [u64; 2],
}

/// The page of all proxies, in the text format of Prometheus.
pub(crate) fn page(readings: &[Reading]) -> String {
    let mut text = String::new();
    let received = |reading: &Reading| reading.received;
    let sent = |reading: &Reading| reading.sent;
    family(&mut text, name::RECEIVED_BYTES, readings, received);
    family(&mut text, name::SENT_BYTES, readings, sent);
    text
}

/// What the system knows of this process, in the text format of Prometheus; what it does not say is
/// left out.
pub(crate) fn process_page(statm: &str, stat: &str, open_files: Option<usize>) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, kind: &str, value: f64| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# TYPE {name} {kind}\n{name} {value}");
    };
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u32>().ok());
    if let Some(pages) = pages {
        gauge(name::RESIDENT_BYTES, "gauge", f64::from(pages) * PAGE_BYTES);
    }
    // The command may hold spaces and brackets; all that follows its last bracket is numbers.
    let numbers = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |place| {
        numbers
            .split(' ')
            .nth(place)
            .and_then(|ticks| ticks.parse::<u32>().ok())
    };
    if let (Some(user), Some(system)) = (ticks(12), ticks(13)) {
        let seconds = (f64::from(user) + f64::from(system)) / TICKS_PER_SECOND;
        gauge(name::CPU_SECONDS, "counter", seconds);
    }
    if let Some(count) = open_files.and_then(|count| u32::try_from(count).ok()) {
        gauge(name::OPEN_FILES, "gauge", f64::from(count));
    }
    text
}

/// `statm` counts in pages; Linux has 4 KiB pages on every machine this is built for.
const PAGE_BYTES: f64 = 4096.0;

/// `USER_HZ`, which Linux shows to programs as 100 everywhere.
const TICKS_PER_SECOND: f64 = 100.0;

fn family(text: &mut String, name: &str, readings: &[Reading], of: fn(&Reading) -> [u64; 2]) {
    let _ = writeln!(text, "# TYPE {name} counter");
    for reading in readings {
        for stream in [Stream::Upstream, Stream::Downstream] {
            let direction = direction(stream);
            let (labels, value) = (&reading.labels, of(reading)[place(stream)]);
            let _ = writeln!(text, "{name}{{direction=\"{direction}\"{labels}}} {value}");
        }
    }
}

fn place(stream: Stream) -> usize {
    match stream {
        Stream::Upstream => 0,
        Stream::Downstream => 1,
    }
}

fn direction(stream: Stream) -> &'static str {
    match stream {
        Stream::Upstream => "upstream",
        Stream::Downstream => "downstream",
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_names_and_labels_of_the_original() {
        let traffic = Traffic::default();
        traffic.received(Stream::Upstream, 5);
        traffic.sent(Stream::Upstream, 3);
        traffic.sent(Stream::Downstream, 7);
        let reading = traffic.read("a\"b\\c", "127.0.0.1:1", "[::1]:2");
        insta::assert_snapshot!(page(&[reading]));
    }

    #[test]
    fn a_process_is_described_as_far_as_the_system_says() {
        let stat = "7 (odd ) name) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0";
        insta::assert_snapshot!(process_page("900 10 5 1", stat, Some(9)));
        assert_eq!(process_page("", "", None), "");
    }
}
