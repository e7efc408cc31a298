//! Program: what runs. Steps over planned buffers and slices of one weight blob; it knows no checkpoint.
//!
//! Two back ends read it: [`crate::emit`] writes Rust that calls `percio::layers`, and the host's interpreter calls the
//! same functions. Every [`Step`] stands for one call of the `percio::layers` function of the same name.

mod figures;
mod operands;

/// An elementwise function; the names are those of `percio::Activation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// x
    Identity,
    /// x · Φ(x)
    GeluErf,
    /// The tanh form of GELU.
    GeluTanh,
    /// x · σ(1.702·x)
    QuickGelu,
    /// max(x, 0)
    Relu,
    /// max(x, 0)²
    SquaredRelu,
    /// x · σ(x)
    Silu,
    /// tanh x
    Tanh,
}

/// A compiled model.
#[derive(Clone, Debug)]
pub struct Program {
    /// The model's name.
    pub name: String,
    /// One sentence about it; may be empty.
    pub summary: String,
    /// Where it came from, and how that was recognised.
    pub provenance: crate::model::Provenance,
    /// Trained parameters in the checkpoint.
    pub parameters: u64,
    /// What it reads.
    pub inputs: Vec<Input>,
    /// What it computes.
    pub outputs: Vec<Output>,
    /// Most tokens that reach the encoder: N.
    pub max_tokens: usize,
    /// The buffers of the arena.
    pub buffers: Vec<Buffer>,
    /// Numbers in the arena.
    pub arena_len: usize,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// All weights and tables, packed, little-endian.
    pub blob: Vec<u8>,
    /// What lies where in `blob`.
    pub parts: Vec<Part>,
}

/// One input of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: InputKind,
}

/// What an input holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Numbers of a fixed shape, row-major.
    Numbers {
        /// Length of each axis.
        shape: Vec<usize>,
    },
    /// Ids, as many as there are at run time up to `max`. The number of tokens of the run ([`Count::Tokens`]) is theirs.
    Ids {
        /// Most ids.
        max: usize,
        /// Ids are below this.
        vocabulary: usize,
    },
    /// For each token of the run whether it is attended to; may be shorter or empty, the rest then counts as `true`.
    Mask {
        /// Most entries.
        max: usize,
    },
}

/// One output of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Queries it covers.
    pub rows: usize,
    /// Numbers a query.
    pub width: usize,
    /// A name a class; may be empty.
    pub labels: Vec<String>,
}

impl Output {
    /// `[width]` for one query, else `[rows, width]`.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        if self.rows == 1 { vec![self.width] } else { vec![self.rows, self.width] }
    }
}

/// A buffer of the arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// For reports.
    pub name: String,
    /// Where it starts, in numbers.
    pub offset: usize,
    /// How many numbers.
    pub len: usize,
    /// The first step that writes it.
    pub first: usize,
    /// The last step that uses it.
    pub last: usize,
}

/// A part of the blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The tensor it holds.
    pub name: String,
    /// Where it starts, in bytes.
    pub offset: usize,
    /// How many bytes.
    pub bytes: usize,
}

/// How many rows a step handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Fixed(usize),
    /// As many as the run has tokens.
    Tokens,
}

/// Numbers that a step reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Of an arena buffer.
    Arena(Place),
    /// Of the blob.
    Weights(Weights),
    /// A whole input of numbers, by index.
    Input(usize),
}

/// Numbers that a step writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Of an arena buffer.
    Arena(Place),
    /// A whole output, by index.
    Output(usize),
}

/// A part of an arena buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The buffer.
    pub buffer: usize,
    /// Where the part starts inside it, in numbers.
    pub offset: usize,
    /// How many numbers.
    pub len: usize,
}

/// A part of the blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Where it starts, in bytes.
    pub offset: usize,
    /// How many numbers; none for an operand that the step lacks.
    pub len: usize,
}

impl Weights {
    /// An operand that the step lacks.
    pub const NONE: Self = Self { offset: 0, len: 0 };
}

