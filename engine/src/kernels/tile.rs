//! The innermost loops: a few rows times a few panels, all sums in registers.

use super::weight::Weight;
use crate::isa::{Downward, Isa, Kernel, Strided, StridedMut};
use core::ops::Range;
use percio_format::PANEL;

/// Inputs from one prefetch to the next.
const STEP: usize = 16;
/// Weights of whole lines of the nearest memory, of any type.
pub(super) const LINES: usize = 32;

/// The operands of a tile of a matrix product: `target = start + x · panelsᵀ`.
pub struct Tile<'a, const ROWS: usize, const PANELS: usize, W = f32> {
    /// The rows.
    pub x: Strided<'a, f32, ROWS>,
    /// Panels of as many groups as rows have numbers.
    pub panels: Strided<'a, [W; PANEL], PANELS>,
    /// What the sums of every row start from; `None` for what the target holds.
    pub start: Option<&'a [[f32; PANEL]; PANELS]>,
    /// `ROWS` rows of `PANELS` panels of sums.
    pub target: StridedMut<'a>,
    /// What will be read soon, brought nearer meanwhile.
    pub ahead: &'a [W],
}

impl<W: Weight, const ROWS: usize, const PANELS: usize> Kernel for &mut Tile<'_, ROWS, PANELS, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let mut sums: [I::Strip<PANELS>; ROWS] = [isa.zeros(); ROWS];
        begin::<I, ROWS, PANELS>(isa, self.start, &mut self.target, &mut sums);
        let mut k = 0;
        if I::OVERLAPS && !self.ahead.is_empty() {
            let steps = self.x.width() / STEP;
            let share = self.ahead.len().div_ceil(steps.max(1)).next_multiple_of(LINES);
            for ahead in self.ahead.chunks(share).take(steps) {
                isa.prefetch(ahead);
                self.add(isa, k..k + STEP, &mut sums);
                k += STEP;
            }
        }
        self.add(isa, k..self.x.width(), &mut sums);
        write::<I, ROWS, PANELS>(isa, &mut sums, &mut self.target);
    }
}

impl<W: Weight, const ROWS: usize, const PANELS: usize> Tile<'_, ROWS, PANELS, W> {
    /// The tile, which asks for nothing ahead: where it is made for a shape, half as much to compile.
    #[inline(always)]
    pub(super) fn run_alone<I: Isa>(&mut self, isa: I) {
        let mut sums: [I::Strip<PANELS>; ROWS] = [isa.zeros(); ROWS];
        begin::<I, ROWS, PANELS>(isa, self.start, &mut self.target, &mut sums);
        self.add(isa, 0..self.x.width(), &mut sums);
        write::<I, ROWS, PANELS>(isa, &mut sums, &mut self.target);
    }

    /// Adds the products of some inputs.
    #[inline(always)]
    fn add<I: Isa>(&self, isa: I, inputs: Range<usize>, sums: &mut [I::Strip<PANELS>; ROWS]) {
        for k in inputs {
            let (Some(x), Some(weights)) = (self.x.column(k), self.panels.column(k)) else { break };
            add::<I, _, ROWS, PANELS>(isa, x, &weights, sums);
        }
    }
}

/// The operands of several tiles, one below the other: a call takes as long as a large part of a tile of few inputs.
pub struct Tiles<'a, const ROWS: usize, const PANELS: usize, W = f32> {
    /// Tiles.
    pub count: usize,
    /// Their rows, `x_stride` apart.
    pub x: &'a [f32],
    /// From one row of `x` to the next.
    pub x_stride: usize,
    /// Numbers of a row.
    pub inputs: usize,
    /// Panels of as many groups.
    pub panels: Strided<'a, [W; PANEL], PANELS>,
    /// What the sums of every row start from, or what is added to them.
    pub start: &'a [[f32; PANEL]; PANELS],
    /// Whether the sums start from what `out` holds, too.
    pub accumulate: bool,
    /// `ROWS` rows of `PANELS` panels of sums for each tile, `out_stride` apart.
    pub out: &'a mut [f32],
    /// From one row of `out` to the next.
    pub out_stride: usize,
    /// What will be read soon: each tile brings a part of it nearer.
    pub ahead: core::slice::Chunks<'a, W>,
}

