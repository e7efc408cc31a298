//! The decoder: queries gather from the latents, heads read the rows they decode. No query depends on another, so they
//! go through in tiles.

use super::attention::{keys, other};
use super::block::{Context, block, first_block, needs_rows};
use super::builder::{Builder, Rows};
use super::tokens::fourier;
use crate::model::{Block, Decoder, Extent, Model, Output, Queries, Reads, Softmax};
use crate::program::{Activation, Count, Head, QueryStage, Source, Stage, Step, Target};
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) fn lower(builder: &mut Builder, model: &Model, latents: Rows) {
    let Some(decoder) = &model.decoder else { return heads(builder, model, &latents) };
    let [count, width] = model.output_rows();
    if is_row_by_row(model, decoder) {
        let from = other(builder, &decoder.block, &latents, true);
        let context = Context::Keys(keys(builder, &decoder.block, &[from]));
        let rows = builder.rows("decoded", Count::TILE, builder.tiles.queries.min(count), width);
        tiles(builder, model, decoder, &rows, &context);
    } else {
        let rows = builder.rows("decoded", Count::fixed(count), count, width);
        decode(builder, decoder, &rows, &Context::Rows { rows: latents, last_use: true, mask: None });
        heads(builder, model, &rows);
    }
}

/// Whether each row of each output depends on one query alone.
fn is_row_by_row(model: &Model, decoder: &Decoder) -> bool {
    let is_alone = |output: &Output| matches!(output.rows, Extent::Rows(_)) && !output.mean;
    let Block { reads, mixer, attention, .. } = &decoder.block;
    let is_apart = *reads == Reads::Context && mixer.is_none() && attention.rotary.is_none() && !attention.causal;
    is_apart && attention.softmax == Softmax::Keys && model.outputs.iter().all(is_alone)
}

/// All queries that outputs read, a tile at a time.
fn tiles(builder: &mut Builder, model: &Model, decoder: &Decoder, rows: &Rows, context: &Context<'_>) {
    builder.end_stage();
    let decode = builder.section(|builder| decode(builder, decoder, rows, context));
    let outputs = model.outputs.iter().enumerate();
    let heads: Vec<Head> = outputs
        .map(|(index, output)| {
            let steps = builder.section(|builder| head(builder, output, index, rows));
            Head { output: index, first: output.rows.first(), steps }
        })
        .collect();
    for queries in segments(&model.outputs) {
        let reads = |head: &&Head| extent(&model.outputs[head.output]).contains(&queries.start);
        builder.stage(Stage::Queries(QueryStage {
            first: queries.start,
            rows: Count::fixed(queries.len()),
            tile: builder.tiles.queries,
            decode: decode.clone(),
            heads: heads.iter().filter(reads).cloned().collect(),
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

/// The queries as rows, then what they decode in their place.
fn decode(builder: &mut Builder, decoder: &Decoder, rows: &Rows, context: &Context<'_>) {
    match &decoder.queries {
        Queries::Learned(table) => return first_block(builder, &decoder.block, rows, table, context),
        Queries::Fourier(grid) if needs_rows(&decoder.block.attention) => {
            fourier(builder, grid, rows.count, rows.place(), rows.width);
        }
        Queries::Fourier(_) | Queries::Tokens | Queries::Input { .. } | Queries::Parts(_) => {}
    }
    block(builder, &decoder.block, rows, context);
}

/// All heads over all rows.
fn heads(builder: &mut Builder, model: &Model, rows: &Rows) {
    for (index, output) in model.outputs.iter().enumerate() {
        head(builder, output, index, rows);
    }
}

/// A head over its part of `rows`, or over the rows of the tile: mean → norm → linear.
fn head(builder: &mut Builder, output: &Output, index: usize, rows: &Rows) {
    let width = rows.width;
    let (mut count, mut most, mut x) = if rows.count == Count::TILE {
        (Count::TILE, rows.most, rows.source())
    } else {
        let most = output.rows.most();
        (Count::fixed(most), most, Source::Arena(rows.part(output.rows.first(), most, 0, width)))
    };
    if output.mean {
        let mean = builder.rows(format!("{} mean", output.name), Count::fixed(1), 1, width);
        builder.step(Step::MeanRows { rows: count, width, x, out: mean.target() });
        (count, most, x) = (mean.count, mean.most, mean.source());
    }
    if let Some(norm) = &output.norm {
        let normal = builder.rows(format!("{} norm", output.name), count, most, width);
        builder.normalize_into(Some(x), norm, &normal);
        x = normal.source();
    }
    let out = Target::Output(index);
    match &output.linear {
        Some(linear) => {
            let outputs = linear.weight.rows();
            builder.linear_into(x, count, width, linear, Activation::Identity, false, out, outputs);
        }
        None => builder.step(Step::CopyRows { rows: count, width, x_stride: width, out_stride: width, x, out }),
    }
}
