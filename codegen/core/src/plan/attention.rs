//! The attention of a block: queries from its rows, keys and values from all that it reads.

use super::block::Context;
use super::builder::{Builder, Rows};
use crate::model::{Attention, Block, Linear, Norm, Query, Reads};
use crate::program::{Activation, Count, Source, Step, Target};

/// What the queries gather from the values.
pub(super) fn attend(builder: &mut Builder, block: &Block, x: &Rows, context: &Context) -> Rows {
    let Block { name, attention, .. } = block;
    let own = match &attention.query {
        Query::Projected { norm, .. } => builder.normalize_with(format!("{name} norm"), x, norm.as_ref()),
        Query::Constant(_) => *x,
    };
    let from = match block.reads {
        Reads::Itself => vec![own],
        Reads::Context => vec![other(builder, block, context)],
        Reads::ContextThenItself => vec![other(builder, block, context), own],
        Reads::PrefixThenItself => vec![],
    };
    let q = queries(builder, name, attention, &own);
    let k = project(builder, format!("{name} key"), &from, &attention.key);
    let v = project(builder, format!("{name} value"), &from, &attention.value);
    if let Some(norms) = &attention.head_norms {
        normalize_heads(builder, &k, attention.heads, &norms.key);
    }
    let mask = if block.reads.context() { context.mask } else { None };
    let out = builder.rows(format!("{name} attended"), x.count, x.most, attention.v);
    builder.step(Step::Attention {
        queries: x.count,
        keys: k.count,
        masked: if mask.is_some() { context.rows.count } else { Count::NONE },
        heads: attention.heads,
        qk: attention.qk / attention.heads,
        v_width: attention.v / attention.heads,
        scale: attention.scale as f32,
        q,
        k: k.source(),
        v: v.source(),
        mask,
        out: out.target(),
    });
    out
}

/// The other rows, normalised.
fn other(builder: &mut Builder, block: &Block, context: &Context) -> Rows {
    match &block.attention.norm_kv {
        Some(norm) if context.last_use => {
            builder.normalize_in_place(&context.rows, norm);
            context.rows
        }
        norm => builder.normalize_with(format!("{} context norm", block.name), &context.rows, norm.as_ref()),
    }
}

fn queries(builder: &mut Builder, name: &str, attention: &Attention, own: &Rows) -> Source {
    let linear = match &attention.query {
        Query::Projected { linear, .. } => linear,
        Query::Constant(table) => return Source::Weights(builder.blob.plain(table)),
    };
    let q = project(builder, format!("{name} query"), &[*own], linear);
    if let Some(norms) = &attention.head_norms {
        normalize_heads(builder, &q, attention.heads, &norms.query);
    }
    q.source()
}

/// A linear layer on all rows of `from`, below each other.
fn project(builder: &mut Builder, name: String, from: &[Rows], linear: &Linear) -> Rows {
    let count = from.iter().fold(Count::NONE, |sum, rows| sum + rows.count);
    let out = builder.rows(name, count, from.iter().map(|rows| rows.most).sum(), linear.weight.rows());
    let mut first = Count::NONE;
    for rows in from {
        let out_stride = out.width;
        let target = Target::Arena(out.after(first));
        builder.linear_into(
            rows.source(),
            rows.count,
            rows.width,
            linear,
            Activation::Identity,
            false,
            target,
            out_stride,
        );
        first = first + rows.count;
    }
    out
}

/// Each head's part of each row, normalised in place.
fn normalize_heads(builder: &mut Builder, x: &Rows, heads: usize, norm: &Norm) {
    let parts = Rows { count: x.count.times(heads), most: x.most * heads, width: x.width / heads, ..*x };
    builder.normalize_in_place(&parts, norm);
}
