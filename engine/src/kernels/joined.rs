//! Matrix × packed matrix for vectors wider than a panel, and many rows: what is read again and again stays near.
//!
//! ```text
//! for each group of strips of panels   what they make of all rows stays in the second nearest memory
//!   for each part of the inputs        and so do the rows' parts
//!     for each strip
//!       lay its weights side by side   in the nearest memory, once for all rows; then one load fills a vector
//!       for each block of rows         the sums of the part before are where they will be
//!         out (+)= x · weights         one tile
//! ```
//! The sums are those of [`super::matmul::tiled`], bit for bit; only where outputs that fill no strip are added to what `out` holds
//! are they summed in another order.

use super::matmul::Matmul;
use super::tile::Joined;
use super::{activation, block, part, part_mut};
use crate::isa::{Downward, Isa, Strided, StridedMut};
use percio_format::PANEL;

/// The product in tiles of up to `ROWS` rows by up to `PANELS` panels, `DEPTH` inputs and `STRIPS` strips at a time. With
/// `accumulate` there is no activation.
#[inline(always)]
pub fn product<I: Isa, const ROWS: usize, const PANELS: usize, const DEPTH: usize, const STRIPS: usize>(
    isa: I,
    mut product: Matmul<'_>,
) {
    let Matmul { inputs, outputs, .. } = product;
    let mut weights = Weights::<PANELS, DEPTH>::NEW;
    for group in (0..outputs).step_by(STRIPS * PANELS * PANEL) {
        let end = outputs.min(group + STRIPS * PANELS * PANEL);
        let mut first = 0;
        loop {
            let depth = DEPTH.min(inputs - first);
            for column in (group..end).step_by(PANELS * PANEL) {
                let strip = Strip { column, width: (PANELS * PANEL).min(end - column), first, depth };
                strip.join(&product, &mut weights.0);
                // As few vectors as hold what is left of the outputs.
                if PANELS > 2 && strip.width <= 2 * PANEL {
                    strip.run::<I, ROWS, 2, PANELS, DEPTH>(isa, &mut product, &weights.0);
                } else {
                    strip.run::<I, ROWS, PANELS, PANELS, DEPTH>(isa, &mut product, &weights.0);
                }
            }
            first += DEPTH;
            if first >= inputs {
                break;
            }
        }
    }
}

/// The weights of a strip, side by side: one row an input.
// A vector that lies across two lines of the nearest memory takes twice as long to read.
#[cfg_attr(target_arch = "x86_64", repr(align(64)))]
struct Weights<const PANELS: usize, const DEPTH: usize>([[[f32; PANEL]; PANELS]; DEPTH]);

impl<const PANELS: usize, const DEPTH: usize> Weights<PANELS, DEPTH> {
    /// A constant: a literal in place would be made elsewhere and copied.
    const NEW: Self = Self([[[0.0; PANEL]; PANELS]; DEPTH]);
}

/// `width` outputs from `column` on, and `depth` inputs from `first` on.
#[derive(Clone, Copy)]
struct Strip {
    column: usize,
    width: usize,
    first: usize,
    depth: usize,
}

