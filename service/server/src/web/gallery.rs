//! The page at `/`: each kind of picture, with its URL to copy. It loads nothing from elsewhere.

use bytes::Bytes;
use http::HeaderValue;

use super::reply::Reply;
use crate::pictures::entity_tag;

const PAGE: &str = include_str!("gallery.html");

/// Only what the page itself holds, and pictures of this service.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src 'self' blob: data:; connect-src 'self'; \
     style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// The page, ready to send.
#[derive(Debug)]
pub(crate) struct Gallery {
    etag: HeaderValue,
}

impl Gallery {
    pub(crate) fn new() -> Self {
        Self {
            etag: entity_tag(PAGE.as_bytes()),
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply::Page {
            body: Bytes::from_static(PAGE.as_bytes()),
            etag: self.etag.clone(),
            policy: POLICY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_kind_and_how_a_url_is_signed() {
        let pictures = signals::Route::ALL
            .iter()
            .map(|route| route.as_str())
            .filter(|route| route.starts_with("/v1/"));
        let commands = [
            "proofmark sign --new-key",
            "proofmark sign --set",
            "--check",
        ];
        for shown in pictures.chain(commands) {
            assert!(PAGE.contains(shown), "{shown}");
        }
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        for elsewhere in ["http://", "https://", "src=\"//", "@import"] {
            assert!(!PAGE.contains(elsewhere), "{elsewhere}");
        }
    }
}
