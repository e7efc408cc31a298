//! Fused attention with an online softmax: no score matrix, whatever the number of keys.
//!
//! For each head and each block of queries, whose rows are turned into panels, over tiles of keys:
//! ```text
//! s = K (scale · q)ᵀ                   one row a key, one column a query; masked keys at the lowest number
//! m' = max(m, max s)
//! p = e^(s − m')
//! l = l · e^(m − m') + Σ p
//! acc = acc · e^(m − m') + pᵀ V        acc lives in the output rows
//! ```
//! and at the end `out = acc / l`. K and V are read where they are; scores and sums both come from the tiles of the
//! matrix product. A query all of whose keys are masked attends to them evenly, as Hugging Face does; no keys at all
//! give zeros.

use super::softmax::{MASKED, Softmax};
use super::tile::{Outer, Tile};
use super::{block, part, part_mut, rows, whole_rows};
use crate::isa::Isa;
use percio_format::PANEL;

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

/// Attention of up to `PANELS` panels of queries at a time over tiles of `TILE` keys. Sums of up to `ROWS` rows are in
/// registers at once; queries are turned `DEPTH` numbers at a time.
#[inline(always)]
pub fn streamed<I: Isa, const ROWS: usize, const PANELS: usize, const TILE: usize, const DEPTH: usize>(
    isa: I,
    mut attention: Attention<'_>,
) {
    let queries = attention.queries;
    // The last queries take one panel where that is enough.
    let wide = queries.next_multiple_of(PANEL) / (PANELS * PANEL) * (PANELS * PANEL);
    let wide = wide.min(queries);
    blocks::<I, ROWS, PANELS, TILE, DEPTH>(isa, &mut attention, 0, wide);
    if PANELS > 1 {
        blocks::<I, ROWS, 1, TILE, DEPTH>(isa, &mut attention, wide, queries - wide);
    }
}

/// All heads of `count` queries from `first` on, `PANELS` panels of them at a time.
#[inline(always)]
fn blocks<I: Isa, const ROWS: usize, const PANELS: usize, const TILE: usize, const DEPTH: usize>(
    isa: I,
    attention: &mut Attention<'_>,
    first: usize,
    count: usize,
) {
    if count == 0 {
        return;
    }
    let mut scratch = Scratch::<PANELS, TILE, DEPTH> {
        turned: [[[0.0; PANEL]; DEPTH]; PANELS],
        scores: [[[0.0; PANEL]; PANELS]; TILE],
        packed: [[[0.0; PANEL]; PANELS]; TILE],
    };
    for head in 0..attention.heads {
        for query in (0..count).step_by(PANELS * PANEL) {
            let block = Block { head, query: first + query, count: (PANELS * PANEL).min(count - query) };
            block.run::<I, ROWS, PANELS, TILE, DEPTH>(isa, attention, &mut scratch);
        }
    }
}

/// The buffers of a block.
struct Scratch<const PANELS: usize, const TILE: usize, const DEPTH: usize> {
    /// Queries, turned into panels.
    turned: [[[f32; PANEL]; DEPTH]; PANELS],
    /// Scores, then weights: one row a key, one column a query.
    scores: [[[f32; PANEL]; PANELS]; TILE],
    /// A few columns of the values.
    packed: [[[f32; PANEL]; PANELS]; TILE],
}

/// One head of a few queries.
struct Block {
    head: usize,
    query: usize,
    count: usize,
}

impl Block {
    #[inline(always)]
    fn run<I: Isa, const ROWS: usize, const PANELS: usize, const TILE: usize, const DEPTH: usize>(
        &self,
        isa: I,
        attention: &mut Attention<'_>,
        scratch: &mut Scratch<PANELS, TILE, DEPTH>,
    ) {
        let Attention { keys, heads, qk, v_width, .. } = *attention;
        let row = |r: usize| ((self.query + r) * heads + self.head) * v_width;
        for r in 0..self.count {
            part_mut(attention.out, row(r), v_width).fill(0.0);
        }
        let mut softmax = Softmax::<PANELS>::START;
        let mut first = 0;
        while first < keys {
            let tile = TILE.min(keys - first);
            for start in (0..qk).step_by(DEPTH) {
                if first == 0 || qk > DEPTH {
                    self.turn(attention, start, &mut scratch.turned);
                }
                let (turned, scores) = (&scratch.turned, &mut scratch.scores);
                self.score::<I, ROWS, PANELS, TILE, DEPTH>(isa, attention, first, start, turned, scores);
            }
            let scores = scratch.scores.get_mut(..tile).unwrap_or_default();
            for (key, scores) in scores.iter_mut().enumerate() {
                if attention.mask.get(first + key) == Some(&false) {
                    *scores = [[MASKED; PANEL]; PANELS];
                }
            }
            let decay = softmax.take(isa, self.count, scores);
            self.sum::<I, ROWS, PANELS>(
                isa,
                attention,
                first,
                scores,
                &decay,
                scratch.packed.as_flattened_mut().as_flattened_mut(),
            );
            first += TILE;
        }
        for (r, &sum) in softmax.sum.as_flattened().iter().enumerate().take(self.count) {
            let factor = isa.splat(if sum > 0.0 { 1.0 / sum } else { 0.0 });
            for x in part_mut(attention.out, row(r), v_width).chunks_mut(I::LANES) {
                isa.store(isa.mul(isa.load(x), factor), x);
            }
        }
    }

