//! Attention with the softmax in passes over the keys: largest score, sum of the weights, weighted sum of the values.

use crate::layers::Attention;

/// [`crate::layers::attention`]. A hidden key's score is the lowest there is, or it has no weight at all.
pub fn attention(shape: &Attention, q: &[f32], k: &[f32], v: &[f32], mask: &[bool], out: &mut [f32]) {
    let Attention { queries, keys, heads, .. } = *shape;
    for query in 0..queries {
        for head in 0..heads {
            let scores = |key: usize| score(shape, q, k, mask, query, key, head);
            let largest = (0..keys).map(scores).fold(f64::MIN, f64::max);
            let weight = |key: usize| libm::exp(scores(key) - largest);
            let sum: f64 = (0..keys).map(weight).sum();
            for i in 0..shape.v {
                let value_head = head / (heads / shape.value_heads);
                let value = |key: usize| f64::from(v[(key * shape.value_heads + value_head) * shape.v + i]);
                let weighted: f64 = (0..keys).map(|key| weight(key) * value(key)).sum();
                out[(query * heads + head) * shape.v + i] = if sum == 0.0 { 0.0 } else { (weighted / sum) as f32 };
            }
        }
    }
}

fn score(shape: &Attention, q: &[f32], k: &[f32], mask: &[bool], query: usize, key: usize, head: usize) -> f64 {
    let is_masked = key < shape.masked && mask.get(key) == Some(&false);
    let is_later = shape.causal && key + shape.queries > query + shape.keys;
    if is_masked || is_later {
        return if shape.zero_empty { f64::NEG_INFINITY } else { f64::MIN };
    }
    let q = &q[(query * shape.heads + head) * shape.qk..][..shape.qk];
    let key_head = head / (shape.heads / shape.key_heads);
    let k = &k[(key * shape.key_heads + key_head) * shape.qk..][..shape.qk];
    f64::from(shape.scale) * q.iter().zip(k).map(|(&q, &k)| f64::from(q) * f64::from(k)).sum::<f64>()
}
