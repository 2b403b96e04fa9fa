//! The URL of a picture, read so strictly that everyone who reads it again reads the same.
//!
//! Only what is written in the plainest way is taken: no user, no fragment, no dot segments however
//! they are encoded, no host that is a number in disguise. What two parsers could understand in two
//! ways is refused, because one of them is ours and checks, and the other is the upstream.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest URL, as it is written.
pub(crate) const URL_BYTES_MAX: usize = 2_048;

/// Longest name of a host, and of one of its labels. Source: RFC 1035, section 2.3.4.
const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Bytes of a path or query that stand for themselves. Source: RFC 3986, section 3.3.
const PLAIN: &[u8] = b"-._~!$&'()*+,;=:@/";

/// Why a URL is none that we would ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("it is longer than {URL_BYTES_MAX} bytes")]
    TooLong,
    #[error("it does not begin with http:// or https://")]
    Scheme,
    #[error("it has a user")]
    User,
    #[error("its host is neither a plain name nor a plain address")]
    Host,
    #[error("its port is not from 1 to 65535")]
    Port,
    #[error("its path has dot segments, encoded separators or encoded control characters")]
    Path,
    #[error("it has a character or an escape that has no place there")]
    Character,
    #[error("it has a fragment")]
    Fragment,
}

/// How a host is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// Who has the picture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// Lower case, without a dot at its end.
    Name(String),
    Address(IpAddr),
}

/// Scheme, host and port: whom a connection is made to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
}

/// A whole URL in its one normal form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) origin: Origin,
    /// Begins with a slash; escapes in upper case.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
}

impl Target {
    /// Reads an absolute URL.
    pub(crate) fn parse(text: &str) -> Result<Self, TargetError> {
        if text.len() > URL_BYTES_MAX {
            return Err(TargetError::TooLong);
        }
        let (scheme, rest) = text.split_once("://").ok_or(TargetError::Scheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(TargetError::Scheme),
        };
        if rest.contains('#') {
            return Err(TargetError::Fragment);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let origin = Origin::parse(scheme, authority)?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        Ok(Self {
            origin,
            path: normal_path(if path.is_empty() { "/" } else { path })?,
            query: query.map(normal_query).transpose()?,
        })
    }

    /// Where a redirect from here leads to.
    pub(crate) fn join(&self, reference: &str) -> Result<Self, TargetError> {
        let origin = &self.origin;
        let begins_scheme = |at: usize| reference[..at].bytes().all(|b| b.is_ascii_alphanumeric());
        if reference.find(':').is_some_and(begins_scheme) {
            return Self::parse(reference);
        }
        match reference.as_bytes() {
            [] => Err(TargetError::Path),
            [b'/', b'/', ..] => Self::parse(&format!("{}:{reference}", origin.scheme)),
            [b'/', ..] => Self::parse(&format!("{origin}{reference}")),
            [b'?', ..] => Self::parse(&format!("{origin}{}{reference}", self.path)),
            _ => {
                let folder = self.path.rfind('/').map_or("", |slash| &self.path[..slash]);
                Self::parse(&format!("{origin}{folder}/{reference}"))
            }
        }
    }

    /// Path and query, as they are asked for.
    pub(crate) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

impl Origin {
    fn parse(scheme: Scheme, authority: &str) -> Result<Self, TargetError> {
        if authority.contains('@') {
            return Err(TargetError::User);
        }
        // The colons of an IPv6 address stand in brackets.
        let name_end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
        let (host, port) = match authority[name_end..].split_once(':') {
            Some((rest, port)) => (&authority[..name_end + rest.len()], Some(port)),
            None => (authority, None),
        };
        let port = match port {
            None => scheme.default_port(),
            Some(digits) if digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| TargetError::Port)?
            }
            Some(_) => return Err(TargetError::Port),
        };
        if port == 0 {
            return Err(TargetError::Port);
        }
        Ok(Self {
            scheme,
            host: Host::parse(host)?,
            port,
        })
    }

