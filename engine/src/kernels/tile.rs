//! The innermost loops: a few rows times a few panels, all sums in registers.

use crate::isa::{Isa, Kernel};
use percio_format::PANEL;

/// The operands of a tile of a matrix product. All rows have as many numbers as all panels have groups.
pub struct Tile<'a, const ROWS: usize, const PANELS: usize> {
    /// The rows.
    pub x: [&'a [f32]; ROWS],
    /// The panels.
    pub panels: [&'a [[f32; PANEL]]; PANELS],
    /// What the sums of every row start from; `None` for what the targets hold.
    pub start: Option<&'a [[f32; PANEL]; PANELS]>,
    /// For each row, where its sums go: `PANELS` panels of numbers.
    pub target: [&'a mut [[f32; PANEL]]; ROWS],
}

impl<const ROWS: usize, const PANELS: usize> Kernel for &mut Tile<'_, ROWS, PANELS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Some(inputs) = self.panels.first().map(|panel| panel.len()) else { return };
        let (Some(x), Some(panels)) = (cut(&self.x, inputs), cut(&self.panels, inputs)) else { return };
        let mut sums = match self.start {
            Some(start) => [read(isa, start); ROWS],
            None => {
                let mut sums = [read(isa, &[[0.0; PANEL]; PANELS]); ROWS];
                for (sums, target) in sums.iter_mut().zip(&self.target) {
                    *sums = target.first_chunk::<PANELS>().map_or(*sums, |target| read(isa, target));
                }
                sums
            }
        };
        for k in 0..inputs {
            let (Some(x), Some(weights)) = (all(&x, k), all(&panels, k)) else { break };
            add(isa, x, weights, &mut sums);
        }
        for (target, sums) in self.target.iter_mut().zip(&sums) {
            write(isa, sums, target);
        }
    }
}

/// The operands of a tile whose two factors both lie row by row: `target = target · decay + factorᵀ · values`.
pub struct Outer<'a, const ROWS: usize, const PANELS: usize> {
    /// One row a key, of which the first `ROWS` numbers are used.
    pub factors: &'a [f32],
    /// From one row of `factors` to the next.
    pub factor_stride: usize,
    /// One row a key; the first panels of each are used.
    pub values: &'a [f32],
    /// From one row of `values` to the next.
    pub value_stride: usize,
    /// Factors of what the targets hold.
    pub decay: [f32; ROWS],
    /// For each row, where its sums are: `PANELS` panels of numbers.
    pub target: [&'a mut [[f32; PANEL]]; ROWS],
}

impl<const ROWS: usize, const PANELS: usize> Kernel for &mut Outer<'_, ROWS, PANELS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let mut sums = [[[isa.splat(0.0); PANEL]; PANELS]; ROWS];
        for ((sums, target), &decay) in sums.iter_mut().zip(&self.target).zip(&self.decay) {
            let Some(target) = target.first_chunk::<PANELS>() else { return };
            for (sums, before) in sums.iter_mut().zip(read(isa, target)) {
                for (sum, before) in sums.iter_mut().zip(before).take(PANEL / I::LANES) {
                    *sum = isa.mul(before, isa.splat(decay));
                }
            }
        }
        let factors = self.factors.chunks(self.factor_stride.max(1));
        for (factors, values) in factors.zip(self.values.chunks(self.value_stride.max(1))) {
            let Some(factors) = factors.first_chunk::<ROWS>() else { break };
            let Some(values) = values.as_chunks::<PANEL>().0.first_chunk::<PANELS>() else { break };
            add(isa, factors.each_ref(), values.each_ref(), &mut sums);
        }
        for (target, sums) in self.target.iter_mut().zip(&sums) {
            write(isa, sums, target);
        }
    }
}

/// The sums of one row, of which a vector ISA uses the first PANEL / LANES of each panel.
type Sums<I, const PANELS: usize> = [[<I as Isa>::F32; PANEL]; PANELS];

#[inline(always)]
fn read<I: Isa, const PANELS: usize>(isa: I, numbers: &[[f32; PANEL]; PANELS]) -> Sums<I, PANELS> {
    let mut sums = [[isa.splat(0.0); PANEL]; PANELS];
    for (sums, numbers) in sums.iter_mut().zip(numbers) {
        for (sum, numbers) in sums.iter_mut().zip(I::whole(numbers).0) {
            *sum = isa.read(numbers);
        }
    }
    sums
}

#[inline(always)]
fn write<I: Isa, const PANELS: usize>(isa: I, sums: &Sums<I, PANELS>, target: &mut [[f32; PANEL]]) {
    for (target, sums) in target.iter_mut().zip(sums) {
        for (target, &sum) in target.chunks_exact_mut(I::LANES).zip(sums) {
            isa.store(sum, target);
        }
    }
}

/// The first `len` elements of each slice.
#[inline(always)]
fn cut<'a, T, const N: usize>(slices: &[&'a [T]; N], len: usize) -> Option<[&'a [T]; N]> {
    let mut cut = *slices;
    for slice in &mut cut {
        *slice = slice.get(..len)?;
    }
    Some(cut)
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

/// Adds the products of one input. What is fewer, rows or vectors of weights, is loaded first and held.
#[inline(always)]
fn add<I: Isa, const ROWS: usize, const PANELS: usize>(
    isa: I,
    x: [&f32; ROWS],
    weights: [&[f32; PANEL]; PANELS],
    sums: &mut [Sums<I, PANELS>; ROWS],
) {
    if PANELS * PANEL / I::LANES < ROWS {
        let mut vectors = [[isa.splat(0.0); PANEL]; PANELS];
        for (vectors, group) in vectors.iter_mut().zip(weights) {
            for (vector, weights) in vectors.iter_mut().zip(I::whole(group).0) {
                *vector = isa.read(weights);
            }
        }
        for (sums, &number) in sums.iter_mut().zip(x) {
            let number = isa.splat(number);
            for (sums, vectors) in sums.iter_mut().zip(&vectors) {
                for (sum, &vector) in sums.iter_mut().zip(vectors).take(PANEL / I::LANES) {
                    *sum = isa.mul_add(number, vector, *sum);
                }
            }
        }
    } else {
        for (p, group) in weights.into_iter().enumerate() {
            for (v, weights) in I::whole(group).0.iter().enumerate() {
                let weights = isa.read(weights);
                for (sums, &number) in sums.iter_mut().zip(x) {
                    sums[p][v] = isa.mul_add(isa.splat(number), weights, sums[p][v]);
                }
            }
        }
    }
}
