//! `If-None-Match` (RFC 9110, section 13.1.2).

use http::{HeaderMap, HeaderValue, header};

/// Whether the caller has what `etag` stands for.
pub(crate) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH);
    values
        .iter()
        .any(|value| names(value.as_bytes(), etag.as_bytes()))
}

/// Whether a list of entity tags names `etag`, by the weak comparison; `*` names everything.
fn names(list: &[u8], etag: &[u8]) -> bool {
    let mut rest = list.trim_ascii();
    if rest == b"*" {
        return true;
    }
    while !rest.is_empty() {
        let tag = rest.strip_prefix(b"W/").unwrap_or(rest);
        let Some(end) = tag
            .strip_prefix(b"\"")
            .and_then(|opaque| opaque.iter().position(|&byte| byte == b'"'))
        else {
            // Not a list of entity tags: nothing more can be understood.
            return false;
        };
        let (tag, after) = tag.split_at(end + 2);
        if tag == etag {
            return true;
        }
        let after = after.trim_ascii_start();
        rest = after
            .strip_prefix(b",")
            .map_or(&[][..], <[u8]>::trim_ascii_start);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_comparison_is_weak_and_takes_lists() {
        for list in [
            "\"a\"",
            "W/\"a\"",
            "*",
            " * ",
            "\"b\", \"a\"",
            "\"x,y\" ,W/\"a\"",
            "\"a\",\"b\"",
        ] {
            assert!(names(list.as_bytes(), b"\"a\""), "{list}");
        }
        for list in [
            "",
            "a",
            "\"b\"",
            "\"a",
            "w/\"a\"",
            "\"b\" \"a\"",
            "**",
            "\"a \"",
        ] {
            assert!(!names(list.as_bytes(), b"\"a\""), "{list}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_a_panic(list in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = names(&list, b"\"a\"");
        }
    }
}
