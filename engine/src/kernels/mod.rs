//! Loops over slices, generic over the instruction set. [`crate::layers`] checks shapes and calls them; inside, every
//! access is through iterators or `get`, so that no panic can be linked.

pub mod activation;
pub mod attention;
pub mod erf;
pub mod exp;
pub mod matmul;
pub mod norm;
pub mod tile;

use crate::isa::Isa;
use percio_format::PANEL;

/// The `len` numbers of `slice` from `offset` on; empty when they are not all there.
#[inline(always)]
pub(crate) fn part(slice: &[f32], offset: usize, len: usize) -> &[f32] {
    slice.get(offset..).and_then(|rest| rest.get(..len)).unwrap_or_default()
}

/// [`part`], to write.
#[inline(always)]
pub(crate) fn part_mut(slice: &mut [f32], offset: usize, len: usize) -> &mut [f32] {
    slice.get_mut(offset..).and_then(|rest| rest.get_mut(..len)).unwrap_or_default()
}

/// The rows of `len` numbers that start where `start` says; `None` when one is not all there.
#[inline(always)]
pub(crate) fn rows<const N: usize>(slice: &[f32], len: usize, start: impl Fn(usize) -> usize) -> Option<[&[f32]; N]> {
    let mut rows = [slice; N];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = slice.get(start(r)..)?.get(..len)?;
    }
    Some(rows)
}

/// The polynomial with these coefficients, from the highest power down.
#[inline(always)]
pub(crate) fn series<I: Isa, const N: usize>(isa: I, coefficients: &[f32; N], x: I::F32) -> I::F32 {
    let mut sum = isa.splat(coefficients.first().copied().unwrap_or_default());
    for &coefficient in coefficients.iter().skip(1) {
        sum = isa.mul_add(sum, x, isa.splat(coefficient));
    }
    sum
}

/// Rows of the next tile: 1, 2, 4 where `most` is more, or `most`. A single row is the slowest: it is avoided.
#[inline(always)]
pub(crate) const fn block(rows: usize, most: usize) -> usize {
    if rows == most || rows > most + 1 {
        most
    } else if rows >= 4 && most > 4 {
        4
    } else if rows >= 2 {
        2
    } else {
        1
    }
}

/// The starts of `ROWS` rows that are `stride` apart; `None` where one is shorter than `PANELS` panels.
#[inline(always)]
pub(crate) fn whole_rows<const ROWS: usize, const PANELS: usize>(
    out: &mut [f32],
    stride: usize,
) -> Option<[&mut [[f32; PANEL]]; ROWS]> {
    let mut chunks = out.chunks_mut(stride.max(1));
    let mut rows: [&mut [[f32; PANEL]]; ROWS] = core::array::from_fn(|_| Default::default());
    for row in &mut rows {
        *row = chunks.next()?.as_chunks_mut().0.get_mut(..PANELS)?;
    }
    Some(rows)
}
