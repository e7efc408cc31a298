//! Inverted attention over keys that arrive a few at a time: a key's shares need the queries and that key alone, so they are summed
//! when it comes, and nothing of it is kept.
//!
//! A state is `[queries·heads]` numbers of room, zeros, `[queries·heads]` sums of the shares, `[queries, heads·v]` sums of the values
//! times them. States of different keys merge by addition; what a query gathered is divided by its sum at the end.

use super::{Inverted, fits};
use crate::isa::{Isa, Kernel};
use crate::kernels::inverted;
use crate::kernels::part;

impl Inverted {
    /// Numbers of a state.
    #[must_use]
    pub const fn state_len(&self) -> usize {
        self.queries * self.heads * (2 + self.v)
    }

    /// The parts of `state`: room, sums, values.
    #[inline(always)]
    fn split<'a>(&self, state: &'a mut [f32]) -> Option<[&'a mut [f32]; 3]> {
        let rows = self.queries * self.heads;
        let state = if fits(state, 1, self.state_len(), 0) { state.get_mut(..self.state_len())? } else { return None };
        let (room, rest) = state.split_at_mut_checked(rows)?;
        let (sums, values) = rest.split_at_mut_checked(rows)?;
        Some([room, sums, values])
    }
}

/// `state` of no keys.
#[inline]
pub fn begin_shares<I: Isa>(_: I, shape: &Inverted, state: &mut [f32]) {
    if let Some(parts) = shape.split(state) {
        parts.into_iter().for_each(|part| part.fill(0.0));
    }
}

/// Takes `shape.keys` more keys into `state`; operands as for [`inverted_attention`](super::inverted_attention).
#[inline]
pub fn gather_shares<I: Isa>(
    isa: I,
    shape: &Inverted,
    q: &[f32],
    k: &[f32],
    v: &[f32],
    mask: &[bool],
    state: &mut [f32],
) {
    let Inverted { queries, keys, masked, heads, qk, v: v_width, .. } = *shape;
    let ok = fits(q, queries, heads * qk, heads * qk)
        && fits(k, keys, heads * qk, heads * qk)
        && fits(v, keys, heads * v_width, heads * v_width);
    if let (true, Some([room, sums, out])) = (ok, shape.split(state)) {
        let mask = mask.get(..masked).unwrap_or(mask);
        let weights = room.get_mut(..queries).unwrap_or_default();
        isa.run(Gather(inverted::Inverted { shape: *shape, q, k, v, mask, out, sums, weights }));
    }
}

/// Takes the keys of the state `other` into `state`.
#[inline]
pub fn merge_shares<I: Isa>(isa: I, shape: &Inverted, other: &[f32], state: &mut [f32]) {
    if fits(other, 1, shape.state_len(), 0) && fits(state, 1, shape.state_len(), 0) {
        isa.run(Merge { other: part(other, 0, shape.state_len()), state });
    }
}

/// What the queries gathered: `out` `[queries, heads·v]`.
#[inline]
pub fn settle_shares<I: Isa>(isa: I, shape: &Inverted, state: &[f32], out: &mut [f32]) {
    let (rows, width) = (shape.queries * shape.heads, shape.heads * shape.v);
    if fits(state, 1, shape.state_len(), 0) && fits(out, shape.queries, width, width) {
        let (sums, values) = (part(state, rows, rows), part(state, 2 * rows, rows * shape.v));
        out.iter_mut().zip(values).for_each(|(out, &value)| *out = value);
        isa.run(Settle { shape: *shape, sums, out });
    }
}

struct Gather<'a>(inverted::Inverted<'a>);

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) {
        self.0.take(isa);
        // The room is part of the state, which is the same for the same keys.
        self.0.weights.fill(0.0);
    }
}

struct Merge<'a> {
    other: &'a [f32],
    state: &'a mut [f32],
}

impl Kernel for Merge<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        for (ours, theirs) in self.state.chunks_mut(I::LANES).zip(self.other.chunks(I::LANES)) {
            isa.store(isa.add(isa.load(ours), isa.load(theirs)), ours);
        }
    }
}

struct Settle<'a> {
    shape: Inverted,
    sums: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Settle<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        inverted::divide(isa, &self.shape, self.sums, self.out);
    }
}
