//! Attention row by row: a few queries of a head over tiles of keys, nothing turned and nothing padded.
//!
//! ```text
//! y = (K (scale · log₂e · q)ᵀ)ᵀ        one row a query
//! p = 2^y                              where all |y| < 64: no score is so large that it must be taken off first
//! p = 2^(y − m'), m' = max(m, max y)   elsewhere, as soon as it happens, and where keys are masked
//! l = l · 2^(m − m') + Σ p
//! acc = acc · 2^(m − m') + p V         acc lives in the output rows
//! ```

use super::dots::Dots;
use super::exp2::{exp2, exp2_all, exp2_rows};
use super::panel::Panel;
use super::scale::scale;
use crate::kernels::attention::{Attention, EVENLY};
use crate::kernels::{block, part_mut};
use core::f32::consts::{LN_2, LOG2_E};

/// Queries at once.
const ROWS: usize = 3;
/// Keys at once.
const TILE: usize = 32;

/// A tile's scores, then weights: one row a query.
type Scores = [[f32; TILE]; ROWS];

/// The attention of [`crate::kernels::attention`].
#[inline(always)]
pub(super) fn attend(mut attention: Attention<'_>) {
    let mut scores = [[0.0; TILE]; ROWS];
    for head in 0..attention.heads {
        let mut query = 0;
        while query < attention.queries {
            let count = block(attention.queries - query, ROWS);
            Block { head, query, count }.run(&mut attention, &mut scores);
            query += count;
        }
    }
}

/// What a query has seen so far, beside the sums in its output row.
#[derive(Clone, Copy)]
struct Softmax {
    /// Taken off the scores: 0, or the largest one. Scores are in units of log 2.
    shift: f32,
    /// The sum of the weights.
    sum: f32,
    /// Whether there was any key.
    seen: bool,
}

/// One head of a few queries.
struct Block {
    head: usize,
    query: usize,
    count: usize,
}

/// A few keys.
#[derive(Clone, Copy)]
struct Tile {
    first: usize,
    keys: usize,
}

// Each part is a function of its own: what one needs in registers and on the stack is gone when the next begins.
impl Block {
    #[inline(always)]
    fn run(&self, attention: &mut Attention<'_>, scores: &mut Scores) {
        let mut softmax = [Softmax { shift: 0.0, sum: 0.0, seen: false }; ROWS];
        if attention.carried.is_some() {
            self.begin(attention, &mut softmax);
        }
        for first in (0..attention.keys).step_by(TILE) {
            let tile = Tile { first, keys: TILE.min(attention.keys - first) };
            self.score(attention, tile, scores.as_flattened_mut());
            self.weigh(attention, tile, &mut softmax, scores);
            self.sum(attention, tile, scores);
        }
        self.end(attention, &softmax);
    }

    /// The block of its `r`-th query alone.
    #[inline(always)]
    const fn row(&self, r: usize) -> Self {
        Self { query: self.query + r, count: 1, ..*self }
    }

    /// Where the head's part of the block's `r`-th output row starts.
    #[inline(always)]
    fn out(&self, attention: &Attention<'_>, r: usize) -> usize {
        ((self.query + r) * attention.heads + self.head) * attention.v_width
    }

    /// Goes on from the softmax that is carried.
    #[inline(never)]
    fn begin(&self, attention: &Attention<'_>, softmax: &mut [Softmax; ROWS]) {
        let Some(carried) = &attention.carried else { return };
        for (r, softmax) in softmax.iter_mut().enumerate().take(self.count) {
            let state = (self.query + r) * attention.heads + self.head;
            let (Some(&largest), Some(&sum)) = (carried.largest.get(state), carried.sum.get(state)) else { return };
            if sum > 0.0 {
                let shift = if largest > EVENLY { largest * LOG2_E } else { EVENLY };
                *softmax = Softmax { shift, sum, seen: true };
            }
        }
    }

    /// The scores of the block's queries, a row of `TILE` each.
    #[inline(never)]
    fn score(&self, attention: &Attention<'_>, tile: Tile, scores: &mut [f32]) {
        let Attention { heads, qk, scale, q, .. } = *attention;
        let dots = Dots {
            queries: self.count,
            keys: tile.keys,
            width: qk,
            q: q.get((self.query * heads + self.head) * qk..).unwrap_or_default(),
            q_stride: heads * qk,
            k: attention.keys_of(self.head, tile.first),
            k_stride: attention.key_stride(),
            factor: scale * LOG2_E,
            out: scores,
            out_stride: TILE,
        };
        dots.run();
    }

