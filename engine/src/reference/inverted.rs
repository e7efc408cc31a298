//! Inverted attention, weight by weight: shares of the queries in each key, divided by their sum over the keys.

use crate::layers::Inverted;

/// [`crate::layers::inverted_attention`]; `out` holds the result alone.
pub fn inverted_attention(shape: &Inverted, q: &[f32], k: &[f32], v: &[f32], mask: &[bool], out: &mut [f32]) {
    let Inverted { queries, keys, heads, .. } = *shape;
    for query in 0..queries {
        for head in 0..heads {
            let share = |key: usize| share(shape, q, k, mask, [query, key, head]);
            let sum: f64 = (0..keys).map(share).sum();
            for i in 0..shape.v {
                let value = |key: usize| f64::from(v[(key * heads + head) * shape.v + i]);
                let weighted: f64 = (0..keys).map(|key| share(key) * value(key)).sum();
                out[(query * heads + head) * shape.v + i] = (weighted / sum.max(f64::from(shape.eps))) as f32;
            }
        }
    }
}

/// The share of a query in a key.
fn share(shape: &Inverted, q: &[f32], k: &[f32], mask: &[bool], [query, key, head]: [usize; 3]) -> f64 {
    let is_seen = |query: usize| !shape.causal || key + shape.queries <= query + shape.keys;
    let is_masked = key < shape.masked && mask.get(key) == Some(&false);
    if is_masked || !is_seen(query) {
        return 0.0;
    }
    let score = |query: usize| {
        let q = &q[(query * shape.heads + head) * shape.qk..][..shape.qk];
        let k = &k[(key * shape.heads + head) * shape.qk..][..shape.qk];
        f64::from(shape.scale) * q.iter().zip(k).map(|(&q, &k)| f64::from(q) * f64::from(k)).sum::<f64>()
    };
    let seen = || (0..shape.queries).filter(|&query| is_seen(query)).map(score);
    let largest = seen().fold(f64::MIN, f64::max);
    libm::exp(score(query) - largest) / seen().map(|score| libm::exp(score - largest)).sum::<f64>()
}
