//! The configuration of Alertmanager: everything goes to the desk, pages first and again soon.

use std::collections::BTreeMap;

use serde::Serialize;
use slo::window;

use crate::burn::{FAST, NOT_MEASURED, SLOW};
use crate::names::{SERVICE, SLOTH_SERVICE, SLOTH_SLO};
use crate::settings::Pace;
use crate::{Settings, yaml_text};

/// Name of the only receiver.
const DESK: &str = "desk";
/// Alerts in one webhook at most: the desk takes bounded bodies.
const ALERTS_MAX: u32 = 100;

#[derive(Serialize)]
struct Configuration {
    route: Route,
    inhibit_rules: Vec<Inhibition>,
    receivers: Vec<Receiver>,
}

#[derive(Serialize)]
struct Route {
    receiver: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    matchers: Vec<String>,
    group_by: [&'static str; 2],
    group_wait: String,
    group_interval: String,
    repeat_interval: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    routes: Vec<Route>,
}

#[derive(Serialize)]
struct Inhibition {
    source_matchers: Vec<String>,
    target_matchers: Vec<String>,
    equal: Vec<&'static str>,
}

#[derive(Serialize)]
struct Receiver {
    name: &'static str,
    webhook_configs: Vec<BTreeMap<&'static str, serde_yaml_ng::Value>>,
}

/// The configuration as YAML.
pub(crate) fn to_yaml(settings: &Settings) -> String {
    let page = Route {
        matchers: vec![r#"routing="page""#.to_owned()],
        ..route(settings, [Pace::part(3), Pace::times(2), Pace::times(30)])
    };
    yaml_text(&Configuration {
        route: Route {
            routes: vec![page],
            ..route(settings, [Pace::BASE, Pace::times(10), Pace::times(1_440)])
        },
        inhibit_rules: inhibitions(),
        receivers: vec![desk(settings)],
    })
}

/// Waits before a group's first message, before more of it, and before the same again.
fn route(settings: &Settings, [wait, more, again]: [Pace; 3]) -> Route {
    Route {
        receiver: DESK,
        matchers: Vec::new(),
        group_by: ["alertname", SERVICE],
        group_wait: window::text(settings.at(wait)),
        group_interval: window::text(settings.at(more)),
        repeat_interval: window::text(settings.at(again)),
        routes: Vec::new(),
    }
}

fn inhibitions() -> Vec<Inhibition> {
    let rule = |source: &str, target: &str, equal: &[&'static str]| Inhibition {
        source_matchers: vec![format!(r#"alertname=~".+{source}""#)],
        target_matchers: vec![format!(r#"alertname=~"{target}""#)],
        equal: equal.to_vec(),
    };
    let objective = [SLOTH_SERVICE, SLOTH_SLO];
    vec![
        // The page says all that the ticket would.
        rule(FAST, &format!(".+{SLOW}"), &objective),
        // What is not measured now can only burn by what is already past.
        rule(NOT_MEASURED, &format!(".+({FAST}|{SLOW})"), &objective),
        // Without data, traffic is 0 for one reason only.
        rule(NOT_MEASURED, "RequestTrafficDropped", &[SERVICE]),
    ]
}

fn desk(settings: &Settings) -> Receiver {
    Receiver {
        name: DESK,
        webhook_configs: vec![BTreeMap::from([
            ("url", settings.desk_url.as_str().into()),
            ("send_resolved", true.into()),
            ("max_alerts", ALERTS_MAX.into()),
        ])],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_come_within_seconds_and_again_soon_and_tickets_take_their_time() {
        let settings = Settings::default();
        insta::assert_snapshot!(to_yaml(&settings), @r#"
        route:
          receiver: desk
          group_by:
          - alertname
          - service
          group_wait: 30s
          group_interval: 5m
          repeat_interval: 12h
          routes:
          - receiver: desk
            matchers:
            - routing="page"
            group_by:
            - alertname
            - service
            group_wait: 10s
            group_interval: 1m
            repeat_interval: 15m
        inhibit_rules:
        - source_matchers:
          - alertname=~".+BurnsFast"
          target_matchers:
          - alertname=~".+BurnsSlow"
          equal:
          - sloth_service
          - sloth_slo
        - source_matchers:
          - alertname=~".+NotMeasured"
          target_matchers:
          - alertname=~".+(BurnsFast|BurnsSlow)"
          equal:
          - sloth_service
          - sloth_slo
        - source_matchers:
          - alertname=~".+NotMeasured"
          target_matchers:
          - alertname=~"RequestTrafficDropped"
          equal:
          - service
        receivers:
        - name: desk
          webhook_configs:
          - max_alerts: 100
            send_resolved: true
            url: http://127.0.0.1:8090/webhook
        "#);
    }
}