    /// Turns numbers `start` .. `start + DEPTH` of the queries into panels, scaled.
    #[inline(always)]
    fn turn<const PANELS: usize, const DEPTH: usize>(
        &self,
        attention: &Attention<'_>,
        start: usize,
        turned: &mut [[[f32; PANEL]; DEPTH]; PANELS],
    ) {
        let Attention { heads, qk, scale, q, .. } = *attention;
        for r in 0..self.count {
            let row = part(q, ((self.query + r) * heads + self.head) * qk + start, DEPTH.min(qk - start));
            let Some(panel) = turned.get_mut(r / PANEL) else { return };
            for (group, &number) in panel.iter_mut().zip(row) {
                group[r % PANEL] = scale * number;
            }
        }
    }

    /// Adds what numbers `start` .. `start + DEPTH` contribute to the scores of the keys from `first` on.
    #[inline(always)]
    fn score<I: Isa, const ROWS: usize, const PANELS: usize, const TILE: usize, const DEPTH: usize>(
        &self,
        isa: I,
        attention: &Attention<'_>,
        first: usize,
        start: usize,
        turned: &[[[f32; PANEL]; DEPTH]; PANELS],
        scores: &mut [[[f32; PANEL]; PANELS]; TILE],
    ) {
        let mut panels: [&[[f32; PANEL]]; PANELS] = [&[]; PANELS];
        for (panel, turned) in panels.iter_mut().zip(turned) {
            *panel = turned.get(..attention.qk - start).unwrap_or(turned);
        }
        let tile = TILE.min(attention.keys - first);
        let mut key = 0;
        while key < tile {
            let count = block(tile - key, ROWS);
            let keys = Keys { head: self.head, key: first + key, start };
            let scores = scores.get_mut(key..).unwrap_or_default();
            match count {
                1 => keys.score::<I, 1, PANELS>(isa, attention, panels, scores),
                2 => keys.score::<I, 2, PANELS>(isa, attention, panels, scores),
                4 if ROWS > 4 => keys.score::<I, 4, PANELS>(isa, attention, panels, scores),
                _ => keys.score::<I, ROWS, PANELS>(isa, attention, panels, scores),
            }
            key += count;
        }
    }

    /// Adds the weighted values of the keys from `first` on to the output rows.
    #[inline(always)]
    fn sum<I: Isa, const ROWS: usize, const PANELS: usize>(
        &self,
        isa: I,
        attention: &mut Attention<'_>,
        first: usize,
        weights: &[[[f32; PANEL]; PANELS]],
        decay: &[[f32; PANEL]; PANELS],
        packed: &mut [f32],
    ) {
        let Attention { heads, v_width, .. } = *attention;
        let (stride, decay) = (heads * v_width, decay.as_flattened());
        let weights = Weights { numbers: weights.as_flattened().as_flattened(), stride: PANELS * PANEL, decay };
        let mut column = 0;
        while column < v_width {
            let left = v_width - column;
            let values = attention.v.get((first * heads + self.head) * v_width + column..).unwrap_or_default();
            let values = Values {
                numbers: values,
                stride,
                width: if left > (PANELS - 1) * PANEL { left.min(PANELS * PANEL) } else { left.min(PANEL) },
            };
            let out = (self.query * heads + self.head) * v_width + column;
            let out = attention.out.get_mut(out..).unwrap_or_default();
            if left > (PANELS - 1) * PANEL {
                let values = values.packed::<PANELS>(packed);
                weights.sum::<I, ROWS, PANELS>(isa, self.count, &values, out, stride);
            } else {
                let values = values.packed::<1>(packed);
                weights.sum::<I, ROWS, 1>(isa, self.count, &values, out, stride);
            }
            column += values.width;
        }
    }
}

/// A few keys of one head, from number `start` on.
struct Keys {
    head: usize,
    key: usize,
    start: usize,
}

