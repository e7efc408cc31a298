//! Embedding: one row of the table an id.

use crate::layers::Embed;

/// [`crate::layers::embed`]
pub fn embed(shape: &Embed, ids: &[u32], table: &[f32], out: &mut [f32]) {
    for row in 0..shape.rows {
        let id = ids[row] as usize;
        for i in 0..shape.width {
            out[row * shape.out_stride + i] = if id < shape.vocabulary { table[id * shape.width + i] } else { 0.0 };
        }
    }
}
