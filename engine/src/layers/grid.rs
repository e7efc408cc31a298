//! Attention to tokens on a grid that keep no position: what a query scores and gathers at a place is a number an axis.
//!
//! A token is `[c, f¹(i), f²(j), …]` after a norm without gain and offset. Taking off the mean is linear, so the queries' and the
//! output's layers have done it; what is left of the norm is a factor a token. See [`crate::kernels::grid`].

use super::{Attention, State, fits};
use crate::isa::{Isa, Kernel};
use crate::kernels::grid::{self as kernel, Places};
use crate::kernels::{part, part_mut};

/// The shape of tokens on a grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Columns {
    /// Tokens.
    pub rows: usize,
    /// Numbers of a token beside its position.
    pub width: usize,
    /// Numbers of an axis' part of a position.
    pub features: usize,
    /// Whether the norm takes off the mean: layer norm; RMS norm otherwise.
    pub centred: bool,
    /// Added to the variance, or to the mean of squares.
    pub eps: f32,
    /// Places on each axis, outermost first; unused axes come first and are 1.
    pub shape: [usize; 3],
    /// Axes in use: the last `axes` of `shape`.
    pub axes: usize,
    /// The place of the first token, row-major; after the last place comes the first again.
    pub first: usize,
}

/// The shape of an attention to tokens on a grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnGrid {
    /// Rows that ask.
    pub queries: usize,
    /// Heads: all of them see the same tokens.
    pub heads: usize,
    /// Tokens.
    pub keys: usize,
    /// Numbers of a token beside its position.
    pub width: usize,
    /// Places on each axis, outermost first; unused axes come first and are 1.
    pub shape: [usize; 3],
    /// Axes in use: the last `axes` of `shape`.
    pub axes: usize,
    /// The place of the first token, row-major; after the last place comes the first again.
    pub first: usize,
    /// Whether a query gathers zeros when all of its keys are hidden; otherwise it attends to them evenly.
    pub zero_empty: bool,
}

impl OnGrid {
    const fn places(&self) -> Places {
        Places { shape: self.shape, axes: self.axes, first: self.first }
    }

    /// The attention whose state this one has: its rows are as wide as channels and places of all axes.
    #[must_use]
    pub const fn attention(&self) -> Attention {
        let OnGrid { queries, heads, keys, zero_empty, .. } = *self;
        let width = self.width + self.places().count();
        Attention {
            queries,
            keys,
            masked: keys,
            heads,
            key_heads: 1,
            value_heads: 1,
            qk: width,
            v: width,
            scale: 1.0,
            causal: false,
            zero_empty,
        }
    }
}

/// Turns tokens into columns: `x` `[rows, width]` to `out` `[width + 1, rows]`, the channels over each token's deviation, then one
/// over it. `parts` holds for each place of each axis the mean of its part of a position, then for each the sum of the squares of the
/// distances from that mean.
#[inline]
pub fn columns<I: Isa>(isa: I, shape: &Columns, x: &[f32], parts: &[f32], out: &mut [f32]) {
    let Columns { rows, width, shape: lengths, axes, first, .. } = *shape;
    let places = Places { shape: lengths, axes, first };
    if fits(x, rows, width, width) && fits(parts, 2, places.count(), places.count()) && fits(out, width + 1, rows, rows)
    {
        isa.run(Spread { shape: *shape, places, x, parts, out: part_mut(out, 0, (width + 1) * rows) });
    }
}

/// Takes `shape.keys` more tokens into `state`, that of [`OnGrid::attention`]: `q` `[queries, heads·(width + places)]`, `k` of
/// [`columns`]. Where `mask` is `false` a token is not attended to; tokens beyond its end are.
#[inline]
pub fn gather_grid<I: Isa>(isa: I, shape: &OnGrid, q: &[f32], k: &[f32], mask: &[bool], state: &mut [f32]) {
    if let Some(state) = State::split(&shape.attention(), state) {
        gather_grid_part(isa, shape, q, k, mask, state);
    }
}

