//! Attention to tokens on a grid without their positions.

use super::builder::{Builder, Rows};
use crate::model::{Norm, NormKind, Separated};
use crate::program::{Count, Gathering, Source, Step, Target};

/// The tokens of a block that take no positions.
pub(super) struct Grid<'a> {
    /// The block.
    pub(super) name: &'a str,
    pub(super) separated: &'a Separated,
    /// Of the tokens with their positions.
    pub(super) norm: &'a Norm,
}

/// The steps by which the queries `q` gather from the `tokens` of the tile into the state at `out`.
pub(super) fn lower(builder: &mut Builder, grid: &Grid<'_>, shape: Gathering, tokens: &Rows, q: Source, out: Target) {
    let Grid { name, separated, norm } = grid;
    let Separated { channels: width, features, ref parts, .. } = **separated;
    let (rows, axes) = (tokens.count, separated.shape.len());
    let mut lengths = [1; 3];
    lengths[3 - axes..].copy_from_slice(&separated.shape);
    let columns = builder.rows(format!("{name} columns"), Count::fixed(width + 1), width + 1, tokens.most);
    let (centred, eps) = (norm.kind == NormKind::Layer, norm.eps as f32);
    let parts = builder.blob.plain(parts);
    let (x, k) = (tokens.source(), columns.source());
    let spread =
        Step::Columns { rows, width, features, centred, eps, grid: lengths, axes, x, parts, out: columns.target() };
    builder.step(spread);
    let mask = builder.mask();
    builder.step(Step::GatherGrid { shape, width, grid: lengths, axes, keys: rows, q, k, mask, out });
}
