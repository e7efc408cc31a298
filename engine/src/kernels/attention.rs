//! Fused attention with an online softmax: no score matrix, whatever the number of keys.
//!
//! For each head and each block of queries, over tiles of keys that the whole block shares:
//! ```text
//! s = scale · K q                      scores of the tile, masked ones at the lowest number
//! m' = max(m, max s)
//! p = e^(s − m')
//! l = l · e^(m − m') + Σ p
//! acc = acc · e^(m − m') + pᵀ V        acc lives in the output row
//! ```
//! and at the end `out = acc / l`. A query all of whose keys are masked attends to them evenly, as Hugging Face does;
//! no keys at all give zeros.

use super::softmax::{ABSENT, MASKED, Softmax};
use super::{part, part_mut, rows};
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

/// Keys whose scores are summed side by side.
const GROUP: usize = 4;

/// Attention of up to `QUERIES` queries at a time over tiles of `TILE` keys. In registers at once are the scores of
/// `DOT` queries with [`GROUP`] keys, then `COLUMNS` vectors of the sums of every query.
#[inline(always)]
pub fn streamed<I: Isa, const QUERIES: usize, const DOT: usize, const COLUMNS: usize, const TILE: usize>(
    isa: I,
    mut attention: Attention<'_>,
) {
    for head in 0..attention.heads {
        let mut query = 0;
        while query < attention.queries {
            let block = Block { head, query, count: QUERIES.min(attention.queries - query) };
            if block.count == 1 {
                block.run::<I, 1, 1, COLUMNS, TILE>(isa, &mut attention);
            } else {
                block.run::<I, QUERIES, DOT, COLUMNS, TILE>(isa, &mut attention);
            }
            query += block.count;
        }
    }
}

/// One head of a few queries. Where fewer than `QUERIES` are left, the last one is computed several times over.
struct Block {
    head: usize,
    query: usize,
    count: usize,
}

impl Block {
    #[inline(always)]
    fn run<I: Isa, const QUERIES: usize, const DOT: usize, const COLUMNS: usize, const TILE: usize>(
        &self,
        isa: I,
        attention: &mut Attention<'_>,
    ) {
        let Attention { keys, heads, v_width, .. } = *attention;
        let mut starts = [0; QUERIES];
        for (r, row) in starts.iter_mut().enumerate() {
            *row = (self.row(r) * heads + self.head) * v_width;
            part_mut(attention.out, *row, v_width).fill(0.0);
        }
        let mut softmax = Softmax::<QUERIES>::START;
        let mut first = 0;
        while first < keys {
            let mut weights = [[ABSENT; TILE]; QUERIES];
            self.scores::<I, QUERIES, DOT, TILE>(isa, attention, first, &mut weights);
            let decay = softmax.take(isa, &mut weights);
            let values = attention.v.get((first * heads + self.head) * v_width..).unwrap_or_default();
            let sums = Sums { rows: starts, decay, weights: &weights, values, stride: heads * v_width };
            sums.add::<I, COLUMNS>(isa, v_width, attention.out);
            first += TILE;
        }
        for (&row, &sum) in starts.iter().zip(&softmax.sum).take(self.count) {
            let factor = isa.splat(if sum > 0.0 { 1.0 / sum } else { 0.0 });
            for x in part_mut(attention.out, row, v_width).chunks_mut(I::LANES) {
                isa.store(isa.mul(isa.load(x), factor), x);
            }
        }
    }

    /// The query that is `r`-th in the block.
    #[inline(always)]
    fn row(&self, r: usize) -> usize {
        self.query + r.min(self.count - 1)
    }

    /// The scores with the keys from `first` on; those beyond the last key are left as they are.
    #[inline(always)]
    fn scores<I: Isa, const QUERIES: usize, const DOT: usize, const TILE: usize>(
        &self,
        isa: I,
        attention: &Attention<'_>,
        first: usize,
        scores: &mut [[f32; TILE]; QUERIES],
    ) {
        let Attention { keys, heads, qk, scale, q, k, mask, .. } = *attention;
        let mut start = 0;
        while start < TILE.min(keys - first) {
            let key = first + start;
            let Some(k) = rows(k, qk, |j| ((key + j).min(keys - 1) * heads + self.head) * qk) else { return };
            for (index, scores) in scores.chunks_exact_mut(DOT).enumerate() {
                let Some(q) = rows(q, qk, |r| (self.row(index * DOT + r) * heads + self.head) * qk) else { return };
                let dots: [[f32; GROUP]; DOT] = dots(isa, qk, q, k);
                for (scores, dots) in scores.iter_mut().zip(dots) {
                    let scores = scores.iter_mut().skip(start).take(keys - key);
                    for (j, (score, dot)) in scores.zip(dots).enumerate() {
                        *score = if mask.get(key + j).copied().unwrap_or(true) { scale * dot } else { MASKED };
                    }
                }
            }
            start += GROUP;
        }
    }
}

