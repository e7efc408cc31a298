//! CRC-32 (IEEE 802.3, reflected), as zip and Ethernet use it.

/// Bytes taken in at a time: on a microcontroller one, for each takes a kilobyte of flash.
const STRIDE: usize = if cfg!(target_os = "none") { 1 } else { 8 };

/// What a byte leaves behind after itself and `n` zeros, for `n` from 0 to 7: the sums of neighbours do not wait for each other.
const TABLES: [[u32; 256]; STRIDE] = tables();

const fn tables() -> [[u32; 256]; STRIDE] {
    let mut tables = [[0u32; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        let mut remainder = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            remainder = if remainder & 1 == 1 { (remainder >> 1) ^ 0xEDB8_8320 } else { remainder >> 1 };
            bit += 1;
        }
        tables[0][byte] = remainder;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < STRIDE {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[zeros - 1][byte];
            tables[zeros][byte] = (before >> 8) ^ tables[0][(before & 255) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

/// A checksum of bytes that come in pieces.
#[derive(Clone, Copy, Debug)]
pub struct Crc32(u32);

impl Default for Crc32 {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc32 {
    /// Takes in the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let rest = self.strides(bytes);
        self.0 = rest.iter().fold(self.0, |sum, &byte| (sum >> 8) ^ TABLES[0][usize::from(sum as u8 ^ byte)]);
    }

    /// Takes in the bytes several at a time, as far as they go. The rest is left.
    #[cfg(not(target_os = "none"))]
    fn strides<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (strides, rest) = bytes.as_chunks::<STRIDE>();
        // Written out, for macros run it without optimisation.
        for stride in strides {
            let [a, b, c, d] = self.0.to_le_bytes();
            let left = |zeros: usize, byte: u8| TABLES[zeros][usize::from(byte)];
            self.0 = left(7, a ^ stride[0])
                ^ left(6, b ^ stride[1])
                ^ left(5, c ^ stride[2])
                ^ left(4, d ^ stride[3])
                ^ left(3, stride[4])
                ^ left(2, stride[5])
                ^ left(1, stride[6])
                ^ left(0, stride[7]);
        }
        rest
    }

    #[cfg(target_os = "none")]
    fn strides<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        bytes
    }

    /// The checksum of all bytes so far.
    #[must_use]
    pub fn sum(self) -> u32 {
        !self.0
    }
}

/// The checksum of `bytes`.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = Crc32::default();
    sum.add(bytes);
    sum.sum()
}

#[cfg(test)]
mod tests {
    use super::{Crc32, crc32};

    #[test]
    fn the_standard_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn pieces_add_up() {
        let bytes: [u8; 61] = core::array::from_fn(|index| (index * 97 % 251) as u8);
        for cut in 0..bytes.len() {
            let mut sum = Crc32::default();
            [&bytes[..cut], &bytes[cut..]].into_iter().for_each(|piece| sum.add(piece));
            assert_eq!(sum.sum(), crc32(&bytes), "{cut}");
        }
    }
}
