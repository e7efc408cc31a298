//! The attention of a block: queries from its rows, keys and values from all that it reads.

use super::block::Context;
use super::builder::{Builder, Rows};
use super::gather;
use crate::model::{Attention, Block, EmptyRows, Linear, Norm, Places, Query, Reads, Rotary, Softmax};
use crate::program::{Activation, Count, Source, Step, Target};

/// What the queries gather from the values.
pub(super) fn attend(builder: &mut Builder, block: &Block, x: &Rows, context: &Context) -> Rows {
    let Block { name, attention, .. } = block;
    let own = match &attention.query {
        Query::Projected { norm, .. } => builder.normalize_with(format!("{name} norm"), x, norm.as_ref()),
        Query::Constant(_) => *x,
    };
    let keys = match (block.reads, context) {
        (Reads::Itself, _) => keys(builder, block, &[own]),
        (_, Context::Arriving(model)) => {
            let q = queries(builder, name, attention, &own);
            return gather::lower(builder, model, block, x, q);
        }
        (_, Context::Keys(keys)) => **keys,
        (reads, Context::Rows { rows, last_use, mask }) => {
            let prefix = Rows { count: Count::PREFIX, ..*rows };
            let others = if reads == Reads::PrefixThenItself { &prefix } else { rows };
            let others = other(builder, block, others, *last_use);
            let from = if reads == Reads::Context { vec![others] } else { vec![others, own] };
            Keys { masked: mask.map(|mask| (mask, rows.count)), ..keys(builder, block, &from) }
        }
    };
    let first_place = if block.reads == Reads::Context { x.first_place } else { keys.own_place };
    let q = queries(builder, name, attention, &Rows { first_place, ..own });
    let out = weigh(builder, block, x, q, &keys);
    if attention.masks_queries {
        let (width, mask) = (attention.v, builder.mask());
        builder.step(Step::HideRows { rows: x.count, width, mask, out: out.target() });
    }
    out
}

/// The weighted sums of the values for the queries `q` of the rows `x`.
fn weigh(builder: &mut Builder, block: &Block, x: &Rows, q: Source, keys: &Keys) -> Rows {
    let Block { name, attention, .. } = block;
    let name = format!("{name} attended");
    let (masked, mask) = (keys.masked.map_or(Count::NONE, |(_, count)| count), keys.masked.map(|(mask, _)| mask));
    let (heads, qk, v_width) = (attention.heads, attention.qk / attention.heads, attention.v / attention.heads);
    let (scale, causal) = (attention.scale as f32, attention.causal);
    let (queries, keys, k, v) = (x.count, keys.k.count, keys.k.source(), keys.v.source());
    if let Softmax::Queries { eps } = attention.softmax {
        let (out, place) = builder.rows_and_more(name, queries, x.most, attention.v, attention.heads + 1);
        let (eps, out_place) = (eps as f32, Target::Arena(place));
        let step = Step::InvertedAttention {
            queries,
            keys,
            masked,
            heads,
            qk,
            v_width,
            scale,
            causal,
            eps,
            q,
            k,
            v,
            mask,
            out: out_place,
        };
        builder.step(step);
        return out;
    }
    let out = builder.rows(name, queries, x.most, attention.v);
    let zero_empty = attention.empty_rows == EmptyRows::Zero;
    let target = out.target();
    let step = Step::Attention {
        queries,
        keys,
        masked,
        heads,
        key_heads: heads,
        value_heads: heads,
        qk,
        v_width,
        scale,
        causal,
        zero_empty,
        q,
        k,
        v,
        mask,
        out: target,
    };
    builder.step(step);
    out
}

/// Keys and values.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    pub(super) k: Rows,
    pub(super) v: Rows,
    /// The input that says which of them are attended to, and how many of them, the first, it covers.
    masked: Option<(usize, Count)>,
    /// The place of the first of the last rows that they were made from: the block's own, where it reads itself.
    own_place: Count,
}

/// The keys and values of all rows of `from`, below each other.
pub(super) fn keys(builder: &mut Builder, block: &Block, from: &[Rows]) -> Keys {
    let Block { name, attention, .. } = block;
    let k = project(builder, format!("{name} key"), from, &attention.key);
    let v = project(builder, format!("{name} value"), from, &attention.value);
    place_heads(builder, attention, &k, attention.head_norms.as_ref().map(|norms| &norms.key));
    let others = from.iter().rev().skip(1).fold(Count::NONE, |sum, rows| sum + rows.count);
    Keys { k, v, masked: None, own_place: k.first_place + others }
}

/// Rows that the block reads beside its own, normalised.
pub(super) fn other(builder: &mut Builder, block: &Block, rows: &Rows, last_use: bool) -> Rows {
    match &block.attention.norm_kv {
        Some(norm) if last_use => {
            builder.normalize_in_place(rows, norm);
            *rows
        }
        norm => builder.normalize_with(format!("{} context norm", block.name), rows, norm.as_ref()),
    }
}

fn queries(builder: &mut Builder, name: &str, attention: &Attention, own: &Rows) -> Source {
    let linear = match &attention.query {
        Query::Projected { linear, .. } => linear,
        Query::Constant(table) => return builder.table(table, own.count),
    };
    let q = project(builder, format!("{name} query"), &[*own], linear);
    place_heads(builder, attention, &q, attention.head_norms.as_ref().map(|norms| &norms.query));
    q.source()
}

/// What queries and keys go through after their linear layer: a norm of each head's part, rotary positions.
fn place_heads(builder: &mut Builder, attention: &Attention, x: &Rows, norm: Option<&Norm>) {
    let (heads, head_width) = (attention.heads, attention.qk / attention.heads);
    if let Some(norm) = norm {
        let parts = Rows { count: x.count.times(heads), most: x.most * heads, width: head_width, ..*x };
        builder.normalize_in_place(&parts, norm);
    }
    if let Some(Rotary { frequencies, heads, places }) = &attention.rotary {
        let frequencies = builder.blob.plain(frequencies);
        builder.step(Step::Rotate {
            rows: x.count,
            width: x.width,
            heads: *heads,
            head_width,
            first: x.first_place,
            skipped: if *places == Places::AfterPadding { builder.padding() } else { Count::NONE },
            from_end: *places == Places::FromEnd,
            frequencies,
            out: x.target(),
        });
    }
}

/// A linear layer on all rows of `from`, below each other.
fn project(builder: &mut Builder, name: String, from: &[Rows], linear: &Linear) -> Rows {
    let count = from.iter().fold(Count::NONE, |sum, rows| sum + rows.count);
    let most = from.iter().map(|rows| rows.most).sum::<usize>();
    let most = if count.tile > 0 { most } else { most.min(count.at(builder.all)) };
    let out = builder.rows(name, count, most, linear.weight.rows());
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
    Rows { first_place: from.first().map_or(Count::NONE, |rows| rows.first_place), ..out }
}