/// The products of each query with each key.
#[inline(always)]
fn dots<I: Isa, const DOT: usize>(isa: I, qk: usize, q: [&[f32]; DOT], k: [&[f32]; GROUP]) -> [[f32; GROUP]; DOT] {
    let (q, q_rest) = split::<I, DOT>(q);
    let (k, k_rest) = split::<I, GROUP>(k);
    let mut sums = [[isa.splat(0.0); GROUP]; DOT];
    for i in 0..qk / I::LANES {
        for (sums, q) in sums.iter_mut().zip(q) {
            let Some(q) = q.get(i) else { break };
            let q = isa.read(q);
            for (sum, k) in sums.iter_mut().zip(k) {
                let Some(k) = k.get(i) else { break };
                *sum = isa.mul_add(q, isa.read(k), *sum);
            }
        }
    }
    if qk % I::LANES != 0 {
        for (sums, q) in sums.iter_mut().zip(q_rest) {
            for (sum, k) in sums.iter_mut().zip(k_rest) {
                *sum = isa.mul_add(isa.load(q), isa.load(k), *sum);
            }
        }
    }
    let mut dots = [[0.0; GROUP]; DOT];
    for (dots, sums) in dots.iter_mut().zip(sums) {
        *dots = isa.sums(sums);
    }
    dots
}

/// Rows in whole vectors, and what is left of each.
#[inline(always)]
fn split<'a, I: Isa, const N: usize>(rows: [&'a [f32]; N]) -> ([&'a [I::Lanes]; N], [&'a [f32]; N]) {
    let (mut whole, mut rest) = ([I::whole(&[]).0; N], rows);
    for (whole, rest) in whole.iter_mut().zip(&mut rest) {
        (*whole, *rest) = I::whole(rest);
    }
    (whole, rest)
}

/// The weighted sums of a tile's values, added to the output rows of a block.
struct Sums<'a, const QUERIES: usize, const TILE: usize> {
    /// Where each query's row starts in the output.
    rows: [usize; QUERIES],
    /// Factor of what the output rows hold.
    decay: [f32; QUERIES],
    weights: &'a [[f32; TILE]; QUERIES],
    /// One head's part of the tile's rows, `stride` apart.
    values: &'a [f32],
    stride: usize,
}

impl<const QUERIES: usize, const TILE: usize> Sums<'_, QUERIES, TILE> {
    #[inline(always)]
    fn add<I: Isa, const COLUMNS: usize>(&self, isa: I, v_width: usize, out: &mut [f32]) {
        let mut column = 0;
        while v_width - column >= COLUMNS * I::LANES {
            self.columns::<I, COLUMNS>(isa, column, COLUMNS * I::LANES, out);
            column += COLUMNS * I::LANES;
        }
        while v_width - column >= I::LANES {
            self.columns::<I, 1>(isa, column, I::LANES, out);
            column += I::LANES;
        }
        if column < v_width {
            self.columns::<I, 1>(isa, column, v_width - column, out);
        }
    }

    /// The `width` columns from `column` on.
    #[inline(always)]
    fn columns<I: Isa, const COLUMNS: usize>(&self, isa: I, column: usize, width: usize, out: &mut [f32]) {
        let mut sums = [[isa.splat(0.0); COLUMNS]; QUERIES];
        for ((sums, &row), &decay) in sums.iter_mut().zip(&self.rows).zip(&self.decay) {
            let out = part(out, row + column, width);
            for (c, sum) in sums.iter_mut().enumerate() {
                *sum = isa.mul(isa.load(out.get(c * I::LANES..).unwrap_or_default()), isa.splat(decay));
            }
        }
        let mut values = self.values.chunks(self.stride.max(1));
        for j in 0..TILE {
            let Some(value) = values.next().and_then(|row| row.get(column..)?.get(..width)) else { break };
            for c in 0..COLUMNS {
                let value = isa.load(value.get(c * I::LANES..).unwrap_or_default());
                for (sums, weights) in sums.iter_mut().zip(self.weights) {
                    sums[c] = isa.mul_add(isa.splat(weights[j]), value, sums[c]);
                }
            }
        }
        for (sums, &row) in sums.iter().zip(&self.rows) {
            let out = part_mut(out, row + column, width);
            for (c, &sum) in sums.iter().enumerate() {
                isa.store(sum, out.get_mut(c * I::LANES..).unwrap_or_default());
            }
        }
    }
}
