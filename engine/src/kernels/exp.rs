//! `eˣ` as a polynomial.
//!
//! With n = round(x / ln 2) and r = x − n·ln 2, |r| ≤ ln 2 / 2: eˣ = 2ⁿ · eʳ, and eʳ is its Taylor polynomial of degree 6
//! with the last two coefficients moved to spread the error. Relative error below 2e-7 on [−87, 88]; below −87.7 the
//! result is exactly zero.

use crate::isa::Isa;

const LOG2_E: f32 = core::f32::consts::LOG2_E;
/// ln 2 in two parts: the first has so few digits that n times it is exact.
const LN2_HIGH: f32 = 0.693_359_375;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// Adding and subtracting 1.5·2²³ rounds to the nearest integer.
const ROUND: f32 = 12_582_912.0;

/// `eˣ` of each lane.
#[inline(always)]
pub fn exp<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let x = isa.max(isa.min(x, isa.splat(88.0)), isa.splat(-88.0));
    let n = isa.mul_add(x, isa.splat(LOG2_E), isa.splat(ROUND));
    let n = isa.sub(n, isa.splat(ROUND));
    let r = isa.mul_add(n, isa.splat(-LN2_HIGH), x);
    let r = isa.mul_add(n, isa.splat(-LN2_LOW), r);
    let mut series = isa.splat(1.0 / 720.0);
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = isa.mul_add(series, r, isa.splat(coefficient));
    }
    isa.mul(series, isa.pow2(n))
}
