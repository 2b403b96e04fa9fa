//! The address of a server, and the HTTP client that talks to it and to nobody else.

use std::net::IpAddr;

use outcome::{Failure, OrFail};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;

use super::access::Access;
use crate::text::shown;

/// Reads the address of a server.
///
/// # Errors
/// [`Failure::misused`] when it is none, or has credentials in it, which are not shown.
pub(super) fn base(url: &str) -> Result<Url, Failure> {
    let expected = "expected the address of a Prometheus server such as http://127.0.0.1:9090";
    let sentence = format!("{:?}: {expected}", shown(&without_credentials(url)));
    let base = Url::parse(url).or_misused(sentence.clone())?;
    let is_http = matches!(base.scheme(), "http" | "https") && base.has_host();
    if !base.username().is_empty() || base.password().is_some() {
        return Err(Failure::misused(format!(
            "{:?}: the address holds a user or password, which everyone can read in the list of \
             processes; expected them in --basic-file or PROOFMARK_PROMETHEUS_BASIC",
            shown(&without_credentials(url))
        )));
    }
    if !is_http || base.query().is_some() || base.fragment().is_some() {
        return Err(Failure::misused(sentence));
    }
    Ok(base)
}

/// The text of an address that may be none, without what stands before its last `@`.
fn without_credentials(url: &str) -> String {
    let Some((front, rest)) = url.rsplit_once('@') else {
        return url.to_owned();
    };
    let scheme = front.split_once("://").map_or("", |(scheme, _)| scheme);
    if scheme.is_empty() {
        return format!("***@{rest}");
    }
    format!("{scheme}://***@{rest}")
}

/// An HTTP client for the server at `base`, and the address under which it asks.
///
/// # Errors
/// [`Failure::misused`] when `access` cannot be used, [`Failure::broken`] when there is no client.
pub(super) fn connected(
    mut base: Url,
    access: Access,
    is_encrypted: bool,
) -> Result<(Url, reqwest::Client), Failure> {
    let has_certificates = access.needs_tls();
    let mut builder = reqwest::Client::builder()
        .redirect(Policy::none())
        // Compressing costs Prometheus more than a short answer saves on the way.
        .no_gzip()
        .referer(false)
        .retry(reqwest::retry::never())
        .default_headers(access.headers)
        .user_agent(concat!("proofmark/", env!("CARGO_PKG_VERSION")));
    if is_loopback(&base) {
        builder = builder.no_proxy();
    }
    if !is_encrypted || !access.authorities.is_empty() {
        // Without TLS nobody is trusted, which saves reading the authorities of the system.
        builder = builder.tls_certs_only(access.authorities);
    }
    if let Some(identity) = access.identity {
        builder = builder.identity(identity);
    }
    if let Some(name) = &access.server_name {
        let host = renamed(&mut base, name)?;
        // A proxy would be asked for a host of that name, which need not exist.
        builder = builder.no_proxy().dns_resolver(ConnectTo(host));
    }
    let built = builder.build();
    let http = if has_certificates {
        built.or_misused("cannot use the certificates given for Prometheus")?
    } else {
        built.or_broken("cannot make an HTTP client")?
    };
    Ok((base, http))
}

/// Gives `base` another host, and returns the one that it had.
fn renamed(base: &mut Url, name: &str) -> Result<String, Failure> {
    let wrong = || {
        let expected = "expected a host name such as prometheus.example.org";
        Failure::misused(format!("--server-name {:?}: {expected}", shown(name)))
    };
    let host = base.host_str().unwrap_or_default();
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    base.set_host(Some(name)).map_err(|_| wrong())?;
    // A number is no name: it would be connected to.
    match base.domain() {
        Some(domain) if domain.eq_ignore_ascii_case(name) => Ok(host),
        _ => Err(wrong()),
    }
}

/// Finds one host under every name.
#[derive(Debug)]
struct ConnectTo(String);

impl Resolve for ConnectTo {
    fn resolve(&self, _: Name) -> Resolving {
        let host = self.0.clone();
        Box::pin(async move {
            // The port of the URL takes the place of 0.
            let found = tokio::net::lookup_host((host, 0)).await?;
            let found: Vec<_> = found.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Client;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn only_the_address_of_a_server_is_taken() {
        for url in [
            "",
            "localhost:9090",
            "ftp://a",
            "http://",
            "http://a?x=1",
            "http://a#b",
            "file:///etc",
            "http://a b",
        ] {
            let failure = Client::new(url, SECOND).unwrap_err();
            assert_eq!(failure.outcome(), outcome::Outcome::Misused, "{url}");
        }
    }

    #[test]
    fn credentials_in_the_address_are_refused_and_not_shown() {
        for url in [
            "http://me:hunter22@127.0.0.1:9/prom/",
            "http://hunter22@127.0.0.1:9",
            "http://me:hunter22@",
            "http://me:hunter22@a b",
            "me:hunter22@127.0.0.1:9",
            "http://me:hun@ter22@127.0.0.1:9",
        ] {
            let failure = Client::new(url, SECOND).unwrap_err();
            assert_eq!(failure.outcome(), outcome::Outcome::Misused, "{url}");
            let sentence = failure.to_string();
            assert!(
                !sentence.contains("hun") && !sentence.contains("ter22"),
                "{sentence}"
            );
        }
        let failure = Client::new("http://me:hunter22@127.0.0.1:9", SECOND).unwrap_err();
        insta::assert_snapshot!(failure.to_string(), @r#""http://***@127.0.0.1:9": the address holds a user or password, which everyone can read in the list of processes; expected them in --basic-file or PROOFMARK_PROMETHEUS_BASIC"#);
    }

    #[test]
    fn the_address_is_shown_as_it_was_given() {
        let client = Client::new("http://127.0.0.1:9/prom/", SECOND).unwrap();
        assert_eq!(client.address(), "http://127.0.0.1:9/prom");
    }

    #[test]
    fn certificates_are_for_encrypted_connections() {
        let named = || Access::default().with_server_name("prometheus.test");
        let failure = Client::with("http://127.0.0.1:9", SECOND, named()).unwrap_err();
        assert_eq!(failure.outcome(), outcome::Outcome::Misused);
        for name in ["", "127.0.0.1", "a b", "a/b", "[::1]", "a:1", "1.2"] {
            let access = Access::default().with_server_name(name);
            let failure = Client::with("https://127.0.0.1:9", SECOND, access).unwrap_err();
            assert_eq!(failure.outcome(), outcome::Outcome::Misused, "{name}");
        }
    }

    #[test]
    fn loopback_is_known_in_every_spelling() {
        for (url, expected) in [
            ("http://localhost:1", true),
            ("http://127.8.0.1", true),
            ("http://[::1]:9090", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example.org", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
