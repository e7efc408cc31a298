//! Fused attention with an online softmax: no score matrix, whatever the number of keys.
//!
//! For each head and each query, over tiles of keys:
//! ```text
//! s = scale · K q                      scores of the tile, masked ones at the lowest number
//! m' = max(m, max s)
//! p = e^(s − m')
//! l = l · e^(m − m') + Σ p
//! acc = acc · e^(m − m') + pᵀ V        acc lives in the output row
//! ```
//! and at the end `out = acc / l`. A query all of whose keys are masked attends to them evenly, as Hugging Face does;
//! no keys at all give zeros.

use super::exp::exp;
use super::{part, part_mut};
use crate::isa::Isa;

/// The operands of an attention. Rows are contiguous; a head's numbers are a contiguous part of each row.
pub struct Attention<'a> {
    /// Rows of `q` and `out`.
    pub queries: usize,
    /// Rows of `k` and `v`.
    pub keys: usize,
    /// Heads.
    pub heads: usize,
    /// Numbers of one head in a row of `q` and `k`.
    pub qk: usize,
    /// Numbers of one head in a row of `v` and `out`.
    pub v_width: usize,
    /// Factor of the scores (1 when folded into `q`).
    pub scale: f32,
    /// `[queries, heads · qk]`
    pub q: &'a [f32],
    /// `[keys, heads · qk]`
    pub k: &'a [f32],
    /// `[keys, heads · v_width]`
    pub v: &'a [f32],
    /// `true` for a key to attend to; keys beyond its end are attended to.
    pub mask: &'a [bool],
    /// `[queries, heads · v_width]`
    pub out: &'a mut [f32],
}

/// Keys in a tile.
const TILE: usize = 8;
/// The score of a masked key.
const MASKED: f32 = f32::MIN;

/// What one query has seen so far, beside the sums in its output row.
#[derive(Clone, Copy)]
struct Softmax {
    largest: f32,
    sum: f32,
}

/// Attention one query at a time.
#[inline(always)]
pub fn streamed<I: Isa>(isa: I, attention: Attention<'_>) {
    let Attention { queries, keys, heads, qk, v_width, scale, q, k, v, mask, out } = attention;
    for query in 0..queries {
        for head in 0..heads {
            let q = part(q, (query * heads + head) * qk, qk);
            let out = part_mut(out, (query * heads + head) * v_width, v_width);
            out.fill(0.0);
            let mut state = Softmax { largest: MASKED, sum: 0.0 };
            let mut first = 0;
            while first < keys {
                let count = TILE.min(keys - first);
                let mut scores = [0.0; TILE];
                for (j, score) in scores.iter_mut().enumerate().take(count) {
                    let kept = mask.get(first + j).copied().unwrap_or(true);
                    let key = part(k, ((first + j) * heads + head) * qk, qk);
                    *score = if kept { scale * dot(isa, q, key) } else { MASKED };
                }
                let decay = state.take(isa, &mut scores, count);
                let value = |j: usize| part(v, ((first + j) * heads + head) * v_width, v_width);
                accumulate(isa, out, decay, &scores, core::array::from_fn(|j| value(j.min(count - 1))));
                first += count;
            }
            let factor = if state.sum > 0.0 { 1.0 / state.sum } else { 0.0 };
            for x in out.chunks_mut(I::LANES) {
                isa.store(isa.mul(isa.load(x), isa.splat(factor)), x);
            }
        }
    }
}

impl Softmax {
    /// Turns scores into weights (zero beyond `count`); returns the factor of what was summed before.
    #[inline(always)]
    fn take<I: Isa>(&mut self, isa: I, scores: &mut [f32; TILE], count: usize) -> f32 {
        let largest = scores.iter().take(count).fold(self.largest, |a, &b| if b > a { b } else { a });
        for score in scores.chunks_exact_mut(I::LANES) {
            isa.store(exp(isa, isa.sub(isa.load(score), isa.splat(largest))), score);
        }
        for weight in scores.iter_mut().skip(count) {
            *weight = 0.0;
        }
        let mut decay = [0.0; TILE];
        isa.store(exp(isa, isa.splat(self.largest - largest)), &mut decay);
        let sum = scores.chunks_exact(I::LANES).fold(0.0, |sum, weights| sum + isa.sum(isa.load(weights)));
        *self = Self { largest, sum: self.sum * decay[0] + sum };
        decay[0]
    }
}

#[inline(always)]
fn dot<I: Isa>(isa: I, a: &[f32], b: &[f32]) -> f32 {
    let mut sum = isa.splat(0.0);
    for (a, b) in a.chunks(I::LANES).zip(b.chunks(I::LANES)) {
        sum = isa.mul_add(isa.load(a), isa.load(b), sum);
    }
    isa.sum(sum)
}

#[inline(always)]
fn accumulate<I: Isa>(isa: I, out: &mut [f32], decay: f32, weights: &[f32; TILE], values: [&[f32]; TILE]) {
    for (index, out) in out.chunks_mut(I::LANES).enumerate() {
        let mut sum = isa.mul(isa.load(out), isa.splat(decay));
        for (weight, value) in weights.iter().zip(values) {
            let value = isa.load(value.get(index * I::LANES..).unwrap_or_default());
            sum = isa.mul_add(isa.splat(*weight), value, sum);
        }
        isa.store(sum, out);
    }
}
