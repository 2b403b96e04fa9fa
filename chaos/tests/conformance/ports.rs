//! Ports by name, so that what was seen reads the same in every run.

use std::collections::BTreeMap;

use serde_json::Value;

/// Ports of a case: of its upstreams, of its proxies, and of nobody.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    by_name: BTreeMap<String, u16>,
}

impl Ports {
    /// Gives a port its name.
    pub(crate) fn name(&mut self, name: &str, port: u16) {
        self.by_name.insert(name.to_owned(), port);
    }

    /// The port of this name.
    pub(crate) fn of(&self, name: &str) -> Option<u16> {
        self.by_name.get(name).copied()
    }

    /// A step with the ports themselves: `127.0.0.1:{up}` becomes an address.
    pub(crate) fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, port) in &self.by_name {
            filled = filled.replace(&format!("{{{name}}}"), &port.to_string());
        }
        filled
    }

    /// What a server said, with names for ports; a port that a proxy has for the first time is
    /// named after it, `p`, and `p'` when the proxy had another one before.
    pub(crate) fn told(&mut self, said: &Value) -> String {
        self.learn(said);
        let mut text = String::new();
        write(said, &mut text);
        let mut known: Vec<_> = self.by_name.iter().collect();
        // The last name of a port counts: a proxy may be moved to a port that has a name.
        known.sort_by_key(|(_, port)| std::cmp::Reverse(**port));
        for (name, port) in known {
            text = replace_port(&text, *port, name);
        }
        text
    }

    fn learn(&mut self, said: &Value) {
        match said {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(fields) => {
                if let (Some(Value::String(name)), Some(Value::String(listen))) =
                    (fields.get("name"), fields.get("listen"))
                {
                    self.listens(name, listen);
                }
                fields.values().for_each(|field| self.learn(field));
            }
            _ => {}
        }
    }

    fn listens(&mut self, name: &str, listen: &str) {
        let port = listen
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        let Some(port) = port.filter(|port| *port > 1024) else {
            return;
        };
        if self.by_name.values().any(|known| *known == port) {
            return;
        }
        let mut name = name.to_owned();
        while self.by_name.contains_key(&name) {
            name.push('\'');
        }
        self.by_name.insert(name, port);
    }
}

/// Replaces `:PORT` where no digit follows.
fn replace_port(text: &str, port: u16, name: &str) -> String {
    let wanted = format!(":{port}");
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(&wanted) {
        let end = at + wanted.len();
        out.push_str(&rest[..at]);
        if rest[end..].starts_with(|next: char| next.is_ascii_digit()) {
            out.push_str(&wanted);
        } else {
            out.push_str(&format!(":{{{name}}}"));
        }
        rest = &rest[end..];
    }
    out + rest
}

/// JSON on one line, keys in order. The words after `bad request body` belong to a parser, not to
/// the API.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            // The original tells an empty object of its own beside each proxy, by mistake.
            let mut fields: Vec<_> = fields.iter().filter(|(key, _)| *key != "Logger").collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (number, (key, field)) in fields.into_iter().enumerate() {
                out.push_str(if number == 0 { "" } else { ", " });
                out.push_str(&format!("{}: ", Value::String(key.clone())));
                match (key.as_str(), field) {
                    ("error", Value::String(error)) => {
                        out.push_str(&Value::String(message(error)).to_string());
                    }
                    _ => write(field, out),
                }
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                out.push_str(if number == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn message(error: &str) -> String {
    if error.starts_with("bad request body: ") {
        return "bad request body: …".to_owned();
    }
    error.to_owned()
}

#[test]
fn ports_get_the_names_of_their_proxies() {
    let mut ports = Ports::default();
    ports.name("up", 4000);
    let said = serde_json::json!({
        "name": "p", "listen": "127.0.0.1:40001", "upstream": "127.0.0.1:4000"
    });
    assert_eq!(
        ports.told(&said),
        r#"{"listen": "127.0.0.1:{p}", "name": "p", "upstream": "127.0.0.1:{up}"}"#
    );
    let moved = serde_json::json!({ "name": "p", "listen": "127.0.0.1:40002" });
    assert_eq!(
        ports.told(&moved),
        r#"{"listen": "127.0.0.1:{p'}", "name": "p"}"#
    );
    assert_eq!(ports.filled("127.0.0.1:{up}"), "127.0.0.1:4000");
}
