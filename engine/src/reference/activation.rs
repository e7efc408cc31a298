//! The activations as their definitions say.

use crate::Activation;
use core::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

/// `activation` of `x`.
#[must_use]
pub fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::GeluErf => x * 0.5 * (1.0 + libm::erf(x * FRAC_1_SQRT_2)),
        Activation::GeluTanh => x * 0.5 * (1.0 + libm::tanh(libm::sqrt(FRAC_2_PI) * (x + 0.044715 * x * x * x))),
        Activation::QuickGelu => x * sigmoid(1.702 * x),
        Activation::Relu => x.max(0.0),
        Activation::SquaredRelu => x.max(0.0) * x.max(0.0),
        Activation::Silu => x * sigmoid(x),
        Activation::Tanh => libm::tanh(x),
    }
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}