impl<W: Weight, const ROWS: usize, const PANELS: usize> Kernel for Tiles<'_, ROWS, PANELS, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) {
        let (panels, inputs) = (self.panels, self.inputs);
        for row in (0..self.count).map(|tile| tile * ROWS) {
            let x = self.x.get(row * self.x_stride..).unwrap_or_default();
            let out = self.out.get_mut(row * self.out_stride..).unwrap_or_default();
            let target = StridedMut::new(out, self.out_stride, ROWS, PANELS * PANEL);
            let (Some(x), Some(mut target)) = (Strided::new(x, self.x_stride, inputs), target) else { return };
            if self.accumulate {
                add_start(isa, self.start, &mut target, ROWS);
            }
            let start = (!self.accumulate).then_some(self.start);
            let ahead = self.ahead.next().unwrap_or_default();
            (&mut Tile::<ROWS, PANELS, W> { x, panels, start, target, ahead }).run(isa);
        }
    }
}

/// Adds what the sums start from to the first `rows` rows of `target`.
#[inline(always)]
pub(super) fn add_start<I: Isa, const PANELS: usize>(
    isa: I,
    start: &[[f32; PANEL]; PANELS],
    target: &mut StridedMut<'_>,
    rows: usize,
) {
    for row in 0..rows {
        let Some(target) = target.row(row) else { return };
        for (target, start) in target.chunks_mut(I::LANES).zip(start.as_flattened().chunks(I::LANES)) {
            isa.store(isa.add(isa.load(target), isa.load(start)), target);
        }
    }
}

/// The operands of a [`Tile`] whose panels lie side by side.
pub struct Joined<'a, const ROWS: usize, const PANELS: usize> {
    /// The rows.
    pub x: Strided<'a, f32, ROWS>,
    /// One row a number of those of `x`.
    pub weights: Downward<'a, [[f32; PANEL]; PANELS]>,
    /// What the sums of every row start from; `None` for what the target holds.
    pub start: Option<&'a [[f32; PANEL]; PANELS]>,
    /// `ROWS` rows of `PANELS` panels of sums.
    pub target: StridedMut<'a>,
}

impl<const ROWS: usize, const PANELS: usize> Kernel for &mut Joined<'_, ROWS, PANELS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let mut sums: [I::Strip<PANELS>; ROWS] = [isa.zeros(); ROWS];
        begin::<I, ROWS, PANELS>(isa, self.start, &mut self.target, &mut sums);
        for (k, weights) in self.weights.clone().enumerate() {
            let Some(x) = self.x.column(k) else { break };
            add::<I, _, ROWS, PANELS>(isa, x, weights, &mut sums);
        }
        write::<I, ROWS, PANELS>(isa, &mut sums, &mut self.target);
    }
}

/// The operands of a tile whose two factors both lie row by row: `target = (target · decay + factorᵀ · values) · finish`.
pub struct Outer<'a, const ROWS: usize, const PANELS: usize> {
    /// Rows of factors and of values.
    pub keys: usize,
    /// One row a key, of which the first `ROWS` numbers are used.
    pub factors: &'a [f32],
    /// From one row of `factors` to the next.
    pub factor_stride: usize,
    /// One row a key; the first panels of each are used.
    pub values: &'a [f32],
    /// From one row of `values` to the next.
    pub value_stride: usize,
    /// Factors of what the targets hold; `None` where they hold nothing yet.
    pub decay: Option<[f32; ROWS]>,
    /// Factors of the sums, where they are complete.
    pub finish: Option<[f32; ROWS]>,
    /// `ROWS` rows of `PANELS` panels of sums.
    pub target: StridedMut<'a>,
}

impl<const ROWS: usize, const PANELS: usize> Kernel for &mut Outer<'_, ROWS, PANELS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let mut sums: [I::Strip<PANELS>; ROWS] = [isa.zeros(); ROWS];
        if let Some(decay) = &self.decay {
            for (r, (sums, &decay)) in sums.iter_mut().zip(decay).enumerate() {
                let Some(target) = self.target.panels::<PANELS>(r) else { return };
                read::<I, PANELS>(isa, target, sums);
                scale::<I, PANELS>(isa, sums, decay);
            }
        }
        let values = Downward::panels(self.values, self.value_stride, self.keys);
        let factors = Downward::numbers(self.factors, self.factor_stride, self.keys);
        let (Some(factors), Some(values)) = (factors, values) else { return };
        for (factors, values) in factors.zip(values) {
            add::<I, _, ROWS, PANELS>(isa, factors.each_ref(), values, &mut sums);
        }
        if let Some(finish) = &self.finish {
            sums.iter_mut().zip(finish).for_each(|(sums, &finish)| scale::<I, PANELS>(isa, sums, finish));
        }
        write::<I, ROWS, PANELS>(isa, &mut sums, &mut self.target);
    }
}

