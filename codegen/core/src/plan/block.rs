//! One block: attention, what the rows take up of it, an MLP.

use super::attention::{Keys, attend};
use super::builder::{Builder, Rows};
use super::encode::fill;
use super::ring::Ring;
use crate::model::{Attention, Block, Gate, Gru, Linear, Mixer, Mlp, Model, Query, Residual, Tensor};
use crate::program::{Activation, Count, Step};

/// What a block reads beside its own rows.
pub(super) enum Context<'a> {
    Rows {
        rows: Rows,
        /// Nobody reads them afterwards: they may be normalised in place.
        last_use: bool,
        /// The input that says which of them are attended to.
        mask: Option<usize>,
    },
    /// The tokens, a few at a time.
    Arriving(&'a Model),
    /// Rows whose keys and values are there.
    Keys(Box<Keys>),
    /// The tokens of the tile, and where keys and values of earlier ones stay.
    Kept(&'a Rows, &'a Ring),
}

/// Whether a block reads its own rows: to make queries from them or to take up the result.
pub(super) fn needs_rows(attention: &Attention) -> bool {
    takes_up(attention) || matches!(attention.query, Query::Projected { .. })
}

/// Whether a block takes up the result into its own rows.
pub(super) fn takes_up(attention: &Attention) -> bool {
    !matches!(attention.residual, Residual::None)
}

/// The first block over the rows `x`, which start as the table `start`.
pub(super) fn first_block(builder: &mut Builder, block: &Block, x: &Rows, start: &Tensor, context: &Context<'_>) {
    let is_asked = matches!(block.attention.query, Query::Projected { .. });
    if is_asked {
        fill(builder, start, x);
    }
    let attended = attend(builder, block, x, context);
    if !is_asked && needs_rows(&block.attention) {
        fill(builder, start, x);
    }
    take_up(builder, block, &attended, x);
}

/// One block over the rows `x`, which it replaces.
pub(super) fn block(builder: &mut Builder, block: &Block, x: &Rows, context: &Context<'_>) {
    let attended = attend(builder, block, x, context);
    take_up(builder, block, &attended, x);
}

/// What follows the attention.
fn take_up(builder: &mut Builder, block: &Block, attended: &Rows, x: &Rows) {
    let output = &block.attention.output;
    match &block.attention.residual {
        Residual::None => builder.linear_to(attended, output, false, x),
        Residual::Add => builder.linear_to(attended, output, true, x),
        Residual::Gru(cell) => gru(builder, &block.name, output, cell, attended, x),
    }
    if let Some(mlp) = &block.mlp {
        lower_mlp(builder, &block.name, mlp, x);
    }
    if let Some(mixer) = &block.mixer {
        mix(builder, &format!("{} mixer", block.name), mixer, x);
    }
    builder.mark_block(&block.name, x);
}

/// `x = cell(output(attended), x)`
fn gru(builder: &mut Builder, name: &str, output: &Linear, cell: &Gru, attended: &Rows, x: &Rows) {
    let update = builder.linear(format!("{name} update"), attended, output, Activation::Identity);
    let input = builder.linear(format!("{name} gates of the update"), &update, &cell.input, Activation::Identity);
    let hidden = builder.linear(format!("{name} gates of the rows"), x, &cell.hidden, Activation::Identity);
    let (input, hidden) = (input.source(), hidden.source());
    builder.step(Step::Gru { rows: x.count, width: x.width, input, hidden, out: x.target() });
}

fn lower_mlp(builder: &mut Builder, name: &str, mlp: &Mlp, x: &Rows) {
    let normal = builder.normalize_with(format!("{name} mlp norm"), x, mlp.norm.as_ref());
    let hidden = hidden(builder, name, mlp, &normal);
    builder.linear_to(&hidden, &mlp.down, true, x);
}

/// An MLP over the columns of `x`, which are rows of its transpose, then one over its rows.
fn mix(builder: &mut Builder, name: &str, mixer: &Mixer, x: &Rows) {
    let normal = builder.normalize_with(format!("{name} norm"), x, mixer.columns.norm.as_ref());
    let columns = builder.rows(format!("{name} columns"), Count::fixed(x.width), x.width, x.most);
    builder.step(Step::Transpose {
        rows: x.count,
        width: x.width,
        accumulate: false,
        x: normal.source(),
        out: columns.target(),
    });
    let hidden = hidden(builder, name, &mixer.columns, &columns);
    let update = builder.linear(format!("{name} update"), &hidden, &mixer.columns.down, Activation::Identity);
    builder.step(Step::Transpose {
        rows: update.count,
        width: update.width,
        accumulate: true,
        x: update.source(),
        out: x.target(),
    });
    lower_mlp(builder, name, &mixer.rows, x);
}

/// What is between the two layers of an MLP.
fn hidden(builder: &mut Builder, name: &str, mlp: &Mlp, x: &Rows) -> Rows {
    let name = format!("{name} mlp hidden");
    let Some(gate) = mlp.gate else { return builder.linear(name, x, &mlp.up, mlp.activation) };
    let halves = builder.linear(format!("{name} halves"), x, &mlp.up, Activation::Identity);
    let out = builder.rows(name, x.count, x.most, mlp.down.weight.columns());
    let (activation, second) = (mlp.activation, gate == Gate::Second);
    let step =
        Step::Gate { rows: x.count, width: out.width, activation, second, x: halves.source(), out: out.target() };
    builder.step(step);
    out
}
