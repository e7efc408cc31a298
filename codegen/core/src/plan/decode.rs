//! The decoder: queries gather from the latents, heads read the rows they decode. No query depends on another, so they
//! go through in tiles.

use super::ask::{self, Kind};
use super::attention::{keys, other};
use super::block::{Context, block, first_block};
use super::builder::{Builder, Rows};
use super::encode::Encoded;
use super::{gather, tokens};
use crate::model::{Attention, Block, Decoder, Extent, Model, Output, Queries, Query, Reads, Softmax};
use crate::program::{Activation, Count, Head, QueryStage, Source, Stage, Step, Target};
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) fn lower(builder: &mut Builder, model: &Model, encoded: Encoded) {
    let latents = encoded.latents;
    let Some(decoder) = &model.decoder else {
        builder.keeps_outputs = true;
        return heads(builder, model, &latents);
    };
    let [count, width] = decoder.queries.shape([model.tokens(), model.token_width()]);
    if [Count::fixed(latents.most), Count::LATENTS].contains(&latents.count) && is_row_by_row(model, decoder) {
        builder.keeps_outputs |= not_asked(model).is_some();
        let from = other(builder, &decoder.block, &latents, true);
        let context = Context::Keys(Box::new(keys(builder, &decoder.block, &[from])));
        let rows = builder.rows("decoded", Count::TILE, builder.tiles.queries.min(count), width);
        tiles(builder, model, decoder, &rows, &context);
    } else {
        let rows = match (&decoder.queries, encoded.tokens) {
            (Queries::Tokens, Some(tokens)) => tokens,
            (Queries::Tokens, None) => tokens::lower(builder, model),
            _ => builder.rows("decoded", Count::fixed(count), count, width),
        };
        builder.keeps_outputs = true;
        let context = Context::Rows { rows: latents, last_use: true, mask: None };
        let decoded = decode(builder, model, decoder, &rows, &context);
        heads(builder, model, &decoded);
    }
}

/// Whether each row of each output depends on one query alone, and each query can be made alone.
pub(super) fn is_row_by_row(model: &Model, decoder: &Decoder) -> bool {
    !matches!(decoder.queries, Queries::Tokens if !gather::applies(model)) && not_alone(model).is_none()
}

/// Why a row of an output cannot be computed without others, if it cannot.
pub(super) fn not_alone(model: &Model) -> Option<String> {
    let Some(decoder) = &model.decoder else {
        return Some("this model has no decoder that could be asked, its outputs read the latents".to_owned());
    };
    let Block { name, reads, mixer, attention, .. } = &decoder.block;
    let depends = |on: &str| Some(format!("a row of `{name}` depends on others: {on}"));
    let mean = model.outputs.iter().find(|output| output.mean);
    match attention {
        _ if *reads != Reads::Context => depends("it reads them all"),
        _ if mixer.is_some() => depends("they are mixed"),
        Attention { rotary: Some(_), .. } => depends("queries turn with their places"),
        Attention { causal: true, .. } => depends("it is causal"),
        Attention { softmax: Softmax::Queries { .. }, .. } => {
            depends("weights are divided by their sum over the queries")
        }
        _ if !are_alike(&model.outputs) => Some("only some of the outputs have a row for each token".to_owned()),
        _ => mean.map(|output| format!("`{}` is made of the mean of all rows", output.name)),
    }
}

/// Why a caller cannot ask for rows of an output one at a time, if it cannot.
pub(super) fn not_asked(model: &Model) -> Option<String> {
    let masks = |decoder: &Decoder| decoder.block.attention.masks_queries;
    let masked = model.decoder.as_ref().filter(|decoder| masks(decoder));
    let masked = masked.map(|_| "the mask of the tokens is also that of the queries".to_owned());
    not_alone(model).or(masked)
}

/// Whether either all outputs have as many rows as the run has tokens, or none has.
fn are_alike(outputs: &[Output]) -> bool {
    let varies = |output: &Output| matches!(output.rows, Extent::Tokens { .. });
    outputs.iter().all(varies) || !outputs.iter().any(varies)
}

