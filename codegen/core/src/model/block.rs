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
    /// The MLP, `x + down(act(up(norm(x))))`.
    pub mlp: Option<Mlp>,
}

/// What the keys and values of a block are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The block's own normalised queries (self-attention).
    Itself,
    /// Other rows (cross-attention): the tokens, or for the decoder the latents.
    Context,
}

/// Multi-head attention. Head h uses the h-th contiguous part of the `qk` and `v` numbers.
#[derive(Clone, Debug)]
pub struct Attention {
    /// Where the queries come from.
    pub query: Query,
    /// Norm of the rows that keys and values are made from; `None` in self-attention (the query's norm serves).
    pub norm_kv: Option<Norm>,
    /// `[qk, width of the keys' rows]`
    pub key: Linear,
    /// `[v, width of the keys' rows]`
    pub value: Linear,
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
    /// Whether the un-normalised queries' rows are added to the result.
    pub residual: bool,
}

/// Where queries come from.
#[derive(Clone, Debug)]
pub enum Query {
    /// `linear(norm(x))` of the block's rows.
    Projected {
        /// Norm of the rows.
        norm: Norm,
        /// `[qk, width]`
        linear: Linear,
    },
    /// Numbers that do not depend on the input `[rows, qk]`, baked by a pass.
    Constant(Tensor),
}

/// `down(act(up(norm(x))))`
#[derive(Clone, Debug)]
pub struct Mlp {
    /// Norm of the rows.
    pub norm: Norm,
    /// `[hidden, width]`
    pub up: Linear,
    /// Between the two.
    pub activation: Activation,
    /// `[width, hidden]`
    pub down: Linear,
}