    /// Turns the scores of the block's queries into weights.
    #[inline(never)]
    fn weigh(&self, attention: &mut Attention<'_>, tile: Tile, softmax: &mut [Softmax; ROWS], scores: &mut Scores) {
        // What is the rule goes in one loop over all rows: no key is hidden, and nothing is taken off the scores.
        let plain = attention.mask.is_empty() && !attention.causal && tile.keys.is_multiple_of(4);
        if plain && softmax.iter().all(|softmax| softmax.shift == 0.0) {
            if let Some(sums) = exp2_rows::<ROWS>(scores.as_flattened_mut(), self.count, tile.keys, TILE) {
                for (softmax, sum) in softmax.iter_mut().zip(sums) {
                    (softmax.sum, softmax.seen) = (softmax.sum + sum, true);
                }
                return;
            }
            self.score(attention, tile, scores.as_flattened_mut());
        }
        for (r, (softmax, scores)) in softmax.iter_mut().zip(scores).enumerate().take(self.count) {
            self.row(r).weigh_row(attention, tile, softmax, scores);
        }
    }

    /// Turns the scores of the block's only query into weights.
    #[inline(never)]
    fn weigh_row(&self, attention: &mut Attention<'_>, tile: Tile, softmax: &mut Softmax, scores: &mut [f32; TILE]) {
        let hidden = self.hidden(attention, tile);
        let weights = scores.get_mut(..tile.keys).unwrap_or_default();
        if softmax.shift != 0.0 || !softmax.take_near(weights, &hidden, attention.hidden) {
            self.weigh_far(attention, tile, softmax, scores);
        }
    }

    /// Turns the scores of the block's only query into weights relative to the largest.
    #[inline(never)]
    fn weigh_far(&self, attention: &mut Attention<'_>, tile: Tile, softmax: &mut Softmax, scores: &mut [f32; TILE]) {
        if softmax.shift == 0.0 {
            self.score(attention, tile, scores);
        }
        let weights = scores.get_mut(..tile.keys).unwrap_or_default();
        self.hidden(attention, tile).set(weights, attention.hidden);
        let decay = softmax.take(weights);
        if decay != 1.0 {
            let out = self.out(attention, 0);
            part_mut(attention.out, out, attention.v_width).iter_mut().for_each(|sum| *sum *= decay);
        }
    }

    /// The keys of a tile that the block's only query does not attend to.
    #[inline(always)]
    fn hidden<'a>(&self, attention: &Attention<'a>, tile: Tile) -> Hidden<'a> {
        let mask = attention.mask.get(tile.first..).unwrap_or_default();
        let from = attention.seen(self.query).saturating_sub(tile.first).min(tile.keys);
        Hidden { mask: mask.get(..tile.keys).unwrap_or(mask), from }
    }

    /// Adds the weighted values to the output rows; the first tile replaces what they hold.
    #[inline(never)]
    fn sum(&self, attention: &mut Attention<'_>, tile: Tile, weights: &Scores) {
        let Attention { heads, v_width, .. } = *attention;
        let accumulate = tile.first > 0 || attention.carried.is_some();
        let start = self.out(attention, 0);
        let (v, v_stride) = (attention.values_of(self.head, tile.first), attention.value_stride());
        let (out, out_stride) = (attention.out.get_mut(start..).unwrap_or_default(), heads * v_width);
        let mut columns = Columns { block: self, keys: tile.keys, accumulate, weights, v, v_stride, out, out_stride };
        let eights = v_width / 8 * 8;
        let fours = v_width / 4 * 4;
        for column in (0..eights).step_by(8) {
            columns.sum::<8>(column);
        }
        if fours > eights {
            columns.sum::<4>(eights);
        }
        for column in fours..v_width {
            columns.sum_one(column);
        }
    }

    /// Divides the output rows by the sums of the weights, or carries both on.
    #[inline(never)]
    fn end(&self, attention: &mut Attention<'_>, softmax: &[Softmax; ROWS]) {
        for (r, softmax) in softmax.iter().enumerate().take(self.count) {
            let out = self.out(attention, r);
            let out = part_mut(attention.out, out, attention.v_width);
            if let Some(carried) = &mut attention.carried {
                let state = (self.query + r) * attention.heads + self.head;
                if softmax.seen {
                    let largest = if softmax.shift > EVENLY { softmax.shift * LN_2 } else { EVENLY };
                    part_mut(carried.largest, state, 1).fill(largest);
                    part_mut(carried.sum, state, 1).fill(softmax.sum);
                }
            } else if softmax.seen {
                scale(out, 1.0 / softmax.sum);
            } else {
                out.fill(0.0);
            }
        }
    }
}

