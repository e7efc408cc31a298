//! The error function in two parts, after Norbert Juffa's `erff`.
//!
//! Near zero erf(x) = x + x · P(x²), an odd polynomial; further out erf(|x|) = 1 − e^(Q(|x|)), which runs into exactly ±1.
//! Both are minimax fits. Measured over a dense grid: error ≤ 1.1e-7, absolute and relative alike, so that erf(x) keeps
//! its digits near zero.

use super::exp::exp_below_88;
use super::series;
use crate::isa::Isa;

/// Where the parts meet.
const BORDER: f32 = 475.0 / 512.0;
/// Of x², from the highest power down.
const NEAR: [f32; 6] = [-5.967_617e-4, 4.991_194e-3, -2.676_813_5e-2, 0.112_819_925, -0.376_125_34, 0.128_379_17];
/// Of |x|, from the highest power down.
const FAR: [f32; 8] =
    [-1.728_534_7e-5, 3.831_971_3e-4, -3.883_964_4e-3, 2.425_462_2e-2, -0.106_777_88, -0.634_846_7, -0.128_717_51, 0.0];

/// erf of each lane.
#[inline(always)]
pub fn erf<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let one = isa.splat(1.0);
    let magnitude = isa.copy_sign(x, one);
    let border = isa.splat(BORDER);
    let near = isa.mul_add(series(isa, &NEAR, isa.mul(x, x)), x, x);
    // Of many lanes some are beyond nearly always, and a branch that is hard to foresee costs more than both parts.
    if I::LANES < 8 && isa.all_less(magnitude, border) {
        return near;
    }
    // Beyond 4.5 erf is 1 in single precision; the fit is not made for more.
    let end = isa.min(magnitude, isa.splat(4.5));
    let power = isa.sub(series(isa, &FAR, end), end);
    let far = isa.copy_sign(isa.sub(one, exp_below_88(isa, power)), x);
    isa.where_less(magnitude, border, near, far)
}
