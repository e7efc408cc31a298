//! Attention with the softmax over the queries, one key at a time:
//!
//! ```text
//! s = scale · Q k                      the queries that see the key
//! w = e^(s − max s) / Σ e^(s − max s)
//! l = l + w ;  acc = acc + w vᵀ        acc lives in the output rows
//! ```
//! and at the end `out = acc / max(l, eps)`.

use super::exp::exp;
use super::{part, part_mut};
use crate::isa::Isa;
use crate::layers;

/// Queries whose scores are summed at once: four sums cost about as much as one.
const ROWS: usize = 4;

/// The operands of an inverted attention. Rows are contiguous; a head's numbers are a contiguous part of each row.
pub struct Inverted<'a> {
    /// Its shape.
    pub shape: layers::Inverted,
    /// `[queries, heads · qk]`
    pub q: &'a [f32],
    /// `[keys, heads · qk]`
    pub k: &'a [f32],
    /// `[keys, heads · v]`
    pub v: &'a [f32],
    /// `false` for a key that is not attended to; keys beyond its end are attended to.
    pub mask: &'a [bool],
    /// `[queries, heads · v]`
    pub out: &'a mut [f32],
    /// The sums of the weights `[queries, heads]`.
    pub sums: &'a mut [f32],
    /// The weights of one key `[queries]`.
    pub weights: &'a mut [f32],
}

impl Inverted<'_> {
    /// Computes `out`.
    #[inline(always)]
    pub(crate) fn attend<I: Isa>(mut self, isa: I) {
        self.out.fill(0.0);
        self.sums.fill(0.0);
        self.take(isa);
        divide(isa, &self.shape, self.sums, self.out);
    }

    /// Adds the keys' shares and the values times them to what `sums` and `out` hold.
    #[inline(always)]
    pub(crate) fn take<I: Isa>(&mut self, isa: I) {
        let layers::Inverted { queries, keys, heads, causal, .. } = self.shape;
        for head in 0..heads {
            for key in (0..keys).filter(|&key| self.mask.get(key) != Some(&false)) {
                // With a causal order the key at place j is seen by the queries from place j on.
                let first = if causal { (key + queries).saturating_sub(keys) } else { 0 };
                self.score(isa, head, key, first);
                self.weigh(isa, first);
                self.sum(isa, head, key, first);
            }
        }
    }

    /// The scores of the queries from `first` on.
    #[inline(always)]
    fn score<I: Isa>(&mut self, isa: I, head: usize, key: usize, first: usize) {
        let layers::Inverted { heads, qk, scale, .. } = self.shape;
        let k = part(self.k, (key * heads + head) * qk, qk);
        for (index, scores) in self.weights.get_mut(first..).unwrap_or_default().chunks_mut(ROWS).enumerate() {
            let mut sums = [isa.splat(0.0); ROWS];
            for (r, sum) in sums.iter_mut().enumerate().take(scores.len()) {
                let query = first + index * ROWS + r;
                let q = part(self.q, (query * heads + head) * qk, qk);
                for (q, k) in q.chunks(I::LANES).zip(k.chunks(I::LANES)) {
                    *sum = isa.mul_add(isa.load(q), isa.load(k), *sum);
                }
            }
            scores.iter_mut().zip(isa.sums(sums)).for_each(|(score, sum)| *score = scale * sum);
        }
    }

    /// Turns the scores into weights whose sum is one.
    #[inline(always)]
    fn weigh<I: Isa>(&mut self, isa: I, first: usize) {
        let weights = self.weights.get_mut(first..).unwrap_or_default();
        let largest = weights.iter().fold(f32::MIN, |largest, &score| if score > largest { score } else { largest });
        for weights in weights.chunks_mut(I::LANES) {
            isa.store(exp(isa, isa.sub(isa.load(weights), isa.splat(largest))), weights);
        }
        let factor = isa.splat(1.0 / weights.iter().sum::<f32>());
        for weights in weights.chunks_mut(I::LANES) {
            isa.store(isa.mul(isa.load(weights), factor), weights);
        }
    }

    /// Adds the weighted value to the rows of the queries from `first` on, and the weights to their sums.
    #[inline(always)]
    fn sum<I: Isa>(&mut self, isa: I, head: usize, key: usize, first: usize) {
        let layers::Inverted { heads, v: width, .. } = self.shape;
        let v = part(self.v, (key * heads + head) * width, width);
        for (query, &weight) in self.weights.iter().enumerate().skip(first) {
            let at = query * heads + head;
            part_mut(self.sums, at, 1).iter_mut().for_each(|sum| *sum += weight);
            let (out, weight) = (part_mut(self.out, at * width, width), isa.splat(weight));
            for (out, v) in out.chunks_mut(I::LANES).zip(v.chunks(I::LANES)) {
                isa.store(isa.mul_add(isa.load(v), weight, isa.load(out)), out);
            }
        }
    }
}

/// Divides the rows of `out` by the sums of their weights.
#[inline(always)]
pub(crate) fn divide<I: Isa>(isa: I, shape: &layers::Inverted, sums: &[f32], out: &mut [f32]) {
    let layers::Inverted { v: width, eps, .. } = *shape;
    for (out, &sum) in out.chunks_exact_mut(width.max(1)).zip(sums) {
        let factor = isa.splat(1.0 / if sum > eps { sum } else { eps });
        for out in out.chunks_mut(I::LANES) {
            isa.store(isa.mul(isa.load(out), factor), out);
        }
    }
}
