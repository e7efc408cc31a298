//! Numbers in half the width, many at a time: without a branch a number, so that a compiler makes vectors of them. Those that are
//! finite come out as crate `half` converts them one by one.

use half::f16;

/// Of the least significant bit that a half keeps of an `f32`.
const KEPT: u32 = 13;
/// What the exponents of the two differ by, in place in an `f32`.
const REBIAS: u32 = (127 - 15) << 23;
/// The smallest normal half as an `f32`.
const NORMAL: u32 = 113 << 23;
/// 2¹⁶, beyond all halves, as an `f32`.
const BEYOND: u32 = 143 << 23;
/// A number whose last bit is worth as much as that of a subnormal half: adding it rounds as they do.
const SUBNORMAL: f32 = 0.5;

/// The nearest half of a number that is not NaN, ties to even.
pub(crate) fn narrow(number: f32) -> f16 {
    let sign = number.to_bits() & (1 << 31);
    let bits = number.to_bits() ^ sign;
    let even = (bits >> KEPT) & 1;
    let normal = bits.wrapping_sub(REBIAS).wrapping_add((1 << (KEPT - 1)) - 1 + even) >> KEPT;
    let subnormal = (f32::from_bits(bits) + SUBNORMAL).to_bits().wrapping_sub(SUBNORMAL.to_bits());
    let half = if bits < NORMAL { subnormal } else { normal };
    let half = if bits >= BEYOND { u32::from(f16::INFINITY.to_bits()) } else { half };
    f16::from_bits((half | sign >> 16) as u16)
}

/// A half as it is; what is infinite or NaN stays infinite or NaN.
pub(crate) fn widen(half: f16) -> f32 {
    let half = u32::from(half.to_bits());
    let bits = (half & 0x7fff) << KEPT;
    // As an `f32` these bits are too small by the difference of the exponents, subnormal numbers included.
    let finite = (f32::from_bits(bits) * f32::from_bits(REBIAS + (127 << 23))).to_bits();
    let number = if half & 0x7c00 == 0x7c00 { bits | 0x7f80_0000 } else { finite };
    f32::from_bits(number | (half & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_widened_and_narrowed_to_itself() {
        for bits in 0..=u16::MAX {
            let half = f16::from_bits(bits);
            assert_eq!(widen(half).is_nan(), half.is_nan());
            if !half.is_nan() {
                assert_eq!(widen(half).to_bits(), half.to_f32().to_bits(), "{bits:#x}");
                assert_eq!(narrow(widen(half)), half, "{bits:#x}");
            }
        }
    }

    /// At every half, halfway to the next, and at their neighbours, and beyond the largest and below the smallest.
    #[test]
    fn numbers_are_narrowed_as_one_by_one() {
        let mut numbers =
            vec![0.0, f32::MIN_POSITIVE, f32::from_bits(1), 65_519.0, 65_520.0, 65_535.0, 65_536.0, f32::MAX];
        for bits in 0..0x7c00 {
            let [this, next] = [bits, bits + 1].map(|bits| f16::from_bits(bits).to_f32());
            numbers.extend([this, (this + next) / 2.0, this + (next - this) * 0.3]);
        }
        numbers.push(f32::INFINITY);
        for number in numbers.iter().filter(|number| number.is_finite()) {
            for near in [number.next_down(), *number, number.next_up()].into_iter().flat_map(|near| [near, -near]) {
                assert_eq!(narrow(near).to_bits(), f16::from_f32(near).to_bits(), "{near:e}");
            }
        }
    }
}
