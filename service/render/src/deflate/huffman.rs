//! Huffman codes with a longest length.

/// A code for `N` symbols. Symbols that do not occur have length 0.
pub(super) struct Code<const N: usize> {
    /// In bits.
    pub(super) lengths: [u8; N],
    /// The bits of each symbol, in the order in which they are written.
    pub(super) bits: [u16; N],
}

impl<const N: usize> Code<N> {
    /// A shortest code for symbols that occur `counts` times, none longer than `length_max` bits.
    ///
    /// A single symbol gets one bit; no symbol gives a code without any.
    pub(super) fn new(counts: &[u32; N], length_max: u8) -> Self {
        let mut counts = *counts;
        let mut lengths = lengths(&counts);
        while lengths.iter().any(|&length| length > length_max) {
            // Flatter counts make flatter trees; what occurs still occurs.
            for count in counts.iter_mut().filter(|count| **count > 0) {
                *count = *count / 2 + 1;
            }
            lengths = self::lengths(&counts);
        }
        Self {
            bits: canonical(&lengths),
            lengths,
        }
    }
}

/// The depth of each symbol in a Huffman tree.
fn lengths<const N: usize>(counts: &[u32; N]) -> [u8; N] {
    let mut lengths = [0; N];
    let mut leaves: Vec<(u32, usize)> = counts
        .iter()
        .enumerate()
        .filter(|&(_, &count)| count > 0)
        .map(|(symbol, &count)| (count, symbol))
        .collect();
    leaves.sort_unstable();
    if let [(_, symbol)] = leaves.as_slice() {
        lengths[*symbol] = 1;
        return lengths;
    }
    // Nodes are the leaves, then the inner nodes in the order in which they are made, which is also
    // that of their weights: the two lightest are always at the front of one of the two rows.
    let count = leaves.len();
    let mut weights: Vec<u64> = leaves.iter().map(|&(count, _)| u64::from(count)).collect();
    let mut parents = vec![0; (2 * count).saturating_sub(1)];
    let (mut leaf, mut inner) = (0, count);
    for _ in 1..count {
        let mut lightest = || {
            let takes_leaf =
                leaf < count && (inner >= weights.len() || weights[leaf] <= weights[inner]);
            let place = if takes_leaf { &mut leaf } else { &mut inner };
            *place += 1;
            *place - 1
        };
        let (a, b) = (lightest(), lightest());
        parents[a] = weights.len();
        parents[b] = weights.len();
        weights.push(weights[a] + weights[b]);
    }
    let mut depths = vec![0_u8; parents.len()];
    for node in (0..parents.len().saturating_sub(1)).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    for (&(_, symbol), &depth) in leaves.iter().zip(&depths) {
        lengths[symbol] = depth;
    }
    lengths
}

/// The bits that RFC 1951, 3.2.2, gives to symbols of these lengths, reversed for writing.
fn canonical<const N: usize>(lengths: &[u8; N]) -> [u16; N] {
    let mut bits = [0; N];
    let mut next = 0_u16;
    for length in 1..=15 {
        next <<= 1;
        for (bits, _) in bits
            .iter_mut()
            .zip(lengths)
            .filter(|(_, of)| **of == length)
        {
            *bits = next.reverse_bits() >> (16 - u32::from(length));
            next += 1;
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_symbols_have_short_codes_and_the_code_is_full() {
        let code = Code::new(&[5, 1, 0, 1, 10, 2], 15);
        assert_eq!(code.lengths, [2, 4, 0, 4, 1, 3]);
        let full: f64 = [2, 4, 4, 1, 3]
            .map(|length| 0.5_f64.powi(length))
            .iter()
            .sum();
        assert_eq!(full, 1.0);
        assert_eq!(code.bits[4], 0);
    }

    #[test]
    fn one_symbol_takes_one_bit_and_none_takes_none() {
        assert_eq!(Code::new(&[0, 9, 0], 7).lengths, [0, 1, 0]);
        assert_eq!(Code::new(&[0, 0, 0], 7).lengths, [0, 0, 0]);
    }

    #[test]
    fn no_code_is_longer_than_allowed() {
        let counts: [u32; 19] = std::array::from_fn(|at| 1 << at);
        let code = Code::new(&counts, 7);
        assert!(code.lengths.iter().all(|&length| (1..=7).contains(&length)));
        let full: f64 = code
            .lengths
            .iter()
            .map(|&length| 0.5_f64.powi(length.into()))
            .sum();
        assert_eq!(full, 1.0);
    }
}