    /// Host, and port unless it is the usual one: the `Host` header.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Host {
    fn parse(text: &str) -> Result<Self, TargetError> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(TargetError::Host)?;
            let address: Ipv6Addr = inner.parse().map_err(|_| TargetError::Host)?;
            return Ok(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        // Four decimal numbers without leading zeroes; nothing else is an address here.
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        let is_label = |label: &str| {
            (1..=LABEL_BYTES_MAX).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if name.len() > HOST_BYTES_MAX || !name.split('.').all(is_label) {
            return Err(TargetError::Host);
        }
        // The resolver of the system takes 127.1, 0177.0.0.1, 0x7f000001 and 2130706433 for
        // addresses. They all end in a number.
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.starts_with("0x") || last.bytes().all(|b| b.is_ascii_digit()) {
            return Err(TargetError::Host);
        }
        Ok(Self::Name(name))
    }
}

/// Checks a path and writes it in its normal form.
fn normal_path(path: &str) -> Result<String, TargetError> {
    let normal = normal(path, |byte, rest| {
        let hides = matches!(byte, b'/' | b'\\' | b'.' | 0x7f) || byte < 0x20;
        // Escaped once more, it would be read by whoever decodes twice.
        let is_doubled = byte == b'%' && escaped(rest).is_some();
        if hides || is_doubled {
            return Err(TargetError::Path);
        }
        Ok(())
    })?;
    // Some servers cut what follows a semicolon before they look at the dots.
    let is_dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    if normal.split('/').any(is_dots) {
        return Err(TargetError::Path);
    }
    Ok(normal)
}

fn normal_query(query: &str) -> Result<String, TargetError> {
    normal(query, |_, _| Ok(()))
}

/// Escapes in upper case, and characters beyond ASCII escaped. `check` sees what each escape stands
/// for and what follows it.
fn normal(
    text: &str,
    check: impl Fn(u8, &[u8]) -> Result<(), TargetError>,
) -> Result<String, TargetError> {
    let mut normal = String::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'%' => {
                let value = escaped(after).ok_or(TargetError::Character)?;
                rest = &after[2..];
                check(value, rest)?;
                normal.push_str(&format!("%{value:02X}"));
            }
            0x80.. => normal.push_str(&format!("%{byte:02X}")),
            b'?' => normal.push('?'), // The first one in a path has ended it.
            _ if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) => {
                normal.push(char::from(byte));
            }
            _ => return Err(TargetError::Character),
        }
    }
    Ok(normal)
}

