//! Words or a picture: what a caller would rather have for an error (RFC 9110, section 12.5.1).

use http::{HeaderMap, header};

/// Media ranges of one request that are looked at.
const RANGES_MAX: usize = 32;

/// What a caller says about one kind of answer, as thousandths.
type Quality = u16;

/// Who decides when a caller takes both alike, or says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tie {
    /// The caller is most likely a program.
    Words,
    /// The caller is most likely a page or a mail that shows a picture.
    Picture,
}

/// Whether the caller of a request would rather have an error as a picture than in words.
pub(crate) fn wants_picture(headers: &HeaderMap, tie: Tie) -> bool {
    let values = headers.get_all(header::ACCEPT);
    let mut picture = Preference::default();
    let mut words = Preference::default();
    let mut is_said = false;
    let ranges = values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .take(RANGES_MAX);
    for (range, quality) in ranges.filter_map(media_range) {
        is_said = true;
        picture.learn(range, quality, "image", &["png"]);
        words.learn(range, quality, "application", &["problem+json", "json"]);
    }
    if !is_said {
        return tie == Tie::Picture;
    }
    match picture.quality().cmp(&words.quality()) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => tie == Tie::Picture && picture.quality() > 0,
    }
}

/// What is known about one kind of answer: the most exact range that names it counts.
#[derive(Debug, Default)]
struct Preference {
    exact: Option<Quality>,
    family: Option<Quality>,
    any: Option<Quality>,
}

impl Preference {
    fn learn(&mut self, range: (&str, &str), quality: Quality, family: &str, names: &[&str]) {
        let (kind, subtype) = range;
        let place = match (kind, subtype) {
            ("*", "*") => &mut self.any,
            (kind, "*") if kind.eq_ignore_ascii_case(family) => &mut self.family,
            (kind, subtype)
                if kind.eq_ignore_ascii_case(family)
                    && names.iter().any(|name| subtype.eq_ignore_ascii_case(name)) =>
            {
                &mut self.exact
            }
            _ => return,
        };
        *place = Some(place.map_or(quality, |known| known.max(quality)));
    }

    fn quality(&self) -> Quality {
        self.exact.or(self.family).or(self.any).unwrap_or(0)
    }
}

/// One range with its quality; none if it is no media range.
fn media_range(text: &str) -> Option<((&str, &str), Quality)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next()?.split_once('/')?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    let quality = match weight {
        None => 1_000,
        Some(weight) => {
            let weight: f32 = weight.parse().ok()?;
            // Out of range is as good as the nearest end; what is no number counts as nothing.
            (weight.clamp(0.0, 1.0) * 1_000.0) as Quality
        }
    };
    Some((range, quality))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wants(accept: &str, tie: Tie) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        wants_picture(&headers, tie)
    }

    #[test]
    fn who_takes_only_pictures_gets_a_picture() {
        for accept in [
            "image/*",
            "image/png",
            "IMAGE/PNG",
            "image/webp,image/png;q=0.5",
            "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
            "image/png;q=0.9, application/json;q=0.5",
        ] {
            assert!(wants(accept, Tie::Words), "{accept}");
        }
    }

    #[test]
    fn who_takes_words_as_gladly_gets_words() {
        for accept in [
            "*/*",
            "application/json",
            "application/problem+json, image/*;q=0.9",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "image/webp",
            "image/png;q=0",
            "nonsense",
            "",
        ] {
            assert!(!wants(accept, Tie::Words), "{accept}");
        }
        assert!(!wants_picture(&HeaderMap::new(), Tie::Words));
    }

    #[test]
    fn a_tie_goes_to_whom_the_route_is_for() {
        assert!(wants("*/*", Tie::Picture));
        assert!(wants_picture(&HeaderMap::new(), Tie::Picture));
        assert!(!wants("application/json", Tie::Picture));
        assert!(!wants("text/html", Tie::Picture), "neither is taken");
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_a_panic(accept in "[ -~]{0,80}") {
            let _ = wants(&accept, Tie::Words);
        }
    }
}
