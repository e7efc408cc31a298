//! Rotary positions of rows that stay: pairs of a row's numbers turn by phases that grow with a place without end.
//!
//! A pair's angle is a fraction of a turn, a whole number of 2⁻⁶⁴ turns, where whole turns drop out by themselves: `place · step`.
//! So it is as exact at a far place as at the first, and as scores depend on the difference of two places alone, keys may be
//! turned once and kept. `step` is rounded once; sine and cosine add 7e-7 at most.

use super::fits;
use super::rotate::turn as turn_pairs;
use crate::isa::{Isa, Kernel};
use crate::kernels::part_mut;
use crate::kernels::sine::sine_and_cosine;

/// The shape of a rotation of contiguous rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// Rows.
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    /// Heads that turn: the first so many.
    pub heads: usize,
    /// Numbers of a head.
    pub head_width: usize,
    /// The place of the first row.
    pub first: u64,
}

/// Turns pair i of each head, numbers 2i and 2i + 1, by φ, `place · steps[i]` 2⁻⁶⁴ turns: `(a cos φ − b sin φ, b cos φ + a sin φ)`.
/// `x` `[rows, width]`; numbers of a head beyond twice the steps stay as they are.
#[inline]
pub fn turn<I: Isa>(isa: I, shape: &Turn, steps: &[u64], x: &mut [f32]) {
    let Turn { rows, width, heads, head_width, .. } = *shape;
    let turns = 2 * steps.len() <= head_width && heads * head_width <= width;
    debug_assert!(turns, "{} pairs of {heads} heads of {head_width} in a row of {width}", steps.len());
    if turns && fits(x, rows, width, width) {
        isa.run(Pairs { shape: *shape, steps, x });
    }
}

struct Pairs<'a> {
    shape: Turn,
    steps: &'a [u64],
    x: &'a mut [f32],
}

impl Kernel for Pairs<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Turn { rows, width, heads, head_width, first } = self.shape;
        let (mut angles, mut sines, mut cosines) = ([0.0; GROUP], [0.0; GROUP], [0.0; GROUP]);
        for row in 0..rows {
            let place = first.wrapping_add(row as u64);
            for (group, steps) in self.steps.chunks(GROUP).enumerate() {
                angles.iter_mut().zip(steps).for_each(|(angle, &step)| *angle = radians(step.wrapping_mul(place)));
                let lanes = sines.chunks_mut(I::LANES).zip(cosines.chunks_mut(I::LANES));
                for (angles, (sines, cosines)) in angles.chunks(I::LANES).zip(lanes) {
                    let [sine, cosine] = sine_and_cosine(isa, isa.load(angles));
                    isa.store(sine, sines);
                    isa.store(cosine, cosines);
                }
                for head in 0..heads {
                    let pairs = row * width + head * head_width + 2 * group * GROUP;
                    let pairs = part_mut(self.x, pairs, 2 * steps.len());
                    turn_pairs(pairs.as_chunks_mut().0, &sines, &cosines);
                }
            }
        }
    }
}

/// Angles at a time: as many as one vector holds, or more.
const GROUP: usize = 16;

/// A phase in 2⁻⁶⁴ turns as an angle, between minus and plus half a turn.
#[inline(always)]
pub(super) fn radians(phase: u64) -> f32 {
    const RADIANS: f32 = core::f32::consts::PI / (1u32 << 31) as f32;
    (phase >> 32) as u32 as i32 as f32 * RADIANS
}
