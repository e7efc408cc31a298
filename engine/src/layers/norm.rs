//! Layer norm over rows.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::norm;
use crate::kernels::part_mut;

/// The shape of a layer norm over contiguous rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalize {
    /// Rows.
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    /// Added to the variance.
    pub eps: f32,
}

/// `out = norm(x) · gain + offset`, all `[rows, width]`; `gain` and `offset` `[width]`, or both empty.
#[inline]
pub fn normalize<I: Isa>(isa: I, shape: &Normalize, x: &[f32], gain: &[f32], offset: &[f32], out: &mut [f32]) {
    let len = shape.rows * shape.width;
    if fits(x, 1, len, 0) && fits(out, 1, len, 0) {
        part_mut(out, 0, len).iter_mut().zip(x).for_each(|(out, &x)| *out = x);
        normalize_in_place(isa, shape, gain, offset, out);
    }
}

/// [`normalize`] where `x` is not needed afterwards.
#[inline]
pub fn normalize_in_place<I: Isa>(isa: I, shape: &Normalize, gain: &[f32], offset: &[f32], x: &mut [f32]) {
    let Normalize { rows, width, eps } = *shape;
    let affine = gain.is_empty() && offset.is_empty() || fits(gain, 1, width, 0) && fits(offset, 1, width, 0);
    if affine && fits(x, rows, width, width) {
        isa.run(Rows { x: part_mut(x, 0, rows * width), width, eps, gain, offset });
    }
}

struct Rows<'a> {
    x: &'a mut [f32],
    width: usize,
    eps: f32,
    gain: &'a [f32],
    offset: &'a [f32],
}

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        for row in self.x.chunks_exact_mut(self.width.max(1)) {
            norm::normalize(isa, row, self.eps, self.gain, self.offset);
        }
    }
}
