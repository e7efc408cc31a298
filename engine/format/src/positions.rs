//! Where tokens stand that arrive one after the other.

/// What becomes of tokens after the last position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// There are so many; tokens after them are not read.
    Stop(usize),
    /// There are so many; then they start again.
    Wrap(usize),
    /// There is always another one.
    Endless,
}

impl Positions {
    /// How tokens are read of which the first stands at `first`: pieces of at most `most` tokens at consecutive positions, as
    /// the first token, its position and the number of tokens.
    ///
    /// ```
    /// use percio_format::Positions;
    /// assert!(Positions::Stop(5).pieces(3, 6, 4).eq([(0, 3, 2)]));
    /// assert!(Positions::Wrap(5).pieces(3, 6, 4).eq([(0, 3, 2), (2, 0, 4)]));
    /// assert!(Positions::Endless.pieces(3, 6, 4).eq([(0, 3, 4), (4, 7, 2)]));
    /// ```
    pub fn pieces(self, first: u32, tokens: usize, most: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        let mut read = 0;
        core::iter::from_fn(move || {
            let index = (first as usize).wrapping_add(read);
            let (position, left) = match self {
                Self::Stop(positions) => (index, positions.saturating_sub(index)),
                Self::Wrap(positions) => {
                    let position = index.checked_rem(positions).unwrap_or(0);
                    (position, positions - position)
                }
                Self::Endless => (index, usize::MAX),
            };
            let (start, piece) = (read, (tokens - read).min(most).min(left));
            read += piece;
            (piece > 0).then_some((start, position, piece))
        })
    }

    /// Where the token stands that follows `tokens` tokens, of which the first stands at `first`.
    #[must_use]
    pub const fn after(self, first: u32, tokens: usize) -> u32 {
        match self {
            Self::Stop(_) => first.saturating_add(if tokens > u32::MAX as usize { u32::MAX } else { tokens as u32 }),
            Self::Wrap(_) | Self::Endless => first.wrapping_add(tokens as u32),
        }
    }

    /// How many more tokens are read when the next one stands at `next`.
    #[must_use]
    pub const fn room(self, next: u32) -> usize {
        match self {
            Self::Stop(positions) => positions.saturating_sub(next as usize),
            Self::Wrap(_) | Self::Endless => usize::MAX,
        }
    }
}
