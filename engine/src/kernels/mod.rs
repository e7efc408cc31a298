//! Loops over slices, generic over the instruction set. [`crate::layers`] checks shapes and calls them; inside, every
//! access is through iterators or `get`, so that no panic can be linked.

pub mod activation;
pub mod attention;
pub mod erf;
pub mod exp;
pub mod fixed;
pub mod grid;
pub mod halves;
pub mod inverted;
pub mod matmul;
pub mod norm;
pub mod sine;
pub mod tile;
pub mod weight;

use crate::isa::Isa;

/// The `len` numbers of `slice` from `offset` on; empty when they are not all there.
#[inline(always)]
pub(crate) fn part<T>(slice: &[T], offset: usize, len: usize) -> &[T] {
    slice.get(offset..).and_then(|rest| rest.get(..len)).unwrap_or_default()
}

/// [`part`], to write.
#[inline(always)]
pub(crate) fn part_mut(slice: &mut [f32], offset: usize, len: usize) -> &mut [f32] {
    slice.get_mut(offset..).and_then(|rest| rest.get_mut(..len)).unwrap_or_default()
}

/// Copies as many numbers as both have, fewer than eight, four, two and one at a time: a call of `memcpy` takes longer.
#[inline(always)]
pub(crate) fn copy_few(mut from: &[f32], mut to: &mut [f32]) {
    #[inline(always)]
    fn copy<const COUNT: usize>(from: &mut &[f32], to: &mut &mut [f32]) {
        let (Some((head, from_rest)), Some(_)) = (from.split_first_chunk::<COUNT>(), to.first_chunk::<COUNT>()) else {
            return;
        };
        let Some((target, to_rest)) = core::mem::take(to).split_first_chunk_mut() else { return };
        *target = *head;
        (*from, *to) = (from_rest, to_rest);
    }
    copy::<4>(&mut from, &mut to);
    copy::<2>(&mut from, &mut to);
    copy::<1>(&mut from, &mut to);
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

/// How many tiles of `most` rows come before the first that [`block`] makes smaller.
#[inline(always)]
pub(crate) const fn whole_blocks(rows: usize, most: usize) -> usize {
    if rows > most && rows % most == 1 { rows / most - 1 } else { rows / most }
}
