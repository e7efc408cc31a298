//! The encoder: cross-attention from the tokens into the latents, then the latent transformer.

use super::block::{Context, block, first_block};
use super::builder::{Builder, Rows};
use super::{gather, tokens, tokens_are_read_once};
use crate::model::{Latents, Model, Tensor};
use crate::program::{Count, Step};

/// What the encoder leaves behind.
pub(super) struct Encoded {
    pub(super) latents: Rows,
    /// All tokens, unless they were made a few at a time.
    pub(super) tokens: Option<Rows>,
}

pub(super) fn lower(builder: &mut Builder, model: &Model) -> Encoded {
    let tokens = (!gather::applies(model)).then(|| tokens::lower(builder, model));
    let context = tokens.map_or(Context::Arriving(model), |rows| Context::Rows {
        rows,
        last_use: tokens_are_read_once(model),
        mask: builder.mask(),
    });
    let [count, width] = model.latents.shape();
    let latents = builder.rows("latents", Count::fixed(count), count, width);
    for (position, &index) in model.schedule.iter().enumerate() {
        match &model.latents {
            Latents::Learned(start) if position == 0 => {
                first_block(builder, &model.blocks[index], &latents, start, &context);
            }
            _ => block(builder, &model.blocks[index], &latents, &context),
        }
    }
    if let (Latents::Learned(start), []) = (&model.latents, model.schedule.as_slice()) {
        fill(builder, start, &latents);
    }
    if let Some(norm) = &model.norm {
        builder.normalize_in_place(&latents, norm);
    }
    Encoded { latents, tokens }
}

/// `out = table`
pub(super) fn fill(builder: &mut Builder, table: &Tensor, out: &Rows) {
    let x = builder.table(table, out.count);
    let width = out.width;
    builder.step(Step::CopyRows { rows: out.count, width, x_stride: width, out_stride: width, x, out: out.target() });
}
