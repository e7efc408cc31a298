//! Moving rows: copies, sums and channel-wise scaling, with a stride on either side.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::{part, part_mut};

/// The shape of a move. A stride of zero repeats one row of `x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rows {
    /// Rows.
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    /// From one row of `x` to the next.
    pub x_stride: usize,
    /// From one row of `out` to the next.
    pub out_stride: usize,
}

/// `out = x`
#[inline]
pub fn copy_rows<I: Isa>(isa: I, shape: &Rows, x: &[f32], out: &mut [f32]) {
    if fits(x, shape.rows, shape.width, shape.x_stride) && fits(out, shape.rows, shape.width, shape.out_stride) {
        isa.run(Move { shape: *shape, x, out, add: false });
    }
}

/// `out = out + x`
#[inline]
pub fn add_rows<I: Isa>(isa: I, shape: &Rows, x: &[f32], out: &mut [f32]) {
    if fits(x, shape.rows, shape.width, shape.x_stride) && fits(out, shape.rows, shape.width, shape.out_stride) {
        isa.run(Move { shape: *shape, x, out, add: true });
    }
}

/// `x = x · gain + offset` in place, `x_stride` apart; `gain` and `offset` `[width]`.
#[inline]
pub fn affine_rows<I: Isa>(isa: I, shape: &Rows, gain: &[f32], offset: &[f32], x: &mut [f32]) {
    let ok = fits(x, shape.rows, shape.width, shape.out_stride)
        && fits(gain, 1, shape.width, 0)
        && fits(offset, 1, shape.width, 0);
    if ok {
        isa.run(Affine { shape: *shape, gain, offset, x });
    }
}

struct Move<'a> {
    shape: Rows,
    x: &'a [f32],
    out: &'a mut [f32],
    add: bool,
}

impl Kernel for Move<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Rows { mut rows, mut width, x_stride, out_stride } = self.shape;
        if I::OVERLAPS && width == x_stride && width == out_stride {
            // Nothing is between them: one long row takes a loop less.
            (rows, width) = (1, rows * width);
        }
        for row in 0..rows {
            let x = part(self.x, row * x_stride, width);
            let out = part_mut(self.out, row * out_stride, width);
            for (x, out) in x.chunks(I::LANES).zip(out.chunks_mut(I::LANES)) {
                let mut vector = isa.load(x);
                if self.add {
                    vector = isa.add(vector, isa.load(out));
                }
                isa.store(vector, out);
            }
        }
    }
}

struct Affine<'a> {
    shape: Rows,
    gain: &'a [f32],
    offset: &'a [f32],
    x: &'a mut [f32],
}

impl Kernel for Affine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        for row in 0..self.shape.rows {
            let x = part_mut(self.x, row * self.shape.out_stride, self.shape.width);
            let constants = self.gain.chunks(I::LANES).zip(self.offset.chunks(I::LANES));
            for (x, (gain, offset)) in x.chunks_mut(I::LANES).zip(constants) {
                isa.store(isa.mul_add(isa.load(x), isa.load(gain), isa.load(offset)), x);
            }
        }
    }
}
