//! Attention to tokens `[c, f¹(i), f²(j), …]` that are divided by the root of their variance: each part of a position depends on
//! its place on one axis alone. A row of the queries holds, beside what it multiplies the channels c by, its score of every place
//! of every axis; a row of what is gathered holds a sum of weights for every place in turn. So a token costs a query as many
//! multiplications as it has channels, one more, and an addition an axis:
//!
//! ```text
//! s = q · c/σ + (T¹[i] + T²[j]) / σ
//! m' = max(m, s) ;  w = e^(s − m') ;  l = l + w
//! acc[c] = acc[c] + w c/σ ;  acc[i] = acc[i] + w/σ ;  acc[j] = acc[j] + w/σ
//! ```
//! Tokens come as columns, so that the lanes of a vector are tokens that follow each other on the innermost axis, whose places
//! follow each other too. What was summed is rescaled only when the largest score changes.

use super::exp::exp_below_88;
use super::{part, part_mut};
use crate::isa::Isa;

/// Tokens whose weights are made at once.
const TILE: usize = 32;
/// The most lanes of a vector.
const LANES: usize = 16;
/// Where tokens stand, in row-major order; after the last place comes the first again.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Places of each axis, outermost first; unused axes come first and are 1.
    pub shape: [usize; 3],
    /// Axes in use: the last of `shape`.
    pub axes: usize,
    /// The place of the first token.
    pub first: usize,
}

/// Tokens that follow each other on the innermost axis.
#[derive(Clone, Copy)]
pub struct Run {
    /// The first of them.
    pub first: usize,
    /// How many.
    pub len: usize,
    /// Their places on the outer axes among the places of all axes; the first `outer` count.
    pub outers: [usize; 2],
    /// The outer axes.
    pub outer: usize,
    /// The place of the first of them on the innermost axis, likewise.
    pub inner: usize,
}

impl Places {
    /// The places of all axes.
    #[must_use]
    pub const fn count(&self) -> usize {
        let [a, b, c] = self.shape;
        match self.axes {
            1 => c,
            2 => b + c,
            _ => a + b + c,
        }
    }

    /// The run that begins with token `first` of `tokens`, at most `most` long.
    #[inline(always)]
    pub(crate) fn run(&self, first: usize, tokens: usize, most: usize) -> Run {
        let [_, b, c] = self.shape.map(|length| if length == 0 { 1 } else { length });
        let at = self.first + first;
        let (column, row) = (at % c, at / c);
        let len = most.min(c - column).min(tokens - first);
        let [plane, row] = [row / b % self.shape[0].max(1), row % b];
        let (outers, inner) = match self.axes {
            1 => ([0, 0], column),
            2 => ([row, 0], b + column),
            _ => ([plane, self.shape[0] + row], self.shape[0] + b + column),
        };
        Run { first, len, outers, outer: self.axes.saturating_sub(1).min(2), inner }
    }
}

/// What some queries gather.
pub struct OnGrid<'a> {
    /// Rows of `q` and `sums`: queries and heads.
    pub rows: usize,
    /// Tokens.
    pub tokens: usize,
    /// Numbers of a token beside its position.
    pub channels: usize,
    /// Where the tokens stand.
    pub places: Places,
    /// `[rows, channels + places]`
    pub q: &'a [f32],
    /// `[channels + 1, tokens]`: the channels over the deviation, then one over it.
    pub columns: &'a [f32],
    /// `true` for a token to attend to; tokens beyond its end are attended to.
    pub mask: &'a [bool],
    /// The score of a token that is not attended to.
    pub hidden: f32,
    /// The largest score so far `[rows]`.
    pub largest: &'a mut [f32],
    /// The sum of the weights so far, relative to it `[rows]`.
    pub sum: &'a mut [f32],
    /// `[rows, channels + places]`
    pub gathered: &'a mut [f32],
}

impl OnGrid<'_> {
    /// Gathers from all tokens.
    #[inline(always)]
    pub(crate) fn gather<I: Isa>(mut self, isa: I) {
        let mut first = 0;
        while first < self.tokens {
            let run = self.places.run(first, self.tokens, TILE);
            // Loops over a few vectors cost more than their work, unless the compiler knows how many there are.
            if I::LANES > 1 && run.len == TILE {
                self.take(isa, &Run { len: TILE, ..run });
            } else {
                self.take(isa, &run);
            }
            first += run.len.max(1);
        }
    }

    /// Gathers from the tokens of a run.
    #[inline(always)]
    fn take<I: Isa>(&mut self, isa: I, run: &Run) {
        let width = self.channels + self.places.count();
        let softmaxes = self.largest.iter_mut().zip(self.sum.iter_mut());
        let rows = self.q.chunks_exact(width.max(1)).zip(self.gathered.chunks_exact_mut(width.max(1)));
        let factors = part(self.columns, self.channels * self.tokens + run.first, run.len);
        let tokens = Tokens { columns: self.columns, stride: self.tokens, channels: self.channels, factors, run: *run };
        let mask = self.mask.get(run.first..).unwrap_or_default();
        let mut scratch = [0.0; TILE];
        for ((q, gathered), (largest, sum)) in rows.zip(softmaxes).take(self.rows) {
            let padded = run.len.next_multiple_of(I::LANES).min(TILE);
            let weights = part_mut(&mut scratch, 0, padded);
            tokens.score(isa, q, weights);
            for (score, _) in weights.iter_mut().zip(mask).take(run.len).filter(|(_, kept)| !**kept) {
                *score = self.hidden;
            }
            weights.iter_mut().skip(run.len).for_each(|beyond| *beyond = f32::NEG_INFINITY);
            weigh(isa, weights, largest, sum, gathered);
            tokens.add(isa, weights, gathered);
        }
    }
}

