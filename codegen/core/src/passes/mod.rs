//! Exact rewrites of a [`Model`], one file each, computed in double precision and rounded once.
//!
//! Two lists: what never costs anything ([`run`]), then what trades multiplications, RAM and flash against each other,
//! as far as the planner has chosen it (`arrange`). Both are the order, top to bottom, with the reason where it matters.
//! All but two can be switched off ([`Passes`]): the program then computes the same function from the unfolded
//! parts.

pub(crate) mod absorb_keys;
pub(crate) mod absorb_values;
pub(crate) mod bake_queries;
mod choice;
mod drop_dead;
mod drop_key_bias;
mod fold_batch_norm;
mod fold_input_scale;
mod fold_norms;
mod fold_score_scale;
mod merge_stem;
mod move_value_bias;
mod project_positions;
pub(crate) mod separate_positions;

pub(crate) use choice::{Choice, Choices, Layer};
pub use drop_dead::keep_outputs;

use crate::Problems;
use crate::model::{Block, Linear, Model, Tensor};

/// Which rewrites to apply, or to consider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passes {
    /// Queries that no output reads disappear.
    pub drop_dead: bool,
    /// A raw input's scaling moves into the linear layer on its tokens.
    pub fold_input_scale: bool,
    /// The linear layers on a token and its position move into what reads them, where there is no norm between.
    pub merge_stem: bool,
    /// A norm's gain and offset move into the linear layers that read it.
    pub fold_norms: bool,
    /// The score scale moves into the query's linear layer.
    pub fold_score_scale: bool,
    /// Key biases disappear: they add the same number to every score of a query.
    pub drop_key_bias: bool,
    /// Value biases move to the output's bias: a query's weights sum to one.
    pub move_value_bias: bool,
    /// Queries that do not depend on the input become constants.
    pub bake_queries: bool,
    /// The keys' linear layer moves to the queries: rows are keys as they are.
    pub absorb_keys: bool,
    /// The values' linear layer moves to the output: rows are values as they are.
    pub absorb_values: bool,
    /// Positions on a grid leave the tokens: queries and output have numbers for each place of each axis.
    pub separate_positions: bool,
}

impl Default for Passes {
    fn default() -> Self {
        Self {
            drop_dead: true,
            fold_input_scale: true,
            merge_stem: true,
            fold_norms: true,
            fold_score_scale: true,
            drop_key_bias: true,
            move_value_bias: true,
            bake_queries: true,
            absorb_keys: true,
            absorb_values: true,
            separate_positions: true,
        }
    }
}

impl Passes {
    /// No rewrite that can be left out.
    pub const NONE: Self = Self {
        drop_dead: false,
        fold_input_scale: false,
        merge_stem: false,
        fold_norms: false,
        fold_score_scale: false,
        drop_key_bias: false,
        move_value_bias: false,
        bake_queries: false,
        absorb_keys: false,
        absorb_values: false,
        separate_positions: false,
    };
}

/// Applies the passes that make a program smaller or faster and nothing else.
///
/// # Errors
/// Files of weights that can no longer be read.
pub fn run(model: &mut Model, passes: Passes) -> Result<(), Problems> {
    // First: nothing else is to be done about what disappears.
    if passes.drop_dead {
        drop_dead::run(model);
    }
    // The planner knows no batch norm: this always runs.
    fold_batch_norm::run(model)?;
    // After the batch norm, which changes the same layer's weights.
    if passes.fold_input_scale {
        fold_input_scale::run(model)?;
    }
    // With the scaling in the layer that moves. Before positions are projected: their layer moves, too.
    if passes.merge_stem {
        merge_stem::run(model)?;
    }
    // Nor a layer on a constant table: this always runs.
    project_positions::run(model)?;
    // Before the biases are moved: an offset becomes part of the biases of query, key and value.
    if passes.fold_norms {
        fold_norms::run(model)?;
    }
    if passes.fold_score_scale {
        fold_score_scale::run(model);
    }
    if passes.drop_key_bias {
        drop_key_bias::run(model);
    }
    if passes.move_value_bias {
        move_value_bias::run(model)?;
    }
    // Last: the copy shares all weights with what it is a copy of, as the passes before have left them.
    if passes.bake_queries {
        bake_queries::split_first(model);
    }
    Ok(())
}

/// Applies what was chosen for each attention of a folded model.
///
/// # Errors
/// Files of weights that can no longer be read.
pub(crate) fn arrange(model: &mut Model, choices: &Choices) -> Result<(), Problems> {
    // Before the keys: their layer then moves into the constants.
    let first = bake_queries::first(model);
    if first.is_some_and(|first| choices.blocks[first].bake) {
        bake_queries::bake_first(model)?;
    }
    if choices.decoder.is_some_and(|choice| choice.bake) {
        bake_queries::bake_decoder(model)?;
    }
    choice::absorb(model, choices)?;
    // Last: what it needs are queries and an output that have taken over keys and values.
    match first.filter(|&first| choices.blocks[first].separate) {
        Some(first) => separate_positions::run(model, first),
        None => Ok(()),
    }
}

/// Every block once: the encoder's, then the decoder's.
fn blocks(model: &mut Model) -> impl Iterator<Item = &mut Block> {
    model.blocks.iter_mut().chain(model.decoder.as_mut().map(|decoder| &mut decoder.block))
}

/// The numbers of `tensor` in double precision.
fn widen(tensor: &Tensor) -> Result<Vec<f64>, Problems> {
    Ok(tensor.numbers()?.iter().map(|&number| f64::from(number)).collect())
}

/// The bias of `linear` in double precision, zeros when it has none.
fn bias_of(linear: &Linear) -> Result<Vec<f64>, Problems> {
    linear.bias.as_ref().map_or_else(|| Ok(vec![0.0; linear.weight.rows()]), widen)
}

/// `weight · x` of the numbers of a weight whose rows are as long as `x`.
fn apply<'a>(weight: &'a [f32], x: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    weight.chunks_exact(x.len().max(1)).map(move |row| row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum())
}

/// The bias `numbers` of the layer whose weight is `weight`.
fn bias_named(weight: &Tensor, numbers: &[f64]) -> Tensor {
    let name =
        weight.name.strip_suffix("weight").map_or_else(|| format!("{}.bias", weight.name), |n| format!("{n}bias"));
    Tensor::rounded(name, &[numbers.len()], numbers)
}

/// Rewrites `linear` to read `(x · gain + offset)`: the weight's columns take the gain, its bias the offset.
fn absorb_affine(linear: &mut Linear, gain: &[f64], offset: &[f64]) -> Result<(), Problems> {
    let mut bias = bias_of(linear)?;
    bias.iter_mut().zip(apply(&linear.weight.numbers()?, offset)).for_each(|(bias, shift)| *bias += shift);
    linear.bias = Some(bias_named(&linear.weight, &bias));
    let (columns, gain) = (linear.weight.columns(), gain.to_vec());
    linear.weight.data.change(move |numbers| {
        for row in numbers.chunks_exact_mut(columns) {
            row.iter_mut().zip(&gain).for_each(|(weight, gain)| *weight = (f64::from(*weight) * gain) as f32);
        }
    });
    Ok(())
}
