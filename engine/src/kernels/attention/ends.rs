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
        let factors = match attention.carried {
            Some(_) => [[1.0; PANEL]; PANELS],
            None => softmax.factors(isa),
        };
        self.carry(attention, softmax);
        let whole = attention.v_width / PANEL * PANEL;
        for (p, factors) in factors.iter().enumerate().take(self.count.div_ceil(PANEL)) {
            let mut rests = [[0.0; PANEL]; PANEL];
            if whole < attention.v_width {
                isa.transpose(columns(&scratch.rest, p), &mut rests);
            }
            let rows = factors.iter().zip(&rests).enumerate().take(self.count - p * PANEL);
            for (r, (&factor, sums)) in rows {
                let (out, factor) = (self.out(attention, p * PANEL + r), isa.splat(factor));
                let out = part_mut(attention.out, out, attention.v_width);
                let Some((out, rest)) = out.split_at_mut_checked(whole) else { return };
                for x in out.chunks_mut(I::LANES) {
                    isa.store(isa.mul(isa.load(x), factor), x);
                }
                for (rest, sums) in rest.chunks_mut(I::LANES).zip(sums.chunks(I::LANES)) {
                    isa.store(isa.mul(isa.load(sums), factor), rest);
                }
            }
        }
    }

    /// Writes the softmax down for the keys to come, where there will be some.
    #[inline(always)]
    fn carry<const PANELS: usize>(&self, attention: &mut Attention<'_>, softmax: &Softmax<PANELS>) {
        let Some(carried) = &mut attention.carried else { return };
        let seen = softmax.largest.as_flattened().iter().zip(softmax.sum.as_flattened());
        for (r, (&largest, &sum)) in seen.enumerate().take(self.count) {
            let state = (self.query + r) * attention.heads + self.head;
            part_mut(carried.largest, state, 1).fill(largest);
            part_mut(carried.sum, state, 1).fill(sum);
        }
    }
}

/// What `rest` holds of the queries of panel `panel`: a column of the values a row.
#[inline(always)]
fn columns<const PANELS: usize>(rest: &[[[f32; PANEL]; PANELS]; PANEL], panel: usize) -> [&[f32; PANEL]; PANEL] {
    let mut columns = [&[0.0; PANEL]; PANEL];
    for (column, rest) in columns.iter_mut().zip(rest) {
        *column = rest.get(panel).unwrap_or(column);
    }
    columns
}