/// Keys of a tile that a query does not attend to.
struct Hidden<'a> {
    /// Those that are `false` here …
    mask: &'a [bool],
    /// … and those from here on.
    from: usize,
}

impl Hidden<'_> {
    /// How many of `keys` are hidden.
    #[inline(always)]
    fn count(&self, keys: usize) -> usize {
        let masked = self.mask.iter().take(self.from).filter(|kept| !**kept).count();
        keys - self.from.min(keys) + masked
    }

    /// Gives all hidden keys the same number.
    #[inline(always)]
    fn set(&self, numbers: &mut [f32], number: f32) {
        numbers.iter_mut().zip(self.mask).filter(|(_, kept)| !**kept).for_each(|(to, _)| *to = number);
        numbers.iter_mut().skip(self.from).for_each(|to| *to = number);
    }
}

impl Softmax {
    /// Turns scores into weights as they are, without taking anything off. `false` when one is too far from 0, or there is
    /// nothing but hidden keys to attend to evenly; the scores may then be lost.
    #[inline(always)]
    fn take_near(&mut self, scores: &mut [f32], hidden: &Hidden<'_>, score: f32) -> bool {
        let count = hidden.count(scores.len());
        if count == scores.len() {
            scores.fill(0.0);
            return self.seen || score < EVENLY;
        }
        if count > 0 {
            hidden.set(scores, 0.0);
        }
        let Some(mut sum) = exp2_all(scores) else { return false };
        if count > 0 {
            hidden.set(scores, 0.0);
            sum = scores.iter().sum();
        }
        (self.sum, self.seen) = (self.sum + sum, true);
        true
    }

    /// Turns scores into weights relative to the largest score so far; returns the factor of what was summed before.
    #[inline(never)]
    fn take(&mut self, scores: &mut [f32]) -> f32 {
        let before = if self.seen { self.shift } else { EVENLY };
        let largest = scores.iter().fold(before, |largest, &score| if score > largest { score } else { largest });
        let decay = exp2(before - largest);
        self.sum *= decay;
        for score in scores {
            *score = exp2(*score - largest);
            self.sum += *score;
        }
        self.seen = self.sum > 0.0;
        self.shift = if self.seen { largest } else { 0.0 };
        decay
    }
}

/// The values of a tile, and where their sums go.
struct Columns<'a> {
    block: &'a Block,
    keys: usize,
    accumulate: bool,
    weights: &'a Scores,
    v: &'a [f32],
    /// From one row of values to the next.
    v_stride: usize,
    out: &'a mut [f32],
    /// From one row of sums to the next.
    out_stride: usize,
}

impl Columns<'_> {
    /// The `WIDTH` columns from `column` on.
    #[inline(always)]
    fn sum<const WIDTH: usize>(&mut self, column: usize) {
        let panel = Panel::<WIDTH> {
            rows: self.block.count,
            inputs: self.keys,
            x: self.weights.as_flattened(),
            x_stride: TILE,
            groups: self.v.get(column..).unwrap_or_default(),
            group_stride: self.v_stride,
            start: &[0.0; WIDTH],
            out: self.out.get_mut(column..).unwrap_or_default(),
            out_stride: self.out_stride,
            accumulate: self.accumulate,
        };
        panel.run();
    }

    /// One column.
    #[inline(always)]
    fn sum_one(&mut self, column: usize) {
        let v = self.v.get(column..).unwrap_or_default();
        let rows =
            self.out.get_mut(column..).unwrap_or_default().chunks_mut(self.out_stride.max(1)).take(self.block.count);
        for (weights, out) in self.weights.iter().zip(rows) {
            let products = weights.iter().zip(v.chunks(self.v_stride.max(1))).take(self.keys);
            let sum: f32 = products.filter_map(|(weight, v)| Some(weight * v.first()?)).sum();
            let Some(out) = out.first_mut() else { return };
            *out = if self.accumulate { *out + sum } else { sum };
        }
    }
}
