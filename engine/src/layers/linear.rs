//! A linear layer, with its activation and its residual.

use super::fits;
use crate::isa::{Isa, Kernel, StridedMut};
use crate::kernels::fixed::Fixed;
use crate::kernels::matmul::Matmul;
use crate::kernels::weight::Weight;
use crate::kernels::{activation, part_mut};
use percio_format::{Activation, PANEL, packed_len};

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

/// [`linear`] of `f32` weights by a kernel made for so many rows, inputs and outputs, which fill whole panels of eight; a shape that is
/// not so, or has gaps between rows, goes through [`linear`]. Such kernels take a kilobyte or two of code each; on processors without
/// caches, where they gain nothing, there are none.
#[inline]
pub fn linear_fixed<I: Isa, const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize>(
    isa: I,
    shape: &Linear,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    out: &mut [f32],
) {
    const { assert!(OUTPUTS.is_multiple_of(PANEL), "outputs must fill whole panels") };
    if const { !I::OVERLAPS } {
        return linear(isa, shape, x, weight, bias, out);
    }
    let Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate } = *shape;
    let is_of_shape = [rows, inputs, outputs, x_stride, out_stride] == [ROWS, INPUTS, OUTPUTS, INPUTS, OUTPUTS];
    if !is_of_shape || accumulate && activation != Activation::Identity {
        return linear(isa, shape, x, weight, bias, out);
    }
    let ok = fits(x, 1, ROWS * INPUTS, 0)
        && fits(weight, 1, INPUTS * OUTPUTS, 0)
        && (bias.is_empty() || fits(bias, 1, OUTPUTS, 0))
        && fits(out, 1, ROWS * OUTPUTS, 0);
    if ok {
        isa.run(Fixed::<ROWS, INPUTS, OUTPUTS> { x, weight, bias, accumulate, out: &mut *out });
        isa.run(Activated { activation, numbers: part_mut(out, 0, ROWS * OUTPUTS) });
    }
}

/// Numbers in place.
struct Activated<'a> {
    activation: Activation,
    numbers: &'a mut [f32],
}

impl Kernel for Activated<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        activation::apply(isa, self.activation, &mut StridedMut::from(self.numbers));
    }
}

impl<W: Weight> Kernel for Matmul<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        W::product(isa, self);
    }
}
