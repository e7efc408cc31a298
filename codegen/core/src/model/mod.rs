//! Model: what a checkpoint means, in the shape its source gives it. Schemes write it, passes rewrite it, the planner reads it.
//!
//! Letters: N input tokens, C input channels, M latents, D latent width, Q output queries.

mod block;
mod data;
mod figures;
mod fourier;
mod geometry;
mod history;
mod output;
mod queries;
mod tensor;
mod weights;

pub use crate::program::Activation;
pub use block::{
    Absorbed, Attention, Block, EmptyRows, Gate, Gru, HeadNorms, Mixer, Mlp, Places, Query, Reads, Residual, Rotary,
    Separated, Softmax,
};
pub use data::Data;
pub(crate) use data::WeakData;
pub use fourier::{Axis, axes, fourier_features, fourier_tables, line, linear_frequencies, logarithmic_frequencies};
pub use geometry::{Layout, Pad, Patch, Window};
pub use history::Mixture;
pub use output::{Extent, Output};
pub use queries::{Decoder, Grid, Queries, QueryPart};
pub use tensor::Tensor;

/// A Perceiver with its weights.
#[derive(Clone, Debug)]
pub struct Model {
    /// The model's name.
    pub name: String,
    /// One sentence about it; may be empty.
    pub summary: String,
    /// Where it came from, and how that was recognised.
    pub provenance: Provenance,
    /// Trained parameters in the checkpoint (buffers such as running statistics not counted).
    pub parameters: u64,
    /// The modalities, in the order of their tokens.
    pub inputs: Vec<Input>,
    /// What says for each token whether it is attended to, if the model takes such an input.
    pub mask: Option<Mask>,
    /// Where the latents start from.
    pub latents: Latents,
    /// The distinct blocks; `schedule` names them, so weights are shared by repeating an index.
    pub blocks: Vec<Block>,
    /// The blocks in the order they run. A cross-attention block reads the tokens, a self-attention block the latents.
    pub schedule: Vec<usize>,
    /// Where the latents are replaced by a mixture of what they have been, in the order of the schedule.
    pub mixtures: Vec<Mixture>,
    /// Norm of the latents after the last block.
    pub norm: Option<Norm>,
    /// The queries and the cross-attention over the latents; without one the outputs read the latents.
    pub decoder: Option<Decoder>,
    /// The heads over the decoded queries, or over the latents.
    pub outputs: Vec<Output>,
}

/// An input that says for each token whether it is attended to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Its name; `true` is to attend.
    pub name: String,
    /// The source's own name for the opposite, `true` where a token is padding, if that is what the source takes.
    pub padding: Option<String>,
}

impl Mask {
    /// A mask that the source takes as it is.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), padding: None }
    }
}

/// Where the latents start from: M rows of D numbers.
#[derive(Clone, Debug)]
pub enum Latents {
    /// A table `[M, D]`.
    Learned(Tensor),
    /// The last tokens of the sequence, all after a prefix (Perceiver AR).
    Tail {
        /// Most tokens after the prefix: M.
        most: usize,
        /// D.
        width: usize,
        /// A linear layer on them.
        project: Option<Linear>,
        /// How many tokens come before, at least: as many more as make the latents `most`. `None` where the caller names
        /// the number at run time, as `prefix_len`.
        prefix: Option<usize>,
        /// The id that ends the sequence: it and what follows are not read.
        end: Option<u32>,
    },
}

/// What was recognised, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The implementation, for example `Hugging Face transformers, PerceiverForMaskedLM`.
    pub implementation: String,
    /// Sentences for the user: what was recognised by what, what upstream ignores.
    pub remarks: Vec<String>,
}

/// One modality: the data path is scale → stem → project → tail → position → padding.
#[derive(Clone, Debug)]
pub struct Input {
    /// The source's own argument name.
    pub name: String,
    /// How raw numbers become tokens.
    pub stem: Stem,
    /// Raw units to what the model was trained on, a factor and a shift for each channel.
    pub scale: Option<Scale>,
    /// A linear layer on each token.
    pub project: Option<Linear>,
    /// The rest of a convolutional stem.
    pub tail: Option<ConvTail>,
    /// Where the token is.
    pub position: Option<Position>,
    /// The learned numbers that fill a narrow modality up to the common width `[C − width]`.
    pub padding: Option<Tensor>,
    /// A learned row `[C]` that stands for every token of the modality, whatever the input holds.
    pub masked: Option<Tensor>,
    /// Whether a pass has moved the linear layers on its tokens to what reads them: its tokens are not those of the source.
    pub merged: bool,
}

impl Input {
    /// The tokens of the stem as they are.
    #[must_use]
    pub fn new(name: impl Into<String>, stem: Stem) -> Self {
        let name = name.into();
        let (scale, project, tail, position, padding, masked) = (None, None, None, None, None, None);
        Self { name, stem, scale, project, tail, position, padding, masked, merged: false }
    }
}

