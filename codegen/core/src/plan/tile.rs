//! How many tokens, and how many queries, go through at a time.

use super::{CompileOptions, Optimize, Outputs, arena_len};
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

/// Rows of a tile that are not much dearer than those of larger ones.
pub(super) const USUAL: usize = 18;

/// Tiles in an arena that is no larger than the smallest tiles need: the latents' own layers take memory that tokens and
/// queries can use before and after. How small the smallest are, `optimize` says: linear layers take three or six rows at a
/// time, attention up to sixteen queries. Of queries whose outputs are not kept, memory counts more than time.
pub(super) fn choose(model: &Model, options: &CompileOptions) -> Tiles {
    let sizes = match options.optimize {
        None | Some(Optimize::Flash) => Sizes { step: 6, fewest: USUAL },
        Some(Optimize::Speed) => Sizes { step: 48, fewest: 48 },
        Some(Optimize::Ram) => Sizes { step: 3, fewest: 3 },
    };
    let alone = if options.outputs == Outputs::Kept { sizes.fewest } else { 1 };
    let queries = Sizes { fewest: alone, ..sizes };
    let arena = |tiles| arena_len(model, tiles, options);
    let mut tiles = Tiles { tokens: sizes.fewest, queries: queries.fewest };
    let room = arena(tiles);
    tiles.tokens = sizes.largest(model.tokens(), |tokens| arena(Tiles { tokens, ..tiles }) <= room);
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
