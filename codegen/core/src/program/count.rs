//! Numbers of rows, some of which only the run knows.

use super::Place;
use std::ops::{Add, Range};

/// How long the sequences of one run are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// T: tokens.
    pub tokens: usize,
    /// R: rows of the tile that a stage is at.
    pub tile: usize,
}

/// How many rows a step handles, or how many numbers it skips: `fixed + tokens · T + tile · R`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// So many in every run.
    pub fixed: usize,
    /// And so many for each token of the run.
    pub tokens: usize,
    /// And so many for each row of the tile.
    pub tile: usize,
}

impl Count {
    /// None.
    pub const NONE: Self = Self::fixed(0);
    /// As many as the run has tokens.
    pub const TOKENS: Self = Self { tokens: 1, ..Self::NONE };
    /// As many as the tile has rows.
    pub const TILE: Self = Self { tile: 1, ..Self::NONE };

    /// So many in every run.
    #[must_use]
    pub const fn fixed(fixed: usize) -> Self {
        Self { fixed, tokens: 0, tile: 0 }
    }

    /// `factor` times as many.
    #[must_use]
    pub const fn times(self, factor: usize) -> Self {
        Self { fixed: self.fixed * factor, tokens: self.tokens * factor, tile: self.tile * factor }
    }

    /// How many in a run of these lengths.
    #[must_use]
    pub const fn at(self, lengths: Lengths) -> usize {
        self.fixed + self.tokens * lengths.tokens + self.tile * lengths.tile
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let Self { fixed, tokens, tile } = other;
        Self { fixed: self.fixed + fixed, tokens: self.tokens + tokens, tile: self.tile + tile }
    }
}

impl Place {
    /// The numbers of the buffer that it covers in a run of these lengths.
    #[must_use]
    pub const fn numbers(&self, lengths: Lengths) -> Range<usize> {
        self.offset + self.skip.at(lengths)..self.offset + self.len
    }
}
