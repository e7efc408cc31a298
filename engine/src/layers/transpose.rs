//! Rows to columns: what mixes rows is a linear layer over columns.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::{part, part_mut};

/// The shape of a matrix to be transposed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transpose {
    /// Rows of `x`, numbers of a row of `out`.
    pub rows: usize,
    /// Numbers of a row of `x`, rows of `out`.
    pub width: usize,
    /// Add to `out` (a residual) instead of replacing it.
    pub accumulate: bool,
}

/// `out = xᵀ`: `x` `[rows, width]`, `out` `[width, rows]`.
#[inline]
pub fn transpose<I: Isa>(isa: I, shape: &Transpose, x: &[f32], out: &mut [f32]) {
    let Transpose { rows, width, .. } = *shape;
    if fits(x, rows, width, width) && fits(out, width, rows, rows) {
        isa.run(Turn { shape: *shape, x, out });
    }
}

struct Turn<'a> {
    shape: Transpose,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        let Transpose { rows, width, accumulate } = self.shape;
        for column in 0..width {
            let x = part(self.x, 0, rows * width).iter().skip(column).step_by(width.max(1));
            let out = part_mut(self.out, column * rows, rows).iter_mut();
            if accumulate {
                out.zip(x).for_each(|(out, x)| *out += x);
            } else {
                out.zip(x).for_each(|(out, x)| *out = *x);
            }
        }
    }
}
