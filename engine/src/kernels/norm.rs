//! Layer norm, `(x − mean) / √(variance + eps)`, and RMS norm, `x / √(mean of squares + eps)`: the same without the mean.
//! Then gain and offset where they were not folded away.

use crate::isa::Isa;

/// The shift and the factor that normalise `row`: `(x + shift) · factor`. What is not `centred` has no shift.
#[inline(always)]
pub fn statistics<I: Isa>(isa: I, row: &[f32], centred: bool, eps: f32) -> (f32, f32) {
    let count = row.len() as f32;
    let mean = if centred { mean(isa, row) } else { 0.0 };
    let mut squares = isa.splat(0.0);
    let whole = row.chunks_exact(I::LANES);
    let rest = whole.remainder();
    for x in whole {
        let distance = isa.sub(isa.load(x), isa.splat(mean));
        squares = isa.mul_add(distance, distance, squares);
    }
    // Lanes beyond the row would count as (0 − mean)²: the rest is summed one by one.
    let mut variance = isa.sum(squares);
    for &x in rest {
        variance += (x - mean) * (x - mean);
    }
    (-mean, 1.0 / libm::sqrtf(variance / count + eps))
}

#[inline(always)]
fn mean<I: Isa>(isa: I, row: &[f32]) -> f32 {
    let mut sum = isa.splat(0.0);
    for x in row.chunks(I::LANES) {
        sum = isa.add(sum, isa.load(x));
    }
    isa.sum(sum) / row.len() as f32
}

/// Normalises `row` in place; `gain` and `offset` are as long as the row, or empty.
#[inline(always)]
pub fn normalize<I: Isa>(isa: I, row: &mut [f32], centred: bool, eps: f32, gain: &[f32], offset: &[f32]) {
    let (shift, factor) = statistics(isa, row, centred, eps);
    for (index, x) in row.chunks_mut(I::LANES).enumerate() {
        let mut normal = isa.mul(isa.add(isa.load(x), isa.splat(shift)), isa.splat(factor));
        if let (Some(gain), Some(offset)) = (gain.get(index * I::LANES..), offset.get(index * I::LANES..))
            && !gain.is_empty()
        {
            normal = isa.mul_add(normal, isa.load(gain), isa.load(offset));
        }
        isa.store(normal, x);
    }
}
