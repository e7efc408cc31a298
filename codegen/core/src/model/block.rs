//! Attention blocks.

use super::{Activation, Linear, Norm, Tensor};

/// Attention, then an MLP.
#[derive(Clone, Debug)]
pub struct Block {
    /// For figures and reports: `encoder.cross`, `encoder.layers.0`, …
    pub name: String,
    /// What the keys are made from.
    pub reads: Reads,
    /// The attention.
    pub attention: Attention,
    /// The MLP over each row.
    pub mlp: Option<Mlp>,
    /// What mixes the rows after it.
    pub mixer: Option<Mixer>,
}

/// Mixes rows, as many in every run: an MLP over each column, then one over each row.
#[derive(Clone, Debug)]
pub struct Mixer {
    /// Over each column, its norm still over the rows: `up` is `[hidden, rows]`.
    pub columns: Mlp,
    /// Over each row.
    pub rows: Mlp,
}

/// What the keys and values of a block are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The block's own normalised queries (self-attention).
    Itself,
    /// Other rows (cross-attention): the tokens, or for the decoder the latents.
    Context,
    /// The other rows, then the block's own normalised ones: in any order, where no place counts. A mask covers the other
    /// rows only.
    ContextThenItself,
    /// With latents that are the tail of the tokens: the tokens before the tail, then the block's own normalised rows. A
    /// mask covers all tokens.
    PrefixThenItself,
}

impl Reads {
    /// Whether it reads other rows beside its own.
    #[must_use]
    pub fn context(self) -> bool {
        self != Self::Itself
    }
}

/// Multi-head attention. Head h uses the h-th contiguous part of the `qk` and `v` numbers.
#[derive(Clone, Debug)]
pub struct Attention {
    /// Where the queries come from.
    pub query: Query,
    /// Norm of the other rows that keys and values are made from; `None` where there are none, or they come as they are.
    pub norm_kv: Option<Norm>,
    /// `[qk, width of the keys' rows]`
    pub key: Linear,
    /// `[v, width of the keys' rows]`
    pub value: Linear,
    /// Where a pass has moved the keys' linear layer: the rows themselves are then the keys of every head.
    pub absorbed_key: Option<Absorbed>,
    /// Where a pass has moved the values' linear layer: the rows themselves are then the values of every head.
    pub absorbed_value: Option<Absorbed>,
    /// Where a pass has taken the positions out of the rows: what queries and output read is as wide as it says.
    pub separated: Option<Separated>,
    /// `[width of the queries' rows, v]`
    pub output: Linear,
    /// Heads.
    pub heads: usize,
    /// Width of queries and keys, all heads together.
    pub qk: usize,
    /// Width of values, all heads together.
    pub v: usize,
    /// Factor of the scores.
    pub scale: f64,
    /// Norms of each head's part of queries and keys.
    pub head_norms: Option<HeadNorms>,
    /// Rotary positions of queries and keys.
    pub rotary: Option<Rotary>,
    /// Whether a query attends only to keys up to its own place, both sequences aligned at their ends.
    pub causal: bool,
    /// What the weights are normalised over.
    pub softmax: Softmax,
    /// What a query gathers all of whose keys are masked.
    pub empty_rows: EmptyRows,
    /// Whether the mask of the tokens also masks the queries, one a token: a masked query gathers nothing, nor does one beyond
    /// the tokens of the run.
    pub masks_queries: bool,
    /// How the rows take up the result.
    pub residual: Residual,
}

impl Attention {
    /// Attention over the keys of a query, added to the rows: scores divided by the root of a head's width, nothing else.
    #[must_use]
    pub fn new(query: Query, norm_kv: Option<Norm>, projections: [Linear; 3], heads: usize) -> Self {
        let [key, value, output] = projections;
        let (qk, v) = (key.weight.rows(), value.weight.rows());
        Self {
            query,
            norm_kv,
            key,
            value,
            absorbed_key: None,
            absorbed_value: None,
            separated: None,
            output,
            heads,
            qk,
            v,
            scale: 1.0 / (qk as f64 / heads as f64).sqrt(),
            head_norms: None,
            rotary: None,
            causal: false,
            softmax: Softmax::Keys,
            empty_rows: EmptyRows::Uniform,
            masks_queries: false,
            residual: Residual::Add,
        }
    }
}

