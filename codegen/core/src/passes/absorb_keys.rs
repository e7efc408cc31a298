//! `q · (W_k x) = (W_kᵀ q) · x`: queries take over the keys' linear layer, and rows are keys as they are, the same for all
//! heads. A head is then as wide as a row.
//!
//! Not valid where keys are changed after their linear layer (rotary positions, norms per head), where they have a bias,
//! where keys are made from rows of two norms, or where the softmax runs over the queries.

use super::{bias_named, bias_of};
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
pub(super) fn run(attention: &mut Attention, merged: bool) {
    let (heads, key) = (attention.heads, &attention.key.weight);
    attention.absorbed_key = Some(Absorbed::Merged);
    match &mut attention.query {
        Query::Constant(table) => *table = on_constants(table, key, heads),
        Query::Projected { linear, .. } if merged => *linear = merge(linear, key, heads),
        Query::Projected { .. } => attention.absorbed_key = Some(Absorbed::PerHead(per_head(key, heads))),
    }
}

/// Each head's part of each row of `queries`, times the head's rows of `key`.
fn on_constants(queries: &Tensor, key: &Tensor, heads: usize) -> Tensor {
    let (part, width) = (key.rows() / heads, key.columns());
    let mut absorbed = Vec::with_capacity(queries.data.len() / part * width);
    for (index, query) in queries.data.chunks_exact(part).enumerate() {
        absorbed.extend(transposed_times(query, head_rows(key, index % heads, heads), width));
    }
    Tensor::rounded(format!("{} (with keys)", queries.name), &[queries.rows(), heads * width], &absorbed)
}

/// The queries' layer with the keys' after it.
fn merge(query: &Linear, key: &Tensor, heads: usize) -> Linear {
    let (part, width, inputs) = (key.rows() / heads, key.columns(), query.weight.columns());
    let mut weight = vec![0.0; heads * width * inputs];
    for (head, merged) in weight.chunks_exact_mut((width * inputs).max(1)).enumerate() {
        let queries = head_rows(&query.weight, head, heads);
        for (query, key) in queries.chunks_exact(inputs).zip(head_rows(key, head, heads).chunks_exact(width)) {
            for (merged, &k) in merged.chunks_exact_mut(inputs).zip(key) {
                merged.iter_mut().zip(query).for_each(|(sum, &q)| *sum += f64::from(k) * f64::from(q));
            }
        }
    }
    let name = format!("{} (with keys)", query.weight.name);
    let weight = Tensor::rounded(name, &[heads * width, inputs], &weight);
    let bias = query.bias.as_ref().map(|_| {
        let bias: Vec<f32> = bias_of(query).into_iter().map(|number| number as f32).collect();
        let parts = bias.chunks_exact(part).enumerate();
        let moved: Vec<f64> =
            parts.flat_map(|(head, bias)| transposed_times(bias, head_rows(key, head, heads), width)).collect();
        bias_named(&weight, &moved)
    });
    Linear { weight, bias }
}

/// The keys' layer of each head, transposed.
fn per_head(key: &Tensor, heads: usize) -> Vec<Linear> {
    let (part, width) = (key.rows() / heads, key.columns());
    let layer = |head| {
        let rows = head_rows(key, head, heads);
        let transposed = (0..width).flat_map(|column| (0..part).map(move |row| rows[row * width + column]));
        let name = format!("{} (head {head}, transposed)", key.name);
        Linear { weight: Tensor::new(name, &[width, part], transposed.collect()), bias: None }
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

/// The rows of `weight` that belong to `head`.
pub(super) fn head_rows(weight: &Tensor, head: usize, heads: usize) -> &[f32] {
    let len = weight.len() / heads;
    &weight.data[head * len..][..len]
}
