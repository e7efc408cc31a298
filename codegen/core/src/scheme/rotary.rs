//! What the sources of rotary positions differ in: which numbers of a head make a pair, and where frequencies are kept.

use super::checkpoint::Checkpoint;
use crate::model::{Attention, Linear, Query, Tensor};

/// How far a stored frequency may be from a computed one, relatively: both are rounded to single precision.
const ROUNDED: f32 = 1e-5;

/// The stored frequencies, which the source computes with. It is a problem when they are others than `computed` from the
/// fields that `sources` names.
pub(super) fn verified(checkpoint: &mut Checkpoint, stored: Tensor, computed: &Tensor, sources: &str) -> Tensor {
    let differs = |(a, b): (&f32, &f32)| (a - b).abs() > ROUNDED * b;
    let [found, expected] = [&stored, computed].map(|frequencies| checkpoint.numbers(frequencies));
    if let Some(at) = found.iter().zip(expected.iter()).position(differs) {
        let (found, expected) = (found[at], expected[at]);
        checkpoint.complain(format!(
            "`{}` holds {found} at index {at}, where {sources} make {expected}: correct config.json, or save the weights again",
            stored.name
        ));
    }
    stored
}

/// Reorders what queries and keys of `attention` are made with: numbers i and i + `pairs` of each head, which the source
/// turns as a pair, come to lie side by side.
pub(super) fn put_side_by_side(attention: &mut Attention, pairs: usize) {
    let heads = attention.heads;
    if let Query::Projected { linear, .. } = &mut attention.query {
        *linear = side_by_side(linear, heads, pairs);
    }
    attention.key = side_by_side(&attention.key, heads, pairs);
}

/// `linear` without bias, with outputs i and i + pairs of each head as outputs 2i and 2i + 1.
fn side_by_side(linear: &Linear, heads: usize, pairs: usize) -> Linear {
    let weight = &linear.weight;
    let (head, columns) = (weight.rows() / heads, weight.columns());
    if weight.is_empty() {
        return linear.clone();
    }
    let (outputs, from) = (weight.rows(), move |output: usize| {
        let (first, within) = (output / head * head, output % head);
        first + if within < 2 * pairs { within % 2 * pairs + within / 2 } else { within }
    });
    let reorder = move |numbers: &[f32]| {
        let rows = (0..outputs).map(|output| &numbers[from(output) * columns..][..columns]);
        rows.flatten().copied().collect()
    };
    Linear { weight: Tensor { data: weight.data.derived(weight.len(), reorder), ..weight.clone() }, bias: None }
}
