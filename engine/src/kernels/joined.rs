//! Matrix × packed matrix for vectors wider than a panel: the panels of a strip are laid side by side first.
//!
//! ```text
//! for each strip of panels
//!   for each part of the inputs
//!     lay its weights side by side       once for all rows; then one load fills a vector
//!     for each block of rows             the sums of the part before are where they will be
//!       out (+)= x · weights             one tile
//! ```
//! The sums are those of [`super::matmul::tiled`], bit for bit.

use super::matmul::{self, Matmul};
use super::tile::{read, write};
use super::{activation, block, part};
use crate::isa::{Isa, Kernel, Strided, StridedMut};
use percio_format::{Activation, PANEL};

/// The product in tiles of up to `ROWS` rows by `PANELS` panels, `DEPTH` inputs at a time. What is no whole strip goes
/// to [`matmul::tiled`], and so do products that are applied to an activation before they are added.
#[inline(always)]
pub fn product<I: Isa, const ROWS: usize, const PANELS: usize, const DEPTH: usize>(isa: I, mut product: Matmul<'_>) {
    let Matmul { inputs, outputs, activation, accumulate, weight, bias, .. } = product;
    let fits = !accumulate || activation == Activation::Identity;
    let whole = if fits { outputs / (PANELS * PANEL) * (PANELS * PANEL) } else { 0 };
    let mut joined = [[[0.0; PANEL]; PANELS]; DEPTH];
    for column in (0..whole).step_by(PANELS * PANEL) {
        let weight = weight.as_chunks().0.get(column / PANEL * inputs..).unwrap_or_default();
        strip::<I, ROWS, PANELS, DEPTH>(isa, &mut product, column, weight, &mut joined);
    }
    let rest = Matmul {
        outputs: outputs - whole,
        weight: weight.get(whole * inputs..).unwrap_or_default(),
        bias: bias.get(whole..).unwrap_or_default(),
        out: product.out.get_mut(whole..).unwrap_or_default(),
        ..product
    };
    matmul::tiled::<I, ROWS, PANELS>(isa, rest);
}

/// All rows of the outputs that the first panels of `weight` make, from `column` on.
#[inline(always)]
fn strip<I: Isa, const ROWS: usize, const PANELS: usize, const DEPTH: usize>(
    isa: I,
    product: &mut Matmul<'_>,
    column: usize,
    weight: &[[f32; PANEL]],
    joined: &mut [[[f32; PANEL]; PANELS]; DEPTH],
) {
    let Matmul { rows, inputs, bias, accumulate, .. } = *product;
    let mut start = [[0.0; PANEL]; PANELS];
    start.as_flattened_mut().iter_mut().zip(part(bias, column, PANELS * PANEL)).for_each(|(to, &from)| *to = from);
    let mut first = 0;
    loop {
        let depth = DEPTH.min(inputs - first);
        join(weight, inputs, first, joined.get_mut(..depth).unwrap_or_default());
        let weights = joined.get(..depth).unwrap_or_default();
        let begin = match (first, accumulate) {
            (0, false) => Begin::At(&start),
            (0, true) => Begin::Add(&start),
            _ => Begin::On,
        };
        let slab = Slab { column, first, is_last: first + depth == inputs, weights, begin };
        let mut row = 0;
        while row < rows {
            let count = block(rows - row, ROWS);
            match count {
                1 => slab.block::<I, 1>(isa, product, row),
                2 => slab.block::<I, 2>(isa, product, row),
                4 if ROWS > 4 => slab.block::<I, 4>(isa, product, row),
                _ => slab.block::<I, ROWS>(isa, product, row),
            }
            row += count;
        }
        first += depth;
        if first >= inputs {
            break;
        }
    }
}

/// Lays inputs `first` and after of the first `PANELS` panels of `weight`, each of `inputs` groups, side by side.
#[inline(always)]
fn join<const PANELS: usize>(
    weight: &[[f32; PANEL]],
    inputs: usize,
    first: usize,
    joined: &mut [[[f32; PANEL]; PANELS]],
) {
    for (p, panel) in weight.chunks(inputs.max(1)).enumerate().take(PANELS) {
        for (to, from) in joined.iter_mut().zip(panel.get(first..).unwrap_or_default()) {
            if let Some(to) = to.get_mut(p) {
                *to = *from;
            }
        }
    }
}

