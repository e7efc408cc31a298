//! The decoder: queries gather from the latents, heads read the rows they decode. No query depends on another, so they
//! go through in tiles.

use super::attention::{keys, other};
use super::block::{Context, block, first_block, needs_rows};
use super::builder::{Builder, Rows};
use super::encode::Encoded;
use super::tokens::fourier;
use super::{gather, tokens};
use crate::model::{Block, Decoder, Encoding, Extent, Model, Output, Queries, QueryPart, Reads, Softmax, Tensor};
use crate::program::{Activation, Count, Head, QueryStage, Reading, Source, Stage, Step, Target};
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) fn lower(builder: &mut Builder, model: &Model, encoded: Encoded) {
    let latents = encoded.latents;
    let Some(decoder) = &model.decoder else { return heads(builder, model, &latents) };
    let [count, width] = decoder.queries.shape([model.tokens(), model.token_width()]);
    if latents.count == Count::fixed(latents.most) && is_row_by_row(model, decoder) {
        let from = other(builder, &decoder.block, &latents, true);
        let context = Context::Keys(keys(builder, &decoder.block, &[from]));
        let rows = builder.rows("decoded", Count::TILE, builder.tiles.queries.min(count), width);
        tiles(builder, model, decoder, &rows, &context);
    } else {
        let rows = match (&decoder.queries, encoded.tokens) {
            (Queries::Tokens, Some(tokens)) => tokens,
            (Queries::Tokens, None) => tokens::lower(builder, model),
            _ => builder.rows("decoded", Count::fixed(count), count, width),
        };
        let context = Context::Rows { rows: latents, last_use: true, mask: None };
        let decoded = decode(builder, model, decoder, &rows, &context);
        heads(builder, model, &decoded);
    }
}

/// Whether each row of each output depends on one query alone, and each query can be made alone.
fn is_row_by_row(model: &Model, decoder: &Decoder) -> bool {
    let Block { reads, mixer, attention, .. } = &decoder.block;
    let is_apart = *reads == Reads::Context && mixer.is_none() && attention.rotary.is_none() && !attention.causal;
    let is_made_alone = match &decoder.queries {
        Queries::Learned(_) | Queries::Fourier(_) | Queries::Input { .. } => true,
        Queries::Tokens => gather::applies(model),
        Queries::Parts(_) => false,
    };
    is_apart
        && is_made_alone
        && attention.softmax == Softmax::Keys
        && model.outputs.iter().all(|output| !output.mean)
        && are_alike(&model.outputs)
}

/// Whether either all outputs have as many rows as the run has tokens, or none has.
fn are_alike(outputs: &[Output]) -> bool {
    let varies = |output: &Output| matches!(output.rows, Extent::Tokens { .. });
    outputs.iter().all(varies) || !outputs.iter().any(varies)
}

/// All queries that outputs read, a tile at a time.
fn tiles(builder: &mut Builder, model: &Model, decoder: &Decoder, rows: &Rows, context: &Context<'_>) {
    builder.end_stage();
    let mut decoded = *rows;
    let decode = builder.section(|builder| decoded = decode(builder, model, decoder, rows, context));
    let reads = reading(builder, model, decoder);
    let outputs = model.outputs.iter().enumerate();
    let heads: Vec<Head> = outputs
        .map(|(index, output)| {
            let steps = builder.section(|builder| head(builder, output, index, &decoded));
            Head { output: index, first: output.rows.first(), steps }
        })
        .collect();
    for queries in segments(&model.outputs) {
        let is_read = |head: &&Head| extent(&model.outputs[head.output]).contains(&queries.start);
        let varies = model.outputs.iter().any(|output| matches!(output.rows, Extent::Tokens { .. }));
        builder.stage(Stage::Queries(QueryStage {
            first: queries.start,
            rows: if varies { Count::TOKENS } else { Count::fixed(queries.len()) },
            tile: builder.tiles.queries,
            reads,
            decode: decode.clone(),
            heads: heads.iter().filter(is_read).cloned().collect(),
        }));
    }
}

fn extent(output: &Output) -> Range<usize> {
    let first = output.rows.first();
    first..first + output.rows.most()
}

/// The queries that outputs read, cut where the rows of one begin or end.
fn segments(outputs: &[Output]) -> Vec<Range<usize>> {
    let ends: BTreeSet<usize> = outputs.iter().map(extent).flat_map(|rows| [rows.start, rows.end]).collect();
    let ends: Vec<usize> = ends.into_iter().collect();
    let between = ends.windows(2).map(|pair| pair[0]..pair[1]);
    between.filter(|rows| outputs.iter().any(|output| extent(output).contains(&rows.start))).collect()
}

/// The input that queries of a tile are made from.
fn reading(builder: &Builder, model: &Model, decoder: &Decoder) -> Option<Reading> {
    match (&decoder.queries, model.inputs.as_slice()) {
        (Queries::Tokens, [input, ..]) => {
            Some(Reading { input: builder.input(&input.name)?, stride: tokens::stride(input) })
        }
        (Queries::Input { name, width, .. }, _) => Some(Reading { input: builder.input(name)?, stride: *width }),
        _ => None,
    }
}

