//! What the library calls the parts of a layer: an attention and an MLP, each inside a residual connection.

use crate::scheme::block::{Biases, Names, Projections};

/// A kind of layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// Cross-attention whose queries are added to the result.
    Cross,
    /// Cross-attention whose queries are not: no residual connection is around it.
    CrossAlone,
    /// Self-attention.
    SelfAttention,
}

/// The parts of a layer.
pub(super) fn names(kind: Layer, biases: Biases) -> Names {
    let separate = |query, key, value| Projections::Separate { query, key, value };
    let (norm_q, projections, output) = match kind {
        Layer::CrossAlone => (
            ".0.q_norm",
            separate(".0.attention.q_proj", ".0.attention.k_proj", ".0.attention.v_proj"),
            ".0.attention.o_proj",
        ),
        Layer::Cross | Layer::SelfAttention => (
            if kind == Layer::Cross { ".0.module.q_norm" } else { ".0.module.norm" },
            separate(".0.module.attention.q_proj", ".0.module.attention.k_proj", ".0.module.attention.v_proj"),
            ".0.module.attention.o_proj",
        ),
    };
    Names {
        norm_q,
        norm_kv: if kind == Layer::CrossAlone { ".0.kv_norm" } else { ".0.module.kv_norm" },
        projections,
        output,
        mlp_norm: ".1.module.0",
        up: ".1.module.1",
        down: ".1.module.3",
        biases,
    }
}

/// The parts of a layer of the first version.
pub(super) fn packed(kind: Layer, biases: Biases) -> Names {
    Names {
        projections: Projections::Packed(".0.module.attention.attention"),
        output: ".0.module.attention.attention.out_proj",
        ..names(kind, biases)
    }
}
