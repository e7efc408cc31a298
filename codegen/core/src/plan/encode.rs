//! The encoder: cross-attention from the tokens into the latents, then the latent transformer.

use super::builder::{Builder, Rows};
use super::tokens_are_read_once;
use crate::model::{Attention, Block, Latents, Linear, Mlp, Model, Query, Reads, Residual, Tensor};
use crate::program::{Activation, Count, Source, Step};

/// The rows that a block reads beside its own.
pub(super) struct Context {
    pub(super) rows: Rows,
    /// Nobody reads them afterwards: they may be normalised in place.
    pub(super) last_use: bool,
}

pub(super) fn lower(builder: &mut Builder, model: &Model, tokens: Rows) -> Rows {
    let [count, width] = model.latents.shape();
    let latents = builder.rows("latents", Count::fixed(count), count, width);
    if let Latents::Learned(table) = &model.latents
        && model.schedule.first().is_none_or(|&first| needs_rows(&model.blocks[first].attention))
    {
        fill(builder, table, &latents);
    }
    let last_use = tokens_are_read_once(model);
    for &index in &model.schedule {
        block(builder, &model.blocks[index], &latents, &Context { rows: tokens, last_use });
    }
    latents
}

/// Whether a block reads its own rows: to make queries from them or to add them to the result.
pub(super) fn needs_rows(attention: &Attention) -> bool {
    !matches!(attention.residual, Residual::None) || matches!(attention.query, Query::Projected { .. })
}

/// `out = table`
pub(super) fn fill(builder: &mut Builder, table: &Tensor, out: &Rows) {
    let x = Source::Weights(builder.blob.plain(table));
    let width = out.width;
    builder.step(Step::CopyRows { rows: out.count, width, x_stride: width, out_stride: width, x, out: out.target() });
}

/// One block over the rows `x`, which it replaces.
pub(super) fn block(builder: &mut Builder, block: &Block, x: &Rows, context: &Context) {
    let attended = attend(builder, block, x, context);
    builder.linear_to(&attended, &block.attention.output, matches!(block.attention.residual, Residual::Add), x);
    if let Some(mlp) = &block.mlp {
        lower_mlp(builder, &block.name, mlp, x);
    }
}

fn lower_mlp(builder: &mut Builder, name: &str, mlp: &Mlp, x: &Rows) {
    let normal = builder.normalize_with(format!("{name} mlp norm"), x, mlp.norm.as_ref());
    let hidden = builder.linear(format!("{name} mlp hidden"), &normal, &mlp.up, mlp.activation);
    builder.linear_to(&hidden, &mlp.down, true, x);
}

/// What the queries gather from the values.
fn attend(builder: &mut Builder, block: &Block, x: &Rows, context: &Context) -> Rows {
    let Block { name, attention, .. } = block;
    let normal = match &attention.query {
        Query::Projected { norm, .. } => Some(builder.normalize_with(format!("{name} norm"), x, norm.as_ref())),
        Query::Constant(_) => None,
    };
    let from = match (block.reads, &attention.norm_kv, normal) {
        (Reads::Itself, _, Some(normal)) => normal,
        (_, Some(norm), _) if context.last_use => {
            builder.normalize_in_place(&context.rows, norm);
            context.rows
        }
        (_, Some(norm), _) => builder.normalize(format!("{name} context norm"), &context.rows, norm),
        (_, None, _) => context.rows,
    };
    let q = match (&attention.query, normal) {
        (Query::Projected { linear, .. }, Some(normal)) => project(builder, name, "query", &normal, linear).source(),
        (Query::Projected { linear, .. }, None) => project(builder, name, "query", x, linear).source(),
        (Query::Constant(table), _) => Source::Weights(builder.blob.plain(table)),
    };
    let k = project(builder, name, "key", &from, &attention.key);
    let v = project(builder, name, "value", &from, &attention.value);
    let out = builder.rows(format!("{name} attended"), x.count, x.most, attention.v);
    builder.step(Step::Attention {
        queries: x.count,
        keys: from.count,
        heads: attention.heads,
        qk: attention.qk / attention.heads,
        v_width: attention.v / attention.heads,
        scale: attention.scale as f32,
        q,
        k: k.source(),
        v: v.source(),
        mask: if from.count == Count::TOKENS { builder.mask } else { None },
        out: out.target(),
    });
    out
}

fn project(builder: &mut Builder, name: &str, what: &str, x: &Rows, linear: &Linear) -> Rows {
    builder.linear(format!("{name} {what}"), x, linear, Activation::Identity)
}
