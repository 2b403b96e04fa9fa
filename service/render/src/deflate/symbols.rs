//! How lengths and distances are said: a symbol, and bits that choose within it.

/// Symbols for bytes, the end of the block, and lengths.
pub(super) const SYMBOLS: usize = 286;
pub(super) const SYMBOL_END: usize = 256;
const SYMBOL_LENGTH: usize = 257;
pub(super) const DISTANCE_SYMBOLS: usize = 30;

/// Longest and shortest match that the format can say.
pub(super) const MATCH_MAX: usize = 258;
pub(super) const MATCH_MIN: usize = 3;

/// A number as its symbol and the bits that choose within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) symbol: usize,
    pub(super) extra: u32,
    pub(super) extra_count: u32,
}

/// RFC 1951, 3.2.5: four symbols for each doubling of the length, after eight single ones.
pub(super) fn length_part(length: u16) -> Part {
    let over = u32::from(length) - 3;
    match length {
        258 => Part {
            symbol: SYMBOL_LENGTH + 28,
            extra: 0,
            extra_count: 0,
        },
        ..11 => Part {
            symbol: SYMBOL_LENGTH + over as usize,
            extra: 0,
            extra_count: 0,
        },
        _ => {
            let extra_count = over.ilog2() - 2;
            let step = (over >> extra_count) as usize;
            let symbol = SYMBOL_LENGTH + 4 * extra_count as usize + step;
            Part {
                symbol,
                extra: over & ((1 << extra_count) - 1),
                extra_count,
            }
        }
    }
}

/// RFC 1951, 3.2.5: two symbols for each doubling of the distance, after four single ones.
pub(super) fn distance_part(distance: u16) -> Part {
    let over = u32::from(distance) - 1;
    if over < 4 {
        return Part {
            symbol: over as usize,
            extra: 0,
            extra_count: 0,
        };
    }
    let extra_count = over.ilog2() - 1;
    let symbol = 2 * extra_count as usize + (over >> extra_count) as usize;
    Part {
        symbol,
        extra: over & ((1 << extra_count) - 1),
        extra_count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_distances_have_the_symbols_of_the_format() {
        let part = |symbol, extra, extra_count| Part {
            symbol,
            extra,
            extra_count,
        };
        assert_eq!(length_part(3), part(257, 0, 0));
        assert_eq!(length_part(10), part(264, 0, 0));
        assert_eq!(length_part(11), part(265, 0, 1));
        assert_eq!(length_part(18), part(268, 1, 1));
        assert_eq!(length_part(130), part(280, 15, 4));
        assert_eq!(length_part(257), part(284, 30, 5));
        assert_eq!(length_part(258), part(285, 0, 0));
        assert_eq!(distance_part(1), part(0, 0, 0));
        assert_eq!(distance_part(4), part(3, 0, 0));
        assert_eq!(distance_part(5), part(4, 0, 1));
        assert_eq!(distance_part(24_577), part(29, 0, 13));
        assert_eq!(distance_part(32_768), part(29, 8_191, 13));
    }
}