/// All queries that outputs read, a tile at a time.
fn tiles(builder: &mut Builder, model: &Model, decoder: &Decoder, rows: &Rows, context: &Context<'_>) {
    builder.end_stage();
    let kinds = ask::kinds(builder, model, decoder, rows);
    let mut decoded = *rows;
    let decode = builder.section(|builder| decoded = answer(builder, decoder, rows, context));
    let outputs = model.outputs.iter().enumerate();
    let heads: Vec<Head> = outputs.map(|(index, output)| tile_head(builder, output, index, &decoded)).collect();
    for queries in segments(&model.outputs, &kinds) {
        let is_read = |head: &&Head| extent(&model.outputs[head.output]).contains(&queries.start);
        let varies = model.outputs.iter().any(|output| matches!(output.rows, Extent::Tokens { .. }));
        let of_kind = |kind: &&Kind| (kind.asked.first..kind.asked.first + kind.asked.count).contains(&queries.start);
        let Some(Kind { asked, reads }) = kinds.iter().find(of_kind) else { continue };
        builder.stage(Stage::Queries(QueryStage {
            first: queries.start,
            rows: if varies { Count::TOKENS } else { Count::fixed(queries.len()) },
            tile: builder.tiles.queries,
            reads: *reads,
            asked: asked.clone(),
            decode: decode.clone(),
            heads: heads.iter().filter(is_read).cloned().collect(),
        }));
    }
}

/// The head of an output over the rows of the tile: into the output, or where one tile of it is kept.
fn tile_head(builder: &mut Builder, output: &Output, index: usize, decoded: &Rows) -> Head {
    let width = output.linear.as_ref().map_or(decoded.width, |linear| linear.weight.rows());
    let rows = (!builder.keeps_outputs).then(|| {
        let rows = builder.rows(format!("{} rows", output.name), Count::TILE, decoded.most, width);
        rows.place()
    });
    let target = rows.clone().map_or(Target::Output(index), Target::Arena);
    let steps = builder.section(|builder| head(builder, output, target, decoded));
    Head { output: index, first: output.rows.first(), steps, rows }
}

fn extent(output: &Output) -> Range<usize> {
    let first = output.rows.first();
    first..first + output.rows.most()
}

/// The queries that outputs read, cut where the rows of one, or queries of another kind, begin or end.
fn segments(outputs: &[Output], kinds: &[Kind]) -> Vec<Range<usize>> {
    let kinds = kinds.iter().map(|kind| kind.asked.first);
    let ends = outputs.iter().map(extent).flat_map(|rows| [rows.start, rows.end]).chain(kinds);
    let ends: Vec<usize> = ends.collect::<BTreeSet<usize>>().into_iter().collect();
    let between = ends.windows(2).map(|pair| pair[0]..pair[1]);
    between.filter(|rows| outputs.iter().any(|output| extent(output).contains(&rows.start))).collect()
}

/// The queries as rows, then what they decode.
fn decode(builder: &mut Builder, model: &Model, decoder: &Decoder, rows: &Rows, context: &Context<'_>) -> Rows {
    ask::all(builder, model, decoder, rows);
    answer(builder, decoder, rows, context)
}

/// What the queries in `rows` decode: in their place, or in rows of another width.
fn answer(builder: &mut Builder, decoder: &Decoder, rows: &Rows, context: &Context<'_>) -> Rows {
    match (&decoder.queries, &decoder.block.attention.query) {
        // The rows that constants stand for are needed after the attention, if at all.
        (Queries::Learned(table), Query::Constant(_)) => first_block(builder, &decoder.block, rows, table, context),
        _ => block(builder, &decoder.block, rows, context),
    }
    let project = decoder.project.as_ref();
    project.map_or(*rows, |linear| builder.linear("projected", rows, linear, Activation::Identity))
}

/// All heads over all rows.
fn heads(builder: &mut Builder, model: &Model, rows: &Rows) {
    for (index, output) in model.outputs.iter().enumerate() {
        head(builder, output, Target::Output(index), rows);
    }
}

/// A head over its part of `rows`, or over the rows of the tile: mean → norm → linear → norm.
pub(super) fn head(builder: &mut Builder, output: &Output, out: Target, rows: &Rows) {
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
    let width = rows.width;
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
