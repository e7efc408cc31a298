//! How a block begins and ends: from nothing, or from one state of the softmax to the next.

use super::Attention;
use super::block::Block;
use super::softmax::Softmax;
use crate::isa::{Isa, StridedMut};
use crate::kernels::{copy_few, part_mut};
use percio_format::PANEL;

impl Block<'_> {
    /// Readies `rest` where there is something to go on from; returns the softmax to start from.
    #[inline(always)]
    pub(super) fn begin<const PANELS: usize>(
        &self,
        attention: &Attention<'_>,
        rest: &mut [[[f32; PANEL]; PANELS]; PANEL],
    ) -> Softmax<PANELS> {
        let mut softmax = Softmax::START;
        let Some(carried) = &attention.carried else { return softmax };
        let (width, whole) = (attention.v_width, attention.v_width / PANEL * PANEL);
        let rest = rest.get_mut(..width - whole).unwrap_or_default();
        rest.fill([[0.0; PANEL]; PANELS]);
        for r in 0..self.count {
            let sums = attention.out.get(self.out(attention, r) + whole..).unwrap_or_default();
            let column = rest.iter_mut().filter_map(|rest| rest.as_flattened_mut().get_mut(r));
            column.zip(sums).for_each(|(rest, &sum)| *rest = sum);
            let state = (self.query + r) * attention.heads + self.head;
            softmax.set(r, carried.largest.get(state), carried.sum.get(state));
        }
        softmax
    }

    /// Writes what `rest` holds to the output rows, and the softmax where it goes on.
    #[inline(always)]
    pub(super) fn end<I: Isa, const PANELS: usize>(
        &self,
        isa: I,
        attention: &mut Attention<'_>,
        rest: &[[[f32; PANEL]; PANELS]; PANEL],
        softmax: &Softmax<PANELS>,
    ) {
        self.carry(attention, softmax);
        let whole = attention.v_width / PANEL * PANEL;
        if whole == attention.v_width {
            return;
        }
        let (stride, start) = (attention.heads * attention.v_width, self.out(attention, 0) + whole);
        let out = attention.out.get_mut(start..).unwrap_or_default();
        let Some(mut out) = StridedMut::new(out, stride, self.count, attention.v_width - whole) else { return };
        for p in 0..self.count.div_ceil(PANEL) {
            let mut rests = [[0.0; PANEL]; PANEL];
            isa.transpose(columns(rest, p), &mut rests);
            for (r, sums) in rests.iter().enumerate() {
                let Some(rest) = out.row(p * PANEL + r) else { break };
                copy_few(sums, rest);
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
