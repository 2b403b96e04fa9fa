//! Several indices in one byte, for pictures of few colours.

/// Bits that an index takes: 1, 2, 4 or 8.
pub(super) fn depth(colors: usize) -> u8 {
    match colors {
        0..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    }
}

/// From one row of packed indices to the next, in bytes.
pub(super) fn packed_stride(width: usize, depth: u8) -> usize {
    1 + (width * usize::from(depth)).div_ceil(8)
}

/// Writes rows of one byte an index, each after its filter byte, as rows of `depth` (1, 2 or 4) bits
/// an index, the first in the highest bits. What is left of the last byte of a row is 0.
pub(super) fn pack(rows: &[u8], stride: usize, depth: u8, packed: &mut Vec<u8>) {
    packed.clear();
    let per_byte = usize::from(8 / depth);
    for row in rows.chunks_exact(stride) {
        packed.push(row[0]);
        for indices in row[1..].chunks(per_byte) {
            let byte = indices
                .iter()
                .fold(0_u8, |byte, &index| byte << depth | index);
            let missing = (per_byte - indices.len()) as u32 * u32::from(depth);
            packed.push(byte << missing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_few_bits_are_taken_as_the_colours_need() {
        let depths = [0, 1, 2, 3, 4, 5, 16, 17, 255].map(depth);
        assert_eq!(depths, [1, 1, 1, 2, 2, 4, 4, 8, 8]);
    }

    #[test]
    fn the_first_index_is_in_the_highest_bits_and_rows_begin_anew() {
        let mut packed = Vec::new();
        pack(&[0, 1, 0, 1, 0, 0, 1, 1], 4, 1, &mut packed);
        assert_eq!(packed, [0, 0b1010_0000, 0, 0b0110_0000]);
        pack(&[0, 1, 2, 3, 0, 2], 6, 2, &mut packed);
        assert_eq!(packed, [0, 0b0110_1100, 0b1000_0000]);
        assert_eq!(packed.len(), packed_stride(5, 2));
        pack(&[0, 15, 1, 7], 4, 4, &mut packed);
        assert_eq!(packed, [0, 0xf1, 0x70]);
    }
}
