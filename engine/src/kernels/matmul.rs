//! Matrix × packed matrix: `out = act(x · Wᵀ + bias)`, optionally added to what `out` holds.
//!
//! ```text
//! for each panel of 8 outputs            its weights stay in the nearest memory
//!   for each block of rows               every weight loaded serves the whole block
//!     acc = bias
//!     for k: acc[row] += x[row][k] · panel[k]
//!     out = act(acc)
//! ```

use super::activation::{Activation, activate};
use super::{part, part_mut};
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

/// The product in tiles of four rows by one panel.
#[inline(always)]
pub fn tiled<I: Isa>(isa: I, product: Matmul<'_>) {
    let Matmul { rows, inputs, outputs, x_stride, out_stride, activation, accumulate, x, weight, bias, out } = product;
    for (index, panel) in weight.chunks_exact((PANEL * inputs).max(1)).enumerate() {
        let column = index * PANEL;
        let width = PANEL.min(outputs - column);
        let bias = part(bias, column, width);
        let mut row = 0;
        while row < rows {
            let count = ROWS.min(rows - row);
            let source: [&[f32]; ROWS] = core::array::from_fn(|r| part(x, (row + r.min(count - 1)) * x_stride, inputs));
            let sums = if count == 1 { tile_row(isa, source[0], panel, bias) } else { tile(isa, source, panel, bias) };
            for (r, sums) in sums.iter().enumerate().take(count) {
                let target = part_mut(out, (row + r) * out_stride + column, width);
                finish(isa, sums, activation, accumulate, target);
            }
            row += count;
        }
    }
}

/// Rows in a tile.
const ROWS: usize = 4;

/// The sums of one panel, of which a vector ISA uses the first PANEL / LANES.
type Sums<I> = [<I as Isa>::F32; PANEL];

/// Sums of four rows.
#[inline(always)]
fn tile<I: Isa>(isa: I, [a, b, c, d]: [&[f32]; ROWS], panel: &[f32], bias: &[f32]) -> [Sums<I>; ROWS] {
    let mut sums = [start(isa, bias); ROWS];
    for ((((weights, a), b), c), d) in panel.chunks_exact(PANEL).zip(a).zip(b).zip(c).zip(d) {
        for (v, weights) in weights.chunks_exact(I::LANES).enumerate() {
            let weights = isa.load(weights);
            for (sums, number) in sums.iter_mut().zip([a, b, c, d]) {
                sums[v] = isa.mul_add(isa.splat(*number), weights, sums[v]);
            }
        }
    }
    sums
}

/// Sums of one row; the others repeat it.
#[inline(always)]
fn tile_row<I: Isa>(isa: I, row: &[f32], panel: &[f32], bias: &[f32]) -> [Sums<I>; ROWS] {
    let mut sums = start(isa, bias);
    for (weights, number) in panel.chunks_exact(PANEL).zip(row) {
        for (v, weights) in weights.chunks_exact(I::LANES).enumerate() {
            sums[v] = isa.mul_add(isa.splat(*number), isa.load(weights), sums[v]);
        }
    }
    [sums; ROWS]
}

#[inline(always)]
fn start<I: Isa>(isa: I, bias: &[f32]) -> Sums<I> {
    core::array::from_fn(|v| isa.load(bias.get(v * I::LANES..).unwrap_or_default()))
}

#[inline(always)]
fn finish<I: Isa>(isa: I, sums: &Sums<I>, activation: Activation, accumulate: bool, target: &mut [f32]) {
    for (target, &sum) in target.chunks_mut(I::LANES).zip(sums) {
        let mut sum = activate(isa, activation, sum);
        if accumulate {
            sum = isa.add(sum, isa.load(target));
        }
        isa.store(sum, target);
    }
}
