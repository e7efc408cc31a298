//! Fourier features of places on a line that has no end: each place's are computed, no table is read.
//!
//! A wave's phase is a fraction of a turn, a whole number of 2⁻⁶⁴ turns: `start + place · step`, where whole turns drop out
//! by themselves. So the recurrence from one place to the next is exact, never drifts, needs no anchor to return to, and
//! may begin at any place. `step` itself is rounded once: after 2³² places, the most there are, a phase is off by 2⁻³³
//! turns; its sine and cosine add 7e-7 at most.

use super::fits;
use super::turn::radians as angle;
use crate::isa::{Isa, Kernel};
use crate::kernels::part_mut;
use crate::kernels::sine::sine_and_cosine;

/// The shape of the features, and how they go on from place to place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waves {
    /// Whether the coordinate stands after the waves: `[sin, cos, p]`, else `[p, sin, cos]`.
    pub position_last: bool,
    /// Whether the coordinate is among the features.
    pub with_position: bool,
    /// Whether the cosines are left out.
    pub sine_only: bool,
    /// The coordinate of place 0.
    pub origin: f32,
    /// From the coordinate of one place to the next.
    pub step: f32,
    /// The first place to write.
    pub first: usize,
    /// Places to write.
    pub rows: usize,
    /// From one row of `out` to the next.
    pub out_stride: usize,
}

impl Waves {
    /// Features of one place with so many waves.
    #[must_use]
    pub const fn width(&self, waves: usize) -> usize {
        self.with_position as usize + if self.sine_only { waves } else { 2 * waves }
    }
}

/// Writes the features of `rows` places to `out`: of each wave `[start, step]`, in 2⁻⁶⁴ turns, its sine and cosine.
#[inline]
pub fn waves<I: Isa>(isa: I, shape: &Waves, waves: &[[u64; 2]], out: &mut [f32]) {
    if fits(out, shape.rows, shape.width(waves.len()), shape.out_stride) {
        isa.run(Features { shape: *shape, waves, out });
    }
}

struct Features<'a> {
    shape: Waves,
    waves: &'a [[u64; 2]],
    out: &'a mut [f32],
}

impl Kernel for Features<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { shape: Waves { position_last, with_position, sine_only, origin, step, .. }, waves, out } = self;
        let count = waves.len();
        let width = self.shape.width(count);
        let sines = usize::from(with_position && !position_last);
        for row in 0..self.shape.rows {
            let place = self.shape.first.wrapping_add(row);
            let row = part_mut(out, row * self.shape.out_stride, width);
            if with_position {
                let column = if position_last { width - 1 } else { 0 };
                part_mut(row, column, 1).fill(place as f32 * step + origin);
            }
            let mut angles = [0.0; GROUP];
            for (group, waves) in waves.chunks(GROUP).enumerate() {
                angles.iter_mut().zip(waves).for_each(|(angle, wave)| *angle = radians(wave, place));
                for (lane, angles) in angles.get(..waves.len()).unwrap_or_default().chunks(I::LANES).enumerate() {
                    let at = sines + group * GROUP + lane * I::LANES;
                    let [sine, cosine] = sine_and_cosine(isa, isa.load(angles));
                    isa.store(sine, part_mut(row, at, angles.len()));
                    if !sine_only {
                        isa.store(cosine, part_mut(row, count + at, angles.len()));
                    }
                }
            }
        }
    }
}

/// Angles at a time: as many as one vector holds, or more.
const GROUP: usize = 16;

/// The phase at `place`, between minus and plus half a turn.
#[inline(always)]
fn radians(&[start, step]: &[u64; 2], place: usize) -> f32 {
    angle(start.wrapping_add(step.wrapping_mul(place as u64)))
}
