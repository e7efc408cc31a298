//! The error function as a rational polynomial.
//!
//! erf(x) = x · P(x²) / Q(x²), P of degree 4 and Q of degree 6: the minimax fit of Eigen's `generic_fast_erf_float`. From
//! |x| = 4 on the quotient exceeds 1 and is cut there, so that the tails are exactly ±1. Measured over a dense grid:
//! error ≤ 3.5e-7, absolute and relative alike, so erf(x) keeps its digits near zero.

use crate::isa::Isa;

const END: f32 = 4.0;
/// From the highest power down.
const P: [f32; 5] = [2.290_506_6e-4, 3.408_291e-3, 5.095_569_5e-2, 0.185_208_32, 1.128_379_2];
/// From the highest power down.
const Q: [f32; 7] = [-1.179_160_3e-7, 2.354_796_7e-5, 1.017_962_8e-3, 1.407_047e-2, 0.110_985_05, 0.497_469_25, 1.0];

/// erf of each lane.
#[inline(always)]
pub fn erf<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let one = isa.splat(1.0);
    let magnitude = isa.min(isa.copy_sign(x, one), isa.splat(END));
    let square = isa.mul(magnitude, magnitude);
    let quotient = isa.div(isa.mul(magnitude, series(isa, &P, square)), series(isa, &Q, square));
    isa.copy_sign(isa.min(quotient, one), x)
}

#[inline(always)]
fn series<I: Isa, const N: usize>(isa: I, coefficients: &[f32; N], x: I::F32) -> I::F32 {
    let mut sum = isa.splat(0.0);
    for (index, &coefficient) in coefficients.iter().enumerate() {
        let coefficient = isa.splat(coefficient);
        sum = if index == 0 { coefficient } else { isa.mul_add(sum, x, coefficient) };
    }
    sum
}
