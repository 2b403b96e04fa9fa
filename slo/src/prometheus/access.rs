//! How a client proves who asks, and whom it trusts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outcome::{Failure, OrFail};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Identity};

use super::secret::{Redactor, Secret};
use crate::text::shown;

/// Most headers that are added to a request.
const HEADERS_MAX: usize = 20;

/// Shorter text cannot be told from ordinary words and numbers in an answer.
const SECRET_CHARACTERS_MIN: usize = 4;

/// So long must be a secret of nothing but digits, else it is found in times and values.
const SECRET_DIGITS_MIN: usize = 16;

/// Words of which every answer consists: taking out a part of one would spoil it.
const API_WORDS: [&str; 20] = [
    "success",
    "status",
    "resultType",
    "result",
    "vector",
    "matrix",
    "scalar",
    "metric",
    "__name__",
    "value",
    "values",
    "histograms",
    "warnings",
    "infos",
    "error",
    "errorType",
    "data",
    "version",
    "instance",
    "application/json",
];

/// Headers that name a tenant. A name is no secret, and is not taken out of answers.
const TENANT_HEADERS: [&str; 3] = ["x-scope-orgid", "thanos-tenant", "accountid"];

/// Headers that the client itself sets or that frame a request.
const RESERVED_HEADERS: [&str; 10] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "accept",
    "accept-encoding",
    "user-agent",
    "te",
    "upgrade",
];

/// Credentials, headers, and the authorities that are trusted. The default is none of them.
///
/// Each part is added with the `place` it comes from (a file or a variable), which errors name.
/// Nothing in it can be printed, and it is sent to the one server only that the client was made for.
#[derive(Debug, Clone, Default)]
pub struct Access {
    pub(super) headers: HeaderMap,
    secrets: Vec<Secret>,
    pub(super) authorities: Vec<Certificate>,
    pub(super) identity: Option<Identity>,
    pub(super) server_name: Option<String>,
}

