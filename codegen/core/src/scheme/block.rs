//! An attention block of any source: the sources differ in tensor names and in where widths come from.

use super::checkpoint::{Axis, Bias, Checkpoint};
use super::packed;
use crate::model::{Activation, Attention, Block, EmptyRows, Linear, Mlp, Query, Reads, Residual, Softmax};

/// What a source calls the parts of a block, after the block's own name.
pub(super) struct Names {
    pub(super) norm_q: &'static str,
    pub(super) norm_kv: &'static str,
    pub(super) projections: Projections,
    pub(super) output: &'static str,
    pub(super) mlp_norm: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) biases: Biases,
}

/// Where queries, keys and values come from.
pub(super) enum Projections {
    /// A linear layer each.
    Separate {
        /// Queries.
        query: &'static str,
        /// Keys.
        key: &'static str,
        /// Values.
        value: &'static str,
    },
    /// PyTorch's `MultiheadAttention`; all widths are that of the queries' rows.
    Packed(&'static str),
}

/// Which linear layers have biases.
#[derive(Clone, Copy)]
pub(super) struct Biases {
    /// Those of queries, keys and values.
    pub(super) projections: Bias,
    /// That of the attention's result.
    pub(super) output: Bias,
    /// Those of the MLP.
    pub(super) mlp: Bias,
}

impl Biases {
    /// The same for all.
    pub(super) const fn all(bias: Bias) -> Self {
        Self { projections: bias, output: bias, mlp: bias }
    }
}

/// The shape of a block.
pub(super) struct Spec<'a> {
    /// Name in the model.
    pub(super) name: &'a str,
    /// Name in the checkpoint.
    pub(super) prefix: &'a str,
    /// Width of the rows that it rewrites.
    pub(super) rows: Axis<'a>,
    /// Width of the rows that keys and values are made from; none in self-attention.
    pub(super) context: Option<Axis<'a>>,
    /// Heads.
    pub(super) heads: Axis<'a>,
    /// Width of queries and keys, all heads together.
    pub(super) qk: Axis<'a>,
    /// Width of values, all heads together.
    pub(super) v: Axis<'a>,
    /// Hidden width of the MLP over that of the rows; 0 for no MLP.
    pub(super) widening: Axis<'a>,
    /// Of the MLP.
    pub(super) activation: Activation,
    /// Whether the rows are added to the attention's result.
    pub(super) residual: bool,
    /// Of every norm.
    pub(super) eps: f64,
}

/// Reads a block.
pub(super) fn read(checkpoint: &mut Checkpoint, names: &Names, spec: &Spec<'_>) -> Block {
    let (heads, heads_source) = spec.heads;
    for (width, source) in [spec.qk, spec.v] {
        if width % heads != 0 {
            checkpoint.complain(format!(
                "{heads} heads (`{heads_source}`) of `{}` cannot share {width} numbers (`{source}`) evenly: choose a width that \
                 {heads} divides, or another number of heads",
                spec.name
            ));
        }
    }
    Block {
        name: spec.name.to_owned(),
        reads: if spec.context.is_some() { Reads::Context } else { Reads::Itself },
        attention: attention(checkpoint, names, spec),
        mlp: (spec.widening.0 > 0).then(|| mlp(checkpoint, names, spec)),
        mixer: None,
    }
}

fn attention(checkpoint: &mut Checkpoint, names: &Names, spec: &Spec<'_>) -> Attention {
    let part = |name: &str| format!("{}{name}", spec.prefix);
    let [query, key, value] = projections(checkpoint, names, spec);
    let norm = Some(checkpoint.norm(&part(names.norm_q), spec.rows, spec.eps));
    Attention {
        query: Query::Projected { norm, linear: query },
        norm_kv: spec.context.map(|width| checkpoint.norm(&part(names.norm_kv), width, spec.eps)),
        key,
        value,
        absorbed_key: None,
        absorbed_value: None,
        separated: None,
        output: checkpoint.linear(&part(names.output), spec.rows, spec.v, names.biases.output),
        heads: spec.heads.0,
        qk: spec.qk.0,
        v: spec.v.0,
        scale: 1.0 / (spec.qk.0 as f64 / spec.heads.0 as f64).sqrt(),
        head_norms: None,
        rotary: None,
        causal: false,
        softmax: Softmax::Keys,
        empty_rows: EmptyRows::Uniform,
        masks_queries: false,
        residual: Residual::adds(spec.residual),
    }
}

fn projections(checkpoint: &mut Checkpoint, names: &Names, spec: &Spec<'_>) -> [Linear; 3] {
    let keys = spec.context.unwrap_or(spec.rows);
    match names.projections {
        Projections::Separate { query, key, value } => {
            let widths = [(query, spec.qk, spec.rows), (key, spec.qk, keys), (value, spec.v, keys)];
            widths.map(|(name, outputs, inputs)| {
                checkpoint.linear(&format!("{}{name}", spec.prefix), outputs, inputs, names.biases.projections)
            })
        }
        Projections::Packed(name) => packed::read(checkpoint, &format!("{}{name}", spec.prefix), spec.rows, keys),
    }
}

fn mlp(checkpoint: &mut Checkpoint, names: &Names, spec: &Spec<'_>) -> Mlp {
    let part = |name: &str| format!("{}{name}", spec.prefix);
    let source = format!("{} × {}", spec.widening.1, spec.rows.1);
    let hidden = (spec.widening.0 * spec.rows.0, source.as_str());
    Mlp {
        norm: Some(checkpoint.norm(&part(names.mlp_norm), spec.rows, spec.eps)),
        up: checkpoint.linear(&part(names.up), hidden, spec.rows, names.biases.mlp),
        activation: spec.activation,
        gate: None,
        down: checkpoint.linear(&part(names.down), spec.rows, hidden, names.biases.mlp),
    }
}
