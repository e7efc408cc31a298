//! What a decoder asks.

use super::{Block, Encoding, Fourier, Linear, Tensor};

/// The queries and the cross-attention over the latents.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// What is asked.
    pub queries: Queries,
    /// The cross-attention.
    pub block: Block,
    /// A linear layer on each decoded row, before any head.
    pub project: Option<Linear>,
}

/// What the decoder asks.
#[derive(Clone, Debug)]
pub enum Queries {
    /// A table `[Q, width]`.
    Learned(Tensor),
    /// A grid of positions.
    Fourier(Fourier),
    /// The tokens as the encoder reads them: as many queries as tokens.
    Tokens,
    /// Rows that the caller makes at run time: an input of numbers.
    Input {
        /// The input's name.
        name: String,
        /// Q.
        count: usize,
        /// Numbers of a query.
        width: usize,
    },
    /// Queries of several kinds below each other, each filled up to one width.
    Parts(Vec<QueryPart>),
}

/// Some of the queries.
#[derive(Clone, Debug)]
pub struct QueryPart {
    /// The modality they ask for.
    pub name: String,
    /// What they are: a table, or features of a grid.
    pub encoding: Encoding,
    /// The caller names, at run time, so many flat indices into the encoding's rows; without, all rows are asked.
    pub points: Option<usize>,
    /// The learned numbers that fill a narrow part up to the common width.
    pub padding: Option<Tensor>,
}

/// How an axis of n positions is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grid {
    /// `linspace(−1, 1, n)`, both ends included.
    #[default]
    Inclusive,
    /// `−1 + 2·i/n`
    HalfOpen,
}
