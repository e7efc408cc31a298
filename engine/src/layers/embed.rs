//! Token ids to vectors.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::weight::Weight;
use crate::kernels::{part, part_mut};

/// The shape of an embedding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Embed {
    /// Ids to embed.
    pub rows: usize,
    /// Rows of the table.
    pub vocabulary: usize,
    /// Numbers of a row.
    pub width: usize,
    /// From one row of `out` to the next.
    pub out_stride: usize,
}

/// `out[i] = table[ids[i]]`: `table` `[vocabulary, width]`, `out` `[rows, width]`. An id outside the table embeds as zeros.
#[inline]
pub fn embed<I: Isa, W: Weight>(isa: I, shape: &Embed, ids: &[u32], table: &[W], out: &mut [f32]) {
    let ok = fits(ids, shape.rows, 1, 1)
        && fits(table, shape.vocabulary, shape.width, shape.width)
        && fits(out, shape.rows, shape.width, shape.out_stride);
    if ok {
        isa.run(Lookup { shape: *shape, ids, table, out });
    }
}

struct Lookup<'a, W> {
    shape: Embed,
    ids: &'a [u32],
    table: &'a [W],
    out: &'a mut [f32],
}

impl<W: Weight> Kernel for Lookup<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Embed { rows, vocabulary, width, out_stride } = self.shape;
        for (row, &id) in self.ids.iter().enumerate().take(rows) {
            let out = part_mut(self.out, row * out_stride, width);
            let source = if (id as usize) < vocabulary { part(self.table, id as usize * width, width) } else { &[] };
            if source.is_empty() {
                out.fill(0.0);
            }
            W::widen(isa, source, out);
        }
    }
}
