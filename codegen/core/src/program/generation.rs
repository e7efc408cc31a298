//! Token by token: what a model whose latents are the last tokens computes for the next one.

use super::{Lengths, Output, Program, Step};
use percio_format::ALIGN;
use std::ops::Range;

/// The parts of a step of generation, which `percio::sequence` puts together: tokens of the prefix are read, then latents are
/// computed, then the likelihoods of the next id.
///
/// Sections are over the rows of a tile. Their lengths: of `read`, P is the row of the ring that its first token goes to; of
/// `advance`, P is how many tokens the ring holds and M how many latents come before the tile. T counts from the tile's first
/// token to the last token.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Steps, buffers and the output, of which one row is kept. Its blob is empty: weights lie in that of the program it
    /// belongs to.
    pub program: Program,
    /// The steps that read tokens of the prefix.
    pub read: Range<usize>,
    /// The steps that compute latents.
    pub advance: Range<usize>,
    /// The steps that make likelihoods of the first of the latents of the tile.
    pub head: Range<usize>,
    /// Most rows of a tile.
    pub tile: usize,
    /// N: most tokens that are read.
    pub tokens: usize,
    /// Most of them that are latents.
    pub latents: usize,
    /// How many tokens come before the latents, at least; absent where the caller says.
    pub prefix: Option<usize>,
    /// The id that ends a sequence.
    pub end: Option<u32>,
    /// Ids are below this.
    pub vocabulary: usize,
    /// When positions that are added to tokens become others.
    pub moves: Moves,
}

/// When positions that are added to tokens move; as `percio::sequence::Moves`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moves {
    /// None are added.
    Never,
    /// They count from the first token, so once that leaves.
    WhenFull,
    /// They count from the last token, so with each token.
    Always,
}

impl Generation {
    /// What it says of the next id.
    #[must_use]
    pub fn output(&self) -> &Output {
        &self.program.outputs[0]
    }

    /// The least that a sequence begins with.
    #[must_use]
    pub fn fewest(&self) -> usize {
        1 + self.prefix.unwrap_or(0)
    }

    /// Bytes of the generated type: the arena, the output and, of a sequence, its ids, how long it is, how far it is computed and
    /// what was asked for.
    #[must_use]
    pub fn ram_bytes(&self) -> usize {
        let sequence = (3 * 8 + 4 * self.tokens - 4).next_multiple_of(8);
        ((self.program.arena_len * 4).next_multiple_of(ALIGN) + 4 * self.output().width + sequence)
            .next_multiple_of(ALIGN)
    }

    /// Multiply-accumulate operations of a token that is one more latent, once there are as many tokens as can be.
    #[must_use]
    pub fn macs_per_token(&self) -> u64 {
        if self.moves == Moves::Always { self.most_macs_per_token() } else { self.row(self.latents - 1) + self.head() }
    }

    /// Those of a token that makes all latents others, and moves what moves.
    #[must_use]
    pub fn most_macs_per_token(&self) -> u64 {
        let read = if self.moves == Moves::Never { 1 } else { self.ring() };
        let one = Lengths { tile: 1, ..Lengths::default() };
        let latents = self.latents.min(self.tokens - self.ring());
        let rows: u64 = (0..latents).map(|latents| self.row(latents)).sum();
        rows + read.min(self.ring()) as u64 * self.macs(&self.read, one) + self.head()
    }

    /// Rows of the ring of the prefix.
    fn ring(&self) -> usize {
        self.prefix.unwrap_or(0).max(self.tokens.saturating_sub(self.latents)).min(self.tokens - 1)
    }

    /// A latent after so many others.
    fn row(&self, latents: usize) -> u64 {
        self.macs(&self.advance, Lengths { tile: 1, prefix: self.ring(), latents, ..Lengths::default() })
    }

    fn head(&self) -> u64 {
        self.macs(&self.head, Lengths { tile: 1, ..Lengths::default() })
    }

    fn macs(&self, steps: &Range<usize>, lengths: Lengths) -> u64 {
        self.program.steps[steps.clone()].iter().map(|step: &Step| step.macs(lengths)).sum()
    }

    /// The lengths of a section that is as full as can be.
    #[must_use]
    pub fn longest(&self, step: usize) -> Lengths {
        let (tile, ring) = (self.tile, self.ring());
        let full = if self.read.contains(&step) {
            Lengths { prefix: ring.saturating_sub(tile), ..Lengths::default() }
        } else {
            let latents = self.latents.min(self.tokens - ring).saturating_sub(tile);
            Lengths { prefix: ring, latents, ..Lengths::default() }
        };
        Lengths { tile, tokens: self.tokens, ..full }
    }
}
