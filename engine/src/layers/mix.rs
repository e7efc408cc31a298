//! Mixtures of what rows have been: for each number of a row a softmax over the states that it went through.
//!
//! States come one at a time, so memory does not depend on how many there are. What was mixed so far is, for each number, the
//! largest logit, the sum of the weights relative to it, and the sum of the weighted numbers: `[3, rows, width]`.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::exp::exp;
use crate::kernels::part;

/// The shape of a mixture over contiguous rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix {
    /// Rows.
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    /// Whether it is the first state: it replaces what was mixed before.
    pub first: bool,
}

/// The parts of what was mixed so far.
struct Mixed<'a> {
    largest: &'a mut [f32],
    sum: &'a mut [f32],
    numbers: &'a mut [f32],
}

/// Takes one more state `x` and its `logits` into `mixed`: `x` and `logits` `[rows, width]`, `mixed` `[3, rows, width]`.
#[inline]
pub fn mix<I: Isa>(isa: I, shape: &Mix, logits: &[f32], x: &[f32], mixed: &mut [f32]) {
    let Mix { rows, width, first } = *shape;
    let len = rows * width;
    if !(fits(logits, rows, width, width) && fits(x, rows, width, width) && fits(mixed, 3, len, len)) {
        return;
    }
    let Some((largest, rest)) = mixed.split_at_mut_checked(len) else { return };
    let Some((sum, numbers)) = rest.split_at_mut_checked(len) else { return };
    let (logits, x) = (part(logits, 0, len), part(x, 0, len));
    if first {
        largest.copy_from(logits);
        sum.fill(1.0);
        numbers.copy_from(x);
    } else {
        isa.run(Take { logits, x, mixed: Mixed { largest, sum, numbers } });
    }
}

/// `out = Σ softmax(logits) ⊙ x` over the states that `mixed` has taken: `out` `[rows, width]`.
#[inline]
pub fn mixed<I: Isa>(isa: I, shape: &Mix, mixed: &[f32], out: &mut [f32]) {
    let Mix { rows, width, .. } = *shape;
    let len = rows * width;
    if fits(mixed, 3, len, len) && fits(out, rows, width, width) {
        isa.run(Divide { sum: part(mixed, len, len), numbers: part(mixed, 2 * len, len), out });
    }
}

/// Copies as many numbers as both slices have.
trait CopyFrom {
    fn copy_from(&mut self, source: &[f32]);
}

impl CopyFrom for [f32] {
    #[inline(always)]
    fn copy_from(&mut self, source: &[f32]) {
        self.iter_mut().zip(source).for_each(|(to, &from)| *to = from);
    }
}

struct Take<'a> {
    logits: &'a [f32],
    x: &'a [f32],
    mixed: Mixed<'a>,
}

impl Kernel for Take<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Mixed { largest, sum, numbers } = self.mixed;
        let states = self.logits.chunks(I::LANES).zip(self.x.chunks(I::LANES));
        let mixed = largest.chunks_mut(I::LANES).zip(sum.chunks_mut(I::LANES)).zip(numbers.chunks_mut(I::LANES));
        for ((logits, x), ((largest, sum), numbers)) in states.zip(mixed) {
            let (logit, before) = (isa.load(logits), isa.load(largest));
            let top = isa.max(logit, before);
            let (kept, taken) = (exp(isa, isa.sub(before, top)), exp(isa, isa.sub(logit, top)));
            isa.store(top, largest);
            isa.store(isa.mul_add(isa.load(sum), kept, taken), sum);
            isa.store(isa.mul_add(isa.load(x), taken, isa.mul(isa.load(numbers), kept)), numbers);
        }
    }
}

struct Divide<'a> {
    sum: &'a [f32],
    numbers: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Divide<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let mixed = self.numbers.chunks(I::LANES).zip(self.sum.chunks(I::LANES));
        for (out, (numbers, sum)) in self.out.chunks_mut(I::LANES).zip(mixed) {
            isa.store(isa.div(isa.load(numbers), isa.load(sum)), out);
        }
    }
}
