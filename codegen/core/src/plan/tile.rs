//! How many tokens, and how many queries, go through at a time.

use super::blob::Blob;
use super::{CompileOptions, Outputs, lower};
use crate::model::Model;

/// Most rows of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    /// Of tokens.
    pub(super) tokens: usize,
    /// Of queries.
    pub(super) queries: usize,
}

/// The sizes that a tile may have: `fewest`, and the multiples of `step` beyond.
struct Sizes {
    step: usize,
    fewest: usize,
}

/// Linear layers take three or six rows at a time, and attention 18 keys or more.
const TOKENS: Sizes = Sizes { step: 6, fewest: 18 };
/// Linear layers take three or six rows at a time, and attention panels of eight queries.
const QUERIES: Sizes = Sizes { step: 24, fewest: 24 };
/// Queries of outputs that are not kept: memory counts more than time.
const QUERIES_ALONE: Sizes = Sizes { fewest: 1, ..QUERIES };

/// The largest tiles in an arena that is no larger than the smallest tiles need: the latents' own layers take memory that
/// tokens and queries can use before and after.
pub(super) fn choose(model: &Model, options: &CompileOptions) -> Tiles {
    let arena = |tiles| lower(model, tiles, options, Blob::draft(options.weights)).0.arena_len;
    let queries = if options.outputs == Outputs::Kept { QUERIES } else { QUERIES_ALONE };
    let mut tiles = Tiles { tokens: TOKENS.fewest, queries: queries.fewest };
    let room = arena(tiles);
    tiles.tokens = TOKENS.largest(model.tokens(), |tokens| arena(Tiles { tokens, ..tiles }) <= room);
    tiles.queries = queries.largest(model.output_rows()[0], |queries| arena(Tiles { queries, ..tiles }) <= room);
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
        (fitting * self.step).max(self.fewest)
    }
}
