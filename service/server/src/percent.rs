//! Percent-encoding (RFC 3986), with one way to write each text.

/// What a plus sign stands for: a space in a query, itself in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    /// As forms write it.
    Space,
    /// Like any other character.
    Itself,
}

/// The bytes that `text` stands for; none if a `%` is not followed by two hexadecimal digits.
pub(crate) fn decode(text: &str, plus: Plus) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' if plus == Plus::Space => bytes.push(b' '),
            b'%' => {
                let &[high, low] = tail.first_chunk::<2>()?;
                bytes.push(hexadecimal(high, low)?);
                rest = &tail[2..];
            }
            &other => bytes.push(other),
        }
    }
    Some(bytes)
}

/// Writes bytes so that equal bytes are equal texts: only unreserved characters stand for
/// themselves, and digits are upper case.
pub(crate) fn encode(bytes: &[u8], text: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plus_is_a_space_in_a_query_only() {
        assert_eq!(decode("a+b%2B", Plus::Space).unwrap(), b"a b+");
        assert_eq!(decode("a+b%2b", Plus::Itself).unwrap(), b"a+b+");
        for broken in ["%", "%4", "%zz", "%+1", "a%%41"] {
            assert_eq!(decode(broken, Plus::Space), None, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back_and_are_written_in_one_way(bytes: Vec<u8>) {
            let mut text = String::new();
            encode(&bytes, &mut text);
            prop_assert!(text.is_ascii());
            prop_assert_eq!(decode(&text, Plus::Space), Some(bytes.clone()));
            prop_assert_eq!(decode(&text, Plus::Itself), Some(bytes));
        }
    }
}
