//! One block: attention, what the rows take up of it, an MLP.

use super::attention::attend;
use super::builder::{Builder, Rows};
use crate::model::{Attention, Block, Gate, Gru, Linear, Mlp, Query, Residual};
use crate::program::{Activation, Step};

/// The rows that a block reads beside its own.
pub(super) struct Context {
    pub(super) rows: Rows,
    /// Nobody reads them afterwards: they may be normalised in place.
    pub(super) last_use: bool,
    /// The input that says which of them are attended to.
    pub(super) mask: Option<usize>,
}

/// Whether a block reads its own rows: to make queries from them or to take up the result.
pub(super) fn needs_rows(attention: &Attention) -> bool {
    !matches!(attention.residual, Residual::None) || matches!(attention.query, Query::Projected { .. })
}

/// One block over the rows `x`, which it replaces.
pub(super) fn block(builder: &mut Builder, block: &Block, x: &Rows, context: &Context) {
    let attended = attend(builder, block, x, context);
    let output = &block.attention.output;
    match &block.attention.residual {
        Residual::None => builder.linear_to(&attended, output, false, x),
        Residual::Add => builder.linear_to(&attended, output, true, x),
        Residual::Gru(cell) => gru(builder, &block.name, output, cell, &attended, x),
    }
    if let Some(mlp) = &block.mlp {
        lower_mlp(builder, &block.name, mlp, x);
    }
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
