//! Model: what a checkpoint means, in the shape its source gives it. Schemes write it, passes rewrite it, the planner reads it.
//!
//! Letters: N input tokens, C input channels, M latents, D latent width, Q output queries.

mod block;
mod fourier;
mod geometry;
mod tensor;

pub use crate::program::Activation;
pub use block::{Attention, Block, Mlp, Query, Reads};
pub use fourier::{fourier_features, fourier_tables};
pub use geometry::{Layout, Window};
pub use tensor::Tensor;

/// A Perceiver IO with its weights.
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
    /// The learned latents `[M, D]`.
    pub latents: Tensor,
    /// The distinct blocks; `schedule` names them, so weights are shared by repeating an index.
    pub blocks: Vec<Block>,
    /// The blocks in the order they run. A cross-attention block reads the tokens, a self-attention block the latents.
    pub schedule: Vec<usize>,
    /// The queries and the cross-attention over the latents.
    pub decoder: Decoder,
    /// The heads over the decoded queries.
    pub outputs: Vec<Output>,
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
}

/// How raw numbers become tokens.
#[derive(Clone, Debug)]
pub enum Stem {
    /// `[tokens, channels]` as they are.
    Tokens {
        /// Rows.
        tokens: usize,
        /// Numbers of a row.
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
    /// Up to `tokens` ids; fewer at run time are possible, and a mask `attention_mask` may leave some out.
    Ids {
        /// Most ids at a time.
        tokens: usize,
        /// The table `[vocabulary, width]`.
        embedding: Tensor,
        /// The name of the mask input, if the model takes one.
        mask: Option<String>,
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

/// Fourier features: `[p₁ … p_d | sin(π f p₁) … sin(π f p_d) | cos …]`, p over `linspace(−1, 1, n)` of each axis,
/// f over `linspace(1, max_resolution / 2, bands)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fourier {
    /// Positions on each axis (one to three), outermost first.
    pub shape: Vec<usize>,
    /// Frequencies of an axis.
    pub bands: usize,
    /// Twice the highest frequency of each axis.
    pub max_resolution: Vec<f64>,
    /// Whether the coordinates come first.
    pub with_position: bool,
    /// Whether the cosines are left out.
    pub sine_only: bool,
}

/// `x · weightᵀ + bias`
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[outputs, inputs]`
    pub weight: Tensor,
    /// `[outputs]`
    pub bias: Option<Tensor>,
}

/// Layer norm. A pass folds gain and offset into the next linear layers.
#[derive(Clone, Debug)]
pub struct Norm {
    /// `[width]`
    pub gain: Option<Tensor>,
    /// `[width]`
    pub offset: Option<Tensor>,
    /// Added to the variance.
    pub eps: f64,
}

/// The queries and the cross-attention over the latents.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// What is asked.
    pub queries: Queries,
    /// The cross-attention.
    pub block: Block,
}

/// What the decoder asks.
#[derive(Clone, Debug)]
pub enum Queries {
    /// A table `[Q, width]`.
    Learned(Tensor),
    /// A grid of positions.
    Fourier(Fourier),
}

/// A head over rows `first .. end` of the decoded queries.
#[derive(Clone, Debug)]
pub struct Output {
    /// The source's own name.
    pub name: String,
    /// The rows it reads.
    pub rows: std::ops::Range<usize>,
    /// The linear layer; `None` gives the rows themselves.
    pub linear: Option<Linear>,
    /// A name a class; may be empty.
    pub labels: Vec<String>,
}
