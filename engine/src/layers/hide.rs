//! Rows that a mask leaves out: they gather nothing.

use super::fits;
use crate::isa::Isa;
use crate::kernels::part_mut;

/// The shape of rows of which some are hidden.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hide {
    /// Rows.
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    /// The first of them that may stay; those beyond are hidden whatever the mask says.
    pub present: usize,
}

/// Zeros the rows of `x` `[rows, width]` that `mask` leaves out: where it is `false`, and those from `present` on. Rows beyond
/// its end stay.
#[inline]
pub fn hide_rows<I: Isa>(_: I, shape: &Hide, mask: &[bool], x: &mut [f32]) {
    let Hide { rows, width, present } = *shape;
    if fits(x, rows, width, width) {
        let kept = mask.iter().copied().chain(core::iter::repeat(true)).take(present);
        let kept = kept.chain(core::iter::repeat(false));
        let x = part_mut(x, 0, rows * width).chunks_exact_mut(width.max(1));
        x.zip(kept).filter(|(_, kept)| !kept).for_each(|(row, _)| row.fill(0.0));
    }
}
