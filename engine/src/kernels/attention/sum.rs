//! The weighted sums of a tile's values: `acc · decay + pᵀ V`, divided at the end.

use super::Attention;
use super::block::{Block, COPIED, Scratch, Tile, Values};
use super::softmax::Softmax;
use crate::isa::{Isa, StridedMut};
use crate::kernels::tile::Outer;
use crate::kernels::{block, part};
use percio_format::PANEL;

impl Block<'_> {
    /// Adds the weighted values of `tile` to the output rows, or to `scratch.rest`.
    #[inline(always)]
    pub(super) fn sum<
        I: Isa,
        const ROWS: usize,
        const PANELS: usize,
        const WIDE: usize,
        const TILE: usize,
        const DEPTH: usize,
    >(
        &self,
        isa: I,
        attention: &mut Attention<'_>,
        tile: Tile,
        softmax: &Softmax<WIDE>,
        scratch: &mut Scratch<WIDE, TILE, DEPTH>,
        mut copies: Option<&mut Values<TILE>>,
    ) {
        let Attention { heads, v_width, .. } = *attention;
        let finish = if tile.is_last { softmax.factors(isa) } else { [[0.0; PANEL]; WIDE] };
        let decay = tile.goes_on.then_some(softmax.decay.as_flattened());
        let finish = tile.is_last.then_some(finish.as_flattened());
        let stride = attention.value_stride();
        let values = self.v.get(tile.first * stride..).unwrap_or_default();
        let numbers = scratch.scores.as_flattened().as_flattened();
        let weights = Weights { keys: tile.keys, numbers, stride: WIDE * PANEL, decay, finish, count: self.count };
        let (mut column, whole) = (0, v_width / PANEL * PANEL);
        while column < whole {
            let numbers = values.get(column..).unwrap_or_default();
            let (mut rows, mut width) = (Rows { numbers, stride }, whole - column);
            if let Some(copies) = &mut copies {
                width = width.min(COPIED * PANEL);
                rows = rows.copied(width, copies.0.get_mut(..tile.keys).unwrap_or_default());
            }
            let out = attention.out.get_mut(self.out(attention, 0) + column..).unwrap_or_default();
            weights.sums::<I, ROWS, PANELS>(isa, rows, width, out, heads * v_width);
            column += width;
        }
        // What does not fill a panel is summed with the queries, not the columns, side by side.
        let rest = scratch.rest.get_mut(..v_width - column).unwrap_or_default();
        if let Some(decay) = decay {
            rest.iter_mut().for_each(|sums| scale(isa, sums, decay));
        }
        let decay = decay.map(|_| [1.0; PANEL].as_slice());
        let numbers = values.get(column..).unwrap_or_default();
        let columns = Weights { keys: tile.keys, numbers, stride, decay, finish: None, count: v_width - column };
        for panel in (0..self.count.div_ceil(PANEL)).step_by(PANELS) {
            let numbers = scratch.scores.as_flattened().as_flattened().get(panel * PANEL..).unwrap_or_default();
            let rest = rest.as_flattened_mut().as_flattened_mut().get_mut(panel * PANEL..).unwrap_or_default();
            columns.sum::<I, ROWS, PANELS>(isa, Rows { numbers, stride: WIDE * PANEL }, rest, WIDE * PANEL);
        }
        if let Some(finish) = finish {
            rest.iter_mut().for_each(|sums| scale(isa, sums, finish));
        }
    }
}

/// Rows of numbers.
#[derive(Clone, Copy)]
struct Rows<'a> {
    numbers: &'a [f32],
    /// From one row to the next.
    stride: usize,
}

impl<'a> Rows<'a> {
    /// The first `width` numbers of as many rows as `to` has, copied there.
    #[inline(always)]
    fn copied<'t, const PANELS: usize>(&self, width: usize, to: &'t mut [[[f32; PANEL]; PANELS]]) -> Rows<'t> {
        for (row, to) in to.iter_mut().enumerate() {
            let numbers = part(self.numbers, row * self.stride, width);
            to.iter_mut().zip(numbers.as_chunks().0).for_each(|(to, panel)| *to = *panel);
        }
        Rows { numbers: to.as_flattened().as_flattened(), stride: PANELS * PANEL }
    }

    /// The rows without their first `columns` numbers.
    #[inline(always)]
    fn from(&self, columns: usize) -> Rows<'a> {
        Rows { numbers: self.numbers.get(columns..).unwrap_or_default(), stride: self.stride }
    }
}

/// Each number of `sums` times that of `factors`.
#[inline(always)]
fn scale<I: Isa, const PANELS: usize>(isa: I, sums: &mut [[f32; PANEL]; PANELS], factors: &[f32]) {
    let factors = factors.chunks(I::LANES);
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
    /// Adds the first `width` weighted values, whole panels, to each row of `out`.
    #[inline(always)]
    fn sums<I: Isa, const ROWS: usize, const PANELS: usize>(
        &self,
        isa: I,
        values: Rows<'_>,
        width: usize,
        out: &mut [f32],
        out_stride: usize,
    ) {
        let mut column = 0;
        while column < width {
            let (values, out) = (values.from(column), out.get_mut(column..).unwrap_or_default());
            let panels = match (width - column) / PANEL {
                panels if panels >= PANELS => PANELS,
                panels if panels >= 4 && PANELS > 4 => 4,
                panels if panels >= 2 && PANELS > 2 => 2,
                _ => 1,
            };
            match panels {
                1 => self.sum::<I, ROWS, 1>(isa, values, out, out_stride),
                2 if PANELS > 2 => self.sum::<I, ROWS, 2>(isa, values, out, out_stride),
                4 if PANELS > 4 => self.sum::<I, ROWS, 4>(isa, values, out, out_stride),
                _ => self.sum::<I, ROWS, PANELS>(isa, values, out, out_stride),
            }
            column += panels * PANEL;
        }
    }

    /// Adds the weighted values to the first `PANELS` panels of each row of `out`.
    #[inline(always)]
    fn sum<I: Isa, const ROWS: usize, const PANELS: usize>(
        &self,
        isa: I,
        values: Rows<'_>,
        out: &mut [f32],
        out_stride: usize,
    ) {
        let mut row = 0;
        while row < self.count {
            let rows = block(self.count - row, ROWS);
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
        values: Rows<'_>,
        out: &mut [f32],
        out_stride: usize,
    ) {
        let of_rows = |factors: &[f32]| factors.get(row..).and_then(|factors| factors.first_chunk::<ROWS>()).copied();
        let (decay, finish) = (self.decay.and_then(of_rows), self.finish.and_then(of_rows));
        let Some(target) = StridedMut::new(out, out_stride, ROWS, PANELS * PANEL) else { return };
        let (factors, factor_stride) = (self.numbers.get(row..).unwrap_or_default(), self.stride);
        let (keys, Rows { numbers: values, stride: value_stride }) = (self.keys, values);
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
