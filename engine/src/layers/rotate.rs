//! Rotary positions: pairs of a row's numbers turn by angles that grow with the row's place.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::part_mut;
use crate::kernels::sine::sine_and_cosine;

/// The shape of a rotation of contiguous rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotate {
    /// Rows.
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    /// Heads that turn: the first so many.
    pub heads: usize,
    /// Numbers of a head.
    pub head_width: usize,
    /// The place of the first row, before `skipped` is taken off.
    pub first: usize,
    /// Places at the start that count as place 0: every row's place is so many less, at least 0.
    pub skipped: usize,
    /// Whether the last row is at place 0 and those before it count up; `first` and `skipped` are then not used.
    pub from_end: bool,
}

impl Rotate {
    /// The place of `row`.
    #[inline(always)]
    fn place(&self, row: usize) -> usize {
        if self.from_end { self.rows - 1 - row } else { (self.first + row).saturating_sub(self.skipped) }
    }
}

/// Turns pair i of each head, numbers 2i and 2i + 1, by `place · frequencies[i]`: `(a cos φ − b sin φ, b cos φ + a sin φ)`.
/// `x` `[rows, width]`; numbers of a head beyond twice the frequencies stay as they are.
#[inline]
pub fn rotate<I: Isa>(isa: I, shape: &Rotate, frequencies: &[f32], x: &mut [f32]) {
    let Rotate { rows, width, heads, head_width, .. } = *shape;
    let turns = 2 * frequencies.len() <= head_width && heads * head_width <= width;
    debug_assert!(turns, "{} pairs of {heads} heads of {head_width} in a row of {width}", frequencies.len());
    if turns && fits(x, rows, width, width) {
        isa.run(Pairs { shape: *shape, frequencies, x });
    }
}

struct Pairs<'a> {
    shape: Rotate,
    frequencies: &'a [f32],
    x: &'a mut [f32],
}

impl Kernel for Pairs<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Rotate { rows, width, heads, head_width, .. } = self.shape;
        let (mut sines, mut cosines) = ([0.0; GROUP], [0.0; GROUP]);
        for row in 0..rows {
            let place = isa.splat(self.shape.place(row) as f32);
            for (group, frequencies) in self.frequencies.chunks(GROUP).enumerate() {
                let lanes = sines.chunks_mut(I::LANES).zip(cosines.chunks_mut(I::LANES));
                for (frequencies, (sines, cosines)) in frequencies.chunks(I::LANES).zip(lanes) {
                    let [sine, cosine] = sine_and_cosine(isa, isa.mul(place, isa.load(frequencies)));
                    isa.store(sine, sines);
                    isa.store(cosine, cosines);
                }
                for head in 0..heads {
                    let pairs = row * width + head * head_width + 2 * group * GROUP;
                    let pairs = part_mut(self.x, pairs, 2 * frequencies.len());
                    turn(pairs.as_chunks_mut().0, &sines, &cosines);
                }
            }
        }
    }
}

/// Angles at a time.
const GROUP: usize = 16;

/// Turns each pair by the angle of this sine and cosine.
#[inline(always)]
pub(super) fn turn(pairs: &mut [[f32; 2]], sines: &[f32], cosines: &[f32]) {
    for (pair, (sine, cosine)) in pairs.iter_mut().zip(sines.iter().zip(cosines)) {
        let [a, b] = *pair;
        *pair = [a * cosine - b * sine, b * cosine + a * sine];
    }
}
