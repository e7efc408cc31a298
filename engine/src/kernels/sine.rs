//! Sine and cosine of the same angle.
//!
//! With n = round(x / π) and r = x − n·π, |r| ≤ π / 2: sin x = ±sin r, cos x = ±cos r, minus for odd n. The polynomials are
//! minimax (4,001 Chebyshev points): of degree 9 for sin r, relative error 6.1e-9, and of degree 10 for cos r, absolute
//! error 3.9e-10, before rounding. Measured over dense grids of −100,000 ..= 100,000: absolute error ≤ 1.75e-7. Beyond, n·π
//! is no longer exact: at 300,000 the error is 0.02.

use super::series;
use crate::isa::Isa;

const FRAC_1_PI: f32 = core::f32::consts::FRAC_1_PI;
/// π in three parts: the first two have so few digits that n times them is exact.
const PI_HIGH: f32 = 3.140_625;
const PI_MIDDLE: f32 = 1014.0 / 1_048_576.0;
const PI_LOW: f32 = 6.278_329_6e-7;
/// Adding and subtracting 1.5·2²³ rounds to the nearest integer.
const ROUND: f32 = 12_582_912.0;
/// The coefficients of r⁹ … r³.
const SINE: [f32; 4] = [2.605_780_5e-6, -1.980_960_2e-4, 8.333_066e-3, -0.166_666_6];
/// The coefficients of r¹⁰ … r⁰.
const COSINE: [f32; 6] = [-2.619_381_4e-7, 2.476_930_4e-5, -1.388_856_9e-3, 4.166_665_7e-2, -0.5, 1.0];

/// `[sin x, cos x]` of each lane.
#[inline(always)]
pub fn sine_and_cosine<I: Isa>(isa: I, x: I::F32) -> [I::F32; 2] {
    let round = |x| isa.sub(isa.add(x, isa.splat(ROUND)), isa.splat(ROUND));
    let n = round(isa.mul(x, isa.splat(FRAC_1_PI)));
    let part = |x, part: f32| isa.mul_add(n, isa.splat(-part), x);
    let r = part(part(part(x, PI_HIGH), PI_MIDDLE), PI_LOW);
    // Half of an odd n is ½ away from the nearest integer: 1 − 8 · (±½)² = −1.
    let half = isa.mul(n, isa.splat(0.5));
    let odd = isa.sub(half, round(half));
    let sign = isa.mul_add(isa.mul(odd, odd), isa.splat(-8.0), isa.splat(1.0));
    let square = isa.mul(r, r);
    let sine = isa.mul_add(isa.mul(series(isa, &SINE, square), square), r, r);
    [isa.mul(sine, sign), isa.mul(series(isa, &COSINE, square), sign)]
}