/// The queries as rows, then what they decode: in their place, or in rows of another width.
fn decode(builder: &mut Builder, model: &Model, decoder: &Decoder, rows: &Rows, context: &Context<'_>) -> Rows {
    if let Queries::Learned(table) = &decoder.queries {
        first_block(builder, &decoder.block, rows, table, context);
    } else {
        if needs_rows(&decoder.block.attention) {
            ask(builder, model, &decoder.queries, rows);
        }
        block(builder, &decoder.block, rows, context);
    }
    let project = decoder.project.as_ref();
    project.map_or(*rows, |linear| builder.linear("projected", rows, linear, Activation::Identity))
}

/// The queries in `rows`.
fn ask(builder: &mut Builder, model: &Model, queries: &Queries, rows: &Rows) {
    match (queries, model.inputs.as_slice()) {
        (Queries::Fourier(grid), _) => fourier(builder, grid, None, rows.count, rows.place(), rows.width),
        (Queries::Input { name, .. }, _) => {
            let x = Source::Input(builder.input(name).unwrap_or(0));
            let (count, width, out) = (rows.count, rows.width, rows.target());
            builder.step(Step::CopyRows { rows: count, width, x_stride: width, out_stride: width, x, out });
        }
        (Queries::Parts(parts), _) => {
            let mut first = 0;
            for part in parts {
                ask_part(builder, part, rows, first);
                first += part.count();
            }
        }
        (Queries::Tokens, [input]) if rows.count == Count::TILE => tokens::tile(builder, *rows, input),
        // The rows are the tokens, or the table that they start from has been copied.
        (Queries::Tokens | Queries::Learned(_), _) => {}
    }
}

/// The queries of one kind from row `first` on.
fn ask_part(builder: &mut Builder, part: &QueryPart, rows: &Rows, first: usize) {
    let (count, width, stride) = (Count::fixed(part.count()), part.encoding.width(), rows.width);
    let copy = |builder: &mut Builder, table: &Tensor, x_stride, column, width| {
        let x = Source::Weights(builder.blob.plain(table));
        let out = Target::Arena(rows.part(first, part.count(), column, width));
        builder.step(Step::CopyRows { rows: count, width, x_stride, out_stride: stride, x, out });
    };
    match &part.encoding {
        Encoding::Learned(table) => copy(builder, table, width, 0, width),
        Encoding::Fourier(grid) => {
            let points = builder.input(&part.points_name());
            fourier(builder, grid, points, count, rows.part(first, part.count(), 0, width), stride);
        }
    }
    if let Some(padding) = &part.padding {
        copy(builder, padding, 0, width, padding.len());
    }
}

/// All heads over all rows.
fn heads(builder: &mut Builder, model: &Model, rows: &Rows) {
    for (index, output) in model.outputs.iter().enumerate() {
        head(builder, output, index, rows);
    }
}

/// A head over its part of `rows`, or over the rows of the tile: mean → norm → linear → norm.
fn head(builder: &mut Builder, output: &Output, index: usize, rows: &Rows) {
    let is_tile = rows.count == Count::TILE;
    let (mut count, mut most) =
        if is_tile { (Count::TILE, rows.most) } else { (extent_count(builder, output), output.rows.most()) };
    let first = if is_tile { 0 } else { output.rows.first() };
    let mut x = Source::Arena(rows.part(first, most, 0, rows.width));
    if output.mean {
        let mean = builder.rows(format!("{} mean", output.name), Count::fixed(1), 1, rows.width);
        builder.step(Step::MeanRows { rows: count, width: rows.width, x, out: mean.target() });
        (x, count, most) = (mean.source(), mean.count, mean.most);
    }
    if let Some(norm) = &output.norm {
        let normal = builder.rows(format!("{} norm", output.name), count, most, rows.width);
        builder.normalize_into(Some(x), norm, count, rows.width, normal.target());
        x = normal.source();
    }
    let (out, width) = (Target::Output(index), rows.width);
    match &output.linear {
        Some(linear) => {
            let outputs = linear.weight.rows();
            builder.linear_into(x, count, width, linear, Activation::Identity, false, out.clone(), outputs);
        }
        None => {
            let out = out.clone();
            builder.step(Step::CopyRows { rows: count, width, x_stride: width, out_stride: width, x, out });
        }
    }
    if let Some(norm) = &output.last_norm {
        let width = output.linear.as_ref().map_or(width, |linear| linear.weight.rows());
        builder.normalize_into(None, norm, count, width, out);
    }
}

/// The rows that an output reads.
pub(super) fn extent_count(builder: &Builder, output: &Output) -> Count {
    match output.rows {
        Extent::Tokens { .. } => Count::TOKENS,
        Extent::Latents { .. } => builder.latent_count,
        Extent::Rows(_) => Count::fixed(output.rows.most()),
    }
}
