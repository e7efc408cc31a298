//! Weights in flash: one aligned byte string, read in place.

use half::{bf16, f16};

/// A number that any bits of its size are, aligned to its size of at most 4 bytes.
trait AnyBits: Copy {}

impl AnyBits for f32 {}
impl AnyBits for f16 {}
impl AnyBits for bf16 {}

/// `N` bytes of weights, little-endian, aligned for every kernel (see `percio_format::ALIGN`).
// A vector that lies across two lines of the nearest memory takes twice as long to read.
#[cfg_attr(target_arch = "x86_64", repr(C, align(64)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C, align(16)))]
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
        self.numbers::<f32, OFFSET, LEN>()
    }

    /// [`f32`](Self::f32) of numbers stored in half precision.
    #[must_use]
    #[inline(always)]
    pub const fn f16<const OFFSET: usize, const LEN: usize>(&self) -> &[f16; LEN] {
        self.numbers::<f16, OFFSET, LEN>()
    }

    /// [`f32`](Self::f32) of numbers stored as the upper half of an `f32`.
    #[must_use]
    #[inline(always)]
    pub const fn bf16<const OFFSET: usize, const LEN: usize>(&self) -> &[bf16; LEN] {
        self.numbers::<bf16, OFFSET, LEN>()
    }

    #[inline(always)]
    const fn numbers<T: AnyBits, const OFFSET: usize, const LEN: usize>(&self) -> &[T; LEN] {
        const {
            let fits = OFFSET <= N && LEN <= (N - OFFSET) / size_of::<T>();
            assert!(fits && OFFSET.is_multiple_of(align_of::<T>()), "a weight leaves the blob");
        }
        let start = self.0.as_ptr().wrapping_add(OFFSET).cast::<[T; LEN]>();
        #[expect(unsafe_code, reason = "the one cast from bytes to numbers")]
        // SAFETY: the assertion above keeps the part inside `self.0` and OFFSET, as the blob's own alignment, a multiple
        // of that of T, for which any bits are a number.
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
