//! The online softmax of a block of queries, one query a lane.

use super::EVENLY;
use crate::isa::{Isa, Kernel, Together};
use crate::kernels::exp::exp_below_88;
use percio_format::PANEL;

/// What a block of queries has seen so far, beside the sums in its output rows.
pub(super) struct Softmax<const PANELS: usize> {
    pub(super) largest: [[f32; PANEL]; PANELS],
    /// The sums of the weights, relative to the largest score.
    pub(super) sum: [[f32; PANEL]; PANELS],
    /// The factors of what was summed before the last tile.
    pub(super) decay: [[f32; PANEL]; PANELS],
}

impl<const PANELS: usize> Softmax<PANELS> {
    /// Nothing seen.
    pub(super) const START: Self =
        Self { largest: [[EVENLY; PANEL]; PANELS], sum: [[0.0; PANEL]; PANELS], decay: [[0.0; PANEL]; PANELS] };

    /// What query `r` has seen before.
    #[inline(always)]
    pub(super) fn set(&mut self, r: usize, largest: Option<&f32>, sum: Option<&f32>) {
        let lanes = self.largest.as_flattened_mut().get_mut(r).zip(self.sum.as_flattened_mut().get_mut(r));
        if let (Some((to_largest, to_sum)), Some((&largest, &sum))) = (lanes, largest.zip(sum)) {
            (*to_largest, *to_sum) = (largest, sum);
        }
    }

    /// One over each sum; zero where no key was seen.
    #[inline(always)]
    pub(super) fn factors<I: Isa>(&self, isa: I) -> [[f32; PANEL]; PANELS] {
        let (zero, one) = (isa.splat(0.0), isa.splat(1.0));
        let mut factors = self.sum;
        for factors in factors.as_flattened_mut().chunks_mut(I::LANES) {
            let sum = isa.load(factors);
            isa.store(isa.where_less(zero, sum, isa.div(one, sum), zero), factors);
        }
        factors
    }

    /// Turns the first `queries` columns of a tile's scores, one row a key, into weights; makes `decay`.
    #[inline(always)]
    pub(super) fn take<I: Isa>(&mut self, isa: I, queries: usize, scores: &mut [[[f32; PANEL]; PANELS]]) {
        isa.call(Take { softmax: self, queries, scores });
    }
}

struct Take<'a, const PANELS: usize> {
    softmax: &'a mut Softmax<PANELS>,
    queries: usize,
    scores: &'a mut [[[f32; PANEL]; PANELS]],
}

impl<const PANELS: usize> Kernel for Take<'_, PANELS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        if I::OVERLAPS && self.queries > I::LANES { self.weigh(Together::<I, 2>(isa)) } else { self.weigh(isa) }
    }
}

impl<const PANELS: usize> Take<'_, PANELS> {
    #[inline(always)]
    fn weigh<I: Isa>(self, isa: I) {
        let Softmax { largest, sum, decay } = self.softmax;
        let largest = largest.as_flattened_mut().chunks_mut(I::LANES);
        let lanes = largest.zip(sum.as_flattened_mut().chunks_mut(I::LANES));
        let lanes = lanes.zip(decay.as_flattened_mut().chunks_mut(I::LANES));
        for (index, ((largest, sum), decay)) in lanes.enumerate().take(self.queries.div_ceil(I::LANES)) {
            let column = index * I::LANES;
            let seen = isa.load(largest);
            let mut top = seen;
            for scores in &*self.scores {
                top = isa.max(top, isa.load(scores.as_flattened().get(column..).unwrap_or_default()));
            }
            let mut weights = isa.splat(0.0);
            for scores in &mut *self.scores {
                let score = scores.as_flattened_mut().get_mut(column..).unwrap_or_default();
                let weight = exp_below_88(isa, isa.sub(isa.load(score), top));
                weights = isa.add(weights, weight);
                isa.store(weight, score);
            }
            let factor = exp_below_88(isa, isa.sub(seen, top));
            isa.store(isa.mul_add(isa.load(sum), factor, weights), sum);
            isa.store(factor, decay);
            isa.store(top, largest);
        }
    }
}
