//! `Wₒ Σ p (W_v x) = (Wₒ W_v) Σ p x`: the output takes over the values' linear layer, and rows are values as they are, the
//! same for all heads. What a head gathers is then as wide as a row.
//!
//! Not valid where values have a bias, where they are made from rows of two norms, or where the softmax runs over the
//! queries.

use super::absorb_keys::head_rows;
use crate::Problems;
use crate::model::{Absorbed, Attention, Block, Linear, Reads, Softmax, Tensor};

/// Whether the output of `block` may take over the values' linear layer.
pub(crate) fn is_valid(block: &Block) -> bool {
    let Block { reads, attention, .. } = block;
    matches!(reads, Reads::Context | Reads::Itself)
        && attention.value.bias.is_none()
        && attention.softmax == Softmax::Keys
}

/// Moves the layer: into the output's where `merged`, else before it.
///
/// # Errors
/// Files of weights that can no longer be read.
pub(super) fn run(attention: &mut Attention, merged: bool) -> Result<(), Problems> {
    let heads = attention.heads;
    attention.absorbed_value = Some(if merged {
        attention.output = merge(&attention.output, &attention.value.weight, heads)?;
        Absorbed::Merged
    } else {
        Absorbed::PerHead(per_head(&attention.value.weight, heads))
    });
    Ok(())
}

/// The values' layer with the output's after it.
fn merge(output: &Linear, value: &Tensor, heads: usize) -> Result<Linear, Problems> {
    let (part, width, outputs) = (value.rows() / heads, value.columns(), output.weight.rows());
    let (numbers, value) = (output.weight.numbers()?, value.numbers()?);
    let mut weight = vec![0.0; outputs * heads * width];
    let rows = numbers.chunks_exact(heads * part).zip(weight.chunks_exact_mut((heads * width).max(1)));
    for (row, merged) in rows {
        for (head, (row, merged)) in row.chunks_exact(part).zip(merged.chunks_exact_mut(width)).enumerate() {
            for (&o, value) in row.iter().zip(head_rows(&value, head, heads).chunks_exact(width)) {
                merged.iter_mut().zip(value).for_each(|(sum, &v)| *sum += f64::from(o) * f64::from(v));
            }
        }
    }
    let name = format!("{} (with values)", output.weight.name);
    Ok(Linear { weight: Tensor::rounded(name, &[outputs, heads * width], &weight), bias: output.bias.clone() })
}

/// The values' layer of each head.
fn per_head(value: &Tensor, heads: usize) -> Vec<Linear> {
    let part = value.rows() / heads;
    let layer = |head| {
        let name = format!("{} (head {head})", value.name);
        Linear { weight: Tensor { name, ..value.part_of_rows(head * part, part) }, bias: None }
    };
    (0..heads).map(layer).collect()
}