impl Access {
    /// Adds a bearer token: one line of visible ASCII, white space around it left out.
    ///
    /// # Errors
    /// [`Failure::misused`] that names `place` and, after a first line, the line.
    pub fn with_bearer(mut self, text: &str, place: &str) -> Result<Self, Failure> {
        let token = one_line(text, place, "one token")?.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let expected = "expected one token of visible ASCII characters";
            return Err(Failure::misused(format!("{place}:1: {expected}")));
        }
        self.keep_secret(token, place, 1)?;
        self.authorize(&format!("Bearer {token}"), place)?;
        Ok(self)
    }

    /// Adds a user and a password: one line `user:password`.
    ///
    /// # Errors
    /// [`Failure::misused`] that names `place` and, after a first line, the line.
    pub fn with_basic(mut self, text: &str, place: &str) -> Result<Self, Failure> {
        let pair = one_line(text, place, "one line user:password")?;
        let split = pair.split_once(':');
        let Some((user, password)) = split.filter(|_| !pair.contains(char::is_control)) else {
            let expected = "expected one line user:password";
            return Err(Failure::misused(format!("{place}:1: {expected}")));
        };
        // Some services take a token as user, and no password.
        let secret = if password.is_empty() { user } else { password };
        self.keep_secret(secret, place, 1)?;
        self.secrets.push(Secret::new(pair));
        self.authorize(&format!("Basic {}", STANDARD.encode(pair)), place)?;
        Ok(self)
    }

    /// Adds headers: lines `Name: value`; empty lines and lines that begin with `#` are left out.
    ///
    /// # Errors
    /// [`Failure::misused`] that names `place` and line.
    pub fn with_headers(mut self, text: &str, place: &str) -> Result<Self, Failure> {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                self.add_header(line, place, index + 1)?;
            }
        }
        Ok(self)
    }

    /// Trusts these authorities, in PEM, and no others.
    ///
    /// # Errors
    /// [`Failure::misused`] that names `place`.
    pub fn with_authorities(mut self, pem: &[u8], place: &str) -> Result<Self, Failure> {
        let expected = format!("{place}: expected certificates in PEM");
        let found = Certificate::from_pem_bundle(pem).or_misused(expected.clone())?;
        if found.is_empty() {
            return Err(Failure::misused(expected));
        }
        self.authorities.extend(found);
        Ok(self)
    }

    /// Shows this certificate to the server: certificate and key in one PEM.
    ///
    /// # Errors
    /// [`Failure::misused`] that names `place`.
    pub fn with_identity(mut self, pem: &[u8], place: &str) -> Result<Self, Failure> {
        // What the reader says of a key is not shown.
        let identity = Identity::from_pem(pem).map_err(|_| {
            let expected = "expected a certificate and its key in PEM, the key not encrypted";
            Failure::misused(format!("{place}: {expected}"))
        })?;
        self.identity = Some(identity);
        Ok(self)
    }

    /// Expects the server to be called `name` in its certificate, whatever the URL calls it.
    #[must_use]
    pub fn with_server_name(mut self, name: &str) -> Self {
        self.server_name = Some(name.to_owned());
        self
    }

    /// Whether a part of it has a meaning over TLS only.
    pub(super) fn needs_tls(&self) -> bool {
        !self.authorities.is_empty() || self.identity.is_some() || self.server_name.is_some()
    }

    /// # Errors
    /// [`Failure::broken`] when there are more secrets than can be looked for.
    pub(super) fn redactor(&self) -> Result<Redactor, Failure> {
        Redactor::new(&self.secrets).or_broken("cannot look for so many secrets")
    }

    fn add_header(&mut self, line: &str, place: &str, number: usize) -> Result<(), Failure> {
        let wrong = |what: &str| Failure::misused(format!("{place}:{number}: {what}"));
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| wrong("expected a header, Name: value"))?;
        let value = value.trim();
        let shown_name = shown(name);
        let header = HeaderName::try_from(name)
            .map_err(|_| wrong("expected a header, Name: value; this name is none"))?;
        if RESERVED_HEADERS.contains(&header.as_str()) {
            return Err(wrong(&format!("{shown_name} is set by the client itself")));
        }
        if self.headers.contains_key(&header) {
            return Err(wrong(&format!("{shown_name} is given twice")));
        }
        if self.headers.len() == HEADERS_MAX {
            let most = format!("expected at most {HEADERS_MAX} headers");
            return Err(wrong(&most));
        }
        let mut kept = HeaderValue::try_from(value)
            .ok()
            .filter(|_| !value.is_empty())
            .ok_or_else(|| wrong(&format!("{shown_name} has no value that can be sent")))?;
        kept.set_sensitive(true);
        if !TENANT_HEADERS.contains(&header.as_str()) {
            self.keep_secret(value, place, number)?;
            // `Authorization: Token abc` is echoed as `abc` too.
            if let Some((_, credentials)) = value.split_once(' ')
                && is_secret(credentials.trim())
            {
                self.secrets.push(Secret::new(credentials.trim()));
            }
        }
        self.headers.insert(header, kept);
        Ok(())
    }

    fn keep_secret(&mut self, text: &str, place: &str, number: usize) -> Result<(), Failure> {
        if !is_secret(text) {
            return Err(Failure::misused(format!(
                "{place}:{number}: so ordinary a secret cannot be taken out of answers that repeat \
                 it; expected at least {SECRET_CHARACTERS_MIN} characters, {SECRET_DIGITS_MIN} if \
                 all are digits, and no word of the API"
            )));
        }
        self.secrets.push(Secret::new(text));
        Ok(())
    }

    fn authorize(&mut self, value: &str, place: &str) -> Result<(), Failure> {
        if self.headers.contains_key(AUTHORIZATION) {
            return Err(Failure::misused(format!(
                "{place}: there are other credentials already; expected one of bearer token, user \
                 and password, or an Authorization header"
            )));
        }
        // The value is not in the sentence: it is the secret.
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| Failure::misused(format!("{place}: it cannot be sent in a header")))?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}

/// Whether it can be taken out of an answer without harm to the rest.
fn is_secret(text: &str) -> bool {
    let is_number = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let length = text.chars().count();
    length >= SECRET_CHARACTERS_MIN
        && (length >= SECRET_DIGITS_MIN || !text.bytes().all(is_number))
        && !API_WORDS.iter().any(|word| word.contains(text))
}

