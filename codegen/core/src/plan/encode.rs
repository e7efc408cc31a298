//! The encoder: cross-attention from the tokens into the latents, then the latent transformer.

use super::block::{Context, block, needs_rows};
use super::builder::{Builder, Rows};
use super::tokens_are_read_once;
use crate::model::{Latents, Model, Tensor};
use crate::program::{Count, Source, Step};

pub(super) fn lower(builder: &mut Builder, model: &Model, tokens: Rows) -> Rows {
    let [count, width] = model.latents.shape();
    let latents = builder.rows("latents", Count::fixed(count), count, width);
    if let Latents::Learned(table) = &model.latents
        && model.schedule.first().is_none_or(|&first| needs_rows(&model.blocks[first].attention))
    {
        fill(builder, table, &latents);
    }
    let context = Context { rows: tokens, last_use: tokens_are_read_once(model), mask: builder.mask };
    for &index in &model.schedule {
        block(builder, &model.blocks[index], &latents, &context);
    }
    if let Some(norm) = &model.norm {
        builder.normalize_in_place(&latents, norm);
    }
    latents
}

/// `out = table`
pub(super) fn fill(builder: &mut Builder, table: &Tensor, out: &Rows) {
    let x = Source::Weights(builder.blob.plain(table));
    let width = out.width;
    builder.step(Step::CopyRows { rows: out.count, width, x_stride: width, out_stride: width, x, out: out.target() });
}