/// One call of a function of `percio::layers`; the fields are its shape and operands.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `out[i] = table[ids[i]]`
    Embed {
        /// The input with the ids.
        ids: usize,
        /// Ids.
        rows: Count,
        /// Rows of the table.
        vocabulary: usize,
        /// Numbers of a row.
        width: usize,
        /// From one row of `out` to the next.
        out_stride: usize,
        /// The table.
        table: Weights,
        /// The result.
        out: Target,
    },
    /// `out = act(x · Wᵀ + bias)`, or added to `out`
    Linear {
        /// Rows.
        rows: Count,
        /// Numbers of a row of `x`.
        inputs: usize,
        /// Numbers of a row of `out`.
        outputs: usize,
        /// From one row of `x` to the next.
        x_stride: usize,
        /// From one row of `out` to the next.
        out_stride: usize,
        /// Elementwise function of the sums.
        activation: Activation,
        /// Add to `out`.
        accumulate: bool,
        /// The rows.
        x: Source,
        /// Packed.
        weight: Weights,
        /// Or none.
        bias: Weights,
        /// The result.
        out: Target,
    },
    /// Layer norm; without `x` in place of `out`
    Normalize {
        /// Rows.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// Added to the variance.
        eps: f32,
        /// The rows, unless in place.
        x: Option<Source>,
        /// Or none.
        gain: Weights,
        /// Or none.
        offset: Weights,
        /// The result.
        out: Target,
    },
    /// Softmax attention
    Attention {
        /// Rows of `q` and `out`.
        queries: usize,
        /// Rows of `k` and `v`.
        keys: Count,
        /// Heads.
        heads: usize,
        /// Numbers of one head in `q` and `k`.
        qk: usize,
        /// Numbers of one head in `v` and `out`.
        v_width: usize,
        /// Factor of the scores.
        scale: f32,
        /// Queries.
        q: Source,
        /// Keys.
        k: Source,
        /// Values.
        v: Source,
        /// The input with the mask.
        mask: Option<usize>,
        /// The result.
        out: Target,
    },
    /// `out = x`
    CopyRows {
        /// Rows.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// From one row of `x` to the next; 0 repeats one row.
        x_stride: usize,
        /// From one row of `out` to the next.
        out_stride: usize,
        /// The rows.
        x: Source,
        /// The result.
        out: Target,
    },
    /// `out += x`
    AddRows {
        /// Rows.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// From one row of `x` to the next; 0 repeats one row.
        x_stride: usize,
        /// From one row of `out` to the next.
        out_stride: usize,
        /// The rows.
        x: Source,
        /// The result.
        out: Target,
    },
    /// `x = x · gain + offset` in place
    AffineRows {
        /// Rows.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// From one row to the next.
        stride: usize,
        /// Factors.
        gain: Weights,
        /// Shifts.
        offset: Weights,
        /// The rows.
        out: Target,
    },
    /// Fourier features of the first `rows` positions
    Fourier {
        /// Positions on each axis; unused axes come first and are 1.
        shape: [usize; 3],
        /// Axes in use.
        axes: usize,
        /// Frequencies of an axis.
        bands: usize,
        /// Coordinates first.
        with_position: bool,
        /// No cosines.
        sine_only: bool,
        /// Positions.
        rows: Count,
        /// From one row of `out` to the next.
        out_stride: usize,
        /// Per-axis tables.
        tables: Weights,
        /// The result.
        out: Target,
    },
    /// Windows of an image to rows
    Unfold {
        /// Channels.
        channels: usize,
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
        /// Order of the axes.
        channels_first: bool,
        /// Side of a window.
        kernel: usize,
        /// From one window to the next.
        stride: usize,
        /// Zeros around the image.
        pad: usize,
        /// Windows below each other.
        out_height: usize,
        /// Windows side by side.
        out_width: usize,
        /// From one row of `out` to the next.
        out_stride: usize,
        /// The image.
        image: Source,
        /// The result.
        out: Target,
    },
    /// Largest number of each window
    MaxPool {
        /// Channels.
        channels: usize,
        /// Rows of the input.
        height: usize,
        /// Columns of the input.
        width: usize,
        /// Side of a window.
        kernel: usize,
        /// From one window to the next.
        stride: usize,
        /// Windows below each other.
        out_height: usize,
        /// Windows side by side.
        out_width: usize,
        /// From one row of `out` to the next.
        out_stride: usize,
        /// `[height, width, channels]`
        x: Source,
        /// The result.
        out: Target,
    },
}
