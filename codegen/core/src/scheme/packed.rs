//! The projections of PyTorch's `MultiheadAttention`, which lie below each other.

use super::checkpoint::{Axis, Checkpoint};
use crate::model::{Linear, Tensor};

/// Queries, keys and values of the layer `name`, all as wide as the queries' rows. It keeps one weight for the three when
/// the keys' rows are as wide, else one each; the bias is always one.
pub(super) fn read(checkpoint: &mut Checkpoint, name: &str, width: Axis<'_>, keys: Axis<'_>) -> [Linear; 3] {
    let all = format!("3 × {}", width.1);
    let all = (3 * width.0, all.as_str());
    let part = |tensor: &Tensor, index: usize| tensor.part_of_rows(index * width.0, width.0);
    let weights = if width.0 == keys.0 {
        let packed = checkpoint.tensor(&format!("{name}.in_proj_weight"), &[all, width]);
        [0, 1, 2].map(|index| part(&packed, index))
    } else {
        [("q", width), ("k", keys), ("v", keys)]
            .map(|(letter, inputs)| checkpoint.tensor(&format!("{name}.{letter}_proj_weight"), &[width, inputs]))
    };
    let bias = checkpoint.tensor(&format!("{name}.in_proj_bias"), &[all]);
    let [query, key, value] = weights;
    [(query, 0), (key, 1), (value, 2)].map(|(weight, index)| Linear { weight, bias: Some(part(&bias, index)) })
}
