//! A sequence that grows token by token: how it is divided, and what of it has to be computed for its next token.
//!
//! A generator keeps keys and values of tokens of the prefix, and keys and values of latents in all layers. What stays as it was:
//! - while only latents are added, all of it: attention is causal, so that no earlier row sees a later one;
//! - once the oldest latent becomes a token of the prefix, or the first token leaves, keys and values of the prefix: they depend
//!   on nothing but a token. Each latent has attended to the oldest, so all of them are computed again;
//! - where positions are added to tokens, and the tokens' places move, nothing ([`Moves`]).

use crate::lengths::prefix;

/// How a model divides a sequence: of the last `tokens` tokens, the only ones that are read, the last up to `latents` are latents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Most tokens that are read.
    pub tokens: usize,
    /// Most latents.
    pub latents: usize,
    /// When what is added to a token because of its place becomes another number.
    pub moves: Moves,
}

/// When positions that are added to tokens move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moves {
    /// None are added.
    Never,
    /// They count from the first token, so once that leaves.
    WhenFull,
    /// They count from the last token, so with each token.
    Always,
}

/// The division of one sequence; indices count from its very first token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The first token that is read.
    pub first: u64,
    /// The first latent.
    pub latents: u64,
    /// The number of tokens.
    pub end: u64,
}

impl Tail {
    /// The division of a sequence of `end` tokens that began with `asked` tokens before its latents. Latents grow until there
    /// are as many as can be, then the prefix does, and then the first token leaves.
    #[must_use]
    pub fn split(&self, end: u64, asked: usize) -> Split {
        let first = end.saturating_sub(self.tokens as u64);
        Split { first, latents: first + prefix(asked, (end - first) as usize, self.latents) as u64, end }
    }

    /// The tokens before the latents of a sequence that begins with `count` tokens, up to `latents` of them latents: as few and
    /// as many as the sequence can have and still grow to its full length.
    #[must_use]
    pub fn asked(&self, count: usize, latents: usize) -> usize {
        let fewest = (count + self.latents).saturating_sub(self.tokens).max(1);
        count - latents.max(fewest).min(self.latents).min(count)
    }
}

/// What is to be computed for a sequence that has grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    split: Split,
    /// The first token of the prefix whose keys and values are not kept; the others up to the latents are not, either.
    read: u64,
    /// The first latent whose keys and values are not kept.
    advance: u64,
    /// Rows of the ring of the prefix.
    ring: u64,
    /// The index of the token in the ring's first row, or of one a whole number of turns later.
    origin: u64,
}

/// Consecutive tokens that are computed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The index of the first of them.
    pub place: u64,
    /// How many.
    pub tile: usize,
    /// The place of the first of them among the tokens that are read.
    pub row: usize,
    /// From the first of them to the last token.
    pub tokens: usize,
    /// Of tokens of the prefix, the row of the ring that the first of them belongs in; of latents, the tokens of the prefix.
    pub prefix: usize,
    /// The latents before the first of them.
    pub latents: usize,
}

impl Work {
    /// What a sequence divided as `now` has more than the one it has grown from, if that was computed.
    #[must_use]
    pub fn between(tail: &Tail, before: Option<Split>, now: Split) -> Self {
        let moves = |before: &Split| match tail.moves {
            Moves::Never => false,
            Moves::WhenFull => now.first > before.first,
            Moves::Always => true,
        };
        let (read, advance) = match before.filter(|before| !moves(before)) {
            None => (now.first, now.latents),
            Some(before) if before.latents == now.latents => (now.latents, before.end),
            Some(before) => (before.latents.max(now.first), now.latents),
        };
        // A prefix stays as long as it is once tokens leave. Where positions move all of it is read again, from the first row on.
        let ring = if now.first == 0 { tail.tokens as u64 } else { now.latents - now.first };
        let origin = if tail.moves == Moves::Never { 0 } else { now.first };
        Self { split: now, read, advance, ring, origin }
    }

    /// The tokens of the prefix to read, at most `most` at a time.
    pub fn read(self, most: usize) -> impl Iterator<Item = Piece> {
        let slot = move |place: u64| (place - self.origin).checked_rem(self.ring).unwrap_or_default() as usize;
        self.pieces(self.read, self.split.latents, most).map(move |piece| Piece { prefix: slot(piece.place), ..piece })
    }

    /// The latents to compute, at most `most` at a time, the last one alone.
    pub fn advance(self, most: usize) -> impl Iterator<Item = Piece> {
        let last = self.split.end.saturating_sub(1).max(self.advance);
        self.pieces(self.advance, last, most).chain(self.pieces(last, self.split.end, 1))
    }

    /// How many latents there are to compute.
    #[must_use]
    pub fn rows(&self) -> usize {
        (self.split.end - self.advance) as usize
    }

    fn pieces(self, from: u64, to: u64, most: usize) -> impl Iterator<Item = Piece> {
        let Split { first, latents, end } = self.split;
        crate::tiles(to.saturating_sub(from) as usize, most).map(move |(start, tile)| {
            let place = from + start as u64;
            Piece {
                place,
                tile,
                row: (place - first) as usize,
                tokens: (end - place) as usize,
                prefix: (latents - first) as usize,
                latents: place.saturating_sub(latents) as usize,
            }
        })
    }
}

/// The last `N` ids of a sequence, and how far it is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence<const N: usize> {
    end: u64,
    /// Tokens of the sequence that was computed last; 0 before.
    done: u64,
    asked: u32,
    ids: [u32; N],
}

impl<const N: usize> Sequence<N> {
    /// A sequence of no tokens.
    #[must_use]
    pub const fn new() -> Self {
        Self { end: 0, done: 0, asked: 0, ids: [0; N] }
    }

    /// How many tokens it has.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.end
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// Begins anew, with the last `N` of `ids`, of which `asked(how many)` come before the latents.
    pub fn begin(&mut self, ids: &[u32], asked: impl FnOnce(usize) -> usize) {
        let ids = ids.get(ids.len().saturating_sub(N)..).unwrap_or_default();
        self.ids.iter_mut().zip(ids).for_each(|(to, &id)| *to = id);
        (self.end, self.done, self.asked) = (ids.len() as u64, 0, asked(ids.len()) as u32);
    }

    /// Adds an id.
    pub fn push(&mut self, id: u32) {
        let slot = self.slot(self.end);
        self.ids.iter_mut().skip(slot).take(1).for_each(|to| *to = id);
        self.end = self.end.wrapping_add(1);
    }

    /// What is to be computed for the last token; it counts as computed from then on.
    pub fn work(&mut self, tail: &Tail) -> Work {
        let asked = self.asked as usize;
        let before = (self.done > 0).then(|| tail.split(self.done, asked));
        self.done = self.end;
        Work::between(tail, before, tail.split(self.end, asked))
    }

    /// The ids of a piece of at most `T`, zeros behind them.
    #[must_use]
    pub fn ids<const T: usize>(&self, piece: &Piece) -> [u32; T] {
        let mut ids = [0; T];
        let slot = self.slot(piece.place);
        let from = self.ids.iter().cycle().skip(slot).take(piece.tile);
        ids.iter_mut().zip(from).for_each(|(to, &id)| *to = id);
        ids
    }

    fn slot(&self, place: u64) -> usize {
        place.checked_rem(N as u64).unwrap_or_default() as usize
    }
}

impl<const N: usize> Default for Sequence<N> {
    fn default() -> Self {
        Self::new()
    }
}
