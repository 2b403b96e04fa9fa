//! A URL as a person gives it, taken apart without changing it.

use http::uri::Authority;
use outcome::{Failure, OrFail};

/// Where signatures are looked at.
const SIGNED_PATHS: &str = "/v1/";

/// The parts of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target<'u> {
    /// Scheme and host, or nothing.
    pub(super) base: &'u str,
    pub(super) path: &'u str,
    /// Without the question mark.
    pub(super) query: &'u str,
}

impl<'u> Target<'u> {
    /// Takes apart `http://host/v1/…?…` or `/v1/…?…`. Spaces and Chinese letters may stand in it: they
    /// are encoded later.
    ///
    /// # Errors
    /// [`Failure::misused`] for what is no URL, has a fragment, or lies elsewhere.
    pub(super) fn parse(url: &'u str) -> Result<Self, Failure> {
        if url.contains('#') {
            let sentence = "a URL is sent without what follows #: write %23 for the character";
            return Err(Failure::misused(sentence));
        }
        let (base, rest) = split_base(url)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !path.starts_with(SIGNED_PATHS) {
            let sentence = format!("{url:?}: only URLs under {SIGNED_PATHS} are signed");
            return Err(Failure::misused(sentence));
        }
        Ok(Self { base, path, query })
    }
}

/// A base to put before a path: scheme and host, without a slash at the end.
///
/// # Errors
/// [`Failure::misused`] for anything else.
pub(super) fn check_base(base: &str) -> Result<&str, Failure> {
    if base.is_empty() {
        return Ok(base);
    }
    match split_base(base) {
        Ok((found, "" | "/")) if !found.is_empty() => Ok(found),
        _ => {
            let sentence = format!("--base {base:?}: expected a URL such as http://127.0.0.1:8080");
            Err(Failure::misused(sentence))
        }
    }
}

/// Scheme and host, and what follows them.
fn split_base(url: &str) -> Result<(&str, &str), Failure> {
    if url.starts_with('/') {
        return Ok(("", url));
    }
    let expected = || Failure::misused(format!("{url:?}: expected http://HOST/v1/… or /v1/…"));
    let (scheme, rest) = url.split_once("://").ok_or_else(expected)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(expected());
    }
    let host = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    if host.contains('@') {
        let sentence = "a URL with a name or password in it is not printed";
        return Err(Failure::misused(sentence));
    }
    host.parse::<Authority>()
        .or_misused(format!("{host:?} is not a host"))?;
    Ok(url.split_at(scheme.len() + "://".len() + host.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_as_it_stands() {
        let url = "https://[::1]:8443/v1/card.png?title=发布 now&a=?";
        let target = Target::parse(url).unwrap();
        assert_eq!(target.base, "https://[::1]:8443");
        assert_eq!(target.path, "/v1/card.png");
        assert_eq!(target.query, "title=发布 now&a=?");
        assert_eq!(Target::parse("/v1/card.png").unwrap().query, "");
        assert_eq!(check_base("http://a.example/").unwrap(), "http://a.example");
        assert_eq!(check_base("").unwrap(), "");
    }

    #[test]
    fn what_is_no_url_is_refused_in_words() {
        let report: Vec<String> = [
            "",
            "card.png",
            "v1/card.png",
            "ftp://host/v1/card.png",
            "http:///v1/card.png",
            "http://a b/v1/card.png",
            "http://me:secret@host/v1/card.png",
            "http://host",
            "http://host?/v1/card.png",
            "//host/v1/card.png",
            "/metrics",
            "/v1/card.png#top",
        ]
        .iter()
        .map(|url| Target::parse(url).unwrap_err().to_string())
        .chain(
            ["/v1", "http://host/v1", "host"].map(|base| check_base(base).unwrap_err().to_string()),
        )
        .collect();
        assert!(!report.concat().contains("secret"));
        insta::assert_snapshot!(report.join("\n"));
    }
}
