//! The working memory of a model: buffers at offsets that the compiler has planned.

use core::ops::Range;

/// `N` numbers of working memory.
#[repr(C, align(16))]
pub struct Arena<const N: usize>([f32; N]);

impl<const N: usize> Arena<N> {
    /// An arena of zeros.
    #[must_use]
    pub const fn new() -> Self {
        Self([0.0; N])
    }

    /// The buffers at `ranges`, as [`split`] hands them out.
    #[inline(always)]
    pub fn split<const K: usize>(&mut self, ranges: [Range<usize>; K]) -> [&mut [f32]; K] {
        split(&mut self.0, ranges)
    }

    /// The numbers at `range`.
    #[must_use]
    pub fn numbers(&self, range: Range<usize>) -> &[f32] {
        self.0.get(range).unwrap_or_default()
    }

    /// The numbers at `range`, to write.
    #[must_use]
    pub fn numbers_mut(&mut self, range: Range<usize>) -> &mut [f32] {
        self.0.get_mut(range).unwrap_or_default()
    }
}

impl<const N: usize> Default for Arena<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// The disjoint buffers of `memory` at `ranges`.
///
/// Ranges that overlap or leave `memory` are a defect of the compiler, whose plans are tested never to do so: debug
/// builds stop, release builds hand out empty buffers, on which every layer does nothing.
#[inline(always)]
pub fn split<const K: usize>(memory: &mut [f32], ranges: [Range<usize>; K]) -> [&mut [f32]; K] {
    match memory.get_disjoint_mut(ranges) {
        Ok(buffers) => buffers,
        Err(_) => {
            debug_assert!(false, "a step's buffers overlap or leave the arena");
            core::array::from_fn(|_| Default::default())
        }
    }
}
