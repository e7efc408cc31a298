//! Matrix × packed matrix: `out = act(x · Wᵀ + bias)`, optionally added to what `out` holds.
//!
//! ```text
//! for each group of rows                 all; on a processor with caches as many as stay in the second nearest memory
//!   for each strip of panels             its weights stay in the nearest memory, those of the next are asked for
//!     for each block of rows             every weight loaded serves the whole block
//!       acc = bias                       one tile: its sums stay in registers
//!       for k: acc[row] += x[row][k] · panel[k]
//!       out = act(acc)
//! ```
//! How many rows and panels a tile has is the instruction set's choice: as many sums as its registers hold.

use super::activation;
use super::tile::{LINES, Tile, Tiles, add_start};
use super::weight::Weight;
use super::{block, part, part_mut, whole_blocks};
use crate::isa::{Isa, Strided, StridedMut};
use core::ops::Range;
use percio_format::{Activation, PANEL};

/// Numbers that stay in the second nearest memory.
const NEAR: usize = 1 << 17;

/// The operands of a product. `x` has `rows` rows of `inputs` numbers, `x_stride` apart; `out` alike with `outputs`.
pub struct Matmul<'a, W = f32> {
    /// Rows of `x` and `out`.
    pub rows: usize,
    /// Numbers in a row of `x`.
    pub inputs: usize,
    /// Numbers in a row of `out`.
    pub outputs: usize,
    /// From one row of `x` to the next.
    pub x_stride: usize,
    /// From one row of `out` to the next.
    pub out_stride: usize,
    /// Applied to the sums.
    pub activation: Activation,
    /// Add to `out` instead of replacing it.
    pub accumulate: bool,
    /// `[rows, inputs]`
    pub x: &'a [f32],
    /// `[outputs, inputs]`, packed
    pub weight: &'a [W],
    /// `[outputs]`, or empty
    pub bias: &'a [f32],
    /// `[rows, outputs]`
    pub out: &'a mut [f32],
}

/// The product in tiles of up to `ROWS` rows by up to `PANELS` panels.
#[inline(always)]
pub fn tiled<I: Isa, W: Weight, const ROWS: usize, const PANELS: usize>(isa: I, mut product: Matmul<'_, W>) {
    let activation = product.activation;
    let is_last = I::OVERLAPS && product.is_near();
    if is_last {
        product.activation = Activation::Identity;
    }
    let mut row = 0;
    while row < product.rows {
        let group = row..(row + group::<I, _, ROWS>(&product)).min(product.rows);
        let mut column = 0;
        while column < product.outputs {
            let panels = strip_panels((product.outputs - column).div_ceil(PANEL), PANELS);
            match panels {
                1 => strip::<I, _, ROWS, 1>(isa, &mut product, group.clone(), column),
                2 if PANELS > 2 => strip::<I, _, ROWS, 2>(isa, &mut product, group.clone(), column),
                4 if PANELS > 4 => strip::<I, _, ROWS, 4>(isa, &mut product, group.clone(), column),
                _ => strip::<I, _, ROWS, PANELS>(isa, &mut product, group.clone(), column),
            }
            column += panels * PANEL;
        }
        row = group.end;
    }
    if is_last {
        let numbers = part_mut(product.out, 0, product.rows * product.outputs);
        activation::apply(isa, activation, &mut StridedMut::from(numbers));
    }
}

/// [`tiled`], with tiles of one row six panels wide: a sum waits for the one before it, so several have to be in the making at once.
/// Eight would be more, but a place of the nearest memory holds eight lines, and panels of many inputs all start at the same one.
#[inline(always)]
pub fn tiled_by_rows<I: Isa, W: Weight, const ROWS: usize, const PANELS: usize>(isa: I, product: Matmul<'_, W>) {
    if product.rows == 1 { tiled::<I, W, 1, 6>(isa, product) } else { tiled::<I, W, ROWS, PANELS>(isa, product) }
}

impl<'a, W> Matmul<'a, W> {
    /// The weights that follow the strip of so many panels at `column`, as many as it has; none where all of the matrix stays in
    /// the second nearest memory.
    #[inline(always)]
    fn following<I: Isa>(&self, column: usize, panels: usize) -> &'a [W] {
        if I::OVERLAPS && self.inputs * self.outputs > NEAR {
            part(self.weight, column * self.inputs + panels * PANEL * self.inputs, panels * PANEL * self.inputs)
        } else {
            &[]
        }
    }

    /// Whether all results are still in the nearest memory when the last is there, and nothing else is among them: then an
    /// activation is applied to them at once.
    #[inline(always)]
    const fn is_near(&self) -> bool {
        !self.accumulate && self.out_stride == self.outputs && self.rows * self.outputs <= 4096
    }
}

/// Panels of the next strip: `most`, or 4, 2 or 1 at the end.
#[inline(always)]
const fn strip_panels(panels: usize, most: usize) -> usize {
    if panels >= most {
        most
    } else if panels >= 4 && most > 4 {
        4
    } else if panels >= 2 && most > 2 {
        2
    } else {
        1
    }
}

/// Rows that all strips are for before the next rows are read: those of a processor with caches stay in the second nearest.
#[inline(always)]
fn group<I: Isa, W, const ROWS: usize>(product: &Matmul<'_, W>) -> usize {
    if I::OVERLAPS { (NEAR / product.inputs.max(1) / ROWS).max(1) * ROWS } else { product.rows }
}

