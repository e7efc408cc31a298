//! Attention between any two sets of rows: cross, self and decoder.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::attention as kernel;

/// The shape of an attention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Rows that ask.
    pub queries: usize,
    /// Rows that answer.
    pub keys: usize,
    /// The first of them, which a mask is about; it says nothing of the others.
    pub masked: usize,
    /// Heads.
    pub heads: usize,
    /// Heads of the keys: a divisor of `heads`, each is read by as many heads that follow each other.
    pub key_heads: usize,
    /// Heads of the values, likewise.
    pub value_heads: usize,
    /// Numbers of one head in a query or key.
    pub qk: usize,
    /// Numbers of one head in a value.
    pub v: usize,
    /// Factor of the scores; 1 when folded into the queries.
    pub scale: f32,
    /// Whether a query attends only to keys up to its own place, queries and keys aligned at their ends.
    pub causal: bool,
    /// Whether a query gathers zeros when all of its keys are hidden; otherwise it attends to them evenly.
    pub zero_empty: bool,
}

impl Attention {
    /// The score of a hidden key.
    #[inline(always)]
    pub(super) const fn hidden(&self) -> f32 {
        if self.zero_empty { kernel::NOTHING } else { kernel::EVENLY }
    }
}

/// `out = softmax(scale · q kᵀ) v` per head: `q` `[queries, heads·qk]`, `k` `[keys, key_heads·qk]`, `v`
/// `[keys, value_heads·v]`, `out` `[queries, heads·v]`. Where `mask` is `false` a key is not attended to; keys beyond its
/// end are.
#[inline]
pub fn attention<I: Isa>(isa: I, shape: &Attention, q: &[f32], k: &[f32], v: &[f32], mask: &[bool], out: &mut [f32]) {
    let Attention { queries, keys, masked, heads, key_heads, value_heads, qk, v: v_width, scale, causal, .. } = *shape;
    let ok = fits(q, queries, heads * qk, heads * qk)
        && fits(k, keys, key_heads * qk, key_heads * qk)
        && fits(v, keys, value_heads * v_width, value_heads * v_width)
        && fits(out, queries, heads * v_width, heads * v_width);
    if ok {
        let mask = mask.get(..masked).unwrap_or(mask);
        let (hidden, carried) = (shape.hidden(), None);
        isa.run(kernel::Attention {
            queries,
            keys,
            heads,
            key_heads,
            value_heads,
            qk,
            v_width,
            scale,
            q,
            k,
            v,
            mask,
            causal,
            hidden,
            out,
            carried,
        });
    }
}

impl Kernel for kernel::Attention<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        isa.attention(self);
    }
}
