//! The decoder: queries gather from the latents, heads read the rows they decode.

use super::block::{Context, block, needs_rows};
use super::builder::{Builder, Rows};
use super::encode::fill;
use super::tokens::fourier;
use crate::model::{Decoder, Model, Output, Queries};
use crate::program::{Activation, Count, Place, Source, Step, Target};

pub(super) fn lower(builder: &mut Builder, model: &Model, latents: Rows) {
    let rows = match &model.decoder {
        Some(decoder) => decode(builder, model, decoder, latents),
        None => latents,
    };
    for (index, output) in model.outputs.iter().enumerate() {
        head(builder, output, index, &rows);
    }
}

fn decode(builder: &mut Builder, model: &Model, decoder: &Decoder, latents: Rows) -> Rows {
    let [count, width] = model.output_rows();
    let rows = builder.rows("decoded", Count::fixed(count), count, width);
    if needs_rows(&decoder.block.attention) {
        match &decoder.queries {
            Queries::Learned(table) => fill(builder, table, &rows),
            Queries::Fourier(grid) => fourier(builder, grid, rows.count, rows.place(), width),
            Queries::Tokens | Queries::Input { .. } | Queries::Parts(_) => {}
        }
    }
    block(builder, &decoder.block, &rows, &Context { rows: latents, last_use: true, mask: None });
    rows
}

fn head(builder: &mut Builder, output: &Output, index: usize, rows: &Rows) {
    let count = Count::fixed(output.rows.most());
    let place: Place = rows.part(output.rows.first(), output.rows.most(), 0, rows.width);
    let (x, out, width) = (Source::Arena(place), Target::Output(index), rows.width);
    match &output.linear {
        Some(linear) => {
            let outputs = linear.weight.rows();
            builder.linear_into(x, count, width, linear, Activation::Identity, false, out, outputs);
        }
        None => builder.step(Step::CopyRows { rows: count, width, x_stride: width, out_stride: width, x, out }),
    }
}
