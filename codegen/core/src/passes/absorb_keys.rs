//! `q · (W_k x) = (W_kᵀ q) · x`: queries take over the keys' linear layer, and rows are keys as they are, the same for all
//! heads. A head is then as wide as a row.
//!
//! Not valid where keys are changed after their linear layer (rotary positions, norms per head), where they have a bias,
//! where keys are made from rows of two norms, or where the softmax runs over the queries.

use super::bias_named;
use crate::Problems;
use crate::model::{Absorbed, Attention, Block, Linear, Query, Reads, Softmax, Tensor};

/// Whether the queries of `block` may take over the keys' linear layer.
pub(crate) fn is_valid(block: &Block) -> bool {
    let Block { reads, attention, .. } = block;
    matches!(reads, Reads::Context | Reads::Itself)
        && attention.rotary.is_none()
        && attention.head_norms.is_none()
        && attention.key.bias.is_none()
        && attention.softmax == Softmax::Keys
}

/// Moves the layer: into the queries' layer or constants where `merged`, else beside it.
///
/// # Errors
/// Files of weights that can no longer be read.
pub(super) fn run(attention: &mut Attention, merged: bool) -> Result<(), Problems> {
    let (heads, key) = (attention.heads, &attention.key.weight);
    attention.absorbed_key = Some(Absorbed::Merged);
    match &mut attention.query {
        Query::Constant(table) => *table = on_constants(table, key, heads)?,
        Query::Projected { linear, .. } if merged => *linear = merge(linear, key, heads)?,
        Query::Projected { .. } => attention.absorbed_key = Some(Absorbed::PerHead(per_head(key, heads))),
    }
    Ok(())
}

/// Each head's part of each row of `queries`, times the head's rows of `key`.
fn on_constants(queries: &Tensor, key: &Tensor, heads: usize) -> Result<Tensor, Problems> {
    let (part, width) = (key.rows() / heads, key.columns());
    let (numbers, key) = (queries.numbers()?, key.numbers()?);
    let mut absorbed = Vec::with_capacity(numbers.len() / part * width);
    for (index, query) in numbers.chunks_exact(part).enumerate() {
        absorbed.extend(transposed_times(query, head_rows(&key, index % heads, heads), width));
    }
    Ok(Tensor::rounded(format!("{} (with keys)", queries.name), &[queries.rows(), heads * width], &absorbed))
}

/// The queries' layer with the keys' after it.
fn merge(query: &Linear, key: &Tensor, heads: usize) -> Result<Linear, Problems> {
    let (part, width, inputs) = (key.rows() / heads, key.columns(), query.weight.columns());
    let (numbers, key) = (query.weight.numbers()?, key.numbers()?);
    let mut weight = vec![0.0; heads * width * inputs];
    for (head, merged) in weight.chunks_exact_mut((width * inputs).max(1)).enumerate() {
        let queries = head_rows(&numbers, head, heads);
        for (query, key) in queries.chunks_exact(inputs).zip(head_rows(&key, head, heads).chunks_exact(width)) {
            for (merged, &k) in merged.chunks_exact_mut(inputs).zip(key) {
                merged.iter_mut().zip(query).for_each(|(sum, &q)| *sum += f64::from(k) * f64::from(q));
            }
        }
    }
    let name = format!("{} (with keys)", query.weight.name);
    let weight = Tensor::rounded(name, &[heads * width, inputs], &weight);
    let bias = query.bias.as_ref().map(|bias| {
        let bias = bias.numbers()?;
        let parts = bias.chunks_exact(part).enumerate();
        let moved: Vec<f64> =
            parts.flat_map(|(head, bias)| transposed_times(bias, head_rows(&key, head, heads), width)).collect();
        Ok(bias_named(&weight, &moved))
    });
    Ok(Linear { weight, bias: bias.transpose()? })
}

/// The keys' layer of each head, transposed.
fn per_head(key: &Tensor, heads: usize) -> Vec<Linear> {
    let (part, width) = (key.rows() / heads, key.columns());
    let layer = |head| {
        let transpose = move |rows: &[f32]| {
            (0..width).flat_map(|column| (0..part).map(move |row| rows[row * width + column])).collect()
        };
        let data = key.part_of_rows(head * part, part).data.derived(width * part, transpose);
        let name = format!("{} (head {head}, transposed)", key.name);
        Linear { weight: Tensor { name, shape: vec![width, part], data }, bias: None }
    };
    (0..heads).map(layer).collect()
}

/// `rowsᵀ · x`
fn transposed_times(x: &[f32], rows: &[f32], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for (&x, row) in x.iter().zip(rows.chunks_exact(width)) {
        sums.iter_mut().zip(row).for_each(|(sum, &number)| *sum += f64::from(x) * f64::from(number));
    }
    sums
}

/// The rows of the numbers of a weight that belong to `head`.
pub(super) fn head_rows(weight: &[f32], head: usize, heads: usize) -> &[f32] {
    let len = weight.len() / heads;
    &weight[head * len..][..len]
}
