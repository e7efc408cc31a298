//! Shapes that follow from a model's parts.

use super::{Combine, Encoding, Fourier, Input, Model, Position, Queries, Stem};

/// The order of an image's axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `[channels, height, width]`
    ChannelsFirst,
    /// `[height, width, channels]`
    ChannelsLast,
}

/// Square windows over a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Side of a window.
    pub kernel: usize,
    /// From one window to the next.
    pub stride: usize,
    /// Rows or columns of zeros on each side.
    pub pad: usize,
}

impl Window {
    /// Windows along an axis of `length`; none when it is shorter than a window.
    #[must_use]
    pub fn count(&self, length: usize) -> usize {
        (length + 2 * self.pad).checked_sub(self.kernel).map_or(0, |rest| rest / self.stride + 1)
    }
}

impl Stem {
    /// Length of each axis of the raw input.
    #[must_use]
    pub fn raw_shape(&self) -> Vec<usize> {
        match *self {
            Self::Tokens { tokens, channels } => vec![tokens, channels],
            Self::Series { samples, channels, .. } => vec![samples, channels],
            Self::Image { height, width, channels, layout: Layout::ChannelsFirst, .. } => vec![channels, height, width],
            Self::Image { height, width, channels, layout: Layout::ChannelsLast, .. } => vec![height, width, channels],
            Self::Ids { tokens, .. } => vec![tokens],
        }
    }

    /// The grid of tokens before pooling, outermost axis first.
    #[must_use]
    pub fn grid(&self) -> Vec<usize> {
        match *self {
            Self::Tokens { tokens, .. } | Self::Ids { tokens, .. } => vec![tokens],
            Self::Series { samples, patch, .. } => vec![samples / patch],
            Self::Image { height, width, window, .. } => vec![window.count(height), window.count(width)],
        }
    }

    /// Numbers of a token before any projection.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Tokens { channels, .. } => *channels,
            Self::Series { channels, patch, .. } => channels * patch,
            Self::Image { channels, window, .. } => window.kernel * window.kernel * channels,
            Self::Ids { embedding, .. } => embedding.columns(),
        }
    }

    /// Numbers of one raw position (a sample, a pixel).
    #[must_use]
    pub fn channels(&self) -> usize {
        match self {
            Self::Tokens { channels, .. } | Self::Series { channels, .. } | Self::Image { channels, .. } => *channels,
            Self::Ids { .. } => 1,
        }
    }
}

impl Fourier {
    /// Features of a position.
    #[must_use]
    pub fn width(&self) -> usize {
        self.shape.len() * (usize::from(self.with_position) + if self.sine_only { 1 } else { 2 } * self.bands)
    }

    /// Positions on the grid.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Position {
    /// Numbers of an encoded position.
    #[must_use]
    pub fn width(&self) -> usize {
        match (&self.project, &self.encoding) {
            (Some(linear), _) => linear.weight.rows(),
            (None, Encoding::Learned(table)) => table.columns(),
            (None, Encoding::Fourier(fourier)) => fourier.width(),
        }
    }
}

impl Input {
    /// The grid of tokens, outermost axis first.
    #[must_use]
    pub fn grid(&self) -> Vec<usize> {
        let pool = self.tail.as_ref().and_then(|tail| tail.pool);
        self.stem.grid().into_iter().map(|length| pool.map_or(length, |pool| pool.count(length))).collect()
    }

    /// Tokens of this modality.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.grid().iter().product()
    }

    /// Numbers of a token without its position.
    #[must_use]
    pub fn data_width(&self) -> usize {
        self.project.as_ref().map_or_else(|| self.stem.width(), |linear| linear.weight.rows())
    }

    /// Numbers of a token without padding.
    #[must_use]
    pub fn width(&self) -> usize {
        let position = match &self.position {
            Some(position) if position.combine == Combine::Concat => position.width(),
            _ => 0,
        };
        self.data_width() + position
    }

    /// Numbers of a token, padding included: C.
    #[must_use]
    pub fn full_width(&self) -> usize {
        self.width() + self.padding.as_ref().map_or(0, super::Tensor::len)
    }
}

impl Queries {
    /// `[Q, width]`
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        match self {
            Self::Learned(table) => [table.rows(), table.columns()],
            Self::Fourier(fourier) => [fourier.positions(), fourier.width()],
        }
    }
}

impl Model {
    /// N: tokens of all modalities.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.inputs.iter().map(Input::tokens).sum()
    }
}
