//! W3C trace context: who asked, and whether this request is traced.
//!
//! Source: *Trace Context*, W3C Recommendation, sections 3.2 and 4.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::digits::push_hexadecimal;

/// The header, in and out.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Length of a version 00 header.
const LENGTH: usize = 55;

/// The trace that a request belongs to, and its own span in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trace {
    /// Never 0.
    pub(crate) trace_id: u128,
    /// The span of this request; never 0.
    pub(crate) span_id: u64,
    /// The caller's span.
    pub(crate) parent_id: Option<u64>,
    /// Whether its spans are exported.
    pub(crate) is_sampled: bool,
}

/// Where chance comes from, so that tests can decide it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chances {
    pub(crate) trace_id: u128,
    pub(crate) span_id: u64,
    /// From 0 to below 1.
    pub(crate) sample: f64,
}

impl Chances {
    pub(crate) fn draw() -> Self {
        Self {
            trace_id: rand::random(),
            span_id: rand::random(),
            sample: rand::random(),
        }
    }
}

impl Trace {
    /// The caller's trace if its header is valid, else a new one of which `ratio` are sampled.
    pub(crate) fn begin(headers: &HeaderMap, ratio: f64, chances: Chances) -> Self {
        let span_id = chances.span_id.max(1);
        match caller(headers) {
            Some((trace_id, parent_id, is_sampled)) => Self {
                trace_id,
                span_id,
                parent_id: Some(parent_id),
                is_sampled,
            },
            None => Self {
                trace_id: chances.trace_id.max(1),
                span_id,
                parent_id: None,
                is_sampled: chances.sample < ratio,
            },
        }
    }

    /// The header of the answer.
    pub(crate) fn header(&self) -> HeaderValue {
        let mut text = String::with_capacity(LENGTH);
        text.push_str("00-");
        push_hexadecimal(&mut text, self.trace_id, 32);
        text.push('-');
        push_hexadecimal(&mut text, u128::from(self.span_id), 16);
        text.push('-');
        text.push_str(self.flags());
        HeaderValue::from_maybe_shared(bytes::Bytes::from(text))
            .unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// The flags as two digits.
    pub(crate) fn flags(&self) -> &'static str {
        if self.is_sampled { "01" } else { "00" }
    }
}

/// Trace, span and sampled flag of a caller with exactly one valid header.
fn caller(headers: &HeaderMap) -> Option<(u128, u64, bool)> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    parse(value.as_bytes())
}

fn parse(header: &[u8]) -> Option<(u128, u64, bool)> {
    let (known, rest) = header.split_at_checked(LENGTH)?;
    let version = hexadecimal(&known[..2])?;
    // A later version may append fields after a dash; version 00 may not, and ff is forbidden.
    let is_valid_length = rest.is_empty() || (version != 0 && rest[0] == b'-');
    if version == 0xff || !is_valid_length || [known[2], known[35], known[52]] != *b"---" {
        return None;
    }
    let trace_id = hexadecimal(&known[3..35]).filter(|&id| id != 0)?;
    let parent_id = hexadecimal(&known[36..52]).filter(|&id| id != 0)?;
    let flags = hexadecimal(&known[53..55])?;
    // 16 digits fit 64 bits.
    Some((trace_id, parent_id as u64, flags & 1 == 1))
}

/// Lower-case hexadecimal digits as a number.
fn hexadecimal(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHANCES: Chances = Chances {
        trace_id: 7,
        span_id: 9,
        sample: 0.5,
    };
    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn begin(values: &[&str], ratio: f64) -> Trace {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, value.parse().unwrap());
        }
        Trace::begin(&headers, ratio, CHANCES)
    }

    #[test]
    fn a_valid_header_is_continued() {
        let trace = begin(&[VALID], 0.0);
        assert_eq!(trace.parent_id, Some(0xb7ad_6b71_6920_3331));
        assert_eq!(
            trace.header(),
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000009-01"
        );
        let unsampled = VALID.replace("-01", "-00");
        assert!(!begin(&[&unsampled], 1.0).is_sampled);
    }

    #[test]
    fn a_later_version_is_continued_too() {
        for tail in ["", "-more"] {
            let later = format!("cc{}{tail}", &VALID[2..]);
            assert!(begin(&[&later], 0.0).parent_id.is_some(), "{later}");
        }
    }

    #[test]
    fn an_invalid_header_begins_a_new_trace() {
        let zero_trace = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
        let zero_span = format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", "0".repeat(16));
        let later_without_dash = format!("cc{}x", &VALID[2..]);
        for value in [
            "",
            "00",
            &VALID.to_uppercase(),
            &format!("ff{}", &VALID[2..]),
            &format!("{VALID}-more"),
            &VALID.replace("-b7", "_b7"),
            &zero_trace,
            &zero_span,
            &later_without_dash,
        ] {
            assert_eq!(begin(&[value], 0.6).trace_id, 7, "{value}");
        }
        assert_eq!(begin(&[VALID, VALID], 0.0).trace_id, 7);
    }

    #[test]
    fn a_new_trace_is_sampled_by_ratio() {
        assert!(begin(&[], 0.6).is_sampled);
        assert!(!begin(&[], 0.5).is_sampled);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn what_is_sent_can_be_read(
            trace_id in 1..u128::MAX,
            span_id in 1..u64::MAX,
            is_sampled: bool,
        ) {
            let trace = Trace { trace_id, span_id, parent_id: None, is_sampled };
            prop_assert_eq!(parse(trace.header().as_bytes()), Some((trace_id, span_id, is_sampled)));
        }
    }
}
