//! The attention of a block: queries from its rows, keys and values from all that it reads.

use super::block::Context;
use super::builder::{Builder, Rows};
use super::gather;
use crate::model::{
    Absorbed, Attention, Block, EmptyRows, Linear, Norm, Places, Query, Reads, Rotary, Separated, Softmax, Tensor,
};
use crate::program::{Activation, Count, Source, Step, Target};

/// What the queries gather from the values.
pub(super) fn attend(builder: &mut Builder, block: &Block, x: &Rows, context: &Context) -> Rows {
    let Block { name, attention, .. } = block;
    let own = match &attention.query {
        Query::Projected { norm, .. } => builder.normalize_with(format!("{name} norm"), x, norm.as_ref()),
        Query::Constant(_) => *x,
    };
    let keys = match (block.reads, context) {
        (Reads::Context, Context::Kept(tokens, ring)) => ring.take(builder, block, tokens),
        (_, Context::Kept(_, ring)) => ring.keep(builder, block, &own),
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
        let (width, mask) = (out.width, builder.mask());
        builder.step(Step::HideRows { rows: x.count, width, mask, out: out.target() });
    }
    values(builder, name, attention, out)
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
    let Heads { count, key_heads, value_heads, qk, v: v_width } = Heads::new(attention);
    let out = builder.rows(name, queries, x.most, count * v_width);
    let zero_empty = attention.empty_rows == EmptyRows::Zero;
    let target = out.target();
    // Where all heads read the same rows and none depends on a place, they are so many queries more.
    let as_queries = if key_heads == 1 && value_heads == 1 && !causal { count } else { 1 };
    let step = Step::Attention {
        queries: queries.times(as_queries),
        keys,
        masked,
        heads: count / as_queries,
        key_heads,
        value_heads,
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

/// Heads and the widths of one, as the attention itself sees them.
pub(super) struct Heads {
    pub(super) count: usize,
    pub(super) key_heads: usize,
    pub(super) value_heads: usize,
    pub(super) qk: usize,
    pub(super) v: usize,
}

impl Heads {
    pub(super) fn new(attention: &Attention) -> Self {
        let count = attention.heads;
        let row = |linear: &Linear| attention.separated.as_ref().map_or(linear.weight.columns(), Separated::width);
        let width = |absorbed: bool, linear: &Linear, all: usize| {
            if absorbed { (1, row(linear)) } else { (count, all / count) }
        };
        let (key_heads, qk) = width(attention.absorbed_key.is_some(), &attention.key, attention.qk);
        let (value_heads, v) = width(attention.absorbed_value.is_some(), &attention.value, attention.v);
        Self { count, key_heads, value_heads, qk, v }
    }
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

impl Keys {
    /// Keys and values that no mask hides and whose places are known where they are made.
    pub(super) fn placed(k: Rows, v: Rows) -> Self {
        Self { k, v, masked: None, own_place: Count::NONE }
    }
}

/// The keys and values of all rows of `from`, below each other.
pub(super) fn keys(builder: &mut Builder, block: &Block, from: &[Rows]) -> Keys {
    let Block { name, attention, .. } = block;
    let whole = |absorbed: &Option<Absorbed>| from.first().copied().filter(|_| absorbed.is_some());
    let k =
        whole(&attention.absorbed_key).unwrap_or_else(|| project(builder, format!("{name} key"), from, &attention.key));
    let v = whole(&attention.absorbed_value)
        .unwrap_or_else(|| project(builder, format!("{name} value"), from, &attention.value));
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
    match &attention.absorbed_key {
        Some(Absorbed::PerHead(layers)) => per_head(builder, format!("{name} query with keys"), &q, layers).source(),
        Some(Absorbed::Merged) | None => q.source(),
    }
}

/// The values of what the heads have gathered.
pub(super) fn values(builder: &mut Builder, name: &str, attention: &Attention, gathered: Rows) -> Rows {
    match &attention.absorbed_value {
        Some(Absorbed::PerHead(layers)) => per_head(builder, format!("{name} values"), &gathered, layers),
        Some(Absorbed::Merged) | None => gathered,
    }
}

/// A linear layer on each head's part of each row.
fn per_head(builder: &mut Builder, name: String, x: &Rows, layers: &[Linear]) -> Rows {
    let widths = layers.first().map_or([0, 0], |layer| [layer.weight.columns(), layer.weight.rows()]);
    let out = Rows { first_place: x.first_place, ..builder.rows(name, x.count, x.most, layers.len() * widths[1]) };
    for (head, layer) in layers.iter().enumerate() {
        let [from, to] =
            [(x, widths[0]), (&out, widths[1])].map(|(rows, width)| rows.part(0, rows.most, head * width, width));
        let (source, target) = (Source::Arena(from), Target::Arena(to));
        builder.linear_into(source, x.count, x.width, layer, Activation::Identity, false, target, out.width);
    }
    out
}

/// What queries and keys go through after their linear layer: a norm of each head's part, rotary positions.
fn place_heads(builder: &mut Builder, attention: &Attention, x: &Rows, norm: Option<&Norm>) {
    let (heads, head_width) = (attention.heads, attention.qk / attention.heads);
    if let Some(norm) = norm {
        let parts = Rows { count: x.count.times(heads), most: x.most * heads, width: head_width, ..*x };
        builder.normalize_in_place(&parts, norm);
    }
    let Some(Rotary { frequencies, heads, places }) = &attention.rotary else { return };
    if builder.grows {
        let (heads, steps) = (*heads, phases(frequencies, *places));
        builder.step(Step::Turn { rows: x.count, width: x.width, heads, head_width, steps, out: x.target() });
    } else {
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

/// What each pair turns by from a place to the next, in 2⁻⁶⁴ turns.
fn phases(frequencies: &Tensor, places: Places) -> Vec<u64> {
    let turns = |&frequency: &f32| f64::from(frequency) / std::f64::consts::TAU;
    let phase = |turns: f64| (turns * 18_446_744_073_709_551_616.0) as i128 as u64;
    // Places that count from the end become fewer where others become more.
    let turned = |phase: u64| if places == Places::FromEnd { phase.wrapping_neg() } else { phase };
    // They are a vector, which is in memory.
    let frequencies = frequencies.numbers().unwrap_or_default();
    frequencies.iter().map(turns).map(phase).map(turned).collect()
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
