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

/// `activation` of each lane.
#[inline(always)]
pub fn activate<I: Isa>(isa: I, activation: Activation, x: I::F32) -> I::F32 {
    let constant = |number| isa.splat(number);
    match activation {
        Activation::Identity => x,
        Activation::GeluErf => {
            let half = isa.mul(x, constant(0.5));
            isa.mul_add(half, erf(isa, isa.mul(x, constant(core::f32::consts::FRAC_1_SQRT_2))), half)
        }
        Activation::GeluTanh => {
            let cubic = isa.mul_add(isa.mul(x, x), constant(0.044_715), constant(1.0));
            // (1 + tanh z) / 2 = σ(2z), with 2·√(2/π) folded into the constant.
            isa.mul(x, sigmoid(isa, isa.mul(isa.mul(x, cubic), constant(1.595_769_1))))
        }
        Activation::QuickGelu => isa.mul(x, sigmoid(isa, isa.mul(x, constant(1.702)))),
        Activation::Relu => isa.max(x, constant(0.0)),
        Activation::SquaredRelu => {
            let positive = isa.max(x, constant(0.0));
            isa.mul(positive, positive)
        }
        Activation::Silu => isa.mul(x, sigmoid(isa, x)),
        Activation::Tanh => {
            let twice = sigmoid(isa, isa.add(x, x));
            isa.sub(isa.add(twice, twice), constant(1.0))
        }
    }
}

/// σ(x) = 1 / (1 + e⁻ˣ)
#[inline(always)]
fn sigmoid<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let one = isa.splat(1.0);
    isa.div(one, isa.add(one, exp(isa, isa.mul(x, isa.splat(-1.0)))))
}
