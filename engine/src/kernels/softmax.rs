//! The online softmax: what a block of queries has seen so far.

use super::exp::exp;
use crate::isa::Isa;

/// The score of a masked key: among keys that all have it, a query attends evenly.
pub(super) const MASKED: f32 = f32::MIN;
/// The score of a key that does not exist: its weight is zero.
pub(super) const ABSENT: f32 = f32::NEG_INFINITY;

/// The largest score and the sum of the weights, for each query.
pub(super) struct Softmax<const QUERIES: usize> {
    largest: [f32; QUERIES],
    /// The sum of the weights, relative to the largest score.
    pub(super) sum: [f32; QUERIES],
}

impl<const QUERIES: usize> Softmax<QUERIES> {
    /// Nothing seen.
    pub(super) const START: Self = Self { largest: [MASKED; QUERIES], sum: [0.0; QUERIES] };

    /// Turns the scores of a tile into weights; returns the factors of what was summed before.
    #[inline(always)]
    pub(super) fn take<I: Isa, const TILE: usize>(
        &mut self,
        isa: I,
        scores: &mut [[f32; TILE]; QUERIES],
    ) -> [f32; QUERIES] {
        let mut decays = [0.0; QUERIES];
        let before = self.largest.iter_mut().zip(&mut self.sum).zip(&mut decays);
        for (((largest, sum), decay), scores) in before.zip(scores) {
            let seen = *largest;
            let mut top = isa.splat(seen);
            for scores in scores.chunks_exact(I::LANES) {
                top = isa.max(top, isa.load(scores));
            }
            *largest = isa.largest(top);
            let mut weights = isa.splat(0.0);
            for scores in scores.chunks_exact_mut(I::LANES) {
                let weight = exp(isa, isa.sub(isa.load(scores), isa.splat(*largest)));
                weights = isa.add(weights, weight);
                isa.store(weight, scores);
            }
            *decay = isa.first(exp(isa, isa.splat(seen - *largest)));
            *sum = *sum * *decay + isa.sum(weights);
        }
        decays
    }
}
