//! The encoder: cross-attention from the tokens into the latents, then the latent transformer.

use super::block::{Context, block, first_block};
use super::builder::{Builder, Rows};
use super::history::History;
use super::{gather, tokens, tokens_are_read_once};
use crate::model::{Block, Latents, Linear, Model, Tensor};
use crate::program::{Activation, Count, Place, Source, Step};

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
    let latents = latents(builder, model, tokens.as_ref());
    let mut history = History::begin(builder, model, &latents);
    for (position, &index) in model.schedule.iter().enumerate() {
        match &model.latents {
            Latents::Learned(start) if position == 0 => {
                first_block(builder, &model.blocks[index], &latents, start, &context);
            }
            _ => layer(builder, &model.blocks[index], &latents, &context),
        }
        history.reach(builder, position + 1, &latents);
    }
    if let (Latents::Learned(start), []) = (&model.latents, model.schedule.as_slice()) {
        fill(builder, start, &latents);
    }
    if let Some(norm) = &model.norm {
        builder.normalize_in_place(&latents, norm);
    }
    Encoded { latents, tokens }
}

/// A block after the first, which a run may leave out.
fn layer(builder: &mut Builder, layer: &Block, latents: &Rows, context: &Context<'_>) {
    let steps = builder.section(|builder| block(builder, layer, latents, context));
    if builder.latent_count == Count::LATENTS {
        builder.layers.push(steps);
    }
}

/// The latents' rows; those that are tokens are filled, learned ones are not yet.
fn latents(builder: &mut Builder, model: &Model, tokens: Option<&Rows>) -> Rows {
    let [most, width] = model.latents.shape();
    let latents = builder.rows("latents", builder.latent_count, most, width);
    match (&model.latents, tokens) {
        (Latents::Tail { project, .. }, Some(tokens)) => {
            tail(builder, tokens.after(Count::PREFIX), tokens.width, project.as_ref(), &latents);
            Rows { first_place: Count::PREFIX, ..latents }
        }
        _ => latents,
    }
}

/// The latents that are the tokens at `tokens`, rows `x_stride` apart, through a linear layer if there is one.
pub(super) fn tail(builder: &mut Builder, tokens: Place, x_stride: usize, project: Option<&Linear>, latents: &Rows) {
    let (rows, x) = (latents.count, Source::Arena(tokens));
    let (out, width) = (latents.target(), latents.width);
    match project {
        Some(linear) => builder.linear_into(x, rows, x_stride, linear, Activation::Identity, false, out, width),
        None => builder.step(Step::CopyRows { rows, width, x_stride, out_stride: width, x, out }),
    }
}

/// `out = table`
pub(super) fn fill(builder: &mut Builder, table: &Tensor, out: &Rows) {
    let x = builder.table(table, out.count);
    let width = out.width;
    builder.step(Step::CopyRows { rows: out.count, width, x_stride: width, out_stride: width, x, out: out.target() });
}
