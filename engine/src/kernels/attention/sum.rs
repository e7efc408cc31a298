//! The weighted sums of a tile's values: `acc · decay + pᵀ V`, divided at the end.

use super::{Attention, Block, Scratch};
use crate::isa::{Isa, StridedMut};
use crate::kernels::block;
use crate::kernels::tile::Outer;
use percio_format::PANEL;

/// What becomes of the sums of each query beside what a tile adds.
#[derive(Clone, Copy)]
pub(super) struct Factors<'a, const PANELS: usize> {
    /// Of what was summed before; `None` for nothing.
    pub(super) decay: Option<&'a [[f32; PANEL]; PANELS]>,
    /// Of all sums, when these are the last.
    pub(super) finish: Option<&'a [[f32; PANEL]; PANELS]>,
}

impl Block<'_> {
    /// Adds the weighted values of the keys from `first` on to the output rows, or to `scratch.rest`.
    #[inline(always)]
    pub(super) fn sum<I: Isa, const ROWS: usize, const PANELS: usize, const TILE: usize, const DEPTH: usize>(
        &self,
        isa: I,
        attention: &mut Attention<'_>,
        first: usize,
        factors: Factors<'_, PANELS>,
        scratch: &mut Scratch<PANELS, TILE, DEPTH>,
    ) {
        let Attention { keys, heads, v_width, .. } = *attention;
        let weights = scratch.scores.as_flattened().as_flattened();
        let (stride, out_stride) = (attention.value_stride(), heads * v_width);
        let start = self.out(attention, 0);
        let values = self.v.get(first * stride..).unwrap_or_default();
        let tile = TILE.min(keys - first);
        let of_queries = Weights {
            keys: tile,
            numbers: weights,
            stride: PANELS * PANEL,
            decay: factors.decay.map(|decay| decay.as_flattened()),
            finish: factors.finish.map(|finish| finish.as_flattened()),
            count: self.count,
        };
        let mut column = 0;
        while v_width - column >= PANEL {
            let values = values.get(column..).unwrap_or_default();
            let out = attention.out.get_mut(start + column..).unwrap_or_default();
            if v_width - column >= PANELS * PANEL {
                of_queries.sum::<I, ROWS, PANELS>(isa, values, stride, out, out_stride);
                column += PANELS * PANEL;
            } else {
                of_queries.sum::<I, ROWS, 1>(isa, values, stride, out, out_stride);
                column += PANEL;
            }
        }
        // What does not fill a panel is summed with the queries, not the columns, side by side.
        let rest = scratch.rest.get_mut(..v_width - column).unwrap_or_default();
        if let Some(decay) = factors.decay {
            rest.iter_mut().for_each(|sums| scale(isa, sums, decay));
        }
        let numbers = values.get(column..).unwrap_or_default();
        let decay = factors.decay.map(|_| [1.0; PANEL].as_slice());
        let of_columns = Weights { keys: tile, numbers, stride, decay, finish: None, count: v_width - column };
        let rest = rest.as_flattened_mut().as_flattened_mut();
        of_columns.sum::<I, ROWS, PANELS>(isa, weights, PANELS * PANEL, rest, PANELS * PANEL);
        if let Some(finish) = factors.finish {
            let rest = scratch.rest.get_mut(..v_width - column).unwrap_or_default();
            rest.iter_mut().for_each(|sums| scale(isa, sums, finish));
        }
    }
}

/// Each number of `sums` times that of `factors`.
#[inline(always)]
fn scale<I: Isa, const PANELS: usize>(isa: I, sums: &mut [[f32; PANEL]; PANELS], factors: &[[f32; PANEL]; PANELS]) {
    let factors = factors.as_flattened().chunks(I::LANES);
    for (sums, factors) in sums.as_flattened_mut().chunks_mut(I::LANES).zip(factors) {
        isa.store(isa.mul(isa.load(sums), isa.load(factors)), sums);
    }
}

/// The weights of a tile's sums, one row a key: a column a query of its weights, or a column of the values.
struct Weights<'a> {
    keys: usize,
    numbers: &'a [f32],
    stride: usize,
    /// For each column, the factor of what its sums hold; `None` when they hold nothing.
    decay: Option<&'a [f32]>,
    /// For each column, the factor of its sums, when they are complete.
    finish: Option<&'a [f32]>,
    /// Columns.
    count: usize,
}

impl Weights<'_> {
    /// Adds the weighted values to the first `PANELS` panels of each row of `out`.
    #[inline(always)]
    fn sum<I: Isa, const ROWS: usize, const PANELS: usize>(
        &self,
        isa: I,
        values: &[f32],
        value_stride: usize,
        out: &mut [f32],
        out_stride: usize,
    ) {
        let mut row = 0;
        while row < self.count {
            let rows = block(self.count - row, ROWS);
            let out = out.get_mut(row * out_stride..).unwrap_or_default();
            match rows {
                1 => self.rows::<I, 1, PANELS>(isa, row, values, value_stride, out, out_stride),
                2 => self.rows::<I, 2, PANELS>(isa, row, values, value_stride, out, out_stride),
                4 if ROWS > 4 => self.rows::<I, 4, PANELS>(isa, row, values, value_stride, out, out_stride),
                _ => self.rows::<I, ROWS, PANELS>(isa, row, values, value_stride, out, out_stride),
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
        values: &[f32],
        value_stride: usize,
        out: &mut [f32],
        out_stride: usize,
    ) {
        let of_rows = |factors: &[f32]| factors.get(row..).and_then(|factors| factors.first_chunk::<ROWS>()).copied();
        let (decay, finish) = (self.decay.and_then(of_rows), self.finish.and_then(of_rows));
        let Some(target) = StridedMut::new(out, out_stride, ROWS, PANELS * PANEL) else { return };
        let (factors, factor_stride) = (self.numbers.get(row..).unwrap_or_default(), self.stride);
        let keys = self.keys;
        isa.outer::<ROWS, PANELS>(&mut Outer {
            keys,
            factors,
            factor_stride,
            values,
            value_stride,
            decay,
            finish,
            target,
        });
    }
}
