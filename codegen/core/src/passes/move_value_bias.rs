//! A query's weights sum to one, so a value bias reaches the output whole: `Wₒ (a + b_v) + b_o = Wₒ a + (Wₒ b_v + b_o)`.
//!
//! Not valid where rows can be zeroed (all keys or the query itself masked) or where the softmax runs over the queries.

use super::{apply, bias_named, bias_of, blocks, widen};
use crate::Problems;
use crate::model::{Attention, EmptyRows, Model, Softmax};

pub(super) fn run(model: &mut Model) -> Result<(), Problems> {
    for attention in blocks(model).map(|block| &mut block.attention).filter(|attention| is_valid(attention)) {
        let Some(bias) = attention.value.bias.take() else { continue };
        let output = &mut attention.output;
        let mut moved = bias_of(output)?;
        let (weight, bias) = (output.weight.numbers()?, widen(&bias)?);
        moved.iter_mut().zip(apply(&weight, &bias)).for_each(|(sum, moved)| *sum += moved);
        output.bias = Some(bias_named(&output.weight, &moved));
    }
    Ok(())
}

fn is_valid(attention: &Attention) -> bool {
    attention.softmax == Softmax::Keys && attention.empty_rows == EmptyRows::Uniform && !attention.masks_queries
}
