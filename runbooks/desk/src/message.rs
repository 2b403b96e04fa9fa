//! Alertmanager's webhook, version 4: strict about what is used, blind to what is not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Most alerts of one webhook.
const ALERTS_MAX: usize = 1_000;
/// Most labels, and most annotations, of one alert.
const TEXTS_MAX: usize = 128;
/// The version that is understood.
const VERSION: &str = "4";

/// How an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its condition holds.
    Firing,
    /// Its condition has ended.
    Resolved,
}

impl Status {
    /// The status as Alertmanager writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Firing, Self::Resolved]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// One alert of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alert {
    /// Its identity among alerts with other labels.
    pub fingerprint: String,
    /// When its condition began to hold.
    pub starts_at: Timestamp,
    /// When its condition ended; only a resolved one has it.
    pub ends_at: Option<Timestamp>,
    /// How it stands.
    pub status: Status,
    /// What identifies it, `alertname` among it.
    pub labels: BTreeMap<String, String>,
    /// What explains it.
    pub annotations: BTreeMap<String, String>,
    /// The query it comes from.
    pub generator_url: String,
}

/// Why a webhook was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// It is not JSON.
    #[error("the body is not JSON")]
    Syntax(#[source] serde_json::Error),
    /// A part that is used is missing or something else than expected.
    #[error("{at}: expected {expected}")]
    Field {
        /// Where, as a JSON pointer.
        at: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// It has more alerts than are taken at once.
    #[error("/alerts: {count} alerts, more than {max}", max = ALERTS_MAX)]
    TooMany {
        /// How many it has.
        count: usize,
    },
}

/// Reads the alerts of a webhook.
///
/// # Errors
/// The first thing that is wrong.
pub fn read_webhook(body: &[u8]) -> Result<Vec<Alert>, WebhookError> {
    let value: Value = serde_json::from_slice(body).map_err(WebhookError::Syntax)?;
    let message = Place::root(&value).object("an object")?;
    if message.field("version").text("the text \"4\"")? != VERSION {
        return Err(message.field("version").unlike("the text \"4\""));
    }
    let alerts = message.field("alerts");
    let items = alerts
        .value
        .as_array()
        .ok_or_else(|| alerts.unlike("a list of alerts"))?;
    if items.len() > ALERTS_MAX {
        return Err(WebhookError::TooMany { count: items.len() });
    }
    let read = |(index, value)| {
        alert(&Place {
            at: format!("/alerts/{index}"),
            value,
        })
    };
    items.iter().enumerate().map(read).collect()
}

fn alert(place: &Place<'_>) -> Result<Alert, WebhookError> {
    let alert = place.object("an object")?;
    let status = alert.field("status");
    let expected = "\"firing\" or \"resolved\"";
    let status = Status::parse(status.text(expected)?).ok_or_else(|| status.unlike(expected))?;
    let ends_at = match status {
        Status::Firing => None,
        Status::Resolved => Some(alert.field("endsAt").time()?),
    };
    let generator = alert.field("generatorURL");
    Ok(Alert {
        fingerprint: alert.field("fingerprint").fingerprint()?,
        starts_at: alert.field("startsAt").time()?,
        ends_at,
        status,
        labels: alert.field("labels").texts()?,
        annotations: alert.field("annotations").texts_or_none()?,
        generator_url: if generator.value.is_null() {
            String::new()
        } else {
            generator.text("text")?.to_owned()
        },
    })
}

/// A value and where it stands, so that an error can say so.
struct Place<'a> {
    at: String,
    value: &'a Value,
}

struct Object<'a> {
    at: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    /// A field; a missing one is null.
    fn field(&self, name: &str) -> Place<'a> {
        let value = self.fields.get(name).unwrap_or(&Value::Null);
        Place {
            at: format!("{}/{name}", self.at),
            value,
        }
    }
}

impl<'a> Place<'a> {
    fn root(value: &'a Value) -> Self {
        Self {
            at: String::new(),
            value,
        }
    }

    fn unlike(&self, expected: &'static str) -> WebhookError {
        let at = if self.at.is_empty() {
            "the body"
        } else {
            &self.at
        };
        WebhookError::Field {
            at: at.to_owned(),
            expected,
        }
    }