/// How raw numbers become tokens.
#[derive(Clone, Debug)]
pub enum Stem {
    /// `[…grid, channels]` as they are: a token at each position of a grid of any number of axes.
    Tokens {
        /// Length of each axis, outermost first.
        grid: Vec<usize>,
        /// Numbers of a token.
        channels: usize,
    },
    /// `[samples, channels]`, `patch` consecutive samples a token.
    Series {
        /// Samples of a window.
        samples: usize,
        /// Numbers of a sample.
        channels: usize,
        /// Samples of a token; divides `samples`.
        patch: usize,
    },
    /// An image; every window of it is a token of `[row, column, channel]` numbers.
    Image {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Numbers of a pixel.
        channels: usize,
        /// The order of the axes.
        layout: Layout,
        /// The windows.
        window: Window,
    },
    /// A video, each frame of it `layout`; every box of it is a token of `[frame, row, column, channel]` numbers.
    Video {
        /// Frames.
        frames: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Numbers of a pixel.
        channels: usize,
        /// The order of a frame's axes.
        layout: Layout,
        /// The boxes.
        patch: Patch,
    },
    /// Up to `tokens` ids; fewer at run time are possible.
    Ids {
        /// Most ids at a time.
        tokens: usize,
        /// The table `[vocabulary, width]`.
        embedding: Tensor,
    },
}

/// `(x − offset) · gain`, per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// `[channels]`
    pub offset: Vec<f32>,
    /// `[channels]`
    pub gain: Vec<f32>,
}

/// What follows the linear part of a convolution.
#[derive(Clone, Debug)]
pub struct ConvTail {
    /// Batch norm with its running statistics.
    pub batch_norm: Option<BatchNorm>,
    /// Elementwise function after it.
    pub activation: Activation,
    /// Max-pool over the token grid after that.
    pub pool: Option<Window>,
}

/// `(x − mean) / √(variance + eps) · gain + offset`, per channel `[channels]`.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// Running mean.
    pub mean: Tensor,
    /// Running variance.
    pub variance: Tensor,
    /// Gain.
    pub gain: Tensor,
    /// Offset.
    pub offset: Tensor,
    /// Added to the variance.
    pub eps: f64,
}

/// A position encoding and how it joins the data.
#[derive(Clone, Debug)]
pub struct Position {
    /// The encoding.
    pub encoding: Encoding,
    /// A linear layer on the encoding.
    pub project: Option<Linear>,
    /// How it joins.
    pub combine: Combine,
    /// How places count: `AfterPadding` or `FromEnd` of ids whose encoding is learned and added, else `FromStart`.
    pub places: Places,
}

/// Data and position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// data + position, of equal widths
    Add,
    /// `[data, position]`
    Concat,
}

/// What says where a token is.
#[derive(Clone, Debug)]
pub enum Encoding {
    /// A table with a row a token.
    Learned(Tensor),
    /// Sines and cosines of the coordinates.
    Fourier(Fourier),
}

/// Fourier features of a grid of positions p: coordinates, sines and cosines of π f p in the order of `layout`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fourier {
    /// Positions on each axis (one to three), outermost first.
    pub shape: Vec<usize>,
    /// How the axes are divided.
    pub grid: Grid,
    /// The frequencies f of each axis, as many for every axis; see [`linear_frequencies`].
    pub frequencies: Vec<Vec<f32>>,
    /// The order of the features.
    pub layout: FeatureLayout,
    /// Whether the coordinates are among the features.
    pub with_position: bool,
    /// Whether the cosines are left out.
    pub sine_only: bool,
}

/// The order of Fourier features over d axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureLayout {
    /// `[p₁ … p_d | sin₁ … sin_d | cos₁ … cos_d]`
    Blocks,
    /// `[sin₁ cos₁ p₁ | sin₂ cos₂ p₂ | …]`
    Axes,
}

/// `x · weightᵀ + bias`
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[outputs, inputs]`
    pub weight: Tensor,
    /// `[outputs]`
    pub bias: Option<Tensor>,
}

impl Linear {
    /// Makes the results `factor` times as large; each number of the layer is rounded once.
    pub fn scale(&mut self, factor: f64) {
        for tensor in std::iter::once(&mut self.weight).chain(&mut self.bias) {
            tensor.scale(factor);
        }
    }

    /// The layer whose results are `factor` times those of this one, each number rounded once.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self { weight: self.weight.scaled(factor), bias: self.bias.as_ref().map(|bias| bias.scaled(factor)) }
    }
}

/// A norm over a row. A pass folds gain and offset into the next linear layers.
#[derive(Clone, Debug)]
pub struct Norm {
    /// What is computed.
    pub kind: NormKind,
    /// `[width]`
    pub gain: Option<Tensor>,
    /// `[width]`
    pub offset: Option<Tensor>,
    /// Added to the variance.
    pub eps: f64,
}

/// What a norm divides by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NormKind {
    /// `(x − mean) / √(variance + eps)`
    #[default]
    Layer,
    /// `x / √(mean of squares + eps)`
    RootMeanSquare,
}
