//! The mean of rows.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::part;

/// The shape of a mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// Rows.
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
}

/// `out` is the mean of the rows of `x`; zeros of no rows.
#[inline]
pub fn mean_rows<I: Isa>(isa: I, shape: &Mean, x: &[f32], out: &mut [f32]) {
    if fits(x, shape.rows, shape.width, shape.width) && fits(out, 1, shape.width, 0) {
        isa.run(Sum { shape: *shape, x, out });
    }
}

struct Sum<'a> {
    shape: Mean,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Mean { rows, width } = self.shape;
        let share = isa.splat(1.0 / rows.max(1) as f32);
        for (index, out) in self.out.chunks_mut(I::LANES).take(width.div_ceil(I::LANES)).enumerate() {
            let column = index * I::LANES;
            let lanes = I::LANES.min(width - column);
            let mut sum = isa.splat(0.0);
            for row in 0..rows {
                sum = isa.add(sum, isa.load(part(self.x, row * width + column, lanes)));
            }
            let out = out.get_mut(..lanes).unwrap_or_default();
            isa.store(isa.mul(sum, share), out);
        }
    }
}
