//! The steps of a program.

use super::{Activation, Count, Source, Target, Weights};

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
    /// Layer norm or RMS norm; without `x` in place of `out`
    Normalize {
        /// Rows.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// Layer norm: the mean is taken off first.
        centred: bool,
        /// Added to the variance, or to the mean of squares.
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
    /// `out = act(one half of x) · the other`
    Gate {
        /// Rows.
        rows: Count,
        /// Numbers of a row of `out`.
        width: usize,
        /// Of one half.
        activation: Activation,
        /// Of the second half.
        second: bool,
        /// Rows of both halves.
        x: Source,
        /// The result.
        out: Target,
    },
    /// A gated recurrent cell whose state is `out`
    Gru {
        /// Rows.
        rows: Count,
        /// Numbers of a row of `out`.
        width: usize,
        /// The gates' parts from the input.
        input: Source,
        /// The gates' parts from the state.
        hidden: Source,
        /// The state.
        out: Target,
    },
    /// Rotary positions, in place
    Rotate {
        /// Rows.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// Heads that turn.
        heads: usize,
        /// Numbers of a head.
        head_width: usize,
        /// The place of the first row.
        first: Count,
        /// Places that count as the first.
        skipped: Count,
        /// Places count back from the last row.
        from_end: bool,
        /// Of the pairs.
        frequencies: Weights,
        /// The rows.
        out: Target,
    },
    /// Rotary positions of rows that stay, in place; the place of the first row is known where the steps run
    Turn {
        /// Rows.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// Heads that turn.
        heads: usize,
        /// Numbers of a head.
        head_width: usize,
        /// What the pairs turn by from a place to the next, in 2⁻⁶⁴ turns.
        steps: Vec<u64>,
        /// The rows.
        out: Target,
    },
    /// Softmax attention
    Attention {
        /// Rows of `q` and `out`.
        queries: Count,
        /// Rows of `k` and `v`.
        keys: Count,
        /// The first of them, which the mask is about.
        masked: Count,
        /// Heads.
        heads: usize,
        /// Heads of `k`, each read by as many that follow each other.
        key_heads: usize,
        /// Heads of `v`, likewise.
        value_heads: usize,
        /// Numbers of one head in `q` and `k`.
        qk: usize,
        /// Numbers of one head in `v` and `out`.
        v_width: usize,
        /// Factor of the scores.
        scale: f32,
        /// A query attends only to keys up to its own place.
        causal: bool,
        /// A query that sees no key gathers zeros.
        zero_empty: bool,
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
    /// Attention whose softmax runs over the queries of each key
    InvertedAttention {
        /// Rows of `q` and `out`.
        queries: Count,
        /// Rows of `k` and `v`.
        keys: Count,
        /// The first of them, which the mask is about.
        masked: Count,
        /// Heads.
        heads: usize,
        /// Numbers of one head in `q` and `k`.
        qk: usize,
        /// Numbers of one head in `v` and `out`.
        v_width: usize,
        /// Factor of the scores.
        scale: f32,
        /// A query attends only to keys up to its own place.
        causal: bool,
        /// The least that the weights of a query are divided by.
        eps: f32,
        /// Queries.
        q: Source,
        /// Keys.
        k: Source,
        /// Values.
        v: Source,
        /// The input with the mask.
        mask: Option<usize>,
        /// The result, and room for a number a query and for one a query and head.
        out: Target,
    },
    /// Zeros the rows that the mask leaves out, one a token, and those without a token
    HideRows {
        /// Rows, from the first one on or from that of the tile.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// The input with the mask.
        mask: Option<usize>,
        /// The rows.
        out: Target,
    },
    /// `out = xᵀ`, or added to `out`
    Transpose {
        /// Rows of `x`.
        rows: Count,
        /// Numbers of a row of `x`.
        width: usize,
        /// Add to `out`.
        accumulate: bool,
        /// The rows.
        x: Source,
        /// The result.
        out: Target,
    },
    /// Takes a state of rows into a mixture
    Mix {
        /// Rows.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// It is the first state.
        first: bool,
        /// How much it weighs.
        logits: Source,
        /// The state.
        x: Source,
        /// What was mixed so far.
        out: Target,
    },
    /// The mixture of the states that were taken
    Mixed {
        /// Rows.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// What was mixed.
        x: Source,
        /// The result.
        out: Target,
    },
    /// A state of no keys
    Begin {
        /// Whose state.
        shape: Gathering,
        /// The state.
        out: Target,
    },
    /// Takes keys into a state
    Gather {
        /// Whose state.
        shape: Gathering,
        /// Rows of `k` and `v`.
        keys: Count,
        /// Queries.
        q: Source,
        /// Keys.
        k: Source,
        /// Values.
        v: Source,
        /// The input with the mask.
        mask: Option<usize>,
        /// The state.
        out: Target,
    },
    /// Tokens on a grid as columns, over their deviations, then one over each of these
    Columns {
        /// Tokens, from the place of the tile's first one on.
        rows: Count,
        /// Numbers of a token beside its position.
        width: usize,
        /// Numbers of an axis' part of a position.
        features: usize,
        /// Layer norm: the mean is taken off first.
        centred: bool,
        /// Added to the variance, or to the mean of squares.
        eps: f32,
        /// Places on each axis; unused axes come first and are 1.
        grid: [usize; 3],
        /// Axes in use.
        axes: usize,
        /// The tokens.
        x: Source,
        /// Of each place of each axis the mean of its features, then the sum of their squared distances from it.
        parts: Weights,
        /// The result.
        out: Target,
    },
    /// Takes tokens on a grid into a state
    GatherGrid {
        /// Whose state.
        shape: Gathering,
        /// Numbers of a token beside its position.
        width: usize,
        /// Places on each axis; unused axes come first and are 1.
        grid: [usize; 3],
        /// Axes in use.
        axes: usize,
        /// Tokens, from the place of the tile's first one on.
        keys: Count,
        /// Queries.
        q: Source,
        /// The tokens as columns.
        k: Source,
        /// The input with the mask.
        mask: Option<usize>,
        /// The state.
        out: Target,
    },
    /// What the queries of a state gathered
    Settle {
        /// Whose state.
        shape: Gathering,
        /// The state.
        x: Source,
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
    /// `out` is the mean of the rows of `x`
    MeanRows {
        /// Rows.
        rows: Count,
        /// Numbers of a row.
        width: usize,
        /// The rows.
        x: Source,
        /// One row.
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
    /// Fourier features of `rows` positions, from the first one on or from that of the tile, or of those that an input names
    Fourier {
        /// The input with the positions' indices.
        points: Option<usize>,
        /// Positions on each axis; unused axes come first and are 1.
        shape: [usize; 3],
        /// Axes in use.
        axes: usize,
        /// Frequencies of an axis.
        bands: usize,
        /// The features of an axis stand together.
        by_axis: bool,
        /// Coordinates are among them.
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
    /// Fourier features of `rows` places on a line without end, from the first one on or from that of the tile
    Waves {
        /// The line.
        line: Line,
        /// The coordinate stands after the waves.
        position_last: bool,
        /// The coordinate is among them.
        with_position: bool,
        /// No cosines.
        sine_only: bool,
        /// Places.
        rows: Count,
        /// From one row of `out` to the next.
        out_stride: usize,
        /// The result.
        out: Target,
    },
    /// Windows of an image, or boxes of a video, to rows
    Unfold {
        /// Frames of the video.
        frames: usize,
        /// Frames of a box.
        depth: usize,
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
        /// Rows of zeros above the image and columns of zeros left of it.
        pad: [usize; 2],
        /// Windows below each other.
        out_height: usize,
        /// Windows side by side.
        out_width: usize,
        /// Windows, from the first one on or from that of the tile.
        rows: Count,
        /// From one row of `out` to the next.
        out_stride: usize,
        /// The image.
        image: Source,
        /// The result.
        out: Target,
    },
    /// Largest number of each window
    MaxPool {
        /// Rows above the input and columns left of it that windows reach.
        pad: [usize; 2],
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

/// Places a step apart that have no end, and the waves over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The coordinate of place 0.
    pub origin: f32,
    /// From the coordinate of one place to the next.
    pub step: f32,
    /// Of each wave its phase at place 0 and what it grows by from place to place, in 2⁻⁶⁴ turns.
    pub waves: Vec<[u64; 2]>,
}

/// Attention whose keys arrive a few at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gathering {
    /// Rows that ask.
    pub queries: usize,
    /// Heads.
    pub heads: usize,
    /// Heads of the keys, each read by as many that follow each other.
    pub key_heads: usize,
    /// Heads of the values, likewise.
    pub value_heads: usize,
    /// Numbers of one head in a query or key.
    pub qk: usize,
    /// Numbers of one head in a value.
    pub v_width: usize,
    /// Factor of the scores.
    pub scale: f32,
    /// A query that sees no key gathers zeros.
    pub zero_empty: bool,
    /// The softmax runs over the queries of each key, and what a query gathers is divided by its weights' sum, at least so much.
    pub shares: Option<f32>,
}

impl Gathering {
    /// Numbers of the state of what was gathered so far: for each query and head the largest score (or room), the sum of the
    /// weights and the weighted sum of the values.
    #[must_use]
    pub fn state_len(&self) -> usize {
        self.queries * self.heads * (2 + self.v_width)
    }
}