/// The only line of `text`, without its end.
fn one_line<'a>(text: &'a str, place: &str, expected: &str) -> Result<&'a str, Failure> {
    let mut lines = text.lines();
    let line = lines.next().unwrap_or_default();
    if let Some(index) = lines.position(|line| !line.trim().is_empty()) {
        let number = index + 2;
        let sentence = format!("{place}:{number}: there is more; expected {expected}");
        return Err(Failure::misused(sentence));
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &str = "access.txt";

    fn refused(access: Result<Access, Failure>) -> String {
        let failure = access.unwrap_err();
        assert_eq!(failure.outcome(), outcome::Outcome::Misused);
        failure.to_string()
    }

    #[test]
    fn credentials_become_a_header() {
        let access = Access::default().with_bearer(" abc.def-123\n", PLACE);
        let headers = access.unwrap().headers;
        assert_eq!(headers[AUTHORIZATION], "Bearer abc.def-123");
        let access = Access::default().with_basic("Aladdin:open sesame\r\n\n", PLACE);
        let headers = access.unwrap().headers;
        assert_eq!(headers[AUTHORIZATION], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let access = Access::default().with_basic("token-as-user:", PLACE);
        assert_eq!(access.unwrap().secrets.len(), 2);
    }

    #[test]
    fn headers_are_lines() {
        let text = "# tenants\nX-Scope-OrgID: 1\n\nX-Key:  a:b c \r\nAuthorization: Token s3cret\n";
        let access = Access::default().with_headers(text, PLACE).unwrap();
        assert_eq!(access.headers["x-scope-orgid"], "1");
        assert_eq!(access.headers["x-key"], "a:b c");
        let redactor = access.redactor().unwrap();
        let echo = r#"tenant 1: a:b c, Token s3cret, s3cret"#;
        assert_eq!(redactor.text(echo), "tenant 1: ***, ***, ***");
    }

    #[test]
    fn every_mistake_is_named_with_its_line_and_without_its_secret() {
        let none = Access::default;
        let many: Vec<String> = (0..=HEADERS_MAX).map(|i| format!("X-{i}: abcd")).collect();
        let sentences = [
            refused(none().with_bearer("", PLACE)),
            refused(none().with_bearer("hunter22 two", PLACE)),
            refused(none().with_bearer("hunter22\n\nmore", PLACE)),
            refused(none().with_bearer("hunter\u{e9}", PLACE)),
            refused(none().with_bearer("abc", PLACE)),
            refused(none().with_bearer("123456", PLACE)),
            refused(none().with_bearer("warn", PLACE)),
            refused(none().with_basic("hunter22", PLACE)),
            refused(none().with_basic("a:hun\tter22", PLACE)),
            refused(none().with_basic("a:hunter22\nb:c", PLACE)),
            refused(none().with_basic("a:b", PLACE)),
            refused(none().with_headers("hunter22", PLACE)),
            refused(none().with_headers("\nX Key: hunter22", PLACE)),
            refused(none().with_headers("X-Key:", PLACE)),
            refused(none().with_headers("X-Key: hunter\u{1}22", PLACE)),
            refused(none().with_headers("Host: hunter22", PLACE)),
            refused(none().with_headers("X-Key: hunter22\nx-key: hunter22", PLACE)),
            refused(none().with_headers(&many.join("\n"), PLACE)),
            refused(none().with_authorities(b"", PLACE)),
            refused(none().with_authorities(b"hunter22", PLACE)),
            refused(none().with_identity(b"hunter22", PLACE)),
            refused(
                none()
                    .with_bearer("hunter22", "PROOFMARK_PROMETHEUS_BEARER")
                    .and_then(|access| access.with_basic("user:hunter22", PLACE)),
            ),
            refused(
                none()
                    .with_bearer("hunter22", "PROOFMARK_PROMETHEUS_BEARER")
                    .and_then(|access| access.with_headers("Authorization: hunter22", PLACE)),
            ),
        ];
        let text = sentences.join("\n");
        assert!(!text.contains("hunter"), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let access = Access::default()
            .with_basic("user:hunter22", PLACE)
            .and_then(|access| access.with_headers("X-Key: hunter23", PLACE));
        let printed = format!("{:?}", access.unwrap());
        assert!(!printed.contains("hunter"), "{printed}");
        assert!(!printed.contains("dXNlcjpo"), "{printed}");
    }
}
