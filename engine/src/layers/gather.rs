//! Attention over keys that arrive a few at a time: no key or value is kept, so memory does not depend on their number.
//!
//! What was seen of a sequence of keys is a state `[queries·heads]` largest scores, `[queries·heads]` sums of the weights
//! relative to them, `[queries, heads·v]` sums of the weighted values. States of different keys merge to that of all of
//! them, in any order, so keys may be split over processors, buffers and time.

use super::{Attention, fits};
use crate::isa::{Isa, Kernel};
use crate::kernels::attention::{self as kernel, Carried, EVENLY};
use crate::kernels::exp::exp;
use crate::kernels::part;

impl Attention {
    /// Numbers of a state.
    #[must_use]
    pub const fn state_len(&self) -> usize {
        self.queries * self.heads * (2 + self.v)
    }
}

/// The parts of a state, or of what some of its queries have in it.
#[derive(Debug)]
pub struct State<'a> {
    pub(super) largest: &'a mut [f32],
    pub(super) sum: &'a mut [f32],
    pub(super) values: &'a mut [f32],
}

impl<'a> State<'a> {
    /// The parts of `state`; stops debug builds when it is too short.
    #[inline(always)]
    #[must_use]
    pub fn split(shape: &Attention, state: &'a mut [f32]) -> Option<Self> {
        let softmaxes = shape.queries * shape.heads;
        let state =
            if fits(state, 1, shape.state_len(), 0) { state.get_mut(..shape.state_len())? } else { return None };
        let (largest, rest) = state.split_at_mut_checked(softmaxes)?;
        let (sum, values) = rest.split_at_mut_checked(softmaxes)?;
        Some(Self { largest, sum, values })
    }

    /// What the first `queries` have, and what those after them have; no more than there are.
    #[must_use]
    pub fn split_at(self, shape: &Attention, queries: usize) -> (Self, Self) {
        let cut = |numbers: &'a mut [f32], width: usize| {
            let end = numbers.len().min(queries * width);
            numbers.split_at_mut_checked(end).unwrap_or_default()
        };
        let (largest, later_largest) = cut(self.largest, shape.heads);
        let (sum, later_sum) = cut(self.sum, shape.heads);
        let (values, later_values) = cut(self.values, shape.heads * shape.v);
        let later = Self { largest: later_largest, sum: later_sum, values: later_values };
        (Self { largest, sum, values }, later)
    }
}

/// `state` of no keys.
#[inline]
pub fn begin<I: Isa>(_: I, shape: &Attention, state: &mut [f32]) {
    if let Some(State { largest, sum, values }) = State::split(shape, state) {
        largest.fill(EVENLY);
        sum.fill(0.0);
        values.fill(0.0);
    }
}

/// Takes `shape.keys` more keys into `state`; operands as for [`attention`](super::attention).
#[inline]
pub fn gather<I: Isa>(isa: I, shape: &Attention, q: &[f32], k: &[f32], v: &[f32], mask: &[bool], state: &mut [f32]) {
    if let Some(state) = State::split(shape, state) {
        gather_part(isa, shape, q, k, v, mask, state);
    }
}

/// [`gather`] for some of the queries, which `shape` counts and `q` holds.
#[inline]
pub fn gather_part<I: Isa>(
    isa: I,
    shape: &Attention,
    q: &[f32],
    k: &[f32],
    v: &[f32],
    mask: &[bool],
    state: State<'_>,
) {
    let Attention { queries, keys, masked, heads, key_heads, value_heads, qk, v: v_width, scale, .. } = *shape;
    let ok = fits(q, queries, heads * qk, heads * qk)
        && fits(k, keys, key_heads * qk, key_heads * qk)
        && fits(v, keys, value_heads * v_width, value_heads * v_width);
    let State { largest, sum, values: out } = state;
    let softmaxes = queries * heads;
    let ok = ok
        && fits(largest, 1, softmaxes, 0)
        && fits(sum, 1, softmaxes, 0)
        && fits(out, queries, heads * v_width, heads * v_width);
    if ok {
        let (mask, carried) = (mask.get(..masked).unwrap_or(mask), Some(Carried { largest, sum }));
        let (causal, hidden) = (false, shape.hidden());
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

/// Takes the keys of the state `other` into `state`.
#[inline]
pub fn merge<I: Isa>(isa: I, shape: &Attention, other: &[f32], state: &mut [f32]) {
    if let (true, Some(state)) = (fits(other, 1, shape.state_len(), 0), State::split(shape, state)) {
        isa.run(Merge { shape: *shape, other, state });
    }
}

/// What the queries gathered: `out` `[queries, heads·v]`, zeros where there was no key.
#[inline]
pub fn settle<I: Isa>(isa: I, shape: &Attention, state: &[f32], out: &mut [f32]) {
    let width = shape.heads * shape.v;
    if fits(state, 1, shape.state_len(), 0) && fits(out, shape.queries, width, width) {
        isa.run(Settle { shape: *shape, state, out });
    }
}

struct Merge<'a> {
    shape: Attention,
    other: &'a [f32],
    state: State<'a>,
}

impl Kernel for Merge<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let softmaxes = self.shape.queries * self.shape.heads;
        let weight = |score: f32| isa.first(exp(isa, isa.splat(score)));
        let others = self.other.iter().zip(part(self.other, softmaxes, softmaxes));
        let values = part(self.other, 2 * softmaxes, softmaxes * self.shape.v).chunks(self.shape.v.max(1));
        let states = self.state.largest.iter_mut().zip(self.state.sum);
        let states = states.zip(self.state.values.chunks_mut(self.shape.v.max(1)));
        for (((&their_largest, &their_sum), theirs), ((largest, sum), ours)) in others.zip(values).zip(states) {
            let top = if their_largest > *largest { their_largest } else { *largest };
            let (their_factor, factor) = (weight(their_largest - top), weight(*largest - top));
            *sum = *sum * factor + their_sum * their_factor;
            *largest = top;
            for (ours, theirs) in ours.chunks_mut(I::LANES).zip(theirs.chunks(I::LANES)) {
                let kept = isa.mul(isa.load(ours), isa.splat(factor));
                isa.store(isa.mul_add(isa.load(theirs), isa.splat(their_factor), kept), ours);
            }
        }
    }
}

struct Settle<'a> {
    shape: Attention,
    state: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Settle<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let softmaxes = self.shape.queries * self.shape.heads;
        let width = self.shape.v.max(1);
        let values = part(self.state, 2 * softmaxes, softmaxes * self.shape.v).chunks(width);
        let rows = part(self.state, softmaxes, softmaxes).iter().zip(values).zip(self.out.chunks_mut(width));
        for ((&sum, values), out) in rows {
            let factor = if sum > 0.0 { 1.0 / sum } else { 0.0 };
            for (out, values) in out.chunks_mut(I::LANES).zip(values.chunks(I::LANES)) {
                isa.store(isa.mul(isa.load(values), isa.splat(factor)), out);
            }
        }
    }
}
