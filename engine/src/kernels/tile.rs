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
        let mut sums: [I::Strip<PANELS>; ROWS] = [isa.zeros(); ROWS];
        match self.start {
            Some(start) => sums = [read(isa, start); ROWS],
            None => sums.iter_mut().zip(&self.target).for_each(|(sums, target)| *sums = read(isa, target)),
        }
        for k in 0..inputs {
            let (Some(x), Some(weights)) = (all(&x, k), all(&panels, k)) else { break };
            add(isa, x, weights, &mut sums);
        }
        for (target, sums) in self.target.iter_mut().zip(sums) {
            write::<I, PANELS>(isa, sums, target);
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
        let mut sums: [I::Strip<PANELS>; ROWS] = [isa.zeros(); ROWS];
        for ((sums, target), &decay) in sums.iter_mut().zip(&self.target).zip(&self.decay) {
            *sums = read(isa, target);
            let decay = isa.splat(decay);
            I::vectors(sums).iter_mut().for_each(|sum| *sum = isa.mul(*sum, decay));
        }
        let factors = self.factors.chunks(self.factor_stride.max(1));
        for (factors, values) in factors.zip(self.values.chunks(self.value_stride.max(1))) {
            let Some(factors) = factors.first_chunk::<ROWS>() else { break };
            let Some(values) = values.as_chunks::<PANEL>().0.first_chunk::<PANELS>() else { break };
            add(isa, factors.each_ref(), values.each_ref(), &mut sums);
        }
        for (target, sums) in self.target.iter_mut().zip(sums) {
            write::<I, PANELS>(isa, sums, target);
        }
    }
}

/// The first `PANELS` panels of `numbers`.
#[inline(always)]
fn read<I: Isa, const PANELS: usize>(isa: I, numbers: &[[f32; PANEL]]) -> I::Strip<PANELS> {
    let mut strip = isa.zeros();
    if let Some(numbers) = numbers.first_chunk::<PANELS>() {
        let vectors = I::vectors::<PANELS>(&mut strip).iter_mut();
        vectors.zip(numbers.as_flattened().chunks(I::LANES)).for_each(|(vector, lanes)| *vector = isa.load(lanes));
    }
    strip
}

#[inline(always)]
fn write<I: Isa, const PANELS: usize>(isa: I, mut strip: I::Strip<PANELS>, target: &mut [[f32; PANEL]]) {
    let Some(target) = target.first_chunk_mut::<PANELS>() else { return };
    let vectors = I::vectors::<PANELS>(&mut strip).iter();
    vectors.zip(target.as_flattened_mut().chunks_mut(I::LANES)).for_each(|(&vector, lanes)| isa.store(vector, lanes));
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
    sums: &mut [I::Strip<PANELS>; ROWS],
) {
    if (PANELS * PANEL).div_ceil(I::LANES) < ROWS {
        let mut strip = isa.zeros();
        let vectors = I::vectors::<PANELS>(&mut strip);
        vectors.iter_mut().enumerate().for_each(|(index, vector)| *vector = isa.strip(&weights, index));
        for (sums, &number) in sums.iter_mut().zip(x) {
            let number = isa.splat(number);
            for (sum, &vector) in I::vectors(sums).iter_mut().zip(&*vectors) {
                *sum = isa.mul_add(number, vector, *sum);
            }
        }
    } else {
        for index in 0..(PANELS * PANEL).div_ceil(I::LANES) {
            let vector = isa.strip(&weights, index);
            for (sums, &number) in sums.iter_mut().zip(x) {
                if let Some(sum) = I::vectors(sums).get_mut(index) {
                    *sum = isa.mul_add(isa.splat(number), vector, *sum);
                }
            }
        }
    }
}