/// Where queries come from.
#[derive(Clone, Debug)]
pub enum Query {
    /// `linear(norm(x))` of the block's rows.
    Projected {
        /// Norm of the rows.
        norm: Option<Norm>,
        /// `[qk, width]`
        linear: Linear,
    },
    /// Numbers that do not depend on the input `[rows, qk]`, baked by a pass.
    Constant(Tensor),
}

/// The linear layer of keys, moved to the queries, or that of values, moved to what the heads gather.
#[derive(Clone, Debug)]
pub enum Absorbed {
    /// Into the queries' linear layer or their constants; into the output's linear layer.
    Merged,
    /// Beside it, a linear layer a head: `[width of the keys' rows, qk / heads]`, or `[v / heads, width of the keys' rows]`.
    PerHead(Vec<Linear>),
}

/// Tokens on a grid, of which keys and values are the data and, for each axis, a one at their place; all divided by the root of a
/// token's variance, positions included.
#[derive(Clone, Debug)]
pub struct Separated {
    /// Numbers of a token's data.
    pub channels: usize,
    /// Places of each axis, outermost first.
    pub shape: Vec<usize>,
    /// Numbers of an axis' part of a position.
    pub features: usize,
    /// `[2, places]`: of each place of each axis the mean of its part of a position, and the sum of the squares of the distances
    /// from that mean.
    pub parts: Tensor,
}

impl Separated {
    /// Numbers of a key or value.
    #[must_use]
    pub fn width(&self) -> usize {
        self.channels + self.shape.iter().sum::<usize>()
    }
}

/// Norms of each head's part, `[qk / heads]` wide.
#[derive(Clone, Debug)]
pub struct HeadNorms {
    /// Of the queries.
    pub query: Norm,
    /// Of the keys.
    pub key: Norm,
}

/// Rotary positions: the first `2 · frequencies` numbers of each head are pairs `(a, b)` of neighbours, and pair i of the row
/// at place p turns to `(a cos φ − b sin φ, b cos φ + a sin φ)`, φ = p · fᵢ. Keys that stand at the end of a sequence keep
/// their place in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotary {
    /// fᵢ
    pub frequencies: Tensor,
    /// Heads that turn: the first so many.
    pub heads: usize,
    /// How places count.
    pub places: Places,
}

/// How places in a sequence count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Places {
    /// The first row is at 0.
    #[default]
    FromStart,
    /// As `FromStart`, less the number of tokens that the mask leaves out, at least 0: padding is at the start.
    AfterPadding,
    /// The last row is at 0, the one before it at 1.
    FromEnd,
}

/// What attention weights are normalised over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Softmax {
    /// The keys of a query.
    Keys,
    /// The queries that see a key; then each query's weights, masked ones as 0, are divided by their sum, at least `eps`.
    Queries {
        /// The smallest divisor.
        eps: f64,
    },
}

/// What a query gathers all of whose keys are masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyRows {
    /// The mean of all values.
    #[default]
    Uniform,
    /// Zeros.
    Zero,
}

/// How the rows take up what a block computes.
#[derive(Clone, Debug)]
pub enum Residual {
    /// It replaces them.
    None,
    /// It is added to the un-normalised rows.
    Add,
    /// A gated recurrent cell whose state the rows are and whose input it is.
    Gru(Box<Gru>),
}

impl Residual {
    /// `Add` or `None`.
    #[must_use]
    pub fn adds(adds: bool) -> Self {
        if adds { Self::Add } else { Self::None }
    }
}

/// A gated recurrent unit as PyTorch's `GRUCell`: rows of reset, update and new gate below each other.
#[derive(Clone, Debug)]
pub struct Gru {
    /// `[3·width, width]`, on what the block computes.
    pub input: Linear,
    /// `[3·width, width]`, on the rows.
    pub hidden: Linear,
}

/// `x + down(act(up(norm(x))))`; gated, `up` makes twice the hidden numbers and the activation of one half multiplies the other.
#[derive(Clone, Debug)]
pub struct Mlp {
    /// Norm of the rows.
    pub norm: Option<Norm>,
    /// `[hidden, width]`, gated `[2·hidden, width]`
    pub up: Linear,
    /// Between the two.
    pub activation: Activation,
    /// Which half the activation is for.
    pub gate: Option<Gate>,
    /// `[width, hidden]`
    pub down: Linear,
}

/// The half of `up`'s numbers that goes through the activation and multiplies the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The first.
    First,
    /// The second.
    Second,
}
