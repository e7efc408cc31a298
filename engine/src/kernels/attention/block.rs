//! A block of queries of one head, and what it needs while it goes over the keys.

use super::Attention;
use crate::isa::Isa;
use crate::kernels::part_mut;
use percio_format::PANEL;

/// One head of a few queries.
pub(super) struct Block<'a> {
    pub(super) head: usize,
    pub(super) query: usize,
    pub(super) count: usize,
    /// The head's keys, and from the first of them on those of all heads.
    pub(super) k: &'a [f32],
    /// Its values, likewise.
    pub(super) v: &'a [f32],
}

/// A tile of keys.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub(super) first: usize,
    pub(super) keys: usize,
    /// Whether there is something summed before it.
    pub(super) goes_on: bool,
    /// Whether the sums are complete after it.
    pub(super) is_last: bool,
}

/// Panels of a row of values that are copied at once.
pub(super) const COPIED: usize = 8;

/// Copies of some columns of a tile's values. Rows a large power of two apart contend for the same few places of the nearest
/// memory; these are five lines of it apart.
#[cfg_attr(target_arch = "x86_64", repr(align(64)))]
pub(super) struct Values<const TILE: usize>(pub(super) [[[f32; PANEL]; COPIED + 2]; TILE]);

impl<const TILE: usize> Values<TILE> {
    /// A constant: a literal in place would be made elsewhere and copied.
    pub(super) const NEW: Self = Self([[[0.0; PANEL]; COPIED + 2]; TILE]);
}

/// The buffers of a block of `WIDE` panels of queries.
// A vector that lies across two lines of the nearest memory takes twice as long to read.
#[cfg_attr(target_arch = "x86_64", repr(align(64)))]
pub(super) struct Scratch<const WIDE: usize, const TILE: usize, const DEPTH: usize> {
    /// Queries, turned into panels: one row a number of theirs, one column a query.
    pub(super) turned: [[[f32; PANEL]; WIDE]; DEPTH],
    /// Scores, then weights: one row a key, one column a query.
    pub(super) scores: [[[f32; PANEL]; WIDE]; TILE],
    /// Sums of the last columns of the values, where they do not fill a panel: one row a column, one column a query.
    pub(super) rest: [[[f32; PANEL]; WIDE]; PANEL],
}

impl<const WIDE: usize, const TILE: usize, const DEPTH: usize> Scratch<WIDE, TILE, DEPTH> {
    /// A constant: a literal in place would be made elsewhere and copied.
    pub(super) const NEW: Self = Self {
        turned: [[[0.0; PANEL]; WIDE]; DEPTH],
        scores: [[[0.0; PANEL]; WIDE]; TILE],
        rest: [[[0.0; PANEL]; WIDE]; PANEL],
    };
}

impl Block<'_> {
    /// Runs the block over all keys.
    #[inline(always)]
    pub(super) fn run<
        I: Isa,
        const ROWS: usize,
        const PANELS: usize,
        const WIDE: usize,
        const TILE: usize,
        const DEPTH: usize,
    >(
        &self,
        isa: I,
        attention: &mut Attention<'_>,
        scratch: &mut Scratch<WIDE, TILE, DEPTH>,
        mut values: Option<&mut Values<TILE>>,
    ) {
        let Attention { keys, qk, .. } = *attention;
        let is_carried = attention.carried.is_some();
        if keys == 0 && !is_carried {
            return self.nothing(attention);
        }
        let mut softmax = self.begin(attention, &mut scratch.rest);
        let mut first = 0;
        while first < keys {
            let (goes_on, is_last) = (first > 0 || is_carried, first + TILE >= keys && !is_carried);
            let tile = Tile { first, keys: TILE.min(keys - first), goes_on, is_last };
            for start in (0..qk).step_by(DEPTH) {
                if first == 0 || qk > DEPTH {
                    self.turn(isa, attention, start, &mut scratch.turned);
                }
                let (turned, scores) = (&scratch.turned, &mut scratch.scores);
                self.score::<I, ROWS, PANELS, WIDE>(isa, attention, tile, start, turned, scores);
            }
            let weights = scratch.scores.get_mut(..tile.keys).unwrap_or_default();
            self.hide(attention, first, weights);
            softmax.take(isa, self.count, weights);
            self.sum::<I, ROWS, PANELS, WIDE, TILE, DEPTH>(
                isa,
                attention,
                tile,
                &softmax,
                scratch,
                values.as_deref_mut(),
            );
            first += TILE;
        }
        self.end(isa, attention, &scratch.rest, &softmax);
    }

    /// What queries gather from no keys.
    #[inline(always)]
    fn nothing(&self, attention: &mut Attention<'_>) {
        for r in 0..self.count {
            let out = self.out(attention, r);
            part_mut(attention.out, out, attention.v_width).fill(0.0);
        }
    }

    /// Where the head's part of the block's `r`-th output row starts.
    #[inline(always)]
    pub(super) fn out(&self, attention: &Attention<'_>, r: usize) -> usize {
        ((self.query + r) * attention.heads + self.head) * attention.v_width
    }
}
