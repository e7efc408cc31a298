//! What a model computes.

use super::{Linear, Norm};

/// A head over some rows of the decoded queries, or of the latents where there is no decoder: mean → norm → linear → norm.
#[derive(Clone, Debug)]
pub struct Output {
    /// The source's own name.
    pub name: String,
    /// The rows it reads.
    pub rows: Extent,
    /// Whether it reads their mean, one row, in their place.
    pub mean: bool,
    /// Norm of a row.
    pub norm: Option<Norm>,
    /// The linear layer; `None` gives the rows themselves.
    pub linear: Option<Linear>,
    /// Norm of what the linear layer makes.
    pub last_norm: Option<Norm>,
    /// The shape that the source gives the numbers, of as many in all; empty for `[rows, width]`, or `[width]` of one row.
    pub shape: Vec<usize>,
    /// A name a class; may be empty.
    pub labels: Vec<String>,
}

/// Which rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// These.
    Rows(std::ops::Range<usize>),
    /// As many as the run has tokens, of up to `most`.
    Tokens {
        /// The most there can be.
        most: usize,
    },
    /// As many as the run has latents, of up to `most`.
    Latents {
        /// The most there can be.
        most: usize,
    },
}

impl Extent {
    /// The most rows.
    #[must_use]
    pub fn most(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Tokens { most } | Self::Latents { most } => *most,
        }
    }

    /// The first row.
    #[must_use]
    pub fn first(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.start,
            Self::Tokens { .. } | Self::Latents { .. } => 0,
        }
    }
}

impl Output {
    /// The most rows that it makes.
    #[must_use]
    pub fn most(&self) -> usize {
        if self.mean { 1 } else { self.rows.most() }
    }

    /// A linear head, or the rows themselves.
    #[must_use]
    pub fn new(name: impl Into<String>, rows: Extent, linear: Option<Linear>) -> Self {
        let name = name.into();
        Self { name, rows, mean: false, norm: None, linear, last_norm: None, shape: Vec::new(), labels: Vec::new() }
    }
}
