//! Weights in flash: one aligned byte string, read in place.

/// `N` bytes of weights, little-endian, aligned for every kernel (see `percio_format::ALIGN`).
#[repr(C, align(16))]
pub struct Blob<const N: usize>([u8; N]);

impl<const N: usize> Blob<N> {
    /// A blob of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// All bytes, for a checksum at start-up.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The `LEN` numbers that start at byte `OFFSET`. A part that leaves the blob does not compile.
    #[must_use]
    #[inline(always)]
    pub const fn f32<const OFFSET: usize, const LEN: usize>(&self) -> &[f32; LEN] {
        const { assert!(OFFSET.is_multiple_of(4) && OFFSET <= N && LEN <= (N - OFFSET) / 4, "a weight leaves the blob") };
        let start = self.0.as_ptr().wrapping_add(OFFSET).cast::<[f32; LEN]>();
        #[expect(unsafe_code, reason = "the one cast from bytes to numbers")]
        // SAFETY: the assertion above keeps the part inside `self.0`; the blob's alignment and OFFSET are multiples of 4.
        unsafe {
            &*start
        }
    }

    /// The numbers from row `row` of `width` numbers on, of the `LEN` that start at byte `OFFSET`; none beyond the last row.
    #[must_use]
    #[inline(always)]
    pub fn rows<const OFFSET: usize, const LEN: usize>(&self, row: usize, width: usize) -> &[f32] {
        self.f32::<OFFSET, LEN>().get(row * width..).unwrap_or_default()
    }
}
