//! Layer norm and RMS norm over rows.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::norm::Norm;
use crate::kernels::part_mut;

/// The shape of a norm over contiguous rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalize {
    /// Rows.
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    /// Whether the mean is taken off first: layer norm; RMS norm otherwise.
    pub centred: bool,
    /// Added to the variance, or to the mean of squares.
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
    let Normalize { rows, width, centred, eps } = *shape;
    let affine = gain.is_empty() && offset.is_empty() || fits(gain, 1, width, 0) && fits(offset, 1, width, 0);
    if affine && fits(x, rows, width, width) {
        isa.run(Rows { x: part_mut(x, 0, rows * width), norm: Norm { width, centred, eps, gain, offset } });
    }
}

struct Rows<'a> {
    x: &'a mut [f32],
    norm: Norm<'a>,
}

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        isa.normalize(&self.norm, self.x);
    }
}