    fn object(&self, expected: &'static str) -> Result<Object<'a>, WebhookError> {
        let fields = self
            .value
            .as_object()
            .ok_or_else(|| self.unlike(expected))?;
        Ok(Object {
            at: self.at.clone(),
            fields,
        })
    }

    fn text(&self, expected: &'static str) -> Result<&'a str, WebhookError> {
        self.value.as_str().ok_or_else(|| self.unlike(expected))
    }

    fn time(&self) -> Result<Timestamp, WebhookError> {
        let expected = "a time in RFC 3339";
        self.text(expected)?
            .parse()
            .map_err(|_| self.unlike(expected))
    }

    fn fingerprint(&self) -> Result<String, WebhookError> {
        let expected = "1 to 64 hexadecimal digits";
        let text = self.text(expected)?;
        let fits =
            (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| text.to_ascii_lowercase())
            .ok_or_else(|| self.unlike(expected))
    }

    fn texts_or_none(&self) -> Result<BTreeMap<String, String>, WebhookError> {
        if self.value.is_null() {
            Ok(BTreeMap::new())
        } else {
            self.texts()
        }
    }

    fn texts(&self) -> Result<BTreeMap<String, String>, WebhookError> {
        let object = self.object("an object of texts")?;
        if object.fields.len() > TEXTS_MAX {
            return Err(self.unlike("at most 128 texts"));
        }
        let text = |name: &String| Ok((name.clone(), object.field(name).text("text")?.to_owned()));
        object.fields.keys().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({
            "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "resolved",
            "alerts": [{
                "status": "resolved",
                "labels": {"alertname": "LatencyHigh", "severity": "critical"},
                "annotations": {"summary": "Requests are slow."},
                "startsAt": "2026-01-02T03:04:05.678+01:00",
                "endsAt": "2026-01-02T03:14:05Z",
                "generatorURL": "http://prometheus/graph",
                "fingerprint": "A1B2C3D4E5F60718",
                "something": ["new"],
            }],
        })
    }

    fn told(change: impl Fn(&mut Value)) -> String {
        let mut value = good();
        change(&mut value);
        match read_webhook(value.to_string().as_bytes()) {
            Ok(alerts) => format!("{} accepted", alerts.len()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_webhook_is_read_and_unknown_fields_are_left() {
        let alerts = read_webhook(good().to_string().as_bytes()).unwrap();
        assert_eq!(alerts[0].fingerprint, "a1b2c3d4e5f60718");
        assert_eq!(alerts[0].starts_at.to_string(), "2026-01-02T02:04:05.678Z");
        assert_eq!(alerts[0].labels["severity"], "critical");
    }

    #[test]
    fn a_firing_alert_has_no_end_whatever_is_written_there() {
        let mut value = good();
        value["alerts"][0]["status"] = json!("firing");
        value["alerts"][0]["endsAt"] = json!("0001-01-01T00:00:00Z");
        let alerts = read_webhook(value.to_string().as_bytes()).unwrap();
        assert_eq!(
            (alerts[0].status, alerts[0].ends_at),
            (Status::Firing, None)
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let told = [
            told(|value| *value = json!([])),
            told(|value| value["version"] = json!("5")),
            told(|value| value["version"] = json!(4)),
            told(|value| value["alerts"] = json!(null)),
            told(|value| value["alerts"] = json!([])),
            told(|value| value["alerts"][0] = json!("alert")),
            told(|value| value["alerts"][0]["status"] = json!("pending")),
            told(|value| value["alerts"][0]["startsAt"] = json!("yesterday")),
            told(|value| value["alerts"][0]["endsAt"] = json!(null)),
            told(|value| value["alerts"][0]["fingerprint"] = json!("")),
            told(|value| value["alerts"][0]["fingerprint"] = json!("'; drop table")),
            told(|value| value["alerts"][0]["labels"] = json!(null)),
            told(|value| value["alerts"][0]["labels"]["severity"] = json!(1)),
            told(|value| value["alerts"][0]["annotations"] = json!(null)),
            told(|value| {
                let texts = (0..129).map(|n| (n.to_string(), json!("x")));
                value["alerts"][0]["labels"] = Value::Object(texts.collect());
            }),
            told(|value| value["alerts"] = json!(vec![1; 1_001])),
        ];
        insta::assert_snapshot!(told.join("\n"), @r#"
        the body: expected an object
        /version: expected the text "4"
        /version: expected the text "4"
        /alerts: expected a list of alerts
        0 accepted
        /alerts/0: expected an object
        /alerts/0/status: expected "firing" or "resolved"
        /alerts/0/startsAt: expected a time in RFC 3339
        /alerts/0/endsAt: expected a time in RFC 3339
        /alerts/0/fingerprint: expected 1 to 64 hexadecimal digits
        /alerts/0/fingerprint: expected 1 to 64 hexadecimal digits
        /alerts/0/labels: expected an object of texts
        /alerts/0/labels/severity: expected text
        1 accepted
        /alerts/0/labels: expected at most 128 texts
        /alerts: 1001 alerts, more than 1000
        "#);
        assert!(read_webhook(b"{").is_err());
        assert!(read_webhook("[".repeat(100_000).as_bytes()).is_err());
    }
}