/// All numbers of a strip times `factor`.
#[inline(always)]
fn scale<I: Isa, const PANELS: usize>(isa: I, strip: &mut I::Strip<PANELS>, factor: f32) {
    let factor = isa.splat(factor);
    for vector in I::vectors(strip) {
        *vector = isa.mul(*vector, factor);
    }
}

/// `sums = start`, or what `target` holds.
#[inline(always)]
fn begin<I: Isa, const ROWS: usize, const PANELS: usize>(
    isa: I,
    start: Option<&[[f32; PANEL]; PANELS]>,
    target: &mut StridedMut<'_>,
    sums: &mut [I::Strip<PANELS>; ROWS],
) {
    if let Some(start) = start {
        sums.iter_mut().for_each(|sums| read::<I, PANELS>(isa, start, sums));
        return;
    }
    for (r, sums) in sums.iter_mut().enumerate() {
        let Some(target) = target.panels::<PANELS>(r) else { return };
        read::<I, PANELS>(isa, target, sums);
    }
}

/// `strip = numbers`
#[inline(always)]
fn read<I: Isa, const PANELS: usize>(isa: I, numbers: &[[f32; PANEL]; PANELS], strip: &mut I::Strip<PANELS>) {
    for (vector, lanes) in I::vectors(strip).iter_mut().zip(numbers.as_flattened().chunks(I::LANES)) {
        *vector = isa.load(lanes);
    }
}

/// `target = sums`
#[inline(always)]
fn write<I: Isa, const ROWS: usize, const PANELS: usize>(
    isa: I,
    sums: &mut [I::Strip<PANELS>; ROWS],
    target: &mut StridedMut<'_>,
) {
    for (r, sums) in sums.iter_mut().enumerate() {
        let Some(target) = target.panels::<PANELS>(r) else { return };
        for (sum, lanes) in I::vectors(sums).iter().zip(target.as_flattened_mut().chunks_mut(I::LANES)) {
            isa.store(*sum, lanes);
        }
    }
}

/// The weights of one input: as many panels as a tile has.
trait Weights<const PANELS: usize> {
    /// Vector `index` of them.
    fn vector<I: Isa>(&self, isa: I, index: usize) -> I::F32;
}

impl<W: Weight, const PANELS: usize> Weights<PANELS> for [&[W; PANEL]; PANELS] {
    #[inline(always)]
    fn vector<I: Isa>(&self, isa: I, index: usize) -> I::F32 {
        W::strip(isa, self, index)
    }
}

impl<const PANELS: usize> Weights<PANELS> for [[f32; PANEL]; PANELS] {
    #[inline(always)]
    fn vector<I: Isa>(&self, isa: I, index: usize) -> I::F32 {
        isa.load(self.as_flattened().get(index * I::LANES..).unwrap_or_default())
    }
}

/// Adds the products of one input. What is fewer, rows or vectors of weights, is loaded first and held.
#[inline(always)]
fn add<I: Isa, W: Weights<PANELS>, const ROWS: usize, const PANELS: usize>(
    isa: I,
    x: [&f32; ROWS],
    weights: &W,
    sums: &mut [I::Strip<PANELS>; ROWS],
) {
    if (PANELS * PANEL).div_ceil(I::LANES) < ROWS {
        let mut strip = isa.zeros();
        let vectors = I::vectors::<PANELS>(&mut strip);
        for (index, vector) in vectors.iter_mut().enumerate() {
            *vector = weights.vector(isa, index);
        }
        for (sums, &number) in sums.iter_mut().zip(x) {
            let number = isa.splat(number);
            for (sum, &vector) in I::vectors(sums).iter_mut().zip(&*vectors) {
                *sum = isa.mul_add(number, vector, *sum);
            }
        }
    } else {
        for index in 0..(PANELS * PANEL).div_ceil(I::LANES) {
            let vector = weights.vector(isa, index);
            for (sums, &number) in sums.iter_mut().zip(x) {
                if let Some(sum) = I::vectors(sums).get_mut(index) {
                    *sum = isa.mul_add(isa.splat(number), vector, *sum);
                }
            }
        }
    }
}
