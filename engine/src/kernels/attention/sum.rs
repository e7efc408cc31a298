//! The weighted sums of a tile's values: `acc · decay + pᵀ V`.

use super::{Attention, Block, Scratch};
use crate::isa::{Isa, StridedMut};
use crate::kernels::block;
use crate::kernels::tile::Outer;
use percio_format::PANEL;

impl Block {
    /// Adds the weighted values of the keys from `first` on to the output rows, or to `scratch.rest`.
    #[inline(always)]
    pub(super) fn sum<I: Isa, const ROWS: usize, const PANELS: usize, const TILE: usize, const DEPTH: usize>(
        &self,
        isa: I,
        attention: &mut Attention<'_>,
        first: usize,
        decay: &[[f32; PANEL]; PANELS],
        scratch: &mut Scratch<PANELS, TILE, DEPTH>,
    ) {
        let Attention { keys, heads, v_width, .. } = *attention;
        let weights = scratch.scores.get(..TILE.min(keys - first)).unwrap_or_default().as_flattened().as_flattened();
        let (stride, out_stride) = (attention.value_stride(), heads * v_width);
        let start = self.out(attention, 0);
        let values = attention.values_of(self.head, first);
        let of_queries =
            Weights { numbers: weights, stride: PANELS * PANEL, decay: decay.as_flattened(), count: self.count };
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
        for sums in &mut *rest {
            let decay = decay.as_flattened().chunks(I::LANES);
            for (sums, decay) in sums.as_flattened_mut().chunks_mut(I::LANES).zip(decay) {
                isa.store(isa.mul(isa.load(sums), isa.load(decay)), sums);
            }
        }
        let numbers = values.get(column..).unwrap_or_default();
        let of_columns = Weights { numbers, stride, decay: &[1.0; PANEL], count: v_width - column };
        let rest = rest.as_flattened_mut().as_flattened_mut();
        of_columns.sum::<I, ROWS, PANELS>(isa, weights, PANELS * PANEL, rest, PANELS * PANEL);
    }
}

/// The weights of a tile's sums, one row a key: a column a query of its weights, or a column of the values.
struct Weights<'a> {
    numbers: &'a [f32],
    stride: usize,
    /// For each column, the factor of what its sums hold.
    decay: &'a [f32],
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
        let decay = self.decay.get(row..).and_then(|decay| decay.first_chunk::<ROWS>());
        let target = StridedMut::new(out, out_stride, ROWS, PANELS * PANEL);
        let (Some(&decay), Some(target)) = (decay, target) else { return };
        let (factors, factor_stride) = (self.numbers.get(row..).unwrap_or_default(), self.stride);
        isa.outer::<ROWS, PANELS>(&mut Outer { factors, factor_stride, values, value_stride, decay, target });
    }
}