/// The byte that two hexadecimal digits at the beginning stand for.
fn escaped(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let &[high, low] = bytes.get(..2)? else {
        return None;
    };
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path_and_query())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(text: &str) -> String {
        Target::parse(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .to_string()
    }

    #[test]
    fn one_url_has_one_form() {
        for (text, expected) in [
            ("https://a.example/x.png", "https://a.example/x.png"),
            ("HTTPS://A.Example.:443/x", "https://a.example/x"),
            ("http://a.example:80", "http://a.example/"),
            ("http://a.example:00080", "http://a.example/"),
            ("http://a.example:8080?q", "http://a.example:8080/?q"),
            ("https://a.example/%e5%9b%be", "https://a.example/%E5%9B%BE"),
            ("https://a.example/图", "https://a.example/%E5%9B%BE"),
            ("https://a.example/100%25", "https://a.example/100%25"),
            (
                "https://a.example/x?u=/../%2e%2e",
                "https://a.example/x?u=/../%2E%2E",
            ),
            (
                "https://a.example/..x/.well-known/a..b",
                "https://a.example/..x/.well-known/a..b",
            ),
            ("https://xn--fsq.example/", "https://xn--fsq.example/"),
            ("http://192.0.2.1/", "http://192.0.2.1/"),
            ("http://[2001:DB8::1]:8443/", "http://[2001:db8::1]:8443/"),
            ("http://1.a/", "http://1.a/"),
        ] {
            assert_eq!(normal(text), expected);
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        use TargetError::{Character, Fragment, Path, Port, Scheme, TooLong, User};
        let long = format!("https://a.example/{}", "x".repeat(URL_BYTES_MAX));
        for (text, expected) in [
            (long.as_str(), TooLong),
            ("", Scheme),
            ("a.example/x", Scheme),
            ("//a.example/x", Scheme),
            ("ftp://a.example/", Scheme),
            ("file:///etc/passwd", Scheme),
            ("gopher://a.example/", Scheme),
            (" https://a.example/", Scheme),
            ("https:a.example", Scheme),
            ("https:\\\\a.example/", Scheme),
            ("https://user@a.example/", User),
            ("https://a.example:443@evil.example/", User),
            ("https://a.example#@evil.example/", Fragment),
            ("https://a.example/#x", Fragment),
            ("http://::1/", Port),
            ("http://[::1/", Port),
            ("https://a.example:0/", Port),
            ("https://a.example:65536/", Port),
            ("https://a.example:/", Port),
            ("https://a.example:+80/", Port),
            ("https://a.example:80:80/", Port),
            ("https://a.example/cards/../x", Path),
            ("https://a.example/cards/..", Path),
            ("https://a.example/./x", Path),
            ("https://a.example/..;a=b/x", Path),
            ("https://a.example/%2e%2e/x", Path),
            ("https://a.example/.%2E/x", Path),
            ("https://a.example/a%2fb", Path),
            ("https://a.example/a%5Cb", Path),
            ("https://a.example/a%00b", Path),
            ("https://a.example/a%0d%0aHost:evil", Path),
            ("https://a.example/%252e%252e/x", Path),
            ("https://a.example/..\\x", Character),
            ("https://a.example/a b", Character),
            ("https://a.example/a\r\nHost: evil", Character),
            ("https://a.example/a%2", Character),
            ("https://a.example/a%zz", Character),
            ("https://a.example/x?a b", Character),
            ("https://a.example/x?%", Character),
        ] {
            assert_eq!(Target::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_host_is_a_plain_name_or_a_plain_address() {
        for text in [
            "https:///x",
            "https://:443/x",
            "https://a..example/",
            "https://a.example../",
            "https://-a.example/",
            "https://a example/",
            "https://a.example\\.evil.example/",
            "https://a%2eexample/",
            "https://a.example%00.evil.example/",
            "https://图.example/",
            "https://ａ.example/",
            "https://a。example/",
            // Numbers in disguise.
            "http://2130706433/",
            "http://0x7f000001/",
            "http://017700000001/",
            "http://127.1/",
            "http://127.0.1/",
            "http://0177.0.0.1/",
            "http://0x7f.0.0.1/",
            "http://127.0.0.0x1/",
            "http://127.0.0.01/",
            "http://127.0.0.1.2/",
            "http://0/",
            "http://256.0.0.1/",
            "http://①②⑦.⓪.⓪.①/",
            "http://[::1]x/",
            "http://[::1%25lo]/",
            "http://[127.0.0.1]/",
        ] {
            assert_eq!(Target::parse(text), Err(TargetError::Host), "{text}");
        }
    }

    #[test]
    fn a_redirect_leads_where_the_standard_says_or_nowhere() {
        let here = Target::parse("https://a.example:8443/cards/x.png?q").unwrap();
        for (reference, expected) in [
            ("http://b.example/y", Ok("http://b.example/y")),
            ("//b.example/y", Ok("https://b.example/y")),
            ("/y?z", Ok("https://a.example:8443/y?z")),
            ("y.png", Ok("https://a.example:8443/cards/y.png")),
            ("?z", Ok("https://a.example:8443/cards/x.png?z")),
            ("../y", Err(TargetError::Path)),
            ("", Err(TargetError::Path)),
            ("/y#z", Err(TargetError::Fragment)),
            ("file:///etc/passwd", Err(TargetError::Scheme)),
            ("javascript:alert(1)", Err(TargetError::Scheme)),
            ("///b.example/y", Err(TargetError::Host)),
            ("/\\b.example", Err(TargetError::Character)),
        ] {
            let joined = here.join(reference).map(|target| target.to_string());
            assert_eq!(joined, expected.map(str::to_owned), "{reference}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_again_as_the_same(text in "(https?://)?[a-z0-9.:@\\[\\]%/?#;\\\\é -]{0,40}") {
            if let Ok(target) = Target::parse(&text) {
                prop_assert_eq!(Target::parse(&target.to_string()).unwrap(), target);
            }
        }

        #[test]
        fn no_reference_is_a_panic(reference in any::<String>()) {
            let here = Target::parse("https://a.example/cards/x.png").unwrap();
            let _ = here.join(&reference);
        }
    }
}
