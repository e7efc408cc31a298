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

use super::activation::{self, Activation};
use super::{part, part_mut, rows};
use crate::isa::Isa;
use percio_format::PANEL;

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
        if product.outputs - column > (PANELS - 1) * PANEL {
            strip::<I, ROWS, PANELS>(isa, &mut product, column);
            column += PANELS * PANEL;
        } else {
            strip::<I, ROWS, 1>(isa, &mut product, column);
            column += PANEL;
        }
    }
}

/// All rows of the outputs from `column` on that `PANELS` panels make.
#[inline(always)]
fn strip<I: Isa, const ROWS: usize, const PANELS: usize>(isa: I, product: &mut Matmul<'_>, column: usize) {
    let Matmul { rows, inputs, outputs, x_stride, out_stride, activation, accumulate, x, weight, bias, .. } = *product;
    let width = (PANELS * PANEL).min(outputs - column);
    let Some(panels) = panels::<PANELS>(weight, inputs, column / PANEL) else { return };
    let bias = part(bias, column, width);
    // A residual is added before an activation only when there is none: otherwise the sums wait here.
    let aside = accumulate && activation != Activation::Identity;
    let mut waiting = [[[0.0; PANEL]; PANELS]; ROWS];
    let mut row = 0;
    while row < rows {
        let count = block(rows - row, ROWS);
        let x = x.get(row * x_stride..).unwrap_or_default();
        let out = product.out.get_mut(row * out_stride + column..).unwrap_or_default();
        let (target, stride) = match aside {
            true => (waiting.as_flattened_mut().as_flattened_mut(), PANELS * PANEL),
            false => (&mut *out, out_stride),
        };
        let tile = Tile { count, inputs, x_stride, x, bias, panels, width, accumulate: accumulate && !aside, stride };
        match count {
            1 => tile.run::<I, 1>(isa, target),
            2 => tile.run::<I, 2>(isa, target),
            3 | 4 if ROWS > 4 => tile.run::<I, 4>(isa, target),
            _ => tile.run::<I, ROWS>(isa, target),
        }
        if activation != Activation::Identity {
            for r in 0..count {
                activation::apply(isa, activation, part_mut(target, r * stride, width));
            }
        }
        if aside {
            for (r, sums) in waiting.iter().enumerate().take(count) {
                let sums = sums.as_flattened();
                part_mut(out, r * out_stride, width).iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
            }
        }
        row += count;
    }
}

/// Rows of the next block: `most`, unless that leaves a single row for the last one.
#[inline(always)]
const fn block(rows: usize, most: usize) -> usize {
    if rows == most + 1 {
        rows.div_ceil(2)
    } else if rows < most {
        rows
    } else {
        most
    }
}

/// The panels from the `first` on, cut to `inputs` groups each.
#[inline(always)]
fn panels<const PANELS: usize>(weight: &[f32], inputs: usize, first: usize) -> Option<[&[[f32; PANEL]]; PANELS]> {
    let groups = weight.as_chunks::<PANEL>().0.get(first * inputs..)?;
    let mut panels = [groups; PANELS];
    for (index, panel) in panels.iter_mut().enumerate() {
        *panel = groups.get(index * inputs..)?.get(..inputs)?;
    }
    Some(panels)
}

/// A block of rows times a strip of panels.
struct Tile<'a, const PANELS: usize> {
    /// Rows: those beyond repeat the last one and are not stored.
    count: usize,
    inputs: usize,
    x_stride: usize,
    x: &'a [f32],
    bias: &'a [f32],
    panels: [&'a [[f32; PANEL]]; PANELS],
    /// Outputs to store of a row.
    width: usize,
    accumulate: bool,
    /// From one row of the target to the next.
    stride: usize,
}

/// The sums of one row, of which a vector ISA uses the first PANEL / LANES of each panel.
type Sums<I, const PANELS: usize> = [[<I as Isa>::F32; PANEL]; PANELS];

impl<const PANELS: usize> Tile<'_, PANELS> {
    #[inline(always)]
    fn run<I: Isa, const ROWS: usize>(&self, isa: I, target: &mut [f32]) {
        let start = |r: usize| r.min(self.count - 1) * self.x_stride;
        let Some(x) = rows::<ROWS>(self.x, self.inputs, start) else { return };
        let sums = self.sums::<I, ROWS>(isa, x);
        for (r, sums) in sums.iter().enumerate() {
            if r < self.count {
                self.store(isa, sums, part_mut(target, r * self.stride, self.width));
            }
        }
    }

    #[inline(always)]
    fn sums<I: Isa, const ROWS: usize>(&self, isa: I, x: [&[f32]; ROWS]) -> [Sums<I, PANELS>; ROWS] {
        let mut sums = [self.start(isa); ROWS];
        for k in 0..self.inputs {
            for (p, panel) in self.panels.iter().enumerate() {
                let Some(group) = panel.get(k) else { break };
                for (v, weights) in I::whole(group).0.iter().enumerate() {
                    let weights = isa.read(weights);
                    for (sums, x) in sums.iter_mut().zip(x) {
                        let number = isa.splat(x.get(k).copied().unwrap_or_default());
                        sums[p][v] = isa.mul_add(number, weights, sums[p][v]);
                    }
                }
            }
        }
        sums
    }

    #[inline(always)]
    fn start<I: Isa>(&self, isa: I) -> Sums<I, PANELS> {
        let mut sums = [[isa.splat(0.0); PANEL]; PANELS];
        for (p, sums) in sums.iter_mut().enumerate() {
            for (v, sum) in sums.iter_mut().enumerate().take(PANEL / I::LANES) {
                *sum = isa.load(self.bias.get(p * PANEL + v * I::LANES..).unwrap_or_default());
            }
        }
        sums
    }

    #[inline(always)]
    fn store<I: Isa>(&self, isa: I, sums: &Sums<I, PANELS>, target: &mut [f32]) {
        for (p, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate().take(PANEL / I::LANES) {
                let target = target.get_mut(p * PANEL + v * I::LANES..).unwrap_or_default();
                isa.store(if self.accumulate { isa.add(sum, isa.load(target)) } else { sum }, target);
            }
        }
    }
}
