//! What is chosen for each attention.

use super::{absorb_keys, absorb_values};
use crate::Problems;
use crate::model::{Absorbed, Attention, Model, Query, Tensor};
use std::collections::HashMap;

/// Where the linear layer of keys or values is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// On the rows.
    OnRows,
    /// On the other side, as part of the queries' or the output's layer.
    Merged,
    /// On the other side, beside that layer.
    PerHead,
}

/// How one attention is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The queries are constants.
    pub(crate) bake: bool,
    pub(crate) keys: Layer,
    pub(crate) values: Layer,
    /// Positions are no part of the rows.
    pub(crate) separate: bool,
}

impl Choice {
    /// As the source writes it.
    pub(crate) const WRITTEN: Self = Self { bake: false, keys: Layer::OnRows, values: Layer::OnRows, separate: false };
}

/// How all of them are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choices {
    /// Of each block of the encoder.
    pub(crate) blocks: Vec<Choice>,
    /// Of the decoder, if there is one.
    pub(crate) decoder: Option<Choice>,
}

/// Moves the layers of keys and values where that was chosen.
///
/// # Errors
/// Files of weights that can no longer be read.
pub(super) fn absorb(model: &mut Model, choices: &Choices) -> Result<(), Problems> {
    let mut made = Made::default();
    let blocks = model.blocks.iter_mut().zip(&choices.blocks);
    let decoder = model.decoder.as_mut().map(|decoder| &mut decoder.block).zip(choices.decoder.as_ref());
    for (block, choice) in blocks.chain(decoder) {
        let attention = &mut block.attention;
        made.kept.push(attention.clone());
        if choice.keys != Layer::OnRows {
            made.keys(attention, choice.keys == Layer::Merged)?;
        }
        if choice.values != Layer::OnRows {
            made.values(attention, choice.values == Layer::Merged)?;
        }
    }
    Ok(())
}

/// Layers that were made from others, so that shared weights stay shared.
#[derive(Default)]
struct Made {
    queries: HashMap<Sources, (Query, Option<Absorbed>)>,
    outputs: HashMap<Sources, (Tensor, Option<Absorbed>)>,
    /// All attentions as they were: an address stands for one tensor as long as that lives.
    kept: Vec<Attention>,
}

/// The addresses of what a layer was made from, and which way it was.
type Sources = (Vec<usize>, bool);

impl Made {
    fn keys(&mut self, attention: &mut Attention, merged: bool) -> Result<(), Problems> {
        let (query, bias) = match &attention.query {
            Query::Projected { linear, .. } => (&linear.weight, linear.bias.as_ref()),
            Query::Constant(table) => (table, None),
        };
        let sources = (addresses([Some(query), bias, Some(&attention.key.weight)]), merged);
        let Some((query, absorbed)) = self.queries.get(&sources) else {
            absorb_keys::run(attention, merged)?;
            self.queries.insert(sources, (attention.query.clone(), attention.absorbed_key.clone()));
            return Ok(());
        };
        attention.absorbed_key.clone_from(absorbed);
        match (&mut attention.query, query) {
            (Query::Projected { linear, .. }, Query::Projected { linear: made, .. }) => linear.clone_from(made),
            (query, made) => query.clone_from(made),
        }
        Ok(())
    }

    fn values(&mut self, attention: &mut Attention, merged: bool) -> Result<(), Problems> {
        let sources = (addresses([Some(&attention.output.weight), Some(&attention.value.weight)]), merged);
        let Some((weight, absorbed)) = self.outputs.get(&sources) else {
            absorb_values::run(attention, merged)?;
            self.outputs.insert(sources, (attention.output.weight.clone(), attention.absorbed_value.clone()));
            return Ok(());
        };
        attention.output.weight.clone_from(weight);
        attention.absorbed_value.clone_from(absorbed);
        Ok(())
    }
}

fn addresses<const N: usize>(tensors: [Option<&Tensor>; N]) -> Vec<usize> {
    tensors.map(|tensor| tensor.map_or(0, |tensor| tensor.data.address())).to_vec()
}
