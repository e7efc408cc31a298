//! The decoder: queries gather from the latents, heads read the rows they decode.

use super::builder::{Builder, Rows};
use super::encode::{Context, block, fill, needs_rows};
use super::tokens::fourier;
use crate::model::{Model, Output, Queries};
use crate::program::{Activation, Count, Place, Source, Step, Target};

pub(super) fn lower(builder: &mut Builder, model: &Model, latents: Rows) {
    let [count, width] = model.decoder.queries.shape();
    let rows = builder.rows("decoded", Count::Fixed(count), count, width);
    if needs_rows(&model.decoder.block.attention) {
        match &model.decoder.queries {
            Queries::Learned(table) => fill(builder, table, &rows),
            Queries::Fourier(grid) => fourier(builder, grid, rows.count, rows.place(), width),
        }
    }
    block(builder, &model.decoder.block, &rows, &Context { rows: latents, last_use: true });
    for (index, output) in model.outputs.iter().enumerate() {
        head(builder, output, index, &rows);
    }
}

fn head(builder: &mut Builder, output: &Output, index: usize, rows: &Rows) {
    let count = Count::Fixed(output.rows.len());
    let place: Place = rows.part(output.rows.start, output.rows.len(), 0, rows.width);
    let (x, out, width) = (Source::Arena(place), Target::Output(index), rows.width);
    match &output.linear {
        Some(linear) => {
            let outputs = linear.weight.rows();
            builder.linear_into(x, count, width, linear, Activation::Identity, false, out, outputs);
        }
        None => builder.step(Step::CopyRows { rows: count, width, x_stride: width, out_stride: width, x, out }),
    }
}
