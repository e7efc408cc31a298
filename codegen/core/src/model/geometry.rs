//! Shapes that follow from a model's parts.

use std::collections::BTreeMap;

use super::{Combine, Encoding, Fourier, Input, Latents, Model, Places, Position, Queries, QueryPart, Stem, Tensor};

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
    /// What lies around the grid.
    pub pad: Pad,
}

/// Rows and columns around a grid that windows reach: zeros, or for a maximum nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pad {
    /// So many before the first and after the last.
    Fixed([usize; 2]),
    /// As many as it takes for a window to begin at every stride, half of them and no more before the first: what TensorFlow
    /// calls "same".
    Same,
}

impl Pad {
    /// None.
    pub const NONE: Self = Self::Fixed([0, 0]);
}

/// Boxes of a video, side by side without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Frames of a box.
    pub frames: usize,
    /// Rows and columns of a box.
    pub side: usize,
}

impl Window {
    /// Windows of this side beside each other, without padding.
    #[must_use]
    pub const fn tiles(side: usize) -> Self {
        Self { kernel: side, stride: side, pad: Pad::NONE }
    }

    /// Windows along an axis of `length`; none when it is shorter than a window.
    #[must_use]
    pub fn count(&self, length: usize) -> usize {
        let [before, after] = match self.pad {
            Pad::Fixed(pad) => pad,
            Pad::Same => return length.div_ceil(self.stride),
        };
        (length + before + after).checked_sub(self.kernel).map_or(0, |rest| rest / self.stride + 1)
    }

    /// Padding before an axis of `length`.
    #[must_use]
    pub fn before(&self, length: usize) -> usize {
        match self.pad {
            Pad::Fixed([before, _]) => before,
            Pad::Same => {
                let reached = self.count(length).saturating_sub(1) * self.stride + self.kernel;
                reached.saturating_sub(length) / 2
            }
        }
    }
}

impl Stem {
    /// Length of each axis of the raw input.
    #[must_use]
    pub fn raw_shape(&self) -> Vec<usize> {
        match *self {
            Self::Tokens { ref grid, channels } => [grid.as_slice(), &[channels]].concat(),
            Self::Series { samples, channels, .. } => vec![samples, channels],
            Self::Image { height, width, channels, layout: Layout::ChannelsFirst, .. } => vec![channels, height, width],
            Self::Image { height, width, channels, layout: Layout::ChannelsLast, .. } => vec![height, width, channels],
            Self::Video { frames, height, width, channels, layout: Layout::ChannelsFirst, .. } => {
                vec![frames, channels, height, width]
            }
            Self::Video { frames, height, width, channels, layout: Layout::ChannelsLast, .. } => {
                vec![frames, height, width, channels]
            }
            Self::Ids { tokens, .. } => vec![tokens],
        }
    }

    /// The grid of tokens before pooling, outermost axis first; a video whose boxes span all frames has no time axis.
    #[must_use]
    pub fn grid(&self) -> Vec<usize> {
        match *self {
            Self::Tokens { ref grid, .. } => grid.clone(),
            Self::Ids { tokens, .. } => vec![tokens],
            Self::Series { samples, patch, .. } => vec![samples / patch],
            Self::Image { height, width, window, .. } => vec![window.count(height), window.count(width)],
            Self::Video { frames, height, width, patch: Patch { frames: depth, side }, .. } => {
                [frames / depth, height / side, width / side][usize::from(frames == depth)..].to_vec()
            }
        }
    }

    /// Length of each axis of the raw numbers that a token is made from; none for an id.
    #[must_use]
    pub fn token_shape(&self) -> Vec<usize> {
        match *self {
            Self::Tokens { channels, .. } | Self::Series { channels, patch: 1, .. } => vec![channels],
            Self::Series { channels, patch, .. } => vec![patch, channels],
            Self::Image { channels, window: Window { kernel: 1, .. }, .. } => vec![channels],
            Self::Image { channels, window: Window { kernel, .. }, .. } => vec![kernel, kernel, channels],
            Self::Video { channels, patch: Patch { frames, side }, .. } => vec![frames, side, side, channels],
            Self::Ids { .. } => vec![],
        }
    }

