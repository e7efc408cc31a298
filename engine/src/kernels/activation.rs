//! The functions between two linear layers.

use super::{erf::erf, exp::exp};
use crate::isa::Isa;

/// An elementwise function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// x
    Identity,
    /// x · Φ(x), the exact form of PyTorch and of every port of the Perceiver to it.
    GeluErf,
    /// x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))), the form of the original in JAX.
    GeluTanh,
    /// x · σ(1.702·x)
    QuickGelu,
    /// max(x, 0)
    Relu,
    /// max(x, 0)²
    SquaredRelu,
    /// x · σ(x)
    Silu,
    /// tanh x
    Tanh,
}

/// `activation` of each number.
#[inline(always)]
pub fn apply<I: Isa>(isa: I, activation: Activation, numbers: &mut [f32]) {
    match activation {
        Activation::Identity => {}
        Activation::GeluErf => map(isa, numbers, gelu_erf),
        Activation::GeluTanh => map(isa, numbers, gelu_tanh),
        Activation::QuickGelu => map(isa, numbers, quick_gelu),
        Activation::Relu => map(isa, numbers, relu),
        Activation::SquaredRelu => map(isa, numbers, squared_relu),
        Activation::Silu => map(isa, numbers, silu),
        Activation::Tanh => map(isa, numbers, tanh),
    }
}

#[inline(always)]
fn map<I: Isa>(isa: I, numbers: &mut [f32], function: impl Fn(I, I::F32) -> I::F32) {
    for part in numbers.chunks_mut(I::LANES) {
        isa.store(function(isa, isa.load(part)), part);
    }
}

#[inline(always)]
fn gelu_erf<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let half = isa.mul(x, isa.splat(0.5));
    isa.mul_add(half, erf(isa, isa.mul(x, isa.splat(core::f32::consts::FRAC_1_SQRT_2))), half)
}

#[inline(always)]
fn gelu_tanh<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let cubic = isa.mul_add(isa.mul(x, x), isa.splat(0.044_715), isa.splat(1.0));
    // (1 + tanh z) / 2 = σ(2z), with 2·√(2/π) folded into the constant.
    isa.mul(x, sigmoid(isa, isa.mul(isa.mul(x, cubic), isa.splat(1.595_769_1))))
}

#[inline(always)]
fn quick_gelu<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    isa.mul(x, sigmoid(isa, isa.mul(x, isa.splat(1.702))))
}

#[inline(always)]
fn relu<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    isa.max(x, isa.splat(0.0))
}

#[inline(always)]
fn squared_relu<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let positive = relu(isa, x);
    isa.mul(positive, positive)
}

#[inline(always)]
fn silu<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    isa.mul(x, sigmoid(isa, x))
}

#[inline(always)]
fn tanh<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let twice = sigmoid(isa, isa.add(x, x));
    isa.sub(isa.add(twice, twice), isa.splat(1.0))
}

/// σ(x) = 1 / (1 + e⁻ˣ)
#[inline(always)]
fn sigmoid<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let one = isa.splat(1.0);
    isa.div(one, isa.add(one, exp(isa, isa.mul(x, isa.splat(-1.0)))))
}
