//! The weighted sums of a tile's values: `acc · decay + pᵀ V`.

use super::{Attention, Block, Scratch, rest};
use crate::isa::{Isa, StridedMut};
use crate::kernels::tile::Outer;
use crate::kernels::{block, part};
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
        let weights =
            Weights { numbers: weights, stride: PANELS * PANEL, decay: decay.as_flattened(), count: self.count };
        let stride = heads * v_width;
        let whole = v_width - rest::<PANELS>(v_width);
        let start = self.out(attention, 0);
        let values = attention.v.get((first * heads + self.head) * v_width..).unwrap_or_default();
        let mut column = 0;
        while column < whole {
            let values = values.get(column..).unwrap_or_default();
            let out = attention.out.get_mut(start + column..).unwrap_or_default();
            if whole - column >= PANELS * PANEL {
                weights.sum::<I, ROWS, PANELS>(isa, values, stride, out, stride);
                column += PANELS * PANEL;
            } else {
                weights.sum::<I, ROWS, 1>(isa, values, stride, out, stride);
                column += PANEL;
            }
        }
        if column < v_width {
            let packed = scratch.packed.as_flattened_mut().as_flattened_mut();
            let sums = scratch.rest.as_flattened_mut().as_flattened_mut().as_flattened_mut();
            let values = Columns { values, stride, first: column, width: v_width - column };
            if v_width - column > (PANELS - 1) * PANEL {
                values.pack(PANELS * PANEL, packed);
                weights.sum::<I, ROWS, PANELS>(isa, packed, PANELS * PANEL, sums, PANELS * PANEL);
            } else {
                values.pack(PANEL, packed);
                weights.sum::<I, ROWS, 1>(isa, packed, PANEL, sums, PANELS * PANEL);
            }
        }
    }
}

/// A few columns of a tile's values, one row a key.
struct Columns<'a> {
    values: &'a [f32],
    stride: usize,
    first: usize,
    width: usize,
}

impl Columns<'_> {
    /// Copies the columns to rows that are `stride` apart. What lies between is not read as part of any result.
    #[inline(always)]
    fn pack(&self, stride: usize, packed: &mut [f32]) {
        for (to, from) in packed.chunks_exact_mut(stride).zip(self.values.chunks(self.stride.max(1))) {
            to.iter_mut().zip(part(from, self.first, self.width)).for_each(|(to, &from)| *to = from);
        }
    }
}

/// The weights of a tile's keys, one row a key, one column a query.
struct Weights<'a> {
    numbers: &'a [f32],
    stride: usize,
    /// For each query, the factor of what its sums hold.
    decay: &'a [f32],
    /// Queries.
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
