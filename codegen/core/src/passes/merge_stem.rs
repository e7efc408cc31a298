//! Two linear layers without a norm between them are one: `W_k (W_p x + b_p) + b_k = (W_k W_p) x + (W_k b_p + b_k)`. What
//! reads the tokens takes over the layer on each token (a 1 × 1 convolution) and the one on its position: tokens are raw numbers
//! beside raw positions.
//!
//! Applied where that makes tokens narrower, so that no layer on them is left and those that read them shrink. Not valid where a
//! norm reads the tokens (of nearly all models), where tokens are latents or queries, where a convolution goes on after its linear
//! part, and where several inputs, each with a layer of its own, are read by one.

use super::{apply, bias_named, bias_of, widen};
use crate::Problems;
use crate::model::{Block, Combine, Input, Latents, Linear, Model, Position, Queries, Reads, Tensor};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

pub(super) fn run(model: &mut Model) -> Result<(), Problems> {
    let Some(stem) = Stem::of(model) else { return Ok(()) };
    let mut made = HashMap::new();
    for block in model.blocks.iter_mut().filter(|block| block.reads.context()) {
        let attention = &mut block.attention;
        for linear in [&mut attention.key, &mut attention.value] {
            // Blocks that share a layer go on sharing it. The layer as it was stays alive, so that its address is its own.
            let (_, merged) = match made.entry(linear.weight.data.address()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert((linear.clone(), stem.before(linear)?)),
            };
            linear.clone_from(merged);
        }
    }
    model.inputs.iter_mut().for_each(leave);
    Ok(())
}

/// The layers that move.
struct Stem {
    /// On the numbers of a token.
    data: Linear,
    /// On the numbers of its position, which are added; `None` where they stand beside, so that their columns stay.
    position: Option<Linear>,
}

impl Stem {
    fn of(model: &Model) -> Option<Self> {
        let [input] = model.inputs.as_slice() else { return None };
        let is_bare = input.tail.is_none() && input.padding.is_none() && input.masked.is_none();
        let are_queries = model.decoder.as_ref().is_some_and(|decoder| matches!(decoder.queries, Queries::Tokens));
        let blocks = model.schedule.iter().map(|&index| &model.blocks[index]);
        let reads = |block: &Block| match block.reads {
            Reads::Itself => true,
            Reads::Context => block.attention.norm_kv.is_none(),
            Reads::ContextThenItself | Reads::PrefixThenItself => false,
        };
        let is_read_so = blocks.into_iter().all(reads) && matches!(model.latents, Latents::Learned(_)) && !are_queries;
        let data = input.project.clone().filter(|_| is_bare && is_read_so)?;
        let (position, width) = match &input.position {
            None => (None, 0),
            Some(position) if position.combine == Combine::Concat => (None, position.width()),
            Some(Position { encoding, project: Some(linear), .. }) => (Some(linear.clone()), encoding.width()),
            Some(_) => return None,
        };
        (input.stem.width() + width < input.width()).then_some(Self { data, position })
    }

    /// `linear` on tokens without the layers.
    fn before(&self, linear: &Linear) -> Result<Linear, Problems> {
        let Self { data, position } = self;
        let width = data.weight.rows();
        let mut bias = bias_of(linear)?;
        let shift: Vec<f64> = match position {
            Some(position) => bias_of(data)?.into_iter().zip(bias_of(position)?).map(|(a, b)| a + b).collect(),
            None => bias_of(data)?,
        };
        let (rows, all) = (linear.weight.rows(), linear.weight.columns());
        let ours = linear.weight.with_columns(&(0..width).collect::<Vec<_>>());
        let ours = ours.numbers()?;
        bias.iter_mut().zip(apply(&ours, &shift)).for_each(|(bias, shift)| *bias += shift);
        let beside = match position {
            Some(position) => product(&ours, &position.weight)?,
            None => widen(&linear.weight.with_columns(&(width..all).collect::<Vec<_>>()))?,
        };
        let first = product(&ours, &data.weight)?;
        let [from, rest] = [&first, &beside].map(|numbers| numbers.len() / rows.max(1));
        let row = |row: usize| first[row * from..][..from].iter().chain(&beside[row * rest..][..rest]).copied();
        let numbers: Vec<f64> = (0..rows).flat_map(row).collect();
        let weight = Tensor::rounded(format!("{} (with the stem)", linear.weight.name), &[rows, from + rest], &numbers);
        let has_bias = [Some(linear), Some(data), position.as_ref()].into_iter().flatten().any(|it| it.bias.is_some());
        let bias = has_bias.then(|| bias_named(&linear.weight, &bias));
        Ok(Linear { weight, bias })
    }
}

/// Leaves out the layers that have moved.
fn leave(input: &mut Input) {
    (input.project, input.merged) = (None, true);
    if let Some(position) = input.position.as_mut().filter(|position| position.combine == Combine::Add) {
        (position.project, position.combine) = (None, Combine::Concat);
    }
}

/// `a · b` of the numbers of a matrix and one of as many rows as that has columns.
fn product(a: &[f32], b: &Tensor) -> Result<Vec<f64>, Problems> {
    let (columns, inner, b) = (b.columns(), b.rows(), b.numbers()?);
    let row = |a: &[f32]| {
        let mut sums = vec![0.0; columns];
        for (&a, b) in a.iter().zip(b.chunks_exact(columns.max(1))) {
            sums.iter_mut().zip(b).for_each(|(sum, &b)| *sum += f64::from(a) * f64::from(b));
        }
        sums
    };
    Ok(a.chunks_exact(inner.max(1)).flat_map(row).collect())
}
