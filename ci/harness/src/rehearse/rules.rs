//! The rules and the routing of alerts, for the addresses of one stack.

use std::net::SocketAddr;
use std::time::Duration;

use outcome::{Failure, OrFail};

use super::stack::Plan;

/// Writes the rules and the routing as `proofmark build` does, for this stack.
pub(super) fn write(plan: &Plan<'_>, desk: SocketAddr, service: SocketAddr) -> Result<(), Failure> {
    let settings = alerts::Settings {
        interval: Duration::from_secs(1),
        runbook_base: format!("file://{}/runbooks", plan.root.display()),
        desk_url: format!("http://{desk}/webhook"),
        chart_base: format!("http://{service}"),
        ..alerts::Settings::default()
    };
    for (path, text) in alerts::rules_for(plan.objectives, &settings) {
        let path = plan.work.join(path);
        let sentence = format!("cannot write {}", path.display());
        let folder = path.parent().unwrap_or(plan.work);
        std::fs::create_dir_all(folder).or_broken(sentence.as_str())?;
        std::fs::write(&path, text).or_broken(sentence)?;
    }
    Ok(())
}