/// Turns `scores`, whole vectors of them, into weights relative to the largest score so far, and what was summed before as well.
#[inline(always)]
fn weigh<I: Isa>(isa: I, scores: &mut [f32], largest: &mut f32, sum: &mut f32, gathered: &mut [f32]) {
    let top = top(isa, scores, *largest);
    if top > *largest {
        let factor = exp_below_88(isa, isa.splat(*largest - top));
        for gathered in gathered.chunks_mut(I::LANES) {
            isa.store(isa.mul(isa.load(gathered), factor), gathered);
        }
        *sum *= isa.first(factor);
        *largest = top;
    }
    let (top, mut weights) = (isa.splat(top), isa.splat(0.0));
    for scores in scores.chunks_mut(I::LANES) {
        let weight = exp_below_88(isa, isa.sub(isa.load(scores), top));
        weights = isa.add(weights, weight);
        isa.store(weight, scores);
    }
    *sum += isa.sum(weights);
}

/// The largest of `scores`, whole vectors of them, and `largest`.
#[inline(always)]
fn top<I: Isa>(isa: I, scores: &[f32], largest: f32) -> f32 {
    let mut tops = isa.splat(largest);
    for scores in scores.chunks(I::LANES) {
        tops = isa.max(tops, isa.load(scores));
    }
    let mut lanes = [largest; LANES];
    isa.store(tops, part_mut(&mut lanes, 0, I::LANES));
    lanes.into_iter().take(I::LANES).fold(largest, |top, score| if score > top { score } else { top })
}

/// The tokens of a run.
struct Tokens<'a> {
    columns: &'a [f32],
    /// From one column to the next.
    stride: usize,
    channels: usize,
    /// One over their deviations.
    factors: &'a [f32],
    run: Run,
}

impl Tokens<'_> {
    /// Their numbers of a channel.
    #[inline(always)]
    fn column(&self, channel: usize) -> &[f32] {
        part(self.columns, channel * self.stride + self.run.first, self.run.len)
    }

    /// The outer places among the numbers of a row.
    #[inline(always)]
    fn outers(&self) -> impl Iterator<Item = usize> {
        let Run { outers, outer, .. } = self.run;
        let channels = self.channels;
        outers.into_iter().take(outer).map(move |place| channels + place)
    }

    /// Their scores.
    #[inline(always)]
    fn score<I: Isa>(&self, isa: I, q: &[f32], scores: &mut [f32]) {
        let outer = isa.splat(self.outers().filter_map(|place| q.get(place)).sum::<f32>());
        let inner = part(q, self.channels + self.run.inner, self.run.len).chunks(I::LANES);
        let scores = part_mut(scores, 0, self.run.len);
        let places = inner.zip(self.factors.chunks(I::LANES));
        for (scores, (inner, factors)) in scores.chunks_mut(I::LANES).zip(places) {
            isa.store(isa.mul(isa.add(isa.load(inner), outer), isa.load(factors)), scores);
        }
        let (pairs, rest) = part(q, 0, self.channels).as_chunks::<2>();
        for (pair, &[q, r]) in pairs.iter().enumerate() {
            let [a, b] = [0, 1].map(|at| self.column(2 * pair + at).chunks(I::LANES));
            for ((scores, a), b) in scores.chunks_mut(I::LANES).zip(a).zip(b) {
                let score = isa.mul_add(isa.splat(q), isa.load(a), isa.load(scores));
                isa.store(isa.mul_add(isa.splat(r), isa.load(b), score), scores);
            }
        }
        for &q in rest {
            let column = self.column(self.channels - 1).chunks(I::LANES);
            for (scores, column) in scores.chunks_mut(I::LANES).zip(column) {
                isa.store(isa.mul_add(isa.splat(q), isa.load(column), isa.load(scores)), scores);
            }
        }
    }

    /// Adds what they give by these weights, whole vectors of them.
    #[inline(always)]
    fn add<I: Isa>(&self, isa: I, weights: &[f32], gathered: &mut [f32]) {
        let mut all = isa.splat(0.0);
        let places = part_mut(gathered, self.channels + self.run.inner, self.run.len).chunks_mut(I::LANES);
        let weighed = weights.chunks(I::LANES).zip(self.factors.chunks(I::LANES));
        for (places, (weights, factors)) in places.zip(weighed) {
            let weight = isa.mul(isa.load(weights), isa.load(factors));
            all = isa.add(all, weight);
            isa.store(isa.add(isa.load(places), weight), places);
        }
        let all = isa.sum(all);
        for outer in self.outers() {
            part_mut(gathered, outer, 1).iter_mut().for_each(|sum| *sum += all);
        }
        let (pairs, rest) = part_mut(gathered, 0, self.channels).as_chunks_mut::<2>();
        for (pair, [to_a, to_b]) in pairs.iter_mut().enumerate() {
            let mut sums = [isa.splat(0.0); 2];
            let [a, b] = [0, 1].map(|at| self.column(2 * pair + at).chunks(I::LANES));
            for ((weights, a), b) in weights.chunks(I::LANES).zip(a).zip(b) {
                let weights = isa.load(weights);
                sums = [isa.mul_add(weights, isa.load(a), sums[0]), isa.mul_add(weights, isa.load(b), sums[1])];
            }
            let [a, b] = sums.map(|sum| isa.sum(sum));
            (*to_a, *to_b) = (*to_a + a, *to_b + b);
        }
        for gathered in rest {
            let mut sum = isa.splat(0.0);
            for (weights, column) in weights.chunks(I::LANES).zip(self.column(self.channels - 1).chunks(I::LANES)) {
                sum = isa.mul_add(isa.load(weights), isa.load(column), sum);
            }
            *gathered += isa.sum(sum);
        }
    }
}
