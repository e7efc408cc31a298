//! Numbers of rows, some of which only the run knows.

use super::{InputKind, Place, Program};
use std::ops::{Add, Range};

/// How long the sequences of one run are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// T: tokens.
    pub tokens: usize,
    /// P: those of them that come before the latents, where the latents are the last tokens.
    pub prefix: usize,
    /// L: those of them that the mask leaves out.
    pub padding: usize,
    /// R: rows of the tile that a stage is at.
    pub tile: usize,
    /// M: latents, where a run may have fewer.
    pub latents: usize,
}

/// How many rows a step handles, or how many numbers it skips: `fixed + tokens · T + tile · R + latents · M +
/// prefix · P + padding · L`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// So many in every run.
    pub fixed: usize,
    /// And so many for each token of the run.
    pub tokens: usize,
    /// And so many for each row of the tile.
    pub tile: usize,
    /// And so many for each latent of the run, where it may have fewer than the model.
    pub latents: usize,
    /// And so many for each token before the latents; less than 0 are taken off.
    pub prefix: isize,
    /// And so many for each token that the mask leaves out; less than 0 are taken off.
    pub padding: isize,
}

impl Count {
    /// None.
    pub const NONE: Self = Self::fixed(0);
    /// As many as the run has tokens.
    pub const TOKENS: Self = Self { tokens: 1, ..Self::NONE };
    /// As many as the tile has rows.
    pub const TILE: Self = Self { tile: 1, ..Self::NONE };
    /// As many as the run has latents.
    pub const LATENTS: Self = Self { latents: 1, ..Self::NONE };
    /// As many as there are tokens before the latents.
    pub const PREFIX: Self = Self { prefix: 1, ..Self::NONE };
    /// As many tokens as the mask leaves out.
    pub const PADDING: Self = Self { padding: 1, ..Self::NONE };

    /// So many in every run.
    #[must_use]
    pub const fn fixed(fixed: usize) -> Self {
        Self { fixed, tokens: 0, tile: 0, latents: 0, prefix: 0, padding: 0 }
    }

    /// `factor` times as many.
    #[must_use]
    pub const fn times(self, factor: usize) -> Self {
        Self {
            fixed: self.fixed * factor,
            tokens: self.tokens * factor,
            tile: self.tile * factor,
            latents: self.latents * factor,
            prefix: self.prefix * factor as isize,
            padding: self.padding * factor as isize,
        }
    }

    /// All but those before the latents.
    #[must_use]
    pub const fn after_prefix(self) -> Self {
        Self { prefix: self.prefix - 1, ..self }
    }

    /// Whether it is another number for another input.
    #[must_use]
    pub const fn varies(self) -> bool {
        self.tokens != 0 || self.prefix != 0 || self.padding != 0
    }

    /// All but as many as the mask leaves out.
    #[must_use]
    pub const fn after_padding(self) -> Self {
        Self { padding: self.padding - 1, ..self }
    }

    /// How many in a run of these lengths.
    #[must_use]
    pub const fn at(self, lengths: Lengths) -> usize {
        let Lengths { tokens, tile, latents, prefix, padding } = lengths;
        let many = self.fixed + self.tokens * tokens + self.tile * tile + self.latents * latents;
        many.wrapping_add_signed(self.prefix * prefix as isize + self.padding * padding as isize)
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            fixed: self.fixed + other.fixed,
            tokens: self.tokens + other.tokens,
            tile: self.tile + other.tile,
            latents: self.latents + other.latents,
            prefix: self.prefix + other.prefix,
            padding: self.padding + other.padding,
        }
    }
}

impl Place {
    /// The numbers of the buffer that it covers in a run of these lengths.
    #[must_use]
    pub const fn numbers(&self, lengths: Lengths) -> Range<usize> {
        self.offset + self.skip.at(lengths)..self.offset + self.len
    }
}

impl Program {
    /// The lengths of the largest run outside of tiles: all tokens, as many of them latents as there can be.
    #[must_use]
    pub fn largest_run(&self) -> Lengths {
        let latents = self.inputs.iter().find_map(|input| match input.kind {
            InputKind::Prefix { latents } => Some(latents),
            _ => None,
        });
        let latents = latents.or(self.sequence.prefix.map(|prefix| prefix.latents));
        let prefix = latents.map_or(0, |latents| self.max_tokens.saturating_sub(latents));
        Lengths { tokens: self.max_tokens, latents: self.max_latents, prefix, ..Lengths::default() }
    }
}
