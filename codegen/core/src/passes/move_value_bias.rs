//! A query's weights sum to one, so a value bias reaches the output whole: `Wₒ (a + b_v) + b_o = Wₒ a + (Wₒ b_v + b_o)`.
//!
//! Not valid where rows are zeroed when all keys are masked; an all-masked row here attends evenly.

use super::{apply, bias_named, bias_of, blocks, widen};
use crate::model::Model;

pub(super) fn run(model: &mut Model) {
    for attention in blocks(model).map(|block| &mut block.attention) {
        let Some(bias) = attention.value.bias.take() else { continue };
        let output = &mut attention.output;
        let moved: Vec<f64> =
            bias_of(output).into_iter().zip(apply(&output.weight, &widen(&bias))).map(|(a, b)| a + b).collect();
        output.bias = Some(bias_named(&output.weight, &moved));
    }
}
