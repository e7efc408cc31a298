//! Layer norm: `(x − mean) / √(variance + eps)`, then gain and offset where they were not folded away.

use crate::isa::Isa;

/// The shift and the factor that normalise `row`: `(x + shift) · factor`.
#[inline(always)]
pub fn statistics<I: Isa>(isa: I, row: &[f32], eps: f32) -> (f32, f32) {
    let count = row.len() as f32;
    let mut sum = isa.splat(0.0);
    for x in row.chunks(I::LANES) {
        sum = isa.add(sum, isa.load(x));
    }
    let mean = isa.sum(sum) / count;
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

/// Normalises `row` in place; `gain` and `offset` are as long as the row, or empty.
#[inline(always)]
pub fn normalize<I: Isa>(isa: I, row: &mut [f32], eps: f32, gain: &[f32], offset: &[f32]) {
    let (shift, factor) = statistics(isa, row, eps);
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
