//! Bits, the lowest first, as deflate packs them.

/// Bytes that are stored at once.
const WORD_BYTES: usize = 8;

/// Appends bits to bytes.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Bytes that are written; those after them are room.
    end: usize,
    /// The bits that are not written yet, fewer than 8.
    held: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            end: out.len(),
            out,
            held: 0,
            count: 0,
        }
    }

    /// Makes room for `bits` more; what is put without room makes its own, more slowly.
    pub(super) fn reserve(&mut self, bits: usize) {
        let len = self.end + bits / 8 + 2 * WORD_BYTES;
        if self.out.len() < len {
            self.out.resize(len, 0);
        }
    }

    /// Appends the lowest `count` bits of `bits`, at most 56; the others must be 0.
    #[inline]
    pub(super) fn put(&mut self, bits: u64, count: u32) {
        // Fewer than 8 and at most 56 fit a word, so nothing overflows.
        self.held |= bits.wrapping_shl(self.count);
        self.count = self.count.wrapping_add(count);
        let word = self.held.to_le_bytes();
        match self
            .out
            .get_mut(self.end..)
            .and_then(<[u8]>::first_chunk_mut)
        {
            Some(room) => *room = word,
            None => self.put_without_room(word),
        }
        self.end = self.end.wrapping_add((self.count / 8) as usize);
        self.held = self.held.wrapping_shr(self.count & !7);
        self.count &= 7;
    }

    #[cold]
    fn put_without_room(&mut self, word: [u8; WORD_BYTES]) {
        self.reserve(0);
        self.out[self.end..self.end + WORD_BYTES].copy_from_slice(&word);
    }

    /// Fills the last byte with zeros.
    pub(super) fn finish(mut self) {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
        self.out.truncate(self.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_appended_the_lowest_first_with_and_without_room() {
        for reserved in [0, 1_000] {
            let mut out = vec![0xaa];
            let mut writer = BitWriter::new(&mut out);
            writer.reserve(reserved);
            writer.put(0b1, 1);
            writer.put(0b10, 2);
            writer.put(0x00ff_eedd_ccbb_aa99, 56);
            writer.put(0, 0);
            writer.put(0b11111, 5);
            writer.put(0b1, 1);
            writer.finish();
            let whole = u128::from(0b101_u8) | 0x00ff_eedd_ccbb_aa99 << 3 | 0b11111 << 59 | 1 << 64;
            assert_eq!(out[0], 0xaa);
            assert_eq!(out[1..], whole.to_le_bytes()[..9], "{reserved}");
        }
    }
}
