//! Attention whose weights are shares of the keys: a softmax over the queries of each key, then a mean over the keys of each
//! query.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::inverted;

/// The shape of an inverted attention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inverted {
    /// Rows that ask.
    pub queries: usize,
    /// Rows that answer.
    pub keys: usize,
    /// The first of them, which a mask is about; it says nothing of the others.
    pub masked: usize,
    /// Heads.
    pub heads: usize,
    /// Numbers of one head in a query or key.
    pub qk: usize,
    /// Numbers of one head in a value.
    pub v: usize,
    /// Factor of the scores; 1 when folded into the queries.
    pub scale: f32,
    /// Whether a query attends only to keys up to its own place, queries and keys aligned at their ends.
    pub causal: bool,
    /// The least that the weights of a query are divided by.
    pub eps: f32,
}

impl Inverted {
    /// Numbers that `out` has room for: the result, the sum of the weights for each query and head, the weights of a key.
    #[must_use]
    pub const fn out_len(&self) -> usize {
        self.queries * (self.heads * (self.v + 1) + 1)
    }
}

/// `out = w v / max(Σ w, eps)` per head with `w = softmax(scale · q kᵀ)` over the queries of each key: `q`
/// `[queries, heads·qk]`, `k` `[keys, heads·qk]`, `v` `[keys, heads·v]`, `out` `[queries, heads·v]` and behind it room for
/// what [`Inverted::out_len`] counts. A key has no weight for a query that does not see it, nor where `mask` is `false`; keys
/// beyond its end have.
#[inline]
pub fn inverted_attention<I: Isa>(
    isa: I,
    shape: &Inverted,
    q: &[f32],
    k: &[f32],
    v: &[f32],
    mask: &[bool],
    out: &mut [f32],
) {
    let Inverted { queries, keys, masked, heads, qk, v: v_width, .. } = *shape;
    let ok = fits(q, queries, heads * qk, heads * qk)
        && fits(k, keys, heads * qk, heads * qk)
        && fits(v, keys, heads * v_width, heads * v_width)
        && fits(out, 1, shape.out_len(), 0);
    let Some((out, rest)) = out.split_at_mut_checked(queries * heads * v_width) else { return };
    let Some((sums, weights)) = rest.split_at_mut_checked(queries * heads) else { return };
    let Some(weights) = weights.get_mut(..queries) else { return };
    if ok {
        let mask = mask.get(..masked).unwrap_or(mask);
        isa.run(inverted::Inverted { shape: *shape, q, k, v, mask, out, sums, weights });
    }
}

impl Kernel for inverted::Inverted<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        self.attend(isa);
    }
}
