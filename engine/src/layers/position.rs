//! Fourier position features, from one small table an axis.
//!
//! A position's features are `[p₁ … p_d | sin(π f p₁) … | sin(π f p₂) … | cos(π f p₁) … ]`, or axis by axis
//! `[sin(π f p₁) … | cos(π f p₁) … | p₁ | sin(π f p₂) … ]`: those of one axis depend on that axis alone. A table holds,
//! for each of the axis' n positions, `[p, sin × bands, cos × bands]`; the tables of all axes follow each other.
//! d·n·(2·bands + 1) numbers stand for n^d·d·(2·bands + 1).

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::sine::sine_and_cosine;
use crate::kernels::{part, part_mut};

/// The shape of a grid of positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fourier {
    /// Positions on each axis, outermost first; unused axes are 1 and have no table.
    pub shape: [usize; 3],
    /// Axes in use: the last `axes` of `shape`.
    pub axes: usize,
    /// Frequencies of an axis.
    pub bands: usize,
    /// Whether the features of an axis stand together.
    pub by_axis: bool,
    /// Whether the coordinates are among them.
    pub with_position: bool,
    /// Whether the cosines are left out.
    pub sine_only: bool,
    /// The first position to write, row-major, or the first of those named.
    pub first: usize,
    /// Positions to write.
    pub rows: usize,
    /// From one row of `out` to the next.
    pub out_stride: usize,
}

impl Fourier {
    /// Features of one position.
    #[must_use]
    pub const fn width(&self) -> usize {
        let waves = if self.sine_only { 1 } else { 2 };
        self.axes * (self.with_position as usize + waves * self.bands)
    }

    /// Numbers in the tables of all axes.
    #[must_use]
    pub const fn table_len(&self) -> usize {
        let [a, b, c] = self.shape;
        let positions = match self.axes {
            1 => c,
            2 => b + c,
            _ => a + b + c,
        };
        positions * (2 * self.bands + 1)
    }
}

/// Writes the features of `rows` positions in row-major order to `out`; after the last position comes the first again.
#[inline]
pub fn fourier<I: Isa>(isa: I, shape: &Fourier, tables: &[f32], out: &mut [f32]) {
    if fits(tables, 1, shape.table_len(), 0) && fits(out, shape.rows, shape.width(), shape.out_stride) {
        isa.run(Features { shape: *shape, tables, out });
    }
}

/// Writes the features of the positions whose row-major indices are `points`, `rows` of them from the `first` on, to
/// `out`; where there are fewer, or no position has that index, those of the first position.
#[inline]
pub fn fourier_at<I: Isa>(isa: I, shape: &Fourier, points: &[u32], tables: &[f32], out: &mut [f32]) {
    if fits(tables, 1, shape.table_len(), 0) && fits(out, shape.rows, shape.width(), shape.out_stride) {
        isa.run(Points { shape: *shape, points, tables, out });
    }
}

/// Writes the features of the place at `coordinates`, −1 ..= 1 along each axis, to the start of `out`: those of a table whose
/// frequencies are `frequencies`, as many coordinates and rows of them as axes.
#[inline]
pub fn fourier_of<I: Isa>(isa: I, shape: &Fourier, frequencies: &[&[f32]], coordinates: &[f32], out: &mut [f32]) {
    if fits(out, 1, shape.width(), 0) {
        isa.run(Place { shape: *shape, frequencies, coordinates, out });
    }
}

struct Place<'a> {
    shape: Fourier,
    frequencies: &'a [&'a [f32]],
    coordinates: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Place<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { shape, frequencies, coordinates, out } = self;
        for (axis, (frequencies, &coordinate)) in frequencies.iter().zip(coordinates).enumerate() {
            let [first, sine, cosine] = places(&shape, axis);
            if shape.with_position {
                part_mut(out, first, 1).fill(coordinate);
            }
            for (lane, frequencies) in frequencies.chunks(I::LANES).enumerate() {
                // As the tables are made: the product is rounded before it is multiplied by π.
                let angle =
                    isa.mul(isa.mul(isa.splat(coordinate), isa.load(frequencies)), isa.splat(core::f32::consts::PI));
                let ([sines, cosines], at) = (sine_and_cosine(isa, angle), lane * I::LANES);
                isa.store(sines, part_mut(out, sine + at, frequencies.len()));
                if !shape.sine_only {
                    isa.store(cosines, part_mut(out, cosine + at, frequencies.len()));
                }
            }
        }
    }
}

struct Points<'a> {
    shape: Fourier,
    points: &'a [u32],
    tables: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Points<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        let Self { shape, points, tables, out } = self;
        let [planes, rows, columns] = shape.shape;
        for row in 0..shape.rows {
            let point = points.get(shape.first + row).map_or(0, |&point| point as usize);
            let point = if point < planes * rows * columns { point } else { 0 };
            let position = start(point, &shape.shape);
            write(&shape, tables, &position, part_mut(out, row * shape.out_stride, shape.width()));
        }
    }
}

struct Features<'a> {
    shape: Fourier,
    tables: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Features<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        let Self { shape, tables, out } = self;
        let mut position = start(shape.first, &shape.shape);
        for row in 0..shape.rows {
            write(&shape, tables, &position, part_mut(out, row * shape.out_stride, shape.width()));
            advance(&mut position, &shape.shape);
        }
    }
}

/// The position `index` in row-major order.
#[inline(always)]
fn start(mut index: usize, shape: &[usize; 3]) -> [usize; 3] {
    let mut position = [0; 3];
    for (at, &end) in position.iter_mut().zip(shape).rev() {
        *at = index % end.max(1);
        index /= end.max(1);
    }
    position
}

/// The next position in row-major order.
#[inline(always)]
fn advance(position: &mut [usize; 3], shape: &[usize; 3]) {
    for (at, &end) in position.iter_mut().zip(shape).rev() {
        *at += 1;
        if *at < end {
            return;
        }
        *at = 0;
    }
}

#[inline(always)]
fn write(shape: &Fourier, tables: &[f32], position: &[usize; 3], out: &mut [f32]) {
    let Fourier { axes, bands, with_position, sine_only, .. } = *shape;
    let record = 2 * bands + 1;
    let mut table = 0;
    let used = position.iter().zip(&shape.shape).skip(3 - axes.min(3));
    for (axis, (&at, &positions)) in used.enumerate() {
        let record_at = part(tables, (table + at) * record, record);
        table += positions;
        let (coordinate, waves) = record_at.split_first().unwrap_or((&0.0, &[]));
        let [first, sine, cosine] = places(shape, axis);
        if with_position {
            part_mut(out, first, 1).fill(*coordinate);
        }
        copy(part(waves, 0, bands), part_mut(out, sine, bands));
        if !sine_only {
            copy(part(waves, bands, bands), part_mut(out, cosine, bands));
        }
    }
}

/// Where an axis' coordinate, sines and cosines stand among the features.
#[inline(always)]
fn places(shape: &Fourier, axis: usize) -> [usize; 3] {
    let Fourier { axes, bands, with_position, .. } = *shape;
    if shape.by_axis {
        let waves = axis * shape.width() / axes.max(1);
        let end = if shape.sine_only { waves + bands } else { waves + 2 * bands };
        return [end, waves, waves + bands];
    }
    let coordinates = if with_position { axes } else { 0 };
    [axis, coordinates + axis * bands, coordinates + (axes + axis) * bands]
}

#[inline(always)]
fn copy(from: &[f32], to: &mut [f32]) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
}
