//! Where pictures may come from.

use std::str::FromStr;

use super::target::{Origin, Scheme, Target, TargetError};

/// One permission: scheme, host, port and the beginning of the path, as text such as
/// `https://images.example.com/cards/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permission {
    origin: Origin,
    path: String,
}

/// Why a URL is not asked. The caller may know all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAllowed {
    /// It is not a URL that we would ask anyone.
    #[error("the picture's URL is refused: {0}")]
    Url(#[from] TargetError),
    /// No permission covers it.
    #[error("pictures from there are not allowed by pictures.allow")]
    Elsewhere,
    /// From an encrypted connection to one that is not.
    #[error("a redirect leads from https to http")]
    Downgrade,
}

/// Reads a URL that one of `permissions` covers.
pub(crate) fn admit(permissions: &[Permission], url: &str) -> Result<Target, NotAllowed> {
    let target = Target::parse(url)?;
    covered(permissions, target)
}

/// Follows a redirect from `here`, if one of `permissions` covers where it leads to.
pub(crate) fn follow(
    permissions: &[Permission],
    here: &Target,
    location: &str,
) -> Result<Target, NotAllowed> {
    let target = covered(permissions, here.join(location)?)?;
    if (here.origin.scheme, target.origin.scheme) == (Scheme::Https, Scheme::Http) {
        return Err(NotAllowed::Downgrade);
    }
    Ok(target)
}

fn covered(permissions: &[Permission], target: Target) -> Result<Target, NotAllowed> {
    let is_covered = permissions
        .iter()
        .any(|permission| permission.covers(&target));
    is_covered.then_some(target).ok_or(NotAllowed::Elsewhere)
}

impl Permission {
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    fn covers(&self, target: &Target) -> bool {
        let rest = target.path.strip_prefix(&self.path);
        let is_on_border =
            |rest: &str| rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/');
        self.origin == target.origin && rest.is_some_and(is_on_border)
    }
}

impl FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = |why: &dyn std::fmt::Display| {
            format!("{text:?} is not a place such as \"https://images.example.com/cards/\": {why}")
        };
        let target = Target::parse(text).map_err(|error| match error {
            // Where there is a user there may be a password, which is not printed.
            TargetError::User => format!("a place is refused: {error}"),
            error => refused(&error),
        })?;
        if target.query.is_some() {
            return Err(refused(&"it has a query"));
        }
        Ok(Self {
            origin: target.origin,
            path: target.path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions(texts: &[&str]) -> Vec<Permission> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn scheme_host_port_and_path_must_all_agree() {
        let allowed = permissions(&["https://images.example.com/cards/", "http://b.example:81"]);
        for (url, is_allowed) in [
            ("https://images.example.com/cards/a.png", true),
            ("https://IMAGES.example.com.:443/cards/b/a.png?size=2", true),
            ("https://images.example.com/cards/", true),
            ("http://b.example:81/anything", true),
            ("https://images.example.com/cards", false),
            ("https://images.example.com/cards-secret/a.png", false),
            ("https://images.example.com/Cards/a.png", false),
            ("https://images.example.com//cards/a.png", false),
            ("https://images.example.com/c%61rds/a.png", false),
            ("https://images.example.com/", false),
            ("http://images.example.com/cards/a.png", false),
            ("https://images.example.com:8443/cards/a.png", false),
            ("https://images.example.com.evil.example/cards/a.png", false),
            ("https://evil-images.example.com/cards/a.png", false),
            ("https://sub.images.example.com/cards/a.png", false),
            ("http://b.example/anything", false),
        ] {
            let expected = if is_allowed {
                None
            } else {
                Some(NotAllowed::Elsewhere)
            };
            assert_eq!(admit(&allowed, url).err(), expected, "{url}");
        }
        assert_eq!(
            admit(&allowed, "https://images.example.com/cards/../secret"),
            Err(NotAllowed::Url(TargetError::Path))
        );
    }

    #[test]
    fn a_path_without_a_slash_at_its_end_covers_itself_and_what_is_below_it() {
        let allowed = permissions(&["https://a.example/cards"]);
        for (path, is_allowed) in [
            ("/cards", true),
            ("/cards?x", true),
            ("/cards/a", true),
            ("/cardsa", false),
            ("/cards.png", false),
        ] {
            let url = format!("https://a.example{path}");
            assert_eq!(admit(&allowed, &url).is_ok(), is_allowed, "{url}");
        }
    }

    #[test]
    fn without_permissions_nothing_is_allowed() {
        assert_eq!(admit(&[], "https://a.example/"), Err(NotAllowed::Elsewhere));
    }

    #[test]
    fn a_redirect_is_checked_like_the_first_url_and_never_leaves_tls() {
        let allowed = permissions(&["https://a.example/cards/", "http://a.example/cards/"]);
        let here = admit(&allowed, "https://a.example/cards/x").unwrap();
        let follow = |location: &str| super::follow(&allowed, &here, location);
        assert!(follow("y").is_ok());
        assert_eq!(follow("/other"), Err(NotAllowed::Elsewhere));
        assert_eq!(follow("//b.example/cards/x"), Err(NotAllowed::Elsewhere));
        assert_eq!(
            follow("http://a.example/cards/x"),
            Err(NotAllowed::Downgrade)
        );
        assert_eq!(follow("../secret"), Err(NotAllowed::Url(TargetError::Path)));
    }

    #[test]
    fn a_bad_permission_says_what_is_wrong_with_it() {
        let report: Vec<String> = [
            "",
            "images.example.com",
            "https://user:secret@a.example/",
            "https://a.example/cards/../",
            "https://a.example/?q",
            "http://127.1/",
        ]
        .iter()
        .map(|text| text.parse::<Permission>().unwrap_err())
        .collect();
        insta::assert_snapshot!(report.join("\n"), @r#"
        "" is not a place such as "https://images.example.com/cards/": it does not begin with http:// or https://
        "images.example.com" is not a place such as "https://images.example.com/cards/": it does not begin with http:// or https://
        a place is refused: it has a user
        "https://a.example/cards/../" is not a place such as "https://images.example.com/cards/": its path has dot segments, encoded separators or encoded control characters
        "https://a.example/?q" is not a place such as "https://images.example.com/cards/": it has a query
        "http://127.1/" is not a place such as "https://images.example.com/cards/": its host is neither a plain name nor a plain address
        "#);
    }
}
