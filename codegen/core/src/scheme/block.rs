//! An attention block of any source: the sources differ in tensor names and in where widths come from.

use super::checkpoint::{Axis, Bias, Checkpoint};
use crate::model::{Activation, Attention, Block, EmptyRows, Mlp, Query, Reads, Residual, Softmax};

/// What a source calls the parts of a block, after the block's own name.
pub(super) struct Names {
    pub(super) norm_q: &'static str,
    pub(super) norm_kv: &'static str,
    pub(super) query: &'static str,
    pub(super) key: &'static str,
    pub(super) value: &'static str,
    pub(super) output: &'static str,
    pub(super) mlp_norm: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) bias: Bias,
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
    let keys = spec.context.unwrap_or(spec.rows);
    Attention {
        query: Query::Projected {
            norm: Some(checkpoint.norm(&part(names.norm_q), spec.rows, spec.eps)),
            linear: checkpoint.linear(&part(names.query), spec.qk, spec.rows, names.bias),
        },
        norm_kv: spec.context.map(|width| checkpoint.norm(&part(names.norm_kv), width, spec.eps)),
        key: checkpoint.linear(&part(names.key), spec.qk, keys, names.bias),
        value: checkpoint.linear(&part(names.value), spec.v, keys, names.bias),
        output: checkpoint.linear(&part(names.output), spec.rows, spec.v, names.bias),
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

fn mlp(checkpoint: &mut Checkpoint, names: &Names, spec: &Spec<'_>) -> Mlp {
    let part = |name: &str| format!("{}{name}", spec.prefix);
    let source = format!("{} × {}", spec.widening.1, spec.rows.1);
    let hidden = (spec.widening.0 * spec.rows.0, source.as_str());
    Mlp {
        norm: Some(checkpoint.norm(&part(names.mlp_norm), spec.rows, spec.eps)),
        up: checkpoint.linear(&part(names.up), hidden, spec.rows, names.bias),
        activation: spec.activation,
        gate: None,
        down: checkpoint.linear(&part(names.down), spec.rows, hidden, names.bias),
    }
}