/// The outputs from `column` on that `PANELS` panels make of the rows of `group`.
#[inline(always)]
fn strip<I: Isa, W: Weight, const ROWS: usize, const PANELS: usize>(
    isa: I,
    product: &mut Matmul<'_, W>,
    group: Range<usize>,
    column: usize,
) {
    let Matmul { inputs, outputs, weight, bias, .. } = *product;
    let Range { start: mut row, end: rows } = group;
    let width = (PANELS * PANEL).min(outputs - column);
    let weight = weight.as_chunks().0.get(column / PANEL * inputs..).unwrap_or_default();
    let Some(panels) = Strided::new(weight, inputs, inputs) else { return };
    let mut start = [[0.0; PANEL]; PANELS];
    write(isa, false, part(bias, column, width), start.as_flattened_mut());
    let following = product.following::<I>(column, PANELS);
    let share = following.len().div_ceil((rows - row).div_ceil(ROWS).max(1)).next_multiple_of(LINES).max(LINES);
    let mut following = following.chunks(share);
    let count = whole_blocks(rows - row, ROWS);
    let is_whole = width == PANELS * PANEL && I::LANES <= PANELS * PANEL;
    if I::OVERLAPS && is_whole && product.activation == Activation::Identity && count > 1 {
        let Matmul { x, x_stride, out_stride, accumulate, .. } = *product;
        let x = x.get(row * x_stride..).unwrap_or_default();
        let out = product.out.get_mut(row * out_stride + column..).unwrap_or_default();
        let (start, ahead) = (&start, following.clone());
        isa.call(Tiles::<ROWS, PANELS, W> {
            count,
            x,
            x_stride,
            inputs,
            panels,
            start,
            accumulate,
            out,
            out_stride,
            ahead,
        });
        following.nth(count - 1);
        row += count * ROWS;
    }
    while row < rows {
        let (count, ahead) = (block(rows - row, ROWS), following.next().unwrap_or_default());
        let block = Block { row, count, column, width, panels, start: &start, ahead };
        match block.count {
            1 => block.run::<I, 1>(isa, product),
            2 if ROWS > 2 => block.run::<I, 2>(isa, product),
            4 if ROWS > 4 => block.run::<I, 4>(isa, product),
            _ => block.run::<I, ROWS>(isa, product),
        }
        row += block.count;
    }
}

/// `to += from` or `to = from`, as far as both reach.
#[inline(always)]
pub(super) fn write<I: Isa>(isa: I, accumulate: bool, from: &[f32], to: &mut [f32]) {
    if I::OVERLAPS {
        for (to, from) in to.chunks_mut(I::LANES).zip(from.chunks(I::LANES)) {
            let from = isa.load(from);
            isa.store(if accumulate { isa.add(isa.load(to), from) } else { from }, to);
        }
    } else {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = if accumulate { *to + from } else { from };
        }
    }
}

/// Where a block of rows meets a strip of panels.
struct Block<'a, W, const PANELS: usize> {
    row: usize,
    count: usize,
    column: usize,
    width: usize,
    panels: Strided<'a, [W; PANEL], PANELS>,
    start: &'a [[f32; PANEL]; PANELS],
    /// Its share of the next strip's weights, which it asks for.
    ahead: &'a [W],
}

impl<W: Weight, const PANELS: usize> Block<'_, W, PANELS> {
    #[inline(always)]
    fn run<I: Isa, const ROWS: usize>(&self, isa: I, product: &mut Matmul<'_, W>) {
        let Matmul { inputs, x_stride, out_stride, activation, accumulate, x, .. } = *product;
        let x = x.get(self.row * x_stride..).unwrap_or_default();
        let Some(x) = Strided::<_, ROWS>::new(x, x_stride, inputs) else { return };
        let out = product.out.get_mut(self.row * out_stride + self.column..).unwrap_or_default();
        // An activation that works on several vectors at once has more of them where rows follow each other.
        let is_in_place = activation == Activation::Identity || !accumulate && !I::OVERLAPS;
        if self.width == PANELS * PANEL
            && is_in_place
            && let Some(mut target) = StridedMut::new(out, out_stride, ROWS, PANELS * PANEL)
        {
            if accumulate {
                add_start(isa, self.start, &mut target, ROWS);
            }
            let start = (!accumulate).then_some(self.start);
            let mut tile = Tile { x, panels: self.panels, start, target, ahead: self.ahead };
            W::tile(isa, &mut tile);
            activation::apply(isa, activation, &mut tile.target);
            return;
        }
        let mut sums = [[[0.0; PANEL]; PANELS]; ROWS];
        // In the order of sums that are made in place, so that how wide a strip is changes no bit.
        let is_added_to = I::OVERLAPS && accumulate && is_in_place;
        if is_added_to {
            for (r, sums) in sums.iter_mut().enumerate() {
                write(isa, false, part(out, r * out_stride, self.width), sums.as_flattened_mut());
            }
        }
        let numbers = sums.as_flattened_mut().as_flattened_mut();
        let Some(mut target) = StridedMut::new(numbers, PANELS * PANEL, ROWS, PANELS * PANEL) else { return };
        if is_added_to {
            add_start(isa, self.start, &mut target, ROWS);
        }
        let start = (!is_added_to).then_some(self.start);
        let mut tile = Tile { x, panels: self.panels, start, target, ahead: self.ahead };
        W::tile(isa, &mut tile);
        activation::apply(isa, activation, &mut tile.target);
        for (r, sums) in sums.iter().enumerate() {
            let out = part_mut(out, r * out_stride, self.width);
            write(isa, accumulate && !is_added_to, sums.as_flattened(), out);
        }
    }
}
