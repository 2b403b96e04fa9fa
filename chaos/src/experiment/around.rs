//! What stands around the stages in the extension: users, recovery, alerts and proxies.

use super::activity::Probe;
use super::document::Extension;
use super::locate::Way;
use super::model::{ExpectedAlert, Impact};
use super::proxy;
use super::reader::{Look, Reader};
use crate::client::ProxyWanted;

impl Reader<'_> {
    pub(super) fn users(&mut self, extension: &Extension, way: &Way) -> Vec<Impact> {
        if self.is_too_long(&extension.users, way) {
            return Vec::new();
        }
        let mut users: Vec<Impact> = Vec::new();
        for (index, entry) in extension.users.iter().enumerate() {
            let way = way.item(index).field("objective");
            if users.iter().any(|other| other.objective == entry.objective) {
                let sentence = format!(
                    "is {:?} for the second time, expected it once",
                    entry.objective
                );
                self.troubles.add(&way, sentence);
                continue;
            }
            let Some(objective) = self.objective(&entry.objective, &way) else {
                continue;
            };
            users.push(Impact {
                objective: entry.objective.clone(),
                error_ratio: objective.indicator.error_ratio("{{.window}}"),
                least: entry.at_least.0,
            });
        }
        users
    }

    pub(super) fn recovered(&mut self, extension: &Extension, way: &Way) -> Vec<Probe> {
        self.positive(extension.recovery.within, &way.field("within"));
        let way = way.field("probes");
        let list = &extension.recovery.probes;
        if self.is_too_long(list, &way) {
            return Vec::new();
        }
        let mut probes = Vec::with_capacity(list.len());
        for (index, asked) in list.iter().enumerate() {
            let look = Look {
                probe: &asked.probe,
                query: asked.query.as_deref(),
                tolerance: asked.tolerance.as_ref(),
            };
            probes.extend(self.looked(look, &way.item(index)));
        }
        probes
    }

    pub(super) fn alerts(&mut self, extension: &Extension, way: &Way) -> Vec<ExpectedAlert> {
        if self.is_too_long(&extension.alerts, way) {
            return Vec::new();
        }
        let mut alerts: Vec<ExpectedAlert> = Vec::new();
        for (index, entry) in extension.alerts.iter().enumerate() {
            let way = way.item(index);
            let name = &entry.name;
            if !is_alert_name(name) || alerts.iter().any(|other| other.name == *name) {
                let sentence = format!("is {name:?}, expected the name of an alert, once");
                self.troubles.add(&way.field("name"), sentence);
            }
            alerts.push(ExpectedAlert {
                name: name.clone(),
                within: self.positive(entry.within, &way.field("within")),
            });
        }
        alerts
    }

    pub(super) fn proxies(&mut self, extension: &Extension, way: &Way) -> Vec<ProxyWanted> {
        if self.is_too_long(&extension.proxies, way) {
            return Vec::new();
        }
        let mut proxies: Vec<ProxyWanted> = Vec::new();
        for (index, entry) in extension.proxies.iter().enumerate() {
            let wanted = ProxyWanted {
                name: entry.name.clone(),
                listen: entry.listen.clone(),
                upstream: entry.upstream.clone(),
            };
            let way = way.item(index);
            if proxies.iter().any(|other| other.name == wanted.name) {
                self.troubles
                    .add(&way.field("name"), "is used twice, expected another name");
            }
            if let Err(sentence) = proxy::check(&wanted, self.around.allowed) {
                self.troubles.add(&way, sentence);
            }
            proxies.push(wanted);
        }
        proxies
    }
}

fn is_alert_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}
