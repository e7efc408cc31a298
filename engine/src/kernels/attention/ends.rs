//! How a block begins and ends: from nothing to the mean of the values, or from one state of the softmax to the next.

use super::softmax::Softmax;
use super::{Attention, Block, Scratch};
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
        let (width, whole) = (attention.v_width, attention.v_width / PANEL * PANEL);
        let rest = scratch.rest.get_mut(..width - whole).unwrap_or_default();
        rest.fill([[0.0; PANEL]; PANELS]);
        for r in 0..self.count {
            let out = self.out(attention, r);
            let Some(carried) = &attention.carried else {
                part_mut(attention.out, out, whole).fill(0.0);
                continue;
            };
            let sums = attention.out.get(out + whole..).unwrap_or_default();
            let column = rest.iter_mut().filter_map(|rest| rest.as_flattened_mut().get_mut(r));
            column.zip(sums).for_each(|(rest, &sum)| *rest = sum);
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
        let (width, whole) = (attention.v_width, attention.v_width / PANEL * PANEL);
        let seen = softmax.sum.as_flattened().iter().zip(softmax.largest.as_flattened());
        for (r, (&sum, &largest)) in seen.enumerate().take(self.count) {
            let factor = match &mut attention.carried {
                Some(carried) => {
                    let state = (self.query + r) * attention.heads + self.head;
                    part_mut(carried.largest, state, 1).fill(largest);
                    part_mut(carried.sum, state, 1).fill(sum);
                    1.0
                }
                None if sum > 0.0 => 1.0 / sum,
                None => 0.0,
            };
            let out = self.out(attention, r);
            let Some((out, rest)) = part_mut(attention.out, out, width).split_at_mut_checked(whole) else { return };
            for x in out.chunks_mut(I::LANES) {
                isa.store(isa.mul(isa.load(x), isa.splat(factor)), x);
            }
            let sums = scratch.rest.iter().filter_map(|rest| rest.as_flattened().get(r));
            rest.iter_mut().zip(sums).for_each(|(out, &sum)| *out = sum * factor);
        }
    }
}
