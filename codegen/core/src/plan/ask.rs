//! The decoder's queries: all of them, or those of a tile, by kinds.

use super::block::needs_rows;
use super::builder::{Builder, Rows};
use super::encode::fill;
use super::tokens::{self, fourier};
use crate::model::{Decoder, Encoding, Fourier, Model, Queries, Query, QueryPart};
use crate::program::{Asked, Count, Place, Reading, Source, Step, Target};
use std::ops::Range;

/// Queries of one kind.
pub(super) struct Kind {
    pub(super) asked: Asked,
    /// The input that they are made from, if they are made at run time.
    pub(super) reads: Option<Reading>,
}

/// All queries in `rows`.
pub(super) fn all(builder: &mut Builder, model: &Model, decoder: &Decoder, rows: &Rows) {
    if !are_rows(decoder) {
        return;
    }
    match &decoder.queries {
        Queries::Parts(parts) => {
            let mut first = 0;
            for part in parts {
                let places = |column, width| rows.part(first, part.count(), column, width);
                ask_part(builder, part, Count::fixed(part.count()), rows.width, places);
                first += part.count();
            }
        }
        _ => ask(builder, model, decoder, rows),
    }
}

/// Whether queries are rows before the attention: it makes its own from them, or they are not constants' own table.
fn are_rows(decoder: &Decoder) -> bool {
    let is_baked_table =
        matches!((&decoder.queries, &decoder.block.attention.query), (Queries::Learned(_), Query::Constant(_)));
    needs_rows(&decoder.block.attention) && !is_baked_table
}

/// The kinds of queries, each with the steps that make those of a tile in `rows`.
pub(super) fn kinds(builder: &mut Builder, model: &Model, decoder: &Decoder, rows: &Rows) -> Vec<Kind> {
    let is_projected = matches!(decoder.block.attention.query, Query::Projected { .. });
    let row = is_projected.then(|| Place { len: rows.width, ..rows.place() });
    let Queries::Parts(parts) = &decoder.queries else {
        let steps = builder.section(|builder| {
            if are_rows(decoder) {
                ask(builder, model, decoder, rows);
            }
        });
        let raw = raw(builder, model, decoder, rows, &steps);
        let grid = if let Queries::Fourier(grid) = &decoder.queries { Some(grid) } else { None };
        let [count, _] = decoder.queries.shape([model.tokens(), model.token_width()]);
        let frequencies = frequencies(grid);
        let asked = Asked { name: String::new(), first: 0, count, known: count, steps, row, frequencies, raw };
        return vec![Kind { asked, reads: reading(builder, model, decoder) }];
    };
    let mut first = 0;
    let kind = |part: &QueryPart| {
        let places = |column, width| rows.part(0, rows.most, column, width);
        let steps = builder.section(|builder| ask_part(builder, part, Count::TILE, rows.width, places));
        let grid = if let Encoding::Fourier(grid) = &part.encoding { Some(grid) } else { None };
        let (name, count, known) = (part.name.clone(), part.count(), part.encoding.rows());
        let (row, frequencies) = (row.clone(), frequencies(grid));
        let asked = Asked { name, first, count, known, steps, row, frequencies, raw: None };
        first += count;
        let points = part.points.and_then(|_| builder.input(&part.points_name()));
        Kind { asked, reads: points.map(|input| Reading { input, stride: 0 }) }
    };
    parts.iter().map(kind).collect()
}

fn frequencies(grid: Option<&Fourier>) -> Vec<Vec<f32>> {
    grid.map(|grid| grid.frequencies.clone()).unwrap_or_default()
}

/// The steps that make a query from the raw numbers of one token.
fn raw(
    builder: &mut Builder,
    model: &Model,
    decoder: &Decoder,
    rows: &Rows,
    steps: &Range<usize>,
) -> Option<(Range<usize>, Vec<usize>)> {
    let (Queries::Tokens, [input]) = (&decoder.queries, model.inputs.as_slice()) else { return None };
    let shape = input.stem.token_shape();
    if tokens::is_contiguous(&input.stem) {
        return Some((steps.clone(), shape));
    }
    Some((builder.section(|builder| tokens::arriving(builder, *rows, input)), shape))
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

/// Queries that are all of one kind.
fn ask(builder: &mut Builder, model: &Model, decoder: &Decoder, rows: &Rows) {
    match (&decoder.queries, model.inputs.as_slice()) {
        (Queries::Learned(table), _) => fill(builder, table, rows),
        (Queries::Fourier(grid), _) => fourier(builder, grid, None, rows.count, rows.place(), rows.width),
        (Queries::Input { name, .. }, _) => {
            let x = Source::Input(builder.input(name).unwrap_or(0));
            let (count, width, out) = (rows.count, rows.width, rows.target());
            builder.step(Step::CopyRows { rows: count, width, x_stride: width, out_stride: width, x, out });
        }
        (Queries::Tokens, [input]) if rows.count == Count::TILE => tokens::tile(builder, *rows, input),
        // The rows are the tokens.
        (Queries::Tokens | Queries::Parts(_), _) => {}
    }
}

/// `count` queries of a part, `stride` apart, whose columns lie at `places`.
fn ask_part(
    builder: &mut Builder,
    part: &QueryPart,
    count: Count,
    stride: usize,
    places: impl Fn(usize, usize) -> Place,
) {
    let width = part.encoding.width();
    let copy = |builder: &mut Builder, x: Source, x_stride, column, width| {
        let out = Target::Arena(places(column, width));
        builder.step(Step::CopyRows { rows: count, width, x_stride, out_stride: stride, x, out });
    };
    match &part.encoding {
        Encoding::Learned(table) => {
            let x = builder.table(table, count);
            copy(builder, x, width, 0, width);
        }
        Encoding::Fourier(grid) => {
            let points = part.points.and_then(|_| builder.input(&part.points_name()));
            fourier(builder, grid, points, count, places(0, width), stride);
        }
    }
    if let Some(padding) = &part.padding {
        let x = Source::Weights(builder.blob.plain(padding));
        copy(builder, x, 0, width, padding.len());
    }
}
