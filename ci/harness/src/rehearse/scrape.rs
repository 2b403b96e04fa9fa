//! The Prometheus configuration of a rehearsal.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Who is scraped, and who is told about alerts.
#[derive(Debug)]
pub(crate) struct Targets {
    /// Admin listener of the service.
    pub(crate) service: SocketAddr,
    /// The load runner, once it runs.
    pub(crate) load: SocketAddr,
    /// The chaos runner, once it runs.
    pub(crate) chaos: SocketAddr,
    /// The desk.
    pub(crate) desk: SocketAddr,
    /// Alertmanager.
    pub(crate) alertmanager: SocketAddr,
}

/// Scrapes and evaluates every second; the runners of load and chaos come and go.
pub(crate) fn configuration(targets: &Targets, rules: &[PathBuf; 2]) -> String {
    let Targets {
        service,
        load,
        chaos,
        desk,
        alertmanager,
    } = targets;
    let [recording, alerts] = rules.each_ref().map(|file| file.display());
    format!(
        "\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
rule_files:
  - {recording}
  - {alerts}
alerting:
  alertmanagers:
    - static_configs:
        - targets: ['{alertmanager}']
scrape_configs:
  - job_name: proofmark
    static_configs:
      - targets: ['{service}']
  - job_name: load
    static_configs:
      - targets: ['{load}']
  - job_name: chaos
    static_configs:
      - targets: ['{chaos}']
  - job_name: desk
    static_configs:
      - targets: ['{desk}']
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn promtool_accepts_it() {
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let targets = Targets {
            service: address(1),
            load: address(2),
            chaos: address(3),
            desk: address(4),
            alertmanager: address(5),
        };
        let folder = tempfile::tempdir().unwrap();
        let rules = ["recording.yaml", "alerts.yaml"].map(|name| folder.path().join(name));
        for file in &rules {
            std::fs::write(file, "groups: []\n").unwrap();
        }
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, configuration(&targets, &rules)).unwrap();
        let checked = Command::new("promtool")
            .args(["check", "config"])
            .arg(&file)
            .output();
        let checked = checked.expect("promtool is missing: run ci/setup");
        assert!(
            checked.status.success(),
            "{}",
            String::from_utf8_lossy(&checked.stderr)
        );
    }
}
