//! A query's weights sum to one, so a value bias reaches the output whole: `Wₒ (a + b_v) + b_o = Wₒ a + (Wₒ b_v + b_o)`.
//!
//! Not valid where rows can be zeroed (all keys or the query itself masked) or where the softmax runs over the queries.

use super::{apply, bias_named, bias_of, blocks, widen};
use crate::model::{Attention, EmptyRows, Model, Softmax};

pub(super) fn run(model: &mut Model) {
    for attention in blocks(model).map(|block| &mut block.attention).filter(|attention| is_valid(attention)) {
        let Some(bias) = attention.value.bias.take() else { continue };
        let output = &mut attention.output;
        let moved: Vec<f64> =
            bias_of(output).into_iter().zip(apply(&output.weight, &widen(&bias))).map(|(a, b)| a + b).collect();
        output.bias = Some(bias_named(&output.weight, &moved));
    }
}

fn is_valid(attention: &Attention) -> bool {
    attention.softmax == Softmax::Keys && attention.empty_rows == EmptyRows::Uniform && !attention.masks_queries
}
