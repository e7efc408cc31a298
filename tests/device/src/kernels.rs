//! Layers with their operands, to run on any instruction set.

use half::f16;
use percio::isa::{Isa, Kernel};
use percio::layers::{self, Attention, Linear, Normalize};

/// A linear layer with its operands.
pub struct RunLinear<'a> {
    /// The shape.
    pub shape: Linear,
    /// Rows.
    pub x: &'a [f32],
    /// Packed weights.
    pub weight: &'a [f32],
    /// One number an output, or none.
    pub bias: &'a [f32],
    /// Results.
    pub out: &'a mut [f32],
}

impl Kernel for RunLinear<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        layers::linear(isa, &self.shape, self.x, self.weight, self.bias, self.out);
    }
}

/// Numbers of half precision, to be widened.
pub struct RunWiden<'a> {
    /// The numbers.
    pub from: &'a [f16],
    /// Room for as many.
    pub to: &'a mut [f32],
}

impl Kernel for RunWiden<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        isa.widen(self.from, self.to);
    }
}

/// An attention with its operands.
pub struct RunAttention<'a> {
    /// The shape.
    pub shape: Attention,
    /// Queries.
    pub q: &'a [f32],
    /// Keys.
    pub k: &'a [f32],
    /// Values.
    pub v: &'a [f32],
    /// Which keys are attended to.
    pub mask: &'a [bool],
    /// Results.
    pub out: &'a mut [f32],
}

impl Kernel for RunAttention<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        layers::attention(isa, &self.shape, self.q, self.k, self.v, self.mask, self.out);
    }
}

/// Norms with their operands.
pub struct RunNorm<'a> {
    /// The shape.
    pub shape: Normalize,
    /// A number a column, or none.
    pub gain: &'a [f32],
    /// As many.
    pub offset: &'a [f32],
    /// Rows, then results.
    pub x: &'a mut [f32],
}

impl Kernel for RunNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        layers::normalize_in_place(isa, &self.shape, self.gain, self.offset, self.x);
    }
}
