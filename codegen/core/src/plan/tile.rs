//! How many tokens, and how many queries, go through at a time.

use super::blob::Blob;
use super::{AfterLast, lower};
use crate::model::Model;
use crate::program::WeightFormat;

/// Most rows of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    /// Of tokens.
    pub(super) tokens: usize,
    /// Of queries.
    pub(super) queries: usize,
}

/// The sizes that a tile may have: multiples of `step` from `fewest` on.
struct Sizes {
    step: usize,
    fewest: usize,
}

/// Linear layers take three or six rows at a time, and attention 18 keys or more.
const TOKENS: Sizes = Sizes { step: 6, fewest: 18 };
/// Linear layers take three or six rows at a time, and attention panels of eight queries.
const QUERIES: Sizes = Sizes { step: 24, fewest: 24 };

/// The largest tiles in an arena that is no larger than the smallest tiles need: the latents' own layers take memory that
/// tokens and queries can use before and after.
pub(super) fn choose(model: &Model, after_last: AfterLast, format: WeightFormat) -> Tiles {
    let arena = |tiles| lower(model, tiles, after_last, Blob::draft(format)).arena_len;
    let mut tiles = Tiles { tokens: TOKENS.fewest, queries: QUERIES.fewest };
    let room = arena(tiles);
    tiles.tokens = TOKENS.largest(model.tokens(), |tokens| arena(Tiles { tokens, ..tiles }) <= room);
    tiles.queries = QUERIES.largest(model.output_rows()[0], |queries| arena(Tiles { queries, ..tiles }) <= room);
    tiles
}

impl Sizes {
    /// The largest tile that `fits`, of those that `rows` rows can fill.
    fn largest(&self, rows: usize, fits: impl Fn(usize) -> bool) -> usize {
        let mut fitting = self.fewest / self.step;
        let mut beyond = rows.div_ceil(self.step).max(fitting) + 1;
        while fitting + 1 < beyond {
            let middle = fitting.midpoint(beyond);
            if fits(middle * self.step) { fitting = middle } else { beyond = middle }
        }
        fitting * self.step
    }
}
