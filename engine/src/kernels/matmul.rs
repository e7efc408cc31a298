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
use crate::isa::{Isa, Kernel};
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
    let panels = weight.as_chunks().0.get(column / PANEL * inputs..).unwrap_or_default();
    let mut padded = [[0.0; PANEL]; PANELS];
    padded.as_flattened_mut().iter_mut().zip(part(bias, column, width)).for_each(|(to, &from)| *to = from);
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
        let tile =
            Tile { count, inputs, x_stride, x, bias: &padded, panels, width, accumulate: accumulate && !aside, stride };
        match count {
            1 => isa.call(Rows::<PANELS, 1> { tile, target: &mut *target }),
            2 => isa.call(Rows::<PANELS, 2> { tile, target: &mut *target }),
            3 | 4 if ROWS > 4 => isa.call(Rows::<PANELS, 4> { tile, target: &mut *target }),
            _ => isa.call(Rows::<PANELS, ROWS> { tile, target: &mut *target }),
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

/// The first `PANELS` panels of `inputs` groups each.
#[inline(always)]
fn panels<const PANELS: usize>(groups: &[[f32; PANEL]], inputs: usize) -> Option<[&[[f32; PANEL]]; PANELS]> {
    let mut panels = [groups; PANELS];
    for (index, panel) in panels.iter_mut().enumerate() {
        *panel = groups.get(index * inputs..)?.get(..inputs)?;
    }
    Some(panels)
}

/// The first `count` pairs of each slice.
#[inline(always)]
fn pairs<'a, T, const N: usize>(slices: &[&'a [T]; N], count: usize) -> Option<[&'a [[T; 2]]; N]> {
    let mut pairs: [&[[T; 2]]; N] = [&[]; N];
    for (pairs, slice) in pairs.iter_mut().zip(slices) {
        *pairs = slice.as_chunks().0.get(..count)?;
    }
    Some(pairs)
}

/// The elements at `index`; in a loop over the common length of the slices the checks are compiled away.
#[inline(always)]
fn all<'a, T, const N: usize>(slices: &[&'a [T]; N], index: usize) -> Option<[&'a T; N]> {
    let mut elements = [slices.first()?.get(index)?; N];
    for (element, slice) in elements.iter_mut().zip(slices) {
        *element = slice.get(index)?;
    }
    Some(elements)
}

/// Adds the products of one input.
#[inline(always)]
fn add<I: Isa, const ROWS: usize, const PANELS: usize>(
    isa: I,
    x: [&f32; ROWS],
    weights: [&[f32; PANEL]; PANELS],
    sums: &mut [Sums<I, PANELS>; ROWS],
) {
    for (p, group) in weights.into_iter().enumerate() {
        for (v, weights) in I::whole(group).0.iter().enumerate() {
            let weights = isa.read(weights);
            for (sums, &number) in sums.iter_mut().zip(x) {
                sums[p][v] = isa.mul_add(isa.splat(number), weights, sums[p][v]);
            }
        }
    }
}

/// A block of rows times a strip of panels.
struct Tile<'a, const PANELS: usize> {
    /// Rows: those beyond repeat the last one and are not stored.
    count: usize,
    inputs: usize,
    x_stride: usize,
    x: &'a [f32],
    bias: &'a [[f32; PANEL]; PANELS],
    panels: &'a [[f32; PANEL]],
    /// Outputs to store of a row.
    width: usize,
    accumulate: bool,
    /// From one row of the target to the next.
    stride: usize,
}

/// A tile whose number of rows is known.
struct Rows<'a, 't, const PANELS: usize, const ROWS: usize> {
    tile: Tile<'a, PANELS>,
    target: &'t mut [f32],
}

impl<const PANELS: usize, const ROWS: usize> Kernel for Rows<'_, '_, PANELS, ROWS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        self.tile.run::<I, ROWS>(isa, self.target);
    }
}

/// The sums of one row, of which a vector ISA uses the first PANEL / LANES of each panel.
type Sums<I, const PANELS: usize> = [[<I as Isa>::F32; PANEL]; PANELS];

impl<const PANELS: usize> Tile<'_, PANELS> {
    #[inline(always)]
    fn run<I: Isa, const ROWS: usize>(&self, isa: I, target: &mut [f32]) {
        let start = |r: usize| r.min(self.count - 1) * self.x_stride;
        let Some(x) = rows::<ROWS>(self.x, self.inputs, start) else { return };
        let Some(panels) = panels::<PANELS>(self.panels, self.inputs) else { return };
        let mut sums = [self.start(isa); ROWS];
        let Some((x_pairs, panel_pairs)) = pairs(&x, self.inputs / 2).zip(pairs(&panels, self.inputs / 2)) else {
            return;
        };
        for pair in 0..self.inputs / 2 {
            // Two inputs a turn halve the cost of walking the pointers.
            let (Some(x), Some(weights)) = (all(&x_pairs, pair), all(&panel_pairs, pair)) else { break };
            add(isa, x.map(|[number, _]| number), weights.map(|[group, _]| group), &mut sums);
            add(isa, x.map(|[_, number]| number), weights.map(|[_, group]| group), &mut sums);
        }
        if self.inputs % 2 != 0
            && let (Some(x), Some(weights)) = (all(&x, self.inputs - 1), all(&panels, self.inputs - 1))
        {
            add(isa, x, weights, &mut sums);
        }
        for (r, sums) in sums.iter().enumerate() {
            if r < self.count {
                self.store(isa, sums, part_mut(target, r * self.stride, self.width));
            }
        }
    }

    #[inline(always)]
    fn start<I: Isa>(&self, isa: I) -> Sums<I, PANELS> {
        let mut sums = [[isa.splat(0.0); PANEL]; PANELS];
        for (sums, bias) in sums.iter_mut().zip(self.bias) {
            for (sum, bias) in sums.iter_mut().zip(I::whole(bias).0) {
                *sum = isa.read(bias);
            }
        }
        sums
    }

    #[inline(always)]
    fn store<I: Isa>(&self, isa: I, sums: &Sums<I, PANELS>, target: &mut [f32]) {
        for (p, sums) in sums.iter().enumerate() {
            let target = target.get_mut(p * PANEL..).unwrap_or_default();
            if let Some(target) = target.first_chunk_mut::<PANEL>() {
                store_panel(isa, sums, self.accumulate, target);
            } else {
                let mut panel = [0.0; PANEL];
                panel.iter_mut().zip(&*target).for_each(|(number, &before)| *number = before);
                store_panel(isa, sums, self.accumulate, &mut panel);
                target.iter_mut().zip(panel).for_each(|(target, number)| *target = number);
            }
        }
    }
}

#[inline(always)]
fn store_panel<I: Isa>(isa: I, sums: &[I::F32; PANEL], accumulate: bool, target: &mut [f32; PANEL]) {
    if accumulate {
        for (target, &sum) in target.chunks_exact_mut(I::LANES).zip(sums) {
            isa.store(isa.add(sum, isa.load(target)), target);
        }
    } else {
        for (target, &sum) in target.chunks_exact_mut(I::LANES).zip(sums) {
            isa.store(sum, target);
        }
    }
}