impl Keys {
    #[inline(always)]
    fn score<I: Isa, const ROWS: usize, const PANELS: usize>(
        &self,
        isa: I,
        attention: &Attention<'_>,
        panels: [&[[f32; PANEL]]; PANELS],
        scores: &mut [[[f32; PANEL]; PANELS]],
    ) {
        let Attention { heads, qk, k, .. } = *attention;
        let depth = panels.first().map_or(0, |panel| panel.len());
        let row = |r: usize| ((self.key + r) * heads + self.head) * qk + self.start;
        let (Some(x), Some(scores)) = (rows::<ROWS>(k, depth, row), scores.first_chunk_mut::<ROWS>()) else { return };
        let start = if self.start == 0 { Some(&[[0.0; PANEL]; PANELS]) } else { None };
        isa.tile(&mut Tile { x, panels, start, target: scores.each_mut().map(|row| row.as_mut_slice()) });
    }
}

/// A few columns of a tile's values, one row a key.
struct Values<'a> {
    numbers: &'a [f32],
    stride: usize,
    /// Columns in use.
    width: usize,
}

impl<'a> Values<'a> {
    /// The same in `packed` where they do not fill `PANELS` panels.
    #[inline(always)]
    fn packed<'b, const PANELS: usize>(&self, packed: &'b mut [f32]) -> Values<'b>
    where
        'a: 'b,
    {
        let stride = PANELS * PANEL;
        if self.width == stride {
            return Values { numbers: self.numbers, ..*self };
        }
        for (to, from) in packed.chunks_exact_mut(stride).zip(self.numbers.chunks(self.stride.max(1))) {
            to.iter_mut().zip(part(from, 0, self.width)).for_each(|(to, &from)| *to = from);
        }
        Values { numbers: packed, stride, width: self.width }
    }
}

/// The weights of a tile's keys, one row a key, one column a query.
struct Weights<'a> {
    numbers: &'a [f32],
    stride: usize,
    /// For each query, the factor of what its output row holds.
    decay: &'a [f32],
}

impl Weights<'_> {
    /// Adds the weighted values to the first `count` rows of `out`.
    #[inline(always)]
    fn sum<I: Isa, const ROWS: usize, const PANELS: usize>(
        &self,
        isa: I,
        count: usize,
        values: &Values<'_>,
        out: &mut [f32],
        out_stride: usize,
    ) {
        let mut row = 0;
        while row < count {
            let rows = block(count - row, ROWS);
            let out = out.get_mut(row * out_stride..).unwrap_or_default();
            match rows {
                1 => self.rows::<I, 1, PANELS>(isa, row, values, out, out_stride),
                2 => self.rows::<I, 2, PANELS>(isa, row, values, out, out_stride),
                4 if ROWS > 4 => self.rows::<I, 4, PANELS>(isa, row, values, out, out_stride),
                _ => self.rows::<I, ROWS, PANELS>(isa, row, values, out, out_stride),
            }
            row += rows;
        }
    }

    /// [`sum`](Self::sum) of the `ROWS` queries from `row` on.
    #[inline(always)]
    fn rows<I: Isa, const ROWS: usize, const PANELS: usize>(
        &self,
        isa: I,
        row: usize,
        values: &Values<'_>,
        out: &mut [f32],
        out_stride: usize,
    ) {
        let Some(&decay) = self.decay.get(row..).and_then(|decay| decay.first_chunk::<ROWS>()) else { return };
        let factors = self.numbers.get(row..).unwrap_or_default();
        let (factor_stride, width) = (self.stride, values.width);
        let (values, value_stride) = (values.numbers, values.stride);
        if width == PANELS * PANEL
            && let Some(target) = whole_rows::<ROWS, PANELS>(out, out_stride)
        {
            isa.outer::<ROWS, PANELS>(&mut Outer { factors, factor_stride, values, value_stride, decay, target });
            return;
        }
        let mut sums = [[[0.0; PANEL]; PANELS]; ROWS];
        for (r, sums) in sums.iter_mut().enumerate() {
            let out = part(out, r * out_stride, width);
            sums.as_flattened_mut().iter_mut().zip(out).for_each(|(to, &from)| *to = from);
        }
        let target = sums.each_mut().map(|row| row.as_mut_slice());
        isa.outer::<ROWS, PANELS>(&mut Outer { factors, factor_stride, values, value_stride, decay, target });
        for (r, sums) in sums.iter().enumerate() {
            let out = part_mut(out, r * out_stride, width);
            out.iter_mut().zip(sums.as_flattened()).for_each(|(to, &from)| *to = from);
        }
    }
}
