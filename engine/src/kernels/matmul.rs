//! Matrix × packed matrix: `out = act(x · Wᵀ + bias)`, optionally added to what `out` holds.
//!
//! ```text
//! for each strip of panels               its weights stay in the nearest memory
//!   for each block of rows               every weight loaded serves the whole block
//!     acc = bias                         one tile: its sums stay in registers
//!     for k: acc[row] += x[row][k] · panel[k]
//!     out = act(acc)
//! ```
//! How many rows and panels a tile has is the instruction set's choice: as many sums as its registers hold.

use super::activation;
use super::tile::Tile;
use super::{block, part, part_mut, rows, whole_rows};
use crate::isa::Isa;
use percio_format::{Activation, PANEL};

/// The operands of a product. `x` has `rows` rows of `inputs` numbers, `x_stride` apart; `out` alike with `outputs`.
pub struct Matmul<'a> {
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
    pub weight: &'a [f32],
    /// `[outputs]`, or empty
    pub bias: &'a [f32],
    /// `[rows, outputs]`
    pub out: &'a mut [f32],
}

/// The product in tiles of up to `ROWS` rows by up to `PANELS` panels.
#[inline(always)]
pub fn tiled<I: Isa, const ROWS: usize, const PANELS: usize>(isa: I, mut product: Matmul<'_>) {
    let mut column = 0;
    while column < product.outputs {
        let panels = strip_panels((product.outputs - column).div_ceil(PANEL), PANELS);
        match panels {
            1 => strip::<I, ROWS, 1>(isa, &mut product, column),
            2 if PANELS > 2 => strip::<I, ROWS, 2>(isa, &mut product, column),
            _ => strip::<I, ROWS, PANELS>(isa, &mut product, column),
        }
        column += panels * PANEL;
    }
}

/// Panels of the next strip: `most`, or 2 or 1 at the end.
#[inline(always)]
const fn strip_panels(panels: usize, most: usize) -> usize {
    if panels >= most {
        most
    } else if panels >= 2 && most > 2 {
        2
    } else {
        1
    }
}

/// All rows of the outputs from `column` on that `PANELS` panels make.
#[inline(always)]
fn strip<I: Isa, const ROWS: usize, const PANELS: usize>(isa: I, product: &mut Matmul<'_>, column: usize) {
    let Matmul { rows, inputs, outputs, weight, bias, .. } = *product;
    let width = (PANELS * PANEL).min(outputs - column);
    let weight = weight.as_chunks().0.get(column / PANEL * inputs..).unwrap_or_default();
    let Some(panels) = panels(weight, inputs) else { return };
    let mut padded = [[0.0; PANEL]; PANELS];
    padded.as_flattened_mut().iter_mut().zip(part(bias, column, width)).for_each(|(to, &from)| *to = from);
    let mut row = 0;
    while row < rows {
        let block = Block { row, count: block(rows - row, ROWS), column, width, panels, bias: &padded };
        match block.count {
            1 => block.run::<I, 1>(isa, product),
            2 => block.run::<I, 2>(isa, product),
            4 if ROWS > 4 => block.run::<I, 4>(isa, product),
            _ => block.run::<I, ROWS>(isa, product),
        }
        row += block.count;
    }
}

/// The first `PANELS` panels of `inputs` groups each.
#[inline(always)]
fn panels<const PANELS: usize>(groups: &[[f32; PANEL]], inputs: usize) -> Option<[&[[f32; PANEL]]; PANELS]> {
    let mut panels = [groups; PANELS];
    for (index, panel) in panels.iter_mut().enumerate() {
        *panel = groups.get(index * inputs..)?.get(..inputs)?;
    }
    Some(panels)
}

/// Where a block of rows meets a strip of panels.
struct Block<'a, const PANELS: usize> {
    row: usize,
    count: usize,
    column: usize,
    width: usize,
    panels: [&'a [[f32; PANEL]]; PANELS],
    bias: &'a [[f32; PANEL]; PANELS],
}

impl<const PANELS: usize> Block<'_, PANELS> {
    #[inline(always)]
    fn run<I: Isa, const ROWS: usize>(&self, isa: I, product: &mut Matmul<'_>) {
        let Matmul { inputs, x_stride, out_stride, activation, accumulate, x, .. } = *product;
        let Some(x) = rows::<ROWS>(x, inputs, |r| (self.row + r) * x_stride) else { return };
        let out = product.out.get_mut(self.row * out_stride + self.column..).unwrap_or_default();
        if !accumulate
            && self.width == PANELS * PANEL
            && let Some(target) = whole_rows::<ROWS, PANELS>(out, out_stride)
        {
            let mut tile = Tile { x, panels: self.panels, start: Some(self.bias), target };
            isa.tile(&mut tile);
            tile.target.into_iter().for_each(|row| activation::apply(isa, activation, row.as_flattened_mut()));
            return;
        }
        let mut sums = [[[0.0; PANEL]; PANELS]; ROWS];
        isa.tile(&mut Tile {
            x,
            panels: self.panels,
            start: Some(self.bias),
            target: sums.each_mut().map(|row| row.as_mut_slice()),
        });
        activation::apply(isa, activation, sums.as_flattened_mut().as_flattened_mut());
        for (r, sums) in sums.iter().enumerate() {
            let out = part_mut(out, r * out_stride, self.width);
            for (out, &sum) in out.iter_mut().zip(sums.as_flattened()) {
                *out = if accumulate { *out + sum } else { sum };
            }
        }
    }
}