/// What the sums of a part of the inputs start from.
#[derive(Clone, Copy)]
enum Begin<'a, const PANELS: usize> {
    /// These numbers.
    At(&'a [[f32; PANEL]; PANELS]),
    /// What the outputs hold, plus these.
    Add(&'a [[f32; PANEL]; PANELS]),
    /// What the outputs hold.
    On,
}

/// A part of the inputs of a strip.
struct Slab<'a, const PANELS: usize> {
    column: usize,
    first: usize,
    is_last: bool,
    /// One row an input.
    weights: &'a [[[f32; PANEL]; PANELS]],
    begin: Begin<'a, PANELS>,
}

impl<const PANELS: usize> Slab<'_, PANELS> {
    #[inline(always)]
    fn block<I: Isa, const ROWS: usize>(&self, isa: I, product: &mut Matmul<'_>, row: usize) {
        let Matmul { x_stride, out_stride, activation, x, .. } = *product;
        let x = x.get(row * x_stride + self.first..).unwrap_or_default();
        let out = product.out.get_mut(row * out_stride + self.column..).unwrap_or_default();
        let x = Strided::<_, ROWS>::new(x, x_stride, self.weights.len());
        let target = StridedMut::new(out, out_stride, ROWS, PANELS * PANEL);
        let (Some(x), Some(target)) = (x, target) else { return };
        let mut tile = Tile { x, weights: self.weights, begin: self.begin, target };
        isa.call(&mut tile);
        if self.is_last {
            activation::apply(isa, activation, &mut tile.target);
        }
    }
}

/// The operands of a tile: `target = begin + x · weights`.
struct Tile<'a, const ROWS: usize, const PANELS: usize> {
    x: Strided<'a, f32, ROWS>,
    weights: &'a [[[f32; PANEL]; PANELS]],
    begin: Begin<'a, PANELS>,
    target: StridedMut<'a>,
}

impl<const ROWS: usize, const PANELS: usize> Kernel for &mut Tile<'_, ROWS, PANELS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let mut sums: [I::Strip<PANELS>; ROWS] = [isa.zeros(); ROWS];
        for (r, sums) in sums.iter_mut().enumerate() {
            let Some(target) = self.target.panels::<PANELS>(r) else { return };
            *sums = match self.begin {
                Begin::At(start) => read::<I, PANELS>(isa, start),
                Begin::On => read::<I, PANELS>(isa, target),
                Begin::Add(start) => {
                    let (mut held, mut start) = (read::<I, PANELS>(isa, target), read::<I, PANELS>(isa, start));
                    for (held, start) in I::vectors(&mut held).iter_mut().zip(I::vectors(&mut start).iter()) {
                        *held = isa.add(*held, *start);
                    }
                    held
                }
            };
        }
        for (k, weights) in self.weights.iter().enumerate() {
            let Some(x) = self.x.column(k) else { break };
            let mut weights = read::<I, PANELS>(isa, weights);
            let weights = I::vectors::<PANELS>(&mut weights);
            for (sums, &number) in sums.iter_mut().zip(x) {
                let number = isa.splat(number);
                for (sum, &weights) in I::vectors(sums).iter_mut().zip(&*weights) {
                    *sum = isa.mul_add(number, weights, *sum);
                }
            }
        }
        write::<I, ROWS, PANELS>(isa, sums, &mut self.target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Scalar;

    const MOST: usize = 4000;

    fn numbers<const N: usize>(seed: u32) -> [f32; N] {
        core::array::from_fn(|i| ((i as u32 + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
    }

    /// Whole strips and the rest, one part of the inputs and several, in the order of sums that the tiles have.
    #[test]
    fn the_sums_are_those_of_tiles() {
        let (x, weight, bias) = (numbers::<MOST>(1), numbers::<MOST>(2), numbers::<64>(3));
        for (rows, inputs, outputs) in [(1, 7, 16), (5, 8, 19), (13, 9, 40), (3, 25, 33), (12, 1, 47), (2, 0, 16)] {
            for (accumulate, activation) in [
                (false, Activation::Identity),
                (false, Activation::GeluErf),
                (true, Activation::Identity),
                (true, Activation::Relu),
            ] {
                let product = |out| Matmul {
                    rows,
                    inputs,
                    outputs,
                    x_stride: inputs + 2,
                    out_stride: outputs + 1,
                    activation,
                    accumulate,
                    x: &x,
                    weight: &weight,
                    bias: &bias,
                    out,
                };
                let (mut ours, mut theirs) = (numbers::<MOST>(4), numbers::<MOST>(4));
                super::product::<Scalar, 6, 2, 8>(Scalar, product(&mut ours));
                matmul::tiled::<Scalar, 6, 2>(Scalar, product(&mut theirs));
                assert_eq!(
                    ours.map(f32::to_bits),
                    theirs.map(f32::to_bits),
                    "{rows} × {inputs} × {outputs}, {accumulate}"
                );
            }
        }
    }
}
