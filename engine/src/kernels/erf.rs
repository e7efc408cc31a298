//! The error function: Abramowitz and Stegun, formula 7.1.26.
//!
//! erf(x) = 1 − (a₁t + a₂t² + a₃t³ + a₄t⁴ + a₅t⁵)·e^(−x²) with t = 1 / (1 + p·x), x ≥ 0, odd. Absolute error ≤ 1.5e-7.

use super::exp::exp;
use crate::isa::Isa;

const P: f32 = 0.327_591_1;
const A: [f32; 5] = [1.061_405_4, -1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6];

/// erf of each lane.
#[inline(always)]
pub fn erf<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let magnitude = isa.copy_sign(x, isa.splat(1.0));
    let one = isa.splat(1.0);
    let t = isa.div(one, isa.mul_add(isa.splat(P), magnitude, one));
    let mut series = isa.splat(A[0]);
    for coefficient in &A[1..] {
        series = isa.mul_add(series, t, isa.splat(*coefficient));
    }
    let tail = exp(isa, isa.mul(isa.mul(x, x), isa.splat(-1.0)));
    let magnitude = isa.sub(one, isa.mul(isa.mul(series, t), tail));
    isa.copy_sign(magnitude, x)
}