/// [`gather_grid`] for some of the queries, which `shape` counts and `q` holds.
#[inline]
pub fn gather_grid_part<I: Isa>(isa: I, shape: &OnGrid, q: &[f32], k: &[f32], mask: &[bool], state: State<'_>) {
    let OnGrid { queries, heads, keys: tokens, width: channels, .. } = *shape;
    let (rows, attention) = (queries * heads, shape.attention());
    let State { largest, sum, values: gathered } = state;
    let ok = fits(q, rows, attention.qk, attention.qk)
        && fits(k, channels + 1, tokens, tokens)
        && fits(largest, 1, rows, 0)
        && fits(sum, 1, rows, 0)
        && fits(gathered, rows, attention.v, attention.v);
    if ok {
        let mask = mask.get(..tokens).unwrap_or(mask);
        let (places, columns, hidden) = (shape.places(), k, attention.hidden());
        isa.run(Gather(kernel::OnGrid {
            rows,
            tokens,
            channels,
            places,
            q,
            columns,
            mask,
            hidden,
            largest,
            sum,
            gathered,
        }));
    }
}

struct Gather<'a>(kernel::OnGrid<'a>);

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        self.0.gather(isa);
    }
}

struct Spread<'a> {
    shape: Columns,
    places: Places,
    x: &'a [f32],
    parts: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) {
        let Columns { rows, width, .. } = self.shape;
        for (token, x) in self.x.chunks_exact(width.max(1)).enumerate().take(rows) {
            let column = self.out.get_mut(token..).unwrap_or_default().iter_mut().step_by(rows.max(1));
            column.zip(x).for_each(|(out, &x)| *out = x);
        }
        let mut first = 0;
        while first < rows {
            let run = self.places.run(first, rows, I::LANES);
            self.scale(isa, &run);
            first += run.len.max(1);
        }
    }
}

impl Spread<'_> {
    /// Divides a vector of tokens by their deviations.
    #[inline(always)]
    fn scale<I: Isa>(&mut self, isa: I, run: &kernel::Run) {
        let Columns { rows, width, features, axes, centred, eps, .. } = self.shape;
        let (all, part_len) = (isa.splat((width + axes * features) as f32), isa.splat(features as f32));
        let column = |channel: usize| channel * rows + run.first;
        let [means, squares] = [0, self.places.count()].map(|table| Parts { numbers: self.parts, table });
        let mut mean = isa.mul(part_len, means.sum(isa, run, |_, mean| mean));
        for channel in 0..width {
            mean = isa.add(mean, isa.load(part(self.out, column(channel), run.len)));
        }
        mean = if centred { isa.div(mean, all) } else { isa.splat(0.0) };
        // A part's squares are those of the distances from its own mean, and that mean's: large numbers cancel nowhere.
        let apart = means.sum(isa, run, |isa, part| isa.mul(isa.sub(part, mean), isa.sub(part, mean)));
        let mut variance = isa.mul_add(apart, part_len, squares.sum(isa, run, |_, squares| squares));
        for channel in 0..width {
            let distance = isa.sub(isa.load(part(self.out, column(channel), run.len)), mean);
            variance = isa.mul_add(distance, distance, variance);
        }
        let deviation = isa.sqrt(isa.add(isa.div(variance, all), isa.splat(eps)));
        let factor = isa.div(isa.splat(1.0), deviation);
        for channel in 0..width {
            let out = part_mut(self.out, column(channel), run.len);
            isa.store(isa.mul(isa.load(out), factor), out);
        }
        isa.store(factor, part_mut(self.out, column(width), run.len));
    }
}

/// A number for each place of each axis.
struct Parts<'a> {
    numbers: &'a [f32],
    /// Where the first of them is.
    table: usize,
}

impl Parts<'_> {
    /// The sums over the axes of what `of` makes of the tokens' numbers.
    #[inline(always)]
    fn sum<I: Isa>(&self, isa: I, run: &kernel::Run, of: impl Fn(I, I::F32) -> I::F32) -> I::F32 {
        let kernel::Run { len, outers, outer, inner, .. } = *run;
        let mut sum = of(isa, isa.load(part(self.numbers, self.table + inner, len)));
        for &number in outers.iter().take(outer).filter_map(|place| self.numbers.get(self.table + place)) {
            sum = isa.add(sum, of(isa, isa.splat(number)));
        }
        sum
    }
}
