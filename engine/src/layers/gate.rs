//! A gated activation: one half of a linear layer's numbers, through the activation, multiplies the other.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::activation::apply;
use crate::kernels::{part, part_mut};
use percio_format::Activation;

/// The shape of a gated activation over contiguous rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    /// Rows.
    pub rows: usize,
    /// Numbers of a result.
    pub width: usize,
    /// Of one half.
    pub activation: Activation,
    /// Whether that is the second half of a row of `x`; otherwise it is the first.
    pub second: bool,
}

/// `out = act(one half of x) · the other`: `x` `[rows, 2·width]`, `out` `[rows, width]`.
#[inline]
pub fn gate<I: Isa>(isa: I, shape: &Gate, x: &[f32], out: &mut [f32]) {
    let Gate { rows, width, .. } = *shape;
    if fits(x, rows, 2 * width, 2 * width) && fits(out, rows, width, width) {
        isa.run(Halves { shape: *shape, x, out: part_mut(out, 0, rows * width) });
    }
}

struct Halves<'a> {
    shape: Gate,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Halves<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Gate { width, activation, second, .. } = self.shape;
        let (gate, value) = if second { (width, 0) } else { (0, width) };
        let rows = || self.x.chunks_exact((2 * width).max(1));
        for (x, out) in rows().zip(self.out.chunks_exact_mut(width.max(1))) {
            out.iter_mut().zip(part(x, gate, width)).for_each(|(out, &x)| *out = x);
        }
        apply(isa, activation, &mut (&mut *self.out).into());
        for (x, out) in rows().zip(self.out.chunks_exact_mut(width.max(1))) {
            for (x, out) in part(x, value, width).chunks(I::LANES).zip(out.chunks_mut(I::LANES)) {
                isa.store(isa.mul(isa.load(x), isa.load(out)), out);
            }
        }
    }
}