    /// Numbers of a token before any projection.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Tokens { channels, .. } => *channels,
            Self::Series { channels, patch, .. } => channels * patch,
            Self::Image { channels, window, .. } => window.kernel * window.kernel * channels,
            Self::Video { channels, patch: Patch { frames, side }, .. } => frames * side * side * channels,
            Self::Ids { embedding, .. } => embedding.columns(),
        }
    }

    /// Numbers of one raw position (a sample, a pixel).
    #[must_use]
    pub fn channels(&self) -> usize {
        match self {
            Self::Tokens { channels, .. }
            | Self::Series { channels, .. }
            | Self::Image { channels, .. }
            | Self::Video { channels, .. } => *channels,
            Self::Ids { .. } => 1,
        }
    }
}

impl Fourier {
    /// Features of a position.
    #[must_use]
    pub fn width(&self) -> usize {
        self.shape.len() * (usize::from(self.with_position) + if self.sine_only { 1 } else { 2 } * self.bands())
    }

    /// Frequencies of an axis.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.frequencies.first().map_or(0, Vec::len)
    }

    /// Positions on the grid.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Encoding {
    /// Rows it can encode.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Self::Learned(table) => table.rows(),
            Self::Fourier(fourier) => fourier.positions(),
        }
    }

    /// Numbers of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Learned(table) => table.columns(),
            Self::Fourier(fourier) => fourier.width(),
        }
    }
}

impl Position {
    /// An encoding without projection, of places from the start.
    #[must_use]
    pub fn new(encoding: Encoding, combine: Combine) -> Self {
        Self { encoding, project: None, combine, places: Places::FromStart }
    }

    /// Numbers of an encoded position.
    #[must_use]
    pub fn width(&self) -> usize {
        self.project.as_ref().map_or_else(|| self.encoding.width(), |linear| linear.weight.rows())
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
        self.width() + self.padding.as_ref().map_or(0, Tensor::len)
    }
}

impl QueryPart {
    /// The name of the input that says which positions are asked for.
    #[must_use]
    pub fn points_name(&self) -> String {
        format!("points.{}", self.name)
    }

    /// Queries of this kind.
    #[must_use]
    pub fn count(&self) -> usize {
        self.points.unwrap_or_else(|| self.encoding.rows())
    }
}

impl Latents {
    /// `[M, D]`
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        match self {
            Self::Learned(table) => [table.rows(), table.columns()],
            Self::Tail { most, width, .. } => [*most, *width],
        }
    }
}

impl Model {
    /// N: tokens of all modalities.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.inputs.iter().map(Input::tokens).sum()
    }

    /// Shapes of the inputs of numbers and ids, by name: the modalities, queries made at run time, indices of positions.
    #[must_use]
    pub fn input_shapes(&self) -> BTreeMap<String, Vec<usize>> {
        let mut shapes: BTreeMap<_, _> =
            self.inputs.iter().map(|input| (input.name.clone(), input.stem.raw_shape())).collect();
        match self.decoder.as_ref().map(|decoder| &decoder.queries) {
            Some(Queries::Input { name, count, width }) => {
                shapes.insert(name.clone(), vec![*count, *width]);
            }
            Some(Queries::Parts(parts)) => {
                shapes.extend(parts.iter().filter_map(|part| Some((part.points_name(), vec![part.points?]))));
            }
            _ => {}
        }
        shapes
    }

    /// C: numbers of a token.
    #[must_use]
    pub fn token_width(&self) -> usize {
        self.inputs.iter().map(Input::full_width).max().unwrap_or(0)
    }

    /// `[Q, width]` of the rows that outputs read: the decoded queries, or the latents where there is no decoder.
    #[must_use]
    pub fn output_rows(&self) -> [usize; 2] {
        let Some(decoder) = &self.decoder else { return self.latents.shape() };
        let [count, width] = decoder.queries.shape([self.tokens(), self.token_width()]);
        [count, decoder.project.as_ref().map_or(width, |linear| linear.weight.rows())]
    }
}

impl Queries {
    /// `[Q, width]` of a model whose tokens have the shape `tokens`.
    #[must_use]
    pub fn shape(&self, tokens: [usize; 2]) -> [usize; 2] {
        match self {
            Self::Learned(table) => [table.rows(), table.columns()],
            Self::Fourier(fourier) => [fourier.positions(), fourier.width()],
            Self::Tokens => tokens,
            Self::Input { count, width, .. } => [*count, *width],
            Self::Parts(parts) => {
                let width = |part: &QueryPart| part.encoding.width() + part.padding.as_ref().map_or(0, Tensor::len);
                [parts.iter().map(QueryPart::count).sum(), parts.iter().map(width).max().unwrap_or(0)]
            }
        }
    }
}