impl Strip {
    /// The panel of weights that makes the outputs from `column` on: the strip's inputs.
    #[inline(always)]
    fn panel<'a>(&self, product: &Matmul<'a>, column: usize) -> &'a [[f32; PANEL]] {
        part(product.weight.as_chunks().0, column / PANEL * product.inputs + self.first, self.depth)
    }

    /// Lays the weights side by side.
    #[inline(always)]
    fn join<const PANELS: usize, const DEPTH: usize>(
        &self,
        product: &Matmul<'_>,
        joined: &mut [[[f32; PANEL]; PANELS]; DEPTH],
    ) {
        for p in 0..self.width.div_ceil(PANEL) {
            for (to, from) in joined.iter_mut().zip(self.panel(product, self.column + p * PANEL)) {
                if let Some(to) = to.get_mut(p) {
                    *to = *from;
                }
            }
        }
    }

    /// All rows, in tiles of `USED` of the `PANELS` panels.
    #[inline(always)]
    fn run<I: Isa, const ROWS: usize, const USED: usize, const PANELS: usize, const DEPTH: usize>(
        &self,
        isa: I,
        product: &mut Matmul<'_>,
        weights: &[[[f32; PANEL]; PANELS]; DEPTH],
    ) {
        let mut start = [[0.0; PANEL]; USED];
        let bias = part(product.bias, self.column, self.width);
        start.as_flattened_mut().iter_mut().zip(bias).for_each(|(to, &from)| *to = from);
        let weights = weights.as_flattened().as_flattened();
        let Some(weights) = Downward::<[[f32; PANEL]; USED]>::panels(weights, PANELS * PANEL, self.depth) else {
            return;
        };
        let mut row = 0;
        while row < product.rows {
            let count = block(product.rows - row, ROWS);
            self.prefetch(isa, product, row, count);
            let weights = weights.clone();
            match count {
                1 => self.block::<I, 1, USED>(isa, product, row, weights, &start),
                2 => self.block::<I, 2, USED>(isa, product, row, weights, &start),
                4 if ROWS > 4 => self.block::<I, 4, USED>(isa, product, row, weights, &start),
                _ => self.block::<I, ROWS, USED>(isa, product, row, weights, &start),
            }
            row += count;
        }
    }

    /// Asks for some of the weights of the next strip, so that all are asked for when the last row is done, and for what the
    /// outputs of the next rows hold.
    #[inline(always)]
    fn prefetch<I: Isa>(&self, isa: I, product: &Matmul<'_>, row: usize, count: usize) {
        let Matmul { rows, outputs, out_stride, ref out, .. } = *product;
        let (from, to) = (row * self.depth / rows, (row + count) * self.depth / rows);
        let next = self.column + self.width;
        for column in (next..outputs.min(next + self.width)).step_by(PANEL) {
            let panel = self.panel(product, column).get(from..to).unwrap_or_default();
            isa.prefetch(panel.as_flattened());
        }
        for row in row + count..rows.min(row + 2 * count) {
            isa.prefetch_near(part(out, row * out_stride + self.column, self.width));
        }
    }

    /// The products of `ROWS` rows from `row` on.
    #[inline(always)]
    fn block<I: Isa, const ROWS: usize, const USED: usize>(
        &self,
        isa: I,
        product: &mut Matmul<'_>,
        row: usize,
        weights: Downward<'_, [[f32; PANEL]; USED]>,
        bias: &[[f32; PANEL]; USED],
    ) {
        let Matmul { inputs, x, x_stride, out_stride, activation, accumulate, .. } = *product;
        let x = x.get(row * x_stride + self.first..).unwrap_or_default();
        let Some(x) = Strided::<_, ROWS>::new(x, x_stride, self.depth) else { return };
        let out = product.out.get_mut(row * out_stride + self.column..).unwrap_or_default();
        if self.first == 0 && accumulate {
            (0..ROWS).for_each(|r| add(isa, bias.as_flattened(), part_mut(out, r * out_stride, self.width)));
        }
        let start = (self.first == 0 && !accumulate).then_some(bias);
        if self.width == USED * PANEL {
            let Some(target) = StridedMut::new(&mut *out, out_stride, ROWS, USED * PANEL) else { return };
            isa.call(&mut Joined { x, weights, start, target });
        } else {
            let mut sums = [[[0.0; PANEL]; USED]; ROWS];
            for (r, sums) in sums.iter_mut().enumerate() {
                copy(isa, part(out, r * out_stride, self.width), sums.as_flattened_mut());
            }
            let numbers = sums.as_flattened_mut().as_flattened_mut();
            let Some(target) = StridedMut::new(numbers, USED * PANEL, ROWS, USED * PANEL) else { return };
            isa.call(&mut Joined { x, weights, start, target });
            for (r, sums) in sums.iter().enumerate() {
                copy(isa, sums.as_flattened(), part_mut(out, r * out_stride, self.width));
            }
        }
        if let (true, Some(mut target)) =
            (self.first + self.depth == inputs, StridedMut::new(out, out_stride, ROWS, self.width))
        {
            activation::apply(isa, activation, &mut target);
        }
    }
}

/// `to = from`, as far as both reach.
#[inline(always)]
fn copy<I: Isa>(isa: I, from: &[f32], to: &mut [f32]) {
    for (to, from) in to.chunks_mut(I::LANES).zip(from.chunks(I::LANES)) {
        isa.store(isa.load(from), to);
    }
}

/// `to += from`, as far as both reach.
#[inline(always)]
fn add<I: Isa>(isa: I, from: &[f32], to: &mut [f32]) {
    for (to, from) in to.chunks_mut(I::LANES).zip(from.chunks(I::LANES)) {
        isa.store(isa.add(isa.load(to), isa.load(from)), to);
    }
}

#[cfg(test)]
mod tests {
    use super::super::matmul;
    use super::*;
    use crate::isa::Scalar;
    use percio_format::Activation;

    const MOST: usize = 4000;

    fn numbers<const N: usize>(seed: u32) -> [f32; N] {
        core::array::from_fn(|i| ((i as u32 + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
    }

    /// Whole strips and the rest, one part of the inputs and several, in the order of sums that the tiles have.
    #[test]
    fn the_sums_are_those_of_tiles() {
        let (x, weight, bias) = (numbers::<MOST>(1), numbers::<MOST>(2), numbers::<64>(3));
        for (rows, inputs, outputs) in
            [(1, 7, 16), (5, 8, 19), (13, 9, 40), (3, 25, 33), (12, 1, 47), (2, 0, 16), (13, 17, 48)]
        {
            let is_whole = usize::is_multiple_of(outputs, 2 * PANEL);
            let summed = is_whole.then_some((true, Activation::Identity));
            for (accumulate, activation) in
                [(false, Activation::Identity), (false, Activation::GeluErf)].into_iter().chain(summed)
            {
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
                super::product::<Scalar, 6, 2, 8, 1>(Scalar, product(&mut ours));
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
