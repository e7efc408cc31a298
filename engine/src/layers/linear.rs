//! A linear layer, with its activation and its residual.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::matmul::Matmul;
use crate::kernels::weight::Weight;
use percio_format::{Activation, packed_len};

/// The shape of a linear layer over `rows` tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// Tokens.
    pub rows: usize,
    /// Numbers of a token.
    pub inputs: usize,
    /// Numbers of a result.
    pub outputs: usize,
    /// From one token to the next in `x`.
    pub x_stride: usize,
    /// From one result to the next in `out`.
    pub out_stride: usize,
    /// Applied to the sums.
    pub activation: Activation,
    /// Add to `out` (a residual) instead of replacing it.
    pub accumulate: bool,
}

/// `out = act(x · weightᵀ + bias)`: `x` `[rows, inputs]`, `weight` `[outputs, inputs]` packed, `bias` `[outputs]` or
/// empty, `out` `[rows, outputs]`.
#[inline]
pub fn linear<I: Isa, W: Weight>(isa: I, shape: &Linear, x: &[f32], weight: &[W], bias: &[f32], out: &mut [f32]) {
    let Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate } = *shape;
    let ok = fits(x, rows, inputs, x_stride)
        && fits(weight, 1, packed_len(outputs, inputs), 0)
        && (bias.is_empty() || fits(bias, 1, outputs, 0))
        && fits(out, rows, outputs, out_stride);
    if ok {
        isa.run(Matmul { rows, inputs, outputs, x_stride, out_stride, activation, accumulate, x, weight, bias, out });
    }
}

impl<W: Weight> Kernel for Matmul<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        W::product(isa, self);
    }
}
