//! How a block begins and ends: from nothing to the mean of the values, or from one state of the softmax to the next.

use super::softmax::Softmax;
use super::{Attention, Block, Scratch, rest};
use crate::isa::Isa;
use crate::kernels::part_mut;
use percio_format::PANEL;

impl Block {
    /// Readies the output rows and `scratch.rest`; returns the softmax to start from.
    #[inline(always)]
    pub(super) fn begin<const PANELS: usize, const TILE: usize, const DEPTH: usize>(
        &self,
        attention: &mut Attention<'_>,
        scratch: &mut Scratch<PANELS, TILE, DEPTH>,
    ) -> Softmax<PANELS> {
        let mut softmax = Softmax::START;
        let whole = attention.v_width - rest::<PANELS>(attention.v_width);
        if whole < attention.v_width {
            scratch.rest = [[[[0.0; PANEL]; PANELS]; PANEL]; PANELS];
        }
        for (r, rest) in scratch.rest.as_flattened_mut().iter_mut().enumerate().take(self.count) {
            let out = self.out(attention, r);
            let Some(carried) = &attention.carried else {
                part_mut(attention.out, out, whole).fill(0.0);
                continue;
            };
            let sums = attention.out.get(out + whole..).unwrap_or_default();
            let sums = sums.iter().take(attention.v_width - whole);
            rest.as_flattened_mut().iter_mut().zip(sums).for_each(|(rest, &sum)| *rest = sum);
            let state = (self.query + r) * attention.heads + self.head;
            softmax.set(r, carried.largest.get(state), carried.sum.get(state));
        }
        softmax
    }

    /// Divides the output rows by the sums of the weights, or carries both on.
    #[inline(always)]
    pub(super) fn end<I: Isa, const PANELS: usize, const TILE: usize, const DEPTH: usize>(
        &self,
        isa: I,
        attention: &mut Attention<'_>,
        scratch: &Scratch<PANELS, TILE, DEPTH>,
        softmax: &Softmax<PANELS>,
    ) {
        let width = attention.v_width;
        let rests = scratch.rest.as_flattened();
        let seen = softmax.sum.as_flattened().iter().zip(softmax.largest.as_flattened());
        for (r, ((&sum, &largest), rests)) in seen.zip(rests).enumerate().take(self.count) {
            let out = self.out(attention, r);
            let out = part_mut(attention.out, out, width);
            let Some((whole, rest)) = out.split_at_mut_checked(width - rest::<PANELS>(width)) else { return };
            let rest = rest.iter_mut().zip(rests.as_flattened());
            if let Some(carried) = &mut attention.carried {
                rest.for_each(|(out, &sum)| *out = sum);
                let state = (self.query + r) * attention.heads + self.head;
                part_mut(carried.largest, state, 1).fill(largest);
                part_mut(carried.sum, state, 1).fill(sum);
                continue;
            }
            let factor = if sum > 0.0 { 1.0 / sum } else { 0.0 };
            for x in whole.chunks_mut(I::LANES) {
                isa.store(isa.mul(isa.load(x), isa.splat(factor)), x);
            }
            rest.for_each(|(out, &sum)| *out = sum * factor);
        }
    }
}
